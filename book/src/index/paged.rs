//! Order index for references that count up: a page table, as of a processor's memory.
//!
//! A reference is an address. Four neighbours share a page, which is one cache line of orders, and
//! sixteen pages share a leaf, which is one cache line of page numbers. Orders of the same moment
//! thus lie next to each other in a few lines, and most messages are about young orders, so that
//! what they need is at hand; a lookup is two small loads and no search. A page is taken when its
//! first order arrives and given back with its last, and so is a leaf, so memory follows the live
//! orders and not the day's total: an old order that outlives its neighbours holds two lines.
//!
//! Every 64 references of the day cost 4 bytes of table.

use super::OrderIndex;
use crate::error::{BookError, LimitsError};
use crate::l3::L3Limits;
use crate::memory::MemoryVisitor;
use crate::table::{FreeList, NIL, Table};

/// References in a page.
pub const PAGE: u32 = 4;

/// Pages in a leaf.
const PAGES: u64 = 16;

/// References in a leaf.
const LEAF: u64 = PAGE as u64 * PAGES;

/// Most pages: their slots must have 32-bit numbers.
const PAGES_MAX: u32 = 1 << 28;

/// How many pages ahead one is fetched: more than the orders of the time that memory takes.
const UPCOMING: usize = 4;

/// Numbers of sixteen neighbouring pages; NIL where no order is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
struct Leaf([u32; PAGES as usize]);

const _: () = assert!(size_of::<Leaf>() == 64);

impl Leaf {
    const EMPTY: Leaf = Leaf([NIL; PAGES as usize]);

    #[inline(always)]
    fn page(&self, reference: u64) -> u32 {
        self.0[(reference / u64::from(PAGE) % PAGES) as usize]
    }

    /// Whether no page is left. All bits of a missing page's number are set.
    #[inline(always)]
    fn is_empty(&self) -> bool {
        self.0.iter().fold(NIL, |all, page| all & page) == NIL
    }

    #[inline(always)]
    fn set(&mut self, reference: u64, page: u32) {
        self.0[(reference / u64::from(PAGE) % PAGES) as usize] = page;
    }
}

/// Table, leaves, and the pages that are free.
#[derive(Debug, Clone)]
pub struct PagedIndex {
    /// Leaf of reference / 64, plus 1; 0 where there is none, so that the table of a whole day is
    /// memory that nobody has touched yet.
    table: Box<[u32]>,
    reference_max: u64,
    leaves: Table<Leaf>,
    free_leaves: FreeList,
    free_pages: FreeList,
    /// Which page of references each page holds.
    numbers: Table<u64>,
}

impl PagedIndex {
    /// Pages that hold at least one order.
    #[must_use]
    pub fn pages_in_use(&self) -> usize {
        self.numbers.len() - self.free_pages.len()
    }

    #[inline(always)]
    fn place(&self, reference: u64) -> Option<usize> {
        let entry = usize::try_from(reference / LEAF).ok()?;
        (reference <= self.reference_max).then_some(entry)
    }

    #[inline(always)]
    fn leaf(&self, reference: u64) -> Option<u32> {
        self.table.get(self.place(reference)?)?.checked_sub(1)
    }

    #[inline(always)]
    fn leaf_or_any(&self, reference: u64) -> u32 {
        let place = simd::inside(self.table.len(), (reference / LEAF) as usize);
        self.table.get(place).map_or(NIL, |leaf| leaf.wrapping_sub(1))
    }

    #[inline(always)]
    fn slot(page: u32, reference: u64) -> u32 {
        page * PAGE + reference as u32 % PAGE
    }

    /// Takes a page, and a leaf where there is none, for the first order of its page.
    #[inline(never)]
    fn take(&mut self, place: usize, reference: u64) -> Result<u32, BookError> {
        let entry = self.table.get_mut(place).ok_or(BookError::AbsurdReference)?;
        // A leaf has at least one page, so while there is a page there is a leaf.
        let page = self.free_pages.take().ok_or(BookError::OrderTableFull)?;
        if *entry == 0 {
            // A leaf is empty when it is given back, so it need not be written.
            let Some(leaf) = self.free_leaves.take() else {
                self.free_pages.give(page);
                return Err(BookError::OrderTableFull);
            };
            *entry = leaf + 1;
        }
        self.leaves.at_mut(*entry - 1).set(reference, page);
        *self.numbers.at_mut(page) = reference / u64::from(PAGE);
        Ok(page)
    }
}

impl OrderIndex for PagedIndex {
    const GROUP: u32 = PAGE;

    /// `limits.pages` pages, or as many as `orders` orders need if each is alone in its page where
    /// `limits.pages` is 0; a page table up to `limits.reference_max`.
    fn new(limits: &L3Limits, orders: u32) -> Result<Self, LimitsError> {
        let pages = if limits.pages == 0 { orders } else { limits.pages };
        if pages > PAGES_MAX {
            let (asked, max) = (u64::from(pages), u64::from(PAGES_MAX));
            return Err(LimitsError::TooMany { what: "pages", asked, max });
        }
        let entries = limits.reference_max / LEAF + 1;
        let entries = u32::try_from(entries).map_err(|_| LimitsError::TooMany {
            what: "reference_max",
            asked: limits.reference_max,
            max: u64::from(u32::MAX) * LEAF - 1,
        })?;
        let leaves = pages.min(entries);
        Ok(PagedIndex {
            table: vec![0; entries as usize].into_boxed_slice(),
            reference_max: limits.reference_max,
            leaves: Table::new(leaves, Leaf::EMPTY),
            free_leaves: FreeList::new(leaves),
            free_pages: FreeList::new(pages),
            numbers: Table::new(pages, 0),
        })
    }

    fn slots(&self) -> u32 {
        self.numbers.len() as u32 * PAGE
    }

    #[inline(always)]
    fn find(&self, reference: u64) -> Option<u32> {
        let page = self.leaves.at(self.leaf(reference)?).page(reference);
        (page != NIL).then(|| Self::slot(page, reference))
    }

    #[inline(always)]
    fn approach(&self, reference: u64) -> u32 {
        // The table of young orders is in the cache; for an old one this waits, but beside the
        // work of other events.
        let leaf = self.leaf_or_any(reference);
        self.leaves.prefetch(leaf);
        leaf
    }

    #[inline(always)]
    fn approached(&self, leaf: u32, reference: u64) -> u32 {
        Self::slot(self.leaves.at_any(leaf).page(reference) & (PAGES_MAX - 1), reference)
    }

    #[inline(always)]
    fn upcoming(&self) -> u32 {
        self.free_pages.upcoming(UPCOMING) * PAGE
    }

    #[inline(always)]
    fn enter(&mut self, reference: u64) -> Result<u32, BookError> {
        let place = self.place(reference).ok_or(BookError::AbsurdReference)?;
        let leaf = self.table.get(place).ok_or(BookError::AbsurdReference)?.checked_sub(1);
        let page = leaf.map_or(NIL, |leaf| self.leaves.at(leaf).page(reference));
        let page = if page == NIL { self.take(place, reference)? } else { page };
        Ok(Self::slot(page, reference))
    }

    #[inline(always)]
    fn leave(&mut self, reference: u64, slot: u32, last: bool) {
        if !last {
            return;
        }
        let Some(entry) = self.place(reference).and_then(|place| self.table.get_mut(place)) else {
            return;
        };
        let Some(number) = entry.checked_sub(1) else { return };
        self.free_pages.give(slot / PAGE);
        let leaf = self.leaves.at_mut(number);
        leaf.set(reference, NIL);
        if leaf.is_empty() {
            self.free_leaves.give(number);
            *entry = 0;
        }
    }

    #[inline]
    fn reference(&self, slot: u32) -> u64 {
        self.numbers.at(slot / PAGE) * u64::from(PAGE) + u64::from(slot % PAGE)
    }

    fn memory<V: MemoryVisitor>(&mut self, visitor: &mut V) {
        visitor.table("order index", &mut self.table);
        self.leaves.memory("order index", visitor);
        self.free_leaves.memory("order index", visitor);
        self.free_pages.memory("order index", visitor);
        self.numbers.memory("order index", visitor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// The index with what the books know: which slots hold an order.
    struct Used(PagedIndex, HashSet<u32>);

    impl Used {
        fn insert(&mut self, reference: u64) -> Result<u32, BookError> {
            let slot = self.0.enter(reference)?;
            assert!(slot < self.0.slots() && self.1.insert(slot), "slot {slot} twice");
            assert_eq!((self.0.find(reference), self.0.reference(slot)), (Some(slot), reference));
            Ok(slot)
        }

        fn remove(&mut self, reference: u64) {
            let slot = self.0.find(reference).unwrap();
            assert!(self.1.remove(&slot));
            let first = slot / PAGE * PAGE;
            let last = (first..first + PAGE).all(|other| !self.1.contains(&other));
            self.0.leave(reference, slot, last);
        }
    }

    #[test]
    fn pages_follow_the_live_orders_through_a_long_day() {
        let limits = L3Limits { reference_max: 1_000_000, pages: 262, ..L3Limits::new(1, 1_000) };
        let mut index = Used(PagedIndex::new(&limits, 1_011).unwrap(), HashSet::new());
        // A window of 1,000 young orders and every 100,000th that stays.
        for reference in 0..=1_000_000_u64 {
            index.insert(reference).unwrap();
            if let Some(old) = reference.checked_sub(999).filter(|old| old % 100_000 != 0) {
                index.remove(old);
            }
        }
        // 999 neighbours in 250 or 251 pages, and ten old orders alone in theirs.
        let index = index.0;
        assert!((260..=261).contains(&index.pages_in_use()), "{}", index.pages_in_use());
        let leaves = index.leaves.len() - index.free_leaves.len();
        assert!((26..=27).contains(&leaves), "{leaves}");
    }

    #[test]
    fn an_absurd_reference_is_refused_and_a_full_pool_is_an_error() {
        let limits = L3Limits { reference_max: 999, pages: 2, ..L3Limits::new(1, 10) };
        let mut index = Used(PagedIndex::new(&limits, 40).unwrap(), HashSet::new());
        for reference in 0..8 {
            index.insert(reference).unwrap();
        }
        assert_eq!(index.insert(8), Err(BookError::OrderTableFull));
        assert_eq!(index.insert(900), Err(BookError::OrderTableFull));
        for reference in 0..4 {
            index.remove(reference);
        }
        assert_eq!((index.0.find(3), index.0.pages_in_use()), (None, 1));
        index.insert(900).unwrap();
        assert_eq!(index.insert(1_000), Err(BookError::AbsurdReference));
        assert_eq!(index.0.find(u64::MAX), None);
    }

    #[test]
    fn a_page_table_beyond_32_bits_is_refused() {
        let limits = L3Limits { reference_max: u64::MAX, ..L3Limits::new(1, 10) };
        assert!(matches!(PagedIndex::new(&limits, 10), Err(LimitsError::TooMany { .. })));
        let limits = L3Limits { pages: u32::MAX, ..L3Limits::new(1, 10) };
        assert!(matches!(PagedIndex::new(&limits, 10), Err(LimitsError::TooMany { .. })));
    }
}
