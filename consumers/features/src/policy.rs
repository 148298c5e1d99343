//! What bad data does to the blocks.
//!
//! *P-BOOK*: a book is computed with only if its refresh was applied, nothing is missing since,
//! it has two sides and is not crossed, and its source is not quiet. Otherwise there is no value
//! but the reason, and differences begin anew: the first valid state afterwards is the one before.
//! *P-TRADE*: trade blocks run on and tell a gap until it has left their longest window.

use book::Top;
use wire::BookState;

use crate::flags;
use crate::inputs::Quote;

/// What may be computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The quote, if it is valid.
    pub quote: Option<Quote>,
    /// Why it is not, or what is to be said of it.
    pub flags: u32,
}

/// Judges a book. `is_quiet`: its source is. `had_book`: it was valid before in this session.
#[inline]
pub fn judge(state: BookState, top: Option<Top>, is_quiet: bool, had_book: bool) -> Judged {
    let none = |flags| Judged { quote: None, flags };
    if is_quiet {
        return none(flags::STALE);
    }
    match (state, top) {
        (BookState::Live, Some(top)) => {
            let (quote, flags) = Quote::of(top);
            Judged { quote, flags }
        }
        (BookState::Gapped, _) => none(flags::GAP),
        (BookState::Stale, _) => none(flags::STALE),
        _ if had_book => none(flags::GAP),
        _ => none(flags::WARMUP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_live_two_sided_book_has_a_quote() {
        let top = Top { bid_price: 100, bid_qty: 1, ask_price: 101, ask_qty: 2 };
        let live = judge(BookState::Live, Some(top), false, false);
        assert!(live.quote.is_some() && live.flags == 0);
        for (state, top, quiet, had, flags) in [
            (BookState::Live, Some(top), true, true, flags::STALE),
            (BookState::Live, None, false, false, flags::WARMUP),
            (BookState::Live, Some(Top::EMPTY), false, true, flags::ONE_SIDED),
            (BookState::Live, Some(Top { bid_price: 102, ..top }), false, true, flags::CROSSED),
            (BookState::Gapped, Some(top), false, true, flags::GAP),
            (BookState::Stale, Some(top), false, true, flags::STALE),
            (BookState::Building, Some(top), false, true, flags::GAP),
            (BookState::None, None, false, false, flags::WARMUP),
        ] {
            let judged = judge(state, top, quiet, had);
            assert_eq!((judged.quote, judged.flags), (None, flags), "{state:?}");
        }
        let locked = judge(BookState::Live, Some(Top { ask_price: 100, ..top }), false, true);
        assert!(locked.quote.is_some() && locked.flags == flags::LOCKED);
    }
}
