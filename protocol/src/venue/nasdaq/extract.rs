//! From the bytes of a message to a [`BookEvent`], by table.
//!
//! A row per first byte says where shares, price and the second number are, and which fields the
//! type has. All types are read through a window of the same [`WINDOW`] bytes; the mask clears
//! whatever a shorter message does not have, so bytes behind it are loaded but never seen.
//!
//! Offsets are enums rather than numbers: the compiler then knows their greatest value and that no
//! load leaves the window, and the bounds checks cost nothing.
//!
//! A message with nothing behind it, as most packets have only one, is read where it lies too, with
//! its bounds checked. Fields that its type does not have are then looked for at [`NOWHERE`], where
//! every message has bytes: the checks come out the same for all types, and are predicted.

use super::event::{BookEvent, EventKind, EventReject};
use super::message::MESSAGES;

/// Bytes of the longest book event, F.
pub(super) const WINDOW: usize = 40;
/// The bytes of a message and, where it is shorter, whatever is behind them.
pub(super) type Window = [u8; WINDOW];

/// Where fields are read that are not there: the shortest message has eight bytes from here on.
const NOWHERE: u8 = 3;

/// Where the second number of eight bytes is.
#[derive(Clone, Copy)]
#[repr(u8)]
enum LinkedAt {
    /// A, F, X, D: none.
    Nowhere = NOWHERE,
    /// U: the new reference.
    Byte19 = 19,
    /// E, C: the match number.
    Byte23 = 23,
}

/// Where the shares are.
#[derive(Clone, Copy)]
#[repr(u8)]
enum SharesAt {
    /// D: none.
    Nowhere = NOWHERE,
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
    /// E, X, D: none.
    Nowhere = NOWHERE,
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
    side_at: u8,
    stock_at: u8,
    printable_at: u8,
    attribution_at: u8,
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
        linked_at: match (replace, executed) {
            (true, _) => LinkedAt::Byte19,
            (false, true) => LinkedAt::Byte23,
            (false, false) => LinkedAt::Nowhere,
        },
        shares_at: match code {
            b'A' | b'F' => SharesAt::Byte20,
            b'U' => SharesAt::Byte27,
            b'E' | b'C' | b'X' => SharesAt::Byte19,
            _ => SharesAt::Nowhere,
        },
        price_at: match code {
            b'A' | b'F' | b'C' => PriceAt::Byte32,
            b'U' => PriceAt::Byte31,
            _ => PriceAt::Nowhere,
        },
        side: if add { u8::MAX } else { 0 },
        printable: if code == b'C' { u8::MAX } else { 0 },
        side_at: if add { SIDE_AT as u8 } else { NOWHERE },
        stock_at: if add { STOCK_AT as u8 } else { NOWHERE },
        printable_at: if code == b'C' { PRINTABLE_AT as u8 } else { NOWHERE },
        attribution_at: if code == b'F' { ATTRIBUTION_AT as u8 } else { NOWHERE },
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

const SIDE_AT: usize = 19;
const STOCK_AT: usize = 24;
const PRINTABLE_AT: usize = 31;
const ATTRIBUTION_AT: usize = 36;

/// Where a message is read.
pub(super) trait Place {
    /// The bytes at an offset; zeros where there are none.
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N];
    /// Those of a field that has the same offset in every type that has it; `row` says that, or
    /// [`NOWHERE`].
    fn fixed<const N: usize>(&self, at: usize, row: u8) -> [u8; N];
}

impl Place for Window {
    #[inline(always)]
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        self.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
    }

    #[inline(always)]
    fn fixed<const N: usize>(&self, at: usize, _: u8) -> [u8; N] {
        self.bytes(at)
    }
}

/// A message with nothing behind it.
struct Exact<'a>(&'a [u8]);

impl Place for Exact<'_> {
    #[inline(always)]
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let bytes = self.0.get(at..at + N).and_then(|bytes| bytes.first_chunk());
        bytes.copied().unwrap_or([0; N])
    }

    #[inline(always)]
    fn fixed<const N: usize>(&self, _: usize, row: u8) -> [u8; N] {
        self.bytes(usize::from(row))
    }
}

/// What is known of a message before its fields are read.
#[derive(Clone, Copy)]
pub(super) struct Sort<'r> {
    row: &'r Row,
    side: u8,
}

/// The row of the message whose first byte is `code` and whose length is these two bytes; `None` if
/// it is refused, and [`refusal`] says why.
#[inline(always)]
pub(super) fn sort<P: Place>(place: &P, code: u8, length: [u8; 2]) -> Option<Sort<'static>> {
    let row = &TABLES.rows[usize::from(code)].0;
    let [letter] = place.fixed(SIDE_AT, row.side_at);
    let side = TABLES.sides[usize::from(letter)] & row.side;
    let length = u32::from(u16::from_ne_bytes(length));
    ((length == row.wanted) & (side < NO_SIDE)).then_some(Sort { row, side })
}

/// The event of the message in this place, `at` bytes into what the caller goes through.
#[inline(always)]
pub(super) fn event<P: Place>(place: &P, sort: Sort<'_>, at: u32) -> BookEvent {
    let Sort { row, side } = sort;
    let be32 = |at| u32::from_be_bytes(place.bytes(at));
    let be64 = |at| u64::from_be_bytes(place.bytes(at));
    // Locate and tracking number are neighbours; the timestamp has two bytes less than it needs.
    let numbers = be32(1);
    let stock = u64::from_ne_bytes(place.fixed(STOCK_AT, row.stock_at));
    let attribution = u32::from_ne_bytes(place.fixed(ATTRIBUTION_AT, row.attribution_at));
    let [printable] = place.fixed(PRINTABLE_AT, row.printable_at);
    BookEvent {
        reference: be64(11) & row.reference,
        linked: be64(row.linked_at as usize) & row.linked,
        timestamp: be64(3) & TIMESTAMP,
        shares: be32(row.shares_at as usize) & row.shares,
        price: be32(row.price_at as usize) & row.price,
        stock: (stock & row.stock).to_ne_bytes(),
        attribution: (attribution & row.attribution).to_ne_bytes(),
        at,
        tracking: numbers as u16,
        locate: (numbers >> 16) as u16,
        side,
        printable: printable & row.printable,
        zero: 0,
        length: row.length,
        kind: row.kind,
        code: row.code,
        refusal: row.refusal,
    }
}

/// The lower 48 bits.
const TIMESTAMP: u64 = (1 << 48) - 1;

/// The row of a message that [`sort`] refuses.
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
#[inline]
pub(super) fn message(message: &[u8], at: u32) -> BookEvent {
    let place = Exact(message);
    let sorted = u16::try_from(message.len()).ok().and_then(|length| {
        let code = *message.first()?;
        sort(&place, code, length.to_be_bytes())
    });
    match sorted {
        Some(sort) => event(&place, sort, at),
        None => refused(message, at),
    }
}

/// What stands for a message that [`sort`] refuses, read as if zeros were behind it.
#[cold]
#[inline(never)]
fn refused(message: &[u8], at: u32) -> BookEvent {
    let mut window = [0; WINDOW];
    for (to, from) in window.iter_mut().zip(message) {
        *to = *from;
    }
    event(&window, Sort { row: &refusal(message), side: 0 }, at)
}
