//! A whole packet around a payload: what the simulator sends and the tests parse back.

use super::{LinkType, UdpPacket};
use super::{ethernet, ipv4, linux_cooked, loopback, udp_header, vlan};

/// The most bytes that [`emit`] adds to a payload.
pub const MAX_OVERHEAD: usize = {
    let ethernet = ethernet::HEADER_LEN;
    let cooked = linux_cooked::MAX_HEADER_LEN;
    let link = if ethernet > cooked { ethernet } else { cooked };
    assert!(loopback::HEADER_LEN < link);
    link + vlan::TAG_LEN + ipv4::HEADER_LEN + udp_header::HEADER_LEN
};

/// Writes `packet` into `out` with correct lengths and checksums and returns how many bytes it
/// took: [`super::udp`] over those bytes gives `packet` back.
///
/// Link layers without room for a VLAN tag (NULL, LOOP, raw IP) drop it.
///
/// `None` if `out` is too small or the payload does not fit into one IPv4 datagram.
pub fn emit(link: LinkType, packet: &UdpPacket<'_>, out: &mut [u8]) -> Option<usize> {
    let network = match link {
        LinkType::Ethernet => ethernet::emit(packet.destination, packet.source, packet.vlan, out),
        LinkType::LinuxSll => linux_cooked::emit_v1(packet.vlan, out),
        LinkType::LinuxSll2 => linux_cooked::emit_v2(packet.vlan, out),
        LinkType::Null => loopback::emit_null(out),
        LinkType::Loop => loopback::emit_loop(out),
        LinkType::RawIp => Some(0),
    }?;
    let udp_length = udp_header::HEADER_LEN.checked_add(packet.payload.len())?;
    let rest = out.get_mut(network..)?;
    let header = ipv4::emit(packet.source, packet.destination, udp_length, rest)?;
    let udp = rest.get_mut(header..)?.get_mut(..udp_length)?;
    udp.get_mut(udp_header::HEADER_LEN..)?.copy_from_slice(packet.payload);
    udp_header::emit(packet, udp)?;
    Some(network + header + udp_length)
}
