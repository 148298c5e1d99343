//! `hotlane diff`: whether two runs gave the same records.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use wire::Record;
use wire::record::first_difference;

use super::{FAILED, OK, print};
use crate::error::FeedError;
use crate::replay::records::read_records;

/// Compare two record files. Equal runs differ at most in commit tags, origin, receive times and
/// nature; heartbeats and connection states do not count. Exit code 0 equal, 1 different.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hotlane replay --records a.rec FILE
  hotlane replay --records b.rec FILE
  hotlane diff a.rec b.rec")]
pub struct DiffArgs {
    /// First record file.
    a: PathBuf,
    /// Second record file.
    b: PathBuf,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// If a file cannot be read.
pub fn run(args: &DiffArgs) -> Result<u8, FeedError> {
    let (a, b) = (read_records(&args.a)?, read_records(&args.b)?);
    let difference = first_difference(&a, &b);
    if args.json {
        let at = difference.map(|(i, j)| json!({"a": i, "b": j}));
        let equal = difference.is_none();
        let object = json!({"equal": equal, "a": a.len(), "b": b.len(), "first_difference": at});
        print(&format!("{object}\n"))?;
    } else {
        match difference {
            None => print(&format!("equal: {} and {} records\n", a.len(), b.len())),
            Some((i, j)) => {
                print(&format!("different\na[{i}] {}\nb[{j}] {}\n", show(&a, i), show(&b, j)))
            }
        }?;
    }
    Ok(if difference.is_none() { OK } else { FAILED })
}

fn show(records: &[Record], at: usize) -> String {
    match records.get(at) {
        Some(record) => wire::text::line(record, &format!("{:#010x}", record.instrument.0), None),
        None => "(no more records)".to_owned(),
    }
}
