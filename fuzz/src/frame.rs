//! `frame`: any bytes as a packet of every link layer, with and without checksums.
//!
//! What holds: the payload is a part of the input; verifying refuses more than not verifying and
//! never answers otherwise; and the packet that `emit` makes of an answer parses back to it.

use protocol::frame::{Checksums, FrameReject, LinkType, MAX_OVERHEAD, UdpPacket, emit, udp};

use crate::offset_in;

/// Headers of IPv4 and UDP: the least that surrounds a payload.
const LEAST_HEADERS: usize = 28;

/// Bytes of a UDP header.
const UDP_HEADER: usize = 8;

/// Checks one input.
pub fn check(data: &[u8]) {
    for link in LinkType::ALL {
        assert_eq!(LinkType::from_pcap(link.to_pcap()), Some(link));
        let ignored = udp(link, data, Checksums::Ignore);
        let verified = udp(link, data, Checksums::Verify);
        match (&ignored, &verified) {
            (Ok(a), Ok(b)) => assert_eq!(a, b, "{link:?}: verifying changed the answer"),
            (Ok(_), Err(FrameReject::IpChecksum | FrameReject::UdpChecksum)) => {}
            (Err(_), Err(FrameReject::IpChecksum)) => {}
            (Err(a), Err(b)) => assert_eq!(a, b, "{link:?}"),
            _ => panic!("{link:?}: {ignored:?} ignoring, {verified:?} verifying"),
        }
        match ignored {
            Ok(packet) => check_packet(link, data, &packet),
            Err(reason) => {
                let sums = [FrameReject::IpChecksum, FrameReject::UdpChecksum];
                assert!(!sums.contains(&reason), "{link:?}: {reason} though not asked for");
                assert_eq!(FrameReject::ALL.get(reason.index()), Some(&reason));
            }
        }
    }
}

/// Whether the UDP checksum in front of the payload is absent or right, added up word by word.
fn sum_is_right(header: &[u8], packet: &UdpPacket<'_>) -> bool {
    let length = (header.len() + packet.payload.len()) as u32;
    let mut sum = 17 + length;
    let addresses = [packet.source, packet.destination];
    sum += addresses.iter().map(|address| (address >> 16) + (address & 0xffff)).sum::<u32>();
    let bytes = [header, packet.payload].concat();
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low));
        sum = (sum >> 16) + (sum & 0xffff);
    }
    (header[6], header[7]) == (0, 0) || (sum >> 16) + (sum & 0xffff) == 0xffff
}

fn check_packet(link: LinkType, data: &[u8], packet: &UdpPacket<'_>) {
    let at = offset_in(data, packet.payload).expect("a payload from somewhere else");
    assert!(at >= LEAST_HEADERS, "{link:?}: payload at {at}, within the headers");
    let right = sum_is_right(&data[at - UDP_HEADER..at], packet);
    match udp(link, data, Checksums::Verify) {
        Ok(_) => assert!(right, "{link:?}: a wrong UDP checksum was believed"),
        Err(FrameReject::UdpChecksum) => assert!(!right, "{link:?}: a right UDP checksum"),
        Err(_) => {}
    }
    assert!(packet.vlan < 4096, "{link:?}: VLAN {}", packet.vlan);
    let mut out = vec![0xaa; packet.payload.len() + MAX_OVERHEAD];
    // An IPv4 datagram holds any payload that came in one, unless options were cut off for it.
    let used = emit(link, packet, &mut out).expect("what was a packet fits into one");
    let written = out.get(..used).expect("emit stays in its buffer");
    assert_eq!(udp(link, written, Checksums::Verify), Ok(*packet), "{link:?}: emitted otherwise");
    assert!(out.iter().skip(used).all(|&byte| byte == 0xaa), "{link:?}: written beyond its end");
    let short = out.get_mut(..used - 1).expect("a packet is not empty");
    assert_eq!(emit(link, packet, short), None, "{link:?}: fits into less than it needs");
}
