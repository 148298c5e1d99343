//! Books of limited depth: up to which price a side is known.
//!
//! A refresh of depth n brings the best n levels of a side, but the changes that follow are of all
//! levels. So after such a refresh a side is known exactly up to the price of its last level, its
//! floor, and not at all beyond it: what is beyond is left out, and never shown. Levels that are
//! used up are not replaced from beyond the floor; the next refresh does that.

use wire::{NONE, Side};

/// Floors of all books of a lane; no memory until a refresh of limited depth comes.
#[derive(Debug)]
pub(super) struct Floors {
    instruments: usize,
    floors: Vec<[i64; 2]>,
}

impl Floors {
    pub(super) fn new(instruments: usize) -> Floors {
        Floors { instruments, floors: Vec::new() }
    }

    /// The side is known up to `floor`; `None`: it is known whole.
    pub(super) fn set(&mut self, index: u32, side: Side, floor: Option<i64>) {
        if floor.is_some() && self.floors.is_empty() {
            self.floors = vec![[NONE; 2]; self.instruments];
        }
        if let Some(floors) = self.floors.get_mut(index as usize) {
            floors[side as usize] = floor.unwrap_or(NONE);
        }
    }

    #[inline(always)]
    fn get(&self, index: u32, side: Side) -> i64 {
        self.floors.get(index as usize).map_or(NONE, |floors| floors[side as usize])
    }

    /// Whether only a part of the side is known.
    #[inline(always)]
    pub(super) fn is_cut(&self, index: u32, side: Side) -> bool {
        self.get(index, side) != NONE
    }

    /// Whether a price is beyond what is known.
    #[inline(always)]
    pub(super) fn is_beyond(&self, index: u32, side: Side, price: i64) -> bool {
        let floor = self.get(index, side);
        floor != NONE
            && match side {
                Side::Bid => price < floor,
                Side::Ask => price > floor,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_is_worse_than_the_floor() {
        let mut floors = Floors::new(4);
        assert!(!floors.is_beyond(1, Side::Bid, i64::MIN + 1));
        floors.set(1, Side::Bid, Some(100));
        floors.set(1, Side::Ask, Some(110));
        assert!(floors.is_beyond(1, Side::Bid, 99) && !floors.is_beyond(1, Side::Bid, 100));
        assert!(floors.is_beyond(1, Side::Ask, 111) && !floors.is_beyond(1, Side::Ask, 110));
        assert!(floors.is_cut(1, Side::Bid) && !floors.is_cut(2, Side::Bid));
        floors.set(1, Side::Bid, None);
        assert!(!floors.is_cut(1, Side::Bid) && floors.is_cut(1, Side::Ask));
    }
}
