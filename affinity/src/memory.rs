//! Memory that is there before the first packet: locking and prefaulting.
//!
//! A page that was never touched costs a fault of microseconds on first use, and a page that the
//! kernel took back costs the same again. Locking keeps pages; prefaulting fetches them early.
//!
//! Locking *future* memory has a trap: without `CAP_IPC_LOCK` and with a small
//! `RLIMIT_MEMLOCK`, the lock succeeds while the process is small and every later allocation
//! beyond the limit fails. So future memory is only locked where nothing can run into the limit.

use std::fmt;
use std::fs;
use std::io;

/// `CAP_IPC_LOCK` of capabilities(7).
const CAP_IPC_LOCK: u32 = 14;

/// How much of the process's memory is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// All there is and all that will be.
    CurrentAndFuture,
    /// All there was at the time of the call.
    Current,
    /// Nothing.
    Nothing,
}

/// What locking achieved, and why not more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockReport {
    /// How much is locked.
    pub locked: Locked,
    /// Why it is that much, with what to do where it is less than all.
    pub reason: String,
}

impl fmt::Display for LockReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = match self.locked {
            Locked::CurrentAndFuture => "all memory is locked",
            Locked::Current => "the memory of now is locked",
            Locked::Nothing => "no memory is locked",
        };
        write!(f, "{locked}: {}", self.reason)
    }
}

/// Whether locking future memory cannot turn into failing allocations.
fn future_is_safe(limit: Option<u64>, capable: bool) -> bool {
    capable || limit.is_none()
}

/// Locks the process's memory: all of it, else what there is now, else nothing.
///
/// Call it once at start, after the large buffers are mapped; it never fails, it reports.
pub fn lock_all() -> LockReport {
    let limit = memlock_limit();
    let capable = has_ipc_lock();
    let both = libc::MCL_CURRENT | libc::MCL_FUTURE;
    let mut why = Vec::new();
    if future_is_safe(limit, capable) {
        match mlockall(both) {
            Ok(()) => {
                let reason = match limit {
                    None => "RLIMIT_MEMLOCK is unlimited".to_owned(),
                    Some(_) => "CAP_IPC_LOCK is held".to_owned(),
                };
                return LockReport { locked: Locked::CurrentAndFuture, reason };
            }
            Err(e) => why.push(format!("locking current and future memory: {e}")),
        }
    } else {
        let bytes = limit.unwrap_or(u64::MAX);
        why.push(format!(
            "RLIMIT_MEMLOCK is {bytes} bytes and CAP_IPC_LOCK is missing, so locking future \
             memory would make allocations fail; raise the limit (LimitMEMLOCK=infinity) or \
             grant the capability"
        ));
    }
    match mlockall(libc::MCL_CURRENT) {
        Ok(()) => LockReport { locked: Locked::Current, reason: why.join("; ") },
        Err(e) => {
            why.push(format!("locking current memory: {e}"));
            LockReport { locked: Locked::Nothing, reason: why.join("; ") }
        }
    }
}

/// Unlocks all of the process's memory.
///
/// # Errors
/// What the kernel says; it has no reason to refuse.
pub fn unlock_all() -> io::Result<()> {
    // SAFETY: the call takes no argument and changes no contents of memory.
    match unsafe { libc::munlockall() } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn mlockall(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: locking changes where pages may live, never what they hold.
    match unsafe { libc::mlockall(flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The soft limit of locked memory in bytes; `None` where it is unlimited.
fn memlock_limit() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes one `rlimit` through the pointer, which is exclusive here.
    let rc = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    if rc == 0 && limit.rlim_cur == libc::RLIM_INFINITY { None } else { Some(limit.rlim_cur) }
}

/// Whether the process holds `CAP_IPC_LOCK` where it counts, in the first user namespace.
fn has_ipc_lock() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    capability(&status, CAP_IPC_LOCK) && is_first_user_namespace(&map)
}

fn capability(status: &str, bit: u32) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let mask = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> bit & 1 == 1)
}

/// The kernel checks the capability in the first user namespace only, which maps every id.
fn is_first_user_namespace(uid_map: &str) -> bool {
    uid_map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// Bytes of this process that are locked, as the kernel counts them; 0 where it does not say.
pub fn locked_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
    let kib = line.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0).saturating_mul(1024)
}

/// The size of an ordinary page in bytes.
pub fn page_size() -> usize {
    // SAFETY: the call reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(4096)
}

/// Touches every page for writing, so that none faults later. Contents stay as they are.
pub fn prefault(bytes: &mut [u8]) {
    let step = page_size();
    let touch = |byte: &mut u8| {
        let byte: *mut u8 = byte;
        // SAFETY: the pointer comes from an exclusive reference, so it is valid for reading and
        // writing and nobody else looks. Volatile, because writing back what was read is
        // nothing to the compiler and everything to the kernel: it makes the page ours.
        unsafe { byte.write_volatile(byte.read_volatile()) };
    };
    for page in bytes.chunks_mut(step) {
        if let Some(first) = page.first_mut() {
            touch(first);
        }
    }
    // Chunks begin at the slice's start, not at a page's, so the last page may begin inside one.
    if let Some(last) = bytes.last_mut() {
        touch(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::ThreadUsage;

    #[test]
    fn future_memory_is_locked_only_where_it_cannot_hurt() {
        assert!(future_is_safe(None, false));
        assert!(future_is_safe(Some(8 << 20), true));
        assert!(!future_is_safe(Some(8 << 20), false));
        assert!(!future_is_safe(Some(0), false));
    }

    #[test]
    fn capabilities_are_read_from_status() {
        let status = "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000000004000\n";
        assert!(capability(status, CAP_IPC_LOCK));
        assert!(!capability(status, 13));
        assert!(!capability("CapEff:\tzz\n", CAP_IPC_LOCK));
        assert!(!capability("", CAP_IPC_LOCK));
        assert!(is_first_user_namespace("         0          0 4294967295\n"));
        assert!(!is_first_user_namespace("         0       1000          1\n"));
        assert!(!is_first_user_namespace(""));
    }

    #[test]
    fn prefault_keeps_contents() {
        let mut bytes: Vec<u8> = (0..20_000_u32).map(|i| i.to_le_bytes()[0] ^ 0x5a).collect();
        let copy = bytes.clone();
        prefault(&mut bytes);
        assert_eq!(bytes, copy);
        prefault(&mut []);
        prefault(&mut [7]);
    }

    /// Page faults of writing all over the bytes.
    #[inline(never)]
    fn faults_of_writing(bytes: &mut [u8]) -> u64 {
        let before = ThreadUsage::now();
        bytes.iter_mut().step_by(512).for_each(|byte| *byte = 1);
        std::hint::black_box(&*bytes);
        ThreadUsage::now().since(before).faults()
    }

    #[test]
    fn prefaulted_memory_does_not_fault() {
        // Zeroed memory of this size comes from the kernel untouched: it is above the 32 MiB to which
        // an allocator's own threshold can grow. The first round also fetches the code, so that the
        // second counts memory only.
        const BYTES: usize = 48 << 20;
        let untouched = faults_of_writing(&mut vec![0_u8; BYTES]);
        let mut bytes = vec![0_u8; BYTES];
        prefault(&mut bytes);
        let prefaulted = faults_of_writing(&mut bytes);
        // At the least a fault per 2 MiB without; with, one now and then where the kernel moves
        // a page.
        assert!(untouched >= 8 && prefaulted <= 2, "{untouched} {prefaulted}");
    }
}
