//! What is known of one group and port.

use std::net::SocketAddrV4;

use wire::datagram::{DatagramReject, HeartbeatItem, TextReject};

use super::counts::{Counts, Rate};
use super::socket::Listener;
use super::stream::{Seen, Stream};

/// Reasons of both forms of datagram.
const REASONS: usize = DatagramReject::ALL.len() + TextReject::ALL.len();

/// A group and what was received from it.
#[derive(Clone, Debug)]
pub struct GroupState {
    /// Address and port.
    pub address: SocketAddrV4,
    /// Counts by type.
    pub counts: Counts,
    /// Datagrams a second.
    pub rate: Rate,
    /// Sequence numbers.
    pub stream: Stream,
    /// Text lines.
    pub text_lines: u64,
    /// What was no datagram and no text line.
    rejects: [u64; REASONS],
    /// Last heartbeat.
    pub heartbeat: Option<HeartbeatItem>,
    /// When anything was last received, Unix ns; 0 never.
    pub last_ns: u64,
    /// Places where the numbers were not complete.
    pub breaks: u64,
    /// Greatest and last time from sending to reception, ns; 0 where clocks disagree.
    pub transit_ns: (u64, u64),
    /// Datagrams that the kernel dropped at our socket; `None` where it does not say.
    pub kernel_drops: Option<u64>,
    drops_before: u32,
    /// Our receive buffer, bytes; 0 for a capture.
    pub receive_buffer: usize,
}

impl GroupState {
    /// A group that nothing was received from.
    #[must_use]
    pub fn new(address: SocketAddrV4) -> GroupState {
        GroupState {
            address,
            counts: Counts::default(),
            rate: Rate::default(),
            stream: Stream::default(),
            text_lines: 0,
            rejects: [0; REASONS],
            heartbeat: None,
            last_ns: 0,
            breaks: 0,
            transit_ns: (0, 0),
            kernel_drops: None,
            drops_before: 0,
            receive_buffer: 0,
        }
    }

    /// The group of a socket.
    #[must_use]
    pub fn of(listener: &Listener) -> GroupState {
        GroupState {
            kernel_drops: listener.counts_drops().then_some(0),
            receive_buffer: listener.receive_buffer(),
            ..GroupState::new(listener.group())
        }
    }

    /// Takes the kernel's count of drops, which runs over at 32 bits.
    pub fn dropped(&mut self, count: u32) {
        let more = u64::from(count.wrapping_sub(self.drops_before));
        self.drops_before = count;
        self.kernel_drops = Some(self.kernel_drops.unwrap_or(0) + more);
    }

    /// Takes a sequence number.
    pub fn observe(&mut self, source: SocketAddrV4, number: u64) -> Seen {
        let seen = self.stream.observe(source, number);
        if matches!(seen, Seen::First(false) | Seen::Hole(_) | Seen::Restart(_)) {
            self.breaks += 1;
        }
        seen
    }

    /// Takes the times of a datagram.
    pub fn timed(&mut self, sent_ns: u64, received_ns: u64) {
        let transit = received_ns.saturating_sub(sent_ns);
        self.transit_ns = (self.transit_ns.0.max(transit), transit);
    }

    /// Counts what is no datagram.
    pub fn reject(&mut self, reason: DatagramReject) {
        self.rejects[reason.index()] += 1;
    }

    /// Counts what is no text line.
    pub fn reject_text(&mut self, reason: TextReject) {
        self.rejects[DatagramReject::ALL.len() + reason.index()] += 1;
    }

    /// Everything that was received: datagrams, text lines, rejects.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.counts.total() + self.text_lines + self.rejected()
    }

    /// All rejects.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejects.iter().sum()
    }

    /// Rejects by name, without those that never happened.
    pub fn rejects(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = DatagramReject::ALL.iter().map(|reason| reason.name());
        let names = names.chain(TextReject::ALL.iter().map(|reason| reason.name()));
        names.zip(self.rejects).filter(|(_, count)| *count != 0)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn drops_run_over_and_rejects_have_names() {
        let mut group = GroupState::new(SocketAddrV4::new(Ipv4Addr::new(239, 0, 0, 1), 9));
        assert_eq!(group.kernel_drops, None);
        group.dropped(u32::MAX);
        group.dropped(4);
        assert_eq!(group.kernel_drops, Some(u64::from(u32::MAX) + 5));
        group.reject(DatagramReject::Version);
        group.reject_text(TextReject::Tag);
        group.reject_text(TextReject::Tag);
        let all: Vec<_> = group.rejects().collect();
        assert_eq!(all, [("datagram_version", 1), ("text_tag", 2)]);
        assert_eq!((group.rejected(), group.received()), (3, 3));
    }
}
