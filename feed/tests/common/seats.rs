//! A lane with shared memory in a folder of its own, and a consumer at one of its seats.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use feed::lane::Lane;
use feed::publish::region::{RegionSpec, Regions};
use feed::venue::nasdaq::Limits;
use shm::attach::{InstanceView, attach_blocking};
use shm::claim::Claim;
use shm::mapping::MappedLines;
use shm::producer_view::{HeldSeat, ProducerView};
use shm::seat::{Attach, Consumer, Filter};
use wire::{Class, Record};

use super::Sizes;

/// Name of the instance in every test; each has its own folder.
pub const NAME: &str = "main";
/// All classes that a lane emits.
pub const ALL: u8 = Class::BOOK | Class::Trades.bit() | Class::Reference.bit();

/// Tells one claim of this process from the next.
static NONCE: AtomicU32 = AtomicU32::new(1);

/// A folder for instances, in memory where the host has one.
pub fn root() -> tempfile::TempDir {
    let shared = std::path::Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("feed-test-");
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a folder")
}

/// A lane whose outlet is shared memory below `root`.
pub fn lane(root: &std::path::Path, seats: u32, ring_capacity: u64) -> Lane<Regions> {
    lane_of(root, seats, ring_capacity, super::config())
}

/// The same with a configuration.
pub fn lane_of(
    root: &std::path::Path,
    seats: u32,
    ring_capacity: u64,
    config: feed::lane::LaneConfig,
) -> Lane<Regions> {
    let sizes = Sizes::default();
    let spec = RegionSpec {
        root: root.to_path_buf(),
        name: NAME.to_owned(),
        seats,
        ring_capacity,
        allow_wait: true,
        gid: None,
        lines: config.lines,
    };
    let limits = Limits { instruments: sizes.instruments, orders: sizes.orders };
    let stop = Arc::new(AtomicBool::new(false));
    let regions = Regions::create(Some(&spec), limits, &stop).expect("an instance");
    // The day is that of the first packet, as on a live lane.
    let config = feed::lane::LaneConfig { day: None, ..config };
    super::lane_into(config, sizes, regions)
}

/// The instance as others see it.
pub fn view(root: &std::path::Path) -> InstanceView {
    let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
    attach_blocking(root, NAME, layout, Duration::from_secs(10)).expect("attached")
}

/// The lane's part of it.
pub fn producer(root: &std::path::Path) -> ProducerView {
    view(root).producer("nasdaq").expect("the lane")
}

/// A consumer. Dropping it gives the seat back.
pub struct Seat {
    pub consumer: Consumer<MappedLines, MappedLines>,
    _held: HeldSeat,
}

/// Claims a seat and asks for `filter`; the lane has still to answer.
pub fn claim(root: &std::path::Path, seat: usize, filter: Filter) -> Seat {
    let held = producer(root).hold_seat(seat).expect("a free seat");
    let view = &held.seat;
    let (ring, control) = (view.ring.body().clone(), view.control.body().clone());
    // Relaxed: only a number that nobody had; nothing comes with it.
    let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
    let claim = Claim::new(std::process::id(), nonce).expect("a claim");
    let (capacity, instruments) = (view.capacity as usize, view.instruments as usize);
    let consumer = Consumer::claim(ring, control, capacity, instruments, filter, claim);
    Seat { consumer: consumer.expect("claimed"), _held: held }
}

/// Claims a seat and polls the lane until it is served.
pub fn attach(
    root: &std::path::Path,
    seat: usize,
    filter: Filter,
    lane: &mut Lane<Regions>,
) -> Seat {
    let mut seat = claim(root, seat, filter);
    let begun = Instant::now();
    while seat.consumer.poll_attach() != Attach::Active {
        lane.end_poll(true, 1);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", seat.consumer.poll_attach());
    }
    seat
}

/// Polls the lane without packets until no seat waits for a book.
pub fn settle(lane: &mut Lane<Regions>, now: u64) {
    use feed::publish::Outlet;
    for _ in 0..10_000 {
        lane.end_poll(true, now);
        if !lane.publisher.outlet.refreshes_pending() {
            return;
        }
    }
    panic!("a seat still waits for a book");
}

impl Seat {
    /// Takes what is there.
    pub fn drain(&mut self, into: &mut Vec<Record>) -> usize {
        let before = into.len();
        while let Some(words) = self.consumer.next() {
            into.push(Record::from_words(words));
        }
        self.consumer.release();
        into.len() - before
    }

    /// Takes what is there until a record for which `last` holds.
    pub fn drain_until(&mut self, into: &mut Vec<Record>, last: impl Fn(&Record) -> bool) {
        let begun = Instant::now();
        loop {
            let from = into.len();
            if self.drain(into) == 0 {
                assert!(begun.elapsed() < Duration::from_secs(60), "the last record did not come");
                std::thread::yield_now();
            }
            if into[from..].iter().any(&last) {
                return;
            }
        }
    }
}
