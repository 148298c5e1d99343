//! Sets of sequence numbers as merged ranges: what a line did not carry, what it changed.
//!
//! A line's losses come in order, so a set grows at its end only and stays as small as the number
//! of separate holes. What no line carried, the gap that every receiver must find, is the
//! intersection of what each one lost.

use serde::Serialize;

/// Numbers from `first` up to, not including, `end`: the form in which gap records give a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    /// The first number.
    pub first: u64,
    /// The number after the last.
    pub end: u64,
}

impl Range {
    /// How many numbers it holds.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Ranges in rising order that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Ranges(Vec<Range>);

impl Ranges {
    /// Adds numbers none of which lies before those that were added last.
    pub fn add(&mut self, first: u64, end: u64) {
        if end <= first {
            return;
        }
        match self.0.last_mut() {
            Some(last) if first <= last.end => last.end = last.end.max(end),
            _ => self.0.push(Range { first, end }),
        }
    }

    /// The ranges, rising.
    #[must_use]
    pub fn as_slice(&self) -> &[Range] {
        &self.0
    }

    /// How many numbers there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().map(Range::len).sum()
    }

    /// The numbers that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Self::default();
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            both.add(a.first.max(b.first), a.end.min(b.end));
            if a.end <= b.end {
                ours.next()
            } else {
                theirs.next()
            };
        }
        both
    }

    /// The numbers that are in all of the sets; none if there is no set.
    pub fn in_all<'a>(sets: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sets = sets.into_iter();
        let first = sets.next().cloned().unwrap_or_default();
        sets.fold(first, |common, set| common.intersection(set))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::{Range, Ranges};

    fn of(numbers: &BTreeSet<u64>) -> Ranges {
        let mut ranges = Ranges::default();
        numbers.iter().for_each(|number| ranges.add(*number, number + 1));
        ranges
    }

    fn members(ranges: &Ranges) -> BTreeSet<u64> {
        ranges.as_slice().iter().flat_map(|range| range.first..range.end).collect()
    }

    #[test]
    fn neighbours_are_one_range() {
        let ranges = of(&[3, 4, 5, 9, 11, 12].into());
        let expected = [(3, 6), (9, 10), (11, 13)].map(|(first, end)| Range { first, end });
        assert_eq!(ranges.as_slice(), expected);
        assert_eq!(ranges.total(), 6);
    }

    proptest! {
        #[test]
        fn agrees_with_sets(
            sets in prop::collection::vec(prop::collection::btree_set(0_u64..60, 0..50), 0..5),
        ) {
            let ranges: Vec<Ranges> = sets.iter().map(of).collect();
            for (set, ranges) in sets.iter().zip(&ranges) {
                prop_assert_eq!(&members(ranges), set);
                prop_assert_eq!(ranges.total(), set.len() as u64);
            }
            let common = sets
                .iter()
                .cloned()
                .reduce(|a, b| a.intersection(&b).copied().collect())
                .unwrap_or_default();
            let found = Ranges::in_all(&ranges);
            prop_assert_eq!(&found, &of(&common), "merged the same way");
            prop_assert_eq!(members(&found), common);
        }
    }
}
