//! Trading days: dates, US Eastern midnights, and dates in file names.
//!
//! ITCH stamps are nanoseconds since midnight in US Eastern, so a message has no time before its
//! day is known.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::error::{FeedError, Result};

/// US Eastern time, looked up once.
#[derive(Clone, Debug)]
pub struct Eastern {
    zone: TimeZone,
}

/// A trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// yyyymmdd.
    pub date: u32,
    /// Its midnight in US Eastern, ns UTC.
    pub midnight_ns: u64,
}

impl Eastern {
    /// Loads the time zone.
    ///
    /// # Errors
    /// If the time zone database lacks it.
    pub fn new() -> Result<Eastern> {
        let zone = TimeZone::get("America/New_York").map_err(|e| FeedError::Date {
            text: "America/New_York".into(),
            reason: e.to_string(),
        })?;
        Ok(Eastern { zone })
    }

    /// The day of a calendar date.
    ///
    /// # Errors
    /// If its midnight is before 1970.
    pub fn day(&self, date: Date) -> Result<Day> {
        let bad = |reason: String| FeedError::Date { text: date.to_string(), reason };
        let midnight = date.to_zoned(self.zone.clone()).map_err(|e| bad(e.to_string()))?;
        let ns = u64::try_from(midnight.timestamp().as_nanosecond())
            .map_err(|_| bad("before 1970".into()))?;
        Ok(Day { date: number(date), midnight_ns: ns })
    }

    /// The day that a moment falls on; 1970-01-01 for moments that no calendar holds.
    pub fn day_of(&self, ns: u64) -> Day {
        let moment = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH);
        let date = self.zone.to_datetime(moment).date();
        self.day(date).unwrap_or(Day { date: number(date), midnight_ns: 0 })
    }
}

fn number(date: Date) -> u32 {
    date.year().unsigned_abs() as u32 * 10_000
        + date.month().unsigned_abs() as u32 * 100
        + date.day().unsigned_abs() as u32
}

/// Reads `YYYY-MM-DD`.
///
/// # Errors
/// If it is not a date.
pub fn parse_date(text: &str) -> Result<Date> {
    text.parse::<Date>()
        .map_err(|e| FeedError::Date { text: text.to_owned(), reason: e.to_string() })
}

/// The date in a file's name: `20200130`, `2020-01-30`, Nasdaq's `01302020` or `S071321-v50`.
pub fn date_in_name(path: &Path) -> Option<Date> {
    let name = path.file_name()?.to_str()?;
    let dashed = name.as_bytes().windows(10).find_map(|w| {
        let text = std::str::from_utf8(w).ok()?;
        text.parse::<Date>().ok().filter(plausible)
    });
    dashed.or_else(|| digit_runs(name).find_map(date_of_digits))
}

fn plausible(date: &Date) -> bool {
    (1970..2200).contains(&date.year())
}

fn digit_runs(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}

fn date_of_digits(run: &str) -> Option<Date> {
    let part = |from: usize, to: usize| run.get(from..to)?.parse::<i16>().ok();
    let date = |y: i16, m: i16, d: i16| Date::new(y, m as i8, d as i8).ok().filter(plausible);
    match run.len() {
        8 => date(part(0, 4)?, part(4, 6)?, part(6, 8)?)
            .or_else(|| date(part(4, 8)?, part(0, 2)?, part(2, 4)?)),
        6 => date(2000 + part(4, 6)?, part(0, 2)?, part(2, 4)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_follows_daylight_saving() {
        let eastern = Eastern::new().expect("zone");
        // 2020-01-30 00:00 -0500 and 2020-07-30 00:00 -0400, computed by hand.
        let winter = eastern.day(parse_date("2020-01-30").expect("date")).expect("day");
        assert_eq!(winter, Day { date: 20_200_130, midnight_ns: 1_580_360_400_000_000_000 });
        let summer = eastern.day(parse_date("2020-07-30").expect("date")).expect("day");
        assert_eq!(summer, Day { date: 20_200_730, midnight_ns: 1_596_081_600_000_000_000 });
        assert_eq!(eastern.day_of(winter.midnight_ns - 1).date, 20_200_129);
        assert_eq!(eastern.day_of(winter.midnight_ns), winter);
    }

    #[test]
    fn dates_of_real_file_names() {
        let cases = [
            ("AAPL_locate13_first10k_01302020.NASDAQ_ITCH50", Some("2020-01-30")),
            ("01302019.NASDAQ_ITCH50.gz", Some("2019-01-30")),
            ("S071321-v50.txt.gz", Some("2021-07-13")),
            ("SIM_20260115.itch", Some("2026-01-15")),
            ("SIM-2026-01-15-8900.itch.gz", Some("2026-01-15")),
            ("itch50.bin", None),
            ("99999999.itch", None),
        ];
        for (name, want) in cases {
            let got = date_in_name(Path::new(name)).map(|d| d.to_string());
            assert_eq!(got.as_deref(), want, "{name}");
        }
    }
}
