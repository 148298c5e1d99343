//! The state machine of a channel and its lines; see the tables in [`super`].

use wire::StampBy;
use wire::codes::ConnectionState;

use super::compare::Compare;
use super::declared::Declared;
use super::sink::{Arrival, LineChange, Missing, Part, Sink};
use super::slab::{Slab, SlabSpec};
use super::status::{LINES_MAX, Line, LineState, REASON_DATA, REASON_SILENCE};
use crate::counts::{Interval, LineCounts};

/// Never, as a time.
const NEVER: u64 = u64::MAX;
/// A hole is given up after so many times its time even while the source always has packets.
const BUSY_HOLDS: u64 = 16;
/// A line is down after so many times its silence even while the source always has packets.
const BUSY_SILENCES: u64 = 2;

/// What an arbiter is made from.
#[derive(Clone, Copy, Debug)]
pub struct ArbiterSpec {
    /// Lines that are configured; others are known from their first packet on.
    pub lines: u8,
    /// How long a hole may wait, ns; 0 = not at all.
    pub hold_ns: u64,
    /// Silence after which a line is down, ns; 0 = never.
    pub line_timeout_ns: u64,
    /// One packet in so many is compared between lines; 0 = none.
    pub divergence_sample: u32,
    /// Room for packets that wait; not made where nothing waits.
    pub slab: SlabSpec,
}

/// When something was decided.
#[derive(Clone, Copy, Debug)]
struct Moment {
    now: u64,
    ts_receive: u64,
}

/// What an arbiter counted beside its lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldCounts {
    /// Packets that waited.
    pub held: u64,
    /// Holes whose time was over.
    pub expired: u64,
    /// Holes given up because something could not wait.
    pub overflow: u64,
}

/// Chooses between the lines of a channel.
#[derive(Debug)]
pub struct Arbiter {
    expected: u64,
    horizon: u64,
    /// Nothing is due before this time.
    deadline: u64,
    /// More than one line, so that there is something to compare.
    compares: bool,
    /// By number; the first stands for packets of no known line.
    lines: [Line; LINES_MAX + 1],
    /// Bit n: line n + 1 is up.
    up: u16,
    /// Bit n: line n + 1 is waited for.
    waited: u16,
    hold_ns: u64,
    timeout_ns: u64,
    /// Since when the hole behind all that waits is known.
    tail_since: u64,
    /// When the lines are to be looked at again.
    check_at: u64,
    counts: HoldCounts,
    compare: Compare,
    declared: Declared,
    slab: Slab,
}

impl Arbiter {
    /// A channel of which number 1 comes next.
    pub fn new(spec: ArbiterSpec) -> Arbiter {
        let compares = spec.lines != 1;
        let slab = if spec.hold_ns == 0 { SlabSpec { packets: 0, bytes: 0 } } else { spec.slab };
        let mut lines = [Line::default(); LINES_MAX + 1];
        let mut waited = 0;
        for (at, line) in lines.iter_mut().enumerate() {
            line.next = 1;
            if at == 0 {
                // Nobody waits for a line without a name, and it never goes down.
                line.state = LineState::Up;
            } else if at <= usize::from(spec.lines) {
                line.state = LineState::Waiting;
                waited |= bit(at as u8);
            }
        }
        Arbiter {
            expected: 1,
            horizon: 1,
            deadline: 0,
            compares,
            lines,
            up: 0,
            waited,
            hold_ns: spec.hold_ns,
            timeout_ns: spec.line_timeout_ns,
            tail_since: 0,
            check_at: 0,
            counts: HoldCounts::default(),
            compare: Compare::new(compares, spec.divergence_sample),
            declared: Declared::new(),
            slab: Slab::new(slab),
        }
    }

    /// The number that comes next.
    #[inline(always)]
    pub const fn expected(&self) -> u64 {
        self.expected
    }

    /// When [`Arbiter::pass_time`] has something to do, lane's clock.
    #[inline(always)]
    pub const fn deadline(&self) -> u64 {
        self.deadline
    }

    /// Lines that are up: bit 0 = A.
    pub const fn up(&self) -> u16 {
        self.up
    }

    /// What was counted of holds.
    pub const fn hold_counts(&self) -> HoldCounts {
        self.counts
    }

    /// What was counted of the lines: A first.
    pub fn lines(&self) -> impl Iterator<Item = &LineCounts> {
        self.lines.iter().skip(1).map(|line| &line.counts)
    }

    /// State of a line; 0 = of those without a name.
    pub fn state(&self, line: u8) -> LineState {
        self.lines[index(line)].state
    }

    /// Counts a packet of a line, whatever comes of it.
    #[inline(always)]
    pub fn brings(&mut self, line: u8, bytes: usize, ts_receive: u64) {
        let counts = &mut self.lines[index(line)].counts;
        counts.packets += 1;
        counts.bytes += bytes as u64;
        counts.last_receive_ns = ts_receive;
    }

    /// A line has sent a packet of the session: if it was not up, it is now.
    #[inline(always)]
    pub fn hears(&mut self, line: u8, now: u64, sink: &mut impl Sink) {
        if self.lines[index(line)].state != LineState::Up {
            self.wake(line, now, sink);
        }
    }

    /// Takes the packet into account if it is what comes next and nothing waits: the usual case.
    /// `false`: nothing was done, [`Arbiter::arrive`] decides.
    #[inline(always)]
    pub fn in_order(&mut self, a: &Arrival, bytes: &[u8]) -> bool {
        if a.first != self.expected || self.horizon != a.first {
            return false;
        }
        let next = a.next();
        self.expected = next;
        self.horizon = next;
        let line = &mut self.lines[index(a.line)];
        line.shows(a.first, next, a.now);
        line.counts.won += u64::from(a.count);
        line.counts.heartbeats += u64::from(a.count == 0);
        if self.compares && a.count != 0 {
            self.compare.first(a, bytes);
        }
        true
    }

    /// Takes any packet into account. Gives back how many of its messages were new.
    #[inline(never)]
    pub fn arrive(&mut self, a: &Arrival, bytes: &[u8], sink: &mut impl Sink) -> u64 {
        let line = &mut self.lines[index(a.line)];
        line.shows(a.first, a.next(), a.now);
        line.counts.heartbeats += u64::from(a.count == 0);
        let at = Moment { now: a.now, ts_receive: a.ts_receive };
        let mut new = 0;
        if a.first > self.expected {
            new += self.ahead(a, bytes, at, sink);
        }
        let mut late = 0;
        if a.first <= self.expected {
            late = self.declared.count_in(a.first, a.next().min(self.expected));
            if late > 0 {
                sink.late(a, bytes);
            }
            new += self.fill(a, bytes, at, sink);
        }
        let counts = &mut self.lines[index(a.line)].counts;
        counts.won += new;
        counts.late += late;
        counts.copied += u64::from(a.count).saturating_sub(new + late);
        // A recording has its packets in the order of its clock. What else comes now may have
        // waited in a buffer, and what fills the hole may be behind it.
        let hold_ns = if a.stamp == StampBy::Recording { self.hold_ns } else { NEVER };
        self.release(at, hold_ns, sink);
        new
    }

    /// Ends holds whose time is over, and finds lines that are silent.
    ///
    /// `drained`: the source was found empty, so that whatever came until now has been seen. While
    /// it is not, a core that was held up for a while cannot tell a late packet from one that it
    /// has not read: everything then takes several times as long.
    #[cold]
    pub fn pass_time(&mut self, now: u64, drained: bool, sink: &mut impl Sink) {
        let (holds, silences) = if drained { (1, 1) } else { (BUSY_HOLDS, BUSY_SILENCES) };
        if now >= self.check_at {
            self.check_lines(now, self.timeout_ns.saturating_mul(silences), sink);
        }
        let hold_ns = self.hold_ns.saturating_mul(holds);
        self.release(Moment { now, ts_receive: now }, hold_ns, sink);
    }

    /// Ends every hold: the data is at its end, or another session begins.
    #[cold]
    pub fn flush(&mut self, now: u64, sink: &mut impl Sink) {
        let at = Moment { now, ts_receive: now };
        self.force(self.horizon, at, sink);
        self.set_deadline();
    }

    /// Begins a session whose first message is number 1. Nothing may wait: see
    /// [`Arbiter::flush`].
    #[cold]
    pub fn begin_session(&mut self) {
        self.expected = 1;
        self.horizon = 1;
        self.lines.iter_mut().for_each(|line| line.next = 1);
        self.declared.clear();
        self.compare.clear();
    }

    /// The clock is another one: lines that have not been heard begin to be silent now.
    #[cold]
    pub fn restart_clock(&mut self, now: u64) {
        for line in &mut self.lines {
            if line.state == LineState::Waiting {
                line.heard = now;
            }
        }
        self.check_at = if self.timeout_ns == 0 { NEVER } else { now };
        self.set_deadline();
    }

    #[cold]
    #[inline(never)]
    fn wake(&mut self, number: u8, now: u64, sink: &mut impl Sink) {
        let line = &mut self.lines[index(number)];
        line.state = LineState::Up;
        line.counts.up = 1;
        let downs = line.counts.downs.min(u64::from(u32::MAX)) as u32;
        self.up |= bit(number);
        self.waited |= bit(number);
        if self.timeout_ns != 0 {
            self.check_at = self.check_at.min(now.saturating_add(self.timeout_ns));
            self.set_deadline();
        }
        let state = ConnectionState::Up;
        let reason = REASON_DATA;
        sink.line(&LineChange { line: number, state, since: now, reason, downs, now });
    }

    fn check_lines(&mut self, now: u64, silence_ns: u64, sink: &mut impl Sink) {
        self.check_at = NEVER;
        if self.timeout_ns == 0 {
            return;
        }
        for (number, line) in (0u8..).zip(&mut self.lines).skip(1) {
            if !line.state.waited_for() {
                continue;
            }
            if line.heard == 0 {
                line.heard = now;
            }
            let silent = now.saturating_sub(line.heard);
            if silent < silence_ns {
                let until = line.heard.saturating_add(self.timeout_ns);
                self.check_at = self.check_at.min(until);
                continue;
            }
            line.state = LineState::Down;
            line.counts.up = 0;
            line.counts.downs += 1;
            self.up &= !bit(number);
            self.waited &= !bit(number);
            sink.line(&LineChange {
                line: number,
                state: ConnectionState::Down,
                since: line.heard,
                reason: REASON_SILENCE,
                downs: line.counts.downs.min(u64::from(u32::MAX)) as u32,
                now,
            });
        }
    }

    /// A packet behind a hole: it waits, or the hole is given up. Gives back how many of its
    /// messages are new and wait.
    fn ahead(&mut self, a: &Arrival, bytes: &[u8], at: Moment, sink: &mut impl Sink) -> u64 {
        if self.hold_ns == 0 {
            self.force(a.first, at, sink);
            return 0;
        }
        let known = self.expected.max(self.slab.end()) < self.horizon;
        let since = if known { self.tail_since } else { a.now };
        if a.count == 0 {
            if a.first > self.horizon {
                self.tail_since = since;
                self.horizon = a.first;
            }
            return 0;
        }
        let Some(kept) = self.slab.keep(a, bytes, since) else {
            self.counts.overflow += self.force(a.first, at, sink);
            return 0;
        };
        self.horizon = self.horizon.max(a.next());
        self.counts.held += u64::from(kept.new > 0);
        self.compare_with_others(a, bytes, kept.first_is_new, sink);
        kept.new
    }

    /// A packet that follows what was taken, or repeats it: its new part is taken, and whatever
    /// of the slab it joins up with. Gives back how many messages were new.
    fn fill(&mut self, a: &Arrival, bytes: &[u8], at: Moment, sink: &mut impl Sink) -> u64 {
        let (next, mut new) = (a.next(), 0);
        if a.count != 0 {
            self.compare_with_others(a, bytes, a.first == self.expected, sink);
        }
        while self.expected < next {
            let end = self.slab.head().map_or(next, |head| head.first.min(next));
            if end > self.expected {
                sink.take(&Part {
                    bytes,
                    first: self.expected,
                    // Both are within a packet, whose messages a u16 counts.
                    skip: (self.expected - a.first) as u16,
                    take: (end - self.expected) as u16,
                    line: a.line,
                    ts_receive: a.ts_receive,
                    stamp: a.stamp,
                });
                new += end - self.expected;
                self.expected = end;
            }
            self.drain(at, sink);
        }
        self.horizon = self.horizon.max(self.expected);
        new
    }

    fn compare_with_others(
        &mut self,
        a: &Arrival,
        bytes: &[u8],
        first_is_new: bool,
        sink: &mut impl Sink,
    ) {
        if !self.compares {
            return;
        }
        if first_is_new {
            return self.compare.first(a, bytes);
        }
        let Some(found) = self.compare.copy(a, bytes) else { return };
        sink.interval(Interval::Skew(found.later), found.skew_ns);
        if found.diverged {
            self.lines[index(a.line)].counts.diverged += 1;
            sink.diverged(a.line, a.ts_receive);
        }
    }

    /// Takes what waits and now comes next.
    fn drain(&mut self, at: Moment, sink: &mut impl Sink) {
        while let Some((segment, taken)) = self.slab.take(self.expected) {
            sink.take(&taken.part);
            self.expected = segment.end;
            if let Some(since) = taken.waited_since {
                sink.interval(Interval::Hold, at.now.saturating_sub(since));
            }
        }
    }

    /// Gives up the holes that need not be waited for any more, in order, and takes what waited
    /// behind them.
    fn release(&mut self, at: Moment, hold_ns: u64, sink: &mut impl Sink) {
        loop {
            self.drain(at, sink);
            if self.expected >= self.horizon {
                break;
            }
            let (end, since) = self.hole();
            if !self.all_passed(end) {
                if at.now.saturating_sub(since) < hold_ns {
                    break;
                }
                self.counts.expired += 1;
            }
            self.give_up(end, at, sink);
        }
        self.set_deadline();
    }

    /// Gives up every hole before `to`. Gives back how many.
    fn force(&mut self, to: u64, at: Moment, sink: &mut impl Sink) -> u64 {
        let mut holes = 0;
        loop {
            self.drain(at, sink);
            if self.expected >= to {
                break;
            }
            let end = self.slab.head().map_or(to, |head| head.first.min(to));
            self.give_up(end, at, sink);
            holes += 1;
        }
        self.horizon = self.horizon.max(self.expected);
        holes
    }

    fn give_up(&mut self, end: u64, at: Moment, sink: &mut impl Sink) {
        let first = self.expected;
        self.declared.push(first, end);
        self.expected = end;
        // The record has room for eight lines.
        let lines = (self.up & 0xff) as u8;
        sink.missing(&Missing { first, end, lines, now: at.now, ts_receive: at.ts_receive });
    }

    /// End of the first hole, and since when it is known.
    fn hole(&self) -> (u64, u64) {
        match self.slab.head() {
            Some(head) => (head.first, head.since),
            None => (self.horizon, self.tail_since),
        }
    }

    /// Whether every line that is waited for has shown a number at or behind `end`.
    fn all_passed(&self, end: u64) -> bool {
        let mut passed = true;
        for (number, line) in (0u8..).zip(&self.lines).skip(1) {
            passed &= self.waited & bit(number) == 0 || line.next >= end;
        }
        passed
    }

    fn set_deadline(&mut self) {
        let hold = match self.expected < self.horizon {
            true => self.hole().1.saturating_add(self.hold_ns),
            false => NEVER,
        };
        self.deadline = hold.min(self.check_at);
    }
}

/// Place of a line; one that cannot be is none.
#[inline(always)]
const fn index(line: u8) -> usize {
    (line as usize) & LINES_MAX
}

/// Bit of a line from 1; 0 has none.
const fn bit(line: u8) -> u16 {
    if line == 0 { 0 } else { 1 << (line - 1) }
}
