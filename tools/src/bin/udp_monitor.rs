//! `udp_monitor`: what the multicast publisher sends.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    tools::udp_monitor::run(&tools::udp_monitor::Args::parse())
}
