//! What can contradict a book, each with its name and its count.

use book::BookError;

/// Why a consumer's book cannot be believed until its next refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inconsistency {
    /// The record does not fit the book: an unknown order, more executed than there was, ...
    Book(BookError),
    /// A refresh had other counts of entries than it announced.
    RefreshCounts,
    /// The end of a refresh came without its begin, or its entries in another order than by price.
    RefreshOrder,
    /// The record says that something else remains than the book has.
    Disagrees,
    /// A book of limited depth has used up all levels of a side that it knew.
    DepthExhausted,
    /// Another instrument of the lane has an order of this number: this book missed its end.
    OrderElsewhere,
}

const OWN: [Inconsistency; 5] = [
    Inconsistency::RefreshCounts,
    Inconsistency::RefreshOrder,
    Inconsistency::Disagrees,
    Inconsistency::DepthExhausted,
    Inconsistency::OrderElsewhere,
];
const BOOK: usize = BookError::ALL.len();
const ALL: usize = BOOK + OWN.len();

impl Inconsistency {
    /// All of them, in order of their index.
    pub fn all() -> impl Iterator<Item = Inconsistency> {
        BookError::ALL.into_iter().map(Inconsistency::Book).chain(OWN)
    }

    /// Name for counters.
    pub const fn name(self) -> &'static str {
        match self {
            Inconsistency::Book(error) => error.name(),
            Inconsistency::RefreshCounts => "refresh_counts",
            Inconsistency::RefreshOrder => "refresh_order",
            Inconsistency::Disagrees => "disagrees",
            Inconsistency::DepthExhausted => "depth_exhausted",
            Inconsistency::OrderElsewhere => "order_elsewhere",
        }
    }

    /// Place in [`Inconsistency::all`].
    pub const fn index(self) -> usize {
        match self {
            Inconsistency::Book(error) => error.index(),
            Inconsistency::RefreshCounts => BOOK,
            Inconsistency::RefreshOrder => BOOK + 1,
            Inconsistency::Disagrees => BOOK + 2,
            Inconsistency::DepthExhausted => BOOK + 3,
            Inconsistency::OrderElsewhere => BOOK + 4,
        }
    }
}

impl From<BookError> for Inconsistency {
    fn from(error: BookError) -> Self {
        Inconsistency::Book(error)
    }
}

/// How often each was met, and what else books count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookCounts {
    inconsistencies: [u64; ALL],
    /// Refreshes that made a book complete.
    pub refreshes: u64,
    /// Refreshes that were given up before their end, and come again.
    pub given_up: u64,
    /// Records of books that were not complete, left out: the next refresh has their effect.
    pub ignored: u64,
    /// Records about prices beyond the depth that was asked for, left out.
    pub beyond_depth: u64,
    /// Gaps of the feed that began.
    pub gaps: u64,
    /// Sessions that began: all books were cleared.
    pub sessions: u64,
    /// Times a table was enlarged.
    pub enlarged: u64,
}

impl Default for BookCounts {
    fn default() -> Self {
        BookCounts {
            inconsistencies: [0; ALL],
            refreshes: 0,
            given_up: 0,
            ignored: 0,
            beyond_depth: 0,
            gaps: 0,
            sessions: 0,
            enlarged: 0,
        }
    }
}

impl BookCounts {
    pub(super) fn count(&mut self, what: Inconsistency) {
        if let Some(count) = self.inconsistencies.get_mut(what.index()) {
            *count += 1;
        }
    }

    /// How often an inconsistency was met.
    pub fn of(&self, what: Inconsistency) -> u64 {
        self.inconsistencies.get(what.index()).copied().unwrap_or(0)
    }

    /// All inconsistencies together.
    pub fn total(&self) -> u64 {
        self.inconsistencies.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_place_and_names_differ() {
        let all: Vec<Inconsistency> = Inconsistency::all().collect();
        assert_eq!(all.len(), ALL);
        for (place, what) in all.iter().enumerate() {
            assert_eq!(what.index(), place);
        }
        let mut names: Vec<&str> = all.iter().map(|what| what.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL);
    }
}
