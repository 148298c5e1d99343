//! `hotlane demo`: the main job on this machine, with nothing but the repository.
//!
//! A recording if `HOTLANE_DATA` points at one, else a session that the simulator generates, goes
//! through a lane in one process; another process reads the records from shared memory and builds
//! its own books. The demo starts both, compares their books and says what it saw.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

use super::{FAILED, OK, print};
use crate::error::{FeedError, Result};

/// Show the main job: a feed through a lane into another process, and the two books compared.
#[derive(Debug, Args)]
#[command(after_help = "\
Plays the recording under HOTLANE_DATA if that is set, else a generated session; says which.

Examples:
  hotlane demo
  hotlane demo --instruments 500 --messages 5000000
  HOTLANE_DATA=/data hotlane demo")]
pub struct DemoArgs {
    /// Instruments of a generated session.
    #[arg(long, default_value_t = 40)]
    instruments: u16,
    /// Messages of a generated session.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// Seed of a generated session.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The recording that the demo plays, below `HOTLANE_DATA`.
const RECORDINGS: &str = "packets/nasdaq";

/// What is played, and what it is.
struct Session {
    file: PathBuf,
    what: String,
    /// Removed when the demo ends, if it was generated.
    scratch: Option<PathBuf>,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(folder) = &self.scratch {
            // A temporary folder that cannot be removed harms nobody.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// A process that is ended with the demo.
struct Running(Option<Child>);

impl Running {
    fn output(&mut self, what: &str) -> Result<Output> {
        let child = self.0.take().ok_or_else(|| failed(what, "it has ended already"))?;
        child.wait_with_output().map_err(|e| FeedError::io(what, e))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn failed(what: &str, reason: &str) -> FeedError {
    FeedError::Sibling { program: what.to_owned(), reason: reason.to_owned() }
}

/// A binary of this build: it stands beside our own.
pub(super) fn sibling(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().map_err(|e| FeedError::io("own path", e))?;
    let path = own.with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(failed(name, "it is not beside hotlane; build everything with cargo build --release"))
}

/// Runs the command.
///
/// # Errors
/// If a program of this build is missing or fails.
pub fn run(args: &DemoArgs) -> Result<u8> {
    let session = session(args)?;
    let instance = format!("demo-{}", std::process::id());
    let mut handler = start_handler(&session.file, &instance)?;
    let mut consumer = start_consumer(&instance)?;
    print(&format!("data      {}\n", session.what))?;
    print(&format!("handler   hotlane replay, seats of instance {instance} in shared memory\n"))?;
    print("consumer  hotlane-follow, another process on a wait seat, books from ORDERS\n\n")?;
    let theirs = json(&mut consumer, "hotlane-follow")?;
    let ours = json(&mut handler, "hotlane replay")?;
    let (table, equal, all) = compare(&ours, &theirs);
    print(&table)?;
    print(&summary(&ours, &theirs, equal, all))?;
    Ok(if equal == all && all > 0 { OK } else { FAILED })
}

fn session(args: &DemoArgs) -> Result<Session> {
    if let Some(file) = recording() {
        let what = format!("recording {}\n          NOT LIVE: recorded", file.display());
        return Ok(Session { file, what, scratch: None });
    }
    let scratch = std::env::temp_dir().join(format!("hotlane-demo-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|e| FeedError::io(&scratch, e))?;
    let file = scratch.join("SIM_demo_2026-01-30.itch");
    let what = format!(
        "generated session, as HOTLANE_DATA names no recording: {} instruments, {} messages, \
         seed {}\n          NOT LIVE: simulated",
        args.instruments, args.messages, args.seed
    );
    let session = Session { file, what, scratch: Some(scratch) };
    print("generating a session ...\n")?;
    let made = Command::new(sibling("venue-sim")?)
        .args(["generate", "--seed", &args.seed.to_string()])
        .args(["--instruments", &args.instruments.to_string()])
        .args(["--messages", &args.messages.to_string(), "--out"])
        .arg(&session.file)
        .stdout(Stdio::null())
        .status()
        .map_err(|e| FeedError::io("venue-sim", e))?;
    if made.success() { Ok(session) } else { Err(failed("venue-sim", &made.to_string())) }
}

fn recording() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("HOTLANE_DATA")?).join(RECORDINGS);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.into_iter().find(|path| path.is_file())
}

fn start(name: &str, arguments: &[&str], file: Option<&Path>) -> Result<Running> {
    let mut command = Command::new(sibling(name)?);
    command.args(arguments).args(file).stdin(Stdio::null());
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| FeedError::io(name, e))?;
    Ok(Running(Some(child)))
}

fn start_handler(file: &Path, instance: &str) -> Result<Running> {
    let arguments = ["replay", "--json", "--instance", instance, "--seats", "1"];
    start("hotlane", &arguments, Some(file))
}

fn start_consumer(instance: &str) -> Result<Running> {
    let arguments = [instance, "--classes", "orders,trades", "--policy", "wait", "--json"];
    start("hotlane-follow", &arguments, None)
}

fn json(process: &mut Running, what: &str) -> Result<Value> {
    let output = process.output(what)?;
    if !output.status.success() {
        return Err(failed(what, String::from_utf8_lossy(&output.stderr).trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed(what, &e.to_string()))
}

/// What both sides say of an instrument; its symbol comes first.
const COMPARED: [&str; 7] = [
    "symbol",
    "bid_levels",
    "bid_quantity",
    "bid_price",
    "ask_price",
    "ask_quantity",
    "ask_levels",
];

fn text(instrument: &Value, field: &str) -> String {
    match &instrument[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The handler's books beside the consumer's: the table, how many are equal, how many there are.
fn compare(ours: &Value, theirs: &Value) -> (String, usize, usize) {
    const SHOWN: usize = 12;
    let empty = Vec::new();
    let list = |side: &Value| side["instruments"].as_array().unwrap_or(&empty).clone();
    let theirs = list(theirs);
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = COMPARED.iter().map(|name| name.replace('_', " "));
    table.set_header(header.chain(["the other process".to_owned()]));
    let (mut equal, all) = (0, list(ours).len());
    for (at, book) in list(ours).iter().enumerate() {
        let row: Vec<String> = COMPARED.iter().map(|field| text(book, field)).collect();
        let other = theirs.iter().find(|other| text(other, "symbol") == row[0]);
        let other = other.map(|o| COMPARED.map(|field| text(o, field)).to_vec());
        let same = other.as_ref() == Some(&row);
        equal += usize::from(same);
        if at < SHOWN || !same {
            let verdict = match other {
                Some(_) if same => "the same".to_owned(),
                Some(other) => format!("differs: {}", other.join(" ")),
                None => "has no such book".to_owned(),
            };
            table.add_row(row.into_iter().chain([verdict]));
        }
    }
    for column in table.column_iter_mut().skip(1).take(COMPARED.len() - 1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let more = all.saturating_sub(SHOWN);
    let note = if more > 0 { format!("  and {more} more\n") } else { String::new() };
    (format!("{table}\n{note}"), equal, all)
}

fn summary(ours: &Value, theirs: &Value, equal: usize, all: usize) -> String {
    let messages: u64 =
        ours["messages"].as_object().map_or(0, |m| m.values().filter_map(Value::as_u64).sum());
    let records: u64 =
        theirs["records"].as_object().map_or(0, |r| r.values().filter_map(Value::as_u64).sum());
    let rate = ours["rate"].as_f64().unwrap_or(0.0) / 1e6;
    format!(
        "\n{messages} messages through the lane at {rate:.2} million/s while the other process read \
         {records} records\nbooks equal in both processes: {equal} of {all}; gaps {}, unknown \
         references {}, crossed {}\n",
        ours["gaps"], ours["unknown_references"], ours["crossed"]
    )
}
