//! Order index for references that count up: a page table, as of a processor's memory.
//!
//! A reference is an address. Sixteen neighbours share a page of slots, so young orders, which most
//! messages are about, lie next to each other, and a lookup is one small load and no search. A page
//! is taken when its first order arrives and given back with its last, so memory follows the live
//! orders and not the day's total.
//!
//! Sixteen is the compromise: an old order that outlives its neighbours holds a whole page
//! (16 slots), and every 16 references of the day cost 4 bytes of page table.

use super::OrderIndex;
use crate::error::{BookError, LimitsError};
use crate::l3::L3Limits;
use crate::table::{FreeList, NIL, Table};

/// References in a page.
pub const PAGE: u32 = 16;

/// Page table, and how many orders live in each page.
#[derive(Debug, Clone)]
pub struct PagedIndex {
    /// Page of reference / 16, or NIL.
    table: Box<[u32]>,
    reference_max: u64,
    /// Live orders of each page.
    live: Table<u8>,
    free: FreeList,
    pages: u32,
}

impl PagedIndex {
    /// Pages that hold at least one order.
    #[must_use]
    pub fn pages_in_use(&self) -> usize {
        self.pages as usize - self.free.len()
    }

    #[inline(always)]
    fn place(&self, reference: u64) -> Option<usize> {
        let entry = usize::try_from(reference / u64::from(PAGE)).ok()?;
        (reference <= self.reference_max).then_some(entry)
    }

    #[inline(always)]
    fn slot(page: u32, reference: u64) -> u32 {
        page * PAGE + (reference % u64::from(PAGE)) as u32
    }
}

impl OrderIndex for PagedIndex {
    /// `limits.pages` pages, or as many as `orders` orders need if each is alone in its page where
    /// `limits.pages` is 0; a page table up to `limits.reference_max`.
    fn new(limits: &L3Limits, orders: u32) -> Result<Self, LimitsError> {
        let pages = if limits.pages == 0 { orders } else { limits.pages };
        let max = u64::from(NIL / PAGE);
        if u64::from(pages) > max {
            let asked = u64::from(pages);
            return Err(LimitsError::TooMany { what: "pages", asked, max });
        }
        let entries = limits.reference_max / u64::from(PAGE) + 1;
        let entries = u32::try_from(entries).map_err(|_| LimitsError::TooMany {
            what: "reference_max",
            asked: limits.reference_max,
            max: u64::from(u32::MAX) * u64::from(PAGE),
        })?;
        Ok(PagedIndex {
            table: vec![NIL; entries as usize].into_boxed_slice(),
            reference_max: limits.reference_max,
            live: Table::new(pages, 0),
            free: FreeList::new(pages),
            pages,
        })
    }

    fn slots(&self) -> u32 {
        self.pages * PAGE
    }

    #[inline(always)]
    fn find(&self, reference: u64) -> Option<u32> {
        let page = *self.table.get(self.place(reference)?)?;
        (page != NIL).then(|| Self::slot(page, reference))
    }

    #[inline(always)]
    fn insert(&mut self, reference: u64) -> Result<u32, BookError> {
        let place = self.place(reference).ok_or(BookError::AbsurdReference)?;
        let entry = self.table.get_mut(place).ok_or(BookError::AbsurdReference)?;
        if *entry == NIL {
            *entry = self.free.take().ok_or(BookError::OrderTableFull)?;
        }
        *self.live.at_mut(*entry) += 1;
        Ok(Self::slot(*entry, reference))
    }

    #[inline(always)]
    fn remove(&mut self, reference: u64, slot: u32) {
        let page = slot / PAGE;
        let live = self.live.at_mut(page);
        *live = live.saturating_sub(1);
        if *live > 0 {
            return;
        }
        if let Some(entry) = self.place(reference).and_then(|place| self.table.get_mut(place)) {
            *entry = NIL;
            self.free.give(page);
        }
    }

    #[inline(always)]
    fn prefetch(&self, reference: u64) {
        if let Some(place) = self.place(reference) {
            simd::prefetch_index(&self.table, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_the_live_orders_through_a_long_day() {
        let limits = L3Limits { reference_max: 1_000_000, pages: 75, ..L3Limits::new(1, 1_000) };
        let mut index = PagedIndex::new(&limits, 1_000).unwrap();
        // A window of 1,000 young orders and every 100,000th that stays.
        for reference in 0..=1_000_000_u64 {
            let slot = index.insert(reference).unwrap();
            assert_eq!(index.find(reference), Some(slot));
            assert!(slot < index.slots());
            let Some(old) = reference.checked_sub(999).filter(|old| old % 100_000 != 0) else {
                continue;
            };
            let slot = index.find(old).unwrap();
            index.remove(old, slot);
        }
        // 999 neighbours in 63 or 64 pages, and ten old orders alone in theirs.
        assert!((73..=74).contains(&index.pages_in_use()), "{}", index.pages_in_use());
        assert_eq!(index.insert(1_000_001), Err(BookError::AbsurdReference));
        assert_eq!(index.find(u64::MAX), None);
    }

    #[test]
    fn live_neighbours_have_different_slots_and_a_full_pool_is_an_error() {
        let limits = L3Limits { reference_max: 999, pages: 2, ..L3Limits::new(1, 10) };
        let mut index = PagedIndex::new(&limits, 10).unwrap();
        let mut slots: Vec<u32> = (0..32).map(|n| index.insert(n).unwrap()).collect();
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), 32);
        assert_eq!(index.insert(32), Err(BookError::OrderTableFull));
        for reference in 0..16 {
            index.remove(reference, index.find(reference).unwrap());
        }
        assert_eq!((index.find(3), index.pages_in_use()), (None, 1));
        assert!(index.insert(32).is_ok());
    }

    #[test]
    fn limits_beyond_slot_numbers_are_refused() {
        let limits = L3Limits { pages: u32::MAX / 16 + 1, ..L3Limits::new(1, 10) };
        assert!(matches!(PagedIndex::new(&limits, 10), Err(LimitsError::TooMany { .. })));
        let limits = L3Limits { reference_max: u64::MAX, ..L3Limits::new(1, 10) };
        assert!(matches!(PagedIndex::new(&limits, 10), Err(LimitsError::TooMany { .. })));
    }
}
