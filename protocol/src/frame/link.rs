//! Which link layer a packet begins with, and the step from it to the network layer.

use super::{FrameReject, Network, ethernet, linux_cooked, loopback};

/// The link layers that market data is captured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// Ethernet II, with up to two VLAN tags.
    Ethernet,
    /// Linux "cooked" capture of the `any` device, version 1.
    LinuxSll,
    /// Linux "cooked" capture of the `any` device, version 2.
    LinuxSll2,
    /// BSD loopback: the address family in the byte order of the capturing host.
    Null,
    /// OpenBSD loopback: the address family in network byte order.
    Loop,
    /// No link layer: the packet begins with the IP header.
    RawIp,
}

impl LinkType {
    /// Every link layer that can be read.
    pub const ALL: [Self; 6] =
        [Self::Ethernet, Self::LinuxSll, Self::LinuxSll2, Self::Null, Self::Loop, Self::RawIp];

    /// The link layer with this number in the pcap registry of link types, if it can be read.
    ///
    /// 12 and 14 are what BSD systems wrote for raw IP before 101 was assigned; 228 is raw IPv4.
    #[must_use]
    pub const fn from_pcap(number: u16) -> Option<Self> {
        match number {
            0 => Some(Self::Null),
            1 => Some(Self::Ethernet),
            12 | 14 | 101 | 228 => Some(Self::RawIp),
            108 => Some(Self::Loop),
            113 => Some(Self::LinuxSll),
            276 => Some(Self::LinuxSll2),
            _ => None,
        }
    }

    /// The number that capture files carry.
    #[must_use]
    pub const fn to_pcap(self) -> u16 {
        match self {
            Self::Ethernet => 1,
            Self::LinuxSll => 113,
            Self::LinuxSll2 => 276,
            Self::Null => 0,
            Self::Loop => 108,
            Self::RawIp => 101,
        }
    }

    /// Removes the link layer.
    pub(crate) fn open(self, bytes: &[u8]) -> Result<Network<'_>, FrameReject> {
        match self {
            Self::Ethernet => ethernet::parse(bytes),
            Self::LinuxSll => linux_cooked::parse_v1(bytes),
            Self::LinuxSll2 => linux_cooked::parse_v2(bytes),
            Self::Null => loopback::parse_null(bytes),
            Self::Loop => loopback::parse_loop(bytes),
            Self::RawIp => loopback::parse_raw(bytes),
        }
    }
}
