//! Recovery's thread: the machine, its sockets, a clock.
//!
//! One thread for each lane that has servers. It is not pinned and it sleeps: what it does is worth
//! milliseconds, and the lane's core is not to share a processor with it. The lane cannot wake it
//! (that would be a system call in the lane), so it looks for wishes every so often.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use affinity::Now;

use super::counts::RecoveryCounts;
use super::machine::Recovery;
use super::mail::RecoveryEnd;
use super::sockets::Sockets;
use super::spec::RecoverySpec;
use crate::error::{FeedError, Result};

/// Longest sleep: a wish of the lane is found after so long, ns.
const IDLE_NS: u64 = 500_000;
/// Shortest sleep, ns.
const SHORTEST_NS: u64 = 20_000;

/// Counts that the thread writes and the lane's thread reads.
#[derive(Debug)]
pub struct SharedCounts([AtomicU64; RecoveryCounts::LEN]);

impl Default for SharedCounts {
    fn default() -> Self {
        SharedCounts([const { AtomicU64::new(0) }; RecoveryCounts::LEN])
    }
}

impl SharedCounts {
    fn store(&self, counts: &RecoveryCounts) {
        for (to, value) in self.0.iter().zip(counts.values()) {
            // Relaxed: partner is `load`; each count stands for itself.
            to.store(value, Ordering::Relaxed);
        }
    }

    /// Copies the counts as they are now.
    pub fn load(&self, into: &mut [u64; RecoveryCounts::LEN]) {
        for (to, from) in into.iter_mut().zip(&self.0) {
            // Relaxed: partner is `store`.
            *to = from.load(Ordering::Relaxed);
        }
    }
}

/// Finds the address of a server, given as `HOST:PORT`.
///
/// # Errors
/// If the name has none.
pub fn resolve(server: &str) -> Result<SocketAddr> {
    let failed = |source| FeedError::io(format!("recovery server {server}"), source);
    let none = || std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    server.to_socket_addrs().map_err(failed)?.next().ok_or_else(|| failed(none()))
}

/// A thread that is there to be started: its sockets are open.
pub struct Worker {
    name: String,
    spec: RecoverySpec,
    sockets: Sockets,
}

/// A thread that runs.
pub struct RunningWorker {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Worker {
    /// Opens the sockets. How many servers there are is taken from the lists; `name` is the lane's.
    ///
    /// # Errors
    /// If a socket cannot be had.
    pub fn open(
        name: &str,
        spec: RecoverySpec,
        requests: &[SocketAddr],
        snapshots: &[SocketAddr],
    ) -> Result<Worker> {
        let spec = RecoverySpec {
            request_servers: u8::try_from(requests.len()).unwrap_or(u8::MAX),
            snapshot_servers: u8::try_from(snapshots.len()).unwrap_or(u8::MAX),
            ..spec
        };
        Ok(Worker { name: name.to_owned(), spec, sockets: Sockets::open(requests, snapshots)? })
    }

    /// Its servers, for people.
    pub fn describe(&self) -> String {
        let list = |servers: &[SocketAddr]| {
            let texts: Vec<_> = servers.iter().map(SocketAddr::to_string).collect();
            if texts.is_empty() { "nobody".to_owned() } else { texts.join(", ") }
        };
        let (requests, snapshots) = self.sockets.servers();
        format!(
            "lane {}: recovery asks {} for messages and {} for snapshots",
            self.name,
            list(&requests),
            list(snapshots)
        )
    }

    /// Starts the thread. `clock` gives ns UTC; counts are brought up to date in `counts`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(
        self,
        end: RecoveryEnd,
        clock: impl Now + Send + 'static,
        counts: Arc<SharedCounts>,
    ) -> Result<RunningWorker> {
        let stop = Arc::new(AtomicBool::new(false));
        let name = format!("recovery-{}", self.name);
        let asked = stop.clone();
        let thread = std::thread::Builder::new()
            .name(name.clone())
            .spawn(move || self.run(end, clock, &counts, &asked))
            .map_err(|source| FeedError::io(format!("thread {name}"), source))?;
        Ok(RunningWorker { thread, stop })
    }

    fn run(self, end: RecoveryEnd, mut clock: impl Now, shared: &SharedCounts, stop: &AtomicBool) {
        let Worker { spec, mut sockets, .. } = self;
        let mut recovery = Recovery::new(spec, end);
        // Acquire: partner is `RunningWorker::finish`.
        while !stop.load(Ordering::Acquire) {
            let found = sockets.receive(&mut recovery, &mut || clock.now());
            recovery.set_socket_errors(sockets.errors());
            let now = clock.now();
            recovery.poll(now, &mut sockets);
            shared.store(recovery.counts());
            if !found {
                let until = recovery.deadline().saturating_sub(now);
                std::thread::sleep(Duration::from_nanos(until.clamp(SHORTEST_NS, IDLE_NS)));
            }
        }
        shared.store(recovery.counts());
    }
}

impl RunningWorker {
    /// Stops the thread and waits for it.
    ///
    /// # Errors
    /// If it panicked.
    pub fn finish(self) -> Result<()> {
        // Release: partner is the thread's look.
        self.stop.store(true, Ordering::Release);
        let name = self.thread.thread().name().unwrap_or("recovery").to_owned();
        self.thread.join().map_err(|_| FeedError::Thread { name })
    }
}
