//! The quote as of a lagged time: the state after every message up to t - lag.
//!
//! A decision takes time, so a model may only use what was known that long ago. Several states of
//! one time count as the last of them.

use super::slots;
use crate::inputs::Quote;

#[derive(Clone, Copy, Debug, Default)]
struct State {
    ts: i64,
    /// `None`: no valid quote from here on, for the reason in `flags`.
    quote: Option<Quote>,
    flags: u32,
}

/// What was known at the lagged time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged {
    /// The quote, if there was a valid one.
    pub quote: Option<Quote>,
    /// Flags of that state.
    pub flags: u32,
    /// ns that it had stood by then.
    pub age: i64,
}

/// States of an instrument's quote over a lag.
#[derive(Debug)]
pub struct AsOf {
    ring: Box<[State]>,
    oldest: u64,
    next: u64,
    lag: i64,
    /// Position of the state that was asked for last.
    cursor: u64,
}

impl AsOf {
    /// Looks `lag` ns back, over a ring with room for at least `states`.
    pub fn new(lag: i64, states: usize) -> AsOf {
        let ring = vec![State::default(); slots(states)].into_boxed_slice();
        AsOf { ring, oldest: 0, next: 0, lag, cursor: 0 }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        (self.oldest, self.next, self.cursor) = (0, 0, 0);
    }

    /// ns of the lag.
    pub fn lag(&self) -> i64 {
        self.lag
    }

    #[inline(always)]
    fn at(&self, position: u64) -> State {
        self.ring.get(position as usize & (self.ring.len() - 1)).copied().unwrap_or_default()
    }

    /// From `ts` on the quote is this one, or none.
    #[inline]
    pub fn set(&mut self, ts: i64, quote: Option<Quote>, flags: u32) {
        if self.next > self.oldest && self.at(self.next - 1).ts >= ts {
            self.next -= 1;
        }
        if self.next - self.oldest >= self.ring.len() as u64 {
            self.oldest += 1;
        }
        let place = self.next as usize & (self.ring.len() - 1);
        if let Some(slot) = self.ring.get_mut(place) {
            *slot = State { ts, quote, flags };
        }
        self.next += 1;
    }

    /// Position of the state as of `t`.
    #[inline]
    fn seek(&mut self, t: i64) -> Option<u64> {
        if self.next == self.oldest {
            return None;
        }
        let mut cursor = self.cursor.clamp(self.oldest, self.next - 1);
        while cursor + 1 < self.next && self.at(cursor + 1).ts <= t {
            cursor += 1;
        }
        while cursor > self.oldest && self.at(cursor).ts > t {
            cursor -= 1;
        }
        self.cursor = cursor;
        (self.at(cursor).ts <= t).then_some(cursor)
    }

    /// What was known `lag` before `now`; `None` where nothing was, or no room was left for it.
    #[inline]
    pub fn lagged(&mut self, now: i64) -> Option<Lagged> {
        let t = now.saturating_sub(self.lag);
        let position = self.seek(t)?;
        let state = self.at(position);
        let age = t.saturating_sub(state.ts);
        Some(Lagged { quote: state.quote, flags: state.flags, age })
    }

    /// Whether states had to be given up that a look back may need.
    pub fn is_truncated(&self, now: i64) -> bool {
        self.oldest > 0 && self.at(self.oldest).ts > now.saturating_sub(self.lag)
    }

    /// Mean over (now - lag, now] of a function of the quote, by the time that each stood; `None`
    /// where there was none. Terms are added oldest first.
    pub fn time_weighted(&mut self, now: i64, of: impl Fn(&Quote) -> f64) -> Option<f64> {
        let begin = now.saturating_sub(self.lag);
        let first = self.seek(begin).unwrap_or(self.oldest);
        let (mut sum, mut covered) = (0.0, 0_i64);
        for position in first..self.next {
            let state = self.at(position);
            let end = if position + 1 < self.next { self.at(position + 1).ts } else { now };
            let stood = end.min(now).saturating_sub(state.ts.max(begin));
            if let Some(quote) = state.quote.filter(|_| stood > 0) {
                sum += of(&quote) * stood as f64;
                covered = covered.saturating_add(stood);
            }
        }
        (covered > 0).then(|| sum / covered as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quote(bid: i64) -> Quote {
        Quote { bid_price: bid, bid_quantity: 1, ask_price: bid + 2, ask_quantity: 1 }
    }

    proptest! {
        #[test]
        fn state_is_the_last_one_up_to_the_time(
            steps in prop::collection::vec(
                (0_i64..30, prop::option::weighted(0.8, 1_i64..9)),
                1..200,
            ),
        ) {
            let mut asof = AsOf::new(50, 256);
            let (mut states, mut now) = (Vec::new(), 0);
            for (pause, bid) in steps {
                now += pause;
                states.push((now, bid));
                asof.set(now, bid.map(quote), 0);
                let then = states.iter().rev().find(|(ts, _)| *ts <= now - 50);
                let found = asof.lagged(now);
                prop_assert_eq!(
                    found.map(|l| (l.quote, l.age)),
                    then.map(|(ts, bid)| (bid.map(quote), now - 50 - ts))
                );
                let value = |t: i64| states.iter().rev().find(|(ts, _)| *ts <= t).and_then(|s| s.1);
                let terms: Vec<i64> = (now - 50..now).filter_map(value).collect();
                let mean = asof.time_weighted(now, |q| q.bid_price as f64);
                match mean {
                    None => prop_assert!(terms.is_empty()),
                    Some(mean) => {
                        let wanted = terms.iter().sum::<i64>() as f64 / terms.len() as f64;
                        prop_assert!((mean - wanted).abs() < 1e-9, "{mean} {wanted}");
                    }
                }
            }
        }
    }

    #[test]
    fn states_without_room_are_told() {
        let mut asof = AsOf::new(10, 2);
        for ts in [0, 1, 2] {
            asof.set(ts, Some(quote(ts)), 0);
        }
        assert_eq!((asof.lagged(10), asof.is_truncated(10)), (None, true));
        assert_eq!(asof.lagged(11).and_then(|l| l.quote), Some(quote(1)));
        assert!(!asof.is_truncated(11));
    }
}
