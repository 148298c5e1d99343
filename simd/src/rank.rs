//! Rank of a key among sixteen: how many are greater.
//!
//! A side of a book keeps its best levels in one array sorted best first, with `i64::MIN` in the
//! unused places, so the number of greater keys is the place of a price: where it is, or where it
//! would be inserted. Counting all sixteen has no data-dependent branch to mispredict.

/// Keys in one block.
pub const LANES: usize = 16;

/// Number of `keys` that are greater than `key`, 0 to 16: the definition.
#[inline(always)]
#[must_use]
pub fn rank16_scalar(keys: &[i64; LANES], key: i64) -> usize {
    let mut rank = 0;
    for &other in keys {
        rank += usize::from(other > key);
    }
    rank
}

/// Number of `keys` that are greater than `key`, 0 to 16.
#[inline(always)]
#[must_use]
pub fn rank16(keys: &[i64; LANES], key: i64) -> usize {
    rank16_scalar(keys, key)
}
