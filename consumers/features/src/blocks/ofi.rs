//! 2.1 Order flow imbalance at the best prices (Cont, Kukanov, Stoikov 2014).
//!
//! What a change of the best quote adds to demand: quantity at a bid that is as good or better than
//! before, less quantity at the bid before if that was as good or better, and the other way round
//! for asks. Both inequalities include equality: a change of quantity alone counts. Over a break
//! there is no difference: the first valid quote after it becomes the one before.

use super::{SECOND, ratio};
use crate::flags;
use crate::inputs::Quote;
use crate::window::SumWindows;

/// Windows, ns.
pub const WINDOWS: [i64; 3] = [SECOND, 10 * SECOND, 60 * SECOND];

/// Flow over the windows at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfiValues {
    /// Over 1, 10 and 60 s.
    pub windows: [i64; 3],
    /// Since the begin of the session, or of following it.
    pub cumulative: i64,
    /// Over 10 s, divided by the mean depth at the best prices; NaN without an event.
    pub normalised_10s: f64,
    /// Changes of the quote in 10 s.
    pub events_10s: i64,
    /// Bits of [`flags`].
    pub flags: u32,
}

/// Order flow of an instrument.
#[derive(Debug)]
pub struct Ofi {
    previous: Option<Quote>,
    /// Contribution, quantity of both sides before, 1.
    windows: SumWindows<3, 3>,
    cumulative: i128,
    seeded: Option<i64>,
    /// Time and flags of the last break.
    broken: Option<(i64, u32)>,
}

/// Contribution of a change of the best quote.
#[inline(always)]
pub fn contribution(before: &Quote, now: &Quote) -> i64 {
    let mut e = 0_i64;
    if now.bid_price >= before.bid_price {
        e = e.wrapping_add(now.bid_quantity);
    }
    if now.bid_price <= before.bid_price {
        e = e.wrapping_sub(before.bid_quantity);
    }
    if now.ask_price <= before.ask_price {
        e = e.wrapping_sub(now.ask_quantity);
    }
    if now.ask_price >= before.ask_price {
        e = e.wrapping_add(before.ask_quantity);
    }
    e
}

impl Ofi {
    /// Room for so many changes within the longest window.
    pub fn new(changes: usize) -> Ofi {
        let windows = SumWindows::new(WINDOWS, changes);
        Ofi { previous: None, windows, cumulative: 0, seeded: None, broken: None }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.windows.clear();
        (self.previous, self.cumulative, self.seeded, self.broken) = (None, 0, None, None);
    }

    /// The best quote is now this one. Returns what that contributes; `None`: it seeds.
    #[inline]
    pub fn quote(&mut self, now: i64, quote: &Quote) -> Option<i64> {
        let Some(before) = self.previous.replace(*quote) else {
            self.seeded.get_or_insert(now);
            return None;
        };
        let e = contribution(&before, quote);
        let depth = before.bid_quantity.wrapping_add(before.ask_quantity);
        self.windows.push(now, [e, depth, 1]);
        self.cumulative += i128::from(e);
        Some(e)
    }

    /// There is no valid quote from `now` on, for the reason in `flags`.
    pub fn broken(&mut self, now: i64, flags: u32) {
        self.previous = None;
        self.broken = Some((now, flags));
    }

    /// Flow at `now`.
    #[inline]
    pub fn at(&mut self, now: i64) -> OfiValues {
        self.windows.advance(now);
        let mut flags = 0;
        let longest = now.saturating_sub(WINDOWS[2]);
        match self.seeded {
            None => flags |= flags::WARMUP,
            Some(since) if since > longest => flags |= flags::PARTIAL,
            Some(_) => {}
        }
        if let Some((_, why)) = self.broken.filter(|(at, _)| *at > longest) {
            flags |= flags::PARTIAL | (why & flags::GAP);
        }
        for number in 0..WINDOWS.len() {
            if self.windows.is_truncated(number, now) {
                flags |= flags::TRUNCATED;
            }
        }
        let sums = [0, 1, 2].map(|number| self.windows.sums(number));
        let [e, depth, events] = sums[1];
        // ofi / (Σ depth / 2 / n): one division of exact integers.
        let normalised = ratio(i128::from(e) * 2 * i128::from(events), i128::from(depth));
        if normalised.is_nan() {
            flags |= flags::UNDEF;
        }
        let cumulative = i64::try_from(self.cumulative).unwrap_or_else(|_| {
            flags |= flags::UNDEF;
            0
        });
        OfiValues {
            windows: sums.map(|[e, ..]| e),
            cumulative,
            normalised_10s: normalised,
            events_10s: events,
            flags,
        }
    }
}
