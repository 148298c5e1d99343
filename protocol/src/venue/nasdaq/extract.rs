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

/// What the first byte says of a message.
#[derive(Clone, Copy)]
#[repr(C)]
struct Row {
    reference: u64,
    linked: u64,
    stock: u64,
    shares: u32,
    price: u32,
    attribution: u32,
    /// The length as two bytes of the wire have it; more than they can say where the type is
    /// unknown, so that none is right.
    wanted: u32,
    linked_at: LinkedAt,
    shares_at: SharesAt,
    price_at: PriceAt,
    side: u8,
    printable: u8,
    // From here on as in the event, so that it takes one copy.
    length: u16,
    kind: EventKind,
    code: u8,
    refusal: u32,
}

const NO_LENGTH: u32 = u32::MAX;

/// A length as [`sort`] wants it: the two bytes of the wire as the machine loads them.
const fn wire(length: u16) -> u32 {
    length.to_be() as u32
}

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
        wanted: wire(length as u16),
        linked_at: if replace { LinkedAt::Byte19 } else { LinkedAt::Byte23 },
        shares_at: match (add, replace) {
            (true, _) => SharesAt::Byte20,
            (false, true) => SharesAt::Byte27,
            (false, false) => SharesAt::Byte19,
        },
        price_at: if replace { PriceAt::Byte31 } else { PriceAt::Byte32 },
        side: if add { u8::MAX } else { 0 },
        printable: if code == b'C' { u8::MAX } else { 0 },
        length: length as u16,
        kind,
        code,
        refusal: 0,
    }
}

/// What a byte at the place of the side says: 0 buy, 1 sell.
const NO_SIDE: u8 = 2;

/// A cache line, so that a message needs one.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line(Row);

/// Both tables, so that one address serves them.
struct Tables {
    rows: [Line; 256],
    sides: [u8; 256],
}

static TABLES: Tables = {
    let unknown = Row { wanted: NO_LENGTH, ..row(0, 0) };
    let mut tables = Tables { rows: [Line(unknown); 256], sides: [NO_SIDE; 256] };
    let mut at = 0;
    while at < MESSAGES.len() {
        let (code, _, length) = MESSAGES[at];
        tables.rows[code as usize] = Line(row(code, length));
        at += 1;
    }
    tables.sides[b'B' as usize] = 0;
    tables.sides[b'S' as usize] = 1;
    tables
};

/// The bytes at an offset; the compiler sees that it is within the window.
#[inline(always)]
fn bytes<const N: usize>(window: &Window, at: usize) -> [u8; N] {
    window.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// What is known of a message before its fields are read.
#[derive(Clone, Copy)]
pub(super) struct Sort<'r> {
    row: &'r Row,
    side: u8,
}

/// The row of the message at the beginning of `window`, whose length is these two bytes; `None` if
/// it is refused, and [`Odd`] is for it.
#[inline(always)]
pub(super) fn sort(window: &Window, length: [u8; 2]) -> Option<Sort<'static>> {
    let row = &TABLES.rows[usize::from(window[0])].0;
    let side = TABLES.sides[usize::from(window[19])] & row.side;
    let length = u32::from(u16::from_ne_bytes(length));
    ((length == row.wanted) & (side < NO_SIDE)).then_some(Sort { row, side })
}

const TIMESTAMP_BITS: u32 = 48;

/// The event of the message at the beginning of `window`, `at` bytes into what the caller goes
/// through.
#[inline(always)]
pub(super) fn event(window: &Window, sort: Sort<'_>, at: u32) -> BookEvent {
    let Sort { row, side } = sort;
    let be32 = |at| u32::from_be_bytes(bytes(window, at));
    let be64 = |at| u64::from_be_bytes(bytes(window, at));
    // Locate and tracking number are neighbours, and the timestamp has two bytes too few.
    let (numbers, stamp) = (be32(1), be64(3));
    BookEvent {
        reference: be64(11) & row.reference,
        linked: be64(row.linked_at as usize) & row.linked,
        timestamp: stamp & ((1 << TIMESTAMP_BITS) - 1),
        shares: be32(row.shares_at as usize) & row.shares,
        price: be32(row.price_at as usize) & row.price,
        stock: (u64::from_ne_bytes(bytes(window, 24)) & row.stock).to_ne_bytes(),
        attribution: (u32::from_ne_bytes(bytes(window, 36)) & row.attribution).to_ne_bytes(),
        at,
        tracking: numbers as u16,
        locate: (numbers >> 16) as u16,
        side,
        printable: window[31] & row.printable,
        zero: 0,
        length: row.length,
        kind: row.kind,
        code: row.code,
        refusal: row.refusal,
    }
}

/// A message that cannot be read where it lies: one that is refused, or too close to the end. It
/// has a window and a row of its own, and goes the same way from there.
pub(super) struct Odd {
    pub(super) window: Window,
    row: Row,
    side: u8,
}

impl Odd {
    /// Any message.
    #[inline(always)]
    pub(super) fn new(message: &[u8]) -> Self {
        let window = padded(message);
        let length = u16::try_from(message.len()).ok();
        match length.and_then(|length| sort(&window, length.to_be_bytes())) {
            Some(Sort { row, side }) => Self { window, row: *row, side },
            None => Self { window, row: refusal(message), side: 0 },
        }
    }

    #[inline(always)]
    pub(super) fn sort(&self) -> Sort<'_> {
        Sort { row: &self.row, side: self.side }
    }
}

/// The row of a message that [`sort`] refuses.
#[cold]
#[inline(never)]
fn refusal(message: &[u8]) -> Row {
    let code = message.first().copied();
    let row = &TABLES.rows[usize::from(code.unwrap_or(0))].0;
    let reason = match code {
        None => EventReject::Empty,
        Some(_) if row.wanted == NO_LENGTH => EventReject::UnknownType,
        Some(_) if usize::from(row.length) != message.len() => EventReject::WrongLength,
        Some(_) => EventReject::UnknownSide,
    };
    Row {
        length: u16::try_from(message.len()).unwrap_or(u16::MAX),
        kind: EventKind::Refused,
        code: code.unwrap_or(0),
        refusal: reason.index() as u32 + 1,
        // Whose book is no longer complete is in the other fields of an add order.
        ..if reason == EventReject::UnknownSide { *row } else { TABLES.rows[0].0 }
    }
}

/// The event of one message of exactly these bytes.
#[inline(always)]
pub(super) fn message(message: &[u8]) -> BookEvent {
    let odd;
    let in_place = message.first_chunk().and_then(|window| {
        let length = u16::try_from(message.len()).ok()?;
        Some((window, sort(window, length.to_be_bytes())?))
    });
    let (window, sort) = match in_place {
        Some(in_place) => in_place,
        None => {
            odd = Odd::new(message);
            (&odd.window, odd.sort())
        }
    };
    event(window, sort, 0)
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
