//! A consumer joins 8,900 books while records flow.
//!
//! The lane has a message every microsecond: it changes a book and publishes the record to a consumer
//! that has long been there. In the time between, it polls, and such a poll that found nothing writes
//! a part of a book to the consumer that joins: the product's own refresh over the product's own
//! books. The join lasts until nothing is withheld from the seat any more. What counts is the time of
//! each message, from taking it up to the end of its step, and from when it was due.
//!
//! One cycle is a stretch before the join, the join, and a stretch after it with both consumers, all
//! within a tenth of a second; a ratio is taken within a cycle, so that a host that takes the core
//! away spoils cycles and not the median.
//!
//! Both consumers are one process on the second core. It is forked before the books are made: after
//! a fork every page of the parent is copied at its first write, and a message that finds that cost
//! takes microseconds.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use affinity::{Calibration, Counter, KernelClock};
use book::{L3Limits, PagedIndex, Side};
use feed::publish::listing::Listed;
use feed::publish::outlet::Books;
use feed::publish::refresh::BookRefresh;
use hdrhistogram::Histogram;
use shm::fanout::{LostReport, Refresh, RefreshOut, SeatWant};
use shm::seat::Attach;
use wire::payload::Lost;
use wire::{BookState, Class, Nature, Venue};

use super::other::{Board, Other, ended};
use super::publish::{everything, take};
use super::stand::{INSTRUMENTS, Reader, Stand, record};
use crate::harness::CompareError;

/// Orders of a book.
const ORDERS: u64 = 40;
/// Between two messages, ns.
const EVERY_NS: u64 = 1_000;

/// Messages before a stretch counts.
const WARM: u64 = 500;
/// Word of the board: odd while the second consumer is to have its seat.
const JOINED: usize = 5;
/// Seat of the consumer that joins and leaves, and of the one that stays.
const JOINING: usize = 0;
const STEADY: usize = 1;

/// What a stretch of messages showed, ns: median and 99th percentile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// From taking a message up to the end of its step.
    pub service: [f64; 2],
    /// From when it was due to the end of its step.
    pub due: [f64; 2],
}

/// What a cycle showed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cycle {
    /// With one consumer, during the join of another, and with both.
    pub times: [Times; 3],
    /// Polls that found nothing during the join: 99th percentile and longest, ns.
    pub idle: [f64; 2],
    /// How long the join took, ns.
    pub join_ns: f64,
    /// Records of the refreshes.
    pub records: u64,
}

/// The product's refresh, as its lane calls it.
struct Whole<'a> {
    refresh: BookRefresh<'a>,
    written: &'a Cell<u64>,
}

impl Refresh for Whole<'_> {
    fn refresh(&mut self, instrument: u32, want: SeatWant, out: &mut RefreshOut) {
        self.refresh.write_to(instrument, want, out);
        self.written.set(self.written.get() + out.pushed());
    }

    #[inline(always)]
    fn expect(&mut self, instrument: u32, _want: SeatWant) {
        self.refresh.expect(instrument);
    }

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost { records: report.records, ..Lost::default() };
        self.refresh.lost(lost).to_words()
    }
}

/// A lane: books, seats, clock.
pub struct Lane {
    books: Books,
    listed: Listed,
    stand: Stand,
    counter: Counter,
    calibration: Calibration,
    step: u64,
    written: Cell<u64>,
    service: Histogram<u64>,
    due: Histogram<u64>,
    idle: Histogram<u64>,
    board: Board,
    /// Killed when this is dropped.
    _consumers: Other,
}

fn hdr() -> Result<Histogram<u64>, CompareError> {
    Histogram::new_with_bounds(1, 1_000_000_000, 3)
        .map_err(|error| CompareError::failed("make a histogram", error))
}

impl Lane {
    /// A market of 8,900 books of 40 orders each, and seats for two consumers on `core`, one of
    /// which has its books.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn new(core: usize) -> Result<Lane, CompareError> {
        let stand = Stand::new(2)?;
        let board = Board::new()?;
        let consumers = Other::start(core, || consume(&stand, &board))?;
        let books = INSTRUMENTS as u64 - 1;
        let limits = L3Limits::new(INSTRUMENTS as u32, (books * ORDERS) as u32 + 1_000);
        let failed = |error| CompareError::failed("make the books", error);
        let mut all = book::L3Books::<PagedIndex>::new(limits).map_err(failed)?;
        for order in 0..books * ORDERS {
            // In turns, so that the orders of a book lie far apart, as on a real day.
            let (instrument, number) = (1 + order % books, order / books);
            let (side, price) = place(number);
            let added = all.add(instrument as u32, order + 1, side, price, 100);
            added.map_err(|error| CompareError::failed("fill the books", format!("{error:?}")))?;
        }
        let counter = Counter::detect().counter;
        let clock = KernelClock::read_or_unknown();
        let calibration = Calibration::measure(counter, &clock);
        let (calibration, _) =
            calibration.map_err(|error| CompareError::failed("calibrate the clock", error))?;
        let mut lane = Lane {
            books: all,
            listed: Listed::everything(INSTRUMENTS as u32),
            stand,
            counter,
            calibration,
            step: 0,
            written: Cell::new(0),
            service: hdr()?,
            due: hdr()?,
            idle: hdr()?,
            board,
            _consumers: consumers,
        };
        lane.stretch(|lane, _| lane.is_active(STEADY) && lane.has_books(STEADY))?;
        Ok(lane)
    }

    /// One message: an order goes, and comes back behind the others; its record goes out.
    #[inline(always)]
    fn message(&mut self) {
        self.step += 1;
        let books = INSTRUMENTS as u64 - 1;
        let order = self.step.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (books * ORDERS);
        let (instrument, number) = ((1 + order % books) as u32, order / books);
        let (side, price) = place(number);
        // Both succeed: the order is there, and then it is not.
        let done = self.books.delete(instrument, order + 1).is_ok()
            && self.books.add(instrument, order + 1, side, price, 100).is_ok();
        let class = Class::Orders as u8;
        let mask = self.stand.fanout.interest(instrument, class);
        if mask != 0 && done {
            let record = record(self.step, instrument);
            self.stand.fanout.push(mask, class, instrument, &record);
        }
        self.stand.fanout.end_step(self.step);
    }

    fn poll(&mut self, found_nothing: bool, now: u64) {
        let mut whole = Whole {
            refresh: BookRefresh {
                books: &self.books,
                listed: &self.listed,
                channel: BookState::Live,
                instruments: INSTRUMENTS as u32 - 1,
                state: &|_| BookState::Live,
                venue: Venue::Nasdaq,
                nature: Nature::Simulated,
                step: self.step,
                ts_venue: now,
                ts_receive: now,
            },
            written: &self.written,
        };
        self.stand.fanout.end_poll(found_nothing, now, &mut whole);
    }

    fn is_active(&self, seat: usize) -> bool {
        self.stand.fanout.active() >> seat & 1 != 0
    }

    fn has_books(&self, seat: usize) -> bool {
        self.stand.fanout.refreshes_pending(seat) == 0
    }

    /// A stretch of `messages` before a join, the join, and as much after it.
    ///
    /// # Errors
    /// If the consumers do not follow.
    pub fn cycle(&mut self, messages: u64) -> Result<Cycle, CompareError> {
        let enough = move |_: &Lane, number| number >= messages;
        let mut cycle = Cycle::default();
        (cycle.times[0], _) = self.stretch(enough)?;
        self.written.set(0);
        // Partner of both stores: the load in `consume`.
        self.board.word(JOINED).store(1, Ordering::Release);
        // The claim takes its time to be seen; no message after the last book counts.
        self.stretch(|lane, _| lane.is_active(JOINING))?;
        (cycle.times[1], cycle.join_ns) = self.stretch(|lane, _| lane.has_books(JOINING))?;
        cycle.idle = [self.idle.value_at_quantile(0.99) as f64, self.idle.max() as f64];
        cycle.records = self.written.get();
        (cycle.times[2], _) = self.stretch(enough)?;
        self.board.word(JOINED).store(0, Ordering::Release);
        self.stretch(|lane, _| !lane.is_active(JOINING))?;
        Ok(cycle)
    }

    /// Messages, one every microsecond, until `done`; what they took, and how long all of it was.
    ///
    /// # Errors
    /// If it takes more than ten seconds.
    fn stretch(&mut self, done: impl Fn(&Lane, u64) -> bool) -> Result<(Times, f64), CompareError> {
        for all in [&mut self.service, &mut self.due, &mut self.idle] {
            all.reset();
        }
        let start = self.counter.read();
        for number in 0..10_000_000 {
            let due = number * EVERY_NS;
            let mut begun = self.since(start);
            while begun < due {
                self.poll(true, start + begun);
                let ended = self.since(start);
                // A histogram refuses only what is above its bound; such a poll counts as that.
                self.idle.saturating_record((ended - begun).max(1));
                begun = ended;
            }
            self.message();
            let ended = self.since(start);
            if number >= WARM {
                self.service.saturating_record((ended - begun).max(1));
                self.due.saturating_record((ended - due).max(1));
            }
            self.poll(false, start + ended);
            if done(self, number) {
                let of = |times: &Histogram<u64>| {
                    [0.5, 0.99].map(|quantile| times.value_at_quantile(quantile) as f64)
                };
                return Ok((
                    Times { service: of(&self.service), due: of(&self.due) },
                    ended as f64,
                ));
            }
        }
        Err(CompareError::failed("a stretch of messages", "the consumers do not follow"))
    }

    #[inline(always)]
    fn since(&self, start: u64) -> u64 {
        self.calibration.duration_ns(self.counter.read().wrapping_sub(start))
    }
}

/// Both consumers: one that stays, and one that has its seat while the board says so.
fn consume(stand: &Stand, board: &Board) -> i32 {
    let mut readers: Vec<Reader> = Vec::with_capacity(2);
    let mut all_active = false;
    while !ended(board) {
        // Partner: the stores in `Lane::cycle`.
        let wanted = 1 + (board.word(JOINED).load(Ordering::Acquire) & 1) as usize;
        if readers.len() < wanted {
            let seat = [STEADY, JOINING][readers.len()];
            let Ok(reader) = stand.claim(seat, everything()) else { continue };
            readers.push(reader);
            all_active = false;
        }
        readers.truncate(wanted);
        if !all_active {
            let active = |reader: &mut Reader| reader.poll_attach() == Attach::Active;
            all_active = readers.iter_mut().all(active);
        }
        take(&mut readers);
    }
    0
}

/// Side and price of the order of this number in its book: ten levels a side, two orders each.
fn place(number: u64) -> (Side, i64) {
    let level = (number / 4) as i64;
    if number.is_multiple_of(2) {
        (Side::Bid, 1_000_000 - level * 100)
    } else {
        (Side::Ask, 1_000_100 + level * 100)
    }
}
