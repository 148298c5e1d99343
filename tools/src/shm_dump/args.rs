//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::inspect::root::root;

const EXAMPLES: &str = "\
Examples:
  shm-dump                                all instances
  shm-dump main                           everything about one, in short
  shm-dump main --seats                   who reads, how far behind, what was lost
  shm-dump main --gaps --errors           what went wrong today
  shm-dump main --images AAPL             one book, 20 levels a side
  shm-dump main --records 50 --seat 0     the last records that seat 0 was given
  shm-dump main --follow --tail           records as they are published, until the producer ends
  shm-dump main --counters --json         for scripts

Nothing is disturbed: files are mapped read-only, no seat is taken, no lock is held.
Exit codes: 0 done, 1 failed or only a part could be read, 2 usage, 3 no such instance.";

/// Shows what is in the shared memory of an instance, without disturbing it.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "shm-dump", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Args {
    /// Instance to look at; without it, all instances are listed.
    pub instance: Option<String>,
    /// Directory under which instances live [default: $HOTLANE_SHM, else /dev/shm].
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Only this producer (lane).
    #[arg(long, value_name = "PRODUCER")]
    pub producer: Option<String>,
    /// Print JSON: one document, or one line per record.
    #[arg(long)]
    pub json: bool,
    /// Seats: consumer, state, policy, lag, losses.
    #[arg(long, help_heading = "Sections")]
    pub seats: bool,
    /// Counters and histograms.
    #[arg(long, help_heading = "Sections")]
    pub counters: bool,
    /// Gap ledger: every hole of every channel and how it ended.
    #[arg(long, help_heading = "Sections")]
    pub gaps: bool,
    /// Distinct errors with first and last time and count.
    #[arg(long, help_heading = "Sections")]
    pub errors: bool,
    /// Instrument table.
    #[arg(long, help_heading = "Sections")]
    pub instruments: bool,
    /// Latest state of every instrument, or the whole book of SYMBOL.
    #[arg(long, value_name = "SYMBOL", num_args = 0..=1, help_heading = "Sections")]
    pub images: Option<Option<String>>,
    /// Clock page: how this host turns its counter into UTC.
    #[arg(long, help_heading = "Sections")]
    pub clock: bool,
    /// Files and record layouts, as the instance itself declares them.
    #[arg(long, help_heading = "Sections")]
    pub layout: bool,
    /// The last N records.
    #[arg(long, value_name = "N", help_heading = "Records")]
    pub records: Option<u64>,
    /// From the ring of seat K (default: the overwriting ring, else the first seat in use).
    #[arg(long, value_name = "K", conflicts_with = "tail", help_heading = "Records")]
    pub seat: Option<usize>,
    /// From the overwriting ring.
    #[arg(long, help_heading = "Records")]
    pub tail: bool,
    /// Go on with new records until the producer ends.
    #[arg(long, help_heading = "Records")]
    pub follow: bool,
}

impl Args {
    /// The command line of this process; prints help or the mistake and exits where asked.
    pub fn from_command_line() -> Args {
        let args = Args::parse();
        match args.mistake() {
            Some((kind, text)) => Args::command().error(kind, text).exit(),
            None => args,
        }
    }

    /// What clap cannot say about options that depend on each other.
    fn mistake(&self) -> Option<(ErrorKind, &'static str)> {
        let records = self.wants_records();
        if self.instance.is_none() && (records || self.any_section() || self.producer.is_some()) {
            let text = "this option needs an INSTANCE; run shm-dump alone for the list";
            return Some((ErrorKind::MissingRequiredArgument, text));
        }
        if records && self.any_section() {
            let text = "records and sections are shown by separate calls";
            return Some((ErrorKind::ArgumentConflict, text));
        }
        if !records && (self.seat.is_some() || self.tail) {
            let text = "--seat and --tail say where --records N or --follow read from";
            return Some((ErrorKind::MissingRequiredArgument, text));
        }
        None
    }

    /// Whether records are asked for, not tables.
    pub fn wants_records(&self) -> bool {
        self.records.is_some() || self.follow
    }

    /// Whether a section was named; else all are shown in short.
    pub fn any_section(&self) -> bool {
        let tables = self.seats || self.counters || self.gaps || self.errors;
        tables || self.instruments || self.images.is_some() || self.clock || self.layout
    }

    /// Directory under which instances live.
    pub fn root(&self) -> PathBuf {
        root(self.root.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Args {
        Args::try_parse_from(line.split(' ')).expect("a line that parses")
    }

    #[test]
    fn the_command_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_symbol_is_optional() {
        assert_eq!(parse("x main --images").images, Some(None));
        assert_eq!(parse("x main --images AAPL").images, Some(Some("AAPL".into())));
        assert_eq!(parse("x main").images, None);
    }

    #[test]
    fn options_without_their_object_are_mistakes() {
        for line in ["x --seats", "x --records 5", "x main --seat 1", "x main --tail"] {
            assert!(parse(line).mistake().is_some(), "{line}");
        }
        let both = parse("x main --records 5 --gaps").mistake();
        assert_eq!(both.map(|m| m.0), Some(ErrorKind::ArgumentConflict));
        for line in ["x", "x main", "x main --follow --tail", "x main --records 5 --seat 1"] {
            assert!(parse(line).mistake().is_none(), "{line}");
        }
        let conflict = Args::try_parse_from(["x", "m", "--follow", "--seat", "1", "--tail"]);
        assert!(conflict.is_err());
    }
}
