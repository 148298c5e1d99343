//! Price levels of one instrument, for feeds that send levels, and for consumers of records.
//!
//! A level is set to a quantity, and 0 means that it is gone. Most updates of such feeds are far from
//! the touch, so what a level costs must not depend on where it is: levels are kept by price, in
//! pages of 64 ticks (`ladder`). But prices have no useful bound and need not be multiples of a
//! tick, and memory is fixed, so what does not fit pages is kept in the tree that the order by order
//! books use: prices between ticks, and the levels farthest from the touch when all pages are in use.
//! A level is in one of the two; what the book says is the same wherever it is.
//!
//! ```text
//! grid         price -> tick, exactly, without a division
//! directory    tick -> page
//! page         64 levels and the bits that say which exist
//! order        pages in order: next best, positions, reading from the best on
//! ladder       all of these
//! touch, walk  the best level at hand; levels in order
//! ```

mod directory;
mod grid;
mod ladder;
mod order;
mod page;
#[cfg(test)]
mod tests;
mod touch;
mod walk;

pub use walk::LevelsIter;

use crate::change::{Level, LevelChange};
use crate::error::{BookError, LimitsError};
use crate::levels::Levels;
use crate::side::flip;
use crate::table::NIL;
use crate::top::Top;
use grid::{Grid, Learning};
use ladder::Ladder;
use touch::Touch;
use wire::Side;

/// The level book of one instrument.
#[derive(Debug, Clone)]
pub struct L2Book {
    touch: [Touch; 2],
    ladder: Ladder,
    /// Levels that may still be added.
    room: i32,
    /// Levels that are not in pages.
    in_tree: u32,
    tree: Levels,
    limit: u32,
    /// Finds the tick, unless it was told.
    learning: Option<Learning>,
    is_learnt: bool,
    /// A price between two ticks was seen.
    off_grid: bool,
}

impl L2Book {
    /// Most levels a book can be built for.
    pub const LEVELS_MAX: u32 = 1 << 28;
    /// Most pages of 64 ticks that a book has; 13 MiB.
    const PAGES_MAX: u32 = 1 << 14;
    /// Ticks from the touch within which levels are near.
    const NEAR: i64 = 4_096;
    /// Levels for each page. Recorded futures books have seven in a page on average.
    const LEVELS_PER_PAGE: u32 = 6;

    /// Allocates memory for `levels` levels of both sides together. The tick is learnt from the
    /// first prices; [`L2Book::with_tick`] is better where it is known.
    ///
    /// # Errors
    /// [`LimitsError::TooMany`]: `levels` is 0 or above [`L2Book::LEVELS_MAX`].
    pub fn new(levels: u32) -> Result<Self, LimitsError> {
        let mut book = L2Book::with_tick(levels, 1)?;
        (book.learning, book.is_learnt) = (Some(Learning::new()), true);
        Ok(book)
    }

    /// Allocates memory for `levels` levels of both sides together, most of whose prices are
    /// multiples of `tick` (a price like those of the levels; below 1 is taken for 1). Other
    /// prices are right as well, and slower.
    ///
    /// # Errors
    /// [`LimitsError::TooMany`]: `levels` is 0 or above [`L2Book::LEVELS_MAX`].
    pub fn with_tick(levels: u32, tick: i64) -> Result<Self, LimitsError> {
        if levels == 0 || levels > Self::LEVELS_MAX {
            let (asked, max) = (u64::from(levels), u64::from(Self::LEVELS_MAX));
            return Err(LimitsError::TooMany { what: "levels", asked, max });
        }
        let pages = (levels / Self::LEVELS_PER_PAGE).clamp(4, Self::PAGES_MAX);
        Ok(L2Book {
            touch: [Touch::NONE; 2],
            ladder: Ladder::new(pages, Grid::new(tick)),
            room: levels as i32,
            in_tree: 0,
            tree: Levels::new(2, levels, 0),
            limit: levels,
            learning: None,
            is_learnt: false,
            off_grid: false,
        })
    }

    /// Sets a level to `quantity`, made of `orders` orders (`u32::MAX` where the venue does not
    /// tell); quantity 0 removes it. Removing a level that is not there is normal in level feeds.
    /// Returns whether the best price of the side, or the quantity there, may be another than
    /// before. [`L2Book::set`] tells the position as well, which costs a search more.
    ///
    /// # Errors
    /// `NegativeQuantity`; `AbsurdPrice` for `i64::MIN`, which means "none", and `i64::MAX`;
    /// `LevelTableFull`. The book is unchanged.
    #[inline(always)]
    pub fn update(
        &mut self,
        side: Side,
        price: i64,
        quantity: i64,
        orders: u32,
    ) -> Result<bool, BookError> {
        let number = side as u32;
        let (unit, slot, found) = self.ladder.guess(number, price);
        let had = self.ladder.page(slot).has(unit);
        let change = i32::from(quantity != 0) - had;
        let room = self.room - change;
        // Pages never have extreme prices, so those are refused where other errors are.
        if !found | (quantity < 0) || room < 0 || (self.in_tree != 0 && had == 0) {
            return self.update_elsewhere(number, price, quantity, orders);
        }
        self.room = room;
        self.ladder.set(slot, unit, (quantity, orders), change);
        let key = flip(number, price);
        if key < self.touch[(number & 1) as usize].key {
            return Ok(false);
        }
        Ok(self.retouch(number, key, price, quantity))
    }

    /// [`L2Book::update`] for what is not found at once, or not allowed.
    #[inline(never)]
    fn update_elsewhere(
        &mut self,
        side: u32,
        price: i64,
        quantity: i64,
        orders: u32,
    ) -> Result<bool, BookError> {
        if quantity < 0 {
            return Err(BookError::NegativeQuantity);
        }
        if is_extreme(price) {
            return Err(BookError::AbsurdPrice);
        }
        self.write(side, price, quantity, orders)?;
        let key = flip(side, price);
        if key < self.touch[(side & 1) as usize].key {
            return Ok(false);
        }
        Ok(self.retouch(side, key, price, quantity))
    }

    /// Brings the touch up to date after a change at it or before it.
    #[inline(never)]
    fn retouch(&mut self, side: u32, key: i64, price: i64, quantity: i64) -> bool {
        let lane = (side & 1) as usize;
        let was_best = key == self.touch[lane].key;
        if quantity != 0 {
            self.touch[lane] = Touch { key, price, quantity };
        } else if was_best {
            self.touch[lane] = self.find_touch(side);
        }
        was_best | (quantity != 0)
    }

    /// Sets a level as [`L2Book::update`] does and tells what became of it. Where no such level was
    /// there to be removed, the position is 0.
    ///
    /// # Errors
    /// As [`L2Book::update`].
    #[inline]
    pub fn set(
        &mut self,
        side: Side,
        price: i64,
        quantity: i64,
        orders: u32,
    ) -> Result<LevelChange, BookError> {
        let gone = quantity == 0;
        let position = if gone && !is_extreme(price) { self.position_of(side, price) } else { 0 };
        self.update(side, price, quantity, orders)?;
        if gone {
            return Ok(LevelChange { price, quantity: 0, orders: 0, position });
        }
        let position = self.better(side as u32, price) + 1;
        Ok(LevelChange { price, quantity, orders, position })
    }

    /// Writes a level where it belongs.
    fn write(
        &mut self,
        side: u32,
        price: i64,
        quantity: i64,
        orders: u32,
    ) -> Result<(), BookError> {
        let unit = self.ladder.unit(side, price);
        let slot = unit.map_or(NIL, |unit| self.ladder.find(side, unit));
        match unit.filter(|unit| self.ladder.page(slot).has(*unit) != 0) {
            Some(unit) => {
                self.write_in_page(slot, unit, (quantity, orders));
                Ok(())
            }
            None => self.write_new(side, price, quantity, orders),
        }
    }

    /// Sets a level of a page, which may be its last.
    fn write_in_page(&mut self, slot: u32, unit: i64, level: (i64, u32)) {
        let change = i32::from(level.0 != 0) - self.ladder.page(slot).has(unit);
        self.room -= change;
        self.ladder.set(slot, unit, level, change);
    }

    /// Writes a level that no page has: it may be in the tree, or new.
    fn write_new(
        &mut self,
        side: u32,
        price: i64,
        quantity: i64,
        orders: u32,
    ) -> Result<(), BookError> {
        let key = flip(side, price);
        let place = self.tree.find(side, key);
        if quantity == 0 {
            if place.is_some() {
                self.take_out_of_tree(side, key);
            }
            return Ok(());
        }
        if place.is_none() && self.room == 0 {
            return Err(BookError::LevelTableFull);
        }
        self.learn(price);
        let unit = self.ladder.unit(side, price).filter(|_| self.learning.is_none());
        let slot = unit.map_or(NIL, |unit| self.page_for(side, unit));
        if let Some(unit) = unit.filter(|_| slot != NIL) {
            if self.tree.find(side, key).is_some() {
                self.take_out_of_tree(side, key);
            }
            self.write_in_page(slot, unit, (quantity, orders));
            return Ok(());
        }
        self.off_grid |= unit.is_none();
        self.put_into_tree(side, Level { price, quantity, orders })
    }

    /// Takes a level out of the tree, where it is.
    fn take_out_of_tree(&mut self, side: u32, key: i64) {
        if let Some(place) = self.tree.find(side, key) {
            self.tree.remove(side, key, place.record);
            self.in_tree -= 1;
            self.room += 1;
        }
    }

    /// Sets a level of the tree. There is room for it.
    fn put_into_tree(&mut self, side: u32, level: Level) -> Result<(), BookError> {
        let before = self.tree.len(side);
        let place = self.tree.enter(side, flip(side, level.price), true)?;
        let record = self.tree.record_mut(place.record);
        (record.quantity, record.orders) = (level.quantity, level.orders);
        let new = u32::from(self.tree.len(side) != before);
        self.in_tree += new;
        self.room -= new as i32;
        Ok(())
    }

    /// The page of a unit, made if need be and possible.
    fn page_for(&mut self, side: u32, unit: i64) -> u32 {
        let slot = self.ladder.find(side, unit);
        if slot != NIL {
            return slot;
        }
        if !self.ladder.has_room() {
            let (of, worst) = self.ladder.page_to_give_up(side, unit);
            if worst == NIL || !self.is_near(side, unit) {
                return NIL;
            }
            while let Some(level) = self.ladder.take_level(of, worst) {
                self.room += 1;
                if self.put_into_tree(of, level).is_err() {
                    break;
                }
            }
            self.ladder.end_page(of, worst);
        }
        self.ladder.begin_page(side, unit)
    }

    /// Whether a unit is so near the touch that a page far from it may be given up for it. Where
    /// prices are scattered nothing is, or every new level would move an old one to the tree.
    fn is_near(&self, side: u32, unit: i64) -> bool {
        let touch = self.touch[(side & 1) as usize];
        let best = self.ladder.unit(side, touch.price);
        best.is_none_or(|best| unit > best.saturating_sub(Self::NEAR))
    }

    /// Takes a price into account while the tick is not known. When it is, pages begin to be used.
    fn learn(&mut self, price: i64) {
        let Some(tick) = self.learning.as_mut().and_then(|learning| learning.see(price)) else {
            return;
        };
        self.learning = None;
        self.ladder.set_grid(Grid::new(tick));
        for side in [Side::Bid as u32, Side::Ask as u32] {
            for _ in 0..self.tree.len(side) {
                let Some(record) = self.tree.best(side).copied() else { break };
                let (price, quantity) = (flip(side, record.key), record.quantity);
                let Some(unit) = self.ladder.unit(side, price) else { break };
                let slot = self.page_for(side, unit);
                if slot == NIL {
                    break;
                }
                self.take_out_of_tree(side, record.key);
                self.write_in_page(slot, unit, (quantity, record.orders));
            }
        }
    }

    /// The best level of a side, from where levels are.
    fn find_touch(&mut self, side: u32) -> Touch {
        let page = Touch::of(side, self.ladder.best(side));
        let record = self.tree.best(side);
        let level = record.map(|record| Level {
            price: flip(side, record.key),
            quantity: record.quantity,
            orders: record.orders,
        });
        page.better(Touch::of(side, level))
    }

    /// Best prices and quantities.
    #[inline(always)]
    #[must_use]
    pub fn best(&self) -> Top {
        let [bid, ask] = &self.touch;
        Top {
            bid_price: bid.price,
            bid_qty: bid.quantity,
            ask_price: ask.price,
            ask_qty: ask.quantity,
        }
    }

    /// Whether the best bid is above the best ask.
    #[inline]
    #[must_use]
    pub fn crossed(&self) -> bool {
        self.best().is_crossed()
    }

    /// The level with `nth` better ones on its side; 0 is the best.
    #[must_use]
    pub fn level(&self, side: Side, nth: usize) -> Option<Level> {
        let number = side as u32;
        if self.in_tree == 0 {
            return self.ladder.nth(number, u32::try_from(nth).ok()?);
        }
        self.levels(side).nth(nth)
    }

    /// The level at a price.
    #[inline]
    #[must_use]
    pub fn at_price(&self, side: Side, price: i64) -> Option<Level> {
        if is_extreme(price) {
            return None;
        }
        let number = side as u32;
        let unit = self.ladder.unit(number, price);
        if let Some(level) = unit.and_then(|unit| self.ladder.at(number, unit)) {
            return Some(level);
        }
        let place = self.tree.find(number, flip(number, price))?;
        Some(crate::l3::level_view(&self.tree, number, place.record))
    }

    /// Position of the level at a price, 1 the best; 0 where there is none.
    #[inline]
    #[must_use]
    pub fn position_of(&self, side: Side, price: i64) -> u32 {
        let exists = self.at_price(side, price).is_some();
        if exists { self.better(side as u32, price) + 1 } else { 0 }
    }

    /// Levels of a side that are better than a price.
    #[inline]
    fn better(&self, side: u32, price: i64) -> u32 {
        let key = flip(side, price);
        if key >= self.touch[(side & 1) as usize].key {
            return 0;
        }
        let in_pages = match self.ladder.unit(side, price) {
            Some(unit) => self.ladder.better(side, unit),
            None => self.ladder.better_than_price(side, price),
        };
        if self.in_tree == 0 {
            return in_pages;
        }
        in_pages + self.tree.better(side, key)
    }

    /// Levels of a side, best first.
    #[must_use]
    pub fn levels(&self, side: Side) -> LevelsIter<'_> {
        LevelsIter::new(self, side as u32)
    }

    /// Whether a side has no level.
    #[inline]
    #[must_use]
    pub fn is_empty(&self, side: Side) -> bool {
        self.touch[side as usize & 1].key == Touch::NONE.key
    }

    /// Number of levels of a side: the sum over its pages.
    #[must_use]
    pub fn depth(&self, side: Side) -> usize {
        let number = side as u32;
        self.ladder.len(number) as usize + self.tree.len(number)
    }

    /// Removes the levels of a side that have `depth` or more better ones, as venues of limited
    /// depth mean it. Returns how many there were.
    pub fn truncate(&mut self, side: Side, depth: usize) -> usize {
        let number = side as u32;
        let mut removed = 0;
        for _ in depth..self.depth(side) {
            let in_tree = self.tree.len(number).checked_sub(1);
            let in_tree = in_tree.and_then(|last| self.tree.nth(number, last));
            let in_tree = in_tree.map(|record| self.tree.record(record).key);
            let in_pages = self.ladder.worst(number).map(|level| flip(number, level.price));
            let Some(key) = in_tree.into_iter().chain(in_pages).min() else { break };
            if self.update(side, flip(number, key), 0, 0).is_err() {
                break;
            }
            removed += 1;
        }
        removed
    }

    /// Forgets all levels.
    pub fn clear(&mut self) {
        self.ladder.clear();
        if self.in_tree != 0 {
            self.tree.clear();
        }
        if self.is_learnt && self.off_grid {
            self.learning = Some(Learning::new());
        }
        (self.touch, self.in_tree, self.room) = ([Touch::NONE; 2], 0, self.limit as i32);
        self.off_grid = false;
    }
}

/// Whether no level can have this price: as a key it may mean an unused place.
#[inline(always)]
const fn is_extreme(price: i64) -> bool {
    price == i64::MIN || price == i64::MAX
}
