//! Book events against [`decode`], which reads the same messages through one struct per type.

mod support;

use proptest::prelude::*;
use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::file::{Frame, append, next};
use protocol::venue::nasdaq::{
    Blocks, BookEvent, EventKind, EventReject, ItchReject, MESSAGES, Message, decode,
};
use support::recordings;

const BOOK: &[u8] = b"AFECXDU";

/// The event that `decode` says a message is, field by field.
fn expected(bytes: &[u8]) -> BookEvent {
    let message = match decode(bytes) {
        Ok(message) => message,
        Err(_) => return BookEvent::read(bytes),
    };
    let mut event = BookEvent {
        timestamp: message.timestamp(),
        locate: message.locate(),
        tracking: message.tracking(),
        code: message.code(),
        length: bytes.len() as u16,
        ..BookEvent::NONE
    };
    match message {
        Message::AddOrder(m) => {
            event.kind = EventKind::Add;
            (event.reference, event.shares) = (m.reference.get(), m.shares.get());
            (event.price, event.stock) = (m.price.get(), m.stock);
            event.side = u8::from(m.buy_sell == b'S');
        }
        Message::AddOrderAttributed(m) => {
            event.kind = EventKind::Add;
            (event.reference, event.shares) = (m.reference.get(), m.shares.get());
            (event.price, event.stock) = (m.price.get(), m.stock);
            (event.side, event.attribution) = (u8::from(m.buy_sell == b'S'), m.attribution);
        }
        Message::OrderExecuted(m) => {
            event.kind = EventKind::Execute;
            (event.reference, event.shares) = (m.reference.get(), m.executed.get());
            event.linked = m.match_number.get();
        }
        Message::OrderExecutedWithPrice(m) => {
            event.kind = EventKind::ExecuteAt;
            (event.reference, event.shares) = (m.reference.get(), m.executed.get());
            (event.linked, event.price) = (m.match_number.get(), m.price.get());
            event.printable = m.printable;
        }
        Message::OrderCancel(m) => {
            event.kind = EventKind::Reduce;
            (event.reference, event.shares) = (m.reference.get(), m.cancelled.get());
        }
        Message::OrderDelete(m) => {
            event.kind = EventKind::Delete;
            event.reference = m.reference.get();
        }
        Message::OrderReplace(m) => {
            event.kind = EventKind::Replace;
            (event.reference, event.linked) = (m.original.get(), m.reference.get());
            (event.shares, event.price) = (m.shares.get(), m.price.get());
        }
        _ => {}
    }
    event
}

/// Why a message must be refused; `None` where it must not.
fn refusal(bytes: &[u8]) -> Option<EventReject> {
    match decode(bytes) {
        Err(ItchReject::Empty) => Some(EventReject::Empty),
        Err(ItchReject::UnknownType) => Some(EventReject::UnknownType),
        Err(ItchReject::WrongLength) => Some(EventReject::WrongLength),
        Ok(Message::AddOrder(m)) if m.side().is_none() => Some(EventReject::UnknownSide),
        Ok(Message::AddOrderAttributed(m)) if m.side().is_none() => Some(EventReject::UnknownSide),
        Ok(_) => None,
    }
}

/// `event` is what `decode` makes of `bytes`; where the message lies is the caller's.
fn agrees(event: &BookEvent, bytes: &[u8]) {
    assert_eq!(event.reject(), refusal(bytes), "{bytes:02x?}");
    assert_eq!(usize::from(event.length), bytes.len());
    assert_eq!(event.code, bytes.first().copied().unwrap_or(0));
    let place = BookEvent { at: 0, ..*event };
    match event.reject() {
        None => assert_eq!(place, expected(bytes)),
        Some(EventReject::UnknownSide) => {
            // What it is of is told; only its kind, its side and the reason are not the message's.
            assert_eq!((event.kind, event.side), (EventKind::Refused, 0));
            let mut mended = bytes.to_vec();
            mended[19] = b'B';
            let mended = expected(&mended);
            let numbers = |e: &BookEvent| (e.reference, e.shares, e.price, e.timestamp, e.linked);
            let of = |e: &BookEvent| (e.stock, e.attribution, e.locate, e.tracking);
            assert_eq!((numbers(&place), of(&place)), (numbers(&mended), of(&mended)));
        }
        // What all messages begin with, as far as its bytes reach; nothing else is believed.
        Some(reason) => {
            let byte = |at: usize| u64::from(bytes.get(at).copied().unwrap_or(0));
            let number = |from: usize, to| (from..to).fold(0, |n, at| n << 8 | byte(at));
            let expected = BookEvent {
                kind: EventKind::Refused,
                length: bytes.len() as u16,
                code: byte(0) as u8,
                refusal: 1 + reason.index() as u32,
                locate: number(1, 3) as u16,
                tracking: number(3, 5) as u16,
                timestamp: number(5, 11),
                ..BookEvent::NONE
            };
            assert_eq!(place, expected);
        }
    }
}

/// Alone, in a file with others behind it, and in batches.
fn agrees_everywhere(messages: &[Vec<u8>]) {
    let mut file = vec![];
    for message in messages {
        agrees(&BookEvent::read(message), message);
        assert!(append(&mut file, message));
    }
    let mut blocks = Blocks::new(&file);
    for message in messages {
        agrees(&blocks.next().expect("an event per message"), message);
    }
    assert_eq!((blocks.next(), blocks.rest()), (None, &[][..]));
    for size in [1, 3, 64] {
        let mut events = vec![BookEvent::NONE; size];
        let mut blocks = Blocks::new(&file);
        let mut left = messages.iter();
        loop {
            let taken = blocks.fill(&mut events);
            for event in &events[..taken.count] {
                let message = left.next().expect("no more events than messages");
                assert_eq!(taken.message(event), &message[..]);
                agrees(event, message);
            }
            if taken.count < size {
                break;
            }
        }
        assert_eq!((left.next(), blocks.rest().len()), (None, 0));
    }
}

/// A message of every type whose bytes are drawn; sides mostly such as the venue has.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let letters = prop_oneof![8 => Just(b'B'), 8 => Just(b'S'), 1 => any::<u8>()];
    let row = prop_oneof![3 => select_book(), 1 => prop::sample::select(MESSAGES.to_vec())];
    (row, prop::collection::vec(any::<u8>(), 50), letters).prop_map(|(row, body, letter)| {
        let mut bytes = body[..row.2].to_vec();
        bytes[0] = row.0;
        if matches!(row.0, b'A' | b'F') {
            bytes[19] = letter;
        }
        bytes
    })
}

fn select_book() -> impl Strategy<Value = (u8, &'static str, usize)> {
    let rows: Vec<_> = MESSAGES.iter().filter(|row| BOOK.contains(&row.0)).copied().collect();
    prop::sample::select(rows)
}

/// Some of them with another length, type or byte.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    (message(), 0..5_u8, any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut bytes, what, place, value)| {
            match what {
                0 => bytes.truncate(place.index(bytes.len())),
                1 => bytes.extend(vec![value; 1 + place.index(60)]),
                2 => bytes[0] = value,
                3 => {
                    let at = place.index(bytes.len());
                    bytes[at] = value;
                }
                _ => {}
            }
            bytes
        },
    )
}

proptest! {
    #[test]
    fn every_message_is_what_decode_says(messages in prop::collection::vec(message(), 0..80)) {
        agrees_everywhere(&messages);
    }

    #[test]
    fn damaged_messages_are_refused_by_name(messages in prop::collection::vec(damaged(), 0..80)) {
        agrees_everywhere(&messages);
    }

    /// The same blocks as the reader of files cuts, whatever the bytes.
    #[test]
    fn any_bytes_fall_into_the_blocks_of_the_file(
        bytes in prop::collection::vec(prop_oneof![2 => Just(0_u8), 1 => 0..60_u8], 0..400),
    ) {
        let mut blocks = Blocks::new(&bytes);
        let mut rest = &bytes[..];
        while let Frame::Message { bytes, consumed } = next(rest, true) {
            agrees(&blocks.next().expect("a block"), bytes);
            rest = &rest[consumed..];
        }
        prop_assert_eq!(blocks.next(), None);
        prop_assert_eq!(blocks.rest(), rest);
    }
}

/// Every type with every length up to 70, with every first byte, with every letter as its side.
#[test]
fn every_length_type_and_side() {
    let mut seen = [0_u64; 5];
    let mut check = |bytes: &[u8]| {
        let event = BookEvent::read(bytes);
        agrees(&event, bytes);
        seen[event.reject().map_or(4, EventReject::index)] += 1;
    };
    for code in 0..=u8::MAX {
        for length in 0..=70_usize {
            let mut bytes: Vec<u8> = (0..length).map(|at| at as u8 ^ 0x5A).collect();
            if let Some(first) = bytes.first_mut() {
                *first = code;
            }
            check(&bytes);
            if let Some(letter) = bytes.get_mut(19) {
                *letter = b'B';
                check(&bytes);
            }
        }
    }
    for (code, length) in [(b'A', 36), (b'F', 40)] {
        for letter in 0..=u8::MAX {
            let mut bytes = vec![7; length];
            (bytes[0], bytes[19]) = (code, letter);
            check(&bytes);
            let side = BookEvent::read(&bytes).side();
            assert_eq!(side, Side::from_byte(letter));
        }
    }
    assert_eq!(seen[EventReject::UnknownSide.index()], 2 * 254 + 2, "of both types, one more each");
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

/// What the accessors say of each kind.
#[test]
fn numbers_belong_to_their_kinds() {
    for (code, _, length) in MESSAGES {
        let mut bytes = vec![b'B'; length];
        bytes[0] = code;
        let event = BookEvent::read(&bytes);
        assert_eq!(event.kind.is_book(), BOOK.contains(&code));
        assert_eq!(event.side().is_some(), b"AF".contains(&code));
        assert_eq!(event.new_reference().is_some(), code == b'U');
        assert_eq!(event.match_number().is_some(), b"EC".contains(&code));
        assert_eq!(event.reject(), None);
        assert_eq!(event.prints(), None, "B is no answer");
    }
    assert_eq!(EventKind::ALL.map(|kind| kind as u8), [0, 1, 2, 3, 4, 5, 6, 7]);
}

/// A block that is cut short is left in the rest, whole blocks before it are not lost.
#[test]
fn a_cut_block_stays_in_the_rest() {
    let mut file = vec![];
    let message = [b"D".as_slice(), &[3; 18]].concat();
    for _ in 0..4 {
        assert!(append(&mut file, &message));
    }
    for cut in 0..file.len() {
        let mut blocks = Blocks::new(&file[..cut]);
        assert_eq!(blocks.by_ref().count(), cut / 21);
        assert_eq!(blocks.rest(), &file[cut / 21 * 21..cut]);
    }
}

#[test]
fn aapl_file_agrees() {
    let Some(data) = recordings("aapl_file_agrees") else { return };
    let path = data.join("packets/nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50");
    let bytes = std::fs::read(path).expect("a readable recording");
    let (mut rest, mut messages) = (&bytes[..], vec![]);
    while let Frame::Message { bytes, consumed } = next(rest, true) {
        messages.push(bytes.to_vec());
        rest = &rest[consumed..];
    }
    assert_eq!((messages.len(), rest.len()), (10_000, 0));
    agrees_everywhere(&messages);
    let kinds = Blocks::new(&bytes).fold([0; 8], |mut kinds, event| {
        kinds[event.kind as usize] += 1;
        kinds
    });
    // A and F, E, C, X, D, U; the others are P, L, R, H and Y.
    assert_eq!(kinds, [295, 4_760, 849, 0, 6, 4_083, 7, 0]);
}
