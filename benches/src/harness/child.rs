//! Other ends, in processes of their own.
//!
//! A fork of a process that has gigabytes in memory leaves every page of the parent to be copied at
//! its next write, and those page faults would fall into the measured time. So the other end is a
//! new process of the same program: `compare --child NAME ARGUMENT...`.

use super::CompareError;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// What a process of its own can be started as.
pub struct Child {
    /// Its name after `--child`.
    pub name: &'static str,
    /// What it does with the rest of the arguments.
    pub run: fn(&[String]) -> Result<(), CompareError>,
}

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Names the program to start; for tests, whose own program is not `compare`. The first call counts.
pub fn set_program(program: impl Into<PathBuf>) {
    let _ = PROGRAM.set(program.into());
}

/// The command that starts a child; arguments can be added to it.
///
/// # Errors
/// Where this program's own file is not known.
pub fn command(name: &str) -> Result<Command, CompareError> {
    let program = match PROGRAM.get() {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|e| CompareError::failed("find the program to start again", e))?,
    };
    let mut command = Command::new(program);
    command.arg("--child").arg(name);
    Ok(command)
}

/// Runs this process as the child that its arguments name, from a list of them.
///
/// # Errors
/// An unknown name, or whatever ends the child.
pub fn serve(children: &[Child], arguments: &[String]) -> Result<(), CompareError> {
    let Some((name, rest)) = arguments.split_first() else {
        return Err(CompareError::failed("--child", "no name was given"));
    };
    match children.iter().find(|child| child.name == name) {
        Some(child) => (child.run)(rest),
        None => Err(CompareError::failed("--child", format!("{name} is not known"))),
    }
}
