//! Packets that wait: behind others of their line, and for their time.
//!
//! One block of memory, in places of [`PACKET_MAX`] bytes. A packet that is moved back waits until
//! so many of its line have passed; then, like one that is only late, until its time has come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::LINES;
use crate::net::Packet;

/// Longest packet that can wait, bytes: more than any that fits an Ethernet frame.
pub const PACKET_MAX: usize = 2_048;
/// The most packets that wait at a time; while there are so many, no more are taken.
pub const PACKETS_MAX: usize = 4_096;
/// How long a packet waits at most to be overtaken, ns: 1 s.
pub const OVERTAKE_MAX_NS: u64 = 1_000_000_000;

/// Hands packets on, at most as many as the caller wants.
pub(super) struct Out<'a, F> {
    sink: &'a mut F,
    budget: usize,
    /// Kept free for packets that the source may still give.
    pub(super) kept_free: usize,
    pub(super) given: usize,
}

impl<'a, F: FnMut(Packet<'_>)> Out<'a, F> {
    pub(super) fn new(sink: &'a mut F, budget: usize) -> Out<'a, F> {
        Out { sink, budget, kept_free: 0, given: 0 }
    }

    pub(super) fn give(&mut self, packet: Packet<'_>) {
        self.given += 1;
        (self.sink)(packet);
    }

    pub(super) fn room(&self) -> usize {
        self.budget.saturating_sub(self.given + self.kept_free)
    }
}

/// What is known of a packet whose bytes are in a place.
#[derive(Clone, Copy)]
struct Kept {
    packet: Packet<'static>,
    length: usize,
    entered: u64,
}

/// A packet that waits to be overtaken.
#[derive(Clone, Copy)]
struct Behind {
    place: u32,
    line: usize,
    /// It goes on when so many packets of its line have passed.
    after: u64,
    since: u64,
    delay_ns: u64,
}

#[derive(Clone, Copy, Default)]
struct Line {
    passed: u64,
    /// Due time of the latest: delays keep the order.
    latest: u64,
}

pub(super) struct Held {
    bytes: Vec<u8>,
    kept: Vec<Option<Kept>>,
    free: Vec<u32>,
    behind: Vec<Behind>,
    /// By due time, then by arrival.
    due: BinaryHeap<Reverse<(u64, u64, u32)>>,
    arrivals: u64,
    lines: [Line; LINES],
}

fn line_of(packet: &Packet<'_>) -> usize {
    usize::from(packet.line).min(LINES - 1)
}

impl Held {
    pub(super) fn new() -> Held {
        Held {
            bytes: vec![0; PACKETS_MAX * PACKET_MAX],
            kept: vec![None; PACKETS_MAX],
            free: (0..PACKETS_MAX as u32).rev().collect(),
            behind: Vec::with_capacity(PACKETS_MAX),
            due: BinaryHeap::with_capacity(PACKETS_MAX),
            arrivals: 0,
            lines: [Line::default(); LINES],
        }
    }

    /// With no places at all.
    pub(super) fn none() -> Held {
        Held {
            bytes: Vec::new(),
            kept: Vec::new(),
            free: Vec::new(),
            behind: Vec::new(),
            due: BinaryHeap::new(),
            arrivals: 0,
            lines: [Line::default(); LINES],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.behind.len() + self.due.len()
    }

    /// Packets that still fit.
    pub(super) fn room(&self) -> usize {
        self.free.len()
    }

    fn place(&mut self, place: u32, length: usize) -> Option<&mut [u8]> {
        let begin = place as usize * PACKET_MAX;
        self.bytes.get_mut(begin..)?.get_mut(..length)
    }

    /// Keeps a packet, its bytes changed by `change`. `None` if it is too long or nothing is free.
    pub(super) fn keep(
        &mut self,
        packet: &Packet<'_>,
        now: u64,
        change: impl FnOnce(&mut [u8]),
    ) -> Option<u32> {
        let length = packet.bytes.len();
        if length > PACKET_MAX {
            return None;
        }
        let place = self.free.pop()?;
        let bytes = self.place(place, length)?;
        bytes.copy_from_slice(packet.bytes);
        change(bytes);
        let packet = Packet {
            bytes: &[],
            layer: packet.layer,
            ts_receive: packet.ts_receive,
            stamp: packet.stamp,
            line: packet.line,
        };
        *self.kept.get_mut(place as usize)? = Some(Kept { packet, length, entered: now });
        Some(place)
    }

    /// Keeps a second copy of what is kept in a place.
    pub(super) fn copy(&mut self, place: u32) -> Option<u32> {
        let kept = (*self.kept.get(place as usize)?)?;
        let copy = self.free.pop()?;
        let from = place as usize * PACKET_MAX;
        self.bytes.copy_within(from..from + kept.length, copy as usize * PACKET_MAX);
        *self.kept.get_mut(copy as usize)? = Some(kept);
        Some(copy)
    }

    /// Sends what is kept in a place on its way.
    pub(super) fn send(&mut self, place: u32, displaced: u32, delay_ns: u64, now: u64) {
        let Some(Some(kept)) = self.kept.get(place as usize) else { return };
        let line = line_of(&kept.packet);
        if displaced == 0 {
            return self.schedule(place, line, now.saturating_add(delay_ns));
        }
        // The packet itself passes, too, right after this.
        let passed = self.lines.get(line).map_or(0, |line| line.passed);
        let after = passed + 1 + u64::from(displaced);
        self.behind.push(Behind { place, line, after, since: now, delay_ns });
    }

    fn schedule(&mut self, place: u32, line: usize, at: u64) {
        let Some(line) = self.lines.get_mut(line) else { return };
        line.latest = line.latest.max(at);
        self.arrivals += 1;
        self.due.push(Reverse((line.latest, self.arrivals, place)));
    }

    /// A packet of this line has passed: those that waited for it go on.
    pub(super) fn passed(&mut self, packet: &Packet<'_>, now: u64) {
        let number = line_of(packet);
        let Some(line) = self.lines.get_mut(number) else { return };
        line.passed += 1;
        let passed = line.passed;
        self.release(now, |waits| waits.line == number && waits.after <= passed);
    }

    /// Those that have waited too long to be overtaken go on.
    pub(super) fn expire(&mut self, now: u64) {
        self.release(now, |waits| now.saturating_sub(waits.since) >= OVERTAKE_MAX_NS);
    }

    /// Makes room: the one that has waited longest to be overtaken goes on.
    pub(super) fn release_oldest(&mut self, now: u64) {
        let mut first = true;
        self.release(now, |_| std::mem::take(&mut first));
    }

    /// All go on that wait to be overtaken: nothing comes any more.
    pub(super) fn release_all(&mut self, now: u64) {
        self.release(now, |_| true);
    }

    fn release(&mut self, now: u64, mut which: impl FnMut(&Behind) -> bool) {
        let mut n = 0;
        while let Some(&waits) = self.behind.get(n) {
            if which(&waits) {
                self.behind.remove(n);
                self.schedule(waits.place, waits.line, now.saturating_add(waits.delay_ns));
            } else {
                n += 1;
            }
        }
    }

    /// Whether a packet could be given now.
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.due.peek().is_some_and(|Reverse((at, ..))| *at <= now)
    }

    /// Gives those whose time has come; with `early` also the others, in the order of their times.
    pub(super) fn give_due(
        &mut self,
        now: u64,
        early: bool,
        out: &mut Out<'_, impl FnMut(Packet<'_>)>,
    ) {
        while out.room() > 0 && (early || self.is_due(now)) {
            let Some(Reverse((at, _, place))) = self.due.pop() else { return };
            let Some(kept) = self.kept.get_mut(place as usize).and_then(Option::take) else {
                continue;
            };
            let late = at.min(now).saturating_sub(kept.entered);
            let ts_receive = kept.packet.ts_receive.saturating_add(late);
            if let Some(bytes) = self.place(place, kept.length) {
                out.give(Packet { bytes, ts_receive, ..kept.packet });
            }
            self.free.push(place);
        }
    }
}
