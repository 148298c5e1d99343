//! The command line of `venue-sim`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::civil::{Date, Time};

use super::day::Spec;
use super::market::args::{self as market, MarketOptions};
use super::play::args::{self as play, Play};

/// Makes ITCH 5.0 session files, a simulated market or clones of a recorded symbol, and plays them.
#[derive(Debug, Parser)]
#[command(name = "venue-sim", version, after_help = EXAMPLES)]
pub struct Command {
    /// What to make.
    #[command(subcommand)]
    pub action: Action,
}

const EXAMPLES: &str = "\
Examples:
  A small market, with the true final books beside it:
    venue-sim generate --instruments 20 --messages 200000 --out SIM_a.itch --oracle SIM_a.json
  A large one, compressed:
    venue-sim generate --instruments 8900 --messages 40000000 --out SIM_40m.itch.gz
  Ten minutes from half past nine, with the summary as JSON:
    venue-sim generate --session-start 09:30 --duration 10m --out SIM_10m.itch --json
  A whole market's day with the statistics of real ones, and how near it came:
    venue-sim day --messages 40000000 --symbols 8900 --seed 1 --report SIM_day.itch
  A recorded symbol on 5,000 instruments:
    venue-sim clone AAPL.itch --instruments 5000 --messages 40000000 --out SIM_x5000.itch.gz
  A recording onto two multicast groups (more with `venue-sim play --help`):
    venue-sim play AAPL.itch --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477
  A running market with servers for what is lost (more with `venue-sim market --help`):
    venue-sim market --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477 --loss 1% \
      --retransmit 127.0.0.1:26400 --glimpse 127.0.0.1:26401

The same seed and options give the same bytes on every machine.";

/// What to make.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// A market of seeded agents that trade through a price-time matching engine.
    #[command(after_help = EXAMPLES)]
    Generate(Generate),
    /// A whole market's day, made from the statistics of real ones: large, and quick to make.
    #[command(after_help = EXAMPLES)]
    Day(Day),
    /// Many instruments that trade like a recorded one.
    #[command(after_help = EXAMPLES)]
    Clone(Cloning),
    /// Sends a recording onto multicast groups, as the venue would.
    #[command(after_help = play::EXAMPLES)]
    Play(Box<Play>),
    /// A market that runs: sends its session while it makes it, serves retransmissions and
    /// snapshots, and writes the true books.
    #[command(after_help = market::EXAMPLES)]
    Market(Box<MarketOptions>),
}

/// Options of both.
#[derive(Args, Debug)]
pub struct Common {
    /// Seed of all random decisions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the summary as JSON and show no progress.
    #[arg(long)]
    pub json: bool,
    /// File to write; its name must contain SIM, and .gz at its end compresses it.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `generate`.
#[derive(Args, Debug)]
pub struct Generate {
    /// What both have.
    #[command(flatten)]
    pub common: Common,
    /// Instruments, 1 to 65,534; from 3 on the last two are listed during the day.
    #[arg(long, default_value_t = 100)]
    pub instruments: u16,
    /// Messages to aim at [default: 1,000,000, or 10 a second and instrument with --duration].
    #[arg(long)]
    pub messages: Option<u64>,
    /// Length of system hours, for example 90s, 10m or 16h [default: 16h].
    #[arg(long, value_parser = seconds)]
    pub duration: Option<u64>,
    /// Date of the session, for the summary.
    #[arg(long, default_value = "2026-01-30", value_name = "YYYY-MM-DD")]
    pub date: Date,
    /// Start of system hours, US Eastern.
    #[arg(long, default_value = "04:00", value_name = "HH:MM[:SS]")]
    pub session_start: Time,
    /// Write the engine's final books as JSON; its name must contain SIM.
    #[arg(long, value_name = "FILE")]
    pub oracle: Option<PathBuf>,
}

/// Options of `day`.
#[derive(Args, Debug)]
pub struct Day {
    /// Messages of the whole day.
    #[arg(long, default_value_t = Spec::WHOLE.messages)]
    pub messages: u64,
    /// Symbols, 1 to 65,534.
    #[arg(long, default_value_t = Spec::WHOLE.symbols)]
    pub symbols: u16,
    /// Seed of all random decisions.
    #[arg(long, default_value_t = Spec::WHOLE.seed)]
    pub seed: u64,
    /// Write only the first messages of that day.
    #[arg(long, value_name = "MESSAGES", default_value_t = 0, hide_default_value = true)]
    pub first: u64,
    /// Print what the day turned out to be, beside what it is calibrated to.
    #[arg(long)]
    pub report: bool,
    /// Print the same as JSON and show no progress.
    #[arg(long)]
    pub json: bool,
    /// File to write; its name must contain SIM, and .gz at its end compresses it.
    #[arg(value_name = "FILE")]
    pub out: PathBuf,
}

/// Options of `clone`.
#[derive(Args, Debug)]
pub struct Cloning {
    /// What both have.
    #[command(flatten)]
    pub common: Common,
    /// Recorded ITCH file of one symbol (u16 length + message), plain or gzip.
    #[arg(value_name = "FILE")]
    pub slice: PathBuf,
    /// Instruments, 1 to 65,534.
    #[arg(long)]
    pub instruments: u16,
    /// Messages in all [default: the slice's, once for every instrument].
    #[arg(long)]
    pub messages: Option<u64>,
}

/// A length of time in whole seconds: a number and `s`, `m` or `h`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        _ => return Err("give a number with s, m or h, for example 10m".into()),
    };
    let number: u64 = text
        .get(..text.len() - 1)
        .and_then(|number| number.parse().ok())
        .ok_or("give a whole number before s, m or h, for example 10m")?;
    number.checked_mul(unit).filter(|seconds| *seconds > 0).ok_or("give a longer time".into())
}
