//! Packets that wait behind a hole.
//!
//! Places of one size for the bytes, made at the start, and a list of segments: ranges of numbers
//! that nobody else holds, in ascending order, none touching another's numbers. A packet that
//! overlaps what already waits gets a segment for each of its new parts, so that every number is
//! taken from the packet that brought it first.
//!
//! A segment remembers since when the hole before it is known. A segment inside a hole splits it
//! in two, and both are as old as the hole was: waiting never begins anew because something came.

use std::collections::VecDeque;

use wire::StampBy;

use super::sink::{Arrival, Part};

/// Size of the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlabSpec {
    /// Most packets that wait.
    pub packets: u16,
    /// Most bytes of such a packet.
    pub bytes: u16,
}

impl Default for SlabSpec {
    fn default() -> Self {
        SlabSpec { packets: 1024, bytes: 2048 }
    }
}

/// Room in the list for each packet. Earlier packets split later ones, never the other way round,
/// so there are fewer than two segments a packet; one more packet is split by at most all of them.
const SEGMENTS_A_PACKET: usize = 4;

/// A range of numbers that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) end: u64,
    /// Since when the hole before it is known, lane's clock.
    pub(super) since: u64,
    place: u16,
}

/// A packet that waits.
#[derive(Clone, Copy, Debug)]
struct Held {
    arrival: Arrival,
    len: u16,
    /// Segments that are still to be taken.
    left: u16,
}

/// What was new of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// So many messages.
    pub(super) new: u64,
    /// Its first message among them.
    pub(super) first_is_new: bool,
}

/// A segment that was taken out, and how long its packet waited if it was the packet's last.
pub(super) struct Taken<'a> {
    pub(super) part: Part<'a>,
    pub(super) waited_since: Option<u64>,
}

/// Packets that wait, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Slab {
    bytes: Vec<u8>,
    stride: usize,
    held: Vec<Held>,
    free: Vec<u16>,
    segments: VecDeque<Segment>,
}

impl Slab {
    pub(super) fn new(spec: SlabSpec) -> Slab {
        let (packets, stride) = (usize::from(spec.packets), usize::from(spec.bytes));
        let nothing =
            Arrival { first: 0, count: 0, line: 0, ts_receive: 0, stamp: StampBy::Poll, now: 0 };
        Slab {
            bytes: vec![0; packets * stride],
            stride,
            held: vec![Held { arrival: nothing, len: 0, left: 0 }; packets],
            free: (0..spec.packets).rev().collect(),
            segments: VecDeque::with_capacity(packets * SEGMENTS_A_PACKET),
        }
    }

    pub(super) fn head(&self) -> Option<&Segment> {
        self.segments.front()
    }

    /// End of the last segment; 0 if nothing waits.
    pub(super) fn end(&self) -> u64 {
        self.segments.back().map_or(0, |last| last.end)
    }

    /// Whether the packet can wait: there is a place, it is large enough, and the list of
    /// segments cannot run over.
    fn fits(&self, from: usize, next: u64, len: usize) -> bool {
        let inside = self.segments.range(from..).take_while(|s| s.first < next).count();
        !self.free.is_empty()
            && len <= self.stride
            && self.segments.len() + inside < self.segments.capacity()
    }

    /// Keeps what is new of a packet. `tail_since`: since when a hole behind the last segment is
    /// known. `None` if it does not fit, and all is as before.
    pub(super) fn keep(&mut self, a: &Arrival, bytes: &[u8], tail_since: u64) -> Option<Kept> {
        let next = a.next();
        let mut at = a.first;
        let mut index = self.segments.partition_point(|s| s.end <= at);
        let (mut place, mut left) = (None, 0u16);
        let mut kept = Kept { new: 0, first_is_new: false };
        while at < next {
            let behind = self.segments.get(index).copied();
            if let Some(covering) = behind.filter(|s| s.first <= at) {
                at = covering.end;
                index += 1;
                continue;
            }
            let end = behind.map_or(next, |s| s.first.min(next));
            let since = behind.map_or(tail_since, |s| s.since);
            let place = match place {
                Some(place) => place,
                None if !self.fits(index, next, bytes.len()) => return None,
                None => *place.insert(self.free.pop()?),
            };
            self.segments.insert(index, Segment { first: at, end, since, place });
            left = left.saturating_add(1);
            kept.new += end - at;
            kept.first_is_new |= at == a.first;
            at = end;
            index += 1;
        }
        if let Some(place) = place {
            self.store(place, Held { arrival: *a, len: bytes.len() as u16, left }, bytes);
        }
        Some(kept)
    }

    fn store(&mut self, place: u16, held: Held, bytes: &[u8]) {
        let at = usize::from(place) * self.stride;
        // `fits` has compared the lengths, and places are those of `new`.
        if let Some(room) = self.bytes.get_mut(at..at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        if let Some(slot) = self.held.get_mut(usize::from(place)) {
            *slot = held;
        }
    }

    /// Takes the first segment out if it begins at `expected`.
    pub(super) fn take(&mut self, expected: u64) -> Option<(Segment, Taken<'_>)> {
        let segment = *self.segments.front().filter(|s| s.first == expected)?;
        self.segments.pop_front();
        let held = self.held.get_mut(usize::from(segment.place))?;
        held.left = held.left.saturating_sub(1);
        if held.left == 0 {
            self.free.push(segment.place);
        }
        let (a, last) = (held.arrival, held.left == 0);
        let at = usize::from(segment.place) * self.stride;
        let part = Part {
            bytes: self.bytes.get(at..at + usize::from(held.len))?,
            first: segment.first,
            // Both are within a packet, whose messages a u16 counts.
            skip: (segment.first - a.first) as u16,
            take: (segment.end - segment.first) as u16,
            line: a.line,
            ts_receive: a.ts_receive,
            stamp: a.stamp,
        };
        Some((segment, Taken { part, waited_since: last.then_some(a.now) }))
    }
}
