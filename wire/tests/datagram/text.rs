//! The text lines: both directions, and what is none.

use proptest::prelude::*;
use wire::datagram::{TEXT_BYTES, TextLine, TextReject, is_text};

const LINES: &[(&str, TextLine<'_>)] = &[
    (
        "EXCHANGE|REC.NASDAQ|stock|8906,12|1580374800000000001",
        TextLine::Exchange {
            name: "REC.NASDAQ",
            product: "stock",
            instruments: 8_906,
            live_books: 12,
            timestamp: 1_580_374_800_000_000_001,
        },
    ),
    (
        "STATS|BINANCE.UM|0|18446744073709551615|1",
        TextLine::Stats { exchange: "BINANCE.UM", trades: 0, orderbooks: u64::MAX, timestamp: 1 },
    ),
    (
        "CONN|BINANCE|3|1|7|4",
        TextLine::Conn {
            exchange: "BINANCE",
            connected: 3,
            disconnected: 1,
            reconnect_count: 7,
            total: 4,
        },
    ),
];

#[test]
fn lines_are_read_and_written() {
    for &(text, line) in LINES {
        assert_eq!(TextLine::parse(text.as_bytes()), Ok(line));
        assert_eq!(TextLine::parse(format!("{text}\n").as_bytes()), Ok(line));
        let mut buffer = [0; TEXT_BYTES];
        let used = line.write(&mut buffer).expect("it fits");
        assert_eq!(&buffer[..used], text.as_bytes());
        assert_eq!(line.write(&mut buffer[..text.len() - 1]), None);
        assert!(is_text(text.as_bytes()[0]));
    }
}

#[test]
fn the_longest_line_fits() {
    let name = "ABCDEFGHIJKLMNOPQRS";
    let line = TextLine::Exchange {
        name,
        product: name,
        instruments: u64::MAX,
        live_books: u64::MAX,
        timestamp: u64::MAX,
    };
    let mut buffer = [0; TEXT_BYTES];
    let used = line.write(&mut buffer).expect("it fits");
    assert_eq!(TextLine::parse(&buffer[..used]), Ok(line));
}

#[test]
fn what_is_no_line_has_a_name() {
    use TextReject as R;
    let cases: &[(R, &[u8])] = &[
        (R::Long, &[b'A'; TEXT_BYTES + 1]),
        (R::Ascii, b"CONN|A\xff|1|2|3|4"),
        (R::Ascii, b"CONN|A\x1b[2J|1|2|3|4"),
        (R::Ascii, b"STATS|A|1|2|3\nSTATS|A|1|2|3"),
        (R::Tag, b"HELLO"),
        (R::Tag, b"Conn|A|1|2|3|4"),
        (R::Tag, b""),
        (R::Fields, b"CONN|A|1|2|3"),
        (R::Fields, b"STATS|A|1|2|3|4"),
        (R::Fields, b"CONN|A|1|2|3|4|5"),
        (R::Name, b"STATS||1|2|3"),
        (R::Name, b"STATS|A B|1|2|3"),
        (R::Name, b"STATS|ABCDEFGHIJKLMNOPQRST|1|2|3"),
        (R::Number, b"STATS|A|+1|2|3"),
        (R::Number, b"STATS|A||2|3"),
        (R::Number, b"STATS|A|01|2|3"),
        (R::Number, b"STATS|A|18446744073709551616|2|3"),
        (R::Number, b"EXCHANGE|A|stock|7|3"),
        (R::Number, b"EXCHANGE|A|stock|7,8,9|3"),
    ];
    for (reason, bytes) in cases {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(TextLine::parse(bytes), Err(*reason), "{text}");
    }
    for (at, reason) in R::ALL.into_iter().enumerate() {
        assert_eq!(reason.index(), at);
        assert!(cases.iter().any(|(named, _)| *named == reason), "{reason} has no case");
    }
}

proptest! {
    /// What is read and written again is the same text.
    #[test]
    fn read_lines_are_written_the_same(
        tag in "(EXCHANGE|STATS|CONN|X)",
        fields in proptest::collection::vec("([A-Z.]{0,4}|[0-9]{1,20}|[0-9],[0-9])", 0..6),
    ) {
        let text = std::iter::once(tag).chain(fields).collect::<Vec<_>>().join("|");
        if let Ok(line) = TextLine::parse(text.as_bytes()) {
            prop_assert_eq!(line.to_string(), text);
        }
    }
}
