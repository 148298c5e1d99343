//! Running the tool in this process, or the built program.

use std::path::Path;
use std::process::Command;

use clap::Parser;
use serde_json::Value;
use tools::shm_dump::{Args, run_to};

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    pub code: u8,
    pub out: String,
    pub err: String,
}

/// Runs the tool with these arguments, separated by spaces.
pub fn run(root: &Path, line: &str) -> Run {
    let words = line.split(' ').filter(|word| !word.is_empty());
    let mut args = Args::try_parse_from(std::iter::once("shm-dump").chain(words)).expect("usage");
    args.root = Some(root.to_path_buf());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_to(&args, &mut out, &mut err, false);
    let text = |bytes| String::from_utf8(bytes).expect("utf-8");
    Run { code, out: text(out), err: text(err) }
}

/// The same, wanting success.
pub fn text(root: &Path, line: &str) -> String {
    let run = run(root, line);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}: {}", run.out);
    run.out
}

/// The same with `--json`, as one document.
pub fn json(root: &Path, line: &str) -> Value {
    serde_json::from_str(&text(root, &format!("{line} --json"))).expect("JSON")
}

/// The same with `--json`, a document a line.
pub fn json_lines(root: &Path, line: &str) -> Vec<Value> {
    let out = text(root, &format!("{line} --json"));
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The built program.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shm-dump"));
    command.env_remove("HOTLANE_SHM");
    command
}

/// The line of `text` that contains all of `parts`.
pub fn has_line(text: &str, parts: &[&str]) -> bool {
    text.lines().any(|line| parts.iter().all(|part| line.contains(part)))
}
