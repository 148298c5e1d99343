//! From the bytes of a message to a [`BookEvent`], by table.
//!
//! A row per first byte says where shares, price and the second number are, and which fields the
//! type has. All types are read through a window of the same [`WINDOW`] bytes; the mask clears
//! whatever a shorter message does not have, so bytes behind it are loaded but never seen.
//!
//! Offsets are enums rather than numbers: the compiler then knows their greatest value and that no
//! load leaves the window, and the bounds checks cost nothing.

use super::event::{BookEvent, EventKind, EventReject};
use super::message::MESSAGES;

/// Bytes of the longest book event, F.
pub(super) const WINDOW: usize = 40;
/// The bytes of a message and, where it is shorter, whatever is behind them.
pub(super) type Window = [u8; WINDOW];

/// Where the second number of eight bytes is.
#[derive(Clone, Copy)]
#[repr(u8)]
enum LinkedAt {
    /// U: the new reference.
    Byte19 = 19,
    /// E, C: the match number.
    Byte23 = 23,
}

/// Where the shares are.
#[derive(Clone, Copy)]
#[repr(u8)]
enum SharesAt {
    /// E, C, X.
    Byte19 = 19,
    /// A, F, behind the side.
    Byte20 = 20,
    /// U, behind the new reference.
    Byte27 = 27,
}

/// Where the price is.
#[derive(Clone, Copy)]
#[repr(u8)]
enum PriceAt {
    /// U.
    Byte31 = 31,
    /// A, F, C.
    Byte32 = 32,
}

/// What the first byte says of a message. A cache line, so that a message needs one.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Row {
    reference: u64,
    linked: u64,
    stock: u64,
    shares: u32,
    price: u32,
    attribution: u32,
    /// More than 16 bits can say where the type is unknown, so that no length is right.
    length: u32,
    linked_at: LinkedAt,
    shares_at: SharesAt,
    price_at: PriceAt,
    kind: EventKind,
    side: u8,
    printable: u8,
}

const NO_LENGTH: u32 = u32::MAX;

const fn ones64(has: bool) -> u64 {
    if has { u64::MAX } else { 0 }
}

const fn ones32(has: bool) -> u32 {
    if has { u32::MAX } else { 0 }
}

const fn row(code: u8, length: usize) -> Row {
    let (add, executed) = (matches!(code, b'A' | b'F'), matches!(code, b'E' | b'C'));
    let replace = code == b'U';
    let kind = match code {
        b'A' | b'F' => EventKind::Add,
        b'E' => EventKind::Execute,
        b'C' => EventKind::ExecuteAt,
        b'X' => EventKind::Reduce,
        b'D' => EventKind::Delete,
        b'U' => EventKind::Replace,
        _ => EventKind::Other,
    };
    Row {
        reference: ones64(kind.is_book()),
        linked: ones64(executed || replace),
        stock: ones64(add),
        shares: ones32(kind.is_book() && code != b'D'),
        price: ones32(add || replace || code == b'C'),
        attribution: ones32(code == b'F'),
        length: length as u32,
        linked_at: if replace { LinkedAt::Byte19 } else { LinkedAt::Byte23 },
        shares_at: match (add, replace) {
            (true, _) => SharesAt::Byte20,
            (false, true) => SharesAt::Byte27,
            (false, false) => SharesAt::Byte19,
        },
        price_at: if replace { PriceAt::Byte31 } else { PriceAt::Byte32 },
        kind,
        side: if add { u8::MAX } else { 0 },
        printable: if code == b'C' { u8::MAX } else { 0 },
    }
}

static ROWS: [Row; 256] = {
    let unknown = Row { length: NO_LENGTH, ..row(0, 0) };
    let mut rows = [unknown; 256];
    let mut at = 0;
    while at < MESSAGES.len() {
        let (code, _, length) = MESSAGES[at];
        rows[code as usize] = row(code, length);
        at += 1;
    }
    rows
};

/// What a byte at the place of the side says: 0 buy, 1 sell, more is no side.
static SIDES: [u8; 256] = {
    let mut sides = [NO_SIDE; 256];
    sides[b'B' as usize] = 0;
    sides[b'S' as usize] = 1;
    sides
};
const NO_SIDE: u8 = 2;

#[inline(always)]
fn be16(window: &Window, at: usize) -> u16 {
    let bytes = window.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u16::from_be_bytes(*bytes))
}

#[inline(always)]
fn be32(window: &Window, at: usize) -> u32 {
    let bytes = window.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

#[inline(always)]
fn be64(window: &Window, at: usize) -> u64 {
    let bytes = window.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

const TIMESTAMP_BITS: u32 = 48;

/// The event of the message of `length` bytes at the beginning of `window`, `at` bytes into what
/// the caller goes through. `false` with it if it is no message, and [`refused`] knows why.
#[inline(always)]
pub(super) fn window(window: &Window, length: u32, at: u32) -> (BookEvent, bool) {
    let (code, letter, printable) = (window[0], window[19], window[31]);
    let row = &ROWS[usize::from(code)];
    // Tracking number and timestamp are neighbours and come with one load.
    let stamp = be64(window, 3);
    let side = SIDES[usize::from(letter)] & row.side;
    let event = BookEvent {
        reference: be64(window, 11) & row.reference,
        linked: be64(window, row.linked_at as usize) & row.linked,
        timestamp: stamp & ((1 << TIMESTAMP_BITS) - 1),
        shares: be32(window, row.shares_at as usize) & row.shares,
        price: be32(window, row.price_at as usize) & row.price,
        stock: (be64(window, 24) & row.stock).to_be_bytes(),
        attribution: (be32(window, 36) & row.attribution).to_be_bytes(),
        at,
        length: length as u16,
        locate: be16(window, 1),
        tracking: (stamp >> TIMESTAMP_BITS) as u16,
        kind: row.kind,
        code,
        side,
        printable: printable & row.printable,
        refusal: 0,
        zero: [0; 5],
    };
    (event, (length == row.length) & (side < NO_SIDE))
}

/// What stands in the place of an event that [`window`] did not accept.
#[cold]
#[inline(never)]
pub(super) fn refused(message: &[u8], at: u32) -> BookEvent {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let padded = padded(message);
    let (event, _) = window(&padded, u32::from(length), at);
    let code = message.first().copied();
    let wanted = code.map(|code| ROWS[usize::from(code)].length);
    let reason = match wanted {
        None => EventReject::Empty,
        Some(NO_LENGTH) => EventReject::UnknownType,
        Some(wanted) if wanted as usize != message.len() => EventReject::WrongLength,
        Some(_) => EventReject::UnknownSide,
    };
    let (kind, refusal) = (EventKind::Refused, reason.index() as u8 + 1);
    match reason {
        // Whose book is no longer complete is in the other fields.
        EventReject::UnknownSide => BookEvent { kind, refusal, side: 0, ..event },
        _ => BookEvent { kind, refusal, code: code.unwrap_or(0), length, at, ..BookEvent::NONE },
    }
}

/// The event of one message of exactly these bytes.
#[inline(always)]
pub(super) fn message(message: &[u8]) -> BookEvent {
    let length = u32::try_from(message.len()).unwrap_or(NO_LENGTH - 1);
    let (event, accepted) = match message.first_chunk::<WINDOW>() {
        Some(bytes) => window(bytes, length, 0),
        None => window(&padded(message), length, 0),
    };
    if accepted { event } else { refused(message, 0) }
}

/// A window of its own for a message with too few bytes behind it, filled up with zeros.
///
/// Three copies of 16 bytes that overlap as the length has it serve every type but the shortest:
/// a copy of a length that varies would be a call and a jump that cannot be predicted.
#[inline(always)]
fn padded(message: &[u8]) -> Window {
    const PART: usize = 16;
    let mut window = [0; WINDOW];
    let ends = message.len().checked_sub(PART).filter(|last| *last <= WINDOW - PART);
    let Some(last_at) = ends else {
        for (to, from) in window.iter_mut().zip(message) {
            *to = *from;
        }
        return window;
    };
    for at in [0, last_at.min(PART), last_at] {
        let from = message.get(at..).and_then(|rest| rest.first_chunk::<PART>());
        let to = window.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<PART>());
        if let (Some(from), Some(to)) = (from, to) {
            *to = *from;
        }
    }
    window
}
