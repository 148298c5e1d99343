//! The state machine against a naive one: maps of single numbers, and loops over all of them.

use std::collections::{BTreeMap, BTreeSet};

use feed::line::{ArbiterSpec, LineState, REASON_DATA, REASON_SILENCE, SlabSpec};
use proptest::prelude::*;
use wire::StampBy;
use wire::codes::ConnectionState;

use super::rules::{Rig, Said, bytes};

/// What happens to a machine.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// So much time passes; whether the source is empty then.
    Time(u64, bool),
    /// A packet of a line: first number, messages; 0 a heartbeat.
    Packet(u8, u64, u16),
}

#[derive(Clone, Copy, Default)]
struct Line {
    next: u64,
    heard: Option<u64>,
    state: LineState,
    downs: u64,
    won: u64,
    copied: u64,
    late: u64,
    missed: u64,
}

/// The naive machine.
pub struct Twin {
    spec: ArbiterSpec,
    /// Packets tell the time, as in a recording.
    recorded: bool,
    now: u64,
    expected: u64,
    horizon: u64,
    /// Numbers that wait: packet, line, when.
    waits: BTreeMap<u64, (usize, u8, u64)>,
    /// Missing numbers below the horizon: since when that is known.
    known: BTreeMap<u64, u64>,
    declared: BTreeSet<u64>,
    lines: [Line; 4],
    packets: usize,
    held: u64,
    expired: u64,
    overflow: u64,
    said: Vec<Said>,
}

impl Twin {
    pub fn new(spec: ArbiterSpec, recorded: bool) -> Twin {
        let mut lines = [Line { next: 1, ..Line::default() }; 4];
        for line in &mut lines[1..=usize::from(spec.lines)] {
            line.state = LineState::Waiting;
        }
        Twin {
            spec,
            recorded,
            now: 0,
            expected: 1,
            horizon: 1,
            waits: BTreeMap::new(),
            known: BTreeMap::new(),
            declared: BTreeSet::new(),
            lines,
            packets: 0,
            held: 0,
            expired: 0,
            overflow: 0,
            said: Vec::new(),
        }
    }

    fn took(&mut self, line: u8, at: u64) {
        self.said.push(Said::Took(self.expected, line, at));
        self.known.remove(&self.expected);
        self.expected += 1;
        self.horizon = self.horizon.max(self.expected);
    }

    fn take_what_follows(&mut self) {
        while let Some((_, line, at)) = self.waits.remove(&self.expected) {
            self.took(line, at);
        }
    }

    fn miss(&mut self, end: u64) {
        self.said.push(Said::Missed(self.expected, end));
        self.declared.extend(self.expected..end);
        while self.expected < end {
            self.known.remove(&self.expected);
            self.expected += 1;
        }
        self.horizon = self.horizon.max(end);
    }

    /// End of the hole at `expected`, at most `to`.
    fn hole_end(&self, to: u64) -> u64 {
        (self.expected..to).find(|n| self.waits.contains_key(n)).unwrap_or(to)
    }

    fn give_up_before(&mut self, to: u64) -> u64 {
        let mut holes = 0;
        self.take_what_follows();
        while self.expected < to {
            self.miss(self.hole_end(to));
            holes += 1;
            self.take_what_follows();
        }
        holes
    }

    fn release(&mut self, holds: Option<u64>) {
        loop {
            self.take_what_follows();
            if self.expected == self.horizon {
                return;
            }
            let end = self.hole_end(self.horizon);
            let hoped = |line: &Line| line.state.waited_for() && line.next < end;
            if self.lines[1..].iter().any(hoped) {
                let waited = self.now - self.known[&self.expected];
                if holds.is_none_or(|holds| waited < holds * self.spec.hold_ns) {
                    return;
                }
                self.expired += 1;
            }
            self.miss(end);
        }
    }

    /// All below `to` exist: what was not known to be missing is known now. A hole that goes on
    /// behind a known one is as old as that.
    fn show(&mut self, to: u64) {
        for n in self.horizon..to {
            let since = n.checked_sub(1).and_then(|n| self.known.get(&n).copied());
            self.known.insert(n, since.unwrap_or(self.now));
        }
        self.horizon = self.horizon.max(to);
    }

    fn packet(&mut self, line: u8, first: u64, count: u16) {
        let next = first + u64::from(count);
        self.packets += 1;
        let l = &mut self.lines[usize::from(line)];
        if l.state != LineState::Up && line != 0 {
            l.state = LineState::Up;
            self.said.push(Said::Line(line, ConnectionState::Up, REASON_DATA));
        }
        l.heard = Some(self.now);
        l.missed += first.saturating_sub(l.next);
        l.next = l.next.max(next);
        let late = (first..next).filter(|n| self.declared.contains(n)).count() as u64;
        let is_new = |n: &u64| *n >= self.expected && !self.waits.contains_key(n);
        let new: Vec<u64> = (first..next).filter(is_new).collect();
        l.late += late;
        l.won += new.len() as u64;
        l.copied += u64::from(count) - late - new.len() as u64;
        let waiting: BTreeSet<usize> = self.waits.values().map(|w| w.0).collect();
        let fits = waiting.len() < usize::from(self.spec.slab.packets)
            && 4 * usize::from(count) <= usize::from(self.spec.slab.bytes);
        if first > self.expected && self.spec.hold_ns > 0 && (fits || new.is_empty()) {
            self.show(first);
            self.held += u64::from(!new.is_empty());
            for n in new {
                self.show(n);
                self.horizon = self.horizon.max(n + 1);
                self.known.remove(&n);
                self.waits.insert(n, (self.packets, line, self.now));
            }
        } else {
            if first > self.expected {
                let holes = self.give_up_before(first);
                self.overflow += if self.spec.hold_ns > 0 { holes } else { 0 };
            }
            while self.expected < next {
                self.take_what_follows();
                if self.expected < next {
                    self.took(line, self.now);
                }
            }
        }
        self.release(self.recorded.then_some(1));
    }

    fn time(&mut self, drained: bool) {
        let (holds, silences) = if drained { (1, 1) } else { (16, 2) };
        for (number, line) in (0u8..).zip(&mut self.lines).skip(1) {
            let heard = *line.heard.get_or_insert(self.now);
            if line.state.waited_for() && self.now - heard >= silences * self.spec.line_timeout_ns {
                line.state = LineState::Down;
                line.downs += 1;
                self.said.push(Said::Line(number, ConnectionState::Down, REASON_SILENCE));
            }
        }
        self.release(Some(holds));
    }
}

/// Drives both and compares all that they say, after every event.
pub fn compare(spec: ArbiterSpec, recorded: bool, events: &[Event]) -> Result<(), TestCaseError> {
    let (mut rig, mut twin) = (Rig::new(spec), Twin::new(spec, recorded));
    rig.stamp = if recorded { StampBy::Recording } else { StampBy::Kernel };
    let start = 1_000_000;
    twin.now = start;
    twin.time(true);
    rig.pass(start);
    for (at, event) in events.iter().enumerate() {
        let drained = match *event {
            Event::Time(ns, drained) => {
                twin.now += ns;
                drained || recorded
            }
            Event::Packet(line, first, count) => {
                twin.packet(line, first, count);
                rig.give_bytes(line, first, count, twin.now, &bytes(first, count));
                recorded
            }
        };
        prop_assert_eq!(rig.said(), std::mem::take(&mut twin.said), "event {}: {:?}", at, event);
        twin.time(drained);
        rig.pass_busy(twin.now, drained);
        let (said, wanted) = (rig.said(), std::mem::take(&mut twin.said));
        prop_assert_eq!(said, wanted, "time after event {}: {:?}", at, event);
    }
    let end = twin.horizon;
    twin.give_up_before(end);
    rig.arbiter.flush(twin.now, &mut rig.ears);
    prop_assert_eq!(rig.said(), twin.said);
    prop_assert_eq!(rig.arbiter.expected(), twin.expected);
    let holds = rig.arbiter.hold_counts();
    let wanted = (twin.held, twin.expired, twin.overflow);
    prop_assert_eq!((holds.held, holds.expired, holds.overflow), wanted);
    for (n, (counts, line)) in rig.arbiter.lines().zip(&twin.lines[1..]).enumerate() {
        let said = [counts.won, counts.copied, counts.late, counts.missed, counts.downs];
        let wanted = [line.won, line.copied, line.late, line.missed, line.downs];
        prop_assert_eq!(said, wanted, "won, copied, late, missed, downs of line {}", n + 1);
        prop_assert_eq!(counts.diverged, 0);
    }
    Ok(())
}

/// One source of messages, cut into packets by each line as it likes, with losses; and packets
/// that fit nothing.
fn event(lines: u8) -> impl Strategy<Value = (Event, u16)> {
    prop_oneof![
        2 => (0u64..700, any::<bool>()).prop_map(|(ns, dry)| (Event::Time(ns, dry), 0)),
        1 => (2_000u64..5_000, any::<bool>()).prop_map(|(ns, dry)| (Event::Time(ns, dry), 0)),
        1 => (1..=lines, 1u64..200, 0u16..20).prop_map(|(l, f, c)| (Event::Packet(l, f, c), 0)),
        // A line goes on where it was, but for `skip` messages.
        16 => (0..=lines, 0u16..10, prop_oneof![4 => Just(0u16), 1 => 1u16..6])
            .prop_map(|(l, c, skip)| (Event::Packet(l, 0, c), skip)),
    ]
}

/// Gives packets that go on where their line was their numbers.
fn numbered(drawn: Vec<(Event, u16)>) -> Vec<Event> {
    let mut next = [1u64; 4];
    drawn
        .into_iter()
        .map(|(event, skip)| match event {
            Event::Packet(line, 0, count) => {
                let first = next[usize::from(line)] + u64::from(skip);
                next[usize::from(line)] = first + u64::from(count);
                Event::Packet(line, first, count)
            }
            other => other,
        })
        .collect()
}

fn specs() -> impl Strategy<Value = ArbiterSpec> {
    let hold = prop_oneof![Just(0u64), Just(500), Just(1_000), Just(20_000)];
    let slab = (1u16..12, prop_oneof![Just(16u16), Just(40), Just(2_048)]);
    (0u8..4, hold, slab).prop_map(|(lines, hold_ns, (packets, bytes))| ArbiterSpec {
        lines,
        hold_ns,
        line_timeout_ns: 8_000,
        divergence_sample: 1,
        slab: SlabSpec { packets, bytes },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// Any interleaving of any packets, of up to three lines and those of none.
    #[test]
    fn it_says_what_the_naive_machine_says(
        spec in specs(),
        recorded: bool,
        drawn in proptest::collection::vec(event(3), 1..120),
    ) {
        compare(spec, recorded, &numbered(drawn))?;
    }
}
