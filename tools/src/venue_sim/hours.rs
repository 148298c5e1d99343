//! The phases of the day, and where in it the n-th message falls.
//!
//! A session has the proportions of a real one, 04:00 to 20:00 with the market open from 09:30 to
//! 16:00, whatever its length: with the default hours the phases fall on the real times.

use super::Error;

const NS_PER_S: u64 = 1_000_000_000;
const DAY_S: u64 = 86_400;
/// Parts of a session in which fractions are counted: 16 hours have 11,520 times 5 s.
const PARTS: u64 = 11_520;
/// Market open and close, in parts: 5.5 and 12 hours of 16.
const OPEN: u64 = 3_960;
const CLOSE: u64 = 8_640;
/// The feed begins a sixteenth before the session and ends 5 minutes of 16 hours after it.
const BEFORE: u64 = 720;
const AFTER: u64 = 60;

/// How activity is spread: share of the messages (of 10,000) that fall before a part of the day.
/// Few before the open, most just after it and before the close.
const ACTIVITY: [(u64, u64); 9] = [
    (0, 0),
    (300, OPEN),
    (1_500, 4_320),
    (2_800, 5_040),
    (4_500, 6_120),
    (6_600, 7_560),
    (8_200, 8_280),
    (9_850, CLOSE),
    (10_000, PARTS),
];

/// The hours of a session, in nanoseconds since midnight, US Eastern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The first message.
    pub first: u64,
    /// Start of system hours.
    pub start: u64,
    /// The market opens.
    pub open: u64,
    /// The market closes.
    pub close: u64,
    /// End of system hours.
    pub end: u64,
    /// The last message.
    pub last: u64,
}

impl Hours {
    /// Hours from the start of system hours and their length, both in seconds.
    ///
    /// # Errors
    /// [`Error::Hours`] if the session has no length or does not end on the same day.
    pub fn new(start_s: u64, duration_s: u64) -> Result<Self, Error> {
        let error = || Error::Hours { start_s, duration_s };
        if duration_s == 0 || duration_s > DAY_S || start_s >= DAY_S {
            return Err(error());
        }
        let (start, length) = (start_s * NS_PER_S, duration_s * NS_PER_S);
        let part = |parts: u64| length * parts / PARTS;
        let hours = Self {
            first: start.saturating_sub(part(BEFORE)),
            start,
            open: start + part(OPEN),
            close: start + part(CLOSE),
            end: start + length,
            last: start + length + part(AFTER),
        };
        if hours.last >= DAY_S * NS_PER_S { Err(error()) } else { Ok(hours) }
    }

    /// A time within market hours: `per_myriad` of 10,000.
    #[must_use]
    pub const fn market(&self, per_myriad: u64) -> u64 {
        self.open + (self.close - self.open) / 10_000 * per_myriad
    }

    /// The time at which the `done`-th of `total` messages falls.
    #[must_use]
    pub fn time_of(&self, done: u64, total: u64) -> u64 {
        let scaled = u128::from(done) * 10_000;
        let total = u128::from(total.max(1));
        let length = u128::from(self.end - self.start);
        for pair in ACTIVITY.windows(2) {
            let [(from, low), (to, high)] = [pair[0], pair[1]];
            if scaled <= u128::from(to) * total {
                // Linear within the segment, all in integers.
                let into = scaled - (u128::from(from) * total).min(scaled);
                let width = u128::from(to - from) * total;
                let base = length * u128::from(low) / u128::from(PARTS);
                let step = length * u128::from(high - low) * into / width / u128::from(PARTS);
                return self.start + (base + step) as u64;
            }
        }
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::{Hours, NS_PER_S};

    const HOUR: u64 = 3_600 * NS_PER_S;

    #[test]
    fn default_hours_are_the_real_ones() {
        let hours = Hours::new(4 * 3_600, 16 * 3_600).expect("a day");
        assert_eq!((hours.first, hours.start, hours.end), (3 * HOUR, 4 * HOUR, 20 * HOUR));
        assert_eq!((hours.open, hours.close), (9 * HOUR + HOUR / 2, 16 * HOUR));
        assert_eq!(hours.last, 20 * HOUR + HOUR / 12);
    }

    #[test]
    fn messages_fall_in_order_and_within() {
        let hours = Hours::new(9 * 3_600, 600).expect("ten minutes");
        let times: Vec<u64> = (0..=1_000).map(|done| hours.time_of(done, 1_000)).collect();
        assert!(times.is_sorted());
        assert_eq!((times[0], times[1_000]), (hours.start, hours.end));
        assert_eq!((times[30], times[985]), (hours.open, hours.close));
    }

    #[test]
    fn hours_beyond_the_day_are_refused() {
        assert!(Hours::new(4 * 3_600, 0).is_err());
        assert!(Hours::new(20 * 3_600, 4 * 3_600).is_err());
        assert!(Hours::new(90_000, 60).is_err());
        assert!(Hours::new(0, u64::MAX).is_err());
    }
}
