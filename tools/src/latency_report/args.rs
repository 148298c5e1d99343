//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use affinity::CpuSet;
use clap::Parser;
use wire::Class;

use crate::inspect::root::root;

const EXAMPLES: &str = "\
Examples:
  latency-report                          every running instance, the next 5 seconds
  latency-report main --for 60            one instance, a minute
  latency-report main --since-start       all that was ever recorded, at once
  latency-report main --attach            measure receive -> consume from here, with a seat
  latency-report main --attach --hgrm out --json
  latency-report --hiccups 5              how still the cores were, too

Without --attach and --hiccups nothing is disturbed: files are mapped read-only, no seat is taken.
--attach takes one seat on every lane, so the lane writes its records once more. --hiccups spins on
the cores it measures.
Every number is the upper end of its bucket: never better than what was, at most 3.2 % worse.
Exit codes: 0 done, 1 failed or only a part could be read, 2 usage, 3 no such instance.";

/// Reports the latency of every stage, with what the clocks and the host make of it.
#[derive(Clone, Debug, Parser)]
#[command(name = "latency-report", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Args {
    /// Instances to report; without one, all that run.
    pub instances: Vec<String>,
    /// Directory under which instances live [default: $HOTLANE_SHM, else /dev/shm].
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// How long to look, in seconds.
    #[arg(long = "for", value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub interval: Duration,
    /// Everything since the producer's start instead; returns at once.
    #[arg(long, conflicts_with = "attach")]
    pub since_start: bool,
    /// Take a seat on every lane and measure receive -> consume from here.
    #[arg(long, visible_alias = "consume")]
    pub attach: bool,
    /// Classes of records that --attach asks for, by comma.
    #[arg(
        long,
        value_name = "CLASSES",
        value_delimiter = ',',
        value_parser = class,
        default_value = "orders,levels,top,trades,reference,quotes,derived"
    )]
    pub classes: Vec<Class>,
    /// Measure for so many seconds how often the cores are taken away.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub hiccups: Option<Duration>,
    /// The cores for --hiccups [default: those allowed on which no reported thread is pinned].
    #[arg(long, value_name = "LIST", requires = "hiccups")]
    pub cores: Option<CpuSet>,
    /// Write a percentile distribution (.hgrm) of every stage into this folder.
    #[arg(long, value_name = "DIR")]
    pub hgrm: Option<PathBuf>,
    /// Draw the percentiles under the table.
    #[arg(long, conflicts_with = "json")]
    pub plot: bool,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Seconds, also with a fraction; up to a day.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| String::from("a number of seconds is wanted"))?;
    if !(0.01..=86_400.0).contains(&number) {
        return Err(String::from("0.01 to 86400 seconds"));
    }
    Ok(Duration::from_secs_f64(number))
}

fn class(name: &str) -> Result<Class, String> {
    let names = || Class::ALL.map(Class::name).join(", ");
    Class::from_name(name).ok_or_else(|| format!("no such class; there are {}", names()))
}

impl Args {
    /// Directory under which instances live.
    pub fn root(&self) -> PathBuf {
        root(self.root.as_ref())
    }

    /// The classes as a set.
    pub fn class_set(&self) -> u8 {
        self.classes.iter().fold(0, |set, class| set | class.bit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn options_that_cannot_be_meant_are_mistakes() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        for line in [
            "x --for 0",
            "x --for -1",
            "x --for NaN",
            "x --for 1e9",
            "x --for soon",
            "x --attach --since-start",
            "x --classes orders,nothing",
            "x --cores 1",
            "x --plot --json",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        let args = parse("x a b --for 0.5 --consume --classes top,trades").expect("a line");
        assert_eq!((args.instances.len(), args.attach), (2, true));
        assert_eq!(args.interval, Duration::from_millis(500));
        assert_eq!(args.class_set(), Class::Top.bit() | Class::Trades.bit());
        assert_eq!(parse("x").expect("a line").class_set(), 0xfe);
    }
}
