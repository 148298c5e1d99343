//! Each rule of the state machine, with nothing around it.

use feed::counts::Interval;
use feed::line::{
    Arbiter, ArbiterSpec, Arrival, LineChange, LineState, Missing, Part, REASON_DATA,
    REASON_SILENCE, Sink, SlabSpec,
};
use wire::StampBy;
use wire::codes::ConnectionState;

pub const A: u8 = 1;
pub const B: u8 = 2;
pub const HOLD: u64 = 1_000;
pub const TIMEOUT: u64 = 100_000;

/// What a machine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A message: number, line that brought it, when.
    Took(u64, u8, u64),
    /// A range.
    Missed(u64, u64),
    /// A line's state and reason.
    Line(u8, ConnectionState, u64),
    /// A packet of a line has other bytes.
    Diverged(u8),
}

/// Keeps what was said, and checks each part's bytes.
#[derive(Default)]
pub struct Ears {
    pub said: Vec<Said>,
    pub missing: Vec<Missing>,
    pub changes: Vec<LineChange>,
    pub intervals: Vec<(Interval, u64)>,
}

/// Four bytes a message: its number, which is all it says.
pub fn bytes(first: u64, count: u16) -> Vec<u8> {
    (0..u64::from(count)).flat_map(|at| ((first + at) as u32).to_le_bytes()).collect()
}

impl Sink for Ears {
    fn take(&mut self, part: &Part<'_>) {
        assert!(part.take > 0, "a part of nothing");
        let from = usize::from(part.skip);
        let messages = part.bytes.chunks_exact(4).skip(from).take(usize::from(part.take));
        assert_eq!(messages.len(), usize::from(part.take), "all of them are in the packet");
        for (at, message) in messages.enumerate() {
            let number = part.first + at as u64;
            assert_eq!(message, (number as u32).to_le_bytes(), "the message of number {number}");
            self.said.push(Said::Took(number, part.line, part.ts_receive));
        }
    }

    fn missing(&mut self, missing: &Missing) {
        self.said.push(Said::Missed(missing.first, missing.end));
        self.missing.push(*missing);
    }

    fn line(&mut self, change: &LineChange) {
        self.said.push(Said::Line(change.line, change.state, change.reason));
        self.changes.push(*change);
    }

    fn diverged(&mut self, line: u8, _ts_receive: u64) {
        self.said.push(Said::Diverged(line));
    }

    fn interval(&mut self, interval: Interval, ns: u64) {
        self.intervals.push((interval, ns));
    }
}

/// A machine and its ears.
pub struct Rig {
    pub arbiter: Arbiter,
    pub ears: Ears,
    /// Who stamps the packets.
    pub stamp: StampBy,
}

pub fn spec(lines: u8) -> ArbiterSpec {
    ArbiterSpec {
        lines,
        hold_ns: HOLD,
        line_timeout_ns: TIMEOUT,
        divergence_sample: 1,
        slab: SlabSpec { packets: 8, bytes: 64 },
    }
}

impl Rig {
    pub fn new(spec: ArbiterSpec) -> Rig {
        Rig { arbiter: Arbiter::new(spec), ears: Ears::default(), stamp: StampBy::Kernel }
    }

    /// A machine whose lines A and B have both brought message 1 at time 1.
    pub fn two() -> Rig {
        let mut rig = Rig::new(spec(2));
        rig.give(A, 1, 1, 1);
        rig.give(B, 1, 1, 1);
        rig.pass(1);
        assert_eq!(rig.numbers(), [1]);
        rig.ears = Ears::default();
        rig
    }

    /// As the lane does.
    pub fn give_bytes(&mut self, line: u8, first: u64, count: u16, now: u64, bytes: &[u8]) {
        let (ts_receive, stamp) = (now, self.stamp);
        let arrival = Arrival { first, count, line, ts_receive, stamp, now };
        self.arbiter.brings(line, bytes.len(), ts_receive);
        self.arbiter.hears(line, now, &mut self.ears);
        if self.arbiter.in_order(&arrival, bytes) {
            if count > 0 {
                let part = Part { bytes, first, skip: 0, take: count, line, ts_receive, stamp };
                self.ears.take(&part);
            }
        } else {
            self.arbiter.arrive(&arrival, bytes, &mut self.ears);
        }
    }

    pub fn give(&mut self, line: u8, first: u64, count: u16, now: u64) {
        self.give_bytes(line, first, count, now, &bytes(first, count));
    }

    /// Time passes and the source is empty.
    pub fn pass(&mut self, now: u64) {
        self.pass_busy(now, true);
    }

    pub fn pass_busy(&mut self, now: u64, drained: bool) {
        if now >= self.arbiter.deadline() {
            self.arbiter.pass_time(now, drained, &mut self.ears);
        }
    }

    /// What was said since the last call.
    pub fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.ears.said)
    }

    /// Numbers taken since the last call.
    pub fn numbers(&mut self) -> Vec<u64> {
        let said = self.said().into_iter();
        said.filter_map(|s| if let Said::Took(n, ..) = s { Some(n) } else { None }).collect()
    }
}

#[test]
fn the_first_copy_is_taken_whoever_brings_it() {
    let mut rig = Rig::two();
    for (line, first, now) in [(A, 2, 10), (B, 2, 20), (B, 3, 30), (A, 3, 40)] {
        rig.give(line, first, 1, now);
    }
    assert_eq!(rig.said(), [Said::Took(2, A, 10), Said::Took(3, B, 30)]);
    let skews = [(Interval::Skew(B), 10), (Interval::Skew(A), 10)];
    assert_eq!(rig.ears.intervals, skews);
}

#[test]
fn what_follows_a_hole_waits_and_goes_on_as_it_came_when_the_hole_is_filled() {
    let mut rig = Rig::two();
    rig.give(A, 4, 2, 10);
    rig.give(A, 6, 1, 11);
    assert_eq!(rig.said(), []);
    rig.give(B, 2, 2, 300);
    let took = |n, line, at| Said::Took(n, line, at);
    let wanted = [took(2, B, 300), took(3, B, 300), took(4, A, 10), took(5, A, 10), took(6, A, 11)];
    assert_eq!(rig.said(), wanted);
    assert_eq!(rig.arbiter.hold_counts().held, 2);
    let holds = [(Interval::Hold, 290), (Interval::Hold, 289)];
    assert_eq!(rig.ears.intervals, holds);
    assert_eq!(rig.arbiter.deadline(), 1 + TIMEOUT, "nothing waits");
}

#[test]
fn a_hole_that_every_line_has_passed_is_a_gap_at_once() {
    let mut rig = Rig::two();
    rig.give(A, 4, 1, 10);
    rig.give(B, 5, 1, 12);
    let wanted = [Said::Missed(2, 4), Said::Took(4, A, 10), Said::Took(5, B, 12)];
    assert_eq!(rig.said(), wanted);
    let said = rig.ears.missing[0];
    assert_eq!((said.lines, said.now, said.ts_receive), (0b11, 12, 12));
    assert_eq!(rig.arbiter.hold_counts().expired, 0);
}

#[test]
fn a_heartbeat_shows_that_a_line_has_passed() {
    let mut rig = Rig::two();
    rig.give(A, 4, 1, 10);
    rig.give(B, 3, 0, 12);
    assert_eq!(rig.said(), [], "B may still bring 3");
    rig.give(B, 4, 0, 13);
    assert_eq!(rig.said(), [Said::Missed(2, 4), Said::Took(4, A, 10)]);
}

#[test]
fn a_hole_is_given_up_when_its_time_is_over_though_nothing_comes() {
    let mut rig = Rig::two();
    rig.give(A, 4, 1, 10);
    assert_eq!(rig.arbiter.deadline(), 10 + HOLD);
    rig.pass(9 + HOLD);
    assert_eq!(rig.said(), []);
    rig.pass(10 + HOLD);
    assert_eq!(rig.said(), [Said::Missed(2, 4), Said::Took(4, A, 10)]);
    let said = rig.ears.missing[0];
    assert_eq!((said.now, said.ts_receive), (10 + HOLD, 10 + HOLD));
    assert_eq!(rig.arbiter.hold_counts().expired, 1);
    // Who brings it now is late, and is told apart from copies.
    rig.give(B, 1, 4, 20 + HOLD);
    assert_eq!(rig.said(), []);
    let b = rig.arbiter.lines().nth(1).expect("B");
    assert_eq!((b.late, b.copied, b.won), (2, 3, 0));
}

#[test]
fn what_lay_in_a_buffer_while_the_core_was_held_up_still_fills_the_hole() {
    let mut rig = Rig::two();
    rig.give(A, 3, 1, 10);
    rig.pass_busy(11, false);
    // For five holds nobody polled. A's buffer is read first, then B's.
    let late = 10 + 5 * HOLD;
    rig.give(A, 4, 1, late);
    rig.pass_busy(late, false);
    assert_eq!(rig.said(), []);
    rig.give(B, 2, 1, late + 1);
    assert_eq!(rig.numbers(), [2, 3, 4]);
    // A source that never runs dry does not hold anything for ever.
    rig.give(A, 6, 1, 20_000);
    rig.pass_busy(19_999 + 16 * HOLD, false);
    assert_eq!(rig.said(), []);
    rig.pass_busy(20_000 + 16 * HOLD, false);
    assert_eq!(rig.numbers(), [6]);
    // Nor does it hide that a line is dead.
    rig.give(A, 7, 1, 3 * TIMEOUT);
    rig.pass_busy(late + 2 * TIMEOUT, false);
    assert_eq!(rig.arbiter.state(B), LineState::Up);
    rig.pass_busy(late + 1 + 2 * TIMEOUT, false);
    assert_eq!(rig.arbiter.state(B), LineState::Down);
}

#[test]
fn a_recording_has_no_buffers_so_its_packets_tell_the_time() {
    let mut rig = Rig::two();
    rig.stamp = StampBy::Recording;
    rig.give(A, 3, 1, 10);
    rig.give(A, 4, 1, 9 + HOLD);
    assert_eq!(rig.said(), []);
    rig.give(A, 5, 1, 10 + HOLD);
    assert_eq!(rig.numbers(), [3, 4, 5]);
}

#[test]
fn holes_have_their_own_ranges_and_their_own_times() {
    let mut rig = Rig::two();
    rig.give(A, 4, 1, 10);
    rig.give(A, 7, 1, 500);
    // Inside the first hole: both halves are as old as it was.
    rig.give(B, 3, 1, 600);
    rig.pass(10 + HOLD);
    assert_eq!(rig.said(), [Said::Missed(2, 3), Said::Took(3, B, 600), Said::Took(4, A, 10)]);
    assert_eq!(rig.arbiter.deadline(), 500 + HOLD);
    rig.pass(500 + HOLD);
    assert_eq!(rig.said(), [Said::Missed(5, 7), Said::Took(7, A, 500)]);
}

#[test]
fn the_loss_of_the_last_messages_shows_by_a_heartbeat_and_is_held_too() {
    let mut rig = Rig::two();
    rig.give(A, 4, 0, 10);
    assert_eq!((rig.said(), rig.arbiter.deadline()), (vec![], 10 + HOLD));
    rig.give(B, 2, 1, 20);
    assert_eq!(rig.said(), [Said::Took(2, B, 20)]);
    rig.pass(10 + HOLD);
    assert_eq!(rig.said(), [Said::Missed(3, 4)]);
    rig.give(A, 4, 1, 5_000);
    assert_eq!(rig.said(), [Said::Took(4, A, 5_000)]);
}

#[test]
fn a_line_that_is_down_is_not_waited_for() {
    let mut rig = Rig::two();
    rig.pass(1);
    for now in (0..=TIMEOUT + 5_000).step_by(5_000) {
        rig.give(A, 2, 0, now);
        rig.pass(now);
    }
    let down = Said::Line(B, ConnectionState::Down, REASON_SILENCE);
    assert_eq!(rig.said(), [down]);
    assert_eq!((rig.ears.changes[0].since, rig.ears.changes[0].downs), (1, 1));
    assert_eq!((rig.arbiter.up(), rig.arbiter.state(B)), (0b01, LineState::Down));
    // A hole is a gap at once: no pause in the output.
    rig.give(A, 3, 1, 200_000);
    assert_eq!(rig.said(), [Said::Missed(2, 3), Said::Took(3, A, 200_000)]);
    assert_eq!(rig.ears.missing[0].lines, 0b01);
    // Back with old numbers: only copies; then it is waited for again.
    rig.give(B, 1, 1, 201_000);
    assert_eq!(rig.said(), [Said::Line(B, ConnectionState::Up, REASON_DATA)]);
    assert_eq!(rig.ears.changes[1].downs, 1);
    rig.give(A, 5, 1, 202_000);
    assert_eq!(rig.said(), []);
    rig.give(B, 4, 1, 202_100);
    assert_eq!(rig.numbers(), [4, 5]);
}

#[test]
fn a_line_that_dies_while_a_hole_waits_for_it_ends_the_hold() {
    let mut rig = Rig::new(ArbiterSpec { hold_ns: 10 * TIMEOUT, ..spec(2) });
    rig.give(B, 1, 1, 1);
    rig.pass(1);
    rig.give(A, 1, 1, TIMEOUT - 10);
    rig.give(A, 3, 1, TIMEOUT - 5);
    rig.said();
    rig.pass(TIMEOUT + 1);
    let down = Said::Line(B, ConnectionState::Down, REASON_SILENCE);
    assert_eq!(rig.said(), [down, Said::Missed(2, 3), Said::Took(3, A, TIMEOUT - 5)]);
}

#[test]
fn a_configured_line_is_waited_for_before_it_was_heard() {
    let mut rig = Rig::new(spec(2));
    rig.pass(1);
    rig.give(A, 1, 1, 10);
    rig.give(A, 3, 1, 20);
    assert_eq!(rig.arbiter.state(B), LineState::Waiting);
    rig.give(B, 1, 2, 500);
    assert_eq!(rig.numbers(), [1, 2, 3]);
    // One that never comes is down after the usual silence, and holds nothing up.
    let mut rig = Rig::new(spec(2));
    rig.pass(1);
    rig.give(A, 1, 1, 10);
    rig.give(A, 2, 1, TIMEOUT);
    rig.pass(TIMEOUT + 1);
    assert_eq!(rig.arbiter.state(B), LineState::Down);
    rig.give(A, 4, 1, TIMEOUT + 2);
    assert!(rig.said().ends_with(&[Said::Missed(3, 4), Said::Took(4, A, TIMEOUT + 2)]));
}

#[test]
fn a_line_that_nobody_configured_counts_from_its_first_packet() {
    let mut rig = Rig::new(spec(0));
    rig.give(A, 1, 1, 10);
    rig.give(A, 3, 1, 20);
    assert_eq!(rig.numbers(), [1, 3], "there is nobody to wait for");
    rig.give(9, 4, 1, 30);
    rig.give(A, 6, 1, 40);
    assert_eq!(rig.arbiter.up(), 0b1_0000_0001);
    rig.give(9, 5, 1, 50);
    assert_eq!(rig.numbers(), [4, 5, 6]);
    // Packets of no line are taken, and nobody waits for them.
    rig.give(0, 7, 1, 60);
    assert_eq!(rig.numbers(), [7]);
    assert_eq!(rig.arbiter.up(), 0b1_0000_0001);
}

#[test]
fn without_a_hold_a_hole_is_a_gap_at_once() {
    let mut rig = Rig::new(ArbiterSpec { hold_ns: 0, ..spec(2) });
    rig.give(A, 1, 1, 1);
    rig.give(B, 4, 1, 2);
    rig.give(A, 9, 0, 3);
    assert_eq!(rig.numbers(), [1, 4]);
    let ranges: Vec<_> = rig.ears.missing.iter().map(|m| (m.first, m.end)).collect();
    assert_eq!(ranges, [(2, 4), (5, 9)]);
    assert_eq!(rig.arbiter.hold_counts(), Default::default());
}

#[test]
fn a_packet_across_what_waits_is_taken_from_the_first_to_bring_each_number() {
    // C, of which nothing has been heard, keeps the hole open.
    let mut rig = Rig::new(spec(3));
    rig.give(A, 1, 1, 1);
    rig.give(A, 5, 2, 10);
    rig.give(A, 9, 1, 11);
    rig.give(B, 4, 8, 12);
    assert_eq!(rig.numbers(), [1]);
    rig.give(A, 1, 4, 13);
    let took = |n, line, at| Said::Took(n, line, at);
    let wanted = [
        vec![took(2, A, 13), took(3, A, 13)],
        vec![took(4, B, 12), took(5, A, 10), took(6, A, 10), took(7, B, 12), took(8, B, 12)],
        vec![took(9, A, 11), took(10, B, 12), took(11, B, 12)],
    ];
    assert_eq!(rig.said(), wanted.concat());
    let won: Vec<_> = rig.arbiter.lines().take(2).map(|c| (c.won, c.copied)).collect();
    // A: 1, 2, 3, 5, 6, 9; its 1 and 4 again. B: 4, 7, 8, 10, 11; 5, 6, 9 as copies.
    assert_eq!(won, [(6, 2), (5, 3)]);
    // The other way round: what is taken at once joins up with what waits.
    rig.give(A, 14, 1, 20);
    rig.give(A, 16, 1, 21);
    rig.give(B, 12, 6, 22);
    let from = [(12, B, 22), (13, B, 22), (14, A, 20), (15, B, 22), (16, A, 21), (17, B, 22)];
    assert_eq!(rig.said(), from.map(|(n, line, at)| took(n, line, at)));
}

#[test]
fn what_cannot_wait_ends_the_hold_and_only_as_far_as_it_must() {
    // Too large: 17 messages of 4 bytes.
    let mut rig = Rig::two();
    rig.give(A, 3, 1, 10);
    rig.give(A, 30, 1, 11);
    rig.give(A, 6, 17, 12);
    let said = rig.said();
    assert_eq!(said[..2], [Said::Missed(2, 3), Said::Took(3, A, 10)]);
    assert_eq!(said[2..4], [Said::Missed(4, 6), Said::Took(6, A, 12)]);
    assert_eq!(said.len(), 3 + 17);
    assert_eq!(rig.arbiter.expected(), 23, "what is behind goes on waiting");
    assert_eq!(rig.arbiter.hold_counts().overflow, 2);
    // Full: eight packets wait, the ninth cannot.
    let mut rig = Rig::two();
    for n in 0..8 {
        rig.give(A, 3 + 2 * n, 1, 10);
    }
    assert_eq!(rig.said(), []);
    rig.give(A, 19, 1, 11);
    let ranges: Vec<_> = rig.ears.missing.iter().map(|m| (m.first, m.end)).collect();
    assert_eq!(ranges, (1..10).map(|n| (2 * n, 2 * n + 1)).collect::<Vec<_>>());
    assert_eq!(rig.numbers(), (1..10).map(|n| 2 * n + 1).collect::<Vec<_>>());
}

#[test]
fn a_jump_of_2_to_the_40_is_one_gap_and_no_loop() {
    let mut rig = Rig::two();
    let far = 1 << 40;
    rig.give_bytes(A, far, 1, 10, &bytes(far, 1));
    rig.give(B, 2, 1, 11);
    assert_eq!(rig.numbers(), [2]);
    rig.give_bytes(B, u64::MAX - 1, 1, 12, &bytes(u64::MAX - 1, 1));
    assert_eq!(rig.numbers(), [far], "both have passed the first hole, A not the second");
    rig.pass(12 + HOLD);
    let ranges: Vec<_> = rig.ears.missing.iter().map(|m| (m.first, m.end)).collect();
    assert_eq!(ranges, [(3, far), (far + 1, u64::MAX - 1)]);
    assert_eq!(rig.arbiter.expected(), u64::MAX);
    rig.give(A, u64::MAX, 0, 20_000);
    assert_eq!(rig.arbiter.expected(), u64::MAX, "the last number there is does not wrap");
    let b = rig.arbiter.lines().nth(1).expect("B");
    assert_eq!(b.missed, u64::MAX - 4);
}

#[test]
fn a_flush_leaves_nothing_and_a_session_begins_anew() {
    let mut rig = Rig::two();
    rig.give(A, 4, 1, 10);
    rig.give(A, 8, 0, 11);
    rig.arbiter.flush(50, &mut rig.ears);
    assert_eq!(rig.said(), [Said::Missed(2, 4), Said::Took(4, A, 10), Said::Missed(5, 8)]);
    rig.arbiter.begin_session();
    rig.give(B, 1, 2, 60);
    rig.give(A, 1, 2, 61);
    assert_eq!(rig.numbers(), [1, 2]);
    let a = rig.arbiter.lines().next().expect("A");
    assert_eq!((a.late, a.copied), (0, 2), "what was declared in the last session is forgotten");
}

#[test]
fn other_bytes_under_the_same_numbers_are_divergence_and_the_first_are_taken() {
    let mut rig = Rig::two();
    rig.give(A, 2, 2, 10);
    let mut other = bytes(2, 2);
    other[5] ^= 1;
    rig.give_bytes(B, 2, 2, 12, &other);
    let wanted = [Said::Took(2, A, 10), Said::Took(3, A, 10), Said::Diverged(B)];
    assert_eq!(rig.said(), wanted);
    // Behind a hole as well: what waits was brought first.
    rig.give(A, 6, 1, 20);
    rig.give_bytes(B, 6, 1, 21, b"evil");
    assert_eq!(rig.said(), [Said::Diverged(B), Said::Missed(4, 6), Said::Took(6, A, 20)]);
    // Cut differently, they cannot be compared as packets, and are none.
    rig.give(A, 7, 2, 22);
    rig.give(B, 7, 3, 23);
    assert!(!rig.said().contains(&Said::Diverged(B)));
    assert_eq!(rig.arbiter.lines().map(|c| c.diverged).sum::<u64>(), 2);
}

#[test]
fn lines_count_what_they_skip_themselves() {
    let mut rig = Rig::two();
    rig.give(A, 5, 1, 10);
    rig.give(B, 2, 3, 11);
    rig.give(A, 9, 0, 12);
    let counts: Vec<_> = rig.arbiter.lines().take(2).copied().collect();
    assert_eq!((counts[0].missed, counts[1].missed), (3 + 3, 0));
    assert_eq!((counts[0].heartbeats, counts[0].packets, counts[0].bytes), (1, 3, 8));
    assert_eq!((counts[0].last_receive_ns, counts[1].last_receive_ns), (12, 11));
    assert_eq!((counts[0].up, counts[0].downs), (1, 0));
}
