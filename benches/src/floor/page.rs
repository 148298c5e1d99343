//! What the two processes share: one page of a file that has no name.
//!
//! | offset | size | field | written by |
//! |---|---|---|---|
//! | 0 | 8 | ping | the asking side; with one line, both |
//! | 128 | 8 | pong | the answering side; used with two lines only |
//! | 256 | 4 | command | the asking side: how many rounds were ever asked for |
//! | 260 | 4 | shape | the asking side: 0 one line, 1 two lines |
//! | 264 | 8 | exchanges | the asking side: of this round |
//! | 320 | 4 | ready | the answering side: the command it has seen |
//!
//! Lines are 128 bytes apart, because processors fetch lines in pairs.

use crate::harness::CompareError;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// How the answer comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// In the line of the question: the floor that ratios are taken to.
    OneLine,
    /// In another line, as with two rings.
    TwoLines,
}

#[repr(C, align(128))]
pub(super) struct Line(pub AtomicU64);

#[repr(C, align(64))]
pub(super) struct Control {
    pub command: AtomicU32,
    pub shape: AtomicU32,
    pub exchanges: AtomicU64,
}

#[repr(C, align(64))]
pub(super) struct Shared {
    pub ping: Line,
    pub pong: Line,
    pub control: Control,
    pub ready: AtomicU32,
}

const _: () = {
    assert!(std::mem::offset_of!(Shared, pong) == 128);
    assert!(std::mem::offset_of!(Shared, control) == 256);
    assert!(std::mem::offset_of!(Shared, ready) == 320);
    assert!(size_of::<Shared>() <= BYTES);
};

/// Bytes of the mapping.
const BYTES: usize = 4096;

/// The page, mapped into this process.
pub(super) struct Page {
    start: NonNull<Shared>,
    pub file: File,
}

impl Page {
    /// A page of zeros in a new file that children inherit.
    pub fn create() -> Result<Page, CompareError> {
        let failed = |_| CompareError::failed("share a page", io::Error::last_os_error());
        // SAFETY: the name is a string with its end; without flags the descriptor is inherited.
        let fd = unsafe { libc::memfd_create(c"hotlane-floor".as_ptr(), 0) };
        if fd < 0 {
            return Err(failed(()));
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(BYTES as u64).map_err(|e| CompareError::failed("share a page", e))?;
        Page::map(file)
    }

    /// The page of a descriptor that was inherited.
    pub fn open(descriptor: i32) -> Result<Page, CompareError> {
        if descriptor <= libc::STDERR_FILENO {
            return Err(CompareError::failed("share a page", "the descriptor is no file of ours"));
        }
        // SAFETY: the parent gave this number to this process only for this call; a wrong number
        // makes the length below an error.
        let file = unsafe { File::from_raw_fd(descriptor) };
        let failed = |e| CompareError::failed("open the shared page", e);
        if file.metadata().map_err(failed)?.len() != BYTES as u64 {
            return Err(CompareError::failed("open the shared page", "its length is another"));
        }
        Page::map(file)
    }

    fn map(file: File) -> Result<Page, CompareError> {
        let both = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
        // SAFETY: a new mapping of a file of that length; it replaces nothing.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), BYTES, both, flags, file.as_raw_fd(), 0) };
        if start == libc::MAP_FAILED {
            return Err(CompareError::failed("map a page", io::Error::last_os_error()));
        }
        let start = NonNull::new(start.cast::<Shared>());
        let start = start.ok_or_else(|| CompareError::failed("map a page", "it is at 0"))?;
        Ok(Page { start, file })
    }

    pub fn shared(&self) -> &Shared {
        // SAFETY: the mapping is as long as `Shared`, page-aligned, lives as long as `self`, and
        // is only ever used through atomics, for which any bytes are valid.
        unsafe { self.start.as_ref() }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `map`; nothing borrows from it any longer.
        unsafe { libc::munmap(self.start.as_ptr().cast(), BYTES) };
    }
}

/// Sleeps until the word is no longer `seen`, or for no reason; the caller looks again.
pub(super) fn wait(word: &AtomicU32, seen: u32) {
    let none = std::ptr::null::<libc::timespec>();
    // SAFETY: the word lives through the call; the kernel only compares and sleeps.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, none) };
}

/// Wakes who sleeps on the word.
pub(super) fn wake(word: &AtomicU32) {
    // SAFETY: the word lives through the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
}
