//! The process that asks, and the clock.

use super::page::{Page, Shape, wake};
use crate::harness::{CompareError, child, median};
use std::hint::spin_loop;
use std::os::fd::AsRawFd;
use std::process::Stdio;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// Exchanges of a batch, whose mean is one figure.
pub const BATCH: u64 = 500;
/// Batches of a measurement, whose median is the result.
pub const BATCHES: u64 = 60;
/// Above this the two cores do not share a near cache. Placements of one host differ fourfold.
const FAR_NS: f64 = 250.0;
/// An answer takes this long only if the other process is gone or its core is taken.
const PATIENCE: Duration = Duration::from_secs(5);
/// Looks at the line between two looks at the time.
const LOOKS: u32 = 1 << 16;

/// Where the two cores are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Behind one cache.
    Near,
    /// A line travels further.
    Far,
}

/// The time of one exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    /// Median over the batches, ns there and back.
    pub rtt_ns: f64,
    /// The quickest batch, ns.
    pub least_ns: f64,
    /// The slowest batch, ns.
    pub most_ns: f64,
}

impl Floor {
    /// Where the cores were.
    #[must_use]
    pub fn placement(&self) -> Placement {
        if self.rtt_ns > FAR_NS { Placement::Far } else { Placement::Near }
    }
}

/// The other process, waiting to be asked.
pub struct Probe {
    page: Page,
    process: std::process::Child,
    core: usize,
    command: u32,
}

impl Probe {
    /// Starts the other process on the second core.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(cores: [usize; 2]) -> Result<Probe, CompareError> {
        let page = Page::create()?;
        let descriptor = page.file.as_raw_fd().to_string();
        let mut command = child::command(super::CHILD.name)?;
        command.arg(descriptor).arg(cores[1].to_string()).stdin(Stdio::null());
        let process =
            command.spawn().map_err(|e| CompareError::failed("start the answering process", e))?;
        Ok(Probe { page, process, core: cores[0], command: 0 })
    }

    /// The floor now: one line there and back; takes some 10 ms.
    ///
    /// # Errors
    /// The other process does not answer.
    pub fn measure(&mut self) -> Result<Floor, CompareError> {
        self.measure_as(Shape::OneLine)
    }

    /// As [`Probe::measure`], in either shape.
    ///
    /// # Errors
    /// The other process does not answer.
    pub fn measure_as(&mut self, shape: Shape) -> Result<Floor, CompareError> {
        let pinned =
            affinity::pin(self.core).map_err(|e| CompareError::failed("pin the probe", e))?;
        let measured = self.batches(shape);
        pinned.restore().map_err(|e| CompareError::failed("give the probe's core back", e))?;
        let batches = measured?;
        Ok(Floor {
            rtt_ns: median(&batches),
            least_ns: batches.iter().copied().fold(f64::INFINITY, f64::min),
            most_ns: batches.iter().copied().fold(0.0, f64::max),
        })
    }

    fn batches(&mut self, shape: Shape) -> Result<Vec<f64>, CompareError> {
        let shared = self.page.shared();
        // The other process is asleep: it has answered the last question of the last round.
        shared.ping.0.store(0, Relaxed);
        shared.pong.0.store(0, Relaxed);
        shared.control.exchanges.store(BATCH * BATCHES, Relaxed);
        shared.control.shape.store(u32::from(shape == Shape::TwoLines), Relaxed);
        self.command = self.command.wrapping_add(1);
        // Pairs with the other side's acquire load: all of the above is visible with it.
        shared.control.command.store(self.command, Release);
        wake(&shared.control.command);
        let begin = Instant::now();
        // Pairs with the release store of `ready`: the other side is awake.
        while shared.ready.load(Acquire) != self.command {
            if begin.elapsed() > PATIENCE || matches!(self.process.try_wait(), Ok(Some(_))) {
                return Err(CompareError::failed("floor", "the other process does not answer"));
            }
            spin_loop();
        }
        let answer = if shape == Shape::TwoLines { &shared.pong.0 } else { &shared.ping.0 };
        let mut batches = Vec::with_capacity(BATCHES as usize);
        for batch in 0..BATCHES {
            let begin = Instant::now();
            for exchange in batch * BATCH..(batch + 1) * BATCH {
                // Pairs with the other side's acquire load of the question.
                shared.ping.0.store(2 * exchange + 1, Release);
                await_answer(answer, 2 * exchange + 2)?;
            }
            batches.push(begin.elapsed().as_nanos() as f64 / BATCH as f64);
        }
        Ok(batches)
    }
}

/// Spins until the answer is there.
#[inline]
fn await_answer(word: &AtomicU64, answer: u64) -> Result<(), CompareError> {
    let mut since = None;
    loop {
        for _ in 0..LOOKS {
            // Pairs with the other side's release store of the answer.
            if word.load(Acquire) == answer {
                return Ok(());
            }
            spin_loop();
        }
        if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return Err(CompareError::failed("floor", "the other process stopped answering"));
        }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // Only this process was started here; one that is already gone is what was wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
