//! The whole crate at work between processes, and kill -9 at any moment: nothing torn, nothing
//! uncommitted, nothing silently missing is ever delivered, and everybody goes on.
#![cfg(not(loom))]

mod common;

use common::*;
use shm::claim::{self, Claim};
use shm::fanout::{
    ClassRules, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant,
};
use shm::instance::{Instance, Producer};
use shm::keeper::{Keeper, tell};
use shm::lines::Lines;
use shm::liveness::monotonic_ns;
use shm::mapping::MappedLines;
use shm::producer_view::HeldSeat;
use shm::seat::layout::CTL_CLAIM;
use shm::seat::{Attach, Consumer, Filter, SeatState};
use shm::sigbus::{SigbusGuard, hits};
use shm::spec::InstanceSpec;
use shm::sync::Ordering;
use shm::watch::{Liveness, ProducerWatch};
use std::path::Path;
use std::time::{Duration, Instant};

const ENTRY: &str = "other_process";
const TRADES: u8 = 4;
const RULES: ClassRules =
    ClassRules { stream: 0, book_classes: 0b1110, conflate_class: 3, counted_class: TRADES };
const DATA: u64 = 48 << 8;
const LOST: u64 = 3 << 8;
const CAPACITY: u64 = 16_384;

/// Producer kills in one run; the nightly figure is 1,000.
fn rounds() -> u64 {
    std::env::var("SHM_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(12)
}

fn big(root: &Path) -> InstanceSpec<'static> {
    let mut spec = spec(root, "main");
    spec.producers.truncate(1);
    spec.producers[0].ring_capacity = CAPACITY;
    spec
}

struct Market {
    step: u64,
}

impl Refresh for Market {
    fn refresh(&mut self, _: u32, _: SeatWant, _: &mut RefreshOut) {}

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        let LostReport { first_step, last_step, records, counted, .. } = report;
        [LOST, self.step, first_step, last_step, records, counted, !self.step, 0]
    }
}

fn fanout(producer: &Producer, generation: u64) -> Fanout<MappedLines> {
    let memory = |seat| {
        let (ring, ctl) = producer.seat(seat).expect("seat");
        let capacity = CAPACITY as usize;
        SeatMemory { ring: ring.body().clone(), ctl: ctl.body().clone(), capacity }
    };
    let spec = FanoutSpec { instruments: 130, rules: RULES, allow_wait: false, generation };
    Fanout::new(spec, (0..2).map(memory).collect()).expect("regions that fit")
}

/// A record of which every word tells the step.
fn record(step: u64) -> [u64; 8] {
    [DATA, step, step * 3, !step, step ^ 0x5555, step + 7, step << 1, step]
}

/// A lane: pushes a few steps a poll, forever or until told.
fn produce(lane: &mut Fanout<MappedLines>, market: &mut Market, until: impl Fn() -> bool) {
    while !until() {
        for _ in 0..8 {
            market.step += 1;
            let mask = lane.interest(1, TRADES);
            if mask != 0 {
                lane.push(mask, TRADES, 1, &record(market.step));
            }
            lane.end_step(market.step);
        }
        lane.end_poll(true, monotonic_ns(), market);
        std::thread::yield_now();
    }
}

/// Not a test of its own: what this binary does when it is started as another process.
#[test]
fn other_process() {
    let Some((role, root)) = role() else { return };
    match role.as_str() {
        "lane" => {
            let instance = Instance::create(&big(&root)).expect("create");
            let mut lane = fanout(&instance.producers()[0], instance.generation());
            let _keeper = Keeper::start(&instance, vec![tell(lane.signals())]).expect("keeper");
            println!("ready");
            produce(&mut lane, &mut Market { step: 0 }, || false);
        }
        "cut" => survive_a_cut(&root),
        "fault" => {
            // A SIGBUS that is not a control file's stays deadly.
            let instance = Instance::create(&big(&root)).expect("create");
            let _guard = SigbusGuard::new(&instance).expect("guard");
            let ring = instance.producers()[0].region("images").expect("images");
            ring.mapping().file().set_len(4096).expect("length");
            println!("ready");
            let line = ring.body().line(ring.body().lines() - 1);
            println!("survived with {}", line[0].load(Ordering::Relaxed));
        }
        "reader" => {
            let mut seat = Seat::join(&root);
            println!("ready");
            loop {
                seat.read();
            }
        }
        other => panic!("no role {other}"),
    }
}

/// Does the seat take part? (One that does not read is silent soon.)
fn is_served(state: Option<SeatState>) -> bool {
    matches!(state, Some(SeatState::Active | SeatState::Silent))
}

/// The lane goes on while one consumer cuts its control file, and another one reads.
fn survive_a_cut(root: &Path) {
    let instance = Instance::create(&big(root)).expect("create");
    let _guard = SigbusGuard::new(&instance).expect("guard");
    let mut lane = fanout(&instance.producers()[0], instance.generation());
    let _keeper = Keeper::start(&instance, vec![tell(lane.signals())]).expect("keeper");
    let mut market = Market { step: 0 };
    let producer = attach(root, "main").producer("nasdaq").expect("producer");
    let join = |number: usize| {
        let held = producer.hold_seat(number).expect("seat");
        let (ring, control) = (held.seat.ring.body().clone(), held.seat.control.body().clone());
        let claim = Claim::new(std::process::id(), 1).expect("a claim");
        let (filter, capacity) = (Filter::all(1 << TRADES), CAPACITY as usize);
        (Consumer::claim(ring, control, capacity, 130, filter, claim).expect("free"), held)
    };
    let (bad, held) = join(0);
    let (mut good, _good_held) = join(1);
    let begun = Instant::now();
    produce(&mut lane, &mut market, || begun.elapsed() > Duration::from_millis(5));
    assert!(is_served(lane.state(0)));
    held.seat.control.mapping().file().set_len(4096).expect("cut");
    // Giving the claim back would fault: that is the consumer's own look-out.
    std::mem::forget(bad);
    let begun = Instant::now();
    produce(&mut lane, &mut market, || begun.elapsed() > Duration::from_millis(5));
    assert!(hits() > 0);
    assert_eq!(lane.state(0), Some(SeatState::Inactive));
    assert!(is_served(lane.state(1)));
    assert_eq!(good.poll_attach(), Attach::Active);
    assert!(good.next().is_some());
    drop(held);
    let refused = producer.hold_seat(0).map(drop).expect_err("no use any more");
    assert!(matches!(refused, shm::error::Error::FileLength { .. }), "{refused}");
    println!("survived");
}

#[test]
fn a_consumer_that_cuts_its_control_file_ends_only_its_own_seat() {
    let root = root();
    Other::start(ENTRY, "cut", root.path()).wait_for("survived");
}

#[test]
fn any_other_bus_error_is_still_the_end() {
    use std::os::unix::process::ExitStatusExt;
    let root = root();
    let mut other = Other::start(ENTRY, "fault", root.path());
    other.wait_for("ready");
    let status = other.child.wait().expect("end");
    assert_eq!(status.signal(), Some(libc::SIGBUS), "{status:?}");
}

/// A consumer that checks every record that it gets.
struct Seat {
    // Given back in this order: the claim, then the lock.
    consumer: Consumer<MappedLines, MappedLines>,
    _held: HeldSeat,
    watch: ProducerWatch,
    last: u64,
    records: u64,
    lost: u64,
}

impl Seat {
    fn join(root: &Path) -> Seat {
        let view = attach(root, "main");
        let held = view.producer("nasdaq").expect("producer").hold_seat(0).expect("seat");
        let claim = Claim::new(std::process::id(), 1 + (monotonic_ns() as u32 >> 1));
        let consumer = Consumer::claim(
            held.seat.ring.body().clone(),
            held.seat.control.body().clone(),
            held.seat.capacity as usize,
            held.seat.instruments as usize,
            Filter::all(1 << TRADES),
            claim.expect("a claim"),
        );
        let mut consumer = consumer.expect("free");
        let begun = Instant::now();
        while consumer.poll_attach() == Attach::Waiting {
            assert!(begun.elapsed() < Duration::from_secs(5), "no answer");
            std::thread::yield_now();
        }
        assert_eq!(consumer.poll_attach(), Attach::Active);
        let watch = ProducerWatch::new(&view);
        Seat { consumer, _held: held, watch, last: 0, records: 0, lost: 0 }
    }

    /// Reads what there is. Steps follow each other without a hole that was not declared.
    fn read(&mut self) {
        while let Some(found) = self.consumer.next() {
            let step = found[1];
            if found[0] == LOST {
                assert_eq!(found[6], !step, "torn: {found:?}");
                assert_eq!(found[2], self.last + 1);
                assert_eq!(found[4], found[3] - found[2] + 1);
                self.lost += found[4];
                self.last = found[3];
                continue;
            }
            assert_eq!(found, record(step), "torn or uncommitted");
            assert!(self.last == 0 || step == self.last + 1, "{} then {step}", self.last);
            (self.last, self.records) = (step, self.records + 1);
        }
        self.consumer.release();
    }
}

#[test]
fn a_producer_killed_at_any_moment_delivers_nothing_torn_and_is_followed_by_the_next() {
    let root = root();
    let (mut records, mut lost) = (0, 0);
    let (mut seen, mut resumed) = (Duration::ZERO, Duration::ZERO);
    let mut lane = Other::start(ENTRY, "lane", root.path());
    lane.wait_for("ready");
    for round in 0..rounds() {
        let mut seat = Seat::join(root.path());
        let begun = Instant::now();
        let alive = Duration::from_micros(500 + round * 7_919 % 20_000);
        while begun.elapsed() < alive || seat.records == 0 {
            seat.read();
            // A live producer may stall on a busy machine, it is never dead.
            let now = seat.watch.check(monotonic_ns());
            assert!(matches!(now, Liveness::Alive | Liveness::Stalled(_)), "{now:?}");
        }
        lane.kill();
        let killed = Instant::now();
        while seat.watch.check(monotonic_ns()) != Liveness::Dead {
            seat.read();
            assert!(killed.elapsed() < Duration::from_secs(5));
            std::thread::sleep(Duration::from_micros(200));
        }
        seen = seen.max(killed.elapsed());
        seat.read();
        (records, lost) = (records + seat.records, lost + seat.lost);
        drop(seat);
        lane = Other::start(ENTRY, "lane", root.path());
        lane.wait_for("ready");
        let again = Instant::now();
        let mut seat = Seat::join(root.path());
        while seat.records == 0 {
            seat.read();
        }
        resumed = resumed.max(again.elapsed());
    }
    println!("{records} records, {lost} lost and declared");
    println!("death seen in {seen:?}, resumed in {resumed:?}");
    assert!(seen <= Duration::from_millis(100), "{seen:?}");
    assert!(resumed <= Duration::from_secs(1), "{resumed:?}");
    drop(lane);
    drop(create(root.path(), "main"));
    assert_eq!(files(root.path()), Vec::<String>::new());
}

#[test]
fn a_killed_consumer_costs_the_producer_nothing_and_its_seat_is_free_again() {
    let root = root();
    let instance = Instance::create(&big(root.path())).expect("create");
    let mut lane = fanout(&instance.producers()[0], instance.generation());
    let keeper = Keeper::start(&instance, vec![tell(lane.signals())]).expect("keeper");
    let control = instance.producers()[0].seat(0).expect("seat").1.body().clone();
    let mut market = Market { step: 0 };
    for _ in 0..5 {
        let begun = Instant::now();
        let mut reader = Other::start(ENTRY, "reader", root.path());
        let mut run = |time: Duration, until: &dyn Fn() -> bool| {
            let begun = Instant::now();
            produce(&mut lane, &mut market, || begun.elapsed() > time || until());
            (begun.elapsed(), lane.state(0))
        };
        let pid = reader.pid();
        let holder = || claim::holder(&control, CTL_CLAIM);
        let (_, state) = run(Duration::from_secs(5), &|| {
            begun.elapsed() > Duration::from_millis(50)
                && holder().is_some_and(|claim| claim.pid() == pid)
        });
        // It may have claimed after the last poll.
        let (_, later) = run(Duration::from_millis(20), &|| false);
        assert!(is_served(state) || is_served(later), "{state:?} {later:?}");
        reader.kill();
        let (took, state) = run(Duration::from_secs(5), &|| holder().is_none());
        assert_eq!((holder(), state), (None, Some(SeatState::Inactive)));
        assert!(took <= Duration::from_millis(100), "{took:?}");
    }
    drop(keeper);
    instance.close().expect("close");
    assert_eq!(files(root.path()), Vec::<String>::new());
}
