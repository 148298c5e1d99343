//! The text of faults, read.

use std::str::FromStr;

use super::{Burst, Chance, Faults, Loss, Reorder};

const NS_PER_US: u64 = 1_000;
const NS_PER_S: f64 = 1e9;
const DEFAULT_DEPTH: u64 = 4;
/// The most a line may be late: what is late waits in memory.
const MAX_DELAY_US: u64 = 10_000_000;
/// The longest time that can be named: a year.
const MAX_SECONDS: f64 = 31_536_000.0;
const PARTS: &str = "drop, burst, duplicate, reorder, corrupt, delay, jitter and stop";

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Faults::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("{part}: give NAME=VALUE; there are {PARTS}"))?;
            faults.set(name, value).map_err(|why| format!("{part}: {why}"))?;
        }
        Ok(faults)
    }
}

impl Faults {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "drop" => self.losses.push(loss(value)?),
            "burst" => self.burst = burst(value)?,
            "duplicate" => self.duplicate = chance(value)?,
            "reorder" => self.reorder = reorder(value)?,
            "corrupt" => self.corrupt = chance(value)?,
            "delay" => self.delay_ns = microseconds(value)?,
            "jitter" => self.jitter_ns = microseconds(value)?,
            "stop" => self.stops.push(stop(value)?),
            _ => return Err(format!("no such fault; there are {PARTS}")),
        }
        Ok(())
    }
}

fn loss(value: &str) -> Result<Loss, String> {
    match value.split_once(':') {
        None => chance(value).map(Loss::Random),
        Some(("every", rest)) => {
            let (period, first) = match rest.split_once(':') {
                Some((period, first)) => (whole(period)?, whole(first)?),
                None => (whole(rest)?, whole(rest)?),
            };
            Ok(Loss::Every { period, first })
        }
        Some(("seqs", rest)) => ranges(rest).map(Loss::Sequences),
        Some(("packets", rest)) => ranges(rest).map(Loss::Packets),
        Some(_) => Err("lost are every:N[:FIRST], seqs:A-B+C, packets:A-B+C or 0.01".into()),
    }
}

fn burst(value: &str) -> Result<Burst, String> {
    let wrong = || "a burst is PROBABILITY:MAX, for example 0.001:50".to_owned();
    let (probability, longest) = value.split_once(':').ok_or_else(wrong)?;
    Ok(Burst { chance: chance(probability)?, longest: whole(longest)? })
}

fn reorder(value: &str) -> Result<Reorder, String> {
    let (probability, depth) = match value.split_once(':') {
        Some((probability, depth)) => (probability, whole(depth)?),
        None => (value, DEFAULT_DEPTH),
    };
    Ok(Reorder { chance: chance(probability)?, depth })
}

fn stop(value: &str) -> Result<(u64, u64), String> {
    let wrong = || "a stop is FROM:FOR in seconds, for example 2.0:1.0".to_owned();
    let (from, length) = value.split_once(':').ok_or_else(wrong)?;
    let seconds = |text: &str| -> Result<f64, String> {
        let seconds: f64 = text.parse().map_err(|_| wrong())?;
        if (0.0..=MAX_SECONDS).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
    };
    let (from, length) = (seconds(from)?, seconds(length)?);
    if length == 0.0 {
        return Err("a stop of no time; give FROM:FOR in seconds".into());
    }
    Ok(((from * NS_PER_S) as u64, ((from + length) * NS_PER_S) as u64))
}

/// `0.01` or `1%`.
fn chance(value: &str) -> Result<Chance, String> {
    let wrong = || format!("{value} is no probability from 0 to 1, or from 0% to 100%");
    let (number, whole) = match value.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (value, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let inside = (0.0..=whole).contains(&number);
    if inside { Ok(Chance::of(number / whole)) } else { Err(wrong()) }
}

fn microseconds(value: &str) -> Result<u64, String> {
    let wrong = || format!("give microseconds from 0 to {MAX_DELAY_US}");
    let us: u64 = value.parse().map_err(|_| wrong())?;
    if us > MAX_DELAY_US { Err(wrong()) } else { Ok(us * NS_PER_US) }
}

/// A whole number from 1 on.
fn whole(text: &str) -> Result<u64, String> {
    let number: Option<u64> = text.parse().ok();
    number.filter(|n| *n > 0).ok_or_else(|| format!("{text} is no whole number from 1 on"))
}

/// `A-B+C`: ranges and single numbers.
fn ranges(text: &str) -> Result<Vec<(u64, u64)>, String> {
    let one = |part: &str| {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (whole(first)?, whole(last)?),
            None => (whole(part)?, whole(part)?),
        };
        if first > last { Err(format!("{part} runs backwards")) } else { Ok((first, last)) }
    };
    text.split('+').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Burst, Chance, Faults, Loss, Reorder};

    fn read(text: &str) -> Faults {
        text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn every_part_is_read() {
        let faults = read(
            "drop=every:7, drop=every:9:2,drop=1%,drop=seqs:100-120+4000,drop=packets:5,\
             burst=0.5:50,duplicate=0.25,reorder=0.125:3,corrupt=1,delay=200,jitter=30,\
             stop=2.0:1.5,stop=9:1",
        );
        let half = Chance(1 << 31);
        assert_eq!(
            faults.losses,
            [
                Loss::Every { period: 7, first: 7 },
                Loss::Every { period: 9, first: 2 },
                Loss::Random(Chance(42_949_672)),
                Loss::Sequences(vec![(100, 120), (4_000, 4_000)]),
                Loss::Packets(vec![(5, 5)]),
            ]
        );
        assert_eq!(faults.burst, Burst { chance: half, longest: 50 });
        assert_eq!((faults.duplicate, faults.corrupt), (Chance(1 << 30), Chance(1 << 32)));
        assert_eq!(faults.reorder, Reorder { chance: Chance(1 << 29), depth: 3 });
        assert_eq!((faults.delay_ns, faults.jitter_ns), (200_000, 30_000));
        let second = 1_000_000_000;
        assert_eq!(faults.stops, [(2 * second, 7 * second / 2), (9 * second, 10 * second)]);
        assert_eq!(read(""), Faults::default());
    }

    #[test]
    fn what_is_no_fault_is_refused_with_the_part() {
        for (text, why) in [
            ("loss=0.1", "loss=0.1: no such fault; there are drop, burst"),
            ("drop", "drop: give NAME=VALUE"),
            ("drop=2", "no probability from 0 to 1"),
            ("drop=-1%", "no probability"),
            ("drop=NaN", "no probability"),
            ("drop=every:0", "0 is no whole number from 1 on"),
            ("drop=often:3", "every:N[:FIRST]"),
            ("drop=seqs:9-3", "9-3 runs backwards"),
            ("drop=seqs:", "no whole number"),
            ("burst=0.1", "for example 0.001:50"),
            ("delay=10000001", "from 0 to 10000000"),
            ("stop=1", "for example 2.0:1.0"),
            ("stop=1:0", "a stop of no time"),
            ("stop=-1:2", "for example 2.0:1.0"),
        ] {
            let error = text.parse::<Faults>().expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
