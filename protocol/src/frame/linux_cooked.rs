//! Linux cooked captures: what `tcpdump -i any` writes in place of the link layer.
//!
//! LINUX_SLL (16 bytes):
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | packet_type | to us, broadcast, multicast, to others, from us |
//! | 2 | 2 | hardware_type | ARPHRD number of the device |
//! | 4 | 2 | address_length | |
//! | 6 | 8 | address | of the sender |
//! | 14 | 2 | protocol | an EtherType |
//!
//! LINUX_SLL2 (20 bytes):
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | protocol | an EtherType |
//! | 2 | 2 | reserved | zero |
//! | 4 | 4 | interface | index of the device |
//! | 8 | 2 | hardware_type | |
//! | 10 | 1 | packet_type | |
//! | 11 | 1 | address_length | |
//! | 12 | 8 | address | |

use zerocopy::byteorder::big_endian::{U16, U32};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FrameReject, Network, vlan};

/// Version 1.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct HeaderV1 {
    packet_type: U16,
    hardware_type: U16,
    address_length: U16,
    address: [u8; 8],
    protocol: U16,
}

/// Version 2.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct HeaderV2 {
    protocol: U16,
    reserved: U16,
    interface: U32,
    hardware_type: U16,
    packet_type: u8,
    address_length: u8,
    address: [u8; 8],
}

/// Bytes of the larger of the two headers.
pub(crate) const MAX_HEADER_LEN: usize = size_of::<HeaderV2>();
const ARPHRD_ETHERNET: u16 = 1;
const PACKET_MULTICAST: u8 = 2;

const _: () = {
    assert!(size_of::<HeaderV1>() == 16);
    assert!(core::mem::offset_of!(HeaderV1, address) == 6);
    assert!(core::mem::offset_of!(HeaderV1, protocol) == 14);
    assert!(size_of::<HeaderV2>() == 20);
    assert!(core::mem::offset_of!(HeaderV2, interface) == 4);
    assert!(core::mem::offset_of!(HeaderV2, hardware_type) == 8);
    assert!(core::mem::offset_of!(HeaderV2, packet_type) == 10);
    assert!(core::mem::offset_of!(HeaderV2, address) == 12);
};

/// Removes a LINUX_SLL header.
pub(crate) fn parse_v1(bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    let (header, rest) =
        HeaderV1::ref_from_prefix(bytes).map_err(|_| FrameReject::LinkTruncated)?;
    vlan::open(header.protocol.get(), rest)
}

/// Removes a LINUX_SLL2 header.
pub(crate) fn parse_v2(bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    let (header, rest) =
        HeaderV2::ref_from_prefix(bytes).map_err(|_| FrameReject::LinkTruncated)?;
    vlan::open(header.protocol.get(), rest)
}

/// Writes a LINUX_SLL header and a VLAN tag where `vlan` is not 0; returns the bytes it took.
pub(crate) fn emit_v1(vlan: u16, out: &mut [u8]) -> Option<usize> {
    let (header, rest) = HeaderV1::mut_from_prefix(out).ok()?;
    let (protocol, tag) = vlan::emit(vlan, rest)?;
    header.zero();
    header.packet_type = U16::new(u16::from(PACKET_MULTICAST));
    header.hardware_type = U16::new(ARPHRD_ETHERNET);
    header.protocol = U16::new(protocol);
    Some(size_of::<HeaderV1>() + tag)
}

/// Writes a LINUX_SLL2 header and a VLAN tag where `vlan` is not 0; returns the bytes it took.
pub(crate) fn emit_v2(vlan: u16, out: &mut [u8]) -> Option<usize> {
    let (header, rest) = HeaderV2::mut_from_prefix(out).ok()?;
    let (protocol, tag) = vlan::emit(vlan, rest)?;
    header.zero();
    header.packet_type = PACKET_MULTICAST;
    header.hardware_type = U16::new(ARPHRD_ETHERNET);
    header.protocol = U16::new(protocol);
    Some(size_of::<HeaderV2>() + tag)
}
