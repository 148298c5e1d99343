//! `shm-dump`: what is in the shared memory of a handler, a feature process or an order manager.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = tools::shm_dump::Args::from_command_line();
    tools::shm_dump::run(&args)
}
