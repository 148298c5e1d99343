//! `soupbintcp`: any bytes as a stream of SoupBinTCP, in any portions, and what is in its packets.
//!
//! The first byte is the length of the portions (0: all at once), the second the reader's limit,
//! the rest the stream.
//!
//! What holds: the packets, the reason to stop and the bytes left over are those of a naive reader
//! of the whole; a packet that either side accepts is written again in as many bytes and read as
//! the same; numbers are those the standard library reads; an end of a snapshot likewise.

use protocol::frame::soupbintcp::{
    ClientPacket, HEADER_LEN, LoginReject, ServerPacket, SoupPacket, SoupReader, SoupReject, append,
};
use protocol::venue::nasdaq::glimpse::{EndOfSnapshot, GlimpseReject};

/// Packets of a stream by a naive reader: type and payload.
struct Naive<'a> {
    packets: Vec<(u8, &'a [u8])>,
    reason: Option<SoupReject>,
    left: usize,
}

/// Checks one input.
pub fn check(data: &[u8]) {
    let [portion, limit, stream @ ..] = data else { return };
    let limit = usize::from(*limit);
    let portion = if *portion == 0 { stream.len().max(1) } else { usize::from(*portion) };
    let wanted = naive(limit, stream);
    let mut wanted_packets = wanted.packets.iter();
    let mut reason = None;
    let mut reader = SoupReader::new(limit);
    for mut bytes in stream.chunks(portion) {
        while let Some(next) = reader.next(&mut bytes) {
            assert_eq!(reason, None, "something came after the error");
            match next {
                Ok(packet) => {
                    let wanted = wanted_packets.next().expect("a packet too many");
                    assert_eq!((packet.code, packet.payload), *wanted);
                    check_packet(packet);
                }
                Err(why) => reason = Some(why),
            }
        }
        assert!(bytes.is_empty(), "bytes were left");
    }
    assert_eq!(wanted_packets.next(), None, "a packet is missing");
    assert_eq!((reason, reader.broken()), (wanted.reason, wanted.reason));
    if reason.is_none() {
        assert_eq!(reader.held(), wanted.left);
    }
}

fn naive(limit: usize, mut stream: &[u8]) -> Naive<'_> {
    let mut packets = Vec::new();
    let (reason, left) = loop {
        let [high, low, rest @ ..] = stream else { break (None, stream.len()) };
        let length = usize::from(*high) * 256 + usize::from(*low);
        if length == 0 {
            break (Some(SoupReject::Empty), 0);
        }
        if length > limit + 1 {
            break (Some(SoupReject::TooLong), 0);
        }
        if rest.len() < length {
            break (None, stream.len());
        }
        packets.push((rest[0], &rest[1..length]));
        stream = &rest[length..];
    };
    Naive { packets, reason, left }
}

fn check_packet(packet: SoupPacket<'_>) {
    let mut again = Vec::new();
    match packet.server() {
        Ok(server) => {
            assert!(server.encode(&mut again));
            assert_eq!(again.len(), HEADER_LEN + packet.payload.len(), "{server:?}");
            check_server(packet, server);
            assert_eq!(parsed(&again).server(), Ok(server), "read otherwise");
        }
        Err(reason) => check_reject(reason),
    }
    again.clear();
    match packet.client() {
        Ok(client) => {
            assert!(client.encode(&mut again));
            assert_eq!(again.len(), HEADER_LEN + packet.payload.len(), "{client:?}");
            assert_eq!(parsed(&again).client(), Ok(client), "read otherwise");
            if let ClientPacket::Login(login) = client {
                assert_eq!(Some(login.sequence), number(&packet.payload[26..]));
                let texts = [&login.user[..], &login.password[..], &login.session[..]].concat();
                assert_eq!(texts, packet.payload[..26]);
            }
        }
        Err(reason) => check_reject(reason),
    }
    again.clear();
    assert!(append(&mut again, packet.code, packet.payload));
    assert_eq!(parsed(&again), packet);
}

fn check_server(packet: SoupPacket<'_>, server: ServerPacket<'_>) {
    match server {
        ServerPacket::Accepted { session, sequence } => {
            assert_eq!(session, packet.payload[..10]);
            assert_eq!(Some(sequence), number(&packet.payload[10..]));
        }
        ServerPacket::Rejected(reason) => {
            assert!(LoginReject::ALL.contains(&reason));
            assert_eq!([reason as u8], *packet.payload);
        }
        ServerPacket::Sequenced(message) | ServerPacket::Unsequenced(message) => {
            assert_eq!(message, packet.payload);
            check_end(message);
        }
        ServerPacket::Debug(text) => assert_eq!(text, packet.payload),
        ServerPacket::Heartbeat | ServerPacket::EndOfSession => {
            assert!(packet.payload.is_empty());
        }
    }
}

fn check_end(message: &[u8]) {
    match EndOfSnapshot::parse(message) {
        Ok(end) => {
            assert!(EndOfSnapshot::claims(message) && message.len() == EndOfSnapshot::LENGTH);
            assert_eq!(number(&message[1..]), Some(end.next));
            assert_eq!(EndOfSnapshot::parse(&end.encode()), Ok(end));
        }
        Err(reason) => assert_eq!(GlimpseReject::ALL.get(reason.index()), Some(&reason)),
    }
}

fn check_reject(reason: SoupReject) {
    assert_eq!(SoupReject::ALL.get(reason.index()), Some(&reason));
    let of_the_stream = [SoupReject::Empty, SoupReject::TooLong];
    assert!(!of_the_stream.contains(&reason), "a packet's reject is not the stream's");
}

/// The number of a field as the standard library reads it.
fn number(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_start_matches(' ');
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn parsed(packet: &[u8]) -> SoupPacket<'_> {
    SoupPacket { code: packet[2], payload: &packet[HEADER_LEN..] }
}
