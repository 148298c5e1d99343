//! `hotlane-follow`: the reference consumer. Attaches to an instance, follows its records until the
//! producer ends, keeps books, and tells what it saw.
//!
//! ```text
//! args.rs   the command line     follow.rs   the loop and what it keeps     report.rs   the result
//! ```
#![forbid(unsafe_code)]

mod args;
mod follow;
mod report;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::follow::{Follow, Outcome};

/// The instance did not come.
const NO_INSTANCE: u8 = 3;

fn main() -> ExitCode {
    let args = Args::parse();
    match follow::run(&args) {
        Ok((follow, outcome)) => finish(&args, &follow, outcome),
        Err(error) => {
            eprintln!("hotlane-follow: {error}");
            ExitCode::FAILURE
        }
    }
}

fn finish(args: &Args, follow: &Follow, outcome: Outcome) -> ExitCode {
    let text =
        if args.json { format!("{}\n", report::json(follow)) } else { report::table(follow) };
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(e) => {
            eprintln!("hotlane-follow: standard output: {e}");
            return ExitCode::FAILURE;
        }
    }
    if let Some(path) = &args.books
        && let Err(e) = std::fs::write(path, format!("{}\n", report::books(follow)))
    {
        eprintln!("hotlane-follow: {}: {e}", path.display());
        return ExitCode::FAILURE;
    }
    match outcome {
        Outcome::Ended | Outcome::Stopped => ExitCode::SUCCESS,
        Outcome::Refused(why) => {
            eprintln!("hotlane-follow: {why}");
            ExitCode::FAILURE
        }
        Outcome::NeverCame => {
            eprintln!(
                "hotlane-follow: no instance {} within {} s; shm-dump lists those that there are",
                args.instance, args.timeout
            );
            ExitCode::from(NO_INSTANCE)
        }
    }
}
