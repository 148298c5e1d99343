//! The lane's thread, with real shared memory and a consumer: once warm, it neither allocates nor
//! enters the kernel, whatever comes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

mod common;

use common::market::Market;
use common::packets::{Memory, SESSION, heartbeat, mold};
use common::seats::{self, ALL};
use common::{DAY, itch};
use feed::lane::{Lane, LaneConfig};
use feed::net::Polled;
use feed::publish::region::Regions;
use feed::recover::RepairSpec;
use feed::recover::mail::{Fill, PACKET_MAX, mail};
use shm::seat::{Filter, Policy};

const MESSAGES: u64 = 100_000;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting per thread.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local
// without a destructor, which is always there and never allocates.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from the system's allocator with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The opening, then `MESSAGES` messages, then all that is unpleasant: gaps, copies, rubbish,
/// contradictions, another session.
fn streams() -> (Memory, Memory, Memory) {
    let mut market = Market::new(1);
    let (mut opening, mut day, mut trouble) =
        (Memory::default(), Memory::default(), Memory::default());
    let first = market.opening();
    opening.push(&mold(SESSION, 1, &first), DAY.midnight_ns, 1);
    let next = market.packets(first.len() as u64 + 1, 2_000, &mut opening);
    let next = market.packets(next, MESSAGES, &mut day);
    let now = DAY.midnight_ns + 60_000_000_000_000;
    let mut give = |packet: Vec<u8>| trouble.push(&packet, now, 2);
    for n in 0..1_500 {
        let next = next + 2 * n;
        give(heartbeat(SESSION, next));
        give(mold(SESSION, next, &[itch::delete(1, 1, 1 << 19)]));
        give(mold(SESSION, next, &[itch::delete(1, 1, 1 << 19)]));
        give(b"rubbish".to_vec());
        give(mold(SESSION, 0, &[vec![]]));
    }
    give(mold(SESSION, next + 3_000, &[vec![b'A'; 5], vec![], itch::bid(1, 1 << 40, 1, 1)]));
    // Another session, with locates of its own and a stock that is new.
    let order = itch::Add { reference: 5, side: b'B', shares: 1, stock: "NEW", price: 7 };
    let odd = itch::Add { reference: 6, stock: "\u{1}\u{2}", ..order };
    let fresh = [itch::directory(1, 1, "MSFT"), itch::add(77, 1, order), itch::add(78, 1, odd)];
    give(mold(b"SIM0000002", 1, &fresh));
    give(heartbeat(SESSION, 1));
    (opening, day, trouble)
}

/// Silence after which a line of [`two_lines`] is down, ns: so many polls of a microsecond.
const SILENCE: u64 = 100_000;

/// A day on two lines that each lack packets, some of them the same ones, and of which one falls
/// silent for a while; then all that ends a hold.
fn two_lines() -> (Memory, Memory, Memory) {
    let mut market = Market::new(2);
    let mut streams = [Memory::default(), Memory::default(), Memory::default()];
    let [opening, day, trouble] = &mut streams;
    let first = market.opening();
    for line in [1, 2] {
        opening.push(&mold(SESSION, 1, &first), DAY.midnight_ns, line);
    }
    let mut next = first.len() as u64 + 1;
    for n in 0..MESSAGES / 3 {
        let block: Vec<_> = (0..3).map(|_| market.message()).collect();
        let at = DAY.midnight_ns + n * 100;
        // A sends packets of two and one, B of three.
        let b_is_silent = (10_000..20_000).contains(&n);
        if n % 7 != 0 {
            day.push(&mold(SESSION, next, &block[..2]), at, 1);
        }
        if n % 5 != 0 && !b_is_silent {
            day.push(&mold(SESSION, next, &block), at + 50, 2);
        }
        day.push(&mold(SESSION, next + 2, &block[2..]), at + 60, 1);
        next += 3;
    }
    let at = DAY.midnight_ns + 60_000_000_000_000;
    // B shows that it lives, so that all of these wait for it, more than there is room for.
    for n in 0..1_500 {
        trouble.push(&mold(SESSION, next + 1 + 2 * n, &[itch::delete(1, 1, 1 << 19)]), at, 1);
    }
    trouble.push(&mold(SESSION, next + 5_000, &vec![itch::delete(1, 1, 1 << 19); 60]), at, 1);
    trouble.push(&mold(SESSION, next, &[itch::delete(1, 1, 1 << 19)]), at, 2);
    trouble.push(&mold(SESSION, next + 5_100, &[vec![b'D'; 19]]), at, 1);
    trouble.push(&mold(SESSION, next + 5_100, &[vec![b'X'; 23]]), at, 2);
    trouble.push(&heartbeat(SESSION, 1 << 40), at, 1);
    trouble.push(&mold(b"SIM0000002", 5, &[itch::directory(1, 1, "MSFT")]), at, 2);
    streams.into()
}

/// Polls to the end of the source.
fn play(lane: &mut Lane<Regions>, source: &mut Memory, now: &mut u64) {
    loop {
        *now += 1_000;
        match lane.poll(source, *now) {
            Ok(Polled::End) => return,
            Ok(_) => lane.published(*now + 500),
            Err(_) => panic!("memory has no errors"),
        }
    }
}

/// A lane that is served by a consumer of everything, warm, and the streams that follow.
struct Rig {
    root: tempfile::TempDir,
    lane: Lane<Regions>,
    seat: seats::Seat,
    day: Memory,
    trouble: Memory,
    now: u64,
}

fn rig(policy: Policy) -> Rig {
    rig_of(policy, common::config(), streams())
}

/// Two lines, compared packet by packet, with holds of 60 polls.
fn rig_of_two(policy: Policy) -> Rig {
    let usual = common::config();
    let times = LaneConfig { hold_ns: 60_000, line_timeout_ns: SILENCE, ..usual };
    rig_of(policy, LaneConfig { lines: 2, divergence_sample: 1, ..times }, two_lines())
}

fn rig_of(policy: Policy, config: LaneConfig, streams: (Memory, Memory, Memory)) -> Rig {
    let root = seats::root();
    let mut lane = seats::lane_of(root.path(), 2, 16_384, config);
    let filter = Filter::all(ALL).policy(policy);
    let seat = seats::attach(root.path(), 0, filter, &mut lane);
    let (mut opening, day, trouble) = streams;
    let mut now = DAY.midnight_ns;
    play(&mut lane, &mut opening, &mut now);
    seats::settle(&mut lane, now);
    Rig { root, lane, seat, day, trouble, now }
}

/// Runs `work` while another thread drains the seat; gives back how many records it got.
fn while_drained(mut seat: seats::Seat, work: impl FnOnce()) -> u64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let draining = scope.spawn(|| {
            let mut records = 0;
            // Acquire: partner is the store below; then nothing more is written.
            while !done.load(Ordering::Acquire) {
                while seat.consumer.next().is_some() {
                    records += 1;
                }
                seat.consumer.release();
                std::thread::yield_now();
            }
            records
        });
        work();
        // Release: partner is the load above.
        done.store(true, Ordering::Release);
        draining.join().expect("the consumer")
    })
}

#[test]
fn a_warm_lane_does_not_allocate() {
    // A seat for which the lane waits gets every record, however busy the host is.
    let Rig { root, mut lane, seat, mut day, mut trouble, mut now } = rig(Policy::Wait);
    let before_all = lane.publisher.counts.messages_total();
    let warmed = String::from("this one is counted");
    assert!(ALLOCATIONS.get() > 0, "{warmed}");
    let got = while_drained(seat, || {
        let before = ALLOCATIONS.get();
        play(&mut lane, &mut day, &mut now);
        let after = ALLOCATIONS.get();
        assert_eq!(after - before, 0, "allocations on a usual day");
        let before = ALLOCATIONS.get();
        play(&mut lane, &mut trouble, &mut now);
        lane.flush_images();
        let after = ALLOCATIONS.get();
        assert_eq!(after - before, 0, "allocations in trouble");
    });
    assert!(lane.publisher.counts.messages_total() - before_all > MESSAGES);
    assert!(got > 2 * MESSAGES, "a consumer was served: {got} records");
    assert_eq!(lane.gaps.declared(), 1_500);
    for name in ["unknown_reference", "itch_empty", "old_session", "sequence_zero"] {
        assert!(common::refused(&lane, name) > 0, "{name}");
    }
    let symbols = lane.venue.directory.rows().iter().map(|row| row.symbol());
    assert_eq!(symbols.skip(8).collect::<Vec<_>>(), ["NEW", "??"]);
    lane.publisher.outlet.close().expect("closed");
    drop(root);
}

#[test]
fn two_lines_with_holes_do_not_allocate() {
    let Rig { root: _root, mut lane, seat, mut day, mut trouble, mut now } =
        rig_of_two(Policy::Wait);
    let got = while_drained(seat, || {
        let before = ALLOCATIONS.get();
        play(&mut lane, &mut day, &mut now);
        assert_eq!(ALLOCATIONS.get() - before, 0, "allocations on a day with holes");
        play(&mut lane, &mut trouble, &mut now);
        lane.flush_images();
        assert_eq!(ALLOCATIONS.get() - before, 0, "allocations in trouble");
    });
    assert!(got > MESSAGES, "a consumer was served: {got} records");
    assert_ways(&lane);
    lane.publisher.outlet.close().expect("closed");
}

/// The streams took the lane through everything that lines can do.
fn assert_ways(lane: &Lane<Regions>) {
    let counts = &lane.publisher.counts;
    let [a, b] = [counts.lines[0], counts.lines[1]];
    assert!(a.won > 10_000 && b.won > 4_000, "{a:?} {b:?}");
    assert!(a.copied > 10_000 && b.copied > 10_000, "{a:?} {b:?}");
    assert!(counts.held > 2_000, "{}", counts.held);
    assert!(counts.hold_overflow > 400, "{}", counts.hold_overflow);
    assert_eq!((b.downs, common::refused(lane, "line_divergence")), (1, 1));
    assert!(lane.gaps.declared() > 2_000, "{}", lane.gaps.declared());
}

/// A day in which every seventh packet is lost and comes again some packets later from a server, and
/// what the queues need for that, made beforehand.
fn lossy_day(market_seed: u64) -> (Memory, Memory, Vec<(usize, Fill)>) {
    let mut market = Market::new(market_seed);
    let (mut opening, mut day, mut fills) = (Memory::default(), Memory::default(), Vec::new());
    let first = market.opening();
    opening.push(&mold(SESSION, 1, &first), DAY.midnight_ns, 1);
    let mut next = first.len() as u64 + 1;
    for n in 0..20_000 {
        let block: Vec<_> = (0..3).map(|_| market.message()).collect();
        let packet = mold(SESSION, next, &block);
        let at = DAY.midnight_ns + n as u64 * 100;
        if n % 7 == 3 {
            let mut bytes = [0; PACKET_MAX];
            bytes[..packet.len()].copy_from_slice(&packet);
            fills.push((n + 40, Fill { ts_receive: at, len: packet.len() as u16, bytes }));
        } else {
            day.push(&packet, at, 1);
        }
        next += 3;
    }
    (opening, day, fills)
}

#[test]
fn gaps_that_are_healed_do_not_allocate() {
    let root = seats::root();
    let (lane_end, mut end) = mail();
    let lane = seats::lane_of(root.path(), 2, 16_384, common::config());
    let mut lane = lane.with_recovery(Some(lane_end), RepairSpec::default());
    let filter = Filter::all(ALL).policy(Policy::Lose);
    let seat = seats::attach(root.path(), 0, filter, &mut lane);
    let (mut opening, mut day, fills) = lossy_day(5);
    let mut now = DAY.midnight_ns;
    play(&mut lane, &mut opening, &mut now);
    seats::settle(&mut lane, now);
    let before_all = ALLOCATIONS.get();
    let mut waiting = fills.iter().peekable();
    let mut polls = 0;
    let healed = loop {
        now += 1_000;
        polls += 1;
        let polled = lane.poll(&mut day, now);
        while let Some((_, fill)) = waiting.next_if(|(at, _)| *at <= 32 * polls) {
            assert!(end.fills.push(*fill).is_ok());
        }
        while end.wants.pop().is_ok() {}
        // Some polls find nothing.
        lane.end_poll(true, now);
        if !matches!(polled, Ok(Polled::Packets(_))) && waiting.peek().is_none() {
            (0..10_000).for_each(|_| lane.end_poll(true, now));
            break ALLOCATIONS.get() - before_all;
        }
    };
    assert_eq!(healed, 0, "allocations while gaps were healed");
    let repaired = *lane.repaired();
    assert!(repaired.filled > 5_000 && repaired.books_merged > 0, "{repaired:?}");
    assert!(lane.gaps.open().is_empty() && lane.gaps.is_whole());
    assert!(seat.consumer.lag() > 0);
    lane.publisher.outlet.close().expect("closed");
}

#[test]
fn a_lane_whose_consumer_stands_still_does_not_allocate() {
    let Rig { root: _root, mut lane, seat, mut day, mut now, .. } = rig(Policy::Lose);
    let before = ALLOCATIONS.get();
    play(&mut lane, &mut day, &mut now);
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(seat.consumer.lag() > 0);
}

/// How a child process ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Code(i32),
    Signal(i32),
}

const REFUSED: i32 = 77;

/// From here on any system call but the end of the process kills it.
fn forbid_system_calls() -> bool {
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    let number = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let ret = libc::BPF_RET | libc::BPF_K;
    let step = |code: u32, k: u32, jf: u8| libc::sock_filter { code: code as u16, jt: 0, jf, k };
    let mut filter = [
        step(number, 0, 0),
        step(equal, libc::SYS_exit_group as u32, 1),
        step(ret, ALLOW, 0),
        step(ret, KILL, 0),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // Being killed is expected of one of the tests, so no core file.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel reads one `rlimit`, which outlives the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    // SAFETY: without new privileges a process may restrict itself; no pointer is passed.
    let quiet = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the kernel copies the four instructions, which outlive the call.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    quiet == 0 && set == 0
}

/// Runs the body in a child process and says how that ended. The rings are shared memory, so the
/// parent's consumer goes on draining what the child writes.
fn in_child(body: impl FnOnce() -> i32) -> Ended {
    // SAFETY: the child runs on a copy of this thread alone; the bodies here neither allocate
    // nor take locks, and leave by `_exit`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    if pid == 0 {
        let code = body();
        // SAFETY: ends the child without running the parent's destructors.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes one integer, which is exclusive here.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid);
    if libc::WIFSIGNALED(status) {
        Ended::Signal(libc::WTERMSIG(status))
    } else {
        Ended::Code(libc::WEXITSTATUS(status))
    }
}

/// What a child does behind the filter, besides playing the day and the trouble.
fn play_without_system_calls(rig: Rig, gaps: u64, sneak_one_in: bool) -> (Ended, u64) {
    let Rig { root: _root, mut lane, seat, mut day, mut trouble, mut now } = rig;
    let mut ended = Ended::Code(-1);
    let got = while_drained(seat, || {
        ended = in_child(|| {
            if !forbid_system_calls() {
                return REFUSED;
            }
            play(&mut lane, &mut day, &mut now);
            play(&mut lane, &mut trouble, &mut now);
            if sneak_one_in {
                // SAFETY: asks for a number.
                unsafe { libc::getppid() };
            }
            i32::from(lane.gaps.declared() < gaps)
        });
    });
    (ended, got)
}

#[test]
fn a_warm_lane_makes_no_system_call() {
    let (ended, got) = play_without_system_calls(rig(Policy::Lose), 1_500, false);
    if ended == Ended::Code(REFUSED) {
        e2e::skipped("a_warm_lane_makes_no_system_call", "this kernel or sandbox has no seccomp");
        return;
    }
    assert_eq!(ended, Ended::Code(0));
    assert!(got > 10_000, "the consumer was served from the child: {got} records");
    // The same net catches one call, so it would have caught another.
    let caught = play_without_system_calls(rig(Policy::Lose), 1_500, true);
    assert_eq!(caught.0, Ended::Signal(libc::SIGSYS));
    // Holds, gaps, lines that fall silent: the same.
    let (ended, got) = play_without_system_calls(rig_of_two(Policy::Lose), 2_000, false);
    assert_eq!(ended, Ended::Code(0));
    assert!(got > 10_000, "the consumer was served from the child: {got} records");
}
