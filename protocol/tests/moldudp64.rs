//! MoldUDP64: golden bytes, round trips, damage.

mod support;

use proptest::prelude::*;
use protocol::frame::moldudp64::{
    HEADER_LEN, MAX_MESSAGES, MoldKind, MoldPacket, MoldReject, MoldRequest, MoldWriter,
    RequestReject, end_of_session, heartbeat,
};
use support::hex;

const SESSION: [u8; 10] = *b"SIM0000001";

/// Session "SIM0000001", sequence 258, three messages: "A", nothing, "BCD".
const GOLDEN: &str = "53494d30303030303031 0000000000000102 0003 0001 41 0000 0003 424344";

#[test]
fn golden_packet_is_read_and_written() {
    let bytes = hex(GOLDEN);
    let packet = MoldPacket::parse(&bytes).expect("a valid packet");
    assert_eq!(packet.session, SESSION);
    assert_eq!(packet.sequence, 258);
    assert_eq!(packet.kind, MoldKind::Data(3));
    assert_eq!(packet.next_sequence(), 261);
    let messages: Vec<&[u8]> = packet.messages().collect();
    assert_eq!(messages, [&b"A"[..], b"", b"BCD"]);

    let mut buffer = [0xEE; 64];
    let mut writer = MoldWriter::begin(&mut buffer, SESSION, 258).expect("room for the header");
    for message in messages {
        assert!(writer.push(message));
    }
    assert_eq!((writer.count(), writer.next_sequence()), (3, 261));
    assert_eq!(writer.finish(), bytes);
}

#[test]
fn heartbeat_and_end_of_session() {
    let bytes = heartbeat(SESSION, 77);
    assert_eq!(bytes[..], hex("53494d30303030303031 000000000000004d 0000"));
    let packet = MoldPacket::parse(&bytes).expect("a heartbeat");
    assert_eq!((packet.kind, packet.count()), (MoldKind::Heartbeat, 0));
    assert_eq!(packet.next_sequence(), 77);
    assert_eq!(packet.messages().count(), 0);

    let bytes = end_of_session(SESSION, 77);
    assert_eq!(bytes[..], hex("53494d30303030303031 000000000000004d ffff"));
    let packet = MoldPacket::parse(&bytes).expect("an end of session");
    assert_eq!((packet.kind, packet.next_sequence()), (MoldKind::EndOfSession, 77));
    assert_eq!(packet.messages().count(), 0);
}

#[test]
fn every_reject_is_named() {
    let header = "53494d30303030303031 0000000000000001";
    let cases = [
        (hex(header), MoldReject::HeaderTruncated),
        (hex(&format!("{header} 0001 00")), MoldReject::LengthTruncated),
        (hex(&format!("{header} 0001 0002 41")), MoldReject::MessageTruncated),
        (hex(&format!("{header} 0001 0001 41 00")), MoldReject::Residue),
        (hex(&format!("{header} 0000 00")), MoldReject::Residue),
        (hex(&format!("{header} ffff 0001 41")), MoldReject::Residue),
        (hex("53494d30303030303031 ffffffffffffffff 0001 0000"), MoldReject::SequenceOverflow),
    ];
    for (bytes, reject) in cases {
        assert_eq!(MoldPacket::parse(&bytes), Err(reject), "{bytes:02x?}");
    }
    // The last number that has a successor.
    let last = hex("53494d30303030303031 fffffffffffffffe 0001 0000");
    assert_eq!(MoldPacket::parse(&last).map(|p| p.next_sequence()), Ok(u64::MAX));
}

#[test]
fn every_reject_of_a_request_is_named() {
    let header = "53494d30303030303031";
    let cases = [
        (String::new(), RequestReject::Length),
        (format!("{header} 0000000000000001 00"), RequestReject::Length),
        (format!("{header} 0000000000000001 0001 00"), RequestReject::Length),
        (format!("{header} 0000000000000001 0000"), RequestReject::Empty),
        (format!("{header} ffffffffffffffff 0000"), RequestReject::Empty),
        (format!("{header} ffffffffffffffff 0001"), RequestReject::SequenceOverflow),
        (format!("{header} ffffffffffff0001 ffff"), RequestReject::SequenceOverflow),
    ];
    for (bytes, reject) in cases {
        assert_eq!(MoldRequest::parse(&hex(&bytes)), Err(reject), "{bytes}");
    }
    let last = hex(&format!("{header} ffffffffffff0000 ffff"));
    assert_eq!(MoldRequest::parse(&last).map(|request| request.count), Ok(u16::MAX));
}

#[test]
fn request_is_the_header_alone() {
    let request = MoldRequest { session: SESSION, sequence: 0x0102_0304_0506_0708, count: 500 };
    let bytes = request.encode();
    assert_eq!(bytes[..], hex("53494d30303030303031 0102030405060708 01f4"));
    assert_eq!(MoldRequest::parse(&bytes), Ok(request));
}

#[test]
fn writer_refuses_what_does_not_fit() {
    let mut small = [0; HEADER_LEN - 1];
    assert!(MoldWriter::begin(&mut small, SESSION, 1).is_none());

    let mut buffer = [0; HEADER_LEN + 5];
    let mut writer = MoldWriter::begin(&mut buffer, SESSION, 1).expect("room for the header");
    assert!(!writer.push(b"abcd"));
    assert!(writer.push(b"abc"));
    assert!(!writer.push(b""));
    assert_eq!(writer.finish().len(), HEADER_LEN + 5);

    let mut large = vec![0; 200_000];
    let mut writer = MoldWriter::begin(&mut large, SESSION, 1).expect("room for the header");
    assert!(!writer.push(&[0; 65_536]), "beyond a u16 length");
    for _ in 0..MAX_MESSAGES {
        assert!(writer.push(b""));
    }
    assert!(!writer.push(b""), "65,535 would mean the end of the session");
    let bytes = writer.finish();
    assert_eq!(MoldPacket::parse(bytes).map(|p| p.kind), Ok(MoldKind::Data(MAX_MESSAGES)));

    let mut buffer = [0; 64];
    let mut writer = MoldWriter::begin(&mut buffer, SESSION, u64::MAX).expect("room");
    assert!(!writer.push(b"x"), "the number after it does not exist");
}

proptest! {
    #[test]
    fn round_trip_and_damage(
        sequence in 0..u64::MAX - 100,
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8),
    ) {
        let mut buffer = [0; 1500];
        let mut writer = MoldWriter::begin(&mut buffer, SESSION, sequence).expect("room");
        for message in &messages {
            prop_assert!(writer.push(message));
        }
        let mut bytes = writer.finish().to_vec();
        let packet = MoldPacket::parse(&bytes).expect("what was written");
        prop_assert_eq!(packet.messages().collect::<Vec<_>>(), messages.clone());
        prop_assert_eq!(packet.messages().len(), messages.len());
        prop_assert_eq!(packet.next_sequence(), sequence + messages.len() as u64);
        for cut in 0..bytes.len() {
            prop_assert!(MoldPacket::parse(&bytes[..cut]).is_err(), "cut at {}", cut);
        }
        bytes.push(0);
        prop_assert_eq!(MoldPacket::parse(&bytes), Err(MoldReject::Residue));
        bytes.pop();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(packet) = MoldPacket::parse(&bytes) {
                // Whatever is accepted accounts for every byte.
                let blocks: usize = packet.messages().map(|m| m.len() + 2).sum();
                prop_assert_eq!(blocks + HEADER_LEN, bytes.len());
                prop_assert_eq!(packet.messages().count(), usize::from(packet.count()));
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(packet) = MoldPacket::parse(&bytes) {
            let blocks: usize = packet.messages().map(|m| m.len() + 2).sum();
            prop_assert_eq!(blocks + HEADER_LEN, bytes.len());
        }
        let _ = MoldRequest::parse(&bytes);
    }
}
