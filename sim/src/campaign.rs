//! Many seeds, on as many threads as the host has cores, and what they came to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::mutant::Mutant;
use crate::scenario::Scenario;
use crate::world::{Failure, Outcome, World};

/// Which seeds are run.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// No seed begins after this time.
    pub limit: Option<Duration>,
    /// Threads.
    pub threads: usize,
    /// A fault that is built in.
    pub mutant: Option<Mutant>,
}

/// What a campaign came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Seeds that failed.
    pub failed: u64,
    /// Wall time, s.
    pub seconds: f64,
    /// Virtual time, s.
    pub virtual_seconds: f64,
    /// Events.
    pub events: u64,
    /// Polls of the lane.
    pub polls: u64,
    /// Packets that the venue sent.
    pub packets_sent: u64,
    /// Packets that networks lost.
    pub packets_lost: u64,
    /// Packets that came twice.
    pub packets_copied: u64,
    /// Packets that were damaged.
    pub packets_damaged: u64,
    /// Messages that lanes heard of: the sum of the next three.
    pub messages: u64,
    /// Published live.
    pub live: u64,
    /// Recovered after they had been declared.
    pub recovered: u64,
    /// Declared and not recovered.
    pub declared: u64,
    /// Gaps declared.
    pub gaps: u64,
    /// Trades published.
    pub trades: u64,
    /// Trades that are missing and declared.
    pub trades_missing: u64,
    /// Alarms of lines.
    pub alarms: u64,
    /// Books of lanes that were compared with the true ones.
    pub lane_books: u64,
    /// Books of consumers that were.
    pub seat_books: u64,
    /// Records that consumers read.
    pub records_read: u64,
    /// Records that were declared lost to consumers.
    pub records_lost: u64,
    /// The first failures.
    #[serde(skip)]
    pub failures: Vec<Failure>,
}

/// Failures that are kept.
const KEPT: usize = 16;

impl Summary {
    /// Adds what a run came to.
    pub fn add(&mut self, outcome: &Outcome) {
        self.virtual_seconds += outcome.virtual_ns as f64 / 1e9;
        self.events += outcome.events;
        self.polls += outcome.polls;
        self.packets_sent += outcome.lines.sent;
        self.packets_lost += outcome.lines.lost;
        self.packets_copied += outcome.lines.copies;
        self.packets_damaged += outcome.lines.damaged;
        self.messages += outcome.lane.sent;
        self.live += outcome.lane.live;
        self.recovered += outcome.lane.late;
        self.declared += outcome.lane.declared;
        self.gaps += outcome.lane.gaps;
        self.trades += outcome.lane.trades;
        self.trades_missing += outcome.lane.trades_missing;
        self.alarms += outcome.lane.alarms;
        self.lane_books += outcome.lane.compared;
        self.seat_books += outcome.seats.compared;
        self.records_read += outcome.seats.read;
        self.records_lost += outcome.seats.lost;
    }
}

impl Campaign {
    /// Runs the seeds. `progress` hears of each that is over, on the thread that ran it.
    pub fn run(&self, progress: &(dyn Fn(u64) + Sync)) -> Summary {
        let begun = Instant::now();
        let next = AtomicU64::new(0);
        let summary = Mutex::new(Summary::default());
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| self.work(begun, &next, &summary, progress));
            }
        });
        let mut summary = summary.into_inner().unwrap_or_default();
        summary.seconds = begun.elapsed().as_secs_f64();
        summary.failures.sort_by_key(|failure| failure.seed);
        summary
    }

    fn work(
        &self,
        begun: Instant,
        next: &AtomicU64,
        summary: &Mutex<Summary>,
        progress: &(dyn Fn(u64) + Sync),
    ) {
        loop {
            if self.limit.is_some_and(|limit| begun.elapsed() >= limit) {
                return;
            }
            // Relaxed: a number of its own for each, and nothing comes with it.
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.seeds {
                return;
            }
            let outcome = run(self.from.wrapping_add(number), self.mutant, false);
            let Ok(mut summary) = summary.lock() else { return };
            summary.seeds += 1;
            match outcome {
                Ok(outcome) => summary.add(&outcome),
                Err(failure) => {
                    summary.failed += 1;
                    if summary.failures.len() < KEPT {
                        summary.failures.push(*failure);
                    }
                }
            }
            let done = summary.seeds;
            drop(summary);
            progress(done);
        }
    }
}

thread_local! {
    static SEED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// The seed that this thread runs, for whoever reports a panic.
pub fn current_seed() -> u64 {
    SEED.get()
}

/// Runs one seed.
///
/// # Errors
/// The first thing that does not hold.
pub fn run(seed: u64, mutant: Option<Mutant>, print: bool) -> Result<Outcome, Box<Failure>> {
    SEED.set(seed);
    World::new(Scenario::draw(seed), mutant, print).run()
}
