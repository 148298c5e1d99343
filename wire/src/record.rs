//! The record: 64 bytes, one cache line.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 1 | commit | lap tag of the ring slot; 0 in files and golden bytes |
//! | 1 | 1 | kind | [`Kind`] |
//! | 2 | 1 | quality | [`Quality`] |
//! | 3 | 1 | origin | [`Origin`] |
//! | 4 | 4 | instrument | venue << 24 \| index; index 0 = whole venue or channel |
//! | 8 | 8 | sequence | the lane's step |
//! | 16 | 8 | ts_venue | ns UTC stamped by the venue; 0 where it gives none |
//! | 24 | 8 | ts_receive | ns UTC; all records of a packet share it |
//! | 32 | 32 | payload | by kind: [`crate::payload`] |

use std::mem::{offset_of, size_of};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::instrument::InstrumentId;
use crate::payload::{Kind, Payload};
use crate::quality::{Origin, Quality};

/// Size of a record in bytes.
pub const RECORD_BYTES: usize = 64;

/// One message of a lane. See the module's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(64))]
pub struct Record {
    /// Lap tag of the ring slot; 0 outside a ring.
    pub commit: u8,
    /// Number of the [`Kind`].
    pub kind: u8,
    /// Book state, nature, end of event, snapshot, side.
    pub quality: Quality,
    /// Line, path, taker of the receive stamp.
    pub origin: Origin,
    /// Venue and index.
    pub instrument: InstrumentId,
    /// The lane's step.
    pub sequence: u64,
    /// ns UTC stamped by the venue; 0 where it gives none.
    pub ts_venue: u64,
    /// ns UTC of reception.
    pub ts_receive: u64,
    /// Payload words, by kind.
    pub payload: [u64; 4],
}

const _: () = {
    assert!(size_of::<Record>() == RECORD_BYTES);
    assert!(align_of::<Record>() == 64);
    assert!(offset_of!(Record, commit) == 0);
    assert!(offset_of!(Record, kind) == 1);
    assert!(offset_of!(Record, quality) == 2);
    assert!(offset_of!(Record, origin) == 3);
    assert!(offset_of!(Record, instrument) == 4);
    assert!(offset_of!(Record, sequence) == 8);
    assert!(offset_of!(Record, ts_venue) == 16);
    assert!(offset_of!(Record, ts_receive) == 24);
    assert!(offset_of!(Record, payload) == 32);
};

/// Everything in front of the payload but the commit tag and the kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// Book state, nature, end of event, snapshot, side.
    pub quality: Quality,
    /// Line, path, taker of the receive stamp.
    pub origin: Origin,
    /// Venue and index.
    pub instrument: InstrumentId,
    /// The lane's step.
    pub sequence: u64,
    /// ns UTC stamped by the venue; 0 where it gives none.
    pub ts_venue: u64,
    /// ns UTC of reception.
    pub ts_receive: u64,
}

impl Record {
    /// A record of the kind that `P` belongs to.
    #[inline(always)]
    pub fn new<P: Payload>(header: Header, payload: P) -> Record {
        Record {
            commit: 0,
            kind: P::KIND as u8,
            quality: header.quality,
            origin: header.origin,
            instrument: header.instrument,
            sequence: header.sequence,
            ts_venue: header.ts_venue,
            ts_receive: header.ts_receive,
            payload: payload.to_words(),
        }
    }

    /// The header fields.
    pub fn header(&self) -> Header {
        Header {
            quality: self.quality,
            origin: self.origin,
            instrument: self.instrument,
            sequence: self.sequence,
            ts_venue: self.ts_venue,
            ts_receive: self.ts_receive,
        }
    }

    /// The record as the eight words of a ring slot.
    #[inline(always)]
    pub fn to_words(self) -> [u64; 8] {
        zerocopy::transmute!(self)
    }

    /// The record in eight words of a ring slot. Any words are a record; its kind may be unknown.
    #[inline(always)]
    pub fn from_words(words: [u64; 8]) -> Record {
        zerocopy::transmute!(words)
    }

    /// Kind, if it is one that this version knows.
    #[inline]
    pub fn kind(&self) -> Option<Kind> {
        Kind::from_number(self.kind)
    }

    /// The payload, if the record is of that kind.
    #[inline(always)]
    pub fn get<P: Payload>(&self) -> Option<P> {
        if self.kind == P::KIND as u8 { Some(P::from_words(self.payload)) } else { None }
    }

    /// Whether records of this kind count when two runs are compared.
    ///
    /// Heartbeats and connection states depend on the clock and the network, not on the data.
    pub fn is_comparable(&self) -> bool {
        self.kind != Kind::Heartbeat as u8 && self.kind != Kind::Connection as u8
    }

    /// The record with everything cleared that two runs over the same data may differ in:
    /// commit, origin, ts_receive and the nature bits.
    #[must_use]
    pub fn canonical(mut self) -> Record {
        self.commit = 0;
        self.origin = Origin(0);
        self.ts_receive = 0;
        self.quality = Quality(self.quality.0 & !Quality::NATURE_MASK);
        self
    }
}

/// First difference between two runs, as positions in the two record slices.
///
/// Two runs are equal when their comparable records are equal in all bytes but commit, origin,
/// ts_receive and the nature bits. `None` means equal.
pub fn first_difference(a: &[Record], b: &[Record]) -> Option<(usize, usize)> {
    let mut left = a.iter().enumerate().filter(|(_, r)| r.is_comparable());
    let mut right = b.iter().enumerate().filter(|(_, r)| r.is_comparable());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some((i, x)), Some((j, y))) if x.canonical() == y.canonical() => {
                let _ = (i, j);
            }
            (x, y) => {
                return Some((x.map_or(a.len(), |(i, _)| i), y.map_or(b.len(), |(j, _)| j)));
            }
        }
    }
}
