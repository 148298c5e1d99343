//! The kernels for AVX2: a line is two registers.

use core::arch::x86_64::{
    __m256i, _mm256_alignr_epi8, _mm256_blend_epi32, _mm256_blendv_epi8, _mm256_castsi256_ps,
    _mm256_cmpeq_epi32, _mm256_cmpgt_epi32, _mm256_loadu_si256, _mm256_movemask_ps,
    _mm256_permute2x128_si256, _mm256_permutevar8x32_epi32, _mm256_set1_epi32, _mm256_setr_epi32,
    _mm256_storeu_si256,
};

use super::{LINE_HEAD, LINE_LANES, Line};

#[inline]
#[target_feature(enable = "avx2")]
fn load(line: &Line) -> (__m256i, __m256i) {
    let words = core::ptr::from_ref(line).cast::<__m256i>();
    // SAFETY: a `Line` is 64 readable bytes without padding; the loads need no alignment.
    unsafe { (_mm256_loadu_si256(words), _mm256_loadu_si256(words.add(1))) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(line: &mut Line, low: __m256i, high: __m256i) {
    let words = core::ptr::from_mut(line).cast::<__m256i>();
    // SAFETY: a `Line` is 64 writable bytes, and any bits are a `Line`; the stores need no
    // alignment.
    unsafe {
        _mm256_storeu_si256(words, low);
        _mm256_storeu_si256(words.add(1), high);
    }
}

/// Numbers of the words of a line.
#[inline]
#[target_feature(enable = "avx2")]
fn numbers() -> (__m256i, __m256i) {
    (_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))
}

/// The word in which lane `place` is; behind the line for 12 and more.
#[inline(always)]
fn word(place: usize) -> i32 {
    (place.min(LINE_LANES) + LINE_HEAD) as i32
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn rank(keys: &Line, key: i32) -> usize {
    let (low, high) = load(keys);
    let key = _mm256_set1_epi32(key);
    let low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(low, key))) >> LINE_HEAD;
    let high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(high, key)));
    (low | high << LINE_HEAD).count_ones() as usize
}

#[inline]
#[target_feature(enable = "avx2")]
fn insert_one(line: &mut Line, place: usize, value: u32) {
    let (low, high) = load(line);
    // Each word's lower neighbour; the word below the line is never chosen.
    let across = _mm256_permute2x128_si256::<0x21>(low, high);
    let low_moved = _mm256_alignr_epi8::<12>(low, _mm256_permute2x128_si256::<0x00>(low, low));
    let high_moved = _mm256_alignr_epi8::<12>(high, across);
    let (first, last) = numbers();
    let (at, value) = (_mm256_set1_epi32(word(place)), _mm256_set1_epi32(value.cast_signed()));
    let low = _mm256_blendv_epi8(low, low_moved, _mm256_cmpgt_epi32(first, at));
    let high = _mm256_blendv_epi8(high, high_moved, _mm256_cmpgt_epi32(last, at));
    let low = _mm256_blendv_epi8(low, value, _mm256_cmpeq_epi32(first, at));
    let high = _mm256_blendv_epi8(high, value, _mm256_cmpeq_epi32(last, at));
    store(line, low, high);
}

#[inline]
#[target_feature(enable = "avx2")]
fn remove_one(line: &mut Line, place: usize, filler: u32) {
    let (low, high) = load(line);
    // Each word's upper neighbour; that of the last word is the filler.
    let filler = _mm256_set1_epi32(filler.cast_signed());
    let low_moved = _mm256_alignr_epi8::<4>(_mm256_permute2x128_si256::<0x21>(low, high), low);
    let high_moved = _mm256_alignr_epi8::<4>(_mm256_permute2x128_si256::<0x21>(high, filler), high);
    let (first, last) = numbers();
    let before = _mm256_set1_epi32(word(place) - 1);
    let low = _mm256_blendv_epi8(low, low_moved, _mm256_cmpgt_epi32(first, before));
    let high = _mm256_blendv_epi8(high, high_moved, _mm256_cmpgt_epi32(last, before));
    store(line, low, high);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn insert(keys: &mut Line, values: &mut Line, place: usize, key: i32, value: u32) {
    insert_one(keys, place, key.cast_unsigned());
    insert_one(values, place, value);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn remove(keys: &mut Line, values: &mut Line, place: usize, key: i32, value: u32) {
    remove_one(keys, place, key.cast_unsigned());
    remove_one(values, place, value);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn take_out(words: &mut [u32; 8], value: u32, filler: u32) {
    // SAFETY: `words` is 32 readable bytes; the load needs no alignment.
    let old = unsafe { _mm256_loadu_si256(words.as_ptr().cast::<__m256i>()) };
    let same = _mm256_cmpeq_epi32(old, _mm256_set1_epi32(value.cast_signed()));
    let found = _mm256_movemask_ps(_mm256_castsi256_ps(same)).cast_unsigned();
    // 8, behind all, where it is not found.
    let place = (found | 0x100).trailing_zeros().cast_signed();
    let upper = _mm256_permutevar8x32_epi32(old, _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 7));
    let upper = _mm256_blend_epi32::<0x80>(upper, _mm256_set1_epi32(filler.cast_signed()));
    let before = _mm256_set1_epi32(place - 1);
    let new = _mm256_blendv_epi8(old, upper, _mm256_cmpgt_epi32(numbers().0, before));
    // SAFETY: `words` is 32 writable bytes; the store needs no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast::<__m256i>(), new) };
}
