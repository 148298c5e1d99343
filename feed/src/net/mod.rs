//! Sources: where bytes come from.
//!
//! One trait. `poll` hands over borrowed packets with their stamps; a packet lives only as long as
//! the call, so a source over a ring of the kernel or a card can give its own memory.

pub mod capture;
pub mod chaos;
pub mod send;
pub mod tap;
pub mod udp;

use protocol::frame::LinkType;
use wire::StampBy;

use crate::error::FeedError;

/// With which layer the bytes of a packet begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// A link-layer frame: captures, AF_PACKET, AF_XDP, DPDK.
    Link(LinkType),
    /// The payload of a UDP datagram: sockets, and files without packets.
    Udp,
}

/// A received packet.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What they begin with.
    pub layer: Layer,
    /// When it was received, ns UTC.
    pub ts_receive: u64,
    /// Who took that stamp.
    pub stamp: StampBy,
    /// Line: 1 A, 2 B, ...; 0 if the destination of the datagram decides.
    pub line: u8,
}

/// What a poll of a source gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// So many packets, at least one.
    Packets(usize),
    /// Nothing now.
    Nothing,
    /// Nothing any more: a capture is at its end.
    End,
}

/// What a source itself counted of one line, since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// Datagrams that the kernel dropped because the socket's buffer was full (SO_RXQ_OVFL).
    pub kernel_drops: u64,
    /// Datagrams longer than the source's buffers: cut, and not handed over.
    pub truncated: u64,
    /// Packets that came without the receive stamp that was asked for.
    pub unstamped: u64,
}

/// Where bytes come from.
pub trait Source {
    /// Hands at most `budget` packets to `sink`.
    ///
    /// `now` is the lane's clock, ns UTC.
    ///
    /// # Errors
    /// Only what ends the source; a bad packet is counted by the source and passed over.
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError>;

    /// What the source counted of `line` (1 A, 2 B, ...). Cheap: plain numbers, no system call.
    #[inline]
    fn counts(&self, _line: u8) -> SourceCounts {
        SourceCounts::default()
    }
}
