//! Ethernet II.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 6 | destination | MAC address |
//! | 6 | 6 | source | MAC address |
//! | 12 | 2 | ether_type | 0x0800 IPv4; below 0x0600 an 802.3 length, then it is not IP |
//! | 14 | | payload | or VLAN tags, see `vlan.rs` |
//!
//! Frames shorter than 60 bytes are padded by the sender, so the payload's own length counts.

use zerocopy::byteorder::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FrameReject, Network, vlan};

/// The fixed part of the frame.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Header {
    destination: [u8; 6],
    source: [u8; 6],
    ether_type: U16,
}

/// Bytes before the payload, without VLAN tags.
pub(crate) const HEADER_LEN: usize = size_of::<Header>();

const _: () = {
    assert!(HEADER_LEN == 14);
    assert!(core::mem::offset_of!(Header, source) == 6);
    assert!(core::mem::offset_of!(Header, ether_type) == 12);
};

/// Checks the header and removes it and the VLAN tags behind it.
#[inline]
pub(crate) fn parse(bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    let (header, rest) = Header::ref_from_prefix(bytes).map_err(|_| FrameReject::LinkTruncated)?;
    vlan::open(header.ether_type.get(), rest)
}

/// Writes the header, and a VLAN tag where `vlan` is not 0; returns how many bytes it took.
///
/// The destination is the multicast MAC of RFC 1112 for a group, else a locally administered one
/// made of the address, so that no resolution is needed.
pub(crate) fn emit(destination: u32, source: u32, vlan: u16, out: &mut [u8]) -> Option<usize> {
    let (header, rest) = Header::mut_from_prefix(out).ok()?;
    header.destination = mac(destination);
    header.source = mac(source);
    let (ether_type, tag) = vlan::emit(vlan, rest)?;
    header.ether_type = U16::new(ether_type);
    Some(HEADER_LEN + tag)
}

fn mac(address: u32) -> [u8; 6] {
    let [a, b, c, d] = address.to_be_bytes();
    if a & 0xF0 == 0xE0 { [0x01, 0x00, 0x5E, b & 0x7F, c, d] } else { [0x02, 0x00, a, b, c, d] }
}
