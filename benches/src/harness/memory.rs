//! Memory, the same for everyone: large blocks on 2 MiB pages, and a heap that is already there.
//!
//! First touch of a page costs more than everything that is compared here. So before anything runs,
//! the heap is made as large as it will be, fetched, and never given back ([`prepare`]); blocks of
//! 2 MiB and more are aligned for 2 MiB pages and asked for them. Peers get the same, because it is
//! the allocator of the whole program.
//!
//! The allocator also counts, per thread, so that a contestant can show that it allocates nothing
//! and touches no new page while it is measured ([`measured`]).

use affinity::ThreadUsage;
use serde::{Deserialize, Serialize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

/// Bytes of a large page.
const LARGE: usize = 2 << 20;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static NOTED: Cell<Option<Spent>> = const { Cell::new(None) };
}

/// The allocator of the program: the system's, with large pages under large blocks, and a count.
#[derive(Clone, Copy, Debug)]
pub struct Pages;

impl Pages {
    /// The same block, aligned for large pages if it has any.
    fn aligned(layout: Layout) -> Layout {
        if layout.size() < LARGE {
            return layout;
        }
        layout.align_to(LARGE).unwrap_or(layout)
    }

    fn count() {
        // A thread that is ending has no counter left; nothing is measured there.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get().wrapping_add(1)));
    }

    /// A block with large pages under it where the kernel has some.
    ///
    /// # Safety
    /// As [`GlobalAlloc::alloc`].
    unsafe fn block(layout: Layout) -> *mut u8 {
        let aligned = Pages::aligned(layout);
        // SAFETY: the caller's promise; the size is the same and not zero.
        let block = unsafe { System.alloc(aligned) };
        if aligned.size() >= LARGE && !block.is_null() {
            let whole = aligned.size() / LARGE * LARGE;
            // SAFETY: the range lies inside the block, whose contents nobody has written yet; the
            // advice does not change contents in any case. A refusal leaves ordinary pages.
            unsafe { libc::madvise(block.cast(), whole, libc::MADV_HUGEPAGE) };
        }
        block
    }
}

// SAFETY: every call goes to the system's allocator with the caller's layout, or with the same
// size and a larger alignment, chosen by the size alone and so the same when the block is freed.
unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Pages::count();
        // SAFETY: the caller's promise.
        unsafe { Pages::block(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Pages::count();
        if layout.size() < LARGE {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's promise.
        let block = unsafe { Pages::block(layout) };
        if !block.is_null() {
            // SAFETY: the block has that many bytes. Writing them also fetches its pages.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise; the block was made with this very layout.
        unsafe { System.dealloc(block, Pages::aligned(layout)) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Pages::count();
        if layout.size() < LARGE && size < LARGE {
            // SAFETY: the caller's promise; neither size changes the layout.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: the caller promises that the size, rounded up to the alignment, fits.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the size is not zero, by the caller's promise.
        let new = unsafe { Pages::block(wanted) };
        if !new.is_null() {
            // SAFETY: both blocks have that many bytes and are different ones.
            unsafe { new.copy_from_nonoverlapping(block, layout.size().min(size)) };
            // SAFETY: the caller gives the old block up.
            unsafe { self.dealloc(block, layout) };
        }
        new
    }
}

/// Makes the heap `bytes` large, on large pages where there are any, fetched, and never given back.
/// Once, before anything else; other allocators than glibc's keep their own ways. With 0 bytes
/// nothing is fetched: for a section that forks, after which what is there would be copied page by
/// page and large pages taken apart.
pub fn prepare(bytes: usize) {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: these set numbers in the allocator. One heap for all, no block beside it, and
        // nothing is given back: what was fetched once stays.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, 1);
            libc::mallopt(libc::M_MMAP_MAX, 0);
            libc::mallopt(libc::M_TRIM_THRESHOLD, -1);
            libc::mallopt(libc::M_TOP_PAD, 64 << 20);
        }
    }
    if bytes == 0 {
        return;
    }
    let block: Vec<u8> = Vec::with_capacity(bytes);
    let start = block.as_ptr().addr().next_multiple_of(LARGE);
    let end = (block.as_ptr().addr() + block.capacity()) / LARGE * LARGE;
    if end > start {
        let first = block.as_ptr().wrapping_add(start - block.as_ptr().addr());
        // SAFETY: the range lies inside the block. Fetching keeps contents; kernels before 5.14
        // refuse, and then the warm-up rounds fetch instead.
        unsafe { libc::madvise(first.cast_mut().cast(), end - start, libc::MADV_POPULATE_WRITE) };
    }
}

/// What was spent in measured time that should have been spent before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Page faults that needed no I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// Calls of the allocator.
    pub allocations: u64,
}

impl Spent {
    /// This thread's counts since it began.
    #[must_use]
    pub fn now() -> Spent {
        let usage = ThreadUsage::now();
        Spent {
            minor_faults: usage.minor_faults,
            major_faults: usage.major_faults,
            allocations: ALLOCATIONS.with(Cell::get),
        }
    }

    /// What came since an earlier reading on the same thread.
    #[must_use]
    pub fn since(self, earlier: Spent) -> Spent {
        Spent {
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
            allocations: self.allocations.wrapping_sub(earlier.allocations),
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Spent) -> Spent {
        Spent {
            minor_faults: self.minor_faults + other.minor_faults,
            major_faults: self.major_faults + other.major_faults,
            allocations: self.allocations.wrapping_add(other.allocations),
        }
    }

    /// Page faults of both sorts.
    #[must_use]
    pub fn faults(self) -> u64 {
        self.minor_faults + self.major_faults
    }
}

/// Does the work, and returns the nanoseconds it took and what it gave. What it spent in page
/// faults and allocations on this thread is kept for the contest that this round belongs to.
pub fn measured<R>(work: impl FnOnce() -> R) -> (f64, R) {
    let before = Spent::now();
    let begin = Instant::now();
    let result = work();
    let ns = begin.elapsed().as_nanos() as f64;
    note(Spent::now().since(before));
    (ns, result)
}

/// Adds to what this round has spent, for measured time that is not one closure.
pub fn note(spent: Spent) {
    NOTED.set(Some(NOTED.get().unwrap_or_default().and(spent)));
}

/// What was noted on this thread since the last call; `None` if nothing was measured.
#[must_use]
pub fn take_noted() -> Option<Spent> {
    NOTED.take()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn allocations_and_faults_are_counted_and_nothing_else() {
        let mut kept = black_box(vec![0_u64; 1 << 10]);
        assert_eq!(take_noted(), None);
        measured(|| kept.fill(7));
        assert_eq!(take_noted(), Some(Spent::default()));
        measured(|| black_box(Box::new(black_box(5_u8))));
        measured(|| black_box(vec![1_u8; black_box(100)]));
        assert_eq!(take_noted().map(|spent| spent.allocations), Some(2));
        let fresh: Vec<u8> = Vec::with_capacity(64 << 20);
        let (_, mut fresh) = measured(move || fresh);
        measured(|| fresh.resize(64 << 20, 1));
        let spent = take_noted().unwrap();
        assert!(spent.faults() > 0, "64 MiB were touched for the first time");
        assert_eq!(spent.allocations, 0);
    }

    #[test]
    fn large_blocks_are_aligned_for_large_pages_through_growth() {
        let mut block = vec![3_u8; LARGE + 5];
        assert_eq!(block.as_ptr().addr() % LARGE, 0);
        block.resize(3 * LARGE, 4);
        assert_eq!(block.as_ptr().addr() % LARGE, 0);
        assert!(block[..LARGE + 5].iter().all(|byte| *byte == 3));
        block.truncate(10);
        block.shrink_to_fit();
        assert_eq!(block, [3; 10]);
        let zeroed = vec![0_u64; LARGE];
        assert!(zeroed.iter().all(|word| *word == 0));
    }
}
