//! Exact sums of `V` integers over `W` look-back windows that share one ring.
//!
//! An entry holds the sums of everything up to it, so a window's sum is one subtraction and an
//! entry that leaves one window may stay in another. Nothing is ever added to and later subtracted
//! from in floating point; a sum is exact whenever it fits in an i64 (arithmetic is modulo 2^64,
//! so what passed by meanwhile does not matter).
//!
//! When the ring is full its two oldest entries become one with the later time: sums of windows
//! that hold them stay exact, their far edge gets coarser, and they say so.

use super::slots;

#[derive(Clone, Copy, Debug)]
struct Entry<const V: usize> {
    ts: i64,
    /// Sums of everything up to and with this entry.
    sums: [i64; V],
}

#[derive(Clone, Copy, Debug)]
struct Window<const V: usize> {
    length: i64,
    /// Position of the first entry inside.
    tail: u64,
    /// Sums of everything before it.
    base: [i64; V],
    /// Time of the latest entry that was merged while inside.
    merged: i64,
}

/// Sums over look-back windows. See the module's text.
#[derive(Debug)]
pub struct SumWindows<const V: usize, const W: usize> {
    ring: Box<[Entry<V>]>,
    /// Position of the first entry kept, and of the next one.
    oldest: u64,
    next: u64,
    sums: [i64; V],
    windows: [Window<V>; W],
}

impl<const V: usize, const W: usize> SumWindows<V, W> {
    /// Windows of these lengths in ns, over a ring with room for at least `entries`.
    pub fn new(lengths: [i64; W], entries: usize) -> Self {
        let windows =
            lengths.map(|length| Window { length, tail: 0, base: [0; V], merged: i64::MIN });
        let empty = Entry { ts: 0, sums: [0; V] };
        let ring = vec![empty; slots(entries)].into_boxed_slice();
        SumWindows { ring, oldest: 0, next: 0, sums: [0; V], windows }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let lengths = self.windows.map(|window| window.length);
        (self.oldest, self.next, self.sums) = (0, 0, [0; V]);
        self.windows =
            lengths.map(|length| Window { length, tail: 0, base: [0; V], merged: i64::MIN });
    }

    #[inline(always)]
    fn at(&self, position: u64) -> Option<&Entry<V>> {
        self.ring.get(position as usize & (self.ring.len() - 1))
    }

    /// Adds contributions at a time.
    #[inline]
    pub fn push(&mut self, ts: i64, values: [i64; V]) {
        if self.next - self.oldest >= self.ring.len() as u64 {
            self.make_room(ts);
        }
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum = sum.wrapping_add(value);
        }
        let entry = Entry { ts, sums: self.sums };
        let place = self.next as usize & (self.ring.len() - 1);
        if let Some(slot) = self.ring.get_mut(place) {
            *slot = entry;
        }
        self.next += 1;
    }

    /// Gives up the oldest entry; windows that hold it get it with the entry behind it.
    #[cold]
    fn make_room(&mut self, now: i64) {
        self.advance(now);
        let (oldest, later) = (self.oldest, self.at(self.oldest + 1).map_or(now, |e| e.ts));
        for window in &mut self.windows {
            if window.tail <= oldest {
                window.tail = oldest + 1;
                window.merged = later;
            }
        }
        self.oldest += 1;
    }

    /// Lets leave what is no longer inside at `now`.
    #[inline]
    pub fn advance(&mut self, now: i64) {
        for number in 0..W {
            let Some(mut window) = self.windows.get(number).copied() else { return };
            let edge = now.saturating_sub(window.length);
            while window.tail < self.next {
                match self.at(window.tail) {
                    Some(entry) if entry.ts <= edge => {
                        window.base = entry.sums;
                        window.tail += 1;
                    }
                    _ => break,
                }
            }
            if let Some(slot) = self.windows.get_mut(number) {
                *slot = window;
            }
        }
    }

    /// Sums inside window `number` as of the last [`SumWindows::advance`] or push.
    #[inline]
    pub fn sums(&self, number: usize) -> [i64; V] {
        let mut sums = self.sums;
        if let Some(window) = self.windows.get(number) {
            for (sum, base) in sums.iter_mut().zip(window.base) {
                *sum = sum.wrapping_sub(base);
            }
        }
        sums
    }

    /// Whether a merged entry is inside window `number` at `now`.
    #[inline]
    pub fn is_truncated(&self, number: usize, now: i64) -> bool {
        self.windows.get(number).is_some_and(|window| {
            window.merged != i64::MIN && window.merged > now.saturating_sub(window.length)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: everything with a time in (now - length, now].
    fn naive(entries: &[(i64, i64)], now: i64, length: i64) -> [i64; 2] {
        let inside = entries.iter().filter(|(ts, _)| *ts > now - length && *ts <= now);
        inside.fold([0, 0], |[sum, count], (_, value)| [sum + value, count + 1])
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_definition(
            steps in prop::collection::vec((0_i64..40, -1_000_i64..1_000, any::<bool>()), 1..400),
        ) {
            let lengths = [1, 30, 250];
            let mut windows = SumWindows::<2, 3>::new(lengths, 512);
            let (mut entries, mut now) = (Vec::new(), 0);
            for (pause, value, quiet) in steps {
                now += pause;
                if !quiet {
                    entries.push((now, value));
                    windows.push(now, [value, 1]);
                }
                windows.advance(now);
                for (number, length) in lengths.into_iter().enumerate() {
                    prop_assert_eq!(windows.sums(number), naive(&entries, now, length));
                    prop_assert!(!windows.is_truncated(number, now));
                }
            }
        }

        /// With too little room, what is inside of a window when it is given up counts as of the
        /// time of the entry behind it, and nothing is lost or counted twice.
        #[test]
        fn merging_keeps_sums_exact(
            steps in prop::collection::vec((0_i64..20, -1_000_i64..1_000), 1..300),
        ) {
            let lengths = [15, 120];
            let mut windows = SumWindows::<2, 2>::new(lengths, 8);
            // The twin: per window, the time as of which each entry counts.
            let mut entries: [Vec<(i64, i64)>; 2] = [Vec::new(), Vec::new()];
            let mut now = 0;
            for (pause, value) in steps {
                now += pause;
                for (entries, length) in entries.iter_mut().zip(lengths) {
                    if let Some(given_up) = entries.len().checked_sub(8) {
                        let later = entries[given_up + 1].0;
                        for entry in &mut entries[..=given_up] {
                            if entry.0 > now - length {
                                entry.0 = later;
                            }
                        }
                    }
                    entries.push((now, value));
                }
                windows.push(now, [value, 1]);
                windows.advance(now);
                for (number, length) in lengths.into_iter().enumerate() {
                    prop_assert_eq!(windows.sums(number), naive(&entries[number], now, length));
                }
            }
        }
    }

    #[test]
    fn merged_entries_leave_together_and_are_told() {
        let mut windows = SumWindows::<1, 2>::new([5, 100], 2);
        windows.push(0, [1]);
        windows.push(10, [2]);
        assert!(!windows.is_truncated(1, 10));
        windows.push(12, [4]);
        windows.advance(12);
        // 1 now counts as of 10. The short window had let it go before and stays exact.
        assert_eq!((windows.sums(0), windows.sums(1)), ([6], [7]));
        assert_eq!((windows.is_truncated(0, 12), windows.is_truncated(1, 12)), (false, true));
        windows.advance(109);
        assert_eq!(windows.sums(1), [7]);
        windows.advance(110);
        assert_eq!((windows.sums(1), windows.is_truncated(1, 110)), ([4], false));
        windows.clear();
        assert_eq!((windows.sums(1), windows.is_truncated(1, 110)), ([0], false));
    }
}
