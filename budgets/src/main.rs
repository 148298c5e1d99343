//! `budgets`: instructions per message, against the baseline.

use std::process::ExitCode;

use budgets::command::Command;
use clap::Parser;

fn main() -> ExitCode {
    match Command::parse().run() {
        Ok(within) if within => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("budgets: {error}");
            ExitCode::from(2)
        }
    }
}
