//! A client's side of a snapshot, and a connection driven through virtual time.

use protocol::frame::soupbintcp::{
    ClientPacket, LoginRequest, ServerPacket, SoupReader, SoupReject,
};
use tools::venue_sim::serve::{Connection, GlimpseCounts, Service, SnapshotSource};

/// A packet of the server, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Accepted([u8; 10], u64),
    Rejected(u8),
    Message(Vec<u8>),
    Heartbeat,
    End,
    Wrong(SoupReject),
}

/// What a client got from one connection.
#[derive(Debug)]
pub struct Told {
    pub packets: Vec<(u64, Got)>,
    /// When the server closed; `u64::MAX` if the client did.
    pub closed: u64,
    pub counts: GlimpseCounts,
    pub bytes: u64,
}

impl Told {
    pub fn messages(&self) -> Vec<&[u8]> {
        self.packets
            .iter()
            .filter_map(|(_, got)| match got {
                Got::Message(bytes) => Some(bytes.as_slice()),
                _ => None,
            })
            .collect()
    }

    pub fn others(&self) -> Vec<Got> {
        let others = self.packets.iter().map(|(_, got)| got.clone());
        others.filter(|got| !matches!(got, Got::Message(_))).collect()
    }
}

/// A login for a snapshot.
pub fn login() -> Vec<u8> {
    said(&ClientPacket::Login(LoginRequest::new("USER", "SECRET", 1).expect("a login")))
}

pub fn said(packet: &ClientPacket<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(packet.encode(&mut bytes));
    bytes
}

/// A client that comes in at 0 and says these bytes at these times, from then on a heartbeat every
/// second; the server writes in pieces of at most `piece`. Ends when the server closes, or
/// after 100 seconds, when the client gives up.
pub fn drive(
    service: &Service,
    seed: u64,
    source: &dyn SnapshotSource,
    says: &[(u64, Vec<u8>)],
    piece: usize,
) -> Told {
    const SECOND: u64 = 1_000_000_000;
    let mut connection = Connection::new(service, seed, 0);
    let mut told =
        Told { packets: Vec::new(), closed: 0, counts: GlimpseCounts::default(), bytes: 0 };
    let mut reader = SoupReader::new(100);
    let (mut now, mut says) = (0, says.iter().peekable());
    let mut beat = SECOND;
    for _ in 0..2_000_000 {
        while let Some((_, bytes)) = says.next_if(|(at, _)| *at <= now) {
            connection.received(bytes, now, source);
        }
        if says.peek().is_none() && beat <= now {
            connection.received(&said(&ClientPacket::Heartbeat), now, source);
            beat = now + SECOND;
        }
        let output = connection.output(now);
        let mut portion = &output[..output.len().min(piece)];
        let wrote = portion.len();
        while let Some(packet) = reader.next(&mut portion) {
            let got = match packet.and_then(|packet| packet.server()) {
                Ok(ServerPacket::Accepted { session, sequence }) => {
                    Got::Accepted(session, sequence)
                }
                Ok(ServerPacket::Rejected(reason)) => Got::Rejected(reason as u8),
                Ok(ServerPacket::Sequenced(message)) => Got::Message(message.to_vec()),
                Ok(ServerPacket::Heartbeat) => Got::Heartbeat,
                Ok(ServerPacket::EndOfSession) => Got::End,
                Ok(other) => panic!("{other:?}"),
                Err(reason) => Got::Wrong(reason),
            };
            told.packets.push((now, got));
        }
        connection.wrote(wrote, now);
        told.bytes += wrote as u64;
        if connection.is_closed() || now > 100 * SECOND {
            let closed = connection.is_closed();
            assert_eq!(connection.deadline(now) == u64::MAX, closed);
            assert!(connection.output(now).is_empty());
            told.closed = if closed { now } else { u64::MAX };
            told.counts = *connection.counts();
            assert!(told.counts.balances(), "{:?}", told.counts);
            assert_eq!(told.counts.bytes, told.bytes);
            return told;
        }
        let said = says.peek().map_or(beat, |(at, _)| *at);
        let next = connection.deadline(now);
        assert!(wrote > 0 || next > now, "the connection asks for the same time again");
        now = now.max(next.min(said));
    }
    panic!("the connection does not end");
}
