//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use serde::Deserialize;

/// How the loop passes the time when there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Poll {
    /// Polls again at once: for a core of its own.
    Busy,
    /// Spins a while, then sleeps for at most half a millisecond.
    Backoff,
}

/// Compute features of an instance's instruments and publish them as an instance of their own.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "features", version, max_term_width = 100)]
#[command(after_help = "\
Waits for the instance, follows it through restarts of its producer, and ends by a signal. What is
given here goes before what the file says. Outputs: consumers/features/README.md.

Examples:
  features --instance hotlane
  features --instance hotlane --symbols AAPL,MSFT --core 3 --poll busy
  hotlane-follow features --classes derived

Exit codes: 0 ended by a signal or --for, 1 failed, 2 usage, 3 no such instance within --timeout.")]
pub struct Args {
    /// Instance to follow [default: hotlane].
    #[arg(long)]
    pub instance: Option<String>,
    /// Directory under which instances live [default: $HOTLANE_SHM, else /dev/shm].
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Name of the instance that is published [default: features].
    #[arg(long, value_name = "NAME")]
    pub out_name: Option<String>,
    /// File with these options as TOML: `out_name = "features"`, ...
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Lanes, by name; all if none is named.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub lane: Vec<String>,
    /// Symbols; all if none is named.
    #[arg(long, value_delimiter = ',', value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Core to run on [default: any].
    #[arg(long, value_name = "N")]
    pub core: Option<usize>,
    /// What to do when there is nothing [default: backoff].
    #[arg(long)]
    pub poll: Option<Poll>,
    /// Instruments that there is memory for, some 240 KiB each [default: 256].
    #[arg(long, value_name = "N")]
    pub instruments: Option<u32>,
    /// Seats for consumers, at most 8 [default: 4].
    #[arg(long, value_name = "N")]
    pub seats: Option<u32>,
    /// Records in each seat's ring, a power of two [default: 16384].
    #[arg(long, value_name = "N")]
    pub ring: Option<u64>,
    /// Step of the grid, ms [default: 1000].
    #[arg(long, value_name = "MS")]
    pub grid_ms: Option<u64>,
    /// A book without any record for so many seconds is stale; 0 = never [default: 0].
    #[arg(long, value_name = "S")]
    pub book_ttl_s: Option<u64>,
    /// Lose nothing, however long it takes: for sources that are replays. A live lane refuses it.
    #[arg(long)]
    pub wait: bool,
    /// Table of the microprice, JSON; without one it is the plain weighted price.
    #[arg(long, value_name = "FILE")]
    pub microprice: Option<PathBuf>,
    /// Seconds to wait for the instance [default: 30].
    #[arg(long, value_name = "S")]
    pub timeout: Option<u64>,
    /// End after so many seconds.
    #[arg(long = "for", value_name = "S")]
    pub seconds: Option<u64>,
    /// Report at the end as JSON.
    #[arg(long)]
    pub json: bool,
}
