//! An instance of two lanes as other processes see it, from its start to its end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::{AttachSpec, Client};
use producer::spec::counter_table;
use producer::{Host, HostSpec, LaneSpec, NamedCounters, NamedErrors, channel_row};
use shm::attach::{InstanceView, attach_blocking};
use shm::fanout::{LostReport, Refresh, RefreshOut, SeatWant};
use wire::{InstrumentId, Venue};

fn root() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("producer-test-");
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a folder")
}

fn spec(root: &Path) -> HostSpec {
    let lane = |name: &str| LaneSpec {
        name: name.to_owned(),
        instruments: 7,
        seats: 2,
        ring_capacity: 64,
        allow_wait: false,
        counters: counter_table([("packets", "packets")], [("hold", "ns")]),
    };
    HostSpec {
        root: root.to_path_buf(),
        name: "two".to_owned(),
        gid: None,
        lanes: vec![lane("nasdaq"), lane("nasdaq_bx")],
    }
}

fn look(root: &Path) -> InstanceView {
    let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
    attach_blocking(root, "two", layout, Duration::from_secs(10)).expect("attached")
}

/// Nothing to refresh: the lanes of these tests have no books.
struct NoBooks;

impl Refresh for NoBooks {
    fn refresh(&mut self, _instrument: u32, _want: SeatWant, _out: &mut RefreshOut) {}
    fn lost(&mut self, _report: LostReport) -> [u64; 8] {
        [0; 8]
    }
}

#[test]
fn two_lanes_are_seen_with_their_tables_and_gone_after_the_end() {
    let root = root();
    let stop = Arc::new(AtomicBool::new(false));
    let (host, mut lanes) = Host::create(&spec(root.path()), &stop).expect("an instance");
    assert_eq!((host.name(), host.signals().len()), ("two", 2));
    let id = InstrumentId::new(Venue::NasdaqBx, 0);
    let row = channel_row(id, "nasdaq_bx", "NASDAQ.BX");
    let bx = lanes.get_mut(1).expect("the second lane");
    bx.instruments.append(&row.to_words()).expect("room");
    let counters = NamedCounters::new(&bx.counters, ["packets", "absent"]);
    counters.set_all(&mut bx.counters, [41, 99]);
    let hold = bx.counters.histogram("hold").expect("a histogram");
    bx.counters.record(hold, 1_000);

    let view = look(root.path());
    let names: Vec<_> = view.producers().iter().map(|p| p.name.clone()).collect();
    assert_eq!(names, ["nasdaq", "nasdaq_bx"]);
    let seen = view.producer("nasdaq_bx").expect("the lane");
    let reader = seen.counters().expect("counters");
    assert_eq!((reader.value_of("packets"), reader.value_of("absent")), (Some(41), None));
    let hold = reader.histogram_of("hold").expect("the histogram");
    assert_eq!(hold.count(), 1);
    // 32 buckets a power of two: the error of a value is at most 1/32 of it.
    let most = hold.most().expect("a value");
    assert!((1_000..=1_032).contains(&most), "{most}");
    assert_eq!(seen.instruments().expect("table").count(), 1);
    assert_eq!(view.producer("nasdaq").expect("lane").instruments().expect("table").count(), 0);
    let page = view.clock().expect("a clock").page().expect("whole").expect("published");
    assert!(page.utc_base > 0 && page.multiplier > 0, "{page:?}");

    drop(lanes);
    host.close().expect("removed");
    let left: Vec<_> = std::fs::read_dir(root.path()).expect("folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn names_of_errors_have_one_row_each() {
    let root = root();
    let stop = Arc::new(AtomicBool::new(false));
    let (host, lanes) = Host::create(&spec(root.path()), &stop).expect("an instance");
    let errors = lanes.into_iter().next().expect("a lane").errors;
    let mut errors = NamedErrors::new(errors);
    for now in 1..=5 {
        errors.report(1, "one_reason", now);
        errors.report(1, "another", 10 * now);
    }
    let view = look(root.path());
    let table = view.producer("nasdaq").expect("lane").errors().expect("table");
    assert_eq!(table.count(), 2);
    let row = table.read(1).expect("a row");
    assert_eq!((row.text.as_str(), row.count, row.first_ns, row.last_ns), ("another", 5, 10, 50));
    drop(errors);
    host.close().expect("removed");
}

#[test]
fn a_second_start_is_refused_and_disturbs_nothing() {
    let root = root();
    let stop = Arc::new(AtomicBool::new(false));
    let (host, lanes) = Host::create(&spec(root.path()), &stop).expect("an instance");
    let error = Host::create(&spec(root.path()), &stop).err().expect("refused").to_string();
    assert!(error.contains("two") && error.contains("running"), "{error}");
    assert_eq!(look(root.path()).producers().len(), 2);
    drop(lanes);
    host.close().expect("removed");
}

#[test]
fn a_lane_that_does_not_fit_leaves_nothing_behind() {
    let root = root();
    let stop = Arc::new(AtomicBool::new(false));
    let mut wrong = spec(root.path());
    wrong.lanes[1].ring_capacity = 63;
    assert!(Host::create(&wrong, &stop).is_err());
    let left: Vec<_> = std::fs::read_dir(root.path()).expect("folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_stop_reaches_every_lane_and_a_consumer_sees_the_end() {
    let root = root();
    let stop = Arc::new(AtomicBool::new(false));
    let (host, mut lanes) = Host::create(&spec(root.path()), &stop).expect("an instance");
    let mut attach = AttachSpec::new("two");
    attach.root = root.path().to_path_buf();
    let mut client = Client::attach(attach).expect("a consumer");
    let patience = Instant::now();
    while lanes.iter().any(|lane| lane.fanout.active() == 0) {
        assert!(patience.elapsed() < Duration::from_secs(20), "no seat was claimed");
        client.poll(|_| {});
        for lane in &mut lanes {
            lane.fanout.end_poll(true, 1, &mut NoBooks);
        }
    }
    // Release: partner is the control thread's look.
    stop.store(true, Ordering::Release);
    while !host.signals().iter().all(|signals| signals.stopped()) {
        assert!(patience.elapsed() < Duration::from_secs(20), "the stop was not passed on");
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(lanes);
    host.close().expect("removed");
    while client.is_attached() {
        assert!(patience.elapsed() < Duration::from_secs(20), "the end was not seen");
        client.poll(|_| {});
    }
}
