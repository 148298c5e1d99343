//! One side of a book, put together from the datagrams that carry it.
//!
//! A side of more than seven levels comes in several datagrams, of which only the last is marked.
//! So a datagram that was lost can leave a side that looks whole and is not. A side is therefore
//! certain only if nothing was missing in its group since the one before it; the publisher sends
//! everything again within seconds.

use wire::datagram::BookItem;

/// Most levels of a side that are kept.
pub const MAX_LEVELS: usize = 64;

/// A level: price and quantity, 10^-8.
pub type Level = (i64, i64);

/// One side of a book.
#[derive(Clone, Debug, Default)]
pub struct BookSide {
    /// Levels, best first, of the last whole side.
    levels: Vec<Level>,
    /// Levels of a side whose last datagram has not come.
    pending: Vec<Level>,
    is_known: bool,
    is_certain: bool,
    /// Break of the group's numbers at the last whole side.
    break_at: u64,
    /// Sides that were given up because another one began.
    pub broken: u64,
    /// Levels beyond [`MAX_LEVELS`].
    pub cut: u64,
}

impl BookSide {
    /// Takes a datagram; `breaks` counts the places where its group's numbers were not complete.
    pub fn take(&mut self, is_bid: bool, is_last: bool, items: &[BookItem], breaks: u64) {
        for item in items {
            let level = (item.price.get(), item.quantity.get());
            let follows = self
                .pending
                .last()
                .is_none_or(|&(price, _)| if is_bid { level.0 < price } else { level.0 > price });
            if !follows {
                // Not worse than the level before it: another side begins.
                self.broken += 1;
                self.pending.clear();
            }
            if self.pending.len() < MAX_LEVELS {
                self.pending.push(level);
            } else {
                self.cut += 1;
            }
        }
        if is_last {
            self.is_certain = self.break_at == breaks;
            self.is_known = true;
            self.break_at = breaks;
            std::mem::swap(&mut self.levels, &mut self.pending);
            self.pending.clear();
        }
    }

    /// Forgets the side: its book is not live, or its publisher began anew.
    pub fn clear(&mut self) {
        self.levels.clear();
        self.pending.clear();
        (self.is_known, self.is_certain) = (false, false);
    }

    /// Levels, best first.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// Whether a whole side has been received since the book was live.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// Whether nothing can be missing from it.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.is_known && self.is_certain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(levels: &[Level]) -> Vec<BookItem> {
        let item = |&(price, quantity): &Level| BookItem {
            price: price.into(),
            quantity: quantity.into(),
        };
        levels.iter().map(item).collect()
    }

    #[test]
    fn a_side_is_whole_with_its_last_datagram() {
        let mut side = BookSide::default();
        side.take(true, false, &items(&[(10, 1), (9, 1)]), 0);
        assert!(!side.is_known() && side.levels().is_empty());
        side.take(true, true, &items(&[(8, 1)]), 0);
        assert_eq!(side.levels(), [(10, 1), (9, 1), (8, 1)]);
        assert!(side.is_certain());
        side.take(true, true, &[], 0);
        assert!(side.is_known() && side.levels().is_empty());
    }

    #[test]
    fn after_a_hole_the_next_side_is_not_certain() {
        let mut side = BookSide::default();
        side.take(false, true, &items(&[(10, 1)]), 0);
        side.take(false, true, &items(&[(12, 1)]), 1);
        assert!(side.is_known() && !side.is_certain());
        side.take(false, true, &items(&[(10, 1)]), 1);
        assert!(side.is_certain());
    }

    #[test]
    fn a_side_without_its_end_gives_way_to_the_next() {
        let mut side = BookSide::default();
        side.take(true, false, &items(&[(10, 1), (9, 1)]), 0);
        side.take(true, true, &items(&[(10, 2), (8, 1)]), 1);
        assert_eq!((side.levels(), side.broken), (&[(10, 2), (8, 1)][..], 1));
        assert!(!side.is_certain());
    }

    #[test]
    fn levels_are_bounded() {
        let mut side = BookSide::default();
        let many: Vec<Level> = (0..100).map(|n| (n, 1)).collect();
        side.take(false, true, &items(&many), 0);
        assert_eq!((side.levels().len(), side.cut), (MAX_LEVELS, 36));
    }
}
