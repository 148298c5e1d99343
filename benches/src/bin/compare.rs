//! `compare`: Hotlane and its peers, side by side.

use benches::harness::options::Options;
use benches::harness::report::{json, markdown, text};
use benches::harness::run::Report;
use benches::harness::{CompareError, Host, child, run};
use benches::sections::{CHILDREN, SECTIONS, Section};
use clap::Parser;
use std::fs;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = Options::parse();
    match start(&options) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::from(2)
        }
    }
}

fn start(options: &Options) -> Result<u8, CompareError> {
    if !options.child.is_empty() {
        child::serve(CHILDREN, &options.child)?;
        return Ok(0);
    }
    let sections = asked_for(&options.sections)?;
    if options.list {
        for section in &sections {
            println!("{:10} {}", section.name, section.about);
        }
        return Ok(0);
    }
    let setting = options.setting();
    let host = Host::read(&setting);
    let results = run(&sections, &setting);
    let report = Report { host, quick: setting.quick, rounds: setting.rounds, results };
    write(options, &report)?;
    Ok(report.status(!options.no_gate))
}

/// The sections of these names, in the order of the list; all if there are none.
fn asked_for(names: &[String]) -> Result<Vec<&'static Section>, CompareError> {
    for name in names {
        if !SECTIONS.iter().any(|section| section.name == name) {
            let known: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
            let why = format!("is not a section; there are: {}", known.join(", "));
            return Err(CompareError::failed(name, why));
        }
    }
    let asked = |section: &&Section| names.is_empty() || names.iter().any(|n| n == section.name);
    Ok(SECTIONS.iter().filter(asked).collect())
}

fn write(options: &Options, report: &Report) -> Result<(), CompareError> {
    let to_stdout = |path: &std::path::Path| path.as_os_str() == "-";
    let piped = options.json.as_deref().is_some_and(to_stdout);
    let shown = if piped {
        write!(stderr(), "{}", text::text(report, stderr().is_terminal()))
    } else {
        write!(stdout(), "{}", text::text(report, stdout().is_terminal()))
    };
    shown.map_err(|error| CompareError::failed("write the report", error))?;
    if let Some(path) = &options.json {
        let value = json::json(report).map_err(|e| CompareError::failed("write JSON", e))?;
        let written = if to_stdout(path) {
            writeln!(stdout(), "{value:#}")
        } else {
            fs::write(path, format!("{value:#}\n"))
        };
        written.map_err(|error| CompareError::failed(path.display().to_string(), error))?;
    }
    match &options.markdown {
        Some(path) => markdown::write(report, path),
        None => Ok(()),
    }
}
