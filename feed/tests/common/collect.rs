//! An outlet that keeps all that a lane says, and serves one seat that takes everything.

use std::collections::{BTreeMap, BTreeSet};

use feed::counts::{Counts, Interval};
use feed::gap::Gap;
use feed::publish::outlet::{EmptyBook, Outlet};
use feed::publish::refresh::{BookRefresh, Want};
use wire::codes::GapHow;
use wire::payload::Payload;
use wire::{Class, Image, InstrumentRow, Kind, Record};

/// What a lane said.
#[derive(Default)]
pub struct Collect {
    /// Records of steps, in order.
    pub records: Vec<Record>,
    /// What a seat of all classes would have got: records, but while a book waits to be refreshed
    /// none of its book records, then the refresh.
    pub seat: Vec<Record>,
    /// Heartbeats.
    pub private: Vec<Record>,
    /// Steps that were ended.
    pub ended: Vec<u64>,
    /// Latest row of each instrument.
    pub rows: BTreeMap<u32, InstrumentRow>,
    /// Latest image of each instrument.
    pub images: BTreeMap<u32, Image>,
    /// Gaps declared.
    pub opened: Vec<Gap>,
    /// Gaps closed, how and when.
    pub closed: Vec<(Gap, GapHow, u64)>,
    /// Refusals, in order.
    pub refused: Vec<(&'static str, u64)>,
    /// Refreshes asked for so far, by instrument.
    pub asked: Vec<u32>,
    /// Books that began, empty, by instrument.
    pub begun: Vec<u32>,
    /// Measured intervals, ns.
    pub intervals: Vec<(Interval, u64)>,
    /// How often counts were published.
    pub counted: u64,
    waiting: BTreeSet<u32>,
}

impl Collect {
    /// Takes what was said so far.
    pub fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Payloads of a kind, in order.
    pub fn of<P: Payload>(&self) -> Vec<P> {
        self.records.iter().filter_map(Record::get).collect()
    }

    /// Kinds of the records, in order.
    pub fn kinds(&self) -> Vec<Kind> {
        kinds(&self.records)
    }

    fn withheld(&self, instrument: u32, class: Class) -> bool {
        self.waiting.contains(&instrument) && Class::BOOK & class.bit() != 0
    }
}

/// Kinds of records, in order.
pub fn kinds(records: &[Record]) -> Vec<Kind> {
    records.iter().map(|r| r.kind().expect("a kind of this version")).collect()
}

const EVERYTHING: Want = Want { classes: 0xff, depth: 0 };

impl Outlet for Collect {
    fn interest(&self, _instrument: u32, _class: Class) -> u8 {
        0
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn push(&mut self, seats: u8, class: Class, instrument: u32, record: &Record) {
        assert_eq!(seats, 0, "no seat was offered");
        assert_eq!(record.kind().map(Kind::class), Some(class));
        assert_eq!(record.instrument.index(), instrument);
        assert_eq!(record.commit, 0);
        self.records.push(*record);
        if !self.withheld(instrument, class) {
            self.seat.push(*record);
        }
    }

    fn end_step(&mut self, step: u64) {
        self.ended.push(step);
    }

    fn push_private(&mut self, record: &Record) {
        self.private.push(*record);
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        self.rows.insert(row.instrument.index(), *row);
    }

    fn book_begins(&mut self, instrument: u32, book: &EmptyBook) {
        self.begun.push(instrument);
        if !self.withheld(instrument, Class::Orders) {
            self.seat.extend([book.begin, book.end, book.top]);
        }
    }

    fn image(&mut self, instrument: u32, image: &Image) {
        assert_eq!(image.instrument.index(), instrument);
        self.images.insert(instrument, *image);
    }

    fn gap_opened(&mut self, _channel: u16, gap: &Gap) {
        self.opened.push(*gap);
    }

    fn gap_closed(&mut self, _channel: u16, gap: &Gap, how: GapHow, now: u64) {
        self.closed.push((*gap, how, now));
    }

    fn refused(&mut self, name: &'static str, now: u64) {
        self.refused.push((name, now));
    }

    fn request_refresh(&mut self, instrument: u32) {
        self.asked.push(instrument);
        self.waiting.insert(instrument);
    }

    fn end_poll(&mut self, _found_nothing: bool, _now: u64, books: &mut BookRefresh<'_>) {
        for instrument in std::mem::take(&mut self.waiting) {
            books.write(instrument, EVERYTHING, &mut |record| self.seat.push(*record));
        }
    }

    fn refreshes_pending(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn counts(&mut self, _counts: &Counts) {
        self.counted += 1;
    }

    fn interval(&mut self, interval: Interval, ns: u64) {
        self.intervals.push((interval, ns));
    }
}
