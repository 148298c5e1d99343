//! The kernels for AVX-512: a line is one register.

use core::arch::x86_64::{
    __m512i, __mmask16, _mm512_alignr_epi32, _mm512_cmpgt_epi32_mask, _mm512_loadu_si512,
    _mm512_mask_mov_epi32, _mm512_set1_epi32, _mm512_storeu_si512,
};

use super::{LINE_HEAD, LINE_LANES, Line};

#[inline]
#[target_feature(enable = "avx512f")]
fn load(line: &Line) -> __m512i {
    // SAFETY: a `Line` is 64 readable bytes without padding; the load needs no alignment.
    unsafe { _mm512_loadu_si512(core::ptr::from_ref(line).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(line: &mut Line, all: __m512i) {
    // SAFETY: a `Line` is 64 writable bytes, and any bits are a `Line`; the store needs no
    // alignment.
    unsafe { _mm512_storeu_si512(core::ptr::from_mut(line).cast(), all) }
}

/// A bit for the word of lane `place`; none for 12 or more.
#[inline(always)]
fn at(place: usize) -> __mmask16 {
    (1_u32 << (place.min(LINE_LANES) + LINE_HEAD)) as __mmask16
}

/// A bit for each word from that of lane `place` on; none for 12 or more.
#[inline(always)]
fn from(place: usize) -> __mmask16 {
    (0xffff_u32 << (place.min(LINE_LANES) + LINE_HEAD)) as __mmask16
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn rank(keys: &Line, key: i32) -> usize {
    let greater = _mm512_cmpgt_epi32_mask(load(keys), _mm512_set1_epi32(key));
    (u32::from(greater) >> LINE_HEAD).count_ones() as usize
}

#[inline]
#[target_feature(enable = "avx512f")]
fn insert_one(line: &mut Line, here: __mmask16, behind: __mmask16, value: u32) {
    let all = load(line);
    let all = _mm512_mask_mov_epi32(all, behind, _mm512_alignr_epi32::<15>(all, all));
    store(line, _mm512_mask_mov_epi32(all, here, _mm512_set1_epi32(value.cast_signed())));
}

#[inline]
#[target_feature(enable = "avx512f")]
fn remove_one(line: &mut Line, behind: __mmask16, filler: u32) {
    let all = load(line);
    let moved = _mm512_alignr_epi32::<1>(_mm512_set1_epi32(filler.cast_signed()), all);
    store(line, _mm512_mask_mov_epi32(all, behind, moved));
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn insert(keys: &mut Line, values: &mut Line, place: usize, key: i32, value: u32) {
    let (here, behind) = (at(place), from(place));
    insert_one(keys, here, behind, key.cast_unsigned());
    insert_one(values, here, behind, value);
}

#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) fn remove(keys: &mut Line, values: &mut Line, place: usize, key: i32, value: u32) {
    let behind = from(place);
    remove_one(keys, behind, key.cast_unsigned());
    remove_one(values, behind, value);
}

#[inline]
#[target_feature(enable = "avx2,avx512f,popcnt")]
pub(super) fn take_out(words: &mut [u32; 8], value: u32, filler: u32) {
    // Eight words are a register of AVX2, which every processor with AVX-512 has.
    super::avx2::take_out(words, value, filler);
}
