//! The other end: a process that attaches a seat for ORDERS and TRADES and reads every word.
//!
//! It is to the lane what any consumer is: another program that maps the files of the instance. What
//! it found so far it tells in a line of memory that both share; the lane's side looks there only
//! after its last packet.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Child as Process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use client::{AttachSpec, Client, Event, FilterSpec, Lanes, Wanted};
use shm::seat::Policy;
use wire::Class;

use super::tally::Tally;
use crate::harness::{Child, CompareError, child};

/// Name of the instance.
pub const INSTANCE: &str = "compare";
/// What the seat asks for.
pub const CLASSES: u8 = Class::Orders.bit() | Class::Trades.bit();
/// The shared line's file, below the root of the instance.
const TALLY: &str = "tally";
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

/// Its entry in the list of children: `compare --child lane ROOT CORE`.
pub const CHILD: Child = Child { name: "lane", run };

/// A consumer process, as the lane's side sees it.
pub struct Consumer {
    process: Process,
    shared: &'static Shared,
}

impl Consumer {
    /// Starts a consumer that will attach to the instance below `root`, on `core`.
    ///
    /// # Errors
    /// What the system refused.
    pub fn start(root: &Path, core: usize) -> Result<Consumer, CompareError> {
        let failed = |e| CompareError::failed("start the consumer", e);
        let file = File::options().read(true).write(true).create_new(true);
        let file = file.clone().open(root.join(TALLY)).map_err(failed)?;
        file.set_len(size_of::<Shared>() as u64).map_err(failed)?;
        let shared = share(&file).map_err(failed)?;
        let mut command = child::command(CHILD.name)?;
        let process = command.arg(root).arg(core.to_string()).spawn().map_err(failed)?;
        Ok(Consumer { process, shared })
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
        // It ends by itself; one that does not is not worth an error here.
        let _ = self.process.wait();
    }
}

/// Maps the file that both processes share. It stays mapped for the life of the process.
fn share(file: &File) -> io::Result<&'static Shared> {
    let (size, prot) = (size_of::<Shared>(), libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_SHARED | libc::MAP_POPULATE;
    // SAFETY: a new mapping of a file that is at least so long; it replaces nothing.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), size, prot, flags, file.as_raw_fd(), 0) };
    if at == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: page aligned, as long as `Shared`, never unmapped, and only ever used through
    // atomics, for which any bytes are valid.
    Ok(unsafe { &*at.cast::<Shared>() })
}

/// The consumer's process.
fn run(arguments: &[String]) -> Result<(), CompareError> {
    let [root, core] = arguments else {
        return Err(CompareError::failed("lane", "wants a folder and a core"));
    };
    // SAFETY: asks the kernel to end this process with its parent; changes no memory.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let core = core.parse().map_err(|e| CompareError::failed(format!("lane: {core}"), e))?;
    let root = PathBuf::from(root);
    let file = File::options().read(true).write(true).open(root.join(TALLY));
    let shared = file.and_then(|file| match file.metadata()?.len() >= size_of::<Shared>() as u64 {
        true => share(&file),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    });
    let shared = shared.map_err(|e| CompareError::failed("lane: the shared line", e))?;
    consume(root, core, shared)
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
