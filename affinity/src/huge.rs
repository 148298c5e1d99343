//! Memory in pages of 2 MiB, or the nearest thing the host gives, and an honest word on which.
//!
//! Books and rings are read at random; with 4 KiB pages most reads also miss the TLB, and in a
//! virtual machine a TLB miss walks two page tables. There are three ways to have large pages,
//! tried in this order:
//!
//! 1. `MAP_HUGETLB`: from the pool that the operator reserved (`vm.nr_hugepages`). Certain.
//! 2. `MADV_HUGEPAGE`: the kernel puts large pages together if it can. A wish, so what really
//!    happened is read back from `/proc/self/smaps`.
//! 3. Ordinary pages.
//!
//! All of it is fetched before it is handed out. Where possible `MADV_POPULATE_WRITE` does that,
//! because it answers with an error where touching would kill the process (a cgroup's limit on
//! huge pages strikes at the touch, not at the mapping).

use crate::error::AffinityError;
use crate::memory::{page_size, prefault};
use std::fmt;
use std::fs;
use std::io;
use std::ptr::{self, NonNull};

/// Size of a huge page in bytes.
pub const HUGE_PAGE: usize = 2 << 20;

/// `MADV_COLLAPSE` of madvise(2), Linux 6.1: make pages huge now instead of some day.
const MADV_COLLAPSE: libc::c_int = 25;

/// The pages that memory is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    /// Reserved pages of 2 MiB; they stay.
    Huge,
    /// Pages of 2 MiB that the kernel put together, at least for half of the memory.
    Transparent,
    /// Ordinary pages, or huge ones for less than half of the memory.
    Ordinary,
}

impl PageKind {
    /// The name that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Huge => "hugetlb",
            Self::Transparent => "transparent",
            Self::Ordinary => "ordinary",
        }
    }
}

/// Which pages memory got, and why not better ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HugeOutcome {
    /// What most of the memory is made of.
    pub kind: PageKind,
    /// Length of the memory in bytes.
    pub bytes: usize,
    /// How many bytes of it are in pages of 2 MiB.
    pub huge_bytes: usize,
    /// Why it is this kind, with what to do for a better one.
    pub reason: String,
}

impl fmt::Display for HugeOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, huge, all) = (self.kind.name(), self.huge_bytes, self.bytes);
        write!(f, "{kind} pages, {huge} of {all} bytes in pages of 2 MiB: {}", self.reason)
    }
}

/// Anonymous zeroed memory, 2 MiB aligned and already fetched, unmapped on drop.
#[derive(Debug)]
pub struct HugeBuffer {
    start: NonNull<u8>,
    len: usize,
    mapped: usize,
    outcome: HugeOutcome,
}

// SAFETY: the buffer owns its mapping alone, like a `Box<[u8]>`; a mapping belongs to the process
// and not to a thread, so any thread may use and unmap it.
unsafe impl Send for HugeBuffer {}
// SAFETY: shared references only read, and writing needs `&mut`.
unsafe impl Sync for HugeBuffer {}

impl HugeBuffer {
    /// Maps and fetches `len` bytes in the largest pages to be had.
    ///
    /// # Errors
    /// Where `len` is 0 or absurd, or not even ordinary pages are to be had.
    pub fn new(len: usize) -> Result<Self, AffinityError> {
        if len == 0 {
            return Err(AffinityError::EmptyBuffer);
        }
        let limit = isize::MAX.unsigned_abs() - 2 * HUGE_PAGE;
        if len > limit {
            return Err(AffinityError::BufferTooLarge { bytes: len });
        }
        let mapped = len.next_multiple_of(HUGE_PAGE);
        match map_reserved(mapped) {
            Ok(start) => {
                let reason = "taken from the reserved pool".to_owned();
                let kind = PageKind::Huge;
                let outcome = HugeOutcome { kind, bytes: len, huge_bytes: len, reason };
                Ok(Self { start, len, mapped, outcome })
            }
            Err(e) => Self::advised(len, mapped, &reserved_refusal(&e)),
        }
    }

    /// The same from memory that the kernel is asked to make huge.
    fn advised(len: usize, mapped: usize, refusal: &str) -> Result<Self, AffinityError> {
        let start =
            map_aligned(mapped).map_err(|source| AffinityError::Map { bytes: len, source })?;
        let bytes = HugeOutcome {
            kind: PageKind::Ordinary,
            bytes: len,
            huge_bytes: 0,
            reason: String::new(),
        };
        let mut buffer = Self { start, len, mapped, outcome: bytes };
        let advice = advise_range(start, mapped);
        // SAFETY: the whole mapping is ours, zeroed by the kernel, and longer than `len`.
        let whole = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), mapped) };
        if populate(start, mapped).is_err() {
            prefault(whole);
        }
        let huge_bytes = transparent_bytes(start.addr().get(), mapped).min(len);
        buffer.outcome = judge(len, huge_bytes, advice);
        buffer.outcome.reason = format!("{refusal}; {}", buffer.outcome.reason);
        Ok(buffer)
    }

    /// Which pages it got, and why.
    pub fn outcome(&self) -> &HugeOutcome {
        &self.outcome
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Always false: a buffer has at least one byte.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes, zero where nobody wrote.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes from `start` are mapped, initialised, and ours until drop; writing
        // needs `&mut self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The bytes, for writing.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes the reference the only one.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for HugeBuffer {
    fn drop(&mut self) {
        unmap(self.start, self.mapped);
    }
}

/// Asks for huge pages under memory that somebody else allocated, and fetches all of it.
///
/// Meant for the large vectors of `book` right after they were made. Contents stay as they are.
/// Only whole 2 MiB stretches inside the slice can become huge; shorter slices stay ordinary.
pub fn advise_huge<T>(slice: &mut [T]) -> HugeOutcome {
    let bytes = size_of_val(slice);
    let page = page_size();
    let address = slice.as_ptr().addr();
    let first = address.next_multiple_of(page);
    let inside = (address + bytes).saturating_sub(first) / page * page;
    let stretch = address.next_multiple_of(HUGE_PAGE);
    if stretch.checked_add(HUGE_PAGE).is_none_or(|end| end > address + bytes) {
        let reason = format!("{bytes} bytes hold no whole aligned stretch of 2 MiB");
        return HugeOutcome { kind: PageKind::Ordinary, bytes, huge_bytes: 0, reason };
    }
    let Some(start) = NonNull::new(slice.as_mut_ptr().cast::<u8>().wrapping_add(first - address))
    else {
        let reason = "the slice has no address".to_owned();
        return HugeOutcome { kind: PageKind::Ordinary, bytes, huge_bytes: 0, reason };
    };
    let mut advice = advise_range(start, inside);
    // A refusal of old kernels (before 5.14) is harmless: the owner has yet to touch the pages.
    let populated = populate(start, inside);
    if advice.is_ok() && transparent_bytes(first, inside) < inside / 2 {
        advice = collapse(start, inside);
    }
    let huge_bytes = transparent_bytes(first, inside).min(bytes);
    let mut outcome = judge(bytes, huge_bytes, advice);
    if let Err(e) = populated {
        outcome.reason = format!("{}; the pages were not fetched: {e}", outcome.reason);
    }
    outcome
}

/// Why the reserved pool gave nothing, in words.
fn reserved_refusal(error: &io::Error) -> String {
    let free = fs::read_to_string("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
    let free = free.as_deref().map_or("an unknown number of", str::trim);
    format!(
        "the reserved pool has {free} free pages of 2 MiB ({error}); vm.nr_hugepages reserves more"
    )
}

/// What the wish for huge pages came to.
fn judge(bytes: usize, huge_bytes: usize, advice: io::Result<()>) -> HugeOutcome {
    let enough = huge_bytes >= bytes.div_ceil(2);
    let kind = if enough { PageKind::Transparent } else { PageKind::Ordinary };
    let reason = match (enough, advice) {
        (true, _) => "the kernel put huge pages together".to_owned(),
        (false, Err(e)) => format!("the kernel refused huge pages: {e} ({})", thp_setting()),
        (false, Ok(())) => format!("the kernel gave few or no huge pages ({})", thp_setting()),
    };
    HugeOutcome { kind, bytes, huge_bytes, reason }
}

/// The host's setting of transparent huge pages, in words.
fn thp_setting() -> String {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let text = fs::read_to_string(path).unwrap_or_default();
    match text.split_whitespace().find_map(|w| w.strip_prefix('[')?.strip_suffix(']')) {
        Some("never") => format!("{path} is never: write madvise to it"),
        Some(word) => format!("{path} is {word}: memory may be fragmented"),
        None => "this kernel has no transparent huge pages".to_owned(),
    }
}

fn map(len: usize, flags: libc::c_int) -> io::Result<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice overlaps nothing.
    let start = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(start.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

/// Maps and fetches reserved huge pages.
fn map_reserved(len: usize) -> io::Result<NonNull<u8>> {
    let start = map(len, libc::MAP_HUGETLB | libc::MAP_HUGE_2MB)?;
    // Touching instead would be a SIGBUS where a cgroup limits huge pages, so no fallback here.
    if let Err(e) = populate(start, len) {
        unmap(start, len);
        return Err(e);
    }
    Ok(start)
}

/// Maps ordinary memory that begins at a multiple of 2 MiB.
fn map_aligned(len: usize) -> io::Result<NonNull<u8>> {
    let longer = len + HUGE_PAGE;
    let start = map(longer, 0)?;
    let address = start.addr().get();
    let before = address.next_multiple_of(HUGE_PAGE) - address;
    let after = longer - before - len;
    // SAFETY: `before` is less than 2 MiB, and the mapping is 2 MiB longer than `len`.
    let aligned = unsafe { start.add(before) };
    if before > 0 {
        unmap(start, before);
    }
    if after > 0 {
        // SAFETY: `before + len` is less than `longer`, so this is inside the mapping.
        unmap(unsafe { aligned.add(len) }, after);
    }
    Ok(aligned)
}

/// Gives a part of one of our own mappings back.
fn unmap(start: NonNull<u8>, len: usize) {
    // SAFETY: only called with page-aligned parts of mappings made here, which nobody refers to
    // any more: what was cut off in `map_aligned`, or the whole in `drop`.
    let rc = unsafe { libc::munmap(start.as_ptr().cast(), len) };
    debug_assert_eq!(rc, 0, "our own mapping");
}

fn madvise(start: NonNull<u8>, len: usize, advice: libc::c_int) -> io::Result<()> {
    // SAFETY: the callers pass memory that is theirs exclusively, and the three pieces of advice
    // used here (HUGEPAGE, COLLAPSE, POPULATE_WRITE) keep its contents.
    match unsafe { libc::madvise(start.as_ptr().cast(), len, advice) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn advise_range(start: NonNull<u8>, len: usize) -> io::Result<()> {
    madvise(start, len, libc::MADV_HUGEPAGE)
}

fn populate(start: NonNull<u8>, len: usize) -> io::Result<()> {
    madvise(start, len, libc::MADV_POPULATE_WRITE)
}

fn collapse(start: NonNull<u8>, len: usize) -> io::Result<()> {
    // The kernel wants whole huge pages and stops at the first that it cannot make.
    let address = start.addr().get();
    let before = address.next_multiple_of(HUGE_PAGE) - address;
    let whole = len.saturating_sub(before) / HUGE_PAGE * HUGE_PAGE;
    let Some(aligned) = NonNull::new(start.as_ptr().wrapping_add(before)) else {
        return Ok(());
    };
    if whole == 0 {
        return Ok(());
    }
    madvise(aligned, whole, MADV_COLLAPSE)
}

/// Bytes of transparent huge pages in the mappings that hold the range.
fn transparent_bytes(address: usize, len: usize) -> usize {
    let text = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    transparent_bytes_in(&text, address, len)
}

/// The same from the text of `smaps`.
///
/// A mapping may be longer than the range (the kernel merges neighbours), so a mapping counts
/// for at most what it shares with the range.
fn transparent_bytes_in(smaps: &str, address: usize, len: usize) -> usize {
    let mut shared = 0_usize;
    let mut total = 0_usize;
    for line in smaps.lines() {
        if let Some((low, high)) = mapping_bounds(line) {
            let end = high.min(address.saturating_add(len));
            shared = end.saturating_sub(low.max(address));
        } else if let Some(text) = line.strip_prefix("AnonHugePages:") {
            let kib = text.trim().strip_suffix("kB").and_then(|n| n.trim().parse::<usize>().ok());
            total += kib.unwrap_or(0).saturating_mul(1024).min(shared);
        }
    }
    total
}

/// The bounds of a mapping where the line is the head of one (`7f00-7f20 rw-p ...`).
fn mapping_bounds(line: &str) -> Option<(usize, usize)> {
    let (low, high) = line.split_whitespace().next()?.split_once('-')?;
    Some((usize::from_str_radix(low, 16).ok()?, usize::from_str_radix(high, 16).ok()?))
}

#[cfg(test)]
#[path = "huge_tests.rs"]
mod tests;
