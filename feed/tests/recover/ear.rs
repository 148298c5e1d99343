//! A consumer in process: books from records alone, refreshes when the lane gets round to them.

use std::collections::{BTreeMap, BTreeSet};

use client::books::{BookSpec, Books, Inconsistency};
use feed::counts::Counts;
use feed::gap::Gap;
use feed::publish::outlet::Outlet;
use feed::publish::refresh::{BookRefresh, Want};
use wire::codes::GapHow;
use wire::payload::Trade;
use wire::{Class, Image, InstrumentRow, Kind, Path, Record};

/// A print as a consumer gets it: instrument, price, shares, match number, late.
pub type Heard = (u32, i64, i64, u64, bool);

/// What is heard of a lane.
pub struct Ear {
    pub books: Books,
    pub rows: BTreeMap<u32, InstrumentRow>,
    pub prints: Vec<Heard>,
    pub opened: Vec<Gap>,
    pub closed: Vec<(Gap, GapHow)>,
    pub records: u64,
    /// One poll in so many serves a refresh.
    pub slowness: u64,
    random: u64,
    waiting: BTreeSet<u32>,
    last_step: u64,
}

impl Ear {
    pub fn new(seed: u64, slowness: u64) -> Ear {
        let spec = BookSpec { instruments: 17, orders: 4_096, ..BookSpec::default() };
        Ear {
            books: Books::new(spec).expect("limits"),
            rows: BTreeMap::new(),
            prints: Vec::new(),
            opened: Vec::new(),
            closed: Vec::new(),
            records: 0,
            slowness,
            random: seed | 1,
            waiting: (1..17).collect(),
            last_step: 0,
        }
    }

    fn draw(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33
    }

    fn hear(&mut self, record: &Record) {
        assert!(record.sequence >= self.last_step, "steps go back");
        self.last_step = record.sequence;
        self.records += 1;
        if let Some(m) = record.get::<Trade>() {
            let late = record.origin.path() == Path::Retransmission;
            let index = record.instrument.index();
            self.prints.push((index, m.price, m.quantity, m.trade_id, late));
        }
        self.books.record(record);
    }

    /// Records that contradicted what was heard before, by name.
    pub fn contradictions(&self) -> Vec<(&'static str, u64)> {
        let counts = self.books.counts();
        let all = Inconsistency::all().map(|what| (what.name(), counts.of(what)));
        all.filter(|&(_, n)| n > 0).collect()
    }

    fn is_withheld(&self, instrument: u32, class: Class) -> bool {
        self.waiting.contains(&instrument) && Class::BOOK & class.bit() != 0
    }
}

const EVERYTHING: Want = Want { classes: 0xff, depth: 0 };

impl Outlet for Ear {
    fn interest(&self, _instrument: u32, _class: Class) -> u8 {
        0
    }

    fn wants_all(&self) -> bool {
        true
    }

    fn push(&mut self, _seats: u8, class: Class, instrument: u32, record: &Record) {
        if !self.is_withheld(instrument, class) {
            self.hear(record);
        }
    }

    fn end_step(&mut self, _step: u64) {}

    fn push_private(&mut self, record: &Record) {
        assert!(matches!(record.kind(), Some(Kind::Heartbeat | Kind::Connection)));
    }

    fn instrument(&mut self, row: &InstrumentRow) {
        self.rows.insert(row.instrument.index(), *row);
    }

    fn book_begins(&mut self, instrument: u32, book: &feed::publish::outlet::EmptyBook) {
        if !self.is_withheld(instrument, Class::Orders) {
            for record in [book.begin, book.end, book.top] {
                self.hear(&record);
            }
        }
    }

    fn image(&mut self, _instrument: u32, _image: &Image) {}

    fn gap_opened(&mut self, _channel: u16, gap: &Gap) {
        self.opened.push(*gap);
    }

    fn gap_closed(&mut self, _channel: u16, gap: &Gap, how: GapHow, _now: u64) {
        self.closed.push((*gap, how));
    }

    fn refused(&mut self, _name: &'static str, _now: u64) {}

    fn request_refresh(&mut self, instrument: u32) {
        self.waiting.insert(instrument);
    }

    fn end_poll(&mut self, _found_nothing: bool, _now: u64, books: &mut BookRefresh<'_>) {
        for instrument in self.waiting.clone() {
            if self.draw() % self.slowness == 0 {
                self.waiting.remove(&instrument);
                books.write(instrument, EVERYTHING, &mut |record| self.hear(record));
            }
        }
    }

    fn refreshes_pending(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn counts(&mut self, _counts: &Counts) {}
}
