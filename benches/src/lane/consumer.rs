//! The other end: a process that attaches a seat for ORDERS and TRADES and reads every word.
//!
//! It is forked before the instance exists, so that it is to the lane what any consumer is: another
//! process that maps the files of the instance. What it found so far it tells in a line of memory
//! that both share; the lane's side looks there only after its last packet.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{AttachSpec, Client, Event, FilterSpec, Lanes, Wanted};
use shm::seat::Policy;
use wire::Class;

use super::tally::Tally;
use crate::harness::CompareError;

/// Name of the instance.
pub const INSTANCE: &str = "compare";
/// What the seat asks for.
pub const CLASSES: u8 = Class::Orders.bit() | Class::Trades.bit();
/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line that both processes see.
#[repr(C, align(64))]
struct Shared {
    /// Records counted; stored behind their sum.
    records: AtomicU64,
    sum: AtomicU64,
    /// Not 0: the lane is done.
    stop: AtomicU64,
}

/// A consumer process, as the lane's side sees it.
pub struct Consumer {
    pid: libc::pid_t,
    shared: &'static Shared,
}

impl Consumer {
    /// Forks a consumer that will attach to the instance below `root`, on `core`.
    ///
    /// # Errors
    /// What the system refused.
    pub fn start(root: &Path, core: usize) -> Result<Consumer, CompareError> {
        let shared = share().map_err(|e| CompareError::failed("shared memory", e))?;
        // SAFETY: the child only runs `consume`, which uses no lock that another thread of this
        // process could hold but the allocator's, and glibc makes that one usable in the child.
        let pid = unsafe { libc::fork() };
        match pid {
            0 => {
                let code = i32::from(consume(root.to_path_buf(), core, shared).is_err());
                // SAFETY: ends the child at once, without running what the parent registered.
                unsafe { libc::_exit(code) }
            }
            1.. => Ok(Consumer { pid, shared }),
            _ => Err(CompareError::failed("fork", io::Error::last_os_error())),
        }
    }

    /// What it has read so far.
    pub fn tally(&self) -> Tally {
        // Acquire: partner is the consumer's store of the count, behind that of the sum.
        let records = self.shared.records.load(Ordering::Acquire);
        // Relaxed: at least as new as the count; equal to it once the count is the expected one.
        Tally { records, sum: self.shared.sum.load(Ordering::Relaxed) }
    }

    /// Waits until it has read `records` in all.
    ///
    /// # Errors
    /// If that takes too long.
    #[inline]
    pub fn wait_for(&self, records: u64) -> Result<Tally, CompareError> {
        let begun = Instant::now();
        loop {
            for _ in 0..1_000 {
                let tally = self.tally();
                if tally.records >= records {
                    return Ok(tally);
                }
                std::hint::spin_loop();
            }
            if begun.elapsed() > PATIENCE {
                let got = self.tally().records;
                let why = format!("{got} records of {records} after {} s", PATIENCE.as_secs());
                return Err(CompareError::failed("the consumer", why));
            }
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // Release: partner is the consumer's look; nothing else is handed over with it.
        self.shared.stop.store(1, Ordering::Release);
        let mut status = 0;
        // SAFETY: waits for our own child; `status` outlives the call.
        unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
    }
}

/// A page that a forked child shares with its parent. It stays for the life of the process.
fn share() -> io::Result<&'static Shared> {
    let (size, prot) = (size_of::<Shared>(), libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: asks for a mapping of its own, at no given address.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), size, prot, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: page aligned, zeroed, at least as long as `Shared`, never unmapped; atomics of zeros
    // are valid and are all that either process touches.
    Ok(unsafe { &*at.cast::<Shared>() })
}

/// The consumer's life.
fn consume(root: PathBuf, core: usize, shared: &Shared) -> Result<(), CompareError> {
    let _pinned = affinity::pin(core).map_err(|e| CompareError::failed("pin", e))?;
    let spec = AttachSpec {
        root,
        instance: INSTANCE.to_owned(),
        lanes: Lanes::All,
        filter: FilterSpec {
            classes: CLASSES,
            instruments: Wanted::All,
            depth: 0,
            // The bench counts every record: the lane waits where the consumer is the slower one.
            policy: Policy::Wait,
        },
        seat: Some(0),
    };
    let client = Client::attach_blocking(spec, PATIENCE);
    let mut client = client.map_err(|e| CompareError::failed("attach", e))?;
    let mut tally = Tally::default();
    // Acquire: partner is the store in `drop`.
    while shared.stop.load(Ordering::Acquire) == 0 {
        let taken = client.poll(|event| {
            if let Event::Record { record, .. } = event {
                tally.note(record);
            }
        });
        if taken != 0 {
            // Relaxed: ordered by the count behind it.
            shared.sum.store(tally.sum, Ordering::Relaxed);
            // Release: partner is `Consumer::tally`.
            shared.records.store(tally.records, Ordering::Release);
        }
    }
    Ok(())
}
