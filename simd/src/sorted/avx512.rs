//! The kernels for AVX-512: sixteen keys are two registers, sixteen values are one.

use core::arch::x86_64::{
    __m512i, __mmask16, _mm512_alignr_epi32, _mm512_alignr_epi64, _mm512_cmpgt_epi64_mask,
    _mm512_loadu_si512, _mm512_mask_mov_epi32, _mm512_mask_mov_epi64, _mm512_maskz_mov_epi32,
    _mm512_reduce_add_epi32, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_storeu_si512,
};

use super::LANES;

#[inline]
#[target_feature(enable = "avx512f")]
fn load_keys(keys: &[i64; LANES]) -> (__m512i, __m512i) {
    let (first, last) = keys.split_at(LANES / 2);
    // SAFETY: each half is 8 keys, 64 readable bytes; the loads need no alignment.
    unsafe { (_mm512_loadu_si512(first.as_ptr().cast()), _mm512_loadu_si512(last.as_ptr().cast())) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_keys(keys: &mut [i64; LANES], low: __m512i, high: __m512i) {
    let (first, last) = keys.split_at_mut(LANES / 2);
    // SAFETY: each half is 8 keys, 64 writable bytes; the stores need no alignment.
    unsafe {
        _mm512_storeu_si512(first.as_mut_ptr().cast(), low);
        _mm512_storeu_si512(last.as_mut_ptr().cast(), high);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_values(values: &[u32; LANES]) -> __m512i {
    // SAFETY: `values` is 64 readable bytes; the load needs no alignment.
    unsafe { _mm512_loadu_si512(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_values(values: &mut [u32; LANES], all: __m512i) {
    // SAFETY: `values` is 64 writable bytes; the store needs no alignment.
    unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), all) }
}

/// A bit for each place from `place` on; none for 16 or more.
#[inline(always)]
fn from(place: usize) -> __mmask16 {
    (0xffff_u32 << place.min(LANES)) as __mmask16
}

/// A bit for `place`; none for 16 or more.
#[inline(always)]
fn at(place: usize) -> __mmask16 {
    (1_u32 << place.min(LANES)) as __mmask16
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn rank(keys: &[i64; LANES], key: i64) -> usize {
    let (low, high) = load_keys(keys);
    let key = _mm512_set1_epi64(key);
    let low = u32::from(_mm512_cmpgt_epi64_mask(low, key));
    let high = u32::from(_mm512_cmpgt_epi64_mask(high, key));
    (low | high << 8).count_ones() as usize
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn insert(
    keys: &mut [i64; LANES],
    values: &mut [u32; LANES],
    place: usize,
    key: i64,
    value: u32,
) {
    let (behind, here) = (from(place), at(place));
    let (low, high) = load_keys(keys);
    // Each lane's lower neighbour; the first lane of all has none and is never taken.
    let low_moved = _mm512_alignr_epi64::<7>(low, low);
    let high_moved = _mm512_alignr_epi64::<7>(high, low);
    let low = _mm512_mask_mov_epi64(low, behind as u8, low_moved);
    let high = _mm512_mask_mov_epi64(high, (behind >> 8) as u8, high_moved);
    let key = _mm512_set1_epi64(key);
    let low = _mm512_mask_mov_epi64(low, here as u8, key);
    let high = _mm512_mask_mov_epi64(high, (here >> 8) as u8, key);
    store_keys(keys, low, high);
    let all = load_values(values);
    let all = _mm512_mask_mov_epi32(all, behind, _mm512_alignr_epi32::<15>(all, all));
    let all = _mm512_mask_mov_epi32(all, here, _mm512_set1_epi32(value.cast_signed()));
    store_values(values, all);
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn remove(
    keys: &mut [i64; LANES],
    values: &mut [u32; LANES],
    place: usize,
    key: i64,
    value: u32,
) {
    let behind = from(place);
    let (low, high) = load_keys(keys);
    // Each lane's upper neighbour; that of the last lane is `key`.
    let low_moved = _mm512_alignr_epi64::<1>(high, low);
    let high_moved = _mm512_alignr_epi64::<1>(_mm512_set1_epi64(key), high);
    let low = _mm512_mask_mov_epi64(low, behind as u8, low_moved);
    let high = _mm512_mask_mov_epi64(high, (behind >> 8) as u8, high_moved);
    store_keys(keys, low, high);
    let all = load_values(values);
    let moved = _mm512_alignr_epi32::<1>(_mm512_set1_epi32(value.cast_signed()), all);
    store_values(values, _mm512_mask_mov_epi32(all, behind, moved));
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn sum(values: &[u32; LANES], count: usize) -> u32 {
    let first = _mm512_maskz_mov_epi32(!from(count), load_values(values));
    _mm512_reduce_add_epi32(first).cast_unsigned()
}
