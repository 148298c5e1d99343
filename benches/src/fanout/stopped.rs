//! What a consumer that has stopped costs the lane, beside one that keeps up.
//!
//! One seat, policy lose. The stopped process is stopped by a signal, as a debugger or a full host
//! does it. What is measured begins with the stop: the ring runs full, the seat falls silent, its
//! losses are counted one by one.
//!
//! The three take turns burst by burst, a tenth of a millisecond each, and a ratio is taken between
//! neighbours: what one that keeps up costs depends on how the two cores happen to meet, and that
//! changes from one second to the next.

use std::sync::atomic::Ordering;

use shm::seat::Counter;

use super::other::{Board, Other};
use super::publish::{BURST, WANTED, WARM, burst, everything, read_all, wait};
use super::stand::{Reader, Stand};
use crate::harness::{Bar, CompareError, Row, Series, Setting, Table, Want, median};

/// What the consumer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// It takes everything.
    Fast,
    /// It is stopped by a signal.
    Stopped,
    /// It never reads.
    Never,
}

const ALL: [How; 3] = [How::Fast, How::Stopped, How::Never];

/// A lane with one consumer.
struct Lane {
    how: How,
    stand: Stand,
    board: Board,
    /// The consumer's process; the one that never reads has none.
    other: Option<Other>,
    /// Its seat, if it is this process that holds it.
    _readers: Vec<Reader>,
    bursts: u64,
}

impl Lane {
    fn new(how: How, core: usize) -> Result<Lane, CompareError> {
        let mut stand = Stand::new(1)?;
        let mut readers = vec![stand.join(0, everything())?];
        let board = Board::new()?;
        // Before the fork: seen by the reader as it is.
        board.word(WANTED).store(u64::MAX, Ordering::Relaxed);
        let other = match how {
            How::Never => None,
            _ => Some(Other::start(core, || read_all(&mut readers, &board))?),
        };
        let mut lane = Lane { how, stand, board, other, _readers: readers, bursts: 0 };
        for _ in 0..WARM {
            lane.burst()?;
        }
        if let (How::Stopped, Some(other)) = (how, &lane.other) {
            other.stop();
        }
        Ok(lane)
    }

    /// A burst, ns a record.
    fn burst(&mut self) -> Result<f64, CompareError> {
        let reads = self.how == How::Fast || (self.how == How::Stopped && self.bursts < WARM);
        let ns = burst(&mut self.stand, 1 + self.bursts * BURST);
        self.bursts += 1;
        if reads {
            wait(&self.board, self.bursts * BURST)?;
        }
        self.stand.busy_poll();
        Ok(ns / BURST as f64)
    }

    /// Everything that was published to the seat was delivered or counted as lost.
    fn account(&self) -> Result<(), CompareError> {
        let counters = self.stand.fanout.counters(0);
        let of = |counter: Counter| counters.get(counter.index()).copied().unwrap_or(0);
        let accounted = of(Counter::Delivered) + of(Counter::Lost) + of(Counter::Conflated);
        if accounted != self.bursts * BURST {
            return Err(CompareError::failed("account of a seat", format!("{counters:?}")));
        }
        Ok(())
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let (How::Stopped, Some(other)) = (self.how, &self.other) {
            other.go_on();
        }
    }
}

/// Bursts of each in turns, `setting.rounds` times.
///
/// # Errors
/// If a process cannot be started, or an account does not add up.
pub fn table(setting: &Setting, bursts: u64) -> Result<Table, CompareError> {
    let names = ["keeps up", "was stopped", "never reads"];
    let mut series =
        names.map(|name| Series::new(format!("hotlane, a consumer that {name}"), true));
    let mut ratios = [Vec::new(), Vec::new()];
    for round in 0..setting.rounds {
        let mut lanes = Vec::with_capacity(ALL.len());
        for how in ALL {
            lanes.push(Lane::new(how, setting.cores[1])?);
        }
        let mut times = [const { Vec::new() }; 3];
        for number in 0..bursts as usize {
            let mut turn = [0.0; 3];
            for at in 0..ALL.len() {
                // Each follows each other one equally often.
                let at = (at + number + round) % ALL.len();
                turn[at] = lanes[at].burst()?;
            }
            for (times, ns) in times.iter_mut().zip(turn) {
                times.push(ns);
            }
            for (ratios, ns) in ratios.iter_mut().zip(&turn[1..]) {
                ratios.push(ns / turn[0]);
            }
        }
        for (series, times) in series.iter_mut().zip(&times) {
            series.rounds.push(median(times));
        }
        lanes.iter().try_for_each(Lane::account)?;
    }
    let bar = |what: &str, ratios: &[f64]| {
        let what = format!("a consumer {what} against a fast one");
        Bar::ratio(what, median(ratios), Want::AtMost(1.1), Some(Want::AtMost(1.02)))
    };
    Ok(Table {
        title: "Publishing to a consumer that has stopped".into(),
        unit: "ns/record",
        input: format!("one seat, policy lose, from the stop on; in turns by {BURST} records"),
        rows: series.iter().map(Row::from).collect(),
        bars: vec![bar("stopped by a signal", &ratios[0]), bar("that never reads", &ratios[1])],
        notes: vec![format!("ratios: medians of {} pairs", ratios[0].len())],
    })
}
