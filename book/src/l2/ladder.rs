//! The levels that lie on the grid: pages of 64 ticks, taken from a fixed pool as prices ask for them.
//!
//! A price leads to its page through the [`super::directory`] and to its place in the page by its low
//! bits, so an update touches the same three or four cache lines wherever in the book it is. A page
//! exists while it has a level.

use super::directory::Directory;
use super::grid::Grid;
use super::order::Order;
use super::page::{Page, tag_of, take_best};
use crate::change::Level;
use crate::side::flip;
use crate::table::{FreeList, NIL, Table};

/// Levels in pages. A *unit* is a price in ticks, flipped for asks: greater is better.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    grid: Grid,
    directory: Directory,
    pages: Table<Page>,
    free: FreeList,
    order: Order,
    lens: [u32; 2],
}

impl Ladder {
    /// Memory for `pages` pages.
    pub(super) fn new(pages: u32, grid: Grid) -> Ladder {
        Ladder {
            grid,
            directory: Directory::new(pages),
            pages: Table::new(pages, Page::EMPTY),
            free: FreeList::new(pages),
            order: Order::new(pages),
            lens: [0; 2],
        }
    }

    /// Changes the grid of a ladder that has no level.
    pub(super) fn set_grid(&mut self, grid: Grid) {
        self.grid = grid;
    }

    /// Number of levels of a side.
    #[inline(always)]
    pub(super) fn len(&self, side: u32) -> u32 {
        self.lens[(side & 1) as usize]
    }

    /// The unit of a price; `None` where it is not on the grid.
    #[inline(always)]
    pub(super) fn unit(&self, side: u32, price: i64) -> Option<i64> {
        Some(flip(side, self.grid.unit(price)?))
    }

    /// The price of a unit.
    #[inline(always)]
    pub(super) fn price(&self, side: u32, unit: i64) -> i64 {
        self.grid.price(flip(side, unit))
    }

    /// The slot of the page of a unit, or [`NIL`].
    #[inline(always)]
    pub(super) fn find(&self, side: u32, unit: i64) -> u32 {
        self.directory.find(tag_of(side, unit))
    }

    #[inline(always)]
    pub(super) fn page(&self, slot: u32) -> &Page {
        self.pages.at(slot)
    }

    /// Sets a level of a page that exists, or removes it where the quantity is 0.
    #[inline(always)]
    pub(super) fn set(&mut self, side: u32, slot: u32, unit: i64, quantity: i64, orders: u32) {
        let page = self.pages.at_mut(slot);
        let (had, has) = (page.has(unit), u32::from(quantity != 0));
        page.set(unit, quantity, orders);
        let (run, empty) = (page.leaf, page.occupied == 0);
        let len = &mut self.lens[(side & 1) as usize];
        *len = len.wrapping_add(has).wrapping_sub(had);
        self.order.count(run, had, has);
        if empty {
            self.end_page(side, slot);
        }
    }

    /// Makes the page of a unit, which does not exist; [`NIL`] if there is no memory or no place.
    /// The caller sets a level in it at once.
    pub(super) fn begin_page(&mut self, side: u32, unit: i64) -> u32 {
        let tag = tag_of(side, unit);
        let Some(slot) = self.free.take() else { return NIL };
        if !self.directory.insert(tag, slot) {
            self.free.give(slot);
            return NIL;
        }
        self.pages.at_mut(slot).begin(tag);
        self.order.insert(&mut self.pages, side, slot);
        slot
    }

    /// Gives the memory of a page back that has no level left.
    #[inline(never)]
    fn end_page(&mut self, side: u32, slot: u32) {
        self.order.remove(&mut self.pages, side, slot);
        self.directory.remove(self.pages.at(slot).tag);
        self.free.give(slot);
    }

    /// Whether every page of the pool is in use.
    pub(super) fn is_full(&self) -> bool {
        self.free.len() == 0
    }

    /// The page to give up for one at `unit`: the worst of the side with more pages; [`NIL`] where
    /// that is the same side and the new page would be worse still.
    pub(super) fn page_to_give_up(&self, side: u32, unit: i64) -> (u32, u32) {
        let other = side ^ 1;
        if self.order.pages(other) >= self.order.pages(side) {
            return (other, self.order.last(other));
        }
        let last = self.order.last(side);
        let worse = self.pages.at(last).tag < tag_of(side, unit);
        (side, if worse { last } else { NIL })
    }

    /// Takes the best level out of a page; the page ends with its last.
    pub(super) fn take_level(&mut self, side: u32, slot: u32) -> Option<Level> {
        let page = self.pages.at(slot);
        let unit = page.unit(page.occupied.checked_ilog2()?);
        let level = self.level(side, slot, unit);
        self.set(side, slot, unit, 0, u32::MAX);
        Some(level)
    }

    /// The level at a unit of a page which has one there.
    #[inline(always)]
    pub(super) fn level(&self, side: u32, slot: u32, unit: i64) -> Level {
        let page = self.pages.at(slot);
        let (quantity, orders) = (page.quantity(unit), page.orders(unit));
        Level { price: self.price(side, unit), quantity, orders }
    }

    /// The level at a unit.
    #[inline]
    pub(super) fn at(&self, side: u32, unit: i64) -> Option<Level> {
        let slot = self.find(side, unit);
        (self.pages.at(slot).has(unit) != 0).then(|| self.level(side, slot, unit))
    }

    /// The best level of a side.
    #[inline]
    pub(super) fn best(&self, side: u32) -> Option<Level> {
        let slot = self.order.first(side);
        let page = self.pages.at(slot);
        let tick = page.occupied.checked_ilog2()?;
        Some(self.level(side, slot, page.unit(tick)))
    }

    /// The worst level of a side.
    pub(super) fn worst(&self, side: u32) -> Option<Level> {
        let slot = self.order.last(side);
        let page = self.pages.at(slot);
        let tick = if page.occupied == 0 { return None } else { page.occupied.trailing_zeros() };
        Some(self.level(side, slot, page.unit(tick)))
    }

    /// Levels of a side that are better than a unit, whether it has a level or not.
    #[inline]
    pub(super) fn better(&self, side: u32, unit: i64) -> u32 {
        let within = self.pages.at(self.find(side, unit)).better(unit);
        within + self.order.better(&self.pages, side, unit >> 6)
    }

    /// Levels of a side that are better than a price that is not on the grid.
    pub(super) fn better_than_price(&self, side: u32, price: i64) -> u32 {
        let key = flip(side, price);
        let better = |level: &Level| flip(side, level.price) > key;
        self.walk(side).take_while(better).count() as u32
    }

    /// The level with `nth` better ones.
    pub(super) fn nth(&self, side: u32, nth: u32) -> Option<Level> {
        let (slot, within) = self.order.nth(&self.pages, side, nth)?;
        let page = self.pages.at(slot);
        let mut bits = page.occupied;
        for _ in 0..within {
            take_best(&mut bits);
        }
        Some(self.level(side, slot, page.unit(bits.checked_ilog2()?)))
    }

    /// Levels of a side, best first.
    pub(super) fn walk(&self, side: u32) -> LadderWalk<'_> {
        let mut walk = LadderWalk { ladder: self, side, run: 0, place: 0, slot: NIL, bits: 0 };
        walk.enter();
        walk
    }

    /// Forgets all levels.
    pub(super) fn clear(&mut self) {
        self.directory.clear();
        self.order.clear();
        self.free.reset();
        self.lens = [0; 2];
    }
}

/// Iterates over the levels of one side, best first.
#[derive(Debug, Clone)]
pub(super) struct LadderWalk<'a> {
    ladder: &'a Ladder,
    side: u32,
    /// Place of the run in the side's list, and of the page in the run.
    run: usize,
    place: usize,
    slot: u32,
    /// Levels of the page that are still to come.
    bits: u64,
}

impl LadderWalk<'_> {
    /// Begins the page at the present place.
    fn enter(&mut self) {
        let slot = self.ladder.order.slot(self.side, self.run, self.place);
        self.slot = slot.unwrap_or(NIL);
        self.bits = self.ladder.pages.at(self.slot).occupied;
    }
}

impl Iterator for LadderWalk<'_> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        if self.bits == 0 {
            self.place += 1;
            self.enter();
            if self.slot == NIL {
                (self.run, self.place) = (self.run + 1, 0);
                self.enter();
            }
        }
        let tick = take_best(&mut self.bits)?;
        let unit = self.ladder.pages.at(self.slot).unit(tick);
        Some(self.ladder.level(self.side, self.slot, unit))
    }
}
