//! What a record costs the lane, by the number of seats that take it.
//!
//! A burst of records, a step each and a poll after every eighth, is pushed and timed; the next one
//! begins when every consumer has taken everything. In the first form the consumers are one process
//! on the second core that polls all seats in turn, so every line has to come back from there. In
//! the second nobody polls while the clock runs, and the lines come from the same core.

use std::sync::atomic::Ordering;
use std::time::Instant;

use shm::seat::Filter;
use wire::Class;

use super::other::{Board, Other, ended};
use super::stand::{Reader, Stand, record, sum};
use crate::harness::{CompareError, Contestant, Round};

/// Records of a burst: a seat of the default size takes two of them without being read.
pub const BURST: u64 = 4_096;
/// Steps of a poll: messages of a packet.
const STEPS: u64 = 8;
/// Bursts before the clock counts: a lap and a half of the ring, so that both sides have touched
/// every page and line.
pub const WARM: u64 = 6;
/// Words of the board: what the reader has taken, its sum, what it is to take.
const TAKEN: usize = 1;
const SUM: usize = 2;
pub const WANTED: usize = 3;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// A process on the second core, polling all the time.
    Process,
    /// A process on the second core, but only between the bursts.
    After,
    /// The producer's own thread, between the bursts.
    Between,
}

/// A number of seats that all take every record.
pub struct Seats {
    seats: usize,
    readers: Readers,
    bursts: u64,
    core: usize,
}

impl Seats {
    /// `bursts` bursts a round, to `seats` seats, the reader on `core`.
    pub fn new(seats: usize, readers: Readers, bursts: u64, core: usize) -> Seats {
        Seats { seats, readers, bursts, core }
    }
}

/// The filter of every seat here.
pub fn everything() -> Filter {
    Filter::all(Class::Orders.bit() | Class::Trades.bit())
}

/// Instrument of the record of a step: all over the market, without a table.
#[inline(always)]
pub fn instrument(step: u64) -> u32 {
    1 + (step.wrapping_mul(2_741) & 8_191) as u32
}

/// Pushes a record as a step of its own, if a seat wants it.
#[inline(always)]
pub fn step(stand: &mut Stand, step: u64) {
    let instrument = instrument(step);
    let mask = stand.fanout.interest(instrument, Class::Orders as u8);
    if mask != 0 {
        let record = record(step, instrument);
        stand.fanout.push(mask, Class::Orders as u8, instrument, &record);
    }
    stand.fanout.end_step(step);
}

/// A burst of steps from `first` on, ns.
#[inline(never)]
pub fn burst(stand: &mut Stand, first: u64) -> f64 {
    let begun = Instant::now();
    for poll in 0..BURST / STEPS {
        for at in 0..STEPS {
            step(stand, first + poll * STEPS + at);
        }
        stand.busy_poll();
    }
    begun.elapsed().as_nanos() as f64
}

/// Takes what is there, at most 64 records a seat; how many, and their sum.
#[inline(always)]
pub fn take(readers: &mut [Reader]) -> (u64, u64) {
    let (mut taken, mut total) = (0, 0_u64);
    for reader in readers {
        for _ in 0..64 {
            let Some(record) = reader.next() else { break };
            total = total.wrapping_add(sum(&record));
            taken += 1;
        }
        reader.release();
    }
    (taken, total)
}

/// Reads all seats until it is told to end.
pub fn read_all(readers: &mut [Reader], board: &Board) -> i32 {
    let (mut taken, mut total) = (0_u64, 0_u64);
    while !ended(board) {
        // Partner: the store in `round`, after the burst.
        if taken >= board.word(WANTED).load(Ordering::Acquire) {
            std::hint::spin_loop();
            continue;
        }
        let (more, sum) = take(readers);
        if more != 0 {
            taken += more;
            total = total.wrapping_add(sum);
            board.word(SUM).store(total, Ordering::Relaxed);
            // Partner: the load in `wait`, which makes the sum of so many records visible.
            board.word(TAKEN).store(taken, Ordering::Release);
        }
    }
    0
}

pub fn wait(board: &Board, records: u64) -> Result<(), CompareError> {
    let begun = Instant::now();
    // Partner: the store in `read_all`.
    while board.word(TAKEN).load(Ordering::Acquire) < records {
        std::hint::spin_loop();
        if begun.elapsed().as_secs() > 5 {
            return Err(CompareError::failed("wait for the readers", "records are missing"));
        }
    }
    Ok(())
}

impl Seats {
    /// Bursts until the ring has been gone through and the time measured; ns a record, sum.
    fn run(
        &self,
        stand: &mut Stand,
        mut drain: impl FnMut(u64) -> Result<(), CompareError>,
    ) -> Result<f64, CompareError> {
        let mut times = Vec::with_capacity(self.bursts as usize);
        for number in 0..WARM + self.bursts {
            let ns = burst(stand, 1 + number * BURST);
            if number >= WARM {
                times.push(ns / BURST as f64);
            }
            drain((number + 1) * BURST * self.seats as u64)?;
            stand.busy_poll();
        }
        Ok(crate::harness::median(&times))
    }

    /// Sum of all records of a round, to each seat.
    fn expected(&self) -> u64 {
        let last = (WARM + self.bursts) * BURST;
        (1..=last).fold(0, |total, step| total.wrapping_add(sum(&record(step, instrument(step)))))
    }
}

impl Contestant for Seats {
    fn name(&self) -> String {
        let how = match self.readers {
            Readers::Process => "read by a process",
            Readers::After => "read by a process between bursts",
            Readers::Between => "read between bursts",
        };
        format!("hotlane {} seats, {how}", self.seats)
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let mut stand = Stand::new(self.seats)?;
        let mut readers = Vec::with_capacity(self.seats);
        for seat in 0..self.seats {
            readers.push(stand.join(seat, everything())?);
        }
        let expected = self.expected();
        let each = expected.wrapping_mul(self.seats as u64);
        let (ns, total) = match self.readers {
            Readers::Process | Readers::After => {
                let board = Board::new()?;
                let all = if self.readers == Readers::Process { u64::MAX } else { 0 };
                // Before the fork: seen by the reader as it is.
                board.word(WANTED).store(all, Ordering::Relaxed);
                let body = || read_all(&mut readers, &board);
                let other = Other::start(self.core, body)?;
                let ns = self.run(&mut stand, |records| {
                    if all == 0 {
                        // Partner: the load in `read_all`.
                        board.word(WANTED).store(records, Ordering::Release);
                    }
                    wait(&board, records)
                })?;
                drop(other);
                (ns, board.word(SUM).load(Ordering::Relaxed))
            }
            Readers::Between => {
                let (mut taken, mut total) = (0, 0_u64);
                let ns = self.run(&mut stand, |records| {
                    while taken < records {
                        let (more, sum) = take(&mut readers);
                        taken += more;
                        total = total.wrapping_add(sum);
                    }
                    Ok(())
                })?;
                (ns, total)
            }
        };
        // Every seat must have had everything; what the answer is does not depend on their number.
        if total != each {
            let why = format!("{total} instead of {each}");
            return Err(CompareError::failed("sum of what the seats have read", why));
        }
        Ok(Round { ns, answer: expected })
    }
}
