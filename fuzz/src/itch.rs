//! `itch`: any bytes as one message, and as a file of messages.
//!
//! What holds: the answer is the one that the table of codes and lengths gives; header fields are
//! those at their offsets; a file falls into the same messages whatever portions it comes in; book
//! events say what `decode` says of the same messages.

mod events;

use protocol::venue::nasdaq::codes::YesNo;
use protocol::venue::nasdaq::file::{Frame, LENGTH_LEN, append, next};
use protocol::venue::nasdaq::{
    ItchReject, MESSAGES, Message, decode, message_length, message_name,
};

use crate::offset_in;

/// Checks one input.
pub fn check(data: &[u8]) {
    check_message(data);
    let messages = check_file(data);
    for message in &messages {
        check_message(message);
    }
    events::check_blocks(data, &messages);
    // Portions of every size from 1 byte on, for files that are not too long for it.
    let portion = 1 + usize::from(data.first().copied().unwrap_or(0)) % 7;
    assert_eq!(in_portions(data, portion), messages, "portions of {portion} bytes");
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte))
}

fn check_message(bytes: &[u8]) {
    let code = bytes.first().copied();
    let row = MESSAGES.iter().find(|row| Some(row.0) == code);
    let wanted = match (code, row) {
        (None, _) => Err(ItchReject::Empty),
        (Some(_), None) => Err(ItchReject::UnknownType),
        (Some(_), Some(row)) if row.2 != bytes.len() => Err(ItchReject::WrongLength),
        (Some(code), Some(_)) => Ok(code),
    };
    events::check_message(bytes);
    let decoded = decode(bytes);
    assert_eq!(decoded.map(|message| message.code()), wanted);
    if let (Ok(message), Some(row)) = (decoded, row) {
        assert_eq!(message_length(row.0), Some(row.2));
        assert_eq!(message_name(row.0), Some(row.1));
        check_fields(bytes, &message);
    }
}

fn check_fields(bytes: &[u8], message: &Message<'_>) {
    assert_eq!(offset_in(bytes, message.as_bytes()), Some(0), "a copy, or from somewhere else");
    assert_eq!(message.as_bytes(), bytes);
    assert_eq!(u64::from(message.locate()), number(&bytes[1..3]));
    assert_eq!(u64::from(message.tracking()), number(&bytes[3..5]));
    assert_eq!(message.timestamp(), number(&bytes[5..11]));
    // Every field is a number or bytes: whatever it is, it can be shown.
    assert!(!format!("{message:?}").is_empty());
    match message {
        Message::AddOrder(add) => {
            assert_eq!(add.reference.get(), number(&bytes[11..19]));
            assert_eq!(u64::from(add.shares.get()), number(&bytes[20..24]));
            assert_eq!(u64::from(add.price.get()), number(&bytes[32..36]));
            assert_eq!(add.side().is_some(), matches!(bytes[19], b'B' | b'S'));
        }
        Message::OrderReplace(replace) => {
            assert_eq!(replace.original.get(), number(&bytes[11..19]));
            assert_eq!(replace.reference.get(), number(&bytes[19..27]));
        }
        Message::OrderExecutedWithPrice(executed) => {
            assert_eq!(executed.prints() == Some(YesNo::Yes), bytes[31] == b'Y');
            assert_eq!(executed.prints() == Some(YesNo::No), bytes[31] == b'N');
        }
        _ => {}
    }
}

/// Cuts the file by arithmetic of its own and compares; the messages.
fn check_file(data: &[u8]) -> Vec<Vec<u8>> {
    let (mut at, mut messages) = (0, Vec::new());
    loop {
        let rest = &data[at..];
        let length = (rest.len() >= LENGTH_LEN).then(|| number(&rest[..LENGTH_LEN]) as usize);
        let whole = length.filter(|length| LENGTH_LEN + length <= rest.len());
        match (next(rest, true), whole) {
            (Frame::Message { bytes, consumed }, Some(length)) => {
                assert_eq!((bytes.len(), consumed), (length, LENGTH_LEN + length));
                assert_eq!(offset_in(data, bytes), Some(at + LENGTH_LEN));
                messages.push(bytes.to_vec());
                at += consumed;
            }
            (Frame::End, None) if rest.is_empty() => break,
            (Frame::Truncated(left), None) => {
                assert_eq!(left, rest.len());
                break;
            }
            (frame, _) => panic!("{frame:?} at {at} of {}", data.len()),
        }
    }
    let mut again = Vec::new();
    assert!(messages.iter().all(|message| append(&mut again, message)));
    assert_eq!(again, data[..at], "written otherwise");
    messages
}

fn in_portions(data: &[u8], portion: usize) -> Vec<Vec<u8>> {
    let (mut at, mut end, mut messages) = (0, 0, Vec::new());
    loop {
        let at_end = end == data.len();
        match next(&data[at..end], at_end) {
            Frame::Message { bytes, consumed } => {
                messages.push(bytes.to_vec());
                at += consumed;
            }
            Frame::NeedMore(wanted) => {
                assert!(!at_end, "wants more of a file that has no more");
                assert!(wanted > end - at, "wants {wanted}, has {}", end - at);
                // As much as it says it needs, or less: it must ask again.
                end = data.len().min(end + portion);
            }
            Frame::End | Frame::Truncated(_) => {
                assert!(at_end);
                return messages;
            }
        }
    }
}
