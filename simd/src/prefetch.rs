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

/// Hints that `slice[index]` will be read soon; for an index past the end, the last element.
/// Without a branch: for indexes that are past the end as often as not.
#[inline(always)]
pub fn prefetch_near<T>(slice: &[T], index: usize) {
    if let Some(last) = slice.len().checked_sub(1)
        && let Some(value) = slice.get(index.min(last))
    {
        prefetch_read(value);
    }
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
        }
        prefetch_index::<u64>(&[], 0);
        prefetch_near::<u64>(&[], 0);
        prefetch_read(&values);
        assert_eq!(values, [1, 2, 3]);
    }
}
