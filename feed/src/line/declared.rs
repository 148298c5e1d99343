//! Ranges that were declared missing: whoever brings them afterwards is late.
//!
//! The last 1,024 are remembered. What comes for an older one counts as a copy: it is not taken
//! either way.

use std::collections::VecDeque;

const RANGES: usize = 1024;

/// Ranges in ascending order, none touching what was taken.
#[derive(Debug)]
pub(super) struct Declared {
    ranges: VecDeque<(u64, u64)>,
    /// End of the last one; 0 without any.
    end: u64,
}

impl Declared {
    pub(super) fn new() -> Declared {
        Declared { ranges: VecDeque::with_capacity(RANGES), end: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.ranges.clear();
        self.end = 0;
    }

    /// Adds a range behind all others.
    pub(super) fn push(&mut self, first: u64, end: u64) {
        if self.ranges.len() == RANGES {
            self.ranges.pop_front();
        }
        self.ranges.push_back((first, end));
        self.end = end;
    }

    /// How many numbers of `[first, end)` were declared missing.
    #[inline(always)]
    pub(super) fn count_in(&self, first: u64, end: u64) -> u64 {
        if first >= self.end { 0 } else { self.search(first, end) }
    }

    #[cold]
    fn search(&self, first: u64, end: u64) -> u64 {
        let from = self.ranges.partition_point(|range| range.1 <= first);
        let overlapping = self.ranges.range(from..).take_while(|range| range.0 < end);
        overlapping.map(|range| range.1.min(end) - range.0.max(first)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_where_ranges_overlap() {
        let mut declared = Declared::new();
        assert_eq!(declared.count_in(0, u64::MAX), 0);
        declared.push(5, 9);
        declared.push(20, 1 << 40);
        assert_eq!(declared.count_in(1, 5), 0);
        assert_eq!(declared.count_in(1, 6), 1);
        assert_eq!(declared.count_in(8, 21), 2);
        assert_eq!(declared.count_in(0, u64::MAX), 4 + (1 << 40) - 20);
        assert_eq!(declared.count_in(1 << 40, u64::MAX), 0);
        declared.clear();
        assert_eq!(declared.count_in(5, 9), 0);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut declared = Declared::new();
        (0..RANGES as u64 + 3).for_each(|n| declared.push(10 * n, 10 * n + 1));
        assert_eq!(declared.count_in(0, 30), 0);
        assert_eq!(declared.count_in(0, u64::MAX), RANGES as u64);
    }
}
