//! Kernels over sixteen sorted places: find, insert, remove, and sum.
//!
//! A side of a book keeps its best levels in arrays sorted best first, with the smallest value in
//! the unused places. The number of greater keys is then the place of a price: where it is, or
//! where it would be inserted. All kernels touch all sixteen places whatever the data, so there is
//! no branch to mispredict on where in the book an event happens.
//!
//! The [`plain`] forms are the definition. The compiler does not turn them into the obvious vector
//! instructions even when it may use them (it takes a 16-lane comparison apart bit by bit), hence
//! the forms written out in [`avx512`] and [`avx2`].

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod plain;
#[cfg(test)]
mod tests;

use crate::isa::{Isa, Level, dispatch};

/// Places of one array.
pub const LANES: usize = 16;

impl Isa {
    /// Number of `keys` that are greater than `key`, 0 to 16.
    #[inline(always)]
    #[must_use]
    pub fn rank(self, keys: &[i64; LANES], key: i64) -> usize {
        dispatch!(self, rank(keys, key))
    }

    /// Puts `key` and `value` at `place` of the two arrays; what was there and behind moves back
    /// by one, the last is lost. A place of 16 or more changes nothing.
    #[inline(always)]
    pub fn insert(
        self,
        keys: &mut [i64; LANES],
        values: &mut [u32; LANES],
        place: usize,
        (key, value): (i64, u32),
    ) {
        dispatch!(self, insert(keys, values, place, key, value));
    }

    /// Takes out what is at `place` of the two arrays; what is behind moves up by one and `key`
    /// and `value` fill the last place. A place of 16 or more changes nothing.
    #[inline(always)]
    pub fn remove(
        self,
        keys: &mut [i64; LANES],
        values: &mut [u32; LANES],
        place: usize,
        (key, value): (i64, u32),
    ) {
        dispatch!(self, remove(keys, values, place, key, value));
    }

    /// Sum of the first `count` values, of all where `count` is 16 or more. Wraps at 2^32.
    #[inline(always)]
    #[must_use]
    pub fn sum(self, values: &[u32; LANES], count: usize) -> u32 {
        dispatch!(self, sum(values, count))
    }
}
