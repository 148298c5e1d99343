//! How the texts of faults are read: `dead=2:5,drop=1%,delay=200`.
//!
//! Parts are separated by commas, each `NAME` or `NAME=VALUE`.

use crate::venue_sim::random::Random;

const NS_PER_US: u64 = 1_000;
const NS_PER_S: f64 = 1e9;
/// The longest time that can be named in seconds: a year.
const MAX_SECONDS: f64 = 31_536_000.0;
/// The longest that can be named in microseconds: what is late waits in memory.
const MAX_US: u64 = 60_000_000;

/// A probability, as so many of 2^32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    const ONE: f64 = 4_294_967_296.0;

    /// The nearest chance to a probability from 0 to 1.
    #[must_use]
    pub fn of(probability: f64) -> Self {
        Self((probability.clamp(0.0, 1.0) * Self::ONE) as u64)
    }

    /// Draws once, whether or not it can hit: what else is drawn from the sequence stays the same.
    pub(super) fn draw(self, random: &mut Random) -> bool {
        (random.bits() >> 32) < self.0
    }
}

/// A time in which a fault acts: from and up to, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// It begins here.
    pub from: u64,
    /// It has ended here.
    pub end: u64,
}

impl Window {
    /// Always.
    pub const ALWAYS: Self = Self { from: 0, end: u64::MAX };

    /// Whether the fault acts at this time.
    #[must_use]
    pub const fn holds(&self, at: u64) -> bool {
        self.from <= at && at < self.end
    }
}

/// Gives name and value of each part to `set`.
///
/// # Errors
/// What `set` says, behind the part.
pub(super) fn parts(
    text: &str,
    mut set: impl FnMut(&str, Option<&str>) -> Result<(), String>,
) -> Result<(), String> {
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        };
        set(name, value).map_err(|why| format!("{part}: {why}"))?;
    }
    Ok(())
}

/// `0.01` or `1%`.
pub(super) fn chance(value: Option<&str>) -> Result<Chance, String> {
    let value = value.unwrap_or_default();
    let wrong = || format!("{value:?} is no probability from 0 to 1, or from 0% to 100%");
    let (number, whole) = match value.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (value, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let inside = (0.0..=whole).contains(&number);
    if inside { Ok(Chance::of(number / whole)) } else { Err(wrong()) }
}

/// Microseconds as ns.
pub(super) fn microseconds(value: Option<&str>) -> Result<u64, String> {
    let us: Option<u64> = value.and_then(|value| value.parse().ok());
    let us = us.filter(|us| *us <= MAX_US);
    us.map(|us| us * NS_PER_US).ok_or_else(|| format!("give microseconds from 0 to {MAX_US}"))
}

/// A whole number from 1 on.
pub(super) fn whole(value: Option<&str>) -> Result<u64, String> {
    let number: Option<u64> = value.and_then(|value| value.parse().ok());
    number.filter(|number| *number > 0).ok_or_else(|| "give a whole number from 1 on".to_owned())
}

/// `P:REST`, a probability and something else; where the rest is left out, `usual`.
pub(super) fn chance_and<T>(
    value: Option<&str>,
    usual: T,
    rest: impl Fn(Option<&str>) -> Result<T, String>,
) -> Result<(Chance, T), String> {
    match value.and_then(|value| value.split_once(':')) {
        Some((probability, other)) => Ok((chance(Some(probability))?, rest(Some(other))?)),
        None => Ok((chance(value)?, usual)),
    }
}

/// Seconds as ns.
pub(super) fn seconds(value: Option<&str>) -> Result<u64, String> {
    let seconds: Option<f64> = value.and_then(|value| value.parse().ok());
    let seconds = seconds.filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
    seconds.map(|seconds| (seconds * NS_PER_S) as u64).ok_or_else(|| "give seconds".to_owned())
}

/// Nothing for always, or `FROM:FOR` in seconds.
pub(super) fn window(value: Option<&str>) -> Result<Window, String> {
    let Some(value) = value else { return Ok(Window::ALWAYS) };
    let wrong = || "give FROM:FOR in seconds, for example 2.0:1.0, or nothing".to_owned();
    let (from, length) = value.split_once(':').ok_or_else(wrong)?;
    let from = seconds(Some(from)).map_err(|_| wrong())?;
    let length = seconds(Some(length)).map_err(|_| wrong())?;
    Ok(Window { from, end: from + length })
}
