//! The command line.

use std::path::PathBuf;

use clap::Parser;
use client::{AttachSpec, FilterSpec, Lanes, Policy, Wanted};
use wire::Class;

/// Follow an instance's records from shared memory, keep books, and tell what was seen.
#[derive(Debug, Parser)]
#[command(name = "hotlane-follow", version, max_term_width = 100)]
#[command(after_help = "\
Attaches as soon as the instance is there and follows it until its producer ends. A producer that
dies is waited for: its next generation is followed without a restart.

Examples:
  hotlane-follow demo
  hotlane-follow demo --classes orders,trades --policy wait --books books.json
  hotlane-follow demo --classes top --symbols AAPL,MSFT --policy conflate --json

Exit codes: 0 the producer ended, 1 failed, 2 usage, 3 no such instance within --timeout.")]
pub struct Args {
    /// Name of the instance.
    pub instance: String,
    /// Lanes, by name; all if none is named.
    #[arg(long, value_delimiter = ',')]
    pub lane: Vec<String>,
    /// Classes of records: orders, levels, top, trades, reference, quotes, derived, or all.
    #[arg(long, value_delimiter = ',', default_value = "orders,trades", value_parser = class)]
    pub classes: Vec<u8>,
    /// Symbols; all if none is named.
    #[arg(long, value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// What happens when this consumer is too slow: lose, conflate, detach or wait.
    #[arg(long, default_value = "lose", value_parser = policy)]
    pub policy: Policy,
    /// Levels a side in refreshes; 0 = all.
    #[arg(long, default_value_t = 0)]
    pub depth: u16,
    /// Seconds to wait for the instance.
    #[arg(long, default_value_t = 30)]
    pub timeout: u64,
    /// Write every record as received to this file, 64 bytes each.
    #[arg(long, value_name = "FILE")]
    pub records: Option<PathBuf>,
    /// Write the books at the end to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub books: Option<PathBuf>,
    /// End after so many records.
    #[arg(long, value_name = "N")]
    pub stop_after: Option<u64>,
    /// Attach only when so many milliseconds have passed since the instance came.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub join_after_ms: u64,
    /// Stop reading after so many records ...
    #[arg(long, value_name = "N", requires = "pause_ms")]
    pub pause_at: Option<u64>,
    /// ... for so many milliseconds.
    #[arg(long, value_name = "MS", requires = "pause_at")]
    pub pause_ms: Option<u64>,
    /// Never sleep between polls: for a core of its own.
    #[arg(long)]
    pub busy: bool,
    /// One JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

fn class(text: &str) -> Result<u8, String> {
    if text == "all" {
        return Ok(!Class::Stream.bit());
    }
    Class::from_name(text).map(Class::bit).ok_or_else(|| {
        let known: Vec<&str> = Class::ALL.into_iter().skip(1).map(Class::name).collect();
        format!("classes are {} and all", known.join(", "))
    })
}

fn policy(text: &str) -> Result<Policy, String> {
    Policy::ALL
        .into_iter()
        .find(|policy| policy.name() == text)
        .ok_or_else(|| "policies are lose, conflate, detach and wait".to_owned())
}

impl Args {
    /// Bits of the classes asked for.
    pub fn class_set(&self) -> u8 {
        self.classes.iter().fold(0, |set, bits| set | bits)
    }

    /// What to attach to.
    pub fn attach_spec(&self) -> AttachSpec {
        let instruments = if self.symbols.is_empty() {
            Wanted::All
        } else {
            Wanted::Symbols(self.symbols.clone())
        };
        let filter = FilterSpec {
            classes: self.class_set(),
            instruments,
            depth: self.depth,
            policy: self.policy,
        };
        let lanes = if self.lane.is_empty() { Lanes::All } else { Lanes::Named(self.lane.clone()) };
        let mut spec = AttachSpec { lanes, filter, ..AttachSpec::new(&self.instance) };
        if let Some(root) = std::env::var_os("HOTLANE_SHM") {
            spec.root = root.into();
        }
        spec
    }
}
