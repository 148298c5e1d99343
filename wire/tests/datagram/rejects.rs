//! Each reason of rejection from a datagram that is right but for one thing.

use wire::datagram::{Datagram, DatagramReject, HEADER_BYTES};

use crate::golden::all;

fn golden(wanted: &str) -> Vec<u8> {
    all().into_iter().find(|(name, _)| *name == wanted).expect("golden").1
}

/// The datagram with the byte at that offset set to that value.
fn with(name: &str, at: usize, value: u8) -> Vec<u8> {
    let mut bytes = golden(name);
    assert_ne!(bytes[at], value, "{name}: nothing is changed");
    bytes[at] = value;
    bytes
}

#[test]
fn one_wrong_thing_has_its_name() {
    use DatagramReject as R;
    let body = HEADER_BYTES;
    let cases: &[(R, Vec<u8>)] = &[
        (R::Short, vec![]),
        (R::Short, golden("trade")[..65].to_vec()),
        (R::Version, with("trade", 0, 2)),
        (R::Version, with("trade", 0, 0)),
        (R::Type, with("trade", 25, 0b1000_0011)),
        (R::Count, with("trade", 25, 0b1001_0000)),
        (R::Count, with("definition", 25, 0b1100_0010)),
        (R::Count, with("heartbeat", 25, 0b1101_0000)),
        (R::Length, with("trade", 25, 0b1001_0010)),
        (R::Length, with("trade", 25, 0b1010_0011)),
        (R::Length, with("book_empty", 25, 0b1010_1001)),
        (R::BidFlag, with("trade", 25, 0b1001_1011)),
        (R::Symbol, with("trade", 26, 0)),
        (R::Symbol, with("trade", 27, 0x80)),
        (R::Symbol, with("trade", 27, b' ')),
        (R::Symbol, with("trade", 45, b'X')),
        (R::Exchange, with("heartbeat", 46, 0)),
        (R::Exchange, with("trade", 65, b'X')),
        (R::Reserved, with("trade", body + 25, 1)),
        (R::Reserved, with("trade", body + 31, 1)),
        (R::Reserved, with("status", body + 10, 1)),
        (R::Reserved, with("definition", body + 121, 1)),
        (R::Reserved, with("definition", body + 127, 1)),
        (R::Reserved, with("definition", body + 215, 1)),
        (R::Reserved, with("heartbeat", body + 79, 1)),
        (R::Reserved, with("order", body + 34, 1)),
        (R::Reserved, with("record", body, 1)),
        (R::Code, with("trade", body + 24, 3)),
        (R::Code, with("order", body + 32, 22)),
        (R::Code, with("order", body + 32, 15)),
        (R::Code, with("order", body + 33, 2)),
        (R::Text, with("status", body + 7, b'X')),
        (R::Text, with("definition", body, 0xff)),
        (R::Text, with("definition", body + 63, b'X')),
        (R::Text, with("definition", body + 211, b'X')),
    ];
    for (at, (reason, bytes)) in cases.iter().enumerate() {
        assert_eq!(Datagram::parse(bytes).map(|_| ()), Err(*reason), "case {at}");
    }
    for reason in DatagramReject::ALL {
        assert!(cases.iter().any(|(named, _)| *named == reason), "{reason} has no case");
    }
}

#[test]
fn a_byte_more_or_less_is_another_length() {
    for (name, bytes) in all() {
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(Datagram::parse(&longer), Err(DatagramReject::Length), "{name}");
        let shorter = &bytes[..bytes.len() - 1];
        let reason = Datagram::parse(shorter).expect_err("a byte is missing");
        let wanted = if shorter.len() < HEADER_BYTES {
            DatagramReject::Short
        } else {
            DatagramReject::Length
        };
        assert_eq!(reason, wanted, "{name}");
    }
}
