//! `features`: see the library's `process`.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use features::process::{Args, Config, Error, Result, report::Report, run};

fn main() -> ExitCode {
    let args = Args::parse();
    match start(&args) {
        Ok(report) => print(&args, &report),
        Err(error) => {
            eprintln!("features: {error}");
            ExitCode::from(error.code())
        }
    }
}

fn start(args: &Args) -> Result<Report> {
    let config = Config::of(args)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let caught = signal_hook::flag::register(signal, stop.clone());
        caught.map_err(|source| Error::Signals { source })?;
    }
    run::run(&config, &stop)
}

fn print(args: &Args, report: &Report) -> ExitCode {
    let text = if args.json { format!("{}\n", report.json()) } else { report.text() };
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("features: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
