//! Processes under test and what they say, for the tests of this folder.
#![allow(dead_code)] // Each test file uses its part.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use wire::{Class, Kind, Record};
use zerocopy::FromBytes;

/// A session of the simulator, made once by each test program, in the build's own folder.
pub fn session(messages: u64) -> PathBuf {
    static MADE: std::sync::Mutex<Vec<u64>> = std::sync::Mutex::new(Vec::new());
    let mut done = MADE.lock().expect("no test panics while it holds this");
    let name = format!("SIM_{messages}_2026-01-30.itch");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !done.contains(&messages) {
        let made = e2e::command("venue-sim")
            .args(["generate", "--seed", "5", "--instruments", "25", "--json"])
            .args(["--messages", &messages.to_string(), "--out"])
            .arg(&file)
            .output()
            .expect("venue-sim runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        done.push(messages);
    }
    file
}

/// A child that does not outlive its test.
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // In order where it can: a killed handler leaves its files for the next start.
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        for _ in 0..200 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn start(mut command: Command) -> Guard {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Guard(command.spawn().expect("the binary runs"))
}

pub fn handler(instance: &str, arguments: &[&str], file: &Path) -> Guard {
    let mut command = e2e::command("hotlane");
    // Small tables: memory that is first touched is what takes time at a start.
    command.args(["replay", "--json", "--instruments", "64", "--instance", instance]);
    command.args(arguments).arg(file);
    start(command)
}

pub fn consumer(instance: &str, arguments: &[&str]) -> Guard {
    let mut command = e2e::command("hotlane-follow");
    command.args([instance, "--json"]).args(arguments);
    start(command)
}

/// What a process printed at its end.
pub fn result(mut guard: Guard) -> Value {
    use std::io::Read;
    let mut out = String::new();
    guard.0.stdout.take().expect("piped").read_to_string(&mut out).expect("utf-8");
    let mut err = String::new();
    guard.0.stderr.take().expect("piped").read_to_string(&mut err).expect("utf-8");
    let status = guard.0.wait().expect("it ends");
    assert!(status.success(), "{status}: {err}");
    serde_json::from_str(&out).expect("one JSON object")
}

/// Best prices, quantities and levels of every instrument, by symbol.
pub fn books(report: &Value) -> Vec<(String, Vec<String>)> {
    let fields =
        ["bid_price", "bid_quantity", "bid_levels", "ask_price", "ask_quantity", "ask_levels"];
    let list = report["instruments"].as_array().expect("a list");
    let one = |book: &Value| {
        let symbol = book["symbol"].as_str().expect("a symbol").to_owned();
        (symbol, fields.map(|field| book[field].to_string()).to_vec())
    };
    let mut all: Vec<_> = list.iter().map(one).collect();
    all.sort();
    all
}

/// The same without the number of levels: a TOP seat does not know it.
pub fn tops(report: &Value) -> Vec<(String, Vec<String>)> {
    let without = |(symbol, mut fields): (String, Vec<String>)| {
        fields.remove(5);
        fields.remove(2);
        (symbol, fields)
    };
    books(report).into_iter().map(without).collect()
}

pub fn records(path: &Path) -> Vec<Record> {
    let bytes = std::fs::read(path).expect("a record file");
    assert_eq!(bytes.len() % 64, 0, "whole records");
    let whole = bytes.chunks_exact(64);
    whole.map(|chunk| Record::from_words(words(chunk))).collect()
}

fn words(chunk: &[u8]) -> [u64; 8] {
    <[u64; 8]>::read_from_bytes(chunk).expect("64 bytes")
}

/// Without what is private to a seat: refreshes, losses, heartbeats, states of lines.
pub fn public(records: Vec<Record>, classes: u8) -> Vec<Record> {
    let private = [Kind::Lost, Kind::Heartbeat, Kind::Connection, Kind::BookBegin, Kind::BookEnd];
    let wanted = |record: &Record| {
        let kind = record.kind().expect("a known kind");
        let class = kind.class();
        let taken = class == Class::Stream || classes & class.bit() != 0;
        taken && !private.contains(&kind) && !record.quality.is_snapshot()
    };
    records.into_iter().filter(wanted).collect()
}
