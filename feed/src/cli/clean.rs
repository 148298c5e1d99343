//! `hotlane clean`: removes what dead instances left.

use clap::Args;
use serde_json::json;

use super::{OK, print, shm_root};
use crate::error::FeedError;

/// Remove what dead instances left in shared memory. Living ones are not touched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hotlane clean              remove what is left of instances whose process is gone
  hotlane clean --dry-run    only say what would be removed")]
pub struct CleanArgs {
    /// Only say what would be removed.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// If shared memory cannot be read or a file cannot be removed.
pub fn run(args: &CleanArgs) -> Result<u8, FeedError> {
    let removed = shm::inventory::clean(&shm_root(), args.dry_run)?;
    let bytes: u64 = removed.iter().map(|one| one.bytes).sum();
    if args.json {
        let files: Vec<_> = removed
            .iter()
            .map(|one| json!({"path": one.path.display().to_string(), "bytes": one.bytes}))
            .collect();
        let object = json!({"dry_run": args.dry_run, "bytes": bytes, "removed": files});
        return print(&format!("{object}\n"));
    }
    for one in &removed {
        print(&format!("{}  {} bytes\n", one.path.display(), one.bytes))?;
    }
    let (verb, count) = (if args.dry_run { "would remove" } else { "removed" }, removed.len());
    match count {
        0 => print("nothing left by dead instances\n"),
        _ => print(&format!("{verb} {count} files and directories, {bytes} bytes\n")),
    }?;
    Ok(OK)
}
