//! GLIMPSE: the end of a snapshot.

mod support;

use proptest::prelude::*;
use protocol::venue::nasdaq::glimpse::{EndOfSnapshot, GlimpseReject};
use protocol::venue::nasdaq::message_length;
use support::hex;

#[test]
fn golden_end() {
    let bytes = hex("47 2020202020202020202020202020202020 323538");
    assert_eq!(EndOfSnapshot::parse(&bytes), Ok(EndOfSnapshot { next: 258 }));
    assert_eq!(EndOfSnapshot { next: 258 }.encode()[..], bytes);
    let zeros = hex("47 3030303030303030303030303030303030 323538");
    assert_eq!(EndOfSnapshot::parse(&zeros), Ok(EndOfSnapshot { next: 258 }));
    assert!(EndOfSnapshot::claims(&bytes) && EndOfSnapshot::claims(b"G"));
    assert!(!EndOfSnapshot::claims(b"A") && !EndOfSnapshot::claims(b""));
    assert_eq!(message_length(EndOfSnapshot::CODE), None, "no message of ITCH");
}

#[test]
fn every_reject_is_named() {
    let cases = [
        (hex(""), GlimpseReject::WrongLength),
        (hex("47"), GlimpseReject::WrongLength),
        (hex("47 2020202020202020202020202020202020 32353820"), GlimpseReject::WrongLength),
        (hex("41 2020202020202020202020202020202020 323538"), GlimpseReject::WrongType),
        (hex("47 2020202020202020202020202020202020 202020"), GlimpseReject::Number),
        (hex("47 2020202020202020202020202020202020 323520"), GlimpseReject::Number),
        (hex("47 2020202020202020202020202020202020 202030"), GlimpseReject::Number),
        // 2^64.
        (hex("47 3138343436373434303733373039353531363136"), GlimpseReject::Number),
    ];
    for (bytes, reject) in cases {
        assert_eq!(EndOfSnapshot::parse(&bytes), Err(reject), "{bytes:02x?}");
    }
}

proptest! {
    #[test]
    fn round_trip(next in 1..=u64::MAX) {
        let bytes = EndOfSnapshot { next }.encode();
        prop_assert_eq!(bytes[1..].to_vec(), format!("{next:>20}").into_bytes());
        prop_assert_eq!(EndOfSnapshot::parse(&bytes), Ok(EndOfSnapshot { next }));
    }

    /// What is accepted is the number that the standard library reads.
    #[test]
    fn any_number(field in "[ 0]{0,18}[0-9 +-]{0,20}") {
        let bytes = [b"G", field.as_bytes()].concat();
        let wanted = field.trim_start_matches(' ');
        let wanted = wanted.bytes().all(|byte| byte.is_ascii_digit()).then(|| wanted.parse());
        let wanted = wanted.and_then(|number: Result<u64, _>| number.ok());
        let wanted = wanted.filter(|next| *next > 0 && field.len() == 20);
        prop_assert_eq!(EndOfSnapshot::parse(&bytes).ok().map(|end| end.next), wanted);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
        if let Ok(end) = EndOfSnapshot::parse(&bytes) {
            prop_assert_eq!(EndOfSnapshot::parse(&end.encode()), Ok(end));
        }
    }
}
