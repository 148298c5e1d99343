//! The kernel that is worth having without a call: in SSE2, which every x86-64 processor has, so it
//! becomes part of the loop around it.

use core::arch::x86_64::{
    __m128i, _mm_cmpgt_epi32, _mm_loadu_si128, _mm_movemask_epi8, _mm_packs_epi16, _mm_packs_epi32,
    _mm_set1_epi32, _mm_setzero_si128,
};

use super::{LINE_HEAD, LINE_LANES, Line};

/// Of sorted lanes the greater ones come first, so they are counted by the place of the first that
/// is not greater.
#[inline(always)]
pub(super) fn rank(line: &Line, key: i32) -> usize {
    let lanes = line.lanes.as_ptr().cast::<__m128i>();
    // SAFETY: the instructions are part of SSE2, which every x86-64 processor has. The lanes are 48
    // readable bytes without padding, three times 16; the loads need no alignment.
    let greater = unsafe {
        let key = _mm_set1_epi32(key);
        let a = _mm_cmpgt_epi32(_mm_loadu_si128(lanes), key);
        let b = _mm_cmpgt_epi32(_mm_loadu_si128(lanes.add(1)), key);
        let c = _mm_cmpgt_epi32(_mm_loadu_si128(lanes.add(2)), key);
        let words = _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, _mm_setzero_si128()));
        _mm_movemask_epi8(words)
    };
    (!greater).trailing_zeros() as usize
}

const _: () = assert!(LINE_LANES == 12 && LINE_HEAD == 4);
