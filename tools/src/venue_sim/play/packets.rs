//! Messages into MoldUDP64 packets, the way the venue fills them.
//!
//! A file of messages does not say which of them shared a packet. On the wire most packets carry
//! one message, and the largest recorded one carries 38 in 1,472 bytes of UDP payload, which is
//! what an Ethernet frame of 1,500 bytes leaves. A venue sends what has come together by the time
//! its sender is free, so messages whose stamps are close share a packet. [`Rule::Natural`] draws
//! for each packet how long that is (lognormal, median 20 us, two thirds from 4 to 113 us) and
//! closes it at 38 messages or 1,472 bytes. The pauses are drawn, not recorded: the packets of a
//! file played are synthetic, its messages and their order are not.
//!
//! The same seed gives the same packets at every speed, because only stamps decide. A packet is
//! closed by the message that does not join it, or by [`Packetiser::flush`].

use std::sync::Arc;

use protocol::frame::moldudp64::{HEADER_LEN, MAX_MESSAGES, MoldWriter, Session};
use protocol::venue::nasdaq::file::{Frame, LENGTH_LEN, append, next};

use super::source::Message;
use crate::venue_sim::random::Random;

/// Most bytes of UDP payload in an Ethernet frame of 1,500 bytes.
pub const MAX_PAYLOAD: usize = 1_472;
/// Most messages in one packet that were seen on the wire.
pub const MAX_NATURAL: u16 = 38;
/// The longest message that a packet has room for.
pub const MAX_MESSAGE: usize = MAX_PAYLOAD - HEADER_LEN - LENGTH_LEN;
/// Median and spread (powers of two) of the time that a packet stays open, ns.
const OPEN_MEDIAN_NS: f64 = 20_000.0;
const OPEN_DEVIATION: f64 = 2.5;

/// Which messages share a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Those close in time, by a seeded draw.
    Natural,
    /// So many, as far as they fit.
    Fixed(u16),
    /// Those that shared one in the recording.
    Kept,
}

/// A packet as the venue would send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Number of its first message.
    pub first: u64,
    /// How many messages it carries, at least one.
    pub count: u16,
    /// Stamp of its first message, ns; the recording's clock.
    pub first_ns: u64,
    /// Stamp of its last message, ns: it cannot have been sent before.
    pub last_ns: u64,
    /// The UDP payload.
    pub bytes: Arc<[u8]>,
}

impl Packet {
    /// The number after its last message.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }
}

/// A message that no packet has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes; a packet of {MAX_PAYLOAD} bytes has room for {MAX_MESSAGE}")]
pub struct TooLong {
    /// Its length.
    pub length: usize,
}

/// Fills packets.
#[derive(Debug)]
pub struct Packetiser {
    rule: Rule,
    session: Session,
    random: Random,
    /// Number of the next message.
    next: u64,
    /// Messages of the open packet, each after its length: the form of MoldUDP64's blocks.
    blocks: Vec<u8>,
    count: u16,
    first_ns: u64,
    last_ns: u64,
    /// How long the open packet takes in messages, ns.
    open_ns: u64,
}

impl Packetiser {
    /// Packets of a session whose first message has the number `first`.
    #[must_use]
    pub fn new(rule: Rule, session: Session, first: u64, seed: u64) -> Self {
        Self {
            rule,
            session,
            random: Random::new(seed),
            next: first,
            blocks: Vec::with_capacity(MAX_PAYLOAD),
            count: 0,
            first_ns: 0,
            last_ns: 0,
            open_ns: 0,
        }
    }

    /// Number of the next message.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Adds a message; the packet that it closed, if it did not join it.
    ///
    /// # Errors
    /// [`TooLong`], and nothing is changed.
    pub fn push(&mut self, message: &Message) -> Result<Option<Packet>, TooLong> {
        let length = message.bytes.len();
        if length > MAX_MESSAGE {
            return Err(TooLong { length });
        }
        let closed = if self.joins(message) { None } else { self.flush() };
        if self.count == 0 {
            self.next = self.next.saturating_add(message.skipped);
            self.first_ns = message.time_ns;
            if self.rule == Rule::Natural {
                self.open_ns = self.random.lognormal(OPEN_MEDIAN_NS, OPEN_DEVIATION);
            }
        }
        if append(&mut self.blocks, &message.bytes) {
            self.count += 1;
            self.next = self.next.saturating_add(1);
            self.last_ns = message.time_ns;
        }
        Ok(closed)
    }

    fn joins(&self, message: &Message) -> bool {
        let bytes = HEADER_LEN + self.blocks.len() + LENGTH_LEN + message.bytes.len();
        let fits = bytes <= MAX_PAYLOAD && self.count < MAX_MESSAGES && message.skipped == 0;
        let wanted = match self.rule {
            Rule::Natural => {
                let open_ns = message.time_ns.abs_diff(self.first_ns);
                self.count < MAX_NATURAL && open_ns <= self.open_ns
            }
            Rule::Fixed(messages) => self.count < messages,
            Rule::Kept => !message.begins_packet,
        };
        self.count > 0 && fits && wanted
    }

    /// Closes the open packet, if there is one.
    pub fn flush(&mut self) -> Option<Packet> {
        let count = std::mem::take(&mut self.count);
        if count == 0 {
            return None;
        }
        let first = self.next.saturating_sub(u64::from(count));
        let mut buffer = vec![0; HEADER_LEN + self.blocks.len()];
        let mut writer = MoldWriter::begin(&mut buffer, self.session, first)?;
        let mut rest = self.blocks.as_slice();
        while let Frame::Message { bytes, consumed } = next(rest, true) {
            if !writer.push(bytes) {
                break;
            }
            rest = rest.get(consumed..).unwrap_or_default();
        }
        let bytes = Arc::from(writer.finish());
        self.blocks.clear();
        Some(Packet { first, count, first_ns: self.first_ns, last_ns: self.last_ns, bytes })
    }
}

#[cfg(test)]
#[path = "packets_tests.rs"]
mod tests;
