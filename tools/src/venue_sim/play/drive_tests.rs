use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use proptest::prelude::*;
use protocol::frame::moldudp64::{MoldKind, MoldPacket};

use super::super::pace::{Pace, Speed};
use super::super::packets::{Packetiser, Rule};
use super::super::ranges::Ranges;
use super::{
    BURST, Clock, Lines, Message, Messages, PlayError, Played, Player, Stream, Timing, Transmit,
};

const SESSION: [u8; 10] = *b"REC0000001";
const MS: u64 = 1_000_000;
const TIMING: Timing = Timing {
    start_delay_ns: 2_500 * MS,
    heartbeat_ns: 1_000 * MS,
    end_ns: 500 * MS,
    packets_per_second: 10_000,
};

/// Time that passes only when somebody waits, or when the network is slow.
#[derive(Default)]
struct World {
    now: u64,
    /// Time, line, payload.
    sent: Vec<(u64, usize, Vec<u8>)>,
    send_takes_ns: u64,
    interrupt_after: Option<usize>,
}

impl World {
    fn is_interrupted(&self) -> bool {
        self.interrupt_after.is_some_and(|count| self.sent.len() >= count)
    }
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<World>>);

impl Clock for Shared {
    fn now(&mut self) -> u64 {
        self.0.borrow().now
    }

    fn wait_until(&mut self, at: u64) {
        let mut world = self.0.borrow_mut();
        if !world.is_interrupted() {
            world.now = world.now.max(at);
        }
    }

    fn pause(&mut self, ns: u64) {
        self.0.borrow_mut().now += ns;
    }

    fn is_interrupted(&self) -> bool {
        self.0.borrow().is_interrupted()
    }
}

impl Transmit for Shared {
    fn send(&mut self, line: usize, payload: &[u8]) -> Result<(), PlayError> {
        let mut world = self.0.borrow_mut();
        let now = world.now;
        world.sent.push((now, line, payload.to_vec()));
        world.now += world.send_takes_ns;
        Ok(())
    }
}

/// Messages at these times; each says its number, counted from 1.
struct Script(std::vec::IntoIter<(u64, u64)>);

impl Messages for Script {
    fn next(&mut self, message: &mut Message) -> Result<bool, PlayError> {
        let Some((number, time_ns)) = self.0.next() else { return Ok(false) };
        let bytes = number.to_be_bytes().to_vec();
        *message = Message { bytes, time_ns, skipped: 0, begins_packet: true };
        Ok(true)
    }
}

struct Session {
    played: Played,
    lines: Lines,
    sent: Vec<(u64, usize, Vec<u8>)>,
}

impl Session {
    /// Times and numbers of a line's packets with messages.
    fn data(&self, line: usize) -> Vec<(u64, Vec<u64>)> {
        let mut all = vec![];
        for (at, of, bytes) in &self.sent {
            let packet = MoldPacket::parse(bytes).expect("well-formed");
            if *of == line && matches!(packet.kind, MoldKind::Data(_)) {
                all.push((*at, (packet.sequence..packet.next_sequence()).collect()));
            }
        }
        all
    }

    /// Times and next numbers of a line's packets of this kind.
    fn idle(&self, line: usize, kind: MoldKind) -> Vec<(u64, u64)> {
        let of = self.sent.iter().filter(|(_, of, _)| *of == line);
        of.filter_map(|(at, _, bytes)| {
            let packet = MoldPacket::parse(bytes).expect("well-formed");
            (packet.kind == kind).then_some((*at, packet.sequence))
        })
        .collect()
    }
}

fn play(world: World, times: &[u64], speed: Speed, faults: &[&str], split: bool) -> Session {
    let shared = Shared(Rc::new(RefCell::new(world)));
    let faults: Vec<_> = faults.iter().map(|text| text.parse().expect("faults")).collect();
    let stream = |seed, lines| {
        let packetiser = Packetiser::new(Rule::Natural, SESSION, 1, seed);
        Stream::new(packetiser, Pace::new(speed, TIMING.packets_per_second), lines)
    };
    let streams = if split {
        (0..faults.len()).map(|line| stream(line as u64, vec![line])).collect()
    } else {
        vec![stream(1, (0..faults.len()).collect())]
    };
    let lines = Lines::new(SESSION, 1, faults, 3);
    let mut script = Script((1..).zip(times.iter().copied()).collect::<Vec<_>>().into_iter());
    let (mut clock, mut network) = (shared.clone(), shared.clone());
    let player = Player::new(&mut script, &mut clock, &mut network, TIMING, lines, streams);
    let (played, lines) = player.play(&mut |_, _| {}).expect("a session");
    let sent = std::mem::take(&mut shared.0.borrow_mut().sent);
    Session { played, lines, sent }
}

/// Far enough apart that each message has a packet of its own.
fn spaced(count: u64, gap_ns: u64) -> Vec<u64> {
    (0..count).map(|number| 1_000 * MS + number * gap_ns).collect()
}

const START: u64 = TIMING.start_delay_ns;

#[test]
fn a_session_begins_with_heartbeats_and_ends_with_its_end() {
    let session = play(World::default(), &spaced(4, 200 * MS), Speed::Times(2.0), &["", ""], false);
    for line in 0..2 {
        let beats = session.idle(line, MoldKind::Heartbeat);
        assert_eq!(beats, [(0, 1), (1_000 * MS, 1), (2_000 * MS, 1)]);
        let expected: Vec<_> = (0..4).map(|n| (START + n * 100 * MS, vec![n + 1])).collect();
        assert_eq!(session.data(line), expected, "twice as fast, not a nanosecond off");
        let last = START + 300 * MS;
        let ends = session.idle(line, MoldKind::EndOfSession);
        assert_eq!(ends, [0, 250, 500].map(|ms| (last + ms * MS, 5)));
    }
    assert_eq!((session.played.messages, session.played.end), (4, 5));
    assert_eq!((session.played.latest_ns, session.played.data_ns), (0, 300 * MS));
    assert!(!session.played.interrupted);
}

#[test]
fn idle_lines_say_what_comes_next_even_of_what_was_lost() {
    let session = play(
        World::default(),
        &spaced(3, 3_200 * MS),
        Speed::Times(1.0),
        &["drop=packets:2", "stop=0.5:3.5"],
        false,
    );
    let beats = |line| {
        let all = session.idle(line, MoldKind::Heartbeat).into_iter();
        let after = all.filter(|(at, _)| *at > START).map(|(at, next)| ((at - START) / MS, next));
        after.collect::<Vec<_>>()
    };
    // Line A lost message 2 at 3.2 s and says at 4.2 s that it was sent.
    assert_eq!(beats(0), [(1_000, 2), (2_000, 2), (3_000, 2), (4_200, 3), (5_200, 3), (6_200, 3)]);
    // Line B is silent from 0.5 to 4 s, heartbeats included.
    assert_eq!(beats(1), [(4_200, 3), (5_200, 3), (6_200, 3)]);
    let common = Ranges::in_all(session.lines.lines().iter().map(|l| l.faulty().missing()));
    assert_eq!(common.as_slice().iter().map(|r| (r.first, r.end)).collect::<Vec<_>>(), [(2, 3)]);
}

#[test]
fn lines_of_unequal_delay_are_sent_in_the_order_of_time() {
    let delays = ["delay=70000", "", "delay=900,jitter=4000"];
    let session = play(World::default(), &spaced(500, 7 * MS), Speed::Times(1.0), &delays, false);
    assert!(session.sent.is_sorted_by_key(|(at, _, _)| *at));
    assert_eq!(session.played.latest_ns, 0, "each at its own time");
    let offsets = |line: usize| -> BTreeSet<u64> {
        let at = session.data(line).into_iter().map(|(at, _)| at).zip(0_u64..);
        at.map(|(at, number)| at - START - number * 7 * MS).collect()
    };
    assert_eq!(offsets(0), [70 * MS].into());
    assert_eq!(offsets(1), [0].into());
    assert!(offsets(2).iter().all(|late| (900_000..=4_900_000).contains(late)));
}

#[test]
fn a_slow_network_delays_nothing_that_comes_after_it_has_caught_up() {
    // Each send takes 3 ms and messages come every 2, except for a pause in the middle.
    let mut times = spaced(50, 2 * MS);
    times.extend(spaced(5, 20 * MS).iter().map(|time| time + 1_000 * MS));
    let world = World { send_takes_ns: 3 * MS, ..World::default() };
    let session = play(world, &times, Speed::Times(1.0), &[""], false);
    let data = session.data(0);
    assert!(session.played.latest_ns >= 49 * MS, "{}", session.played.latest_ns);
    let start = data[0].0;
    for (at, numbers) in data.iter().skip(50) {
        assert_eq!(*at - start, times[numbers[0] as usize - 1] - times[0], "no drift");
    }
}

#[test]
fn the_cap_holds_after_a_pause_of_the_host() {
    // As fast as possible, and one send in the middle takes a tenth of a second.
    struct Stutter(Shared, usize);
    impl Transmit for Stutter {
        fn send(&mut self, line: usize, payload: &[u8]) -> Result<(), PlayError> {
            self.1 += 1;
            self.0.0.borrow_mut().send_takes_ns = if self.1 == 300 { 100 * MS } else { 0 };
            self.0.send(line, payload)
        }
    }
    let shared = Shared::default();
    let lines = Lines::new(SESSION, 1, vec!["".parse().expect("faults")], 3);
    let stream = Stream::new(
        Packetiser::new(Rule::Fixed(1), SESSION, 1, 1),
        Pace::new(Speed::Max, TIMING.packets_per_second),
        vec![0],
    );
    let mut script = Script((1..=6_000).map(|n| (n, 0)).collect::<Vec<_>>().into_iter());
    let mut network = Stutter(shared.clone(), 0);
    let mut clock = shared.clone();
    let player = Player::new(&mut script, &mut clock, &mut network, TIMING, lines, vec![stream]);
    let (played, lines) = player.play(&mut |_, _| {}).expect("a session");
    let session = Session { played, lines, sent: std::mem::take(&mut shared.0.borrow_mut().sent) };
    let times: Vec<u64> = session.data(0).iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 6_000);
    // A quarter faster than the cap until it has caught up, and then on time again.
    let gap = 1_000 * MS / (TIMING.packets_per_second * 5 / 4);
    for (index, from) in times.iter().enumerate() {
        for until in [1, 10, 100, 1_000].map(|ms| from + ms * MS) {
            let count = times[index..].iter().take_while(|at| **at <= until).count() as u64;
            assert!(count <= BURST + (until - from) / gap, "{count} within {}", until - from);
        }
    }
    assert!(session.played.latest_ns >= 90 * MS);
    let planned = START + 5_999 * 1_000 * MS / TIMING.packets_per_second;
    assert_eq!(times.last(), Some(&planned));
}

#[test]
fn an_interrupted_session_ends_properly_and_its_report_is_exact() {
    // After three heartbeats a line and some packets.
    let world = World { interrupt_after: Some(50), ..World::default() };
    let faults = ["drop=every:3,delay=40000", "drop=every:3"];
    let session = play(world, &spaced(1_000, 5 * MS), Speed::Times(1.0), &faults, false);
    assert!(session.played.interrupted);
    let messages = session.played.messages;
    assert!((20..60).contains(&messages), "{messages}");
    let common = Ranges::in_all(session.lines.lines().iter().map(|l| l.faulty().missing()));
    let heard: BTreeSet<u64> =
        (0..2).flat_map(|line| session.data(line)).flat_map(|(_, numbers)| numbers).collect();
    assert_eq!(heard.len() as u64 + common.total(), messages);
    for line in 0..2 {
        let ends = session.idle(line, MoldKind::EndOfSession);
        assert!(ends.iter().all(|(_, next)| *next == messages + 1), "{ends:?}");
        assert_eq!(ends.len(), 2, "said twice, in case one is lost");
    }
    let idle = play(
        World { interrupt_after: Some(1), ..World::default() },
        &spaced(9, MS),
        Speed::Max,
        &[""],
        false,
    );
    assert_eq!((idle.played.messages, idle.played.end), (0, 1), "before the first message");
    assert_eq!(idle.idle(0, MoldKind::EndOfSession)[0].1, 1);
}

#[test]
fn an_empty_session_is_heartbeats_and_its_end() {
    let session = play(World::default(), &[], Speed::Max, &["", ""], false);
    assert_eq!((session.played.messages, session.played.end), (0, 1));
    assert_eq!(session.sent.len(), 2 * (3 + 3));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Missing on all lines is the difference of what was sent and what anybody heard.
    #[test]
    fn the_reported_gaps_are_what_nobody_heard(
        pauses in prop::collection::vec(0_u64..400_000, 0..300),
        drops in prop::collection::vec(0_u32..60, 1..4),
        split: bool,
        rate in prop::option::of(1_000_u64..50_000),
    ) {
        let mut now = 0;
        let times: Vec<u64> = pauses.iter().map(|pause| { now += pause; now }).collect();
        let faults: Vec<String> = drops
            .iter()
            .map(|p| format!("drop={p}%,burst=0.02:9,reorder=0.1:3,duplicate=0.1,delay={p}"))
            .collect();
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        let speed = rate.map_or(Speed::Times(1.0), Speed::Rate);
        let session = play(World::default(), &times, speed, &faults, split);
        let mut heard = BTreeMap::<u64, usize>::new();
        for line in 0..faults.len() {
            for (_, numbers) in session.data(line) {
                numbers.into_iter().for_each(|number| *heard.entry(number).or_default() += 1);
            }
        }
        let expected: Vec<u64> =
            (1..=times.len() as u64).filter(|number| !heard.contains_key(number)).collect();
        let found = Ranges::in_all(session.lines.lines().iter().map(|l| l.faulty().missing()));
        let found: Vec<u64> =
            found.as_slice().iter().flat_map(|range| range.first..range.end).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(session.played.end, times.len() as u64 + 1);
        prop_assert!(session.sent.is_sorted_by_key(|(at, _, _)| *at));
        let again = play(World::default(), &times, speed, &faults, split);
        prop_assert!(again.sent == session.sent, "the same seed, another session");
    }
}
