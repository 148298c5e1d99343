//! Levels of one side in order, best first.

use super::Levels;
use crate::side::SideNumber;

/// Iterates over the numbers of a side's levels, best first.
#[derive(Debug, Clone)]
pub(crate) struct Walk<'a> {
    levels: &'a Levels,
    side: SideNumber,
    next: usize,
    end: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(levels: &'a Levels, side: SideNumber) -> Self {
        Walk { levels, side, next: 0, end: levels.len(side) }
    }
}

impl Iterator for Walk<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.next >= self.end {
            return None;
        }
        let number = self.levels.nth(self.side, self.next)?;
        self.next += 1;
        Some(number)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Walk<'_> {}
