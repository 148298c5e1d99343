//! `hotlane`: the feed handler.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    feed::cli::main()
}
