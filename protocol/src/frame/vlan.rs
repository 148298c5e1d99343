//! 802.1Q VLAN tags and their stacking (QinQ, 802.1ad).
//!
//! A tag stands where the EtherType would, and pushes it back by four bytes.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | control | bits 15-13 priority, bit 12 drop eligible, bits 11-0 VLAN identifier |
//! | 2 | 2 | ether_type | of what follows: another tag or the payload |
//!
//! At most two tags are followed. Exchange networks use one; a second comes from a provider's
//! service tag; a third would be a loop or garbage.

use zerocopy::byteorder::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::{FrameReject, Network};

/// EtherType of IPv4.
pub(crate) const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86DD;
const DOT1Q: u16 = 0x8100;
const DOT1AD: u16 = 0x88A8;
/// What some switches wrote for a service tag before 802.1ad.
const LEGACY_QINQ: u16 = 0x9100;
const MAX_TAGS: usize = 2;
const VLAN_MASK: u16 = 0x0FFF;

/// One tag, without the EtherType that announced it.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Tag {
    control: U16,
    ether_type: U16,
}

/// Bytes that one tag adds.
pub(crate) const TAG_LEN: usize = size_of::<Tag>();

const _: () = {
    assert!(TAG_LEN == 4);
    assert!(core::mem::offset_of!(Tag, ether_type) == 2);
};

/// Follows the tags from the EtherType of the link layer to the network layer.
#[inline]
pub(crate) fn open(mut ether_type: u16, mut bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    let mut vlan = 0;
    for depth in 0.. {
        match ether_type {
            IPV4 => break,
            IPV6 => return Err(FrameReject::Ipv6),
            DOT1Q | DOT1AD | LEGACY_QINQ if depth == MAX_TAGS => {
                return Err(FrameReject::VlanDepth);
            }
            DOT1Q | DOT1AD | LEGACY_QINQ => {
                let (tag, rest) =
                    Tag::ref_from_prefix(bytes).map_err(|_| FrameReject::VlanTruncated)?;
                vlan = tag.control.get() & VLAN_MASK;
                ether_type = tag.ether_type.get();
                bytes = rest;
            }
            _ => return Err(FrameReject::NotIp),
        }
    }
    Ok(Network { vlan, bytes })
}

/// Writes a tag for `vlan`, none for 0; returns the EtherType for the field before it and the
/// bytes it took.
pub(crate) fn emit(vlan: u16, out: &mut [u8]) -> Option<(u16, usize)> {
    if vlan == 0 {
        return Some((IPV4, 0));
    }
    let (tag, _) = Tag::mut_from_prefix(out).ok()?;
    tag.control = U16::new(vlan & VLAN_MASK);
    tag.ether_type = U16::new(IPV4);
    Some((DOT1Q, TAG_LEN))
}
