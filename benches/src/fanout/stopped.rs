//! What a consumer that has stopped costs the lane, beside one that keeps up.
//!
//! One seat, policy lose. The stopped process is stopped by a signal, as a debugger or a full host
//! does it. What is measured begins with the stop: the ring runs full, the seat falls silent, its
//! losses are counted one by one.

use std::sync::atomic::Ordering;

use shm::seat::Counter;

use super::other::{Board, Other};
use super::publish::{BURST, WARM, burst, everything, read_all, wait};
use super::stand::Stand;
use crate::harness::{CompareError, Contestant, Round};

/// What the consumer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It takes everything.
    Fast,
    /// It is stopped by a signal.
    Stopped,
    /// It never reads.
    Never,
}

/// A lane with one consumer.
pub struct Stopped {
    how: How,
    bursts: u64,
    core: usize,
}

impl Stopped {
    /// `bursts` bursts a round, the consumer on `core`.
    pub fn new(how: How, bursts: u64, core: usize) -> Stopped {
        Stopped { how, bursts, core }
    }
}

impl Contestant for Stopped {
    fn name(&self) -> String {
        let what = match self.how {
            How::Fast => "a consumer that keeps up",
            How::Stopped => "a consumer that was stopped",
            How::Never => "a consumer that never reads",
        };
        format!("hotlane, {what}")
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let mut stand = Stand::new(1)?;
        let mut readers = vec![stand.join(0, everything())?];
        let board = Board::new()?;
        // Before the fork: seen by the reader as it is.
        let wanted = if self.how == How::Never { 0 } else { u64::MAX };
        board.word(super::publish::WANTED).store(wanted, Ordering::Relaxed);
        let other = Other::start(self.core, || read_all(&mut readers, &board))?;
        let warm = WARM;
        let mut total = 0.0;
        for number in 0..warm + self.bursts {
            if number == warm && self.how == How::Stopped {
                other.stop();
            }
            let ns = burst(&mut stand, 1 + number * BURST);
            if number >= warm {
                total += ns;
            }
            if self.how == How::Fast || (self.how == How::Stopped && number < warm) {
                wait(&board, (number + 1) * BURST)?;
            }
            stand.busy_poll();
        }
        if self.how == How::Stopped {
            other.go_on();
        }
        // Everything that was published to the seat was delivered or counted as lost.
        let counters = stand.fanout.counters(0);
        let of = |counter: Counter| counters.get(counter.index()).copied().unwrap_or(0);
        let answer = of(Counter::Delivered) + of(Counter::Lost) + of(Counter::Conflated);
        if answer != (warm + self.bursts) * BURST {
            return Err(CompareError::failed("account of a seat", format!("{counters:?}")));
        }
        Ok(Round { ns: total / (self.bursts * BURST) as f64, answer })
    }
}
