//! Steps: one venue message, or one decision of the handler, and the records it makes.
//!
//! `sequence` counts steps whether or not anyone listens. A record is built only if a seat wants
//! its class and instrument; it is counted in any case, so that summaries do not depend on who
//! was attached.

use wire::codes::BookCause;
use wire::payload::{BookBegin, BookEnd, Payload};
use wire::{
    BookState, Header, InstrumentId, Nature, Origin, Path, Quality, Record, StampBy, Venue,
};

use crate::counts::Counts;
use crate::publish::listing::Listed;
use crate::publish::outlet::{EmptyBook, Outlet};
use crate::publish::refresh::top_payload;
use crate::publish::told::Told;

/// Where and when the message of a step came from.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// ns UTC of the venue; 0 none.
    pub ts_venue: u64,
    /// ns UTC of reception.
    pub ts_receive: u64,
    /// Line, path, taker of the receive stamp.
    pub origin: Origin,
}

/// Origin of what the handler itself says.
pub const HANDLER: Origin = Origin::new(0, Path::Handler, StampBy::Poll);

/// Numbers steps, builds records and hands them to an outlet.
pub struct Publisher<O> {
    /// The outlet.
    pub outlet: O,
    /// What was counted.
    pub counts: Counts,
    /// Which instruments are published.
    pub listed: Listed,
    /// Instruments of which seats were told that their book is gapped, because the channel is.
    pub told: Told,
    venue: Venue,
    nature: Nature,
    step: u64,
    stamp: Stamp,
}

impl<O: Outlet> Publisher<O> {
    /// A publisher of a venue's lane, which publishes every instrument below `slots`.
    pub fn new(venue: Venue, nature: Nature, slots: u32, outlet: O) -> Publisher<O> {
        let stamp = Stamp { ts_venue: 0, ts_receive: 0, origin: HANDLER };
        let listed = Listed::everything(slots);
        let (counts, told) = (Counts::default(), Told::new(slots));
        Publisher { outlet, counts, listed, told, venue, nature, step: 0, stamp }
    }

    /// Number of an instrument of this lane.
    #[inline(always)]
    pub fn id(&self, index: u32) -> InstrumentId {
        InstrumentId::new(self.venue, index)
    }

    /// Venue of the lane.
    pub fn venue(&self) -> Venue {
        self.venue
    }

    /// Nature of what is published now.
    pub fn nature(&self) -> Nature {
        self.nature
    }

    /// Changes the nature: a session's name says what it is.
    pub fn set_nature(&mut self, nature: Nature) {
        self.nature = nature;
    }

    /// Number of the last step.
    #[inline(always)]
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Stamp of the last step.
    #[inline(always)]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Begins a step.
    #[inline(always)]
    pub fn begin_step(&mut self, stamp: Stamp) {
        self.step += 1;
        self.counts.steps += 1;
        self.stamp = stamp;
    }

    /// Ends the step: its records are delivered.
    #[inline(always)]
    pub fn end_step(&mut self) {
        self.outlet.end_step(self.step);
    }

    /// A quality byte of this lane.
    #[inline(always)]
    pub fn quality(&self, state: BookState) -> Quality {
        Quality::new(state, self.nature)
    }

    /// A record of the current step about instrument `index` (0 = the channel); of one that is
    /// not listed there is none.
    #[inline(always)]
    pub fn emit<P: Payload>(&mut self, index: u32, quality: Quality, payload: P) {
        self.emit_with(index, quality, || payload);
    }

    /// The same with a payload that is only made if a seat wants it.
    #[inline(always)]
    pub fn emit_with<P: Payload>(
        &mut self,
        index: u32,
        quality: Quality,
        payload: impl FnOnce() -> P,
    ) {
        if !self.listed.has(index) {
            return;
        }
        self.counts.record(P::KIND);
        let class = P::KIND.class();
        let seats = self.outlet.interest(index, class);
        if seats == 0 && !self.outlet.wants_all() {
            return;
        }
        let record = Record::new(self.header(index, quality), payload());
        self.outlet.push(seats, class, index, &record);
    }

    /// Tells the seats that the book of `index` begins, empty: what follows builds it. Not counted:
    /// it is private to the seats, as a refresh is.
    #[cold]
    pub fn book_begins(&mut self, index: u32, state: BookState) {
        if !self.listed.has(index) {
            return;
        }
        let quality = self.quality(state).snapshot();
        let header = |quality| Header { origin: HANDLER, ..self.header(index, quality) };
        let cause = BookCause::Session as u8;
        let ended = quality.end_of_event();
        let book = EmptyBook {
            begin: Record::new(header(quality), BookBegin { cause, ..BookBegin::default() }),
            end: Record::new(header(ended), BookEnd { cause, ..BookEnd::default() }),
            top: Record::new(header(ended), top_payload(book::Top::EMPTY)),
        };
        self.outlet.book_begins(index, &book);
    }

    #[inline(always)]
    fn header(&self, index: u32, quality: Quality) -> Header {
        Header {
            quality,
            origin: self.stamp.origin,
            instrument: self.id(index),
            sequence: self.step,
            ts_venue: self.stamp.ts_venue,
            ts_receive: self.stamp.ts_receive,
        }
    }

    /// A record that belongs to no step and repeats the last number.
    pub fn emit_private<P: Payload>(&mut self, now: u64, payload: P) {
        self.counts.record(P::KIND);
        let quality = self.quality(BookState::None);
        let header = Header { ts_receive: now, origin: HANDLER, ..self.header(0, quality) };
        self.outlet.push_private(&Record::new(header, payload));
    }
}
