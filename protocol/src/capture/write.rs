//! Capture files written: pcap with nanoseconds, and pcapng, both little-endian.
//!
//! Each function appends to a buffer of the caller, which decides when it goes to a file; with
//! enough capacity reserved nothing is allocated.

use super::pcap::{NANOSECONDS, NS_PER_S};
use super::pcapng::{BYTE_ORDER, ENHANCED_PACKET, INTERFACE, SECTION};
use super::{MAX_PACKET, Packet};
use crate::frame::LinkType;

const PCAP_VERSION: [u16; 2] = [2, 4];
const PCAPNG_VERSION: [u16; 2] = [1, 0];
/// Option `if_tsresol`, one byte, 10^-9, padded, then the end of the options.
const NANOSECOND_OPTION: [u8; 12] = [9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0];
/// "Not known" as the length of a section.
const LENGTH_UNKNOWN: u64 = u64::MAX;
/// Fixed bytes of an enhanced packet block with its prefix and suffix.
const ENHANCED_LEN: usize = 32;

/// Appends the file header of a pcap file with nanoseconds.
pub fn pcap_header(out: &mut Vec<u8>, link: LinkType) {
    out.extend_from_slice(&NANOSECONDS.to_le_bytes());
    words16(out, PCAP_VERSION);
    words(out, [0, 0, SNAP_LENGTH, u32::from(link.to_pcap())]);
}

const SNAP_LENGTH: u32 = MAX_PACKET as u32;

/// Appends one record of a pcap file; its link layer must be that of the file.
///
/// `false` if the time is beyond 32 bits of seconds or the packet beyond [`MAX_PACKET`]; nothing
/// is then appended.
#[must_use]
pub fn pcap_packet(out: &mut Vec<u8>, packet: &Packet<'_>) -> bool {
    let (Ok(seconds), Ok(fraction), Some(captured)) = (
        u32::try_from(packet.ts_ns / NS_PER_S),
        u32::try_from(packet.ts_ns % NS_PER_S),
        captured_length(packet),
    ) else {
        return false;
    };
    words(out, [seconds, fraction, captured, packet.original_length]);
    out.extend_from_slice(packet.data);
    true
}

/// Appends the section header that a pcapng file begins with.
pub fn pcapng_header(out: &mut Vec<u8>) {
    const LENGTH: u32 = 28;
    words(out, [SECTION, LENGTH, BYTE_ORDER]);
    words16(out, PCAPNG_VERSION);
    out.extend_from_slice(&LENGTH_UNKNOWN.to_le_bytes());
    words(out, [LENGTH]);
}

/// Appends an interface whose ticks are nanoseconds. The first of a section has the number 0.
pub fn pcapng_interface(out: &mut Vec<u8>, link: LinkType) {
    const LENGTH: u32 = 20 + NANOSECOND_OPTION.len() as u32;
    words(out, [INTERFACE, LENGTH]);
    words16(out, [link.to_pcap(), 0]);
    words(out, [SNAP_LENGTH]);
    out.extend_from_slice(&NANOSECOND_OPTION);
    words(out, [LENGTH]);
}

/// Appends one packet of the interface with this number, whose link layer must be the packet's.
///
/// `false` if the packet is beyond [`MAX_PACKET`]; nothing is then appended.
#[must_use]
pub fn pcapng_packet(out: &mut Vec<u8>, interface: u32, packet: &Packet<'_>) -> bool {
    let padded = packet.data.len().next_multiple_of(4);
    let (Some(captured), Ok(length)) =
        (captured_length(packet), u32::try_from(padded + ENHANCED_LEN))
    else {
        return false;
    };
    let [high, low] = [packet.ts_ns >> 32, packet.ts_ns & u64::from(u32::MAX)].map(|w| w as u32);
    words(out, [ENHANCED_PACKET, length, interface, high, low, captured]);
    words(out, [packet.original_length]);
    out.extend_from_slice(packet.data);
    out.extend(core::iter::repeat_n(0, padded - packet.data.len()));
    words(out, [length]);
    true
}

fn captured_length(packet: &Packet<'_>) -> Option<u32> {
    u32::try_from(packet.data.len()).ok().filter(|length| *length <= SNAP_LENGTH)
}

fn words<const N: usize>(out: &mut Vec<u8>, words: [u32; N]) {
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

fn words16<const N: usize>(out: &mut Vec<u8>, words: [u16; N]) {
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}
