//! A core's thread: pinned, polling its lanes until told to stop, and giving them back.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use affinity::{AffinityError, Backoff, CoreReport, CoreSpec, Now, PollMode, run_core};

use crate::error::{FeedError, Result};
use crate::run::body::LaneBody;
use crate::run::clock::PageClock;

/// How a core's thread is to run.
#[derive(Clone, Debug)]
pub struct CoreTask {
    /// Name of its section.
    pub name: String,
    /// Processor that it is pinned to.
    pub cpu: Option<usize>,
    /// How it polls.
    pub mode: PollMode,
}

/// What a core's thread gives back.
pub struct CoreEnd {
    /// Its lanes, for the summary and for an end in order.
    pub lanes: Vec<LaneBody>,
    /// What the loop did, or why it did not run.
    pub report: std::result::Result<CoreReport, AffinityError>,
}

/// Tries the processor on a thread of its own, so that a wrong one is known before anything runs.
///
/// # Errors
/// If the processor does not exist, is offline or not allowed.
pub fn try_cpu(cpu: usize) -> Result<()> {
    let tried = std::thread::spawn(move || affinity::pin(cpu).map(drop)).join();
    match tried {
        Ok(pinned) => Ok(pinned?),
        Err(_) => Err(FeedError::Thread { name: format!("cpu {cpu}") }),
    }
}

/// Starts a core.
///
/// # Errors
/// If no thread can be started.
pub fn start(
    task: CoreTask,
    mut lanes: Vec<LaneBody>,
    mut clock: PageClock,
    stop: Arc<AtomicBool>,
) -> Result<JoinHandle<CoreEnd>> {
    let name = format!("core-{}", task.name);
    let run = move || {
        let spec =
            CoreSpec { core: task.cpu, mode: task.mode, backoff: Backoff::default(), stop: &stop };
        let report = run_core(&spec, &mut clock, &mut lanes[..]);
        lanes.iter_mut().for_each(|body| body.finish(clock.now()));
        CoreEnd { lanes, report }
    };
    std::thread::Builder::new()
        .name(name.clone())
        .spawn(run)
        .map_err(|source| FeedError::io(format!("thread {name}"), source))
}
