//! Memory as cache lines of eight 64-bit words, the only shape that the algorithms here know.
//!
//! Everything that two processes share (ring slots, cursors, claims, seqlocked rows, counters) is
//! laid out as whole lines. The algorithms are generic over [`Lines`], so the code that ships over
//! mapped files is the code that loom checks over its own atomics.

use crate::order;
use crate::sync::{AtomicU64, Ordering};

/// Words in a cache line.
pub const LINE_WORDS: usize = 8;
/// Bytes in a cache line.
pub const LINE_BYTES: usize = 64;

/// A cache line of shared memory.
pub type Line = [AtomicU64; LINE_WORDS];

/// Shared memory seen as cache lines.
///
/// `line` checks its index against `lines` (one predictable branch for eight words), so no
/// caller, and no number read from memory that another process can write, leads out of bounds.
pub trait Lines {
    /// How many lines there are. Never changes.
    fn lines(&self) -> usize;
    /// Line number `index`.
    ///
    /// # Panics
    /// If `index >= self.lines()`. Callers mask or check untrusted numbers first.
    fn line(&self, index: usize) -> &Line;
    /// Writes all words of line `index` but the first, which becomes 0 before any of the others
    /// changes; returns the line, so that word 0 can be stored last. Partners: the copies of
    /// readers, which are ordered by word 0, and the second look of a follower.
    ///
    /// # Panics
    /// As [`Lines::line`].
    #[inline(always)]
    fn open(&self, index: usize, values: &[u64; LINE_WORDS]) -> &Line {
        let line = self.line(index);
        // Partner: the second look of a follower, through the fence.
        line[0].store(0, Ordering::Relaxed);
        order::SLOT_OPEN.fence();
        fill(line, values);
        line
    }
    /// Hints that line `index` is going to be written soon, so that this core owns it when the
    /// stores come. Changes nothing that a program can see; any index is allowed.
    #[inline(always)]
    fn own_soon(&self, index: usize) {
        if index < self.lines() {
            expect_write(self.line(index));
        }
    }
}

/// Writes words 1 to 7 of a line. Written out, because a loop of atomics is not always unrolled,
/// and then costs three times as much.
#[inline(always)]
pub(crate) fn fill(line: &Line, values: &[u64; LINE_WORDS]) {
    // Partner of all: the copy of a reader; ordered by word 0 of the slot.
    line[1].store(values[1], Ordering::Relaxed);
    line[2].store(values[2], Ordering::Relaxed);
    line[3].store(values[3], Ordering::Relaxed);
    line[4].store(values[4], Ordering::Relaxed);
    line[5].store(values[5], Ordering::Relaxed);
    line[6].store(values[6], Ordering::Relaxed);
    line[7].store(values[7], Ordering::Relaxed);
}

/// A line where a line belongs: at a multiple of its size.
#[repr(align(64))]
struct Aligned(Line);

/// Hints that `line` is going to be written soon.
///
/// Becoming the owner of a line that another core has read takes as long as a message between the
/// two cores; a writer that asks some lines ahead waits for none of them.
#[inline(always)]
pub(crate) fn expect_write(line: *const Line) {
    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    // The intrinsic would become a hint to read unless the build asked for newer processors.
    // SAFETY: a hint: it changes no register, flag or memory and cannot fault, whatever the
    // address; processors of this architecture that do not know it take it for a no-operation.
    unsafe {
        std::arch::asm!(
            "prefetchw [{line}]",
            line = in(reg) line,
            options(nostack, preserves_flags, readonly)
        );
    }
    #[cfg(not(all(target_arch = "x86_64", not(loom), not(miri))))]
    let _ = line;
}

/// Hints that `line` is going to be read soon.
#[inline(always)]
pub(crate) fn expect_read(line: &Line) {
    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint of SSE, which every processor of this architecture has; it cannot fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(loom), not(miri))))]
    let _ = line;
}

/// Lines on the heap, for tests, models and rings inside one process.
pub struct HeapLines {
    lines: Box<[Aligned]>,
}

impl HeapLines {
    /// `count` lines of zeros.
    pub fn new(count: usize) -> Self {
        let zero = || -> Line { std::array::from_fn(|_| AtomicU64::new(0)) };
        HeapLines { lines: (0..count).map(|_| Aligned(zero())).collect() }
    }
}

impl Lines for HeapLines {
    #[inline(always)]
    fn lines(&self) -> usize {
        self.lines.len()
    }

    #[inline(always)]
    fn line(&self, index: usize) -> &Line {
        &self.lines[index].0
    }
}

impl<T: Lines + ?Sized> Lines for std::sync::Arc<T> {
    #[inline(always)]
    fn lines(&self) -> usize {
        (**self).lines()
    }

    #[inline(always)]
    fn line(&self, index: usize) -> &Line {
        (**self).line(index)
    }

    #[inline(always)]
    fn open(&self, index: usize, values: &[u64; LINE_WORDS]) -> &Line {
        (**self).open(index, values)
    }

    #[inline(always)]
    fn own_soon(&self, index: usize) {
        (**self).own_soon(index);
    }
}
