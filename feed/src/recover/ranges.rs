//! Which numbers are missing, and to which gap each belongs.
//!
//! Ranges are kept in pieces that do not overlap, ordered by their first number. A request splits
//! pieces at its ends, so that what is known of a piece (how often it was asked for) holds for all
//! of its numbers. Work is bound to pieces, never to numbers: a gap of 2^40 is one piece.

use std::collections::BTreeMap;
use std::ops::Range;

/// Numbers that are missing, with one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// End, exclusive.
    pub end: u64,
    /// Its gap.
    pub gap: u32,
    /// Requests for it that came to nothing.
    pub failed: u16,
    /// Server that was asked last.
    pub server: u8,
    /// Whether something came that was not what was asked for.
    pub refused: bool,
    /// Servers that said what these messages are, a bit each, where one is not enough.
    pub said: u64,
}

/// All that is missing.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    pieces: BTreeMap<u64, Piece>,
    gaps: BTreeMap<u32, Range<u64>>,
}

/// A server's bit in [`Piece::said`]; those beyond the 64th have none.
pub fn bit(server: u8) -> u64 {
    1_u64.checked_shl(u32::from(server)).unwrap_or(0)
}

/// No server was asked yet.
pub const NONE_ASKED: u8 = u8::MAX;

impl Missing {
    /// Adds the numbers of a gap. What is missing already stays with the gap that it has.
    pub fn insert(&mut self, gap: u32, range: Range<u64>) {
        let mut at = range.start;
        let mut holes = Vec::new();
        for taken in self.runs(range.clone()) {
            if at < taken.start {
                holes.push(at..taken.start);
            }
            at = taken.end;
        }
        if at < range.end {
            holes.push(at..range.end);
        }
        for hole in &holes {
            let piece = Piece {
                end: hole.end,
                gap,
                failed: 0,
                server: NONE_ASKED,
                refused: false,
                said: 0,
            };
            self.pieces.insert(hole.start, piece);
        }
        if !holes.is_empty() {
            let known = self.gaps.entry(gap).or_insert_with(|| range.clone());
            *known = known.start.min(range.start)..known.end.max(range.end);
        }
    }

    /// Nothing is missing any more.
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.gaps.clear();
    }

    /// How many gaps have numbers missing.
    pub fn gaps(&self) -> usize {
        self.gaps.len()
    }

    /// Removes all that is left of a gap; the range that it is in, if anything was.
    pub fn forget(&mut self, gap: u32) -> Option<Range<u64>> {
        let range = self.gaps.remove(&gap)?;
        let own: Vec<u64> = self
            .pieces
            .range(range.clone())
            .filter(|(_, piece)| piece.gap == gap)
            .map(|(&first, _)| first)
            .collect();
        for first in &own {
            self.pieces.remove(first);
        }
        Some(range)
    }

    /// Removes numbers that came.
    pub fn remove(&mut self, range: Range<u64>) {
        self.split(range.start);
        self.split(range.end);
        let gone: Vec<(u64, u32)> =
            self.pieces.range(range).map(|(&first, piece)| (first, piece.gap)).collect();
        for (first, gap) in gone {
            self.pieces.remove(&first);
            if !self.has_any_of(gap) {
                self.gaps.remove(&gap);
            }
        }
    }

    fn has_any_of(&self, gap: u32) -> bool {
        let Some(range) = self.gaps.get(&gap) else { return false };
        self.pieces.range(range.clone()).any(|(_, piece)| piece.gap == gap)
    }

    /// What is missing of a range, in order.
    pub fn runs(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut runs = Vec::new();
        if range.is_empty() {
            return runs;
        }
        let before = self.pieces.range(..range.start).next_back();
        for (&first, piece) in before.into_iter().chain(self.pieces.range(range.clone())) {
            let run = first.max(range.start)..piece.end.min(range.end);
            if !run.is_empty() {
                runs.push(run);
            }
        }
        runs
    }

    /// Whether a server could still say something about any number of a range.
    pub fn any_unsaid(&self, range: Range<u64>, server: u8) -> bool {
        let bit = bit(server);
        let before = self.pieces.range(..range.start).next_back();
        let before = before.filter(|(_, piece)| piece.end > range.start);
        let within = self.pieces.range(range.start..range.end.max(range.start));
        before.into_iter().chain(within).any(|(_, piece)| piece.said & bit == 0)
    }

    /// The first piece that begins at `at` or later.
    pub fn from(&self, at: u64) -> Option<(u64, Piece)> {
        self.pieces.range(at..).next().map(|(&first, &piece)| (first, piece))
    }

    /// Makes pieces end at `at` and begin there.
    pub fn split(&mut self, at: u64) {
        let Some((_, piece)) = self.pieces.range_mut(..at).next_back() else { return };
        if piece.end > at {
            let rest = *piece;
            piece.end = at;
            self.pieces.insert(at, rest);
        }
    }

    /// The pieces of a range, to note what became of a request for it. The range's ends are split
    /// first.
    pub fn pieces_mut(&mut self, range: Range<u64>) -> impl Iterator<Item = &mut Piece> {
        self.split(range.start);
        self.split(range.end);
        // A range that is empty or the wrong way round has no pieces; the map would panic.
        let range = range.start..range.end.max(range.start);
        self.pieces.range_mut(range).map(|(_, piece)| piece)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Insert(u32, u64, u64),
        Remove(u64, u64),
        Forget(u32),
        Split(u64),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            (0..6_u32, 1..200_u64, 0..60_u64).prop_map(|(g, f, n)| Op::Insert(g, f, f + n)),
            (1..220_u64, 0..80_u64).prop_map(|(f, n)| Op::Remove(f, f + n)),
            (0..6_u32).prop_map(Op::Forget),
            (1..250_u64).prop_map(Op::Split),
        ]
    }

    proptest! {
        /// A map of single numbers knows the same.
        #[test]
        fn ranges_are_what_single_numbers_are(ops in prop::collection::vec(op(), 1..80)) {
            let mut ranges = Missing::default();
            let mut single: BTreeMap<u64, u32> = BTreeMap::new();
            for op in ops {
                match op {
                    Op::Insert(gap, first, end) => {
                        ranges.insert(gap, first..end);
                        (first..end).for_each(|n| { single.entry(n).or_insert(gap); });
                    }
                    Op::Remove(first, end) => {
                        ranges.remove(first..end);
                        (first..end).for_each(|n| { single.remove(&n); });
                    }
                    Op::Forget(gap) => {
                        let had = single.values().any(|&g| g == gap);
                        prop_assert_eq!(ranges.forget(gap).is_some(), had);
                        single.retain(|_, g| *g != gap);
                    }
                    Op::Split(at) => ranges.split(at),
                }
                let known: Vec<u64> = ranges.runs(0..1_000).into_iter().flatten().collect();
                prop_assert_eq!(known, single.keys().copied().collect::<Vec<_>>());
                let gaps: std::collections::BTreeSet<_> = single.values().collect();
                prop_assert_eq!(ranges.gaps(), gaps.len());
                for at in (0..300).step_by(7) {
                    let range = at..at + 11;
                    let any = single.range(range.clone()).next().is_some();
                    prop_assert_eq!(ranges.any_unsaid(range.clone(), 3), any);
                    let part: Vec<u64> = ranges.runs(range.clone()).into_iter().flatten().collect();
                    prop_assert_eq!(
                        part, single.range(range).map(|(&n, _)| n).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn a_gap_of_2_to_the_40_is_one_piece() {
        let mut missing = Missing::default();
        missing.insert(1, 10..1 << 40);
        missing.remove(20..30);
        assert_eq!(missing.runs(0..u64::MAX), [10..20, 30..1 << 40]);
        assert!(missing.forget(1).is_some() && missing.from(0).is_none());
    }
}
