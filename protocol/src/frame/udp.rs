//! UDP (RFC 768).
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | source_port | |
//! | 2 | 2 | destination_port | |
//! | 4 | 2 | length | header and payload, at least 8 |
//! | 6 | 2 | checksum | over a pseudo header, this header and the payload; 0 = not computed |
//!
//! Pseudo header: source address, destination address, a zero byte, protocol 17, UDP length.
//! IPv4 may carry more bytes than the UDP length says; they belong to nobody and are cut off.

use zerocopy::byteorder::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::checksum::Sum;
use super::ipv4::{Datagram, PROTOCOL_UDP};
use super::{Checksums, FrameReject, UdpPacket};

/// The UDP header.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Header {
    source_port: U16,
    destination_port: U16,
    length: U16,
    checksum: U16,
}

/// Bytes before the payload.
pub(crate) const HEADER_LEN: usize = size_of::<Header>();

const _: () = {
    assert!(HEADER_LEN == 8);
    assert!(core::mem::offset_of!(Header, destination_port) == 2);
    assert!(core::mem::offset_of!(Header, length) == 4);
    assert!(core::mem::offset_of!(Header, checksum) == 6);
};

/// Checks the header and cuts the payload to the UDP length.
#[inline]
pub(crate) fn parse<'a>(
    datagram: &Datagram<'a>,
    vlan: u16,
    checks: Checksums,
) -> Result<UdpPacket<'a>, FrameReject> {
    let (header, _) =
        Header::ref_from_prefix(datagram.payload).map_err(|_| FrameReject::UdpTruncated)?;
    let length = usize::from(header.length.get());
    let bytes = datagram.payload.get(..length).ok_or(FrameReject::UdpLength)?;
    let payload = bytes.get(HEADER_LEN..).ok_or(FrameReject::UdpLength)?;
    if checks == Checksums::Verify
        && header.checksum.get() != 0
        && sum(datagram.source, datagram.destination, bytes).fold() != 0xFFFF
    {
        return Err(FrameReject::UdpChecksum);
    }
    Ok(UdpPacket {
        source: datagram.source,
        destination: datagram.destination,
        source_port: header.source_port.get(),
        destination_port: header.destination_port.get(),
        vlan,
        payload,
    })
}

/// Writes the header in front of a payload that already stands behind it in `out`, whose length is
/// that of the whole UDP datagram.
pub(crate) fn emit(packet: &UdpPacket<'_>, out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?;
    let (header, _) = Header::mut_from_prefix(out).ok()?;
    header.source_port = U16::new(packet.source_port);
    header.destination_port = U16::new(packet.destination_port);
    header.length = U16::new(length);
    header.checksum = U16::new(0);
    let checksum = !sum(packet.source, packet.destination, out).fold();
    let (header, _) = Header::mut_from_prefix(out).ok()?;
    // A computed zero is sent as all ones, because zero means "not computed".
    header.checksum = U16::new(if checksum == 0 { 0xFFFF } else { checksum });
    Some(())
}

fn sum(source: u32, destination: u32, udp: &[u8]) -> Sum {
    Sum::default()
        .address(source)
        .address(destination)
        .word(u16::from(PROTOCOL_UDP))
        .word(u16::try_from(udp.len()).unwrap_or(u16::MAX))
        .bytes(udp)
}
