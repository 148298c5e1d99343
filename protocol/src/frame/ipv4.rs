//! IPv4 (RFC 791).
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 1 | version_ihl | bits 7-4 version (4), bits 3-0 header length in 32-bit words |
//! | 1 | 1 | service | |
//! | 2 | 2 | total_length | header and payload, without link-layer padding |
//! | 4 | 2 | identification | |
//! | 6 | 2 | fragment | bit 14 do not fragment, bit 13 more fragments, bits 12-0 offset |
//! | 8 | 1 | time_to_live | |
//! | 9 | 1 | protocol | 17 UDP |
//! | 10 | 2 | checksum | over the header with its options |
//! | 12 | 4 | source | |
//! | 16 | 4 | destination | |
//! | 20 | | options | up to 40 bytes, skipped by the header length |
//!
//! The total length is checked against what was captured: a packet cut by the capture's snap
//! length is `ip_truncated`, never half a datagram.

use zerocopy::byteorder::big_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::checksum::Sum;
use super::{Checksums, FrameReject};

/// The header without options.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Header {
    version_ihl: u8,
    service: u8,
    total_length: U16,
    identification: U16,
    fragment: U16,
    time_to_live: u8,
    protocol: u8,
    checksum: U16,
    source: U32,
    destination: U32,
}

/// Bytes of a header without options.
pub(crate) const HEADER_LEN: usize = size_of::<Header>();
/// IPv4's number for UDP.
pub(crate) const PROTOCOL_UDP: u8 = 17;
const VERSION_4_IHL_5: u8 = 0x45;
const MORE_FRAGMENTS_AND_OFFSET: u16 = 0x3FFF;
const DO_NOT_FRAGMENT: u16 = 0x4000;
/// Market data is never routed by accident: one hop.
const TIME_TO_LIVE: u8 = 1;

const _: () = {
    assert!(HEADER_LEN == 20);
    assert!(core::mem::offset_of!(Header, total_length) == 2);
    assert!(core::mem::offset_of!(Header, fragment) == 6);
    assert!(core::mem::offset_of!(Header, protocol) == 9);
    assert!(core::mem::offset_of!(Header, checksum) == 10);
    assert!(core::mem::offset_of!(Header, source) == 12);
    assert!(core::mem::offset_of!(Header, destination) == 16);
};

/// A whole, unfragmented UDP datagram's place in IPv4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram<'a> {
    pub(crate) source: u32,
    pub(crate) destination: u32,
    pub(crate) payload: &'a [u8],
}

/// Checks the header and cuts the payload to the total length.
#[inline]
pub(crate) fn parse(bytes: &[u8], checks: Checksums) -> Result<Datagram<'_>, FrameReject> {
    let (header, _) = Header::ref_from_prefix(bytes).map_err(|_| FrameReject::IpTruncated)?;
    match header.version_ihl >> 4 {
        4 => {}
        6 => return Err(FrameReject::Ipv6),
        _ => return Err(FrameReject::IpVersion),
    }
    let header_length = usize::from(header.version_ihl & 0x0F) * 4;
    if header_length < HEADER_LEN {
        return Err(FrameReject::IpHeaderLength);
    }
    let total = usize::from(header.total_length.get());
    if total < header_length {
        return Err(FrameReject::IpLength);
    }
    let packet = bytes.get(..total).ok_or(FrameReject::IpTruncated)?;
    let (with_options, payload) =
        packet.split_at_checked(header_length).ok_or(FrameReject::IpTruncated)?;
    if checks == Checksums::Verify && Sum::default().bytes(with_options).fold() != 0xFFFF {
        return Err(FrameReject::IpChecksum);
    }
    if header.fragment.get() & MORE_FRAGMENTS_AND_OFFSET != 0 {
        return Err(FrameReject::Fragment);
    }
    if header.protocol != PROTOCOL_UDP {
        return Err(FrameReject::NotUdp);
    }
    Ok(Datagram { source: header.source.get(), destination: header.destination.get(), payload })
}

/// Writes a header for `payload_length` bytes of UDP; returns the bytes it took.
pub(crate) fn emit(
    source: u32,
    destination: u32,
    payload_length: usize,
    out: &mut [u8],
) -> Option<usize> {
    let total_length = u16::try_from(payload_length.checked_add(HEADER_LEN)?).ok()?;
    let (header, _) = Header::mut_from_prefix(out).ok()?;
    *header = Header {
        version_ihl: VERSION_4_IHL_5,
        service: 0,
        total_length: U16::new(total_length),
        identification: U16::new(0),
        fragment: U16::new(DO_NOT_FRAGMENT),
        time_to_live: TIME_TO_LIVE,
        protocol: PROTOCOL_UDP,
        checksum: U16::new(0),
        source: U32::new(source),
        destination: U32::new(destination),
    };
    header.checksum = U16::new(!Sum::default().bytes(header.as_bytes()).fold());
    Some(HEADER_LEN)
}
