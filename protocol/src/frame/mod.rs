//! From the first byte of a captured packet to the UDP payload, and the MoldUDP64 framing in it.
//!
//! One file per protocol, each with the same parts in the same order: the layout as an offset
//! table, the header as a view, the checks, the emission. Read one and you have read all.
//!
//! ```text
//! link.rs        which of the five link layers the bytes begin with
//! ethernet.rs    Ethernet II                        vlan.rs      802.1Q and QinQ tags
//! linux_cooked.rs  LINUX_SLL, LINUX_SLL2            loopback.rs  NULL, LOOP, raw IP
//! ipv4.rs        IPv4 header                        udp.rs       UDP header
//! checksum.rs    the Internet checksum              emit.rs      a whole packet
//! moldudp64.rs   Nasdaq's session framing
//! soupbintcp.rs  its framing of a TCP stream        digits.rs    its numbers of ASCII digits
//! ```
//!
//! [`udp`] is the one way into captured packets. IPv6, TCP and fragments are named rejects: no venue
//! of this handler sends live market data that way, and silently reassembling would hide a broken
//! network. What a venue does send over TCP, snapshots on request, is read from the socket that
//! asked, by [`soupbintcp`].

mod checksum;
pub(crate) mod digits;
mod emit;
mod ethernet;
mod ipv4;
mod link;
mod linux_cooked;
mod loopback;
pub mod moldudp64;
pub mod soupbintcp;
#[path = "udp.rs"]
mod udp_header;
mod vlan;

pub use emit::{MAX_OVERHEAD, emit};
pub use link::LinkType;

use crate::reject::rejects;

/// Whether the IPv4 and UDP checksums are computed and compared.
///
/// A NIC has already checked what it hands over, and a packet captured on the host that sent it
/// often carries a checksum that the NIC was still to fill in; both are read with `Ignore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksums {
    /// Compute both; a difference is [`FrameReject::IpChecksum`] or [`FrameReject::UdpChecksum`].
    Verify,
    /// Believe whoever delivered the packet.
    Ignore,
}

rejects! {
    /// Why a packet is not a UDP datagram that can be read.
    FrameReject {
        /// The link-layer header is cut short.
        LinkTruncated = "link_truncated",
        /// A VLAN tag is cut short.
        VlanTruncated = "vlan_truncated",
        /// More than two VLAN tags.
        VlanDepth = "vlan_depth",
        /// Neither IPv4 nor IPv6: ARP, LLDP, spanning tree, ...
        NotIp = "not_ip",
        /// An IPv6 packet.
        Ipv6 = "ipv6",
        /// The IPv4 header or what it announces is cut short.
        IpTruncated = "ip_truncated",
        /// The link layer announced IPv4 but the version nibble says something else.
        IpVersion = "ip_version",
        /// The IPv4 header length is below five words.
        IpHeaderLength = "ip_header_length",
        /// The IPv4 total length is shorter than its header.
        IpLength = "ip_length",
        /// The IPv4 header checksum is wrong.
        IpChecksum = "ip_checksum",
        /// A fragment of a datagram.
        Fragment = "fragment",
        /// IPv4 with another protocol than UDP.
        NotUdp = "not_udp",
        /// The IPv4 payload is too short for a UDP header.
        UdpTruncated = "udp_truncated",
        /// The UDP length is below 8 or beyond the IPv4 payload.
        UdpLength = "udp_length",
        /// The UDP checksum is wrong.
        UdpChecksum = "udp_checksum",
    }
}

/// A UDP datagram with the addresses it travelled between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpPacket<'a> {
    /// Source IPv4 address as a number: 233.54.12.111 is `0xE936_0C6F`.
    pub source: u32,
    /// Destination IPv4 address or multicast group, as a number.
    pub destination: u32,
    /// Source UDP port.
    pub source_port: u16,
    /// Destination UDP port.
    pub destination_port: u16,
    /// VLAN identifier, 1 to 4,095, of the innermost tag; 0 where the packet has none.
    pub vlan: u16,
    /// What the sender put into the datagram; link-layer padding is already cut off.
    pub payload: &'a [u8],
}

/// What a link layer hands to the network layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network<'a> {
    /// VLAN identifier of the innermost tag, 0 where there is none.
    vlan: u16,
    /// Begins with the IPv4 header, may end with padding.
    bytes: &'a [u8],
}

/// Walks from the link layer to the UDP payload.
///
/// # Errors
/// The first thing that is wrong, as a [`FrameReject`].
#[inline]
pub fn udp(link: LinkType, bytes: &[u8], checks: Checksums) -> Result<UdpPacket<'_>, FrameReject> {
    let network = link.open(bytes)?;
    let datagram = ipv4::parse(network.bytes, checks)?;
    udp_header::parse(&datagram, network.vlan, checks)
}
