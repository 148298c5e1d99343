//! Prefetch: asks the processor to bring a cache line in before it is needed.
//!
//! An order table is larger than any cache and its next line is known as soon as the message is
//! framed, so the hint hides most of a memory access. A hint never faults and changes no value;
//! taking a reference (or a checked index) keeps the callers free of pointers.

/// Hints that the cache line where `value` begins will be read soon.
#[inline(always)]
pub fn prefetch_read<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = core::ptr::from_ref(value).cast::<i8>();
        // SAFETY: the instruction is part of SSE, which every x86-64 processor has, and a prefetch
        // of any address is architecturally without effect on memory and cannot fault; the address
        // comes from a live reference all the same.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}

/// Hints that `slice[index]` will be read soon; an index past the end is ignored.
#[inline(always)]
pub fn prefetch_index<T>(slice: &[T], index: usize) {
    if let Some(value) = slice.get(index) {
        prefetch_read(value);
    }
}

/// Hints that `slice[index]` will be read soon; for an index past the end, the first element.
/// Without a branch: for indexes that are past the end as often as not.
#[inline(always)]
pub fn prefetch_near<T>(slice: &[T], index: usize) {
    let at = inside(slice.len(), index);
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = slice.as_ptr().wrapping_add(at).cast::<i8>();
        // SAFETY: as above; the address is that of an element, or of no element in an empty slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// [`prefetch_near`] of an element and of the one behind it.
#[inline(always)]
pub fn prefetch_pair<T>(slice: &[T], index: usize) {
    let at = inside(slice.len(), index);
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = slice.as_ptr().wrapping_add(at);
        // SAFETY: as above; the second address may be that of the end of the slice.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.cast::<i8>());
            _mm_prefetch::<_MM_HINT_T0>(line.wrapping_add(1).cast::<i8>());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// `index` if it is below `len`, else 0; without a branch, which a compiler makes of a comparison
/// as it likes.
#[inline(always)]
#[must_use]
pub fn inside(len: usize, index: usize) -> usize {
    let below = (index.wrapping_sub(len).cast_signed() >> (usize::BITS - 1)).cast_unsigned();
    below & index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_changes_nothing_and_accepts_every_index() {
        let values = [1_u64, 2, 3];
        for index in [0, 2, 3, usize::MAX] {
            prefetch_index(&values, index);
            prefetch_near(&values, index);
            prefetch_pair(&values, index);
        }
        prefetch_index::<u64>(&[], 0);
        prefetch_near::<u64>(&[], 0);
        prefetch_read(&values);
        assert_eq!(values, [1, 2, 3]);
    }

    #[test]
    fn an_index_past_the_end_is_the_first() {
        for (len, index, at) in [(3, 0, 0), (3, 2, 2), (3, 3, 0), (3, 1 << 40, 0), (0, 0, 0)] {
            assert_eq!(inside(len, index), at);
        }
    }
}
