//! Classic pcap.
//!
//! File header, all words in the byte order of the host that wrote it:
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 4 | magic | 0xA1B2C3D4 microseconds, 0xA1B23C4D nanoseconds |
//! | 4 | 2+2 | version | 2, 4 |
//! | 8 | 8 | | unused |
//! | 16 | 4 | snap_length | |
//! | 20 | 4 | link_type | lower 16 bits; the upper ones tell of frame check sequences |
//!
//! Record header:
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 4 | seconds | since 1970 UTC, unsigned |
//! | 4 | 4 | fraction | micro- or nanoseconds |
//! | 8 | 4 | captured | bytes that follow |
//! | 12 | 4 | original | bytes on the wire |
//!
//! Records have no marks between them: once a length cannot be believed, the rest is lost.

use super::words::Order;
use super::{CaptureReject, MAX_PACKET, Packet, Step};
use crate::frame::LinkType;

/// Bytes of the file header.
pub(crate) const HEADER_LEN: usize = 24;
/// Bytes of a record header.
pub(crate) const RECORD_LEN: usize = 16;
/// Magic number of files with microseconds.
const MICROSECONDS: u32 = 0xA1B2_C3D4;
/// Magic number of files with nanoseconds.
pub(crate) const NANOSECONDS: u32 = 0xA1B2_3C4D;
/// Where the header holds the link type.
const LINK_OFFSET: usize = 20;
const LINK_MASK: u32 = 0xFFFF;
pub(crate) const NS_PER_S: u64 = 1_000_000_000;

/// What the magic number tells of the words and times that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    order: Order,
    /// Nanoseconds of one unit of the fraction.
    unit_ns: u64,
}

impl Clock {
    /// Reads the magic number; `None` if it is not one of pcap's four.
    pub(crate) fn of(magic: [u8; 4]) -> Option<Self> {
        let unit_ns = |word| match word {
            MICROSECONDS => Some(1_000),
            NANOSECONDS => Some(1),
            _ => None,
        };
        let little = unit_ns(u32::from_le_bytes(magic)).map(|unit| (Order::Little, unit));
        let big = unit_ns(u32::from_be_bytes(magic)).map(|unit| (Order::Big, unit));
        little.or(big).map(|(order, unit_ns)| Self { order, unit_ns })
    }
}

/// A file whose header was read.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    clock: Clock,
    link: LinkType,
}

impl Reader {
    /// Reads the header.
    pub(crate) fn open(window: &[u8]) -> Result<Self, CaptureReject> {
        let magic = window.first_chunk().ok_or(CaptureReject::HeaderTruncated)?;
        let clock = Clock::of(*magic).ok_or(CaptureReject::UnknownFormat)?;
        let link = clock.order.u32(window, LINK_OFFSET).ok_or(CaptureReject::HeaderTruncated)?;
        let link = u16::try_from(link & LINK_MASK)
            .ok()
            .and_then(LinkType::from_pcap)
            .ok_or(CaptureReject::LinkUnknown)?;
        Ok(Self { clock, link })
    }

    /// Looks at the record at the beginning of the window.
    pub(crate) fn next<'a>(&self, window: &'a [u8], at_end: bool) -> Step<'a> {
        let Some((seconds, fraction, captured, original)) = self.record(window) else {
            return cut(window, at_end, RECORD_LEN);
        };
        if captured > MAX_PACKET {
            return Step::Fatal(CaptureReject::PacketTooLarge);
        }
        let consumed = RECORD_LEN + captured;
        let Some(data) = window.get(RECORD_LEN..consumed) else {
            return cut(window, at_end, consumed);
        };
        let fraction_ns = u64::from(fraction) * self.clock.unit_ns;
        if fraction_ns >= NS_PER_S {
            return Step::Reject { reason: CaptureReject::TimestampFraction, consumed };
        }
        let ts_ns = u64::from(seconds) * NS_PER_S + fraction_ns;
        let packet = Packet { ts_ns, link: self.link, data, original_length: original };
        Step::Packet { packet, consumed }
    }

    fn record(&self, window: &[u8]) -> Option<(u32, u32, usize, u32)> {
        let order = self.clock.order;
        Some((
            order.u32(window, 0)?,
            order.u32(window, 4)?,
            order.length(window, 8)?,
            order.u32(window, 12)?,
        ))
    }
}

fn cut(window: &[u8], at_end: bool, wanted: usize) -> Step<'static> {
    if !at_end {
        Step::NeedMore(wanted)
    } else if window.is_empty() {
        Step::End
    } else {
        Step::Reject { reason: CaptureReject::PacketTruncated, consumed: window.len() }
    }
}
