//! SoupBinTCP: golden bytes, round trips, any portions of any stream.

mod support;

use proptest::prelude::*;
use protocol::frame::soupbintcp::{
    ClientPacket, HEADER_LEN, LoginReject, LoginRequest, MAX_PAYLOAD, ServerPacket, Session,
    SoupReader, SoupReject, append, same_session,
};
use support::hex;

const SESSION: Session = *b"SIM0000001";
/// Number 258 in its twenty bytes.
const N258: &str = "2020202020202020202020202020202020 323538";

/// A packet as it came, owned.
type Cut = (u8, Vec<u8>);

/// Everything that a reader gives of these portions, and why it stopped believing.
fn read<'a>(
    limit: usize,
    portions: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Cut>, Option<SoupReject>) {
    let mut reader = SoupReader::new(limit);
    let (mut packets, mut reason) = (Vec::new(), None);
    for mut portion in portions {
        while let Some(next) = reader.next(&mut portion) {
            assert_eq!(reason, None, "something came after the error");
            match next {
                Ok(packet) => packets.push((packet.code, packet.payload.to_vec())),
                Err(why) => reason = Some(why),
            }
        }
        assert!(portion.is_empty(), "bytes were left");
    }
    assert_eq!(reader.broken(), reason);
    (packets, reason)
}

/// The same by a naive reader over the whole stream; also how many bytes were left.
fn naive(limit: usize, mut stream: &[u8]) -> (Vec<Cut>, Option<SoupReject>, usize) {
    let mut packets = Vec::new();
    loop {
        if stream.len() < 2 {
            return (packets, None, stream.len());
        }
        let length = usize::from(stream[0]) * 256 + usize::from(stream[1]);
        if length == 0 {
            return (packets, Some(SoupReject::Empty), 0);
        }
        if length > limit + 1 {
            return (packets, Some(SoupReject::TooLong), 0);
        }
        if stream.len() < 2 + length {
            return (packets, None, stream.len());
        }
        packets.push((stream[2], stream[3..2 + length].to_vec()));
        stream = &stream[2 + length..];
    }
}

fn server_of(bytes: &[u8]) -> Result<ServerPacket<'_>, SoupReject> {
    let mut reader = SoupReader::new(MAX_PAYLOAD);
    let mut rest = bytes;
    let packet = reader.next(&mut rest).expect("a whole packet")?;
    assert!(rest.is_empty());
    // The payload lies in `bytes`, so it outlives the reader's own buffer.
    let payload = &bytes[HEADER_LEN..];
    assert_eq!(packet.payload, payload);
    protocol::frame::soupbintcp::SoupPacket { code: packet.code, payload }.server()
}

fn client_of(bytes: &[u8]) -> Result<ClientPacket<'_>, SoupReject> {
    let mut reader = SoupReader::new(MAX_PAYLOAD);
    let mut rest = bytes;
    let code = reader.next(&mut rest).expect("a whole packet")?.code;
    let payload = &bytes[HEADER_LEN..];
    protocol::frame::soupbintcp::SoupPacket { code, payload }.client()
}

fn login() -> LoginRequest {
    LoginRequest { user: *b"USER  ", password: *b"PASS123   ", session: SESSION, sequence: 258 }
}

#[test]
fn golden_server_packets() {
    let cases = [
        (ServerPacket::Debug(b"hi"), "0003 2b 6869".to_owned()),
        (
            ServerPacket::Accepted { session: SESSION, sequence: 258 },
            format!("001f 41 53494d30303030303031 {N258}"),
        ),
        (ServerPacket::Rejected(LoginReject::NotAuthorised), "0002 4a 41".to_owned()),
        (ServerPacket::Rejected(LoginReject::SessionNotAvailable), "0002 4a 53".to_owned()),
        (ServerPacket::Sequenced(b"AB"), "0003 53 4142".to_owned()),
        (ServerPacket::Sequenced(b""), "0001 53".to_owned()),
        (ServerPacket::Unsequenced(b"AB"), "0003 55 4142".to_owned()),
        (ServerPacket::Heartbeat, "0001 48".to_owned()),
        (ServerPacket::EndOfSession, "0001 5a".to_owned()),
    ];
    for (packet, bytes) in cases {
        let mut out = Vec::new();
        assert!(packet.encode(&mut out));
        assert_eq!(out, hex(&bytes), "{packet:?}");
        assert_eq!(server_of(&out), Ok(packet));
    }
}

#[test]
fn golden_client_packets() {
    let cases = [
        (ClientPacket::Debug(b""), "0001 2b".to_owned()),
        (
            ClientPacket::Login(login()),
            format!("002f 4c 555345522020 50415353313233202020 53494d30303030303031 {N258}"),
        ),
        (ClientPacket::Unsequenced(b"x"), "0002 55 78".to_owned()),
        (ClientPacket::Heartbeat, "0001 52".to_owned()),
        (ClientPacket::Logout, "0001 4f".to_owned()),
    ];
    for (packet, bytes) in cases {
        let mut out = Vec::new();
        assert!(packet.encode(&mut out));
        assert_eq!(out, hex(&bytes), "{packet:?}");
        assert_eq!(client_of(&out), Ok(packet));
    }
}

#[test]
fn what_a_client_says_is_no_servers_and_the_other_way_round() {
    for code in [b'L', b'R', b'O', b'x', 0] {
        assert_eq!(server_of(&[0, 1, code]), Err(SoupReject::UnknownType));
    }
    for code in [b'A', b'J', b'S', b'H', b'Z', b'x', 0] {
        assert_eq!(client_of(&[0, 1, code]), Err(SoupReject::UnknownType));
    }
}

#[test]
fn every_reject_of_a_packet_is_named() {
    let accepted = format!("001f 41 53494d30303030303031 {N258}");
    let server = [
        ("0000".to_owned(), SoupReject::Empty),
        ("0002 48 00".to_owned(), SoupReject::WrongLength),
        ("0002 5a 00".to_owned(), SoupReject::WrongLength),
        ("0001 4a".to_owned(), SoupReject::WrongLength),
        ("0002 4a 42".to_owned(), SoupReject::Reason),
        (format!("{} 20", accepted.replace("001f", "0020")), SoupReject::WrongLength),
        (accepted.replace("323538", "322038"), SoupReject::Number),
        (accepted.replace("323538", "202020"), SoupReject::Number),
        (accepted.replace("53494d30", "53494d00"), SoupReject::Text),
    ];
    for (bytes, reason) in server {
        assert_eq!(server_of(&hex(&bytes)), Err(reason), "{bytes}");
    }
    let client = "002f 4c 555345522020 50415353313233202020 53494d30303030303031";
    let cases = [
        (format!("{client} {}", N258.replace("323538", "32352b")), SoupReject::Number),
        (format!("{} {N258}", client.replace("5553", "55ff")), SoupReject::Text),
        (format!("{} {N258}", client.replace("5041", "500a")), SoupReject::Text),
        (format!("{} {N258}", client.replace("5349", "5340")), SoupReject::Text),
        ("0001 4c".to_owned(), SoupReject::WrongLength),
        ("0002 52 52".to_owned(), SoupReject::WrongLength),
        ("0002 4f 4f".to_owned(), SoupReject::WrongLength),
    ];
    for (bytes, reason) in cases {
        assert_eq!(client_of(&hex(&bytes)), Err(reason), "{bytes}");
    }
}

#[test]
fn a_login_is_made_of_texts_that_fit() {
    let made = LoginRequest::new("USER", "PASS123", 258).expect("a login");
    assert_eq!(made.session, *b"          ");
    assert_eq!(made.into_session(SESSION), login());
    assert!(LoginRequest::new("SEVEN77", "", 1).is_none());
    assert!(LoginRequest::new("", "ELEVENELEVE", 1).is_none());
    assert!(LoginRequest::new("U-1", "", 1).is_none());
    assert!(LoginRequest::new("", "a\nb", 1).is_none());
    assert!(LoginRequest::new("\u{e9}", "", 1).is_none());
}

#[test]
fn a_session_is_the_same_on_whichever_side_it_is_padded() {
    assert!(same_session(b"SIM1      ", b"      SIM1"));
    assert!(same_session(b"SIM1      ", b"SIM1      "));
    assert!(same_session(b"          ", b"          "));
    assert!(!same_session(b"SIM1      ", b"SIM 1     "));
    assert!(!same_session(b"SIM1      ", b"          "));
}

#[test]
fn what_is_too_long_is_not_written_and_not_read() {
    let mut out = vec![7];
    assert!(!append(&mut out, b'S', &vec![0; MAX_PAYLOAD + 1]));
    assert!(!ServerPacket::Sequenced(&vec![0; MAX_PAYLOAD + 1]).encode(&mut out));
    assert_eq!(out, [7], "as before");
    assert!(append(&mut out, b'S', &vec![3; MAX_PAYLOAD]));
    let longest = vec![(b'S', vec![3; MAX_PAYLOAD])];
    for portion in [1_usize, 1000, 70_000] {
        assert_eq!(read(MAX_PAYLOAD, out[1..].chunks(portion)), (longest.clone(), None));
        assert_eq!(read(usize::MAX, out[1..].chunks(portion)), (longest.clone(), None));
        let (packets, reason) = read(MAX_PAYLOAD - 1, out[1..].chunks(portion));
        assert_eq!((packets.len(), reason), (0, Some(SoupReject::TooLong)));
    }
}

#[test]
fn a_broken_stream_stays_broken_until_it_begins_anew() {
    let mut reader = SoupReader::new(10);
    let mut bytes: &[u8] = &[0, 1, b'H', 0, 0, 0, 1, b'H'];
    assert_eq!(reader.next(&mut bytes).map(|next| next.map(|p| p.code)), Some(Ok(b'H')));
    assert_eq!(reader.next(&mut bytes), Some(Err(SoupReject::Empty)));
    assert_eq!(reader.next(&mut bytes), None);
    let mut more: &[u8] = &[0, 1, b'H', 0, 1];
    assert_eq!(reader.next(&mut more), None, "it stays broken");
    reader.reset();
    let mut more: &[u8] = &[0, 1, b'H', 0, 1];
    assert_eq!(reader.next(&mut more).map(|next| next.map(|p| p.code)), Some(Ok(b'H')));
    assert_eq!(reader.next(&mut more), None);
    assert_eq!(reader.held(), 2);
    reader.reset();
    assert_eq!(reader.held(), 0);
}

/// Cuts `stream` at these places, which are taken modulo its length.
fn cut_at<'a>(stream: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|at| at % (stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

fn any_packets() -> impl Strategy<Value = Vec<Cut>> {
    let code = prop_oneof![any::<u8>(), prop::sample::select(b"+AJSUHZLRO".to_vec())];
    prop::collection::vec((code, prop::collection::vec(any::<u8>(), 0..40)), 0..20)
}

fn text<const N: usize>() -> impl Strategy<Value = [u8; N]> {
    let letter = prop::sample::select(b"ABCxyz0189 ".to_vec());
    prop::collection::vec(letter, N).prop_map(|bytes| bytes.try_into().expect("so many"))
}

proptest! {
    /// Any packets, written and cut anywhere, are read as they were.
    #[test]
    fn any_portions_give_the_packets(
        packets in any_packets(),
        places in prop::collection::vec(any::<usize>(), 0..30),
    ) {
        let mut stream = Vec::new();
        for (code, payload) in &packets {
            prop_assert!(append(&mut stream, *code, payload));
        }
        prop_assert_eq!(read(40, cut_at(&stream, &places)), (packets.clone(), None));
        prop_assert_eq!(read(40, stream.chunks(1)), (packets, None));
    }

    /// Any bytes, cut anywhere, are what a naive reader of the whole says.
    #[test]
    fn any_bytes_in_any_portions(
        packets in any_packets(),
        damage in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        places in prop::collection::vec(any::<usize>(), 0..30),
        limit in 0_usize..50,
    ) {
        let mut stream = Vec::new();
        packets.iter().for_each(|(code, payload)| assert!(append(&mut stream, *code, payload)));
        for (at, byte) in damage {
            if let Some(place) = at.checked_rem(stream.len()) {
                stream[place] = byte;
            }
        }
        let (packets, reason, left) = naive(limit, &stream);
        let portions = cut_at(&stream, &places);
        prop_assert_eq!(read(limit, portions.iter().copied()), (packets.clone(), reason));
        prop_assert_eq!(read(limit, [stream.as_slice()]), (packets, reason));
        let mut reader = SoupReader::new(limit);
        for mut portion in portions {
            while reader.next(&mut portion).is_some() {}
        }
        if reason.is_none() {
            prop_assert_eq!(reader.held(), left);
        }
    }

    /// No bytes of a packet make either side panic, and what is accepted is written as it was read.
    #[test]
    fn any_payload(code in prop::sample::select(b"+AJSUHZLRO?".to_vec()),
                   payload in prop::collection::vec(any::<u8>(), 0..50)) {
        let mut bytes = Vec::new();
        prop_assert!(append(&mut bytes, code, &payload));
        if let Ok(packet) = server_of(&bytes) {
            let mut out = Vec::new();
            prop_assert!(packet.encode(&mut out));
            prop_assert_eq!(out.len(), bytes.len());
            prop_assert_eq!(server_of(&out), Ok(packet));
        }
        if let Ok(packet) = client_of(&bytes) {
            let mut out = Vec::new();
            prop_assert!(packet.encode(&mut out));
            prop_assert_eq!(out.len(), bytes.len());
            prop_assert_eq!(client_of(&out), Ok(packet));
        }
    }

    #[test]
    fn logins_round_trip(
        user in text::<6>(),
        password in text::<10>(),
        session in text::<10>(),
        sequence in any::<u64>(),
    ) {
        let mut out = Vec::new();
        let login = ClientPacket::Login(LoginRequest { user, password, session, sequence });
        prop_assert!(login.encode(&mut out));
        prop_assert_eq!(out.len(), 49);
        prop_assert_eq!(client_of(&out), Ok(login));
        out.clear();
        let accepted = ServerPacket::Accepted { session, sequence };
        prop_assert!(accepted.encode(&mut out));
        prop_assert_eq!(out.len(), 33);
        prop_assert_eq!(server_of(&out), Ok(accepted));
    }
}
