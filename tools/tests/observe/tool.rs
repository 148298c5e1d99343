//! Running the tools in this process.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use clap::Parser;
use serde_json::Value;
use tools::{latency_report, top};

/// What a run gave.
#[derive(Debug)]
pub struct Run {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Run {
    fn new(code: u8, out: Vec<u8>, err: Vec<u8>) -> Run {
        let text = |bytes| String::from_utf8(bytes).expect("utf-8");
        Run { code, out: text(out), err: text(err) }
    }

    /// The output as one document.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("one JSON document")
    }
}

fn words<'a>(program: &'a str, line: &'a str) -> impl Iterator<Item = &'a str> {
    std::iter::once(program).chain(line.split(' ').filter(|word| !word.is_empty()))
}

/// Runs `latency-report` with these arguments, separated by spaces.
pub fn latency(root: &Path, line: &str) -> Run {
    let mut args =
        latency_report::Args::try_parse_from(words("latency-report", line)).expect("usage");
    args.root = Some(root.to_path_buf());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let stop = AtomicBool::new(false);
    let code = latency_report::run_to(&args, &mut out, &mut err, false, &stop);
    Run::new(code, out, err)
}

/// Runs `hotlane-top` with these arguments, separated by spaces.
pub fn top(root: &Path, line: &str) -> Run {
    let mut args = top::Args::try_parse_from(words("hotlane-top", line)).expect("usage");
    args.root = Some(root.to_path_buf());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = top::run_to(&args, &mut out, &mut err, false);
    Run::new(code, out, err)
}

/// The entry of `list` whose `name` is this.
pub fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let list = list.as_array().expect("a list");
    list.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {list:?}"))
}
