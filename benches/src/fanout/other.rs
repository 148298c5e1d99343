//! The other end: a process of its own on the second core, forked so that it inherits the mappings.
//!
//! A process and not a thread, because that is what a consumer is: other page tables, no shared
//! heap, and it can be stopped by a signal while the producer goes on.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::harness::CompareError;

/// Words that both processes see, each on a cache line of its own.
const WORDS: usize = 64;
const STRIDE: usize = 16;

/// Memory that stays shared over a fork: a few words for results and the order to end.
pub struct Board {
    words: *const AtomicU64,
}

impl Board {
    /// New, all zero.
    ///
    /// # Errors
    /// If the system has no memory.
    pub fn new() -> Result<Board, CompareError> {
        // SAFETY: a new anonymous mapping at an address of the kernel's choice replaces nothing.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                WORDS * STRIDE * 8,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(CompareError::failed("map a page", std::io::Error::last_os_error()));
        }
        Ok(Board { words: base.cast() })
    }

    /// Word `index`, which wraps at the size of the board.
    #[inline(always)]
    pub fn word(&self, index: usize) -> &AtomicU64 {
        // SAFETY: below `WORDS * STRIDE`, so inside of the mapping, which is page-aligned, zero at
        // first, written by atomics only, and lives as long as `self`.
        unsafe { &*self.words.add(index % WORDS * STRIDE) }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // SAFETY: exactly the range that `new` mapped; references into it borrow `self`.
        unsafe { libc::munmap(self.words.cast_mut().cast(), WORDS * STRIDE * 8) };
    }
}

/// Word of a board that ends the other process.
pub const END: usize = 0;

/// A forked process; killed and waited for when dropped.
pub struct Other {
    pid: libc::pid_t,
}

impl Other {
    /// Runs `body` in a process of its own, pinned to `core`. What it returns is its exit code.
    ///
    /// # Errors
    /// If the system refuses to fork.
    pub fn start(core: usize, body: impl FnOnce() -> i32) -> Result<Other, CompareError> {
        // SAFETY: the child runs `body` and leaves by `_exit`; it takes no lock that another thread
        // of the parent could hold but the allocator's, which libc makes safe over a fork.
        let pid = unsafe { libc::fork() };
        if pid < 0 {
            return Err(CompareError::failed("fork", std::io::Error::last_os_error()));
        }
        if pid == 0 {
            let pinned = affinity::pin(core).is_ok();
            // SAFETY: a plain call: the child dies with its parent, whatever ends that.
            unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
            let code = if pinned { body() } else { 3 };
            // SAFETY: ends the child without the parent's destructors, which are not the child's.
            unsafe { libc::_exit(code) };
        }
        Ok(Other { pid })
    }

    /// Stops it where it stands.
    pub fn stop(&self) {
        self.signal(libc::SIGSTOP);
        let mut status = 0;
        // SAFETY: waits for our own child to be stopped; `status` is writable.
        unsafe { libc::waitpid(self.pid, &raw mut status, libc::WUNTRACED) };
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal(libc::SIGCONT);
    }

    fn signal(&self, signal: libc::c_int) {
        // SAFETY: a signal to our own child, which is not waited for before `drop`.
        unsafe { libc::kill(self.pid, signal) };
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.signal(libc::SIGKILL);
        let mut status = 0;
        // SAFETY: waits for our own child; `status` is writable.
        unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
    }
}

/// Whether the other process was told to end.
#[inline(always)]
pub fn ended(board: &Board) -> bool {
    // A flag by itself: nothing is read on account of it.
    board.word(END).load(Ordering::Relaxed) != 0
}
