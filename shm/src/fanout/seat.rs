//! The producer's side of one seat: its ring, what was granted, what was lost, its counters.

use super::bits::Bits;
use super::refresh::LostReport;
use crate::lines::Lines;
use crate::ring::{CursorRefused, RingWriter};
use crate::seat::layout::{MAX_SEATS, RING_STATUS};
use crate::seat::{
    COUNTERS, Counter, Policy, Reason, RequestRow, STATUS_WORDS, SeatState, Terms, write_counters,
};
use crate::seqlock;

/// Points of time per ring that a lag is measured by.
const MARKS: usize = 32;

/// When the head was where, to tell the age of an unread record.
#[derive(Debug)]
struct Ages {
    marks: [(u64, u64); MARKS],
    last: usize,
    step: u64,
}

impl Ages {
    fn new(capacity: u64) -> Self {
        // Sixteen steps a lap: the marks reach over two laps, so over everything unread.
        Ages { marks: [(0, 0); MARKS], last: 0, step: (capacity / 16).max(1) }
    }

    /// Everything up to `position` is read, or nothing was ever written behind it.
    fn restart(&mut self, position: u64, now_ns: u64) {
        self.marks = [(position, now_ns); MARKS];
    }

    fn note(&mut self, position: u64, now_ns: u64) {
        let (last, _) = self.marks[self.last];
        if position.saturating_sub(last) >= self.step {
            self.last = (self.last + 1) % MARKS;
            self.marks[self.last] = (position, now_ns);
        }
    }

    /// Age at most of the record at `cursor`, which was written after the last mark before it.
    fn age(&self, cursor: u64, now_ns: u64) -> u64 {
        let before = self.marks.iter().filter(|mark| mark.0 <= cursor).map(|mark| mark.1).max();
        let oldest = self.marks.iter().map(|mark| mark.1).min();
        now_ns.saturating_sub(before.or(oldest).unwrap_or(now_ns))
    }
}

/// One seat, as the producer keeps it.
#[derive(Debug)]
pub(super) struct Seat<L> {
    pub ring: RingWriter<L, L>,
    pub state: SeatState,
    pub reason: Reason,
    /// Claim word that the status answers.
    pub claim: u64,
    pub bell: u64,
    pub epoch: u64,
    pub start: u64,
    pub terms: Terms,
    pub policy: Policy,
    pub row: RequestRow,
    pub wanted: Bits,
    /// Instruments whose book is withheld until it has been refreshed.
    pub pending: Bits,
    /// Those whose refresh is larger than the ring: withheld, and not tried again unasked.
    pub parked: Bits,
    /// Slots that the refresh which is next in turn is known to need.
    pub refresh_needs: u64,
    /// Loss that is not declared yet.
    pub loss: LostReport,
    pub in_loss: bool,
    pub private: u64,
    pub lost: u64,
    pub lost_counted: u64,
    pub conflated: u64,
    pub refreshes: u64,
    pub too_large: u64,
    lost_all: u64,
    high_water: u64,
    lag_ns: u64,
    pub cursor_refused: [u64; CursorRefused::ALL.len()],
    pub request_refused: u64,
    generation: u64,
    ages: Ages,
}

impl<L: Lines> Seat<L> {
    pub(super) fn new(ring: RingWriter<L, L>, instruments: usize, generation: u64) -> Self {
        let words = instruments.div_ceil(64);
        let ages = Ages::new(ring.capacity());
        let seat = Seat {
            ring,
            state: SeatState::Inactive,
            reason: Reason::None,
            claim: 0,
            bell: 0,
            epoch: 0,
            start: 0,
            terms: Terms::default(),
            policy: Policy::Lose,
            row: RequestRow::new(instruments),
            wanted: Bits::new(words),
            pending: Bits::new(words),
            parked: Bits::new(words),
            refresh_needs: 0,
            loss: LostReport::default(),
            in_loss: false,
            private: 0,
            lost: 0,
            lost_counted: 0,
            conflated: 0,
            refreshes: 0,
            too_large: 0,
            lost_all: 0,
            high_water: 0,
            lag_ns: 0,
            cursor_refused: [0; CursorRefused::ALL.len()],
            request_refused: 0,
            generation,
            ages,
        };
        seat.write_status();
        seat
    }

    /// Answers in the status row.
    pub(super) fn write_status(&self) {
        let codes = self.state as u64 | (self.reason as u64) << 8;
        let row: [u64; STATUS_WORDS] = [
            codes,
            self.epoch,
            self.start,
            self.claim,
            self.terms.number,
            self.terms.word(),
            self.generation,
        ];
        seqlock::write(self.ring.ring(), RING_STATUS, &row);
    }

    pub(super) fn set_state(&mut self, state: SeatState, reason: Reason) {
        self.state = state;
        self.reason = reason;
        self.write_status();
    }

    /// Looks at the cursor; a refused one is counted and changes nothing.
    pub(super) fn refresh_free(&mut self) -> u64 {
        if let Err(refused) = self.ring.refresh_free() {
            // Before its first store a consumer's cursor is its predecessor's: no news.
            let begun = self.ring.cursor() != self.start;
            if refused != CursorRefused::Stale || begun {
                self.cursor_refused[refused.index()] += 1;
            }
        }
        let lag = self.ring.position() - self.ring.cursor();
        self.high_water = self.high_water.max(lag);
        self.ring.free()
    }

    /// Whether `records` fit, looking at the cursor only if needed.
    pub(super) fn has_room(&mut self, records: u64) -> bool {
        self.ring.free() >= records || self.refresh_free() >= records
    }

    /// Begins the next epoch for a new consumer.
    pub(super) fn begin(&mut self, now_ns: u64) {
        self.epoch += 1;
        // The cursor word has room for sixteen bits.
        self.start = self.ring.begin_epoch(self.epoch as u16);
        self.ages.restart(self.start, now_ns);
        self.loss = LostReport::default();
        self.in_loss = false;
        self.refresh_needs = 0;
        (self.private, self.refreshes, self.too_large) = (0, 0, 0);
        (self.lost, self.lost_counted, self.conflated) = (0, 0, 0);
        (self.high_water, self.lag_ns) = (0, 0);
    }

    pub(super) fn note_age(&mut self, now_ns: u64) {
        self.ages.note(self.ring.position(), now_ns);
    }

    /// Reads the cursor and stores all counters.
    pub(super) fn sample(&mut self, now_ns: u64) {
        self.refresh_free();
        let (head, cursor) = (self.ring.position(), self.ring.cursor());
        if head == cursor {
            self.ages.restart(head, now_ns);
            self.lag_ns = 0;
        } else {
            self.lag_ns = self.ages.age(cursor, now_ns);
        }
        write_counters(self.ring.ring(), &self.counters());
    }

    /// The counters as they would be stored now.
    pub(super) fn counters(&self) -> [u64; COUNTERS] {
        let mut values = [0; COUNTERS];
        for counter in Counter::ALL {
            values[counter.index()] = match counter {
                Counter::Epoch => self.epoch,
                Counter::Delivered => self.ring.position() - self.start - self.private,
                Counter::Private => self.private,
                Counter::Lost => self.lost,
                Counter::LostCounted => self.lost_counted,
                Counter::Conflated => self.conflated,
                Counter::Refreshes => self.refreshes,
                Counter::TooLarge => self.too_large,
                Counter::LagRecords => self.ring.position() - self.ring.cursor(),
                Counter::LagNs => self.lag_ns,
                Counter::HighWater => self.high_water,
                Counter::CursorRefused => self.cursor_refused.iter().sum(),
                Counter::RequestRefused => self.request_refused,
                Counter::PolicyCode => self.policy as u64,
                Counter::ConsumerPid => self.claim >> 32,
                Counter::LostAll => self.lost_all,
            };
        }
        values
    }

    /// Counts a record that this seat does not get. `book` says whether its class comes back with
    /// a refresh, `counted` whether it is of the counted class. Returns whether it is to be
    /// declared.
    pub(super) fn count_lost(&mut self, book: bool, counted: bool) -> bool {
        if book && self.policy == Policy::Conflate {
            self.conflated += 1;
            return false;
        }
        self.lost += 1;
        self.lost_all += 1;
        self.loss.records += 1;
        if counted {
            self.lost_counted += 1;
            self.loss.counted += 1;
        }
        true
    }

    /// The steps of a loss become known when the step ends.
    pub(super) fn close_loss(&mut self, step: u64) {
        if !self.in_loss {
            self.in_loss = true;
            self.loss.first_step = step;
        }
        self.loss.last_step = step;
    }
}

const _: () = assert!(MAX_SEATS == u8::BITS as usize);
