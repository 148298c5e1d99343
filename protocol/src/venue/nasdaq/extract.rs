//! From the bytes of a message to a [`BookEvent`], by table.
//!
//! A row per first byte says where shares, price and the second number are, and which fields the
//! type has. All book types are read through a window of the same [`WINDOW`] bytes; the mask clears
//! whatever a shorter message does not have, so bytes behind it are loaded but never seen.
//!
//! Types that do not change the book have no row, and are refused by the length they would need:
//! one message in thirty pays for being looked at again, and the others need no test of their kind,
//! no mask over what every book type has, and no look at where a message longer than the window
//! ends.
//!
//! Offsets are enums rather than numbers: the compiler then knows their greatest value and that no
//! load leaves the window, and the bounds checks cost nothing. The kind is an enum of book kinds
//! alone for the same reason: a caller's question whether the event changes the book has its answer
//! before it runs.
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

/// Which part of the table of sides the byte at the place of the side is looked up in.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Sides {
    /// A, F: only two letters are sides.
    Letter = 0,
    /// All others: 0, whatever is there.
    None = 256,
}

/// The kinds of the types that have a row, with the numbers of [`EventKind`].
#[derive(Clone, Copy)]
#[repr(u8)]
enum Change {
    Add = EventKind::Add as u8,
    Execute = EventKind::Execute as u8,
    ExecuteAt = EventKind::ExecuteAt as u8,
    Reduce = EventKind::Reduce as u8,
    Delete = EventKind::Delete as u8,
    Replace = EventKind::Replace as u8,
}

impl Change {
    const fn of(code: u8) -> Option<Self> {
        Some(match code {
            b'A' | b'F' => Self::Add,
            b'E' => Self::Execute,
            b'C' => Self::ExecuteAt,
            b'X' => Self::Reduce,
            b'D' => Self::Delete,
            b'U' => Self::Replace,
            _ => return None,
        })
    }

    /// The same number: no instruction.
    #[inline(always)]
    const fn kind(self) -> EventKind {
        match self {
            Self::Add => EventKind::Add,
            Self::Execute => EventKind::Execute,
            Self::ExecuteAt => EventKind::ExecuteAt,
            Self::Reduce => EventKind::Reduce,
            Self::Delete => EventKind::Delete,
            Self::Replace => EventKind::Replace,
        }
    }
}

/// What the first byte says of a message that changes the book.
#[derive(Clone, Copy)]
#[repr(C)]
struct Row {
    linked: u64,
    stock: u64,
    shares: u32,
    price: u32,
    attribution: u32,
    /// The length as two bytes of the wire have it; more than they can say where the type does not
    /// change the book, so that none is right.
    wanted: u32,
    // These four as in the event, so that they take one copy.
    length: u16,
    change: Change,
    code: u8,
    refusal: u32,
    sides: Sides,
    linked_at: LinkedAt,
    shares_at: SharesAt,
    price_at: PriceAt,
    printable: u8,
    side_at: u8,
    stock_at: u8,
    printable_at: u8,
    attribution_at: u8,
}

/// What no length is.
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

/// The row that no message has.
const NO_ROW: Row = Row { wanted: NO_LENGTH, ..row(b'D', 0, Change::Delete) };

const fn row(code: u8, length: usize, change: Change) -> Row {
    let (add, executed) = (matches!(code, b'A' | b'F'), matches!(code, b'E' | b'C'));
    let replace = code == b'U';
    Row {
        linked: ones64(executed || replace),
        stock: ones64(add),
        shares: ones32(code != b'D'),
        price: ones32(add || replace || code == b'C'),
        attribution: ones32(code == b'F'),
        wanted: wire(length as u16),
        length: length as u16,
        change,
        code,
        refusal: 0,
        sides: if add { Sides::Letter } else { Sides::None },
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
        printable: if code == b'C' { u8::MAX } else { 0 },
        side_at: if add { SIDE_AT as u8 } else { NOWHERE },
        stock_at: if add { STOCK_AT as u8 } else { NOWHERE },
        printable_at: if code == b'C' { PRINTABLE_AT as u8 } else { NOWHERE },
        attribution_at: if code == b'F' { ATTRIBUTION_AT as u8 } else { NOWHERE },
    }
}

/// What a byte at the place of the side says: 0 buy, 1 sell.
const NO_SIDE: u8 = 2;

/// A cache line, so that a message needs one.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Line(Row);

/// All tables, so that one address in one register serves them.
struct Tables {
    rows: [Line; 256],
    /// Behind the parts that [`Sides`] names.
    sides: [u8; 512],
    /// Lengths of the types that do not change the book, as [`Row::wanted`].
    others: [u32; 256],
}

static TABLES: Tables = {
    let mut tables =
        Tables { rows: [Line(NO_ROW); 256], sides: [0; 512], others: [NO_LENGTH; 256] };
    let mut at = 0;
    while at < 256 {
        tables.sides[at] = NO_SIDE;
        at += 1;
    }
    tables.sides[b'B' as usize] = 0;
    tables.sides[b'S' as usize] = 1;
    at = 0;
    while at < MESSAGES.len() {
        let (code, _, length) = MESSAGES[at];
        if let Some(change) = Change::of(code) {
            assert!(length <= WINDOW);
            tables.rows[code as usize] = Line(row(code, length, change));
        } else {
            tables.others[code as usize] = wire(length as u16);
        }
        at += 1;
    }
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

/// The two bytes of a length as [`wire`] has them.
#[inline(always)]
fn loaded(length: [u8; 2]) -> u32 {
    u32::from(u16::from_ne_bytes(length))
}

/// The row of the message whose first byte is `code` and whose length is these two bytes; `None` if
/// it does not change the book or is refused, see [`no_change`].
#[inline(always)]
pub(super) fn sort<P: Place>(place: &P, code: u8, length: [u8; 2]) -> Option<Sort<'static>> {
    let row = &TABLES.rows[usize::from(code)].0;
    let [letter] = place.fixed(SIDE_AT, row.side_at);
    let side = TABLES.sides[(u32::from(letter) + row.sides as u32) as usize];
    ((loaded(length) == row.wanted) & (side < NO_SIDE)).then_some(Sort { row, side })
}

/// The event of the message in this place, `at` bytes into what the caller goes through.
#[inline(always)]
pub(super) fn event<P: Place>(place: &P, sort: Sort<'_>, at: u32) -> BookEvent {
    let Sort { row, side } = sort;
    let be32 = |at| u32::from_be_bytes(place.bytes(at));
    let be64 = |at| u64::from_be_bytes(place.bytes(at));
    // Locate and tracking number are neighbours.
    let numbers = be32(1);
    let stock = u64::from_ne_bytes(place.fixed(STOCK_AT, row.stock_at));
    let attribution = u32::from_ne_bytes(place.fixed(ATTRIBUTION_AT, row.attribution_at));
    let [printable] = place.fixed(PRINTABLE_AT, row.printable_at);
    BookEvent {
        reference: be64(11),
        linked: be64(row.linked_at as usize) & row.linked,
        // Six bytes and two of the reference, which a shift drops without a register for a mask.
        timestamp: be64(5) >> 16,
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
        kind: row.change.kind(),
        code: row.code,
        refusal: row.refusal,
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
        None => no_change(message, at),
    }
}

/// What stands for a message that [`sort`] has no row for: of another type, or refused.
#[inline(never)]
fn no_change(message: &[u8], at: u32) -> BookEvent {
    let head = message.first_chunk::<HEAD>().zip(u16::try_from(message.len()).ok());
    match head.and_then(|(head, length)| other(head, length.to_be_bytes(), at)) {
        Some(event) => event,
        None => refused(message, at),
    }
}

/// The event of a message of this length that changes no book; `None` if it does, or is refused.
#[inline(always)]
pub(super) fn other<const N: usize>(
    message: &[u8; N],
    length: [u8; 2],
    at: u32,
) -> Option<BookEvent> {
    let bytes = message.first_chunk()?;
    let code = bytes[0];
    let known = loaded(length) == TABLES.others[usize::from(code)];
    let length = u16::from_be_bytes(length);
    known.then(|| BookEvent { length, code, ..head(bytes, at) })
}

/// Bytes that all messages begin with: type, locate, tracking number, timestamp.
const HEAD: usize = 11;

/// What they say, but for the type.
#[inline(always)]
fn head(head: &[u8; HEAD], at: u32) -> BookEvent {
    let [_, l1, l0, t1, t0, time @ ..] = *head;
    let [a, b, c, d, e, f] = time;
    BookEvent {
        timestamp: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
        at,
        tracking: u16::from_be_bytes([t1, t0]),
        locate: u16::from_be_bytes([l1, l0]),
        ..BookEvent::NONE
    }
}

/// The event of a message that is malformed, read as if zeros were behind it.
#[cold]
#[inline(never)]
fn refused(message: &[u8], at: u32) -> BookEvent {
    let mut window = [0; WINDOW];
    for (to, from) in window.iter_mut().zip(message) {
        *to = *from;
    }
    let code = message.first().copied();
    let known = code.and_then(|code| MESSAGES.iter().find(|known| known.0 == code));
    let reason = match (code, known) {
        (None, _) => EventReject::Empty,
        (_, None) => EventReject::UnknownType,
        (_, Some(known)) if known.2 != message.len() => EventReject::WrongLength,
        _ => EventReject::UnknownSide,
    };
    // Whose book is no longer complete is in the other fields of an add order.
    let read = if reason == EventReject::UnknownSide {
        let row = &TABLES.rows[usize::from(window[0])].0;
        event(&window, Sort { row, side: 0 }, at)
    } else {
        window.first_chunk().map_or(BookEvent::NONE, |bytes| head(bytes, at))
    };
    BookEvent {
        length: u16::try_from(message.len()).unwrap_or(u16::MAX),
        kind: EventKind::Refused,
        code: code.unwrap_or(0),
        refusal: reason.index() as u32 + 1,
        ..read
    }
}
