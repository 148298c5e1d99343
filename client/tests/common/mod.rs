//! A producer for tests: a naive market, written by hand and without the books under test, that
//! publishes through the fan-out of `shm` as a lane does.
#![allow(dead_code)]

pub mod naive;

use std::path::Path;
use std::time::Duration;

use client::{AttachSpec, Client, Event, FilterSpec, Lanes, Policy, Wanted};
use naive::{Naive, Op};
use shm::fanout::{
    ClassRules, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant,
};
use shm::instance::Instance;
use shm::instruments::InstrumentWriter;
use shm::layout::{Layout, LayoutRow};
use shm::liveness::monotonic_ns;
use shm::mapping::MappedLines;
use shm::spec::{InstanceSpec, ProducerSpec};
use tempfile::TempDir;
use wire::codes::{BookCause, GapHow, SessionEvent};
use wire::instrument::put_text;
use wire::payload::{self, Payload};
use wire::{BookState, Class, Header, InstrumentId, InstrumentRow, Kind, Nature, Quality, Record};
use wire::{Side, Venue};
use zerocopy::FromBytes;

/// A directory in memory that is gone with the test.
pub fn root() -> TempDir {
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("client-test-");
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a directory for the test")
}

/// What a test instance is like.
#[derive(Clone, Debug)]
pub struct Shape {
    pub lanes: Vec<&'static str>,
    pub instruments: u32,
    pub seats: u32,
    pub capacity: u64,
    pub allow_wait: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Shape { lanes: vec!["one"], instruments: 8, seats: 2, capacity: 256, allow_wait: true }
    }
}

/// A running handler: an instance and its lanes.
pub struct Handler {
    pub instance: Option<Instance>,
    pub lanes: Vec<Lane>,
}

/// A lane.
pub struct Lane {
    pub fanout: Fanout<MappedLines>,
    pub table: InstrumentWriter<MappedLines>,
    pub naive: Naive,
    pub step: u64,
    pub state: BookState,
    pub now: u64,
    /// Every record pushed, whoever wanted it.
    pub pushed: u64,
}

pub fn layout_rows() -> Vec<LayoutRow> {
    let rows = wire::table::layout_rows();
    rows.iter().map(|row| LayoutRow::read_from_bytes(row).expect("a row")).collect()
}

impl Handler {
    pub fn start(root: &Path, name: &str, shape: &Shape) -> Handler {
        let rows = layout_rows();
        let (version, hash) = (wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH);
        let producer = |lane: &&str| ProducerSpec {
            name: lane.to_string(),
            instruments: shape.instruments,
            seats: shape.seats,
            ring_capacity: shape.capacity,
            errors: 4,
            gaps: 4,
            ..ProducerSpec::default()
        };
        let spec = InstanceSpec {
            root: root.to_path_buf(),
            name: name.into(),
            layout: Layout { version, hash, rows: &rows },
            gid: None,
            producers: shape.lanes.iter().map(producer).collect(),
        };
        let instance = Instance::create(&spec).expect("an instance");
        instance.region().beat(monotonic_ns());
        let generation = instance.generation();
        let lanes = instance.producers().iter().map(|p| Lane::new(p, shape, generation)).collect();
        Handler { instance: Some(instance), lanes }
    }

    pub fn beat(&self) {
        if let Some(instance) = &self.instance {
            instance.region().beat(monotonic_ns());
        }
    }

    /// Ends in order.
    pub fn close(mut self) {
        self.lanes.iter_mut().for_each(|lane| lane.fanout.close());
        if let Some(instance) = self.instance.take() {
            instance.close().expect("close");
        }
    }
}

impl Lane {
    fn new(producer: &shm::instance::Producer, shape: &Shape, generation: u64) -> Lane {
        let memories = (0..producer.seats())
            .map(|seat| {
                let (ring, ctl) = producer.seat(seat).expect("a seat");
                let (ring, ctl) = (ring.body().clone(), ctl.body().clone());
                SeatMemory { ring, ctl, capacity: shape.capacity as usize }
            })
            .collect();
        let rules = ClassRules {
            stream: Class::Stream as u8,
            book_classes: Class::BOOK,
            conflate_class: Class::Top as u8,
            counted_class: Class::Trades as u8,
        };
        let instruments = shape.instruments as usize;
        let spec = FanoutSpec { instruments, rules, allow_wait: shape.allow_wait, generation };
        let table = producer.body("instruments").expect("a table");
        let mut lane = Lane {
            fanout: {
                let mut fanout = Fanout::new(spec, memories).expect("a fan-out");
                // It has nothing else to do than to serve its seats.
                fanout.set_pace(1);
                fanout
            },
            table: InstrumentWriter::new(table),
            naive: Naive::new(shape.instruments),
            step: 0,
            state: BookState::Live,
            now: 1,
            pushed: 0,
        };
        for index in 1..shape.instruments.min(5) {
            lane.define(index, &format!("S{index}"));
        }
        lane
    }

    pub fn define(&mut self, index: u32, symbol: &str) {
        let mut row = InstrumentRow {
            price_exp: -4,
            tick: 100,
            lot: 1,
            instrument: id(index),
            ..InstrumentRow::ZERO
        };
        put_text(&mut row.native_symbol, symbol);
        put_text(&mut row.canonical, &format!("{symbol}.TEST"));
        self.table.append(&row.to_words()).expect("room");
    }

    fn header(&self, index: u32, quality: Quality) -> Header {
        Header {
            quality,
            instrument: id(index),
            sequence: self.step,
            ts_venue: self.step * 10,
            ts_receive: self.step * 10 + 1,
            ..Header::default()
        }
    }

    pub fn push<P: Payload>(&mut self, index: u32, side: Side, payload: P) {
        let class = P::KIND.class() as u8;
        let state = if index == 0 { BookState::None } else { self.state };
        let quality = Quality::new(state, Nature::Simulated).side(side);
        let record = Record::new(self.header(index, quality), payload);
        let mask = self.fanout.interest(index, class);
        self.pushed += 1;
        if mask != 0 {
            self.fanout.push(mask, class, index, &record.to_words());
        }
    }

    /// One message of the market as one step.
    pub fn op(&mut self, op: Op) {
        self.step += 1;
        let before = self.naive.top(op.instrument);
        let done = self.naive.apply(op);
        for record in done.records {
            record.push(self, op.instrument);
        }
        for (side, price) in done.levels {
            let (quantity, orders) = self.naive.level(op.instrument, side, price);
            let level = payload::Level { price, quantity, orders, ..payload::Level::default() };
            self.push(op.instrument, side, level);
        }
        let top = self.naive.top(op.instrument);
        if top != before {
            self.push(op.instrument, Side::Bid, top);
        }
        self.fanout.end_step(self.step);
    }

    /// A step of one record about the whole channel.
    pub fn say<P: Payload>(&mut self, payload: P) {
        self.step += 1;
        self.push(0, Side::Bid, payload);
        self.fanout.end_step(self.step);
    }

    pub fn gap_begin(&mut self) {
        self.state = BookState::Gapped;
        self.say(payload::GapBegin { first: 1, end: 2, ..payload::GapBegin::default() });
    }

    pub fn gap_end(&mut self, how: GapHow) {
        if matches!(how, GapHow::Retransmission | GapHow::Snapshot) {
            self.state = BookState::Live;
        }
        self.say(payload::GapEnd { how: how as u8, ..payload::GapEnd::default() });
    }

    /// Says of every book how it is: after a gap, books that were sent whole inside it are live
    /// without anything else to send.
    pub fn vouch(&mut self) {
        self.step += 1;
        for index in 1..self.naive.instruments() {
            let new = self.state as u8;
            let change = payload::BookStateChange { new, ..payload::BookStateChange::default() };
            self.push(index, Side::Bid, change);
        }
        self.fanout.end_step(self.step);
    }

    pub fn session_start(&mut self) {
        self.naive.clear();
        self.state = BookState::Live;
        let event = SessionEvent::Start as u8;
        self.say(payload::Session { event, date: 20260102, ..payload::Session::default() });
        self.fanout.request_refresh_all(0xff);
    }

    pub fn end_poll(&mut self, found_nothing: bool) {
        self.now += 1000;
        let mut writer = Writer { naive: &self.naive, step: self.step, state: self.state };
        self.fanout.end_poll(found_nothing, self.now, &mut writer);
    }
}

pub fn id(index: u32) -> InstrumentId {
    InstrumentId::new(Venue::Nasdaq, index)
}

/// Writes refreshes from the naive market.
struct Writer<'a> {
    naive: &'a Naive,
    step: u64,
    state: BookState,
}

impl Writer<'_> {
    fn record<P: Payload>(&self, index: u32, side: Side, payload: P) -> [u64; 8] {
        let quality = Quality::new(self.state, Nature::Simulated).snapshot().side(side);
        let instrument = id(index);
        let header = Header { quality, instrument, sequence: self.step, ..Header::default() };
        Record::new(header, payload).to_words()
    }
}

impl Refresh for Writer<'_> {
    fn refresh(&mut self, index: u32, want: SeatWant, out: &mut RefreshOut) {
        let has = |class: Class| want.classes & class.bit() != 0;
        let depth = if want.depth == 0 { usize::MAX } else { usize::from(want.depth) };
        let levels = |side| self.naive.levels(index, side).into_iter().take(depth);
        let entries = |side| -> u32 {
            if has(Class::Orders) {
                levels(side).map(|level| level.orders.len() as u32).sum()
            } else {
                levels(side).count() as u32
            }
        };
        if has(Class::Orders) || has(Class::Levels) {
            let (bids, asks) = (entries(Side::Bid), entries(Side::Ask));
            let (cause, depth) = (BookCause::Refresh as u8, want.depth.min(255) as u8);
            let begin = payload::BookBegin { cause, depth, bids, asks, ..Default::default() };
            out.push(&self.record(index, Side::Bid, begin));
            for side in [Side::Bid, Side::Ask] {
                for level in levels(side) {
                    for (order_id, quantity) in &level.orders {
                        let (order_id, quantity, price) = (*order_id, *quantity, level.price);
                        let add = payload::OrderAdd { order_id, price, quantity, priority: [0; 8] };
                        if has(Class::Orders) {
                            out.push(&self.record(index, side, add));
                        }
                    }
                    if has(Class::Levels) {
                        let (price, quantity) = (level.price, level.quantity());
                        let orders = level.orders.len() as u32;
                        let level =
                            payload::Level { price, quantity, orders, ..Default::default() };
                        out.push(&self.record(index, side, level));
                    }
                }
            }
            let end = payload::BookEnd { cause, depth, bids, asks, ..Default::default() };
            out.push(&self.record(index, Side::Bid, end));
        }
        if has(Class::Top) {
            out.push(&self.record(index, Side::Bid, self.naive.top(index)));
        }
    }

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = payload::Lost {
            first_step: report.first_step,
            last_step: report.last_step,
            records: report.records,
            trades: report.counted as u32,
            instruments: report.instruments as u32,
        };
        // Its quality is the state of the channel.
        self.record(0, Side::Bid, lost)
    }
}

/// An attach to a test instance.
pub fn spec(root: &Path, classes: u8, policy: Policy) -> AttachSpec {
    AttachSpec {
        root: root.to_path_buf(),
        instance: "test".into(),
        lanes: Lanes::All,
        filter: FilterSpec { classes, instruments: Wanted::All, depth: 0, policy },
        seat: None,
    }
}

/// Lets both sides run until every lane of the client is active. Events go to `tell`.
pub fn join(handler: &mut Handler, client: &mut Client, mut tell: impl FnMut(&Event<'_>)) {
    for _ in 0..5_000 {
        handler.beat();
        handler.lanes.iter_mut().for_each(|lane| lane.end_poll(false));
        client.poll(|event| tell(&event));
        if client.is_attached() {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    panic!("not attached: {:?} {:?}", client.problem(), client.lanes());
}

/// Kinds of the records in a list of events' records.
pub fn kind(record: &Record) -> Kind {
    record.kind().expect("a known kind")
}
