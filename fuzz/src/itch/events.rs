//! Book events: each says what `decode` and the venue's table of offsets say of its message.

use protocol::venue::nasdaq::{Blocks, BookEvent, EventKind, EventReject, ItchReject, decode};

use super::number;

/// A number at an offset, 0 where the message has no such bytes.
fn at(bytes: &[u8], from: usize, to: usize) -> u64 {
    (from..to).fold(0, |n, at| n << 8 | u64::from(bytes.get(at).copied().unwrap_or(0)))
}

/// The event that a message must give.
fn wanted(bytes: &[u8]) -> BookEvent {
    let code = bytes.first().copied().unwrap_or(0);
    let reject = match decode(bytes) {
        Err(ItchReject::Empty) => Some(EventReject::Empty),
        Err(ItchReject::UnknownType) => Some(EventReject::UnknownType),
        Err(ItchReject::WrongLength) => Some(EventReject::WrongLength),
        Ok(_) if matches!(code, b'A' | b'F') && !matches!(bytes[19], b'B' | b'S') => {
            Some(EventReject::UnknownSide)
        }
        Ok(_) => None,
    };
    let mut event = BookEvent {
        timestamp: at(bytes, 5, 11),
        tracking: at(bytes, 3, 5) as u16,
        locate: at(bytes, 1, 3) as u16,
        length: u16::try_from(bytes.len()).unwrap_or(u16::MAX),
        code,
        ..BookEvent::NONE
    };
    if reject.is_none() || reject == Some(EventReject::UnknownSide) {
        fields(bytes, &mut event);
    }
    if let Some(reason) = reject {
        event.kind = EventKind::Refused;
        event.refusal = 1 + reason.index() as u32;
        event.side = 0;
    }
    assert_eq!(event.reject(), reject);
    event
}

/// What only messages that change the book have, at the offsets of the venue's table.
fn fields(bytes: &[u8], event: &mut BookEvent) {
    if b"AFECXDU".contains(&event.code) {
        event.reference = number(&bytes[11..19]);
    }
    match event.code {
        b'A' | b'F' => {
            event.kind = EventKind::Add;
            event.side = u8::from(bytes[19] == b'S');
            event.shares = number(&bytes[20..24]) as u32;
            event.stock.copy_from_slice(&bytes[24..32]);
            event.price = number(&bytes[32..36]) as u32;
            if event.code == b'F' {
                event.attribution.copy_from_slice(&bytes[36..40]);
            }
        }
        b'E' | b'C' => {
            event.kind = EventKind::Execute;
            event.shares = number(&bytes[19..23]) as u32;
            event.linked = number(&bytes[23..31]);
            if event.code == b'C' {
                event.kind = EventKind::ExecuteAt;
                event.printable = bytes[31];
                event.price = number(&bytes[32..36]) as u32;
            }
        }
        b'X' => {
            event.kind = EventKind::Reduce;
            event.shares = number(&bytes[19..23]) as u32;
        }
        b'D' => event.kind = EventKind::Delete,
        b'U' => {
            event.kind = EventKind::Replace;
            event.linked = number(&bytes[19..27]);
            event.shares = number(&bytes[27..31]) as u32;
            event.price = number(&bytes[31..35]) as u32;
        }
        _ => {}
    }
}

/// One message of exactly these bytes.
pub fn check_message(bytes: &[u8]) {
    assert_eq!(BookEvent::read(bytes), wanted(bytes));
}

/// The blocks of a file, which are these messages and what is left: one by one, folded, and in
/// batches of every size.
pub fn check_blocks(data: &[u8], messages: &[Vec<u8>]) {
    let all: Vec<BookEvent> = messages.iter().map(|message| wanted(message)).collect();
    let whole: usize = messages.iter().map(|message| 2 + message.len()).sum();
    let mut blocks = Blocks::new(data);
    let one_by_one: Vec<BookEvent> = std::iter::from_fn(|| blocks.next()).collect();
    assert_eq!((&one_by_one, blocks.rest()), (&all, &data[whole..]));
    let folded = Blocks::new(data).fold(Vec::new(), |mut events, event| {
        events.push(event);
        events
    });
    assert_eq!(folded, all);
    for size in [1, 2, 7, 64] {
        let mut events = vec![BookEvent::NONE; size];
        let (mut blocks, mut left) = (Blocks::new(data), messages.iter().zip(&all));
        loop {
            let taken = blocks.fill(&mut events);
            for event in &events[..taken.count] {
                let (message, wanted) = left.next().expect("an event too many");
                assert_eq!(taken.message(event), &message[..]);
                assert_eq!(BookEvent { at: 0, ..*event }, *wanted);
            }
            if taken.count < size {
                break;
            }
        }
        assert_eq!((left.next(), blocks.rest()), (None, &data[whole..]), "batches of {size}");
    }
}
