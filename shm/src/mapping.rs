//! A file mapped shared, seen as cache lines: the only pointer arithmetic of this crate.
//!
//! Why files: a region must be found by name, outlive nobody, and be given to a consumer
//! read-only by the file's mode. Space is reserved with `posix_fallocate` before mapping, because
//! a hole in a full tmpfs would be a SIGBUS at the first store, long after start.
//!
//! **Shrinking.** If a process with write access truncates a mapped file, touching the lost pages
//! is a SIGBUS in whoever mapped it; the kernel has no seal for files opened by path. Ring and
//! table files are 0640, so only the producer's own user can do that; a seat's control file is
//! 0660, so a consumer in the group can: [`crate::sigbus`] guards the producer. Length is checked
//! before mapping, and [`Mapping::still_whole`] checks again for slow paths (attach, a stalled
//! producer).
//!
//! **Reading read-only pages.** Loads here are of eight bytes, on targets where such an atomic
//! load is a plain load instruction, so that they work on pages mapped `PROT_READ`. A store through
//! a read-only mapping is stopped by the memory management unit (SIGSEGV); writers are only ever
//! built over read-write mappings.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::lines::{LINE_BYTES, LINE_WORDS, Line, Lines, expect_write};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("eight-byte atomic loads from read-only pages are only known to work here");
#[cfg(not(target_endian = "little"))]
compile_error!("regions are little-endian");

const _: () = assert!(size_of::<Line>() == LINE_BYTES);

/// Bytes of a page; every region and every body begins at a multiple of it.
pub const PAGE: u64 = 4096;

/// What the owner of a mapping may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Loads only; a store is a SIGSEGV.
    ReadOnly,
    /// Loads and stores.
    ReadWrite,
}

/// Mode and group of a file that is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Permission bits, set with fchmod and so independent of the umask.
    pub mode: u32,
    /// Group to give the file to, where not the process's own.
    pub gid: Option<u32>,
}

/// A whole file, mapped shared.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<Line>,
    bytes: usize,
    access: Access,
    file: File,
    path: PathBuf,
}

// SAFETY: the mapping is memory that belongs to no thread; it is reached only through atomics
// (`Line` is an array of them), and unmapped only when the last owner drops it.
unsafe impl Send for Mapping {}
// SAFETY: as above; `&Mapping` gives out `&Line`, whose atomics may be used from any thread.
unsafe impl Sync for Mapping {}

/// Opens a file without following a link and without leaking it into child processes.
///
/// # Errors
/// [`Error::Io`] where the system refuses (a symbolic link is `ELOOP`).
pub fn open_file(path: &Path, access: Access) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(access == Access::ReadWrite)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK)
        .open(path)
        .map_err(|e| Error::io("open", path, e))
}

/// Creates a new file with its space reserved; an existing path is an error. Removed on failure.
///
/// # Errors
/// [`Error::NoSpace`] where the file system is full, else [`Error::Io`].
pub fn create_file(path: &Path, bytes: u64, owner: Ownership) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)
        .map_err(|e| open_error(path, bytes, e))?;
    let made = own(&file, path, owner).and_then(|()| reserve(&file, path, bytes));
    if let Err(error) = made {
        // Best effort: the reason for the failure is worth more than a second error.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    Ok(file)
}

/// A tmpfs out of inodes or room refuses already at creation.
fn open_error(path: &Path, bytes: u64, error: io::Error) -> Error {
    match error.raw_os_error() {
        Some(libc::ENOSPC) => {
            Error::NoSpace { path: path.to_path_buf(), needed: bytes, free: free_bytes(path) }
        }
        _ => Error::io("create", path, error),
    }
}

fn own(file: &File, path: &Path, owner: Ownership) -> Result<()> {
    if let Some(gid) = owner.gid {
        std::os::unix::fs::fchown(file, None, Some(gid))
            .map_err(|e| Error::io("change group", path, e))?;
    }
    file.set_permissions(PermissionsExt::from_mode(owner.mode))
        .map_err(|e| Error::io("change mode", path, e))
}

fn reserve(file: &File, path: &Path, bytes: u64) -> Result<()> {
    let length = libc::off_t::try_from(bytes).map_err(|_| Error::BadSpec {
        what: "file length",
        found: bytes,
        wanted: "less than 2^63 bytes",
    })?;
    loop {
        // SAFETY: the descriptor is open for the whole call; no memory is passed.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
            0 => return Ok(()),
            libc::EINTR => {}
            libc::ENOSPC => {
                let free = free_bytes(path);
                return Err(Error::NoSpace { path: path.to_path_buf(), needed: bytes, free });
            }
            code => {
                let source = io::Error::from_raw_os_error(code);
                return Err(Error::io("reserve space", path, source));
            }
        }
    }
}

/// Bytes that an unprivileged process can still use on the file system of `path`; 0 if unknown.
pub fn free_bytes(path: &Path) -> u64 {
    use std::os::unix::ffi::OsStrExt;
    let at = if path.is_dir() { Some(path) } else { path.parent() };
    let name = at.map(|p| std::ffi::CString::new(p.as_os_str().as_bytes()));
    let Some(Ok(name)) = name else { return 0 };
    let mut room = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: `name` is NUL-terminated and `room` is writable memory of the right type; both live
    // through the call.
    if unsafe { libc::statvfs(name.as_ptr(), room.as_mut_ptr()) } != 0 {
        return 0;
    }
    // SAFETY: zeroed is a valid value of this plain C struct, and the call filled it.
    let room = unsafe { room.assume_init() };
    room.f_bavail.saturating_mul(room.f_frsize)
}

/// Fills `out` from offset `at`, without moving the file's position.
pub(crate) fn read_at(file: &File, path: &Path, out: &mut [u8], at: u64) -> Result<()> {
    file.read_exact_at(out, at).map_err(|e| Error::io("read", path, e))
}

impl Mapping {
    /// Maps the first `bytes` bytes of an open file, which must be a multiple of [`PAGE`] and
    /// the file's whole length. Pages are populated now, so that no page fault comes later.
    ///
    /// # Errors
    /// [`Error::FileLength`] where the file is not that long, [`Error::Io`] where mapping fails.
    pub fn new(file: File, path: &Path, bytes: u64, access: Access) -> Result<Mapping> {
        let found = file.metadata().map_err(|e| Error::io("stat", path, e))?.size();
        let wanted = bytes.max(PAGE).next_multiple_of(PAGE);
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        if found != bytes || bytes != wanted || length > isize::MAX as usize {
            let path = path.to_path_buf();
            return Err(Error::FileLength { path, found, alleged: bytes, wanted });
        }
        let protection = match access {
            Access::ReadOnly => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        // SAFETY: a new mapping at an address of the kernel's choice replaces nothing; the
        // descriptor is open and the length is the file's, not zero, checked above.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                protection,
                libc::MAP_SHARED | libc::MAP_POPULATE,
                file.as_raw_fd(),
                0,
            )
        };
        match NonNull::new(base.cast::<Line>()) {
            Some(base) if base.as_ptr().cast() != libc::MAP_FAILED => {
                Ok(Mapping { base, bytes: length, access, file, path: path.to_path_buf() })
            }
            _ => Err(Error::io("map", path, io::Error::last_os_error())),
        }
    }

    /// Is the file still as long as what is mapped? One system call: for slow paths only.
    pub fn still_whole(&self) -> bool {
        self.file.metadata().is_ok_and(|m| m.size() == self.bytes as u64)
    }

    /// Address and length, for a signal handler that has to recognise it.
    pub(crate) fn place(&self) -> (u64, u64) {
        (self.base.as_ptr().expose_provenance() as u64, self.bytes as u64)
    }

    /// The mapped file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where the file was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes mapped.
    pub fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// What this mapping allows.
    pub fn access(&self) -> Access {
        self.access
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: exactly the range that `new` mapped; every `MappedLines` holds an `Arc` of this
        // mapping, so no `&Line` into it can be alive.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

/// A run of lines of a mapping, which it keeps alive.
#[derive(Clone, Debug)]
pub struct MappedLines {
    /// First line of the run: points into `owner`'s mapping, with `count` lines from it inside.
    base: NonNull<Line>,
    count: usize,
    owner: Arc<Mapping>,
}

// SAFETY: a view of a `Mapping`, which is Send and Sync; it only adds a pointer into it.
unsafe impl Send for MappedLines {}
// SAFETY: as above.
unsafe impl Sync for MappedLines {}

impl MappedLines {
    /// All lines of a mapping.
    pub fn new(owner: Arc<Mapping>) -> Self {
        MappedLines { base: owner.base, count: owner.bytes / LINE_BYTES, owner }
    }

    /// Lines `first .. first + count` of this run; `None` if it is not that long.
    pub fn sub(&self, first: usize, count: usize) -> Option<Self> {
        if first.checked_add(count)? > self.count {
            return None;
        }
        // SAFETY: `first <= self.count`, so the result is inside the mapping or one past its end
        // (then `count` is 0 and it is never read).
        let base = unsafe { self.base.add(first) };
        Some(MappedLines { base, count, owner: Arc::clone(&self.owner) })
    }

    /// The mapping below.
    pub fn mapping(&self) -> &Mapping {
        &self.owner
    }

    /// See [`Mapping::still_whole`].
    pub fn still_whole(&self) -> bool {
        self.owner.still_whole()
    }
}

impl Lines for MappedLines {
    #[inline(always)]
    fn lines(&self) -> usize {
        self.count
    }

    #[inline(always)]
    fn line(&self, index: usize) -> &Line {
        assert!(index < self.count, "line out of bounds");
        // SAFETY: `index < count`, and `count` lines from `base` are inside the mapping that
        // `owner` keeps alive at least as long as `self`. A page is aligned to 4096, so every line
        // is aligned. Every bit pattern is a valid `Line`; other processes write it only by
        // atomics of their own, and untrusted ones cannot make an atomic load undefined.
        unsafe { self.base.add(index).as_ref() }
    }

    #[cfg(all(target_arch = "x86_64", not(loom), not(miri)))]
    #[inline(always)]
    fn open(&self, index: usize, values: &[u64; LINE_WORDS]) -> &Line {
        let line = self.line(index);
        let pair = |low: u64, high: u64| {
            // SAFETY: SSE2 is part of x86-64; no memory is touched.
            unsafe { std::arch::x86_64::_mm_set_epi64x(high.cast_signed(), low.cast_signed()) }
        };
        let [_, a, b, c, d, e, f, g] = *values;
        // SAFETY: writes the 64 bytes of a line of our own, aligned to 64, whose words other
        // processes load as atomics of eight bytes. What is relied upon, and who guarantees it:
        //
        // * Word 0 is zero before any other word changes, and the commit comes after all of them.
        //   The zero is an instruction of its own, and the architecture shows the stores of one
        //   processor to all others in program order (Intel SDM 3A, "Memory Ordering in P6 and More
        //   Recent Processor Families"; AMD APM 2, "Memory Access Ordering"). The assembler block
        //   names no memory it leaves alone, so the compiler moves no access over it.
        // * Aligned stores of eight bytes are whole on every processor of this architecture.
        // * Those of sixteen are guaranteed whole only by processors with AVX; others may do them
        //   in parts and in either order. Nothing rests on that: no reader believes a word that it
        //   loads between the zero and the commit. The consumer loads them after it has seen the
        //   commit; a follower's second look finds the zero or what came after it (`crate::follow`).
        unsafe {
            std::arch::asm!(
                "mov qword ptr [{line}], 0",
                "mov qword ptr [{line} + 8], {first}",
                "movaps xmmword ptr [{line} + 16], {second}",
                "movaps xmmword ptr [{line} + 32], {third}",
                "movaps xmmword ptr [{line} + 48], {fourth}",
                line = in(reg) std::ptr::from_ref(line),
                first = in(reg) a,
                second = in(xmm_reg) pair(b, c),
                third = in(xmm_reg) pair(d, e),
                fourth = in(xmm_reg) pair(f, g),
                options(nostack, preserves_flags),
            );
        }
        line
    }

    #[inline(always)]
    fn own_soon(&self, index: usize) {
        // Without a look at the bounds: a hint may name any address.
        expect_write(self.base.as_ptr().wrapping_add(index));
    }
}
