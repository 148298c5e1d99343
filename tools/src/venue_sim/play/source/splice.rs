//! The packets of a capture in the order of the session.
//!
//! A capture may hold both lines of a feed, so each number may come twice, and not in order where
//! the two lines interleave. Packets ahead of their turn wait until it comes; when too many wait,
//! what they wait for is not in the capture, and the numbers between are skipped and counted.

use std::collections::BTreeMap;

use protocol::frame::moldudp64::{HEADER_LEN, MoldKind, MoldPacket, Session};

use super::InputCounts;

/// How many packets wait for one that is missing: more than two lines can be apart.
const WAITING: usize = 1_024;

/// A packet whose turn has come.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The blocks of its messages: each after its length.
    pub(super) blocks: Vec<u8>,
    /// Numbers before it that no packet had.
    pub(super) skipped: u64,
}

/// Puts packets into order.
#[derive(Debug, Default)]
pub(super) struct Splice {
    session: Option<Session>,
    /// The number whose turn it is, from the first packet on.
    expected: Option<u64>,
    /// Packets by the number of their first message.
    waiting: BTreeMap<u64, (u64, Vec<u8>)>,
}

impl Splice {
    /// The session of the first packet.
    pub(super) const fn session(&self) -> Option<Session> {
        self.session
    }

    /// Takes the payload of a UDP datagram.
    pub(super) fn offer(&mut self, payload: &[u8], counts: &mut InputCounts) {
        let Ok(packet) = MoldPacket::parse(payload) else {
            counts.other_packets += 1;
            return;
        };
        // Anything of the right shape parses; a session is text.
        if !packet.session.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            counts.other_packets += 1;
            return;
        }
        if *self.session.get_or_insert(packet.session) != packet.session {
            counts.other_sessions += 1;
            return;
        }
        if !matches!(packet.kind, MoldKind::Data(_)) {
            counts.idle_packets += 1;
            return;
        }
        let expected = *self.expected.get_or_insert(packet.sequence);
        let (first, end) = (packet.sequence, packet.next_sequence());
        let known = self.waiting.get(&first).is_some_and(|held| held.0 >= end);
        if end <= expected || known {
            counts.duplicate_packets += 1;
            return;
        }
        let blocks = payload.get(HEADER_LEN..).unwrap_or_default().to_vec();
        self.waiting.insert(first, (end, blocks));
    }

    /// The packet whose turn it is; at the end of the capture, whatever comes next.
    pub(super) fn take(&mut self, at_end: bool, counts: &mut InputCounts) -> Option<Turn> {
        loop {
            let (first, _) = self.waiting.first_key_value()?;
            let expected = self.expected.unwrap_or(*first);
            if *first > expected && !at_end && self.waiting.len() <= WAITING {
                return None;
            }
            let (first, (end, mut blocks)) = self.waiting.pop_first()?;
            if end <= expected {
                counts.duplicate_packets += 1;
                continue;
            }
            let skipped = first.saturating_sub(expected);
            counts.missing_messages += skipped;
            drop_messages(&mut blocks, expected.saturating_sub(first));
            self.expected = Some(end);
            return Some(Turn { blocks, skipped });
        }
    }
}

/// Drops messages that had their turn in another packet.
fn drop_messages(blocks: &mut Vec<u8>, count: u64) {
    let mut offset = 0;
    for _ in 0..count {
        let Some((length, _)) = blocks.get(offset..).and_then(<[u8]>::split_first_chunk) else {
            break;
        };
        offset += 2 + usize::from(u16::from_be_bytes(*length));
    }
    blocks.drain(..offset.min(blocks.len()));
}
