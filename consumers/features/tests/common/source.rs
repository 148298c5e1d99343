//! A producer in shared memory, as the handler is one: for tests of the program.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{SystemTime, UNIX_EPOCH};

use producer::{Host, HostSpec, LaneParts, LaneSpec, channel_row};
use shm::fanout::{LostReport, Refresh, RefreshOut, SeatWant};
use wire::codes::{Aggressor, BookCause};
use wire::instrument::put_text;
use wire::payload::{BookBegin, BookEnd, Definition, Level, Lost, Payload, Trade};
use wire::{
    BookState, Class, Header, InstrumentId, InstrumentRow, Nature, Origin, Quality, Record,
};
use wire::{Path as By, Side, StampBy, Venue};

/// One lane, one instrument, a book of one level a side.
pub struct Source {
    host: Host,
    lane: LaneParts,
    book: Book,
}

#[derive(Clone, Copy)]
struct Book {
    step: u64,
    bid: (i64, i64),
    ask: (i64, i64),
}

fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_nanos()).expect("before 2500")
}

pub fn id(index: u32) -> InstrumentId {
    InstrumentId::new(Venue::Nasdaq, index)
}

impl Book {
    fn header(&self, index: u32, quality: Quality, by: By) -> Header {
        Header {
            quality,
            origin: Origin::new(1, by, StampBy::Kernel),
            instrument: id(index),
            sequence: self.step,
            ts_venue: 0,
            ts_receive: now_ns(),
        }
    }
}

impl Refresh for Book {
    fn refresh(&mut self, instrument: u32, _want: SeatWant, out: &mut RefreshOut) {
        if instrument != 1 {
            return;
        }
        let quality = Quality::new(BookState::Live, Nature::Simulated).snapshot();
        let cause = BookCause::Refresh as u8;
        let mut put = |record: Record| out.push(&record.to_words());
        let begin = BookBegin { cause, bids: 1, asks: 1, ..BookBegin::default() };
        put(Record::new(self.header(1, quality, By::Handler), begin));
        for (side, (price, quantity)) in [(Side::Bid, self.bid), (Side::Ask, self.ask)] {
            let level = Level { price, quantity, orders: 1, ..Level::default() };
            put(Record::new(self.header(1, quality.side(side), By::Handler), level));
        }
        let end = BookEnd { cause, bids: 1, asks: 1, ..BookEnd::default() };
        put(Record::new(self.header(1, quality.end_of_event(), By::Handler), end));
    }

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost { records: report.records, ..Lost::default() };
        let quality = Quality::new(BookState::None, Nature::Simulated);
        Record::new(self.header(0, quality, By::Handler), lost).to_words()
    }
}

impl Source {
    pub fn start(root: &Path, name: &str, seats: u32) -> Source {
        let lane = LaneSpec {
            name: "nasdaq".into(),
            instruments: 4,
            seats,
            ring_capacity: 1_024,
            allow_wait: false,
            counters: producer::spec::counter_table([("packets", "count")], []),
        };
        let (root, name) = (root.to_path_buf(), name.to_owned());
        let spec = HostSpec { root, name, gid: None, lanes: vec![lane] };
        let stop = Arc::new(AtomicBool::new(false));
        let (host, lanes) = Host::create(&spec, &stop).expect("an instance");
        let mut lane = lanes.into_iter().next().expect("a lane");
        let channel = channel_row(id(0), "nasdaq", "NASDAQ");
        lane.instruments.append(&channel.to_words()).expect("room");
        let mut row = InstrumentRow {
            instrument: id(1),
            price_exp: -4,
            tick: 100,
            lot: 1,
            ..InstrumentRow::ZERO
        };
        put_text(&mut row.native_symbol, "AAPL");
        lane.instruments.append(&row.to_words()).expect("room");
        let book = Book { step: 1, bid: (1_000_000, 5), ask: (1_000_100, 4) };
        Source { host, lane, book }
    }

    /// The lane's poll: seats are served.
    pub fn poll(&mut self) {
        let now = now_ns();
        self.lane.producer.beat(now);
        self.lane.fanout.end_poll(true, now, &mut self.book);
    }

    fn put<P: Payload>(&mut self, index: u32, quality: Quality, payload: P) {
        let class = P::KIND.class() as u8;
        let record = Record::new(self.book.header(index, quality, By::Live), payload);
        let seats = self.lane.fanout.interest(index, class);
        self.lane.fanout.push(seats, class, index, &record.to_words());
        self.lane.fanout.end_step(self.book.step);
    }

    /// The bid's quantity changes.
    pub fn bid(&mut self, quantity: i64) {
        self.book.step += 1;
        self.book.bid.1 = quantity;
        let quality = Quality::new(BookState::Live, Nature::Simulated).end_of_event();
        let price = self.book.bid.0;
        self.put(1, quality, Level { price, quantity, orders: 1, ..Level::default() });
        self.poll();
    }

    pub fn trade(&mut self, quantity: i64) {
        self.book.step += 1;
        let quality = Quality::new(BookState::Live, Nature::Simulated).end_of_event();
        let (price, aggressor) = (self.book.ask.0, Aggressor::Buy as u8);
        self.put(1, quality, Trade { price, quantity, aggressor, ..Trade::default() });
        self.poll();
    }

    /// A second instrument appears.
    pub fn define(&mut self, index: u32) {
        self.book.step += 1;
        let row = InstrumentRow { instrument: id(index), tick: 1, ..InstrumentRow::ZERO };
        self.lane.instruments.append(&row.to_words()).expect("room");
        let quality = Quality::new(BookState::None, Nature::Simulated).end_of_event();
        self.put(index, quality, Definition { tick: 1, ..Definition::default() });
        self.poll();
    }

    /// Consumers that are attached.
    pub fn consumers(&self) -> u32 {
        self.lane.fanout.active().count_ones()
    }

    pub fn close(self) {
        let Source { host, lane, .. } = self;
        drop(lane);
        host.close().expect("closed");
    }
}

/// Classes of a consumer of features.
pub const DERIVED: u8 = Class::Derived.bit();
