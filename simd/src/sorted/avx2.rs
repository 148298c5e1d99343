//! The kernels for AVX2: comparison written out, the rest as the compiler vectorises it.

use core::arch::x86_64::{
    __m256i, _mm256_castsi256_pd, _mm256_cmpgt_epi64, _mm256_loadu_si256, _mm256_movemask_pd,
    _mm256_set1_epi64x,
};

use super::{LANES, plain};

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn rank(keys: &[i64; LANES], key: i64) -> usize {
    let key = _mm256_set1_epi64x(key);
    let mut greater = 0;
    for (chunk, keys) in keys.as_chunks::<4>().0.iter().enumerate() {
        // SAFETY: `keys` is 32 readable bytes; the load needs no alignment.
        let keys = unsafe { _mm256_loadu_si256(keys.as_ptr().cast::<__m256i>()) };
        let mask = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(keys, key)));
        greater |= mask << (4 * chunk);
    }
    greater.count_ones() as usize
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn insert(
    keys: &mut [i64; LANES],
    values: &mut [u32; LANES],
    place: usize,
    key: i64,
    value: u32,
) {
    plain::insert(keys, values, place, key, value);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn remove(
    keys: &mut [i64; LANES],
    values: &mut [u32; LANES],
    place: usize,
    key: i64,
    value: u32,
) {
    plain::remove(keys, values, place, key, value);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn sum(values: &[u32; LANES], count: usize) -> u32 {
    plain::sum(values, count)
}
