//! Link layers that say no more than "an IP packet follows": NULL, LOOP and raw IP.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 4 | family | `AF_INET` is 2 everywhere; `AF_INET6` is 10, 24, 28 or 30, by system |
//! | 4 | | payload | |
//!
//! NULL writes the family in the byte order of the host that captured, which the file does not
//! tell, so both orders are tried: no family is a small number in both. LOOP writes it in network
//! byte order. Raw IP has no header; the version nibble decides.

use super::{FrameReject, Network};

/// Bytes before the payload for NULL and LOOP.
pub(crate) const HEADER_LEN: usize = 4;
const INET: u32 = 2;
const INET6: [u32; 4] = [10, 24, 28, 30];

/// Removes a NULL header.
pub(crate) fn parse_null(bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    let (family, rest) = bytes.split_first_chunk().ok_or(FrameReject::LinkTruncated)?;
    let big = u32::from_be_bytes(*family);
    open(if big <= u32::from(u16::MAX) { big } else { big.swap_bytes() }, rest)
}

/// Removes a LOOP header.
pub(crate) fn parse_loop(bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    let (family, rest) = bytes.split_first_chunk().ok_or(FrameReject::LinkTruncated)?;
    open(u32::from_be_bytes(*family), rest)
}

/// Looks at the version nibble of a packet without link layer.
pub(crate) fn parse_raw(bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => Ok(Network { vlan: 0, bytes }),
        Some(6) => Err(FrameReject::Ipv6),
        Some(_) => Err(FrameReject::NotIp),
        None => Err(FrameReject::IpTruncated),
    }
}

fn open(family: u32, bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
    match family {
        INET => Ok(Network { vlan: 0, bytes }),
        _ if INET6.contains(&family) => Err(FrameReject::Ipv6),
        _ => Err(FrameReject::NotIp),
    }
}

/// Writes a NULL header as a little-endian host would; returns the bytes it took.
pub(crate) fn emit_null(out: &mut [u8]) -> Option<usize> {
    *out.first_chunk_mut()? = INET.to_le_bytes();
    Some(HEADER_LEN)
}

/// Writes a LOOP header; returns the bytes it took.
pub(crate) fn emit_loop(out: &mut [u8]) -> Option<usize> {
    *out.first_chunk_mut()? = INET.to_be_bytes();
    Some(HEADER_LEN)
}
