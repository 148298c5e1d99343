//! A consumer joins 8,900 books while records flow.
//!
//! The lane has a message every microsecond: it changes a book and publishes the record. In the time
//! between, it polls, and such a poll that found nothing writes one book to the consumer that has
//! joined: the product's own refresh over the product's own books. The join lasts until nothing is
//! withheld from the seat any more. What counts is the time of each message, from taking it up to
//! the end of its step, and from when it was due, with a join going on and without.

use std::cell::Cell;
use std::sync::atomic::Ordering;

use affinity::{Calibration, Counter, KernelClock};
use book::{L3Limits, PagedIndex, Side};
use feed::publish::listing::Listed;
use feed::publish::outlet::Books;
use feed::publish::refresh::{BookRefresh, Want};
use hdrhistogram::Histogram;
use shm::fanout::{LostReport, Refresh, RefreshOut, SeatWant};
use wire::payload::Lost;
use wire::{BookState, Class, Nature, Venue};

use super::other::{Board, Other};
use super::publish::{WANTED, everything, read_all};
use super::stand::{INSTRUMENTS, Stand, record};
use crate::harness::CompareError;

/// Orders of a book.
const ORDERS: u64 = 40;
/// Between two messages, ns.
const EVERY_NS: u64 = 1_000;

/// What a run of the lane showed.
pub struct Run {
    /// From taking a message up to the end of its step, ns.
    pub service: Histogram<u64>,
    /// From when it was due to the end of its step, ns.
    pub due: Histogram<u64>,
    /// Polls that found nothing, the longest and the typical, ns.
    pub idle: Histogram<u64>,
    /// How long the join took, ns; 0 without one.
    pub join_ns: u64,
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
        let want = Want { classes: want.classes, depth: want.depth };
        self.refresh.write(instrument, want, &mut |record| out.push(&record.to_words()));
        self.written.set(self.written.get() + out.needed());
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
}

fn hdr() -> Result<Histogram<u64>, CompareError> {
    Histogram::new_with_bounds(1, 1_000_000_000, 3)
        .map_err(|error| CompareError::failed("make a histogram", error))
}

impl Lane {
    /// A market of 8,900 books of 40 orders each, and seats for two.
    ///
    /// # Errors
    /// If it cannot be had.
    pub fn new() -> Result<Lane, CompareError> {
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
        Ok(Lane {
            books: all,
            listed: Listed::everything(INSTRUMENTS as u32),
            stand: Stand::new(2)?,
            counter,
            calibration,
            step: 0,
            written: Cell::new(0),
        })
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

    /// `messages` messages, one every microsecond; with `join`, a consumer on `core` joins at the
    /// beginning, and the run lasts at least until it has every book.
    ///
    /// # Errors
    /// If the consumer cannot be started.
    pub fn run(&mut self, messages: u64, join: Option<usize>) -> Result<Run, CompareError> {
        let board = Board::new()?;
        board.word(WANTED).store(u64::MAX, Ordering::Relaxed);
        let mut readers = Vec::new();
        let mut other = None;
        if let Some(core) = join {
            readers.push(self.stand.claim(0, everything())?);
            other = Some(Other::start(core, || {
                while readers[0].poll_attach() != shm::seat::Attach::Active {
                    std::hint::spin_loop();
                }
                read_all(&mut readers, &board)
            })?);
            self.written.set(0);
        }
        let mut run = Run { service: hdr()?, due: hdr()?, idle: hdr()?, join_ns: 0, records: 0 };
        let start = self.counter.read();
        let mut joining = join.is_some();
        for number in 0..u64::MAX {
            let due = number * EVERY_NS;
            let mut begun = self.since(start);
            while begun < due {
                self.poll(true, start + begun);
                let ended = self.since(start);
                // A histogram refuses only what is above its bound; such a poll counts as that.
                run.idle.saturating_record((ended - begun).max(1));
                begun = ended;
            }
            self.message();
            let ended = self.since(start);
            run.service.saturating_record((ended - begun).max(1));
            run.due.saturating_record((ended - due).max(1));
            self.poll(false, start + ended);
            let pending = self.stand.fanout.refreshes_pending(0) != 0;
            if joining && number > 16 && !pending {
                (joining, run.join_ns) = (false, ended);
                run.records = self.written.get();
            }
            if number >= messages && (!joining || number > 50 * messages) {
                break;
            }
        }
        drop(other);
        drop(readers);
        self.poll(true, start);
        Ok(run)
    }

    #[inline(always)]
    fn since(&self, start: u64) -> u64 {
        self.calibration.duration_ns(self.counter.read().wrapping_sub(start))
    }
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
