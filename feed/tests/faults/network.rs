//! Rows 14, 16 and 21: a link that goes down, a stranger who sends, more than a socket holds.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use feed::lane::{Lane, LaneConfig};
use feed::net::Source;
use feed::net::udp::{Interface, UdpLine, UdpSource};
use feed::publish::Outlet;
use shm::seat::{Filter, Policy};
use socket2::SockRef;
use wire::BookState;
use wire::codes::ConnectionState;
use wire::payload::{Connection, Lost};

use crate::common::collect::Collect;
use crate::common::packets::{SESSION, heartbeat, mold};
use crate::common::{self, Sizes, itch, seats};
use crate::sockets::{group, line, open, port, send, sender, spec, utc};
use crate::stage::{self, packet, ranges, stream};

fn ip(arguments: &str) -> bool {
    let done = Command::new("ip").args(arguments.split(' ')).output();
    done.is_ok_and(|done| done.status.success())
}

/// Runs the body in a network of its own, which ends with its thread.
fn in_own_network(test: &str, body: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            // SAFETY: moves this thread alone to a new network; no pointer is passed.
            if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 || !ip("link show lo") {
                return e2e::skipped(test, "it needs root and the program ip");
            }
            body();
        });
        done.join().expect("the body has not failed");
    });
}

/// Two cables: what is sent on `far` comes in on `near`.
fn cables() {
    for cable in ["0", "1"] {
        for made in [
            format!("link add near{cable} type veth peer name far{cable}"),
            format!("address add 10.7{cable}.0.1/24 dev near{cable}"),
            format!("address add 10.8{cable}.0.1/24 dev far{cable}"),
            format!("link set near{cable} up"),
            format!("link set far{cable} up"),
        ] {
            assert!(ip(&made), "ip {made}");
        }
        // Both ends are this host's, so what comes in has a sender of this host.
        for (key, value) in [("accept_local", "1"), ("rp_filter", "0")] {
            let path = format!("/proc/sys/net/ipv4/conf/near{cable}/{key}");
            std::fs::write(path, value).expect("root may write it");
        }
    }
    std::fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "0").expect("root may write it");
}

/// Who sends on a cable.
fn far(cable: u8) -> UdpSocket {
    let address = Ipv4Addr::new(10, 80 + cable, 0, 1);
    let socket = UdpSocket::bind((address, 0)).expect("an address of ours");
    SockRef::from(&socket).set_multicast_if_v4(&address).expect("an interface of ours");
    socket.set_multicast_loop_v4(false).expect("set");
    socket
}

fn connections(lane: &Lane<Collect>) -> Vec<Connection> {
    lane.publisher.outlet.private.iter().filter_map(wire::Record::get).collect()
}

#[test]
fn row_14_a_link_that_was_down_comes_back_by_itself() {
    in_own_network("row_14_a_link_that_was_down_comes_back_by_itself", link_down);
}

/// Time between heartbeats of the venue in row 14.
const BEAT: Duration = Duration::from_millis(50);
const LINKED: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 14, 14, 14), 26_414);

/// A lane on both cables, and a venue at their far ends.
struct Linked {
    source: UdpSource,
    from: [UdpSocket; 2],
    lane: Lane<Collect>,
    messages: Vec<Vec<u8>>,
    number: u64,
    polled: Instant,
    /// The longest time between two polls: what a busy host adds to every time.
    pause: Duration,
}

impl Linked {
    fn new() -> Linked {
        cables();
        let on = |number: u8| UdpLine {
            line: number,
            group: *LINKED.ip(),
            port: LINKED.port(),
            interface: Interface::Name(format!("near{}", number - 1)),
            source: None,
        };
        let config = LaneConfig {
            hold_ns: 20_000_000,
            line_timeout_ns: 2 * BEAT.as_nanos() as u64,
            day: None,
            ..stage::config(2)
        };
        Linked {
            source: open(&spec(vec![on(1), on(2)])),
            from: [far(0), far(1)],
            lane: common::lane_with(config, Sizes::default()),
            messages: stream(14, 12_000),
            number: 0,
            polled: Instant::now(),
            pause: Duration::ZERO,
        }
    }

    /// The next message on both lines, and a few polls.
    fn step(&mut self) {
        self.number += 1;
        let bytes = packet(&self.messages, self.number);
        for socket in &self.from {
            // A link that is down may refuse; what is sent then is lost on it.
            let _ = socket.send_to(&bytes, LINKED);
        }
        for _ in 0..4 {
            self.pause = self.pause.max(self.polled.elapsed());
            self.polled = Instant::now();
            self.lane.poll(&mut self.source, utc()).expect("the sockets stay open");
            std::thread::sleep(Duration::from_micros(150));
        }
    }

    /// Steps until `done`, and says how long that took.
    fn until(&mut self, what: &str, done: impl Fn(&mut Lane<Collect>) -> bool) -> Duration {
        let begun = Instant::now();
        loop {
            self.step();
            if done(&mut self.lane) {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < Duration::from_secs(4), "waited in vain for {what}");
        }
    }
}

fn link_down() {
    let mut linked = Linked::new();
    let is_down = |c: &Connection| c.state == ConnectionState::Down as u8;
    let packets = |lane: &mut Lane<Collect>| {
        lane.flush_images();
        lane.publisher.counts.lines[0].packets
    };
    (0..300).for_each(|_| linked.step());
    assert!(!connections(&linked.lane).iter().any(is_down) && packets(&mut linked.lane) > 200);
    linked.pause = Duration::ZERO;
    let down = Instant::now();
    assert!(ip("link set near0 down"));
    linked.until("an alarm", |lane| connections(lane).iter().any(is_down));
    let alarm = down.elapsed();
    let allowed = 2 * BEAT + Duration::from_millis(10) + linked.pause;
    assert!(alarm <= allowed, "an alarm after {alarm:?}, polls up to {:?} apart", linked.pause);
    while down.elapsed() < Duration::from_millis(200) {
        linked.step();
    }
    let before = packets(&mut linked.lane);
    assert!(ip("link set near0 up"));
    let back = linked.until("data of the line", |lane| packets(lane) > before);
    assert!(back <= Duration::from_secs(1), "data {back:?} after the link was up");
    (0..300).for_each(|_| linked.step());
    polled(&mut linked.lane, &mut linked.source);
    let dropped = [1, 2].map(|line| linked.source.counts(line).kernel_drops);
    if dropped == [0, 0] {
        assert_eq!(linked.lane.gaps.declared(), 0, "the other line carried everything");
        assert_eq!(linked.lane.expected(), linked.number + 1);
    }
    println!(
        "row 14: link down 200 ms: alarm after {alarm:?}, data {back:?} after it was up, \
         {} messages without a gap",
        linked.number
    );
}

fn polled<O: Outlet>(lane: &mut Lane<O>, source: &mut impl Source) {
    // Quiet for 20 polls: nothing is on its way on a loopback.
    let mut quiet = 0;
    while quiet < 20 {
        let found = lane.poll(source, utc()).expect("the socket is open");
        quiet = if found == feed::net::Polled::Nothing { quiet + 1 } else { 0 };
    }
}

#[test]
fn row_16_a_stranger_is_not_heard_and_a_forger_is_noticed() {
    let forged: u64 = if stage::is_full() { 1_000_000 } else { 100_000 };
    let messages = stream(16, 2_000);
    let (right, wrong) = (Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 66));
    let only = |number| UdpLine { source: Some(right), ..line(number, group(), port()) };
    let lines = [only(1), only(2)];
    let mut source = open(&spec(lines.to_vec()));
    let (venue, stranger) = (sender(right), sender(wrong));
    let config = LaneConfig { day: None, ..stage::config(2) };
    let mut lane = common::lane_with(config, Sizes::default());
    let each = forged / messages.len() as u64;
    for number in 1..=messages.len() as u64 {
        // What he sends would be believed: the right session, numbers ahead, other content.
        let lie = mold(SESSION, number + 1, &[itch::bid(1, 1, 1, 1)]);
        for at in 0..each {
            send(&stranger, &lines[(at % 2) as usize], &lie);
        }
        lines.iter().for_each(|line| send(&venue, line, &packet(&messages, number)));
        polled(&mut lane, &mut source);
    }
    let counts = &lane.publisher.counts;
    assert_eq!(counts.packets, 2 * messages.len() as u64, "the venue's, and no other");
    assert_eq!(counts.messages_total(), messages.len() as u64);
    assert_eq!((common::refusals(&lane), lane.gaps.declared()), (vec![], 0));
    println!("row 16: {forged} packets of a wrong source: 0 accepted");

    // Who sends with the venue's own address is heard. What gives him away:
    let next = messages.len() as u64 + 1;
    let forger = sender(right);
    let truth = mold(SESSION, next, &[itch::directory(1, 9, "AAPL")]);
    send(&forger, &lines[0], &mold(SESSION, next, &[itch::directory(1, 9, "AAPM")]));
    polled(&mut lane, &mut source);
    lines.iter().for_each(|line| send(&venue, line, &truth));
    polled(&mut lane, &mut source);
    assert_eq!(common::refused(&lane, "line_divergence"), 1, "B's copy differs: an alarm");
    // Numbers ahead: a gap, every book stale, and the venue's packets are late from then on.
    for line in &lines {
        send(&forger, line, &heartbeat(SESSION, next + 1_000_000));
    }
    polled(&mut lane, &mut source);
    lane.end_poll(true, utc() + stage::HOLD);
    assert_eq!(ranges(&lane), [(next + 1, next + 1_000_000)]);
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Gapped);
    lines.iter().for_each(|line| send(&venue, line, &heartbeat(SESSION, next + 1)));
    polled(&mut lane, &mut source);
    println!("row 16: spoofed source: divergence alarm, jump declared, books gapped");
}

#[test]
fn row_21_a_burst_above_capacity_is_attributed_to_its_layer() {
    let messages = stream(21, 12_000);
    let to = line(1, group(), port());
    let mut tiny = spec(vec![to.clone()]);
    tiny.receive_buffer = 16 << 10;
    let mut source = open(&tiny);
    let venue = sender(Ipv4Addr::LOCALHOST);
    let root = seats::root();
    let mut lane =
        seats::lane_of(root.path(), 2, 1_024, LaneConfig { day: None, ..stage::config(1) });
    // One consumer that stands still, one that is served between the bursts.
    let filter = || Filter::all(seats::ALL).policy(Policy::Lose);
    let mut stopped = seats::attach(root.path(), 0, filter(), &mut lane);
    seats::settle(&mut lane, utc());
    let mut number = 0;
    let mut settled = |lane: &mut Lane<_>, source: &mut _, packets: u64| {
        for _ in 0..packets {
            number += 1;
            send(&venue, &to, &packet(&messages, number));
        }
        polled(lane, source);
    };
    // The opening, gently, so that every stock is known; then micro-bursts of 2,000.
    (0..100).for_each(|_| settled(&mut lane, &mut source, 5));
    assert_eq!(source.counts(1).kernel_drops, 0);
    (0..5).for_each(|_| settled(&mut lane, &mut source, 2_000));
    // The kernel's count comes with the next datagram; a gap shows with it, too.
    settled(&mut lane, &mut source, 1);
    lane.end_poll(true, utc());
    lane.flush_images();
    let kernel = source.counts(1).kernel_drops;
    let counts = &lane.publisher.counts;
    assert!(kernel > 1_000, "{kernel} dropped");
    assert_eq!(counts.packets + kernel, number, "sent = received + dropped by the kernel");
    assert_eq!(lane.gaps.missing(), kernel, "each drop of the kernel is declared missing");
    assert_eq!((counts.hold_overflow, counts.copies), (0, 0));
    let by_line = counts.lines[0];
    assert_eq!(by_line.missed, kernel);
    // The ring: who stood still is told how many records of how many steps did not fit.
    let mut records = Vec::new();
    for _ in 0..2_000 {
        stopped.drain(&mut records);
        lane.end_poll(true, utc());
    }
    stopped.drain(&mut records);
    let lost: u64 = records.iter().filter_map(|r| r.get::<Lost>()).map(|lost| lost.records).sum();
    let view = seats::producer(root.path()).seat(0).expect("the seat");
    let seat = shm::seat::read_counters(view.ring.body());
    assert!(lost > 0);
    assert_eq!(seat[shm::seat::Counter::Lost.index()], lost, "the ring's own count is the same");
    lane.publisher.outlet.close().expect("closed");
    println!("row 21: {number} sent: {kernel} dropped by the kernel, {lost} records by the ring");
}
