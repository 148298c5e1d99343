//! Time-weighted mean of a step function over look-back windows.
//!
//! An event mean counts busy moments more than quiet ones; the mean over time does not. Each change
//! is kept with the integral up to it, so the integral over a window is a subtraction of two
//! integrals, exact in i128. Times in which there was no value count neither as value nor as time.

use super::slots;

#[derive(Clone, Copy, Debug, Default)]
struct Change {
    ts: i64,
    value: i64,
    /// Whether there is a value from here on.
    valid: bool,
    /// ns with a value before `ts`.
    covered: i64,
    /// Integral of the value over these.
    integral: i128,
}

impl Change {
    /// Integral and covered time up to `t`, which is not before this change.
    #[inline(always)]
    fn until(&self, t: i64) -> (i128, i64) {
        if !self.valid {
            return (self.integral, self.covered);
        }
        let more = t.saturating_sub(self.ts).max(0);
        let area = i128::from(self.value) * i128::from(more);
        (self.integral.wrapping_add(area), self.covered.wrapping_add(more))
    }
}

/// An integral over a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimedSum {
    /// Integral of the value, value x ns.
    pub integral: i128,
    /// ns of the window in which there was a value.
    pub covered: i64,
    /// The function does not reach back to the window's begin.
    pub is_short: bool,
    /// It did, but those changes had no room.
    pub is_truncated: bool,
}

impl TimedSum {
    /// The mean; `None` where there was no value at any time.
    pub fn mean(&self) -> Option<f64> {
        (self.covered > 0).then(|| self.integral as f64 / self.covered as f64)
    }
}

/// A step function and its integrals over `W` look-back windows.
#[derive(Debug)]
pub struct TimedMean<const W: usize> {
    ring: Box<[Change]>,
    oldest: u64,
    next: u64,
    lengths: [i64; W],
    /// Position of the last change at or before each window's begin, or of the oldest one.
    cursors: [u64; W],
}

impl<const W: usize> TimedMean<W> {
    /// Windows of these lengths in ns, over a ring with room for at least `changes`.
    pub fn new(lengths: [i64; W], changes: usize) -> Self {
        let ring = vec![Change::default(); slots(changes)].into_boxed_slice();
        TimedMean { ring, oldest: 0, next: 0, lengths, cursors: [0; W] }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        (self.oldest, self.next, self.cursors) = (0, 0, [0; W]);
    }

    #[inline(always)]
    fn at(&self, position: u64) -> Change {
        self.ring.get(position as usize & (self.ring.len() - 1)).copied().unwrap_or_default()
    }

    /// From `ts` on the function is `value`; `None`: it has no value.
    #[inline]
    pub fn set(&mut self, ts: i64, value: Option<i64>) {
        let (valid, value) = (value.is_some(), value.unwrap_or(0));
        let mut change = Change { ts, value, valid, covered: 0, integral: 0 };
        if self.next > self.oldest {
            let last = self.at(self.next - 1);
            if (last.valid, last.value) == (valid, value) {
                return;
            }
            (change.integral, change.covered) = last.until(ts);
            if last.ts >= ts {
                // Of several values of one time the last one counts.
                self.next -= 1;
            }
        } else if !valid {
            return;
        }
        if self.next - self.oldest >= self.ring.len() as u64 {
            self.oldest += 1;
        }
        let place = self.next as usize & (self.ring.len() - 1);
        if let Some(slot) = self.ring.get_mut(place) {
            *slot = change;
        }
        self.next += 1;
    }

    /// The integral over window `number` at `now`.
    #[inline]
    pub fn over(&mut self, number: usize, now: i64) -> TimedSum {
        if self.next == self.oldest {
            return TimedSum { is_short: true, ..TimedSum::default() };
        }
        let begin = now.saturating_sub(self.lengths.get(number).copied().unwrap_or(0));
        let mut cursor = self.cursors.get(number).copied().unwrap_or(0);
        cursor = cursor.clamp(self.oldest, self.next - 1);
        while cursor + 1 < self.next && self.at(cursor + 1).ts <= begin {
            cursor += 1;
        }
        while cursor > self.oldest && self.at(cursor).ts > begin {
            cursor -= 1;
        }
        if let Some(slot) = self.cursors.get_mut(number) {
            *slot = cursor;
        }
        let first = self.at(cursor);
        let is_short = first.ts > begin;
        let (from, covered_before) =
            if is_short { (first.integral, first.covered) } else { first.until(begin) };
        let (to, covered) = self.at(self.next - 1).until(now);
        TimedSum {
            integral: to.wrapping_sub(from),
            covered: covered.wrapping_sub(covered_before),
            is_short,
            is_truncated: is_short && self.oldest > 0,
        }
    }

    /// The integral from the first value to `now`.
    pub fn total(&self, now: i64) -> TimedSum {
        if self.next == self.oldest {
            return TimedSum::default();
        }
        let (integral, covered) = self.at(self.next - 1).until(now);
        TimedSum { integral, covered, ..TimedSum::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, ns by ns.
    fn naive(changes: &[(i64, Option<i64>)], now: i64, length: i64) -> (i128, i64) {
        let value_at = |t: i64| changes.iter().rev().find(|(ts, _)| *ts <= t).and_then(|c| c.1);
        let inside = (now - length..now).filter_map(value_at);
        inside.fold((0, 0), |(sum, time), value| (sum + i128::from(value), time + 1))
    }

    proptest! {
        #[test]
        fn integrals_are_those_of_the_definition(
            steps in prop::collection::vec(
                (0_i64..9, prop::option::weighted(0.8, -5_i64..5)),
                1..120,
            ),
        ) {
            let lengths = [7, 60];
            let mut mean = TimedMean::<2>::new(lengths, 256);
            let (mut changes, mut now) = (Vec::new(), 1_000);
            for (pause, value) in steps {
                now += pause;
                changes.push((now, value));
                mean.set(now, value);
                for later in [0, 3] {
                    for (number, length) in lengths.into_iter().enumerate() {
                        let sum = mean.over(number, now + later);
                        prop_assert_eq!(
                            (sum.integral, sum.covered),
                            naive(&changes, now + later, length)
                        );
                    }
                }
            }
        }
    }

    /// The worked example: a spread of 1 for 0.9 s, then of 11 for 0.1 s.
    #[test]
    fn a_wide_moment_counts_for_its_time() {
        let mut mean = TimedMean::<1>::new([1_000], 4);
        mean.set(0, Some(1));
        mean.set(900, Some(11));
        let sum = mean.over(0, 1_000);
        assert_eq!((sum.mean(), sum.is_short), (Some(2.0), false));
        assert!(mean.over(0, 500).is_short);
    }

    #[test]
    fn changes_without_room_are_told() {
        let mut mean = TimedMean::<1>::new([100], 2);
        for (ts, value) in [(0, 1), (10, 2), (20, 3)] {
            mean.set(ts, Some(value));
        }
        let sum = mean.over(0, 100);
        // From 10 on: 2 for 10, 3 for 80.
        assert_eq!((sum.integral, sum.covered), (260, 90));
        assert!(sum.is_short && sum.is_truncated);
        mean.clear();
        assert_eq!(mean.over(0, 100).mean(), None);
    }
}
