//! A page: the levels of 64 neighbouring ticks of one side.
//!
//! One bit says whether a tick has a level, so that setting, changing and removing a level are the
//! same few instructions, without a branch on which of them it is, and the next level in either
//! direction is one instruction away.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | occupied | bit n: tick n of the page has a level |
//! | 8 | 8 | counted | bit n: `orders` of tick n holds its number of orders |
//! | 16 | 8 | tag | number of the page << 1 \| side |
//! | 24 | 4 | leaf | where it is in the order of pages |
//! | 28 | 4 | | zero |
//! | 32 | 512 | quantities | by tick; of no meaning where there is no level |
//! | 544 | 256 | orders | by tick; read only where `counted` says so |
//! | 800 | 32 | | alignment |
//!
//! 832 bytes are thirteen cache lines: an odd number, so that the heads of all pages do not compete
//! for the same few sets of the cache.

use core::mem::{align_of, offset_of, size_of};

use crate::table::NIL;

/// Ticks of one page.
pub(super) const TICKS: usize = 64;

/// Number of orders where the venue does not tell.
const UNKNOWN: u32 = u32::MAX;

/// Levels of 64 neighbouring ticks. Keys are units flipped as prices are: greater is better.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Page {
    pub(super) occupied: u64,
    counted: u64,
    pub(super) tag: i64,
    pub(super) leaf: u32,
    unused: u32,
    quantities: [i64; TICKS],
    orders: [u32; TICKS],
}

const _: () = assert!(size_of::<Page>() == 832 && align_of::<Page>() == 64);
const _: () = assert!(offset_of!(Page, counted) == 8 && offset_of!(Page, tag) == 16);
const _: () = assert!(offset_of!(Page, leaf) == 24 && offset_of!(Page, quantities) == 32);
const _: () = assert!(offset_of!(Page, orders) == 544);

/// Tag of the page that holds the tick `unit` (flipped) of a side.
#[inline(always)]
pub(super) const fn tag_of(side: u32, unit: i64) -> i64 {
    (unit >> 6) << 1 | (side & 1) as i64
}

impl Page {
    pub(super) const EMPTY: Page = Page {
        occupied: 0,
        counted: 0,
        tag: i64::MIN,
        leaf: NIL,
        unused: 0,
        quantities: [0; TICKS],
        orders: [0; TICKS],
    };

    /// Makes it the empty page of a tag. What no bit names is never read, so it stays.
    pub(super) fn begin(&mut self, tag: i64) {
        (self.occupied, self.counted, self.tag, self.leaf) = (0, 0, tag, NIL);
    }

    /// Number of the page on its side; greater is better.
    #[inline(always)]
    pub(super) const fn number(&self) -> i64 {
        self.tag >> 1
    }

    /// 1 if tick `unit & 63` has a level, else 0.
    #[inline(always)]
    pub(super) const fn has(&self, unit: i64) -> u32 {
        (self.occupied >> (unit & 63) & 1) as u32
    }

    /// Sets the level of a tick, or removes it where the quantity is 0.
    #[inline(always)]
    pub(super) fn set(&mut self, unit: i64, quantity: i64, orders: u32) {
        let tick = (unit & 63) as usize;
        let (bit, has) = (1_u64 << tick, u64::from(quantity != 0));
        self.occupied = self.occupied & !bit | has << tick;
        self.quantities[tick] = quantity;
        if orders != UNKNOWN || self.counted & bit != 0 {
            self.counted = self.counted & !bit | u64::from(orders != UNKNOWN) << tick;
            self.orders[tick] = orders;
        }
    }

    /// Quantity of a tick that has a level.
    #[inline(always)]
    pub(super) fn quantity(&self, unit: i64) -> i64 {
        self.quantities[(unit & 63) as usize]
    }

    /// Number of orders of a tick that has a level.
    #[inline(always)]
    pub(super) fn orders(&self, unit: i64) -> u32 {
        let tick = (unit & 63) as usize;
        if self.counted >> tick & 1 != 0 { self.orders[tick] } else { UNKNOWN }
    }

    /// The tick (flipped unit) of a bit of this page.
    #[inline(always)]
    pub(super) const fn unit(&self, tick: u32) -> i64 {
        self.number() << 6 | (tick & 63) as i64
    }

    /// Levels of the page.
    #[inline(always)]
    pub(super) const fn len(&self) -> u32 {
        self.occupied.count_ones()
    }

    /// Levels of the page that are better than a tick.
    #[inline(always)]
    pub(super) const fn better(&self, unit: i64) -> u32 {
        (self.occupied >> (unit & 63) >> 1).count_ones()
    }
}

/// Takes the best tick out of a set of ticks.
#[inline(always)]
pub(super) fn take_best(bits: &mut u64) -> Option<u32> {
    let tick = bits.checked_ilog2()?;
    *bits &= !(1 << tick);
    Some(tick)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_remembers_what_each_tick_was_set_to_last() {
        let mut page = Page::EMPTY;
        page.begin(tag_of(1, -130));
        assert_eq!((page.number(), page.unit(62)), (-3, -130));
        page.set(-130, 5, UNKNOWN);
        page.set(-129, 7, 2);
        assert_eq!((page.len(), page.has(-130), page.has(-131)), (2, 1, 0));
        assert_eq!((page.better(-130), page.better(-129), page.better(-192)), (1, 0, 2));
        assert_eq!((page.orders(-130), page.orders(-129)), (UNKNOWN, 2));
        page.set(-129, 8, UNKNOWN);
        assert_eq!((page.quantity(-129), page.orders(-129)), (8, UNKNOWN));
        page.set(-129, 0, 0);
        page.set(-129, 3, UNKNOWN);
        assert_eq!((page.quantity(-129), page.orders(-129)), (3, UNKNOWN));
        let mut bits = page.occupied;
        assert_eq!([take_best(&mut bits), take_best(&mut bits)], [Some(63), Some(62)]);
        assert_eq!(take_best(&mut bits), None);
    }
}
