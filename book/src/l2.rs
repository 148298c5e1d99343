//! Price levels of one instrument, for feeds that send levels, and for consumers of records.
//!
//! A level is set to a quantity, and 0 means that it is gone. Most updates of such feeds are far
//! from the touch and prices have no useful bound, so the levels are kept as the order by order
//! books keep them: the best sixteen at hand, the rest in a tree of small nodes.

use crate::change::{Level, LevelChange};
use crate::error::{BookError, LimitsError};
use crate::l3::LevelsIter;
use crate::levels::Levels;
use crate::side::flip;
use crate::top::Top;
use wire::Side;

/// The level book of one instrument.
#[derive(Debug, Clone)]
pub struct L2Book {
    levels: Levels,
}

impl L2Book {
    /// Most levels a book can be built for.
    pub const LEVELS_MAX: u32 = 1 << 28;

    /// Allocates memory for `levels` levels of both sides together.
    ///
    /// # Errors
    /// [`LimitsError::TooMany`]: `levels` is 0 or above [`L2Book::LEVELS_MAX`].
    pub fn new(levels: u32) -> Result<Self, LimitsError> {
        if levels == 0 || levels > Self::LEVELS_MAX {
            let (asked, max) = (u64::from(levels), u64::from(Self::LEVELS_MAX));
            return Err(LimitsError::TooMany { what: "levels", asked, max });
        }
        Ok(L2Book { levels: Levels::new(2, levels, 0) })
    }

    /// Sets a level to `quantity`, made of `orders` orders (`u32::MAX` where the venue does not
    /// tell); quantity 0 removes it. Removing a level that is not there is normal in level feeds:
    /// the change returned then has position 0.
    ///
    /// # Errors
    /// `NegativeQuantity`; `AbsurdPrice` for `i64::MIN`, which means "none", and `i64::MAX`;
    /// `LevelTableFull`. The book is unchanged.
    #[inline]
    pub fn set(
        &mut self,
        side: Side,
        price: i64,
        quantity: i64,
        orders: u32,
    ) -> Result<LevelChange, BookError> {
        if quantity < 0 {
            return Err(BookError::NegativeQuantity);
        }
        if is_extreme(price) {
            return Err(BookError::AbsurdPrice);
        }
        let number = side as u32;
        let key = flip(number, price);
        if quantity == 0 {
            let position = match self.levels.find(number, key) {
                Some(place) => self.levels.remove(number, key, place.record),
                None => 0,
            };
            return Ok(LevelChange { price, quantity: 0, orders: 0, position });
        }
        let place = self.levels.enter(number, key, true)?;
        let record = self.levels.record_mut(place.record);
        (record.quantity, record.orders) = (quantity, orders);
        Ok(LevelChange { price, quantity, orders, position: place.position })
    }

    /// Best prices and quantities.
    #[inline]
    #[must_use]
    pub fn best(&self) -> Top {
        let mut top = Top::EMPTY;
        if let Some(bid) = self.levels.best(Side::Bid as u32) {
            (top.bid_price, top.bid_qty) = (bid.key, bid.quantity);
        }
        if let Some(ask) = self.levels.best(Side::Ask as u32) {
            (top.ask_price, top.ask_qty) = (flip(Side::Ask as u32, ask.key), ask.quantity);
        }
        top
    }

    /// Whether the best bid is above the best ask.
    #[inline]
    #[must_use]
    pub fn crossed(&self) -> bool {
        self.best().is_crossed()
    }

    /// The level with `nth` better ones on its side; 0 is the best.
    #[inline]
    #[must_use]
    pub fn level(&self, side: Side, nth: usize) -> Option<Level> {
        let number = self.levels.nth(side as u32, nth)?;
        Some(crate::l3::level_view(&self.levels, side as u32, number))
    }

    /// The level at a price.
    #[inline]
    #[must_use]
    pub fn at_price(&self, side: Side, price: i64) -> Option<Level> {
        if is_extreme(price) {
            return None;
        }
        let place = self.levels.find(side as u32, flip(side as u32, price))?;
        Some(crate::l3::level_view(&self.levels, side as u32, place.record))
    }

    /// Levels of a side, best first.
    #[must_use]
    pub fn levels(&self, side: Side) -> LevelsIter<'_> {
        LevelsIter::new(&self.levels, side as u32)
    }

    /// Number of levels of a side.
    #[inline]
    #[must_use]
    pub fn depth(&self, side: Side) -> usize {
        self.levels.len(side as u32)
    }

    /// Removes the levels of a side that have `depth` or more better ones, as venues of limited
    /// depth mean it. Returns how many there were.
    pub fn truncate(&mut self, side: Side, depth: usize) -> usize {
        let mut removed = 0;
        while let Some(last) = self.depth(side).checked_sub(1).filter(|last| *last >= depth) {
            let Some(number) = self.levels.nth(side as u32, last) else { break };
            let key = self.levels.record(number).key;
            self.levels.remove(side as u32, key, number);
            removed += 1;
        }
        removed
    }

    /// Forgets all levels.
    pub fn clear(&mut self) {
        self.levels.clear();
    }
}

/// Whether no level can have this price: as a key it may mean an unused place.
#[inline(always)]
const fn is_extreme(price: i64) -> bool {
    price == i64::MIN || price == i64::MAX
}
