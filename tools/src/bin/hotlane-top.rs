//! `hotlane-top`: what a handler does, and what is wrong with it. `hotlane top` runs it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    tools::top::run(&tools::top::Args::parse())
}
