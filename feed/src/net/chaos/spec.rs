//! What is done to packets, and how often: the text form and its limits.
//!
//! ```text
//! seed=7,drop=0.01,burst=0.001x1000,duplicate=2%,reorder=0.01x8,corrupt=0.001x3,delay=1us..2ms
//! seed=8,drop=5%,lines=A+C
//! ```
//!
//! Every part may be left out. A rate is a probability, `0.01` or `1%`; `x` says at most how many
//! packets, places or bits; a delay is a time or a range of times; lines are letters or numbers.

use std::fmt;
use std::str::FromStr;

use crate::error::FeedError;

/// The longest burst, in packets.
pub const BURST_MAX: u32 = 1_000;
/// The furthest that a packet is moved back, in packets of its line.
pub const DISPLACEMENT_MAX: u32 = 1_000;
/// The most bits flipped in one packet.
pub const BITS_MAX: u32 = 64;
/// The longest delay: 10 s.
pub const DELAY_MAX_NS: u64 = 10_000_000_000;

/// Something that happens to one packet in so many, with a size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chance {
    /// How likely it is for a packet, 0 to 1.
    pub probability: f64,
    /// Its size is 1 to this, each equally likely; what a size is depends on what happens.
    pub most: u32,
}

/// What is done to the packets of which lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChaosSpec {
    /// Same seed, same packets: same faults.
    pub seed: u64,
    /// Probability that a packet is dropped alone.
    pub drop: f64,
    /// Probability that a packet begins a burst of dropped ones, and how many at most.
    pub burst: Chance,
    /// Probability that a packet comes twice.
    pub duplicate: f64,
    /// Probability that later packets of its line overtake a packet, and how many at most.
    pub reorder: Chance,
    /// Probability that bits of a packet are flipped, and how many at most.
    pub corrupt: Chance,
    /// Shortest and longest delay, ns. Packets of a line stay in order.
    pub delay_ns: (u64, u64),
    /// The lines that it is done to (1 A, 2 B, ...); empty = all. Others pass untouched.
    pub lines: Vec<u8>,
}

impl ChaosSpec {
    /// Whether this does nothing at all.
    pub fn is_nothing(&self) -> bool {
        let rates = [self.drop, self.duplicate];
        let chances = [self.burst, self.reorder, self.corrupt];
        rates.iter().chain(chances.iter().map(|c| &c.probability)).all(|&p| p == 0.0)
            && self.delay_ns == (0, 0)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "seed" => {
                let wrong = || format!("seed={value}: a seed is a number, for example seed=7");
                self.seed = value.parse().map_err(|_| wrong())?;
            }
            "drop" => self.drop = rate(key, value)?,
            "duplicate" => self.duplicate = rate(key, value)?,
            "burst" => self.burst = chance(key, value, "packets", BURST_MAX)?,
            "reorder" => self.reorder = chance(key, value, "packets", DISPLACEMENT_MAX)?,
            "corrupt" => self.corrupt = chance(key, value, "bits", BITS_MAX)?,
            "delay" => self.delay_ns = delays(value)?,
            "lines" => self.lines = lines(value)?,
            _ => {
                return Err(format!(
                    "{key}: no such fault; there are seed, drop, burst, duplicate, reorder, \
                     corrupt, delay and lines"
                ));
            }
        }
        Ok(())
    }
}

impl FromStr for ChaosSpec {
    type Err = FeedError;

    fn from_str(text: &str) -> Result<ChaosSpec, FeedError> {
        let mut spec = ChaosSpec::default();
        let mut seen: Vec<&str> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let fail = |reason: String| FeedError::Argument { text: text.to_owned(), reason };
            let (key, value) = part.split_once('=').ok_or_else(|| {
                fail(format!("key=value in place of {part}, for example drop=0.01"))
            })?;
            if seen.contains(&key) {
                return Err(fail(format!("{key} only once")));
            }
            seen.push(key);
            spec.take(key, value).map_err(|reason| fail(format!("faults ({reason})")))?;
        }
        Ok(spec)
    }
}

/// A probability: `0.01` or `1%`.
fn rate(key: &str, text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let value: Option<f64> = number.parse().ok().map(|number: f64| number / scale);
    value
        .filter(|value| (0.0..=1.0).contains(value))
        .ok_or_else(|| format!("{key}={text}: a rate is 0 to 1, or 0% to 100%"))
}

/// A probability and a size: `0.01x8`.
fn chance(key: &str, text: &str, unit: &str, limit: u32) -> Result<Chance, String> {
    let wrong = || {
        format!("{key}={text}: expected a rate and how many {unit} at most, 1 to {limit}: 0.01x8")
    };
    let (probability, most) = text.split_once('x').ok_or_else(wrong)?;
    let most: u32 = most.parse().map_err(|_| wrong())?;
    if !(1..=limit).contains(&most) {
        return Err(wrong());
    }
    Ok(Chance { probability: rate(key, probability)?, most })
}

/// `2ms`, or `50us..2ms`.
fn delays(text: &str) -> Result<(u64, u64), String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let wrong = || {
        format!(
            "delay={text}: expected a time or a range up to 10s, with a unit: 200us, or 50us..2ms"
        )
    };
    let times = (duration_ns(least).ok_or_else(wrong)?, duration_ns(most).ok_or_else(wrong)?);
    if times.0 > times.1 || times.1 > DELAY_MAX_NS {
        return Err(wrong());
    }
    Ok(times)
}

/// A whole number with `ns`, `us`, `ms` or `s`.
fn duration_ns(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let scale = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

/// `A`, `1`, `A+B`, `1+2`.
fn lines(text: &str) -> Result<Vec<u8>, String> {
    let one = |name: &str| match name.as_bytes() {
        [letter @ b'A'..=b'O'] => Some(letter - b'A' + 1),
        _ => name.parse().ok().filter(|line| (1..=15).contains(line)),
    };
    text.split('+').map(one).collect::<Option<Vec<u8>>>().ok_or_else(|| {
        format!("lines={text}: lines are letters from A to O or numbers from 1, joined by +: A+B")
    })
}

/// A time with the largest unit that it is a whole number of.
fn time(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let fits = units.into_iter().find(|(scale, _)| ns.is_multiple_of(*scale));
    fits.map_or_else(String::new, |(scale, unit)| format!("{}{unit}", ns / scale))
}

impl fmt::Display for ChaosSpec {
    /// The text form, from which the same specification is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={}", self.seed)?;
        for (key, rate) in [("drop", self.drop), ("duplicate", self.duplicate)] {
            if rate != 0.0 {
                write!(f, ",{key}={rate}")?;
            }
        }
        let chances = [("burst", self.burst), ("reorder", self.reorder), ("corrupt", self.corrupt)];
        for (key, chance) in chances.into_iter().filter(|(_, c)| c.probability != 0.0) {
            write!(f, ",{key}={}x{}", chance.probability, chance.most)?;
        }
        if self.delay_ns != (0, 0) {
            write!(f, ",delay={}..{}", time(self.delay_ns.0), time(self.delay_ns.1))?;
        }
        for (n, line) in self.lines.iter().enumerate() {
            write!(f, "{}{line}", if n == 0 { ",lines=" } else { "+" })?;
        }
        Ok(())
    }
}
