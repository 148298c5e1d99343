//! A handler in this process: an instance with lanes whose counters have the names that lanes and
//! consumers use.

use std::path::{Path, PathBuf};

use affinity::Clock;
use shm::clock_page::{ClockPage, ClockWriter};
use shm::counters::{CounterSpec, CounterTable, CounterWriter, HistogramSpec};
use shm::errors::ErrorWriter;
use shm::fanout::{
    ClassRules, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant,
};
use shm::images::ImageWriter;
use shm::instance::{CLOCK_LINE, Instance, Producer as Files};
use shm::layout::{Layout, LayoutRow};
use shm::ledger::{Gap, GapState, GapWriter};
use shm::mapping::MappedLines;
use shm::spec::{InstanceSpec, ProducerSpec};
use tempfile::TempDir;
use wire::codes::GapHow;
use wire::payload::Lost;
use wire::table::{LAYOUT_HASH, layout_rows};
use wire::{
    BookState, Class, Header, Image, InstrumentId, LAYOUT_VERSION, Nature, Origin, Path as Way,
    Quality, Record, StampBy, Venue,
};

pub const INSTANCE: &str = "main";
pub const LANE: &str = "nasdaq";
pub const RING: usize = 1024;

/// What each line counts.
const PER_LINE: [(&str, &str); 14] = [
    ("packets", "packets"),
    ("bytes", "B"),
    ("won", "messages"),
    ("copied", "messages"),
    ("missed", "messages"),
    ("heartbeats", "packets"),
    ("late", "messages"),
    ("diverged", "packets"),
    ("kernel_drops", "packets"),
    ("truncated", "packets"),
    ("unstamped", "packets"),
    ("up", "1"),
    ("downs", "1"),
    ("last_receive_ns", "ns"),
];

/// What the lane counts.
const PER_LANE: [(&str, &str); 14] = [
    ("packets", "packets"),
    ("bytes", "B"),
    ("messages", "messages"),
    ("steps", "steps"),
    ("copies", "messages"),
    ("sessions", "sessions"),
    ("trade", "records"),
    ("top", "records"),
    ("gaps_open", "1"),
    ("messages_missed", "messages"),
    ("polls", "polls"),
    ("polls_found", "polls"),
    ("poll_longest_ns", "ns"),
    ("poll_breaches", "polls"),
];

/// A directory in memory, gone with the test.
pub fn root() -> TempDir {
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("observe-test-");
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a directory for the test")
}

/// Puts another file in the place of one, as damage would; who has the old one mapped keeps it.
pub fn replace(path: &Path, bytes: &[u8]) {
    std::fs::remove_file(path).expect("our own file");
    std::fs::write(path, bytes).expect("our own folder");
}

/// The table of a lane with so many lines.
pub fn table(lines: u8) -> CounterTable {
    let counter = |name: String, unit: &str| CounterSpec { name, unit: unit.into(), block: 0 };
    let mut counters: Vec<CounterSpec> =
        PER_LANE.iter().map(|(name, unit)| counter((*name).to_string(), unit)).collect();
    let histogram = |name: String| HistogramSpec {
        name,
        unit: "ns".into(),
        block: 0,
        sub_bits: 5,
        value_bits: 40,
    };
    let mut histograms = vec![histogram("receive_publish".into()), histogram("hold".into())];
    for line in 1..=lines {
        let names = PER_LINE.iter().map(|(name, unit)| (format!("line{line}.{name}"), *unit));
        counters.extend(names.map(|(name, unit)| counter(name, unit)));
        histograms.push(histogram(format!("line{line}.skew")));
    }
    CounterTable { counters, histograms }
}

/// A lane with this table.
pub fn lane(name: &str, counters: CounterTable) -> ProducerSpec {
    ProducerSpec {
        name: name.into(),
        instruments: 8,
        seats: 2,
        ring_capacity: RING as u64,
        slot_lines: 1,
        tail_capacity: 0,
        counters,
        errors: 4,
        gaps: 8,
    }
}

/// A living instance.
pub struct Handler {
    pub root: PathBuf,
    pub instance: Instance,
    tables: Vec<(String, CounterTable)>,
    _dir: Option<TempDir>,
}

impl Handler {
    /// One lane of two lines under a root of its own.
    pub fn start() -> Handler {
        let dir = root();
        let mut handler = Handler::under(dir.path(), INSTANCE, &[(LANE, table(2))]);
        handler._dir = Some(dir);
        handler
    }

    /// These lanes under a given root.
    pub fn under(root: &Path, name: &str, lanes: &[(&str, CounterTable)]) -> Handler {
        let rows: Vec<LayoutRow> =
            layout_rows().into_iter().map(|row| zerocopy::transmute!(row)).collect();
        let layout = Layout { version: LAYOUT_VERSION, hash: LAYOUT_HASH, rows: &rows };
        let producers = lanes.iter().map(|(name, table)| lane(name, table.clone())).collect();
        let (dir, name) = (root.to_path_buf(), name.to_string());
        let spec = InstanceSpec { root: dir, name, layout, gid: None, producers };
        let instance = Instance::create(&spec).expect("an instance");
        let tables = lanes.iter().map(|(name, table)| ((*name).to_string(), table.clone()));
        Handler { root: root.to_path_buf(), instance, tables: tables.collect(), _dir: None }
    }

    fn files(&self, lane: &str) -> &Files {
        self.instance.producer(lane).expect("the lane")
    }

    fn body(&self, lane: &str, file: &str) -> MappedLines {
        self.files(lane).body(file).expect("a file of the lane")
    }

    /// The writer of a lane's counters.
    pub fn counters(&self, lane: &str) -> Counts {
        let table = self.tables.iter().find(|(name, _)| name == lane).expect("the lane");
        Counts(table.1.writer(self.body(lane, "counters"), 0))
    }

    /// Says by an image what the lane's data is.
    pub fn nature(&self, lane: &str, nature: Nature) {
        let image = Image {
            instrument: InstrumentId::new(Venue::Nasdaq, 1),
            quality: Quality::new(BookState::Live, nature),
            ..Image::EMPTY
        };
        let words = *image.as_words();
        let mut images = ImageWriter::new(self.body(lane, "images"));
        let put = |at: usize, word: u64| {
            move |row: &shm::images::ImageWords<'_, '_, _>| row.set(at, word)
        };
        for (at, word) in words.iter().skip(1).enumerate() {
            images.update(1, put(at, *word)).expect("room");
        }
    }

    /// The lane's heart, in UTC.
    pub fn beat(&self) {
        let now = shm::region::utc_ns();
        for (lane, _) in &self.tables {
            self.files(lane).beat(now);
        }
    }

    /// Opens a gap.
    pub fn gap(&self, lane: &str, id: u32, declared_ns: u64) {
        let mut gaps = GapWriter::new(self.body(lane, "gaps"));
        gaps.declare(&Gap {
            gap_id: id,
            channel: 1,
            how: GapHow::Open as u8,
            state: GapState::Open,
            session: *b"REC0000001\0\0\0\0\0\0",
            first: 100,
            end: 110,
            lines: 0b11,
            declared_ns,
            ended_ns: 0,
            recovered: 0,
        });
    }

    /// Reports an error so many times.
    pub fn errors(&self, lane: &str, text: &str, times: u64) {
        let mut errors = ErrorWriter::new(self.body(lane, "errors"));
        let now = shm::region::utc_ns();
        (0..times).for_each(|at| assert!(errors.report(7, 0, text, now + at).is_some()));
    }

    /// A clock page of this host, with this bound of its error, and the clock itself.
    pub fn publish_clock(&self, error_ns: u64) -> Clock {
        let measured = Clock::measure().expect("a clock");
        let mut calibration = *measured.calibration();
        (calibration.error_ns, calibration.rate_error_ppb) = (error_ns, 0);
        let [tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb] = calibration.to_words();
        let body = self.instance.region().body().clone();
        let mut writer = ClockWriter::new(body, CLOCK_LINE).expect("a clock page");
        let page = ClockPage { tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb };
        writer.publish(&page).expect("a first page");
        Clock::new(calibration)
    }

    /// The fan-out of a lane's seats.
    pub fn fanout(&self, lane: &str) -> Fanout<MappedLines> {
        let files = self.files(lane);
        let seat = |number| {
            let (ring, ctl) = files.seat(number).expect("a seat");
            let (ring, ctl) = (ring.body().clone(), ctl.body().clone());
            SeatMemory { ring, ctl, capacity: RING }
        };
        let rules = ClassRules {
            stream: Class::Stream as u8,
            book_classes: Class::BOOK,
            conflate_class: Class::Top as u8,
            counted_class: Class::Trades as u8,
        };
        let generation = self.instance.generation();
        let spec = FanoutSpec { instruments: 8, rules, allow_wait: false, generation };
        Fanout::new(spec, vec![seat(0), seat(1)]).expect("memories that fit")
    }
}

/// A lane's counters by name.
pub struct Counts(CounterWriter<MappedLines>);

impl Counts {
    /// Sets a counter.
    pub fn set(&mut self, name: &str, to: u64) {
        let id = self.0.counter(name).unwrap_or_else(|| panic!("no counter {name}"));
        self.0.set(id, to);
    }

    /// Records a value.
    pub fn record(&mut self, name: &str, value: u64) {
        let id = self.0.histogram(name).unwrap_or_else(|| panic!("no histogram {name}"));
        self.0.record(id, value);
    }
}

/// Books without entries: a refresh is nothing.
pub struct NoBooks;

impl Refresh for NoBooks {
    fn refresh(&mut self, _instrument: u32, _want: SeatWant, _out: &mut RefreshOut) {}

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let lost = Lost {
            first_step: report.first_step,
            last_step: report.last_step,
            records: report.records,
            ..Lost::default()
        };
        Record::new(header(1, StampBy::Poll, 0), lost).to_words()
    }
}

/// A header of a live line's record.
pub fn header(step: u64, stamp: StampBy, received: u64) -> Header {
    Header {
        quality: Quality::new(BookState::Live, Nature::Simulated),
        origin: Origin::new(1, Way::Live, stamp),
        instrument: InstrumentId::new(Venue::Nasdaq, 1),
        sequence: step,
        ts_venue: received.saturating_sub(50_000),
        ts_receive: received,
    }
}
