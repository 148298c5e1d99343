//! The command line of `hotlane`.

mod clean;
mod config;
mod demo;
mod diff;
mod progress;
mod reload;
mod replay;
mod run;
mod top;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::FeedError;

/// Exit code of a run that did what was asked.
const OK: u8 = 0;
/// Exit code of a run that failed; clap uses 2 for wrong arguments.
const FAILED: u8 = 1;

/// Low-latency market-data feed handler.
#[derive(Debug, Parser)]
#[command(name = "hotlane", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a configuration: cores, lanes and sockets until a signal.
    Run(run::RunArgs),
    /// Tell a running handler to read its configuration again.
    Reload(reload::ReloadArgs),
    /// Play recordings through a lane into seats and files.
    Replay(Box<replay::ReplayArgs>),
    /// Show the main job on this machine: a feed through a lane into another process.
    Demo(demo::DemoArgs),
    /// Look at a configuration: check it, or explain every value of it.
    Config(config::ConfigArgs),
    /// Compare two record files: equal runs give equal records.
    Diff(diff::DiffArgs),
    /// Remove what dead instances left in shared memory.
    Clean(clean::CleanArgs),
    /// Show what handlers do and what is wrong, live or once.
    Top(top::TopArgs),
}

/// Runs the command line and returns its exit code.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Reload(args) => reload::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::run(*args),
        Command::Demo(args) => demo::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Clean(args) => clean::run(&args),
        Command::Top(args) => top::run(&args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("hotlane: {error}");
            ExitCode::from(FAILED)
        }
    }
}

/// Prints to standard output; a reader that has gone away ends the command quietly.
fn print(text: &str) -> Result<u8, FeedError> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(OK),
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(OK),
        Err(e) => Err(FeedError::io("standard output", e)),
    }
}

/// Directory under which instances live: `HOTLANE_SHM`, else /dev/shm.
fn shm_root() -> std::path::PathBuf {
    std::env::var_os("HOTLANE_SHM").map_or_else(|| shm::paths::DEFAULT_ROOT.into(), Into::into)
}
