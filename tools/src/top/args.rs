//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::inspect::root::root;

const EXAMPLES: &str = "\
Examples:
  hotlane top                     all instances, renewed every second
  hotlane top main --interval 5
  hotlane top --once              the same as text, once
  hotlane top --instant --json    at once and without rates, for scripts
  hotlane top --once > /dev/null || page-somebody

Keys: q quit; Tab and Shift-Tab, or 1 to 5, other tables; arrows, PgUp, PgDn, Home and End move;
p holds the picture. Without a terminal the output is that of --once.
Nothing is disturbed: files are mapped read-only, no seat is taken, no lock is held.
Exit codes: 0 all well, 1 failed, 2 usage, 3 something is wrong with what was looked at: a producer
dead or stalled, a line down or diverged, a gap open, a consumer losing records.";

/// Shows what a handler does and what is wrong: lanes, lines, seats, gaps, errors, latency.
#[derive(Clone, Debug, Parser)]
#[command(name = "hotlane-top", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Args {
    /// Instances to look at; without one, all that there are.
    pub instances: Vec<String>,
    /// Directory under which instances live [default: $HOTLANE_SHM, else /dev/shm].
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Look once, over one interval, and end.
    #[arg(long)]
    pub once: bool,
    /// Look once and without an interval: no rates.
    #[arg(long, conflicts_with = "interval")]
    pub instant: bool,
    /// Time between two looks, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    pub interval: Duration,
    /// Print one JSON document, once.
    #[arg(long)]
    pub json: bool,
}

/// Seconds, also with a fraction: below a tenth a rate says little, above an hour nobody waits.
fn interval(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| String::from("a number of seconds is wanted"))?;
    if !(0.1..=3_600.0).contains(&number) {
        return Err(String::from("0.1 to 3600 seconds"));
    }
    Ok(Duration::from_secs_f64(number))
}

impl Args {
    /// Directory under which instances live.
    pub fn root(&self) -> PathBuf {
        root(self.root.as_ref())
    }

    /// Whether to look once.
    pub fn is_once(&self) -> bool {
        self.once || self.instant || self.json
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
    fn what_cannot_be_meant_is_a_mistake() {
        let parse = |line: &str| Args::try_parse_from(line.split(' '));
        for line in ["x --interval 0", "x --interval x", "x --instant --interval 2", "x --all"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(!parse("x main other").expect("a line").is_once());
        assert!(parse("x --instant").expect("a line").is_once());
    }
}
