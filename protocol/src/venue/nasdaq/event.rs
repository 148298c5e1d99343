//! Book events: A, F, E, C, X, D and U in one shape, read without a branch per type.
//!
//! On a real day the type of the next message is close to a coin toss between "add" and "delete",
//! so a decoder that jumps by type pays for a mispredicted jump with nearly every message, which
//! costs more than all its loads. Here the type selects a row of a table instead: where its fields
//! are, and a mask that clears those it does not have. The same instructions run for all types.
//!
//! Every message gives one event, whatever it is, so that the caller's numbering holds: messages
//! that do not change the book have [`EventKind::Other`], and [`decode`](super::decode) is for
//! them; what is malformed has [`EventKind::Refused`] and says why.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 8 | reference | the order; U: the order that is replaced |
//! | 8 | 8 | linked | U: the new reference; E, C: the match number |
//! | 16 | 8 | timestamp | ns since midnight, US Eastern |
//! | 24 | 4 | shares | A, F, U: of the order; E, C: executed; X: taken off |
//! | 28 | 4 | price | A, F, U: limit; C: of the execution; 10^-4 dollars |
//! | 32 | 8 | stock | A, F: symbol, padded with spaces |
//! | 40 | 4 | attribution | F: market participant |
//! | 44 | 4 | at | where the message begins, see [`Taken::message`](super::Taken::message) |
//! | 48 | 2 | tracking | the venue's internal number |
//! | 50 | 2 | locate | index of the stock on this day |
//! | 52 | 1 | side | A, F: 0 buy, 1 sell |
//! | 53 | 1 | printable | C: the letter, see [`YesNo`] |
//! | 54 | 2 | | 0 |
//! | 56 | 2 | length | of the message; 65,535 if it is longer |
//! | 58 | 1 | kind | see [`EventKind`] |
//! | 59 | 1 | code | the message's first byte; 0 where it has none |
//! | 60 | 4 | refusal | 0, or 1 + the index of an [`EventReject`] |
//!
//! What a type does not have is 0. Every message has locate, tracking and timestamp; of one that is
//! refused they are what its bytes say there, 0 where it has none.

use zerocopy::{Immutable, IntoBytes, KnownLayout};

use super::codes::{Side, YesNo};
use super::extract;
use crate::reject::rejects;

rejects! {
    /// Why a message is no event.
    EventReject {
        /// No bytes at all.
        Empty = "itch_empty",
        /// The first byte is no known type.
        UnknownType = "itch_unknown_type",
        /// The type is known but its length is another.
        WrongLength = "itch_wrong_length",
        /// An add order whose side is neither `B` nor `S`; the event's other fields are there.
        UnknownSide = "itch_unknown_side",
    }
}

/// What an event does to the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoBytes, Immutable, KnownLayout)]
#[repr(u8)]
pub enum EventKind {
    /// Nothing: a message of another type, for [`decode`](super::decode).
    #[default]
    Other,
    /// A, F: an order joins the end of its price's queue.
    Add,
    /// E: executed at the order's own price.
    Execute,
    /// C: executed at another price.
    ExecuteAt,
    /// X: reduced, keeps its place.
    Reduce,
    /// D: gone.
    Delete,
    /// U: replaced by one at the end of its queue.
    Replace,
    /// The message is malformed, see [`BookEvent::reject`].
    Refused,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Other,
        Self::Add,
        Self::Execute,
        Self::ExecuteAt,
        Self::Reduce,
        Self::Delete,
        Self::Replace,
        Self::Refused,
    ];

    /// Whether the book changes.
    #[inline]
    #[must_use]
    pub const fn is_book(self) -> bool {
        !matches!(self, Self::Other | Self::Refused)
    }
}

/// One message as the book needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(64))]
pub struct BookEvent {
    /// Reference number of the order; U: of the order that is replaced.
    pub reference: u64,
    /// U: the new reference number; E, C: number of the match.
    pub linked: u64,
    /// Nanoseconds since midnight, US Eastern.
    pub timestamp: u64,
    /// Shares of the order (A, F, U), executed (E, C) or taken off (X).
    pub shares: u32,
    /// Limit (A, F, U) or execution price (C), 10^-4 dollars.
    pub price: u32,
    /// Symbol, padded with spaces (A, F).
    pub stock: [u8; 8],
    /// Market participant (F).
    pub attribution: [u8; 4],
    /// Offset of the message in the bytes that one call went through; 0 from [`BookEvent::read`].
    pub at: u32,
    /// The venue's internal number.
    pub tracking: u16,
    /// Index of the stock on this day; 0 for the whole system.
    pub locate: u16,
    /// 0 buy, 1 sell (A, F).
    pub side: u8,
    /// Whether an execution prints (C), as the venue's letter, see [`BookEvent::prints`].
    pub printable: u8,
    /// 0.
    pub zero: u16,
    /// Bytes of the message.
    pub length: u16,
    /// What it does to the book.
    pub kind: EventKind,
    /// The message's first byte.
    pub code: u8,
    /// 0, or 1 + the index of the reason, see [`BookEvent::reject`].
    pub refusal: u32,
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<BookEvent>() == 64 && align_of::<BookEvent>() == 64);
    assert!(offset_of!(BookEvent, reference) == 0);
    assert!(offset_of!(BookEvent, linked) == 8);
    assert!(offset_of!(BookEvent, timestamp) == 16);
    assert!(offset_of!(BookEvent, shares) == 24);
    assert!(offset_of!(BookEvent, price) == 28);
    assert!(offset_of!(BookEvent, stock) == 32);
    assert!(offset_of!(BookEvent, attribution) == 40);
    assert!(offset_of!(BookEvent, at) == 44);
    assert!(offset_of!(BookEvent, length) == 56);
    assert!(offset_of!(BookEvent, locate) == 50);
    assert!(offset_of!(BookEvent, tracking) == 48);
    assert!(offset_of!(BookEvent, kind) == 58);
    assert!(offset_of!(BookEvent, code) == 59);
    assert!(offset_of!(BookEvent, side) == 52);
    assert!(offset_of!(BookEvent, printable) == 53);
    assert!(offset_of!(BookEvent, refusal) == 60);
    assert!(offset_of!(BookEvent, zero) == 54);
};

impl BookEvent {
    /// An event of nothing, to fill arrays with.
    pub const NONE: Self = Self {
        reference: 0,
        linked: 0,
        timestamp: 0,
        shares: 0,
        price: 0,
        stock: [0; 8],
        attribution: [0; 4],
        at: 0,
        tracking: 0,
        locate: 0,
        side: 0,
        printable: 0,
        zero: 0,
        length: 0,
        kind: EventKind::Other,
        code: 0,
        refusal: 0,
    };

    /// Reads one message of exactly these bytes. Where several messages lie one behind the other,
    /// [`Blocks`](super::Blocks) is faster.
    #[inline]
    #[must_use]
    pub fn read(message: &[u8]) -> Self {
        extract::message(message)
    }

    /// Why the message was refused; `None` for all kinds but [`EventKind::Refused`].
    #[inline]
    #[must_use]
    pub fn reject(&self) -> Option<EventReject> {
        EventReject::ALL.get(self.refusal.checked_sub(1)? as usize).copied()
    }

    /// Side of the order (A, F).
    #[inline]
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        match (self.kind, self.side) {
            (EventKind::Add, 0) => Some(Side::Buy),
            (EventKind::Add, _) => Some(Side::Sell),
            _ => None,
        }
    }

    /// The reference number of the order that replaces (U).
    #[inline]
    #[must_use]
    pub const fn new_reference(&self) -> Option<u64> {
        if matches!(self.kind, EventKind::Replace) { Some(self.linked) } else { None }
    }

    /// The number of the match (E, C).
    #[inline]
    #[must_use]
    pub const fn match_number(&self) -> Option<u64> {
        match self.kind {
            EventKind::Execute | EventKind::ExecuteAt => Some(self.linked),
            _ => None,
        }
    }

    /// Whether the shares of a C count in volume now; `None` for an unknown letter.
    #[inline]
    #[must_use]
    pub const fn prints(&self) -> Option<YesNo> {
        YesNo::from_byte(self.printable)
    }
}
