//! Order index for references that count up: a page table, as of a processor's memory.
//!
//! A reference is an address. The slot numbers of sixteen neighbours share a page of one cache
//! line, so those of young orders, which most messages are about, lie next to each other, and a
//! lookup is two small loads and no search. A page is taken when its first order arrives and given back with
//! its last, so memory follows the live orders and not the day's total.
//!
//! Pages hold slot numbers and not orders: an old order that outlives its neighbours then holds 64
//! bytes and not 512, and an order gets the slot freed last, which is still in the cache. Every 16
//! references of the day cost 4 bytes of page table.

use super::OrderIndex;
use crate::error::{BookError, LimitsError};
use crate::l3::L3Limits;
use crate::table::{FreeList, NIL, Table};

/// References in a page.
pub const PAGE: u32 = 16;

/// Slots of sixteen neighbours; NIL where there is no live order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
struct Page([u32; PAGE as usize]);

const _: () = assert!(size_of::<Page>() == 64);

impl Page {
    const EMPTY: Page = Page([NIL; PAGE as usize]);

    #[inline(always)]
    fn slot(&self, reference: u64) -> u32 {
        self.0[reference as usize % PAGE as usize]
    }

    #[inline(always)]
    fn set(&mut self, reference: u64, slot: u32) {
        self.0[reference as usize % PAGE as usize] = slot;
    }
}

/// Page table, pages, and the slots that are free.
#[derive(Debug, Clone)]
pub struct PagedIndex {
    /// Page of reference / 16, plus 1; 0 where there is none, so that the table of a whole day is
    /// memory that nobody has touched yet.
    table: Box<[u32]>,
    reference_max: u64,
    pages: Table<Page>,
    free_pages: FreeList,
    free_slots: FreeList,
    slots: u32,
}

impl PagedIndex {
    /// Pages that hold at least one order.
    #[must_use]
    pub fn pages_in_use(&self) -> usize {
        self.pages.len() - self.free_pages.len()
    }

    #[inline(always)]
    fn place(&self, reference: u64) -> Option<usize> {
        let entry = usize::try_from(reference / u64::from(PAGE)).ok()?;
        (reference <= self.reference_max).then_some(entry)
    }

    #[inline(always)]
    fn page(&self, reference: u64) -> Option<u32> {
        self.table.get(self.place(reference)?)?.checked_sub(1)
    }
}

impl OrderIndex for PagedIndex {
    /// `limits.pages` pages, or as many as `orders` orders need if each is alone in its page where
    /// `limits.pages` is 0; a page table up to `limits.reference_max`.
    fn new(limits: &L3Limits, orders: u32) -> Result<Self, LimitsError> {
        let pages = if limits.pages == 0 { orders } else { limits.pages };
        let entries = limits.reference_max / u64::from(PAGE) + 1;
        let entries = u32::try_from(entries).map_err(|_| LimitsError::TooMany {
            what: "reference_max",
            asked: limits.reference_max,
            max: u64::from(u32::MAX) * u64::from(PAGE) - 1,
        })?;
        Ok(PagedIndex {
            table: vec![0; entries as usize].into_boxed_slice(),
            reference_max: limits.reference_max,
            pages: Table::new(pages, Page::EMPTY),
            free_pages: FreeList::new(pages),
            free_slots: FreeList::new(orders),
            slots: orders,
        })
    }

    fn slots(&self) -> u32 {
        self.slots
    }

    #[inline(always)]
    fn find(&self, reference: u64) -> Option<u32> {
        let slot = self.pages.at(self.page(reference)?).slot(reference);
        (slot != NIL).then_some(slot)
    }

    #[inline(always)]
    fn insert(&mut self, reference: u64) -> Result<u32, BookError> {
        let place = self.place(reference).ok_or(BookError::AbsurdReference)?;
        let entry = self.table.get_mut(place).ok_or(BookError::AbsurdReference)?;
        if self.free_slots.len() == 0 {
            return Err(BookError::OrderTableFull);
        }
        if *entry == 0 {
            // A page is empty when it is given back, so it need not be written.
            *entry = self.free_pages.take().ok_or(BookError::OrderTableFull)? + 1;
        }
        let slot = self.free_slots.take().ok_or(BookError::OrderTableFull)?;
        self.pages.at_mut(*entry - 1).set(reference, slot);
        Ok(slot)
    }

    #[inline(always)]
    fn remove(&mut self, reference: u64, slot: u32) {
        let Some(entry) = self.place(reference).and_then(|place| self.table.get_mut(place)) else {
            return;
        };
        let Some(number) = entry.checked_sub(1) else { return };
        let page = self.pages.at_mut(number);
        page.set(reference, NIL);
        self.free_slots.give(slot);
        if *page == Page::EMPTY {
            self.free_pages.give(number);
            *entry = 0;
        }
    }

    #[inline(always)]
    fn prefetch(&self, reference: u64) {
        // The page table of young orders is in the cache; for an old one this waits, but beside
        // the work of other events.
        if let Some(page) = self.page(reference) {
            self.pages.prefetch(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_the_live_orders_through_a_long_day() {
        let limits = L3Limits { reference_max: 1_000_000, pages: 75, ..L3Limits::new(1, 1_000) };
        let mut index = PagedIndex::new(&limits, 1_011).unwrap();
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
        let mut index = PagedIndex::new(&limits, 40).unwrap();
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
    fn slots_run_out_without_taking_a_page() {
        let limits = L3Limits { reference_max: 999, pages: 9, ..L3Limits::new(1, 10) };
        let mut index = PagedIndex::new(&limits, 2).unwrap();
        assert!(index.insert(0).is_ok() && index.insert(100).is_ok());
        assert_eq!(index.insert(200), Err(BookError::OrderTableFull));
        assert_eq!((index.pages_in_use(), index.find(200)), (2, None));
    }

    #[test]
    fn a_page_table_beyond_32_bits_is_refused() {
        let limits = L3Limits { reference_max: u64::MAX, ..L3Limits::new(1, 10) };
        assert!(matches!(PagedIndex::new(&limits, 10), Err(LimitsError::TooMany { .. })));
    }
}
