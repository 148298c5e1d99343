//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::baseline::Baseline;
use crate::callgrind::{Counted, count};
use crate::error::Error;
use crate::program::{Day, MESSAGES, Program};
use crate::report::{ALLOWED, Line, table};

/// Counts the instructions of the hot paths and holds them against a baseline.
#[derive(Debug, Parser)]
#[command(name = "budgets", version, after_help = EXAMPLES)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  Fail where something takes over 2 % more instructions than committed:
    cargo run -p budgets --release -- check
  Commit what it takes now:
    cargo run -p budgets --release -- update
  Run a program alone, for a profile of it:
    valgrind --tool=callgrind --toggle-collect='*counted_by_callgrind*' \\
      target/release/budgets measure book 100000

Callgrind needs valgrind; counts are of the build that runs, so use the release build.
Exit status: 0 within the budgets, 1 over one of them, 2 if it could not be found out.";

#[derive(Debug, Subcommand)]
enum Action {
    /// Compare with the baseline.
    Check(File),
    /// Write the baseline anew.
    Update(File),
    /// Run one program, as `check` does under callgrind, and tell what it did.
    Measure {
        /// Which.
        program: Program,
        /// Messages to count.
        #[arg(default_value_t = MESSAGES)]
        messages: u64,
        /// Raw ITCH of twice as many messages [default: a day is generated].
        #[arg(long, value_name = "FILE")]
        day: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
struct File {
    /// The baseline.
    #[arg(
        long,
        value_name = "FILE",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.toml"),
        hide_default_value = true
    )]
    baseline: PathBuf,
}

impl Command {
    /// Does it; `false` if a count is over its budget.
    ///
    /// # Errors
    /// If it could not be found out.
    pub fn run(&self) -> Result<bool, Error> {
        match &self.action {
            Action::Check(file) => self.check(&file.baseline),
            Action::Update(file) => self.update(&file.baseline),
            Action::Measure { program, messages, day } => {
                let day = match day {
                    Some(path) => Day::read(path, *messages)?,
                    None => Day::of(Day::generate(*messages)?, *messages),
                };
                let measured = program.run(&day)?;
                if self.json {
                    println!("{}", json!(measured));
                } else {
                    let unit = program.unit();
                    let crate::program::Measured { units, answer, isa } = measured;
                    println!("{}: {units} {unit}s, answer {answer:#x}, {isa}", program.name());
                }
                Ok(true)
            }
        }
    }

    fn check(&self, path: &Path) -> Result<bool, Error> {
        let baseline = Baseline::read(path)?;
        let counts = count_all(baseline.messages)?;
        for (_, counted) in &counts {
            let now = &counted.measured.isa;
            if *now != baseline.isa {
                return Err(Error::Conditions { was: baseline.isa, now: now.clone() });
            }
        }
        Ok(self.tell(&counts, &baseline))
    }

    fn update(&self, path: &Path) -> Result<bool, Error> {
        let counts = count_all(MESSAGES)?;
        let isa = counts.first().map_or_else(String::new, |(_, c)| c.measured.isa.clone());
        let new = counts.iter().map(|(program, counted)| (*program, counted.per_unit())).collect();
        let new = Baseline { isa, messages: MESSAGES, counts: new };
        // The first baseline, or one of other conditions, has nothing to be compared with.
        let old = Baseline::read(path).ok().filter(|old| old.isa == new.isa);
        new.write(path)?;
        self.tell(&counts, old.as_ref().unwrap_or(&new));
        Ok(true)
    }

    /// Prints the comparison; whether all is within the budgets.
    fn tell(&self, counts: &[(Program, Counted)], baseline: &Baseline) -> bool {
        let lines: Vec<Line> =
            counts.iter().map(|(program, c)| Line::of(*program, c, baseline)).collect();
        let within = lines.iter().all(|line| line.within);
        if self.json {
            println!(
                "{}",
                json!({
                    "isa": baseline.isa,
                    "messages": baseline.messages,
                    "allowed_percent": ALLOWED,
                    "within": within,
                    "programs": lines,
                })
            );
        } else {
            println!("{}", table(&lines));
        }
        within
    }
}

/// Counts all programs over one day.
fn count_all(messages: u64) -> Result<Vec<(Program, Counted)>, Error> {
    let folder = tempfile::tempdir().map_err(Error::file(Path::new("/tmp"), "make a folder in"))?;
    let path = folder.path().join("SIM_budgets.itch");
    std::fs::write(&path, Day::generate(messages)?).map_err(Error::file(&path, "write"))?;
    Program::ALL.iter().map(|program| Ok((*program, count(*program, messages, &path)?))).collect()
}
