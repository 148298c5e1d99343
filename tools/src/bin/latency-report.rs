//! `latency-report`: how long each stage took, on what host, and how far the clocks can be
//! believed.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    tools::latency_report::run(&tools::latency_report::Args::parse())
}
