//! A program under callgrind. Nothing else knows valgrind.

use std::path::Path;
use std::process::{Command, Output};

use crate::error::Error;
use crate::program::{Measured, Program};

/// Counting begins and ends with this function, `counted_by_callgrind` of the programs.
const TOGGLE: &str = "--toggle-collect=*counted_by_callgrind*";
/// What callgrind writes at its end, before the number of instructions.
const COLLECTED: &str = "Collected :";

/// What a program did, and how many instructions that took.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// What it told of itself.
    pub measured: Measured,
    /// Instructions in all.
    pub instructions: u64,
}

impl Counted {
    /// Instructions per message or record.
    #[must_use]
    pub fn per_unit(&self) -> f64 {
        self.instructions as f64 / self.measured.units.max(1) as f64
    }
}

/// Runs `budgets measure` of this program under callgrind, and once without it: an answer that
/// differs between the two instruction sets would make the count worthless.
///
/// # Errors
/// If either run fails, or the answers differ.
pub fn count(program: Program, messages: u64, day: &Path) -> Result<Counted, Error> {
    let own = std::env::current_exe().map_err(Error::file(Path::new("/proc/self/exe"), "find"))?;
    let arguments = |command: &mut Command| {
        command.arg(&own).args(["measure", program.name(), &messages.to_string(), "--json"]);
        command.arg("--day").arg(day);
    };
    let mut command = Command::new("valgrind");
    // Its own file is not needed: the total is in what it writes last.
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", TOGGLE]);
    arguments(&mut command);
    let output = command.output().map_err(Error::Valgrind)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let measured = told(program, &output)?;
    let instructions = collected(&said).filter(|count| *count > 0).ok_or_else(|| {
        Error::program(program.name(), "callgrind counted nothing; is the function inlined?")
    })?;
    let mut native = Command::new("env");
    arguments(&mut native);
    let native = native.output().map_err(Error::file(&own, "run"))?;
    let native = told(program, &native)?;
    if (native.units, native.answer) != (measured.units, measured.answer) {
        let why = format!("{native:?} on this processor, {measured:?} on valgrind's");
        return Err(Error::program(program.name(), why));
    }
    Ok(Counted { measured, instructions })
}

/// What a run told on its standard output.
fn told(program: Program, output: &Output) -> Result<Measured, Error> {
    let failed = |why: &dyn std::fmt::Display| {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().take(3).collect::<Vec<_>>();
        let last: Vec<_> = last.into_iter().rev().collect();
        Error::program(program.name(), format!("{why}: {}", last.join("; ")))
    };
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(&error))
}

/// The number of instructions in what callgrind wrote.
fn collected(said: &str) -> Option<u64> {
    said.lines().rev().find_map(|line| line.split_once(COLLECTED)?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_total_is_found() {
        let said = "==7== Events    : Ir\n==7== Collected : 1234567\n==7== \n==7== I refs: 9\n";
        assert_eq!(collected(said), Some(1_234_567));
        assert_eq!(collected("valgrind: no such file"), None);
    }
}
