//! Chaos: a source whose packets are dropped, repeated, moved, damaged and delayed, by a seed.
//!
//! ```text
//! spec.rs   which faults, how often      fate.rs   what happens to each packet
//! held.rs   packets that wait            mod.rs    the source
//! ```
//!
//! It wraps any source, so protocol code needs no switches for tests and a handler can be run
//! against the faults of a bad network on purpose. The same seed over the same packets, polled at
//! the same times, does the same. All memory is taken at the start.
//!
//! A packet goes through: burst, drop; bits flipped; repeated (the copy has the same damage); moved
//! back behind later packets of its line; delayed. A delay keeps the order of a line, as a longer
//! path does; only `reorder` changes it. What waits to be overtaken on a line that has fallen
//! silent goes on after [`OVERTAKE_MAX_NS`].

mod fate;
mod held;
mod spec;

use crate::error::FeedError;
use crate::net::{Packet, Polled, Source, SourceCounts};

use self::fate::{Fate, Fates};
use self::held::{Held, Out};
pub use self::held::{OVERTAKE_MAX_NS, PACKET_MAX, PACKETS_MAX};
pub use self::spec::{BITS_MAX, BURST_MAX, Chance, ChaosSpec, DELAY_MAX_NS, DISPLACEMENT_MAX};

/// Lines that have faults of their own; higher ones share the last.
const LINES: usize = 16;

/// What was done to packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChaosCounts {
    /// Packets that the source gave.
    pub seen: u64,
    /// Dropped, alone or in a burst.
    pub dropped: u64,
    /// Given twice.
    pub duplicated: u64,
    /// Moved back behind later ones; copies included.
    pub reordered: u64,
    /// Damaged.
    pub corrupted: u64,
    /// Given later than they came.
    pub delayed: u64,
    /// Longer than [`PACKET_MAX`], or more than [`PACKETS_MAX`] waiting: given as they came.
    pub spared: u64,
}

impl ChaosCounts {
    fn add(&mut self, other: &ChaosCounts) {
        self.seen += other.seen;
        self.dropped += other.dropped;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.corrupted += other.corrupted;
        self.delayed += other.delayed;
        self.spared += other.spared;
    }
}

/// What was done to one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It was not given.
    Dropped,
    /// It was given twice.
    Duplicated,
    /// It was moved back.
    Reordered,
    /// Bits of it were flipped.
    Corrupted,
}

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Line of the packet.
    pub line: u8,
    /// Which packet of its line it is, as the source gave them, from 0.
    pub index: u64,
    /// What was done.
    pub fault: Fault,
}

/// One line.
#[derive(Clone, Debug)]
struct Line {
    fates: Fates,
    counts: ChaosCounts,
    touched: bool,
}

/// A source with faults.
pub struct Chaos<S> {
    inner: S,
    stage: Stage,
    ended: bool,
}

/// All but the source.
struct Stage {
    spec: ChaosSpec,
    /// No fault has a rate above 0.
    nothing: bool,
    lines: [Line; LINES],
    held: Held,
    log: Option<Vec<Logged>>,
}

impl<S: Source> Chaos<S> {
    /// Puts faults on `inner`. Rates outside 0 to 1 and sizes beyond their limits are cut to them.
    pub fn new(inner: S, spec: ChaosSpec) -> Chaos<S> {
        let line = |n: usize| Line {
            fates: Fates::new(spec.seed, n as u8),
            counts: ChaosCounts::default(),
            touched: spec.lines.is_empty() || spec.lines.contains(&(n as u8)),
        };
        let lines = std::array::from_fn(line);
        let nothing = spec.is_nothing();
        let held = if nothing { Held::none() } else { Held::new() };
        Chaos { inner, stage: Stage { lines, spec, nothing, held, log: None }, ended: false }
    }

    /// Keeps from now on which packet had which fault. The list grows: for tests, not for cores.
    #[must_use]
    pub fn logged(mut self) -> Chaos<S> {
        self.stage.log = Some(Vec::new());
        self
    }

    /// The faults so far, in the order of the packets; empty unless [`Chaos::logged`].
    pub fn log(&self) -> &[Logged] {
        self.stage.log.as_deref().unwrap_or_default()
    }

    /// What was done to the packets of a line (1 A, 2 B, ...; 0 those without).
    pub fn done(&self, line: u8) -> ChaosCounts {
        self.stage.lines.get(usize::from(line)).map_or_else(ChaosCounts::default, |l| l.counts)
    }

    /// What was done to all packets.
    pub fn total(&self) -> ChaosCounts {
        let mut total = ChaosCounts::default();
        self.stage.lines.iter().for_each(|line| total.add(&line.counts));
        total
    }

    /// Packets that wait.
    pub fn waiting(&self) -> usize {
        self.stage.held.len()
    }

    /// The source inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The source inside, to be changed.
    pub fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl Stage {
    /// Takes a packet of the source.
    fn take(&mut self, packet: Packet<'_>, now: u64, out: &mut Out<'_, impl FnMut(Packet<'_>)>) {
        out.kept_free = out.kept_free.saturating_sub(1);
        let Some(line) = self.lines.get_mut(usize::from(packet.line).min(LINES - 1)) else {
            return out.give(packet);
        };
        line.counts.seen += 1;
        let index = line.counts.seen - 1;
        let fate = if line.touched { line.fates.next(&self.spec) } else { Fate::NONE };
        if fate.dropped {
            line.counts.dropped += 1;
            return self.note(packet.line, index, Fault::Dropped);
        }
        // Where packets of a line are late, an early one must not overtake them.
        let in_order = !line.touched || self.spec.delay_ns.1 == 0;
        if fate == Fate::NONE && in_order && !self.held.is_due(now) {
            out.give(packet);
        } else if packet.bytes.len() > PACKET_MAX || self.held.room() < 2 {
            line.counts.spared += 1;
            out.give(packet);
        } else {
            self.detour(&packet, index, fate, now);
        }
        self.held.passed(&packet, now);
        self.held.give_due(now, false, out);
    }

    /// Changes a packet as its fate is, and sends it and its copy on their way.
    fn detour(&mut self, packet: &Packet<'_>, index: u64, fate: Fate, now: u64) {
        let Some(line) = self.lines.get_mut(usize::from(packet.line).min(LINES - 1)) else {
            return;
        };
        let counts = &mut line.counts;
        counts.duplicated += u64::from(fate.duplicated);
        counts.corrupted += u64::from(fate.bits > 0);
        counts.reordered += u64::from(fate.displaced > 0) + u64::from(fate.copy_displaced > 0);
        counts.delayed += u64::from(fate.delay_ns > 0);
        let kept = self.held.keep(packet, now, |bytes| line.fates.flip(bytes, fate.bits));
        let Some(original) = kept else { return };
        let copy = if fate.duplicated { self.held.copy(original) } else { None };
        self.held.send(original, fate.displaced, fate.delay_ns, now);
        if let Some(copy) = copy {
            self.held.send(copy, fate.copy_displaced, fate.delay_ns, now);
        }
        let done = [
            (fate.duplicated, Fault::Duplicated),
            (fate.bits > 0, Fault::Corrupted),
            (fate.displaced > 0, Fault::Reordered),
        ];
        for (_, fault) in done.into_iter().filter(|(happened, _)| *happened) {
            self.note(packet.line, index, fault);
        }
    }

    fn note(&mut self, line: u8, index: u64, fault: Fault) {
        if let Some(log) = &mut self.log {
            log.push(Logged { line, index, fault });
        }
    }
}

impl<S: Source> Source for Chaos<S> {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let Chaos { inner, stage, ended } = self;
        let mut out = Out::new(sink, budget);
        stage.held.expire(now);
        stage.held.give_due(now, *ended, &mut out);
        if stage.held.room() < 2 {
            stage.held.release_oldest(now);
        }
        // Each packet may need a second place, for its copy.
        let wanted = if stage.nothing { out.room() } else { out.room().min(stage.held.room() / 2) };
        if wanted > 0 && !*ended {
            out.kept_free = wanted;
            let polled =
                inner.poll(now, wanted, &mut |packet| stage.take(packet, now, &mut out))?;
            out.kept_free = 0;
            if polled == Polled::End {
                *ended = true;
                stage.held.release_all(now);
            }
            stage.held.give_due(now, *ended, &mut out);
        }
        Ok(match out.given {
            0 if *ended && stage.held.len() == 0 => Polled::End,
            0 => Polled::Nothing,
            given => Polled::Packets(given),
        })
    }

    #[inline]
    fn counts(&self, line: u8) -> SourceCounts {
        self.inner.counts(line)
    }
}
