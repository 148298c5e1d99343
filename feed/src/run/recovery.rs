//! Recovery of the lanes: servers looked up, passwords read, one thread for each lane that has any.

use std::path::Path;
use std::sync::Arc;

use affinity::Clock;
use producer::Host;

use crate::config::{LaneSection, RecoverySection};
use crate::error::{FeedError, Result};
use crate::recover::RecoverySpec;
use crate::recover::RepairSpec;
use crate::recover::mail::{LaneEnd, RecoveryEnd, mail};
use crate::recover::worker::{RunningWorker, SharedCounts, Worker, resolve};
use crate::run::clock::PageClock;

/// Bytes of a password at most.
const PASSWORD_MAX: usize = 10;

/// Looks the servers of a lane up and opens its sockets.
///
/// # Errors
/// If a name has no address, a socket cannot be had, or a password not be used.
pub fn open(lane: &str, section: &RecoverySection) -> Result<Worker> {
    let addresses = |servers: &[String]| -> Result<Vec<_>> {
        servers.iter().map(|server| resolve(server)).collect()
    };
    let password = section.password_file.as_deref().map(password).transpose()?;
    let spec = RecoverySpec {
        login: (padded(section.user.as_bytes()), password.unwrap_or([b' '; PASSWORD_MAX])),
        seed: seed(),
        ..section.limits.clone()
    };
    let (requests, snapshots) = (addresses(&section.requests)?, addresses(&section.snapshots)?);
    Worker::open(lane, spec, &requests, &snapshots)
}

/// How a lane repairs its books. One with a single line and without servers has nobody to have
/// anything from.
pub fn repair_spec(lane: &LaneSection) -> RepairSpec {
    let usual = RepairSpec::default();
    let messages = match &lane.recovery {
        Some(section) => section.keep,
        None if lane.lines.len() > 1 => usual.messages,
        None => 0,
    };
    RepairSpec { messages, ..usual }
}

/// What spreads the pauses of one process away from those of another.
fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64) ^ u64::from(std::process::id())
}

fn padded<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut field = [b' '; N];
    for (to, from) in field.iter_mut().zip(text) {
        *to = *from;
    }
    field
}

/// The first line of a file that is its owner's alone.
fn password(path: &Path) -> Result<[u8; PASSWORD_MAX]> {
    use std::os::unix::fs::MetadataExt;

    let failed = |source| FeedError::io(path.display().to_string(), source);
    let wrong = |reason: &str| FeedError::Argument {
        text: format!("password_file {}", path.display()),
        reason: reason.to_owned(),
    };
    let mode = std::fs::metadata(path).map_err(failed)?.mode();
    if mode & 0o077 != 0 {
        return Err(wrong("a file that nobody but its owner may read: chmod 600"));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let line = text.lines().next().unwrap_or_default();
    if line.len() > PASSWORD_MAX || !line.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(wrong("up to 10 letters and digits in its first line"));
    }
    Ok(padded(line.as_bytes()))
}

/// Threads that are to run, then run.
#[derive(Default)]
pub struct Recoveries {
    waiting: Vec<(Worker, RecoveryEnd, Arc<SharedCounts>)>,
    running: Vec<RunningWorker>,
}

impl Recoveries {
    /// Takes a lane's recovery; gives the lane's end of the queues, and where its counts appear.
    pub fn add(&mut self, worker: Option<Worker>) -> (Option<LaneEnd>, Option<Arc<SharedCounts>>) {
        let Some(worker) = worker else { return (None, None) };
        let (lane, end) = mail();
        let counts = Arc::new(SharedCounts::default());
        self.waiting.push((worker, end, counts.clone()));
        (Some(lane), Some(counts))
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// If one cannot be started; those that run already are stopped.
    pub fn start(&mut self, host: &Host, tell: &mut dyn FnMut(&str)) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let clock = Clock::measure()?;
        for (worker, end, counts) in std::mem::take(&mut self.waiting) {
            tell(&worker.describe());
            self.running.push(worker.start(end, PageClock::new(host, clock), counts)?);
        }
        Ok(())
    }

    /// Stops the threads and waits for them.
    ///
    /// # Errors
    /// If one panicked.
    pub fn finish(&mut self) -> Result<()> {
        let running = std::mem::take(&mut self.running);
        // Every one is stopped, whatever came of those before it.
        let ends: Vec<_> = running.into_iter().map(RunningWorker::finish).collect();
        ends.into_iter().collect()
    }
}

impl Drop for Recoveries {
    /// Where the run could not begin, no thread is left behind.
    fn drop(&mut self) {
        let _ = self.finish();
    }
}
