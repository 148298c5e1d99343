//! Kernels over one cache line of twelve sorted places: find, insert, remove, take out.
//!
//! A line has a head of four words, which are the owner's, and twelve lanes. A side of a book keeps
//! its best levels in two such lines: keys, sorted best first as signed 32-bit distances from a
//! price in the head, and numbers of the levels. One line is then all that has to be fetched to
//! tell where a price is, which counts for more than instructions where a line comes from memory.
//!
//! All kernels touch all lanes whatever the data, so there is no branch to mispredict on where in
//! the book an event happens. The [`plain`] forms are the definition.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;
#[cfg(test)]
mod tests;

use crate::isa::{Isa, Level, dispatch};

/// Lanes of a [`Line`].
pub const LINE_LANES: usize = 12;

/// Words of the head of a [`Line`].
pub const LINE_HEAD: usize = 4;

/// One cache line: a head that no kernel changes, and twelve lanes.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 16 | head |
/// | 16 | 48 | lanes |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Line {
    /// The owner's words.
    pub head: [u32; LINE_HEAD],
    /// What the kernels work on. As keys they are signed numbers, kept as their bits.
    pub lanes: [u32; LINE_LANES],
}

const _: () = assert!(size_of::<Line>() == 64 && align_of::<Line>() == 64);
const _: () = assert!(core::mem::offset_of!(Line, lanes) == 16);

impl Isa {
    /// Number of lanes that are, as signed numbers, greater than `key`: 0 to 12.
    #[inline(always)]
    #[must_use]
    pub fn line_rank(self, keys: &Line, key: i32) -> usize {
        dispatch!(self, rank(keys, key))
    }

    /// Puts `key` and `value` into lane `place` of the two lines; what was there and behind moves
    /// back by one, the last is lost. A place of 12 or more changes nothing.
    #[inline(always)]
    pub fn line_insert(
        self,
        keys: &mut Line,
        values: &mut Line,
        place: usize,
        (key, value): (i32, u32),
    ) {
        dispatch!(self, insert(keys, values, place, key, value));
    }

    /// Takes out lane `place` of the two lines; what is behind moves up by one and `key` and
    /// `value` fill the last lane. A place of 12 or more changes nothing.
    #[inline(always)]
    pub fn line_remove(
        self,
        keys: &mut Line,
        values: &mut Line,
        place: usize,
        (key, value): (i32, u32),
    ) {
        dispatch!(self, remove(keys, values, place, key, value));
    }

    /// Takes `value` out of eight words, where it is at most once; what is behind it moves up by
    /// one and `filler` fills the last. Without it nothing changes.
    #[inline(always)]
    pub fn take_out(self, words: &mut [u32; 8], value: u32, filler: u32) {
        dispatch!(self, take_out(words, value, filler));
    }
}
