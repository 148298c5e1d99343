//! A session of MoldUDP64 packets in memory, and a source that hands them to a lane.
//!
//! The venue's messages come in packets of a few to some dozens; how many decides how far a lane
//! can look ahead. So the same messages are played in packets of several sizes. A session's name is
//! in every packet: it is written anew for each round, outside of the time that is measured, because
//! a lane begins with empty books at each new session.
//!
//! `budgets` packs too, in one session and sizes of its own, and is a program, not a library to
//! depend on for the rest of this file.

use std::sync::atomic::{AtomicU32, Ordering};

use affinity::huge::advise_huge;
use feed::error::FeedError;
use feed::net::{Layer, Packet, Polled, Source};
use protocol::frame::moldudp64::{HEADER_LEN, MoldWriter, Session, heartbeat};
use wire::StampBy;

use crate::data::messages;

/// Sessions of this process so far.
static SESSIONS: AtomicU32 = AtomicU32::new(1);
/// Most bytes of a packet: what an Ethernet frame carries.
const PACKET_MAX: usize = 1_472;

/// A session, packet by packet.
pub struct Packets {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Messages in all of them.
    pub messages: u64,
    session: Session,
}

impl Packets {
    /// The messages of raw ITCH in packets of `count` each, fewer where they would not fit.
    pub fn of(itch: &[u8], count: u16) -> Packets {
        let mut packets =
            Packets { bytes: Vec::new(), ends: Vec::new(), messages: 0, session: [b' '; 10] };
        packets.bytes.reserve_exact(itch.len() + itch.len() / 2);
        let mut all = messages(itch).peekable();
        let mut buffer = [0; PACKET_MAX];
        while all.peek().is_some() {
            let Some(mut writer) = MoldWriter::begin(&mut buffer, [b' '; 10], packets.messages + 1)
            else {
                break;
            };
            while let Some(message) =
                all.next_if(|message| writer.count() < count && writer.push(message))
            {
                debug_assert!(!message.is_empty());
            }
            packets.messages += u64::from(writer.count());
            if writer.count() == 0 {
                // One that no packet can hold is left out.
                all.next();
                continue;
            }
            packets.bytes.extend_from_slice(writer.finish());
            packets.ends.push(packets.bytes.len());
        }
        // What came of it the allocator's notes tell: it does the same for every contestant.
        let _ = advise_huge(&mut packets.bytes);
        packets
    }

    /// How many packets.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Another session with the same messages. Gives its first heartbeat back, with which a lane
    /// begins the session before time is taken.
    pub fn begin_session(&mut self) -> [u8; HEADER_LEN] {
        // Relaxed: only a number that no other session of this process has.
        let text = format!("SIM{:07}", SESSIONS.fetch_add(1, Ordering::Relaxed));
        for (to, from) in self.session.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        let mut from = 0;
        for &end in &self.ends {
            if let Some(packet) = self.bytes.get_mut(from..end)
                && let Some(name) = packet.get_mut(..self.session.len())
            {
                name.copy_from_slice(&self.session);
            }
            from = end;
        }
        heartbeat(self.session, 1)
    }

    /// A source over the packets from the first on.
    pub fn play(&self) -> Playing<'_> {
        Playing { packets: self, next: 0, from: 0 }
    }
}

/// Hands packets out of memory, as many as a poll asks for.
pub struct Playing<'a> {
    packets: &'a Packets,
    next: usize,
    from: usize,
}

/// ns between the receive stamps of two packets: a clock that is the same in every round.
const STAMP_STEP: u64 = 250;

impl Source for Playing<'_> {
    fn poll(
        &mut self,
        _now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let mut handed = 0;
        while handed < budget {
            let Some(&end) = self.packets.ends.get(self.next) else { break };
            let Some(bytes) = self.packets.bytes.get(self.from..end) else { break };
            self.next += 1;
            self.from = end;
            handed += 1;
            sink(packet(bytes, self.next as u64 * STAMP_STEP));
        }
        Ok(if handed == 0 { Polled::End } else { Polled::Packets(handed) })
    }
}

/// A packet of line A, as a socket gives it.
pub fn packet(bytes: &[u8], ts_receive: u64) -> Packet<'_> {
    Packet { bytes, layer: Layer::Udp, ts_receive, stamp: StampBy::Poll, line: 1 }
}

/// Never more than `limit` packets in a poll.
pub struct AtMost<S>(pub S, pub usize);

impl<S: Source> Source for AtMost<S> {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        self.0.poll(now, budget.min(self.1), sink)
    }
}

#[cfg(test)]
mod tests {
    use super::Packets;
    use crate::data::messages;
    use feed::net::{Polled, Source};
    use protocol::frame::moldudp64::MoldPacket;

    #[test]
    fn every_message_once_in_order_and_in_a_session_of_its_own() {
        let raw: Vec<u8> = (0..5_000_u32)
            .flat_map(|number| {
                let length = 19 + number as u16 % 22;
                let mut record = length.to_be_bytes().to_vec();
                record.extend(number.to_be_bytes());
                record.resize(2 + usize::from(length), 7);
                record
            })
            .collect();
        let mut sessions = Vec::new();
        for size in [1, 8, 30] {
            let mut packets = Packets::of(&raw, size);
            let heartbeat = packets.begin_session();
            let session = MoldPacket::parse(&heartbeat).expect("a heartbeat").session;
            assert!(!sessions.contains(&session), "a lane has seen this session");
            sessions.push(session);
            let (mut next, mut found) = (1, Vec::new());
            let mut source = packets.play();
            loop {
                let mut take = |packet: feed::net::Packet<'_>| {
                    let parsed = MoldPacket::parse(packet.bytes).expect("a packet");
                    assert_eq!((parsed.session, parsed.sequence), (session, next));
                    assert!(parsed.count() <= size);
                    next = parsed.next_sequence();
                    found.extend(parsed.messages().map(<[u8]>::to_vec));
                };
                if source.poll(0, 32, &mut take).expect("no end but the last") == Polled::End {
                    break;
                }
            }
            assert!(found.iter().map(Vec::as_slice).eq(messages(&raw)), "packets of {size}");
            assert_eq!(packets.messages, 5_000);
        }
    }
}
