//! `hotlane top`: runs `hotlane-top`, which stands beside this program.
//!
//! The handler's crate and the tools do not depend on each other, so that neither is linked into
//! the other. The tool takes this process's place: it gets the terminal, the signals and the last
//! word on the exit code.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;

use super::demo::sibling;
use crate::error::{FeedError, Result};

/// The program that is run.
const PROGRAM: &str = "hotlane-top";

/// Show what handlers do and what is wrong: lanes, lines, seats, gaps, errors, latency.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct TopArgs {
    /// What `hotlane-top` takes; see `hotlane top --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs the command; returns only if that fails.
///
/// # Errors
/// If the program is not there or cannot be run.
pub fn run(args: &TopArgs) -> Result<u8> {
    let path = sibling(PROGRAM)?;
    let refused = Command::new(&path).args(&args.arguments).exec();
    Err(FeedError::io(&path, refused))
}
