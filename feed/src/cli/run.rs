//! `hotlane run`: a configuration until a signal.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::{OK, print};
use crate::config::Environment;
use crate::error::FeedError;
use crate::run::{Flags, run as run_config};

/// Run a configuration until SIGINT or SIGTERM; SIGHUP reads its symbols again.
#[derive(Debug, Args)]
#[command(after_help = "\
Without CONFIG the path in HOTLANE_CONFIG is taken. What is opened, how each core polls and what is
not live is told once, on standard error; the summary comes on standard output.
Exit code 0: ended as asked; 1: could not start, or a lane failed; nothing is left behind.

Examples:
  hotlane run config/nasdaq.toml
  hotlane run --for 60 --json config/loopback.toml | jq '.lanes[0].counters'")]
pub struct RunArgs {
    /// The configuration.
    config: Option<PathBuf>,
    /// End after so many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    limit: Option<f64>,
    /// The summary as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Whatever keeps the configuration from being run.
pub fn run(args: &RunArgs) -> Result<u8, FeedError> {
    let limit = match args.limit {
        None => None,
        Some(seconds) => Some(super::replay::seconds_of(&seconds.to_string())?),
    };
    let environment = Environment::read();
    let config = super::config::open(args.config.as_ref(), &environment)?;
    let flags = Flags::default();
    let handled = |signal, flag: &Arc<AtomicBool>| {
        let registered = signal_hook::flag::register(signal, flag.clone());
        registered.map(drop).map_err(|e| FeedError::io("signal handler", e))
    };
    handled(signal_hook::consts::SIGINT, &flags.stop)?;
    handled(signal_hook::consts::SIGTERM, &flags.stop)?;
    handled(signal_hook::consts::SIGHUP, &flags.reload)?;
    let summary = run_config(&config, &environment, limit, &flags, &mut |line| {
        eprintln!("{line}");
    })?;
    if args.json {
        let text = serde_json::to_string(&summary)
            .map_err(|e| FeedError::io("standard output", e.into()))?;
        print(&format!("{text}\n"))?;
    } else {
        print(&summary.to_text())?;
    }
    Ok(OK)
}
