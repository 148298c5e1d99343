//! GLIMPSE 5.0: all books of the moment, sent to whoever asks.
//!
//! A client logs in over SoupBinTCP and asks for number 1; the answer is made for it alone, so the
//! numbers of its sequenced messages are the answer's and not the session's. The messages are those
//! of TotalView-ITCH, in this order:
//!
//! 1. `S`: the phases of the day that have begun.
//! 2. `R` of every stock, so that a locate is known before anything is said of it.
//! 3. Of each stock its standing: `H`, `Y` and what else the venue keeps (`L`, `h`, `K`, `J`).
//! 4. Every live order as an `A` or `F` with its remaining shares. Orders of one price come in the
//!    order of their queue, which is the only thing that says who is first.
//! 5. One [`EndOfSnapshot`]: the number of the session's next message.
//!
//! Trades, crosses and imbalances are not in it: what was traded before is not told again. Between
//! one login and its end no other message is inserted: the whole of it stands for one moment.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 1 | code | `G` |
//! | 1 | 20 | next | ASCII digits, right-justified: number of the first message that is not in it |

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::frame::digits;
use crate::reject::rejects;

rejects! {
    /// Why a message is not the end of a snapshot.
    GlimpseReject {
        /// Not 21 bytes long.
        WrongLength = "glimpse_wrong_length",
        /// The first byte is not `G`.
        WrongType = "glimpse_wrong_type",
        /// The number is none, or 0, which no message has.
        Number = "glimpse_number",
    }
}

#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Layout {
    code: u8,
    next: [u8; digits::WIDTH],
}

const _: () = {
    assert!(size_of::<Layout>() == EndOfSnapshot::LENGTH);
    assert!(core::mem::offset_of!(Layout, next) == 1);
};

/// The last message of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfSnapshot {
    /// Number of the session's first message that is not in the snapshot; not 0.
    pub next: u64,
}

impl EndOfSnapshot {
    /// The first byte.
    pub const CODE: u8 = b'G';
    /// Bytes of the message.
    pub const LENGTH: usize = 21;

    /// Whether a message means to be the end, right or wrong: ITCH has no such type.
    #[must_use]
    pub fn claims(message: &[u8]) -> bool {
        message.first() == Some(&Self::CODE)
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first thing that is wrong, as a [`GlimpseReject`].
    pub fn parse(message: &[u8]) -> Result<Self, GlimpseReject> {
        let layout = Layout::ref_from_bytes(message).map_err(|_| GlimpseReject::WrongLength)?;
        if layout.code != Self::CODE {
            return Err(GlimpseReject::WrongType);
        }
        let next = digits::read(&layout.next).filter(|next| *next > 0);
        next.map(|next| Self { next }).ok_or(GlimpseReject::Number)
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LENGTH] {
        let layout = Layout { code: Self::CODE, next: digits::write(self.next) };
        zerocopy::transmute!(layout)
    }
}
