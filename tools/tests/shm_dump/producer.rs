//! A producer in this process, with everything that a lane keeps, and what it has written.

use std::path::{Path, PathBuf};

use shm::attach::attach_blocking;
use shm::claim::Claim;
use shm::clock_page::{ClockPage, ClockWriter};
use shm::counters::{CounterSpec, CounterTable, HistogramSpec};
use shm::errors::ErrorWriter;
use shm::fanout::{
    ClassRules, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant,
};
use shm::images::ImageWriter;
use shm::instance::{CLOCK_LINE, Instance, Producer as Files};
use shm::instruments::InstrumentWriter;
use shm::layout::{Layout, LayoutRow};
use shm::ledger::{Gap, GapEnd, GapState, GapWriter};
use shm::mapping::MappedLines;
use shm::producer_view::HeldSeat;
use shm::seat::{Attach, Consumer, Filter};
use shm::spec::{InstanceSpec, ProducerSpec};
use shm::tail::TailWriter;
use tempfile::TempDir;
use wire::codes::{BookCause, GapHow, TradingState};
use wire::image::ImageLevel;
use wire::instrument::{InstrumentId, Venue, put_text};
use wire::payload::{BookBegin, BookEnd, Lost, OrderAdd, Trade};
use wire::table::{LAYOUT_HASH, layout_rows};
use wire::{
    BookState, Class, Header, Image, InstrumentRow, LAYOUT_VERSION, Nature, Origin, Path as Way,
    Quality, Record, Side, StampBy,
};

pub const INSTANCE: &str = "main";
pub const LANE: &str = "nasdaq";
pub const RING: usize = 64;
pub const TAIL: usize = 256;
/// 2023-11-14T22:13:20Z.
pub const T0: u64 = 1_700_000_000_000_000_000;

const RULES: ClassRules = ClassRules {
    stream: Class::Stream as u8,
    book_classes: Class::BOOK,
    conflate_class: Class::Top as u8,
    counted_class: Class::Trades as u8,
};

/// A directory in memory, gone with the test.
pub fn root() -> TempDir {
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("shm-dump-test-");
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a directory for the test")
}

/// The rows of this release, as a region carries them.
pub fn rows() -> Vec<LayoutRow> {
    layout_rows().into_iter().map(|row| zerocopy::transmute!(row)).collect()
}

/// A lane with everything that one can have.
pub fn lane(name: &str) -> ProducerSpec {
    let counter =
        |name: &str, unit: &str| CounterSpec { name: name.into(), unit: unit.into(), block: 0 };
    ProducerSpec {
        name: name.into(),
        instruments: 8,
        seats: 2,
        ring_capacity: RING as u64,
        slot_lines: 1,
        tail_capacity: TAIL as u64,
        counters: CounterTable {
            counters: vec![counter("packets", "1"), counter("bytes", "B"), counter("idle", "1")],
            histograms: vec![HistogramSpec {
                name: "receive_publish".into(),
                unit: "ns".into(),
                block: 0,
                sub_bits: 7,
                value_bits: 40,
            }],
        },
        errors: 4,
        gaps: 4,
    }
}

/// Makes an instance of these lanes in our own layout.
pub fn create(root: &Path, name: &str, lanes: Vec<ProducerSpec>) -> Instance {
    let rows = rows();
    let layout = Layout { version: LAYOUT_VERSION, hash: LAYOUT_HASH, rows: &rows };
    let spec = InstanceSpec {
        root: root.to_path_buf(),
        name: name.into(),
        layout,
        gid: None,
        producers: lanes,
    };
    Instance::create(&spec).expect("an instance")
}

pub fn body(files: &Files, file: &str) -> MappedLines {
    files.body(file).expect("a file of the lane")
}

/// The lane: its fan-out, tail and steps.
pub struct Producer {
    pub root: PathBuf,
    pub instance: Instance,
    pub fanout: Fanout<MappedLines>,
    pub tail: TailWriter<MappedLines>,
    pub step: u64,
    /// Records that seat 1 wanted.
    pub wanted: u64,
    _dir: TempDir,
}

/// Books without orders: what a seat gets first.
struct Empty {
    step: u64,
}

impl Refresh for Empty {
    fn refresh(&mut self, instrument: u32, _want: SeatWant, out: &mut RefreshOut) {
        let cause = BookCause::Refresh as u8;
        let begin = BookBegin { cause, ..BookBegin::default() };
        out.push(&Record::new(header(instrument, self.step), begin).to_words());
        let end = BookEnd { cause, ..BookEnd::default() };
        out.push(&Record::new(header(instrument, self.step), end).to_words());
    }

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost {
            first_step: report.first_step,
            last_step: report.last_step,
            records: report.records,
            trades: report.counted as u32,
            instruments: report.instruments as u32,
        };
        Record::new(header(0, self.step), lost).to_words()
    }
}

/// A header of a simulated, live book.
pub fn header(index: u32, step: u64) -> Header {
    Header {
        quality: Quality::new(BookState::Live, Nature::Simulated),
        origin: Origin::new(1, Way::Live, StampBy::Poll),
        instrument: InstrumentId::new(Venue::Nasdaq, index),
        sequence: step,
        ts_venue: T0 + step,
        ts_receive: T0 + 1_000 + step,
    }
}

impl Producer {
    /// A living producer, its tables filled.
    pub fn start() -> Producer {
        let dir = root();
        let instance = create(dir.path(), INSTANCE, vec![lane(LANE)]);
        let producer = instance.producer(LANE).expect("the lane");
        fill(&instance, producer);
        let seat = |number| {
            let (ring, ctl) = producer.seat(number).expect("a seat");
            let (ring, ctl) = (ring.body().clone(), ctl.body().clone());
            SeatMemory { ring, ctl, capacity: RING }
        };
        let spec = FanoutSpec {
            instruments: 8,
            rules: RULES,
            allow_wait: false,
            generation: instance.generation(),
        };
        let fanout = Fanout::new(spec, vec![seat(0), seat(1)]).expect("memories that fit");
        let tail = TailWriter::new(body(producer, "tail"), TAIL).expect("a tail that fits");
        let root = dir.path().to_path_buf();
        Producer { root, instance, fanout, tail, step: 0, wanted: 0, _dir: dir }
    }

    /// Gives a record to the seats and the tail, as a step of its own.
    pub fn publish(&mut self, class: Class, record: Record) {
        let index = record.instrument.index();
        let mask = self.fanout.interest(index, class as u8);
        let words = record.to_words();
        self.wanted += u64::from(mask >> 1 & 1);
        if mask != 0 {
            self.fanout.push(mask, class as u8, index, &words);
        }
        self.tail.push(&words);
        self.fanout.end_step(record.sequence);
    }

    pub fn poll(&mut self) {
        let mut empty = Empty { step: self.step };
        self.fanout.end_poll(true, T0 + self.step, &mut empty);
        self.tail.store_position();
        self.fanout.sample();
    }

    /// An order, then a trade, over and over.
    pub fn steps(&mut self, count: u64) {
        for _ in 0..count {
            self.step += 1;
            let (class, record) = record(self.step);
            self.publish(class, record);
        }
        self.poll();
    }

    /// A consumer of seat 1, which asks for everything and has read nothing but its first books.
    pub fn attach(&mut self) -> (HeldSeat, Consumer<MappedLines, MappedLines>) {
        let expect = Some((LAYOUT_VERSION, LAYOUT_HASH));
        let view = attach_blocking(&self.root, INSTANCE, expect, std::time::Duration::ZERO);
        let view = view.expect("a living instance").producer(LANE).expect("the lane");
        let held = view.hold_seat(1).expect("a free seat");
        let (ring, ctl) = (held.seat.ring.body().clone(), held.seat.control.body().clone());
        let claim = Claim::new(std::process::id(), 77).expect("a claim");
        let filter = Filter::all(0xff);
        let mut consumer = Consumer::claim(ring, ctl, RING, 8, filter, claim).expect("claimed");
        self.poll();
        assert_eq!(consumer.poll_attach(), Attach::Active);
        // The books that a new seat gets first: taken, so that all its records are to come.
        while self.fanout.refreshes_pending(1) > 0 {
            self.poll();
            while consumer.next().is_some() {}
            consumer.release();
        }
        self.poll();
        (held, consumer)
    }
}

/// The record of a step: odd ones are orders of AAPL, even ones trades of MSFT.
pub fn record(step: u64) -> (Class, Record) {
    if step % 2 == 1 {
        let mut quality = header(1, step);
        quality.quality = quality.quality.side(Side::Ask);
        let price = 1_500_000 + step as i64;
        let order = OrderAdd { order_id: step, price, quantity: 300, priority: *b"GSCO\0\0\0\0" };
        (Class::Orders, Record::new(quality, order))
    } else {
        let trade = Trade { price: 3_001_200, quantity: 7, trade_id: step, ..Trade::default() };
        (Class::Trades, Record::new(header(2, step), trade))
    }
}

fn instrument(index: u32, symbol: &str) -> InstrumentRow {
    let mut row = InstrumentRow {
        instrument: InstrumentId::new(Venue::Nasdaq, index),
        class: 1,
        price_exp: -4,
        tick: 100,
        lot: 100,
        strike: wire::NONE,
        ..InstrumentRow::ZERO
    };
    put_text(&mut row.native_symbol, symbol);
    put_text(&mut row.canonical, &format!("{symbol}.XNAS"));
    row
}

fn image() -> Image {
    let mut image = Image {
        instrument: InstrumentId::new(Venue::Nasdaq, 1),
        quality: Quality::new(BookState::Live, Nature::Simulated),
        status: TradingState::Trading as u8,
        bids: 2,
        asks: 1,
        sequence: 42,
        trade_price: 1_499_900,
        trade_quantity: 10,
        trades: 3,
        volume: 31,
        ..Image::EMPTY
    };
    image.bid_levels[0] = ImageLevel { price: 1_499_900, quantity: 200 };
    image.bid_levels[1] = ImageLevel { price: 1_499_800, quantity: 500 };
    image.bid_orders[0] = 2;
    image.bid_orders[1] = u32::MAX;
    image.ask_levels[0] = ImageLevel { price: 1_500_100, quantity: 100 };
    image.ask_orders[0] = 1;
    image
}

/// A gap of 10 messages from sequence `first` on.
pub fn gap(id: u32, first: u64) -> Gap {
    Gap {
        gap_id: id,
        channel: 1,
        how: GapHow::Open as u8,
        state: GapState::Open,
        session: *b"SIM0000001\0\0\0\0\0\0",
        first,
        end: first + 10,
        lines: 0b11,
        declared_ns: T0,
        ended_ns: 0,
        recovered: 0,
    }
}

/// What a lane writes besides records.
fn fill(instance: &Instance, lane: &Files) {
    let mut instruments = InstrumentWriter::new(body(lane, "instruments"));
    // Row 0 is the channel and has no symbol.
    instruments.append(&instrument(0, "").to_words()).expect("room");
    instruments.append(&instrument(1, "AAPL").to_words()).expect("room");
    instruments.append(&instrument(2, "MSFT").to_words()).expect("room");
    let mut images = ImageWriter::new(body(lane, "images"));
    let words = *image().as_words();
    images
        .update(1, |row| words.iter().skip(1).enumerate().for_each(|(at, &w)| row.set(at, w)))
        .expect("room");
    let table = self::lane(LANE).counters;
    let mut counters = table.writer(body(lane, "counters"), 0);
    let id = |name: &str| counters.counter(name).expect("a counter");
    let (packets, bytes) = (id("packets"), id("bytes"));
    let histogram = counters.histogram("receive_publish").expect("a histogram");
    counters.add(packets, 5);
    counters.add(bytes, 4_321);
    (1..=100).for_each(|ns| counters.record(histogram, ns));
    let mut errors = ErrorWriter::new(body(lane, "errors"));
    for at in 0..3 {
        errors.report(7, 0, "mold_residue", T0 + at);
    }
    errors.report(9, 0, "itch_unknown_type", T0 + 5);
    let mut gaps = GapWriter::new(body(lane, "gaps"));
    let first = gaps.declare(&gap(1, 100));
    let how = GapHow::Retransmission as u8;
    let end = GapEnd { healed: true, how, end: 0, ended_ns: T0 + 2_000_000, recovered: 10 };
    assert!(gaps.end(first, &end));
    gaps.declare(&gap(2, 500));
    let clock = instance.region().body().clone();
    let mut clock = ClockWriter::new(clock, CLOCK_LINE).expect("a clock page");
    // 2.5 GHz: 0.4 ns a tick.
    let multiplier = (1_u64 << 48) * 2 / 5;
    let page = ClockPage {
        tsc_base: 1_000,
        utc_base: T0,
        multiplier,
        error_ns: 250,
        epoch: 1,
        drift_ppb: 30,
    };
    clock.publish(&page).expect("a first page");
}
