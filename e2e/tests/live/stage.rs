//! A handler on two loopback groups of its own, a consumer beside it, and a sender.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use wire::codes::SessionEvent;
use wire::payload::Session;
use wire::{Kind, Record};

use crate::common::{Guard, public, records, result, start};

/// How long anything may take on a busy host.
const PATIENCE: Duration = Duration::from_secs(60);
/// Runs that the kernel may spoil by dropping datagrams before the test gives up.
const TRIES: u32 = 5;

/// What one run gave.
pub struct Run {
    /// What `venue-sim play` said: among it, what no line carried.
    pub sent: Value,
    /// What `hotlane run` said at its end, of its one lane.
    pub lane: Value,
    /// What the consumer said.
    pub seen: Value,
    /// The gap ledger as another tool read it while the handler ran.
    pub ledger: Value,
    /// Every record that the consumer got.
    pub records: Vec<Record>,
}

/// Two groups and a port that no other test of this host uses.
struct Groups([String; 2]);

impl Groups {
    fn new() -> Groups {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let pid = std::process::id();
        let port = 20_000 + pid % 20_000;
        let group = |line: u16| {
            format!("239.77.{}.{}:{port}", pid / 20_000 % 250, (number * 2 + line) % 250 + 1)
        };
        Groups([group(0), group(1)])
    }
}

fn config(instance: &str, groups: &Groups, more: &str) -> String {
    let [a, b] = &groups.0;
    format!(
        r#"
instance = "{instance}"
environment = "recorded"
[lane.nasdaq]
venue = "nasdaq"
date = "2020-01-30"
instruments = 64
orders = 100000
seats = 4
ring = 65536
receive_buffer = 4194304
{more}
[[lane.nasdaq.line]]
groups = ["{a}"]
interface = "127.0.0.1"
[[lane.nasdaq.line]]
groups = ["{b}"]
interface = "127.0.0.1"
"#
    )
}

fn json_of(mut command: Command) -> Option<Value> {
    let output = command.stderr(Stdio::null()).output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).ok()
}

/// Waits until `found` gives something.
fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The value beside `name`, wherever it stands in the report.
fn find(value: &Value, name: &str) -> Option<u64> {
    match value {
        Value::Object(map) => {
            if map.get("name").and_then(Value::as_str) == Some(name) {
                return map.get("value").and_then(Value::as_u64);
            }
            map.values().find_map(|inner| find(inner, name))
        }
        Value::Array(list) => list.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

/// Runs `file` through two lines. A run in which the kernel dropped a datagram says nothing about
/// the handler, and is repeated.
pub fn run(file: &Path, keys: &str, play: &[&str]) -> Run {
    conclusive(|| once(file, keys, play), |run| kernel_drops(&run.lane))
}

/// Repeats a run in which the kernel dropped datagrams, which `dropped` counts.
pub fn conclusive<T>(run: impl Fn() -> T, dropped: impl Fn(&T) -> u64) -> T {
    for _ in 0..TRIES {
        let done = run();
        let dropped = dropped(&done);
        if dropped == 0 {
            return done;
        }
        println!("inconclusive: the kernel dropped {dropped} datagrams; again");
    }
    panic!("the kernel dropped datagrams in each of {TRIES} runs");
}

/// What the kernel dropped of both lines.
pub fn kernel_drops(lane: &Value) -> u64 {
    let counters = ["line1.kernel_drops", "line2.kernel_drops"];
    counters.iter().filter_map(|name| lane["counters"][*name].as_u64()).sum()
}

fn once(file: &Path, keys: &str, play: &[&str]) -> Run {
    let live = Live::start(keys, "");
    let (consumer, received) = live.follow();
    let sent = live.play(file, play);
    let ledger = live.look("shm-dump", &["--gaps", "--json"]).expect("a ledger");
    let (lane, _folder) = live.stop();
    let seen = result(consumer);
    let records = records(&received);
    Run { sent, lane, seen, ledger, records }
}

/// Waits until so many seats of an instance are served.
pub fn wait_for_seats(instance: &str, wanted: usize) {
    wait("the consumers' seats", || {
        let mut command = e2e::command("shm-dump");
        command.args([instance, "--seats", "--json"]);
        let seats = json_of(command)?.to_string();
        (seats.matches("\"active\"").count() >= wanted).then_some(())
    });
}

/// A handler that runs on two groups of its own.
pub struct Live {
    folder: TempDir,
    /// Name of its instance.
    pub instance: String,
    groups: Groups,
    handler: Guard,
}

impl Live {
    /// Starts it with more keys of its lane, and more sections.
    pub fn start(keys: &str, sections: &str) -> Live {
        let folder = tempfile::tempdir().expect("a folder");
        let instance = e2e::instance_name("live");
        let groups = Groups::new();
        let path = folder.path().join("live.toml");
        std::fs::write(&path, config(&instance, &groups, keys) + sections).expect("written");
        let mut command = e2e::command("hotlane");
        command.arg("run").arg("--json").arg(&path);
        let handler = start(command);
        let live = Live { folder, instance, groups, handler };
        wait("the instance", || live.look("shm-dump", &["--counters", "--json"]));
        live
    }

    /// What a tool says of the instance, as JSON.
    pub fn look(&self, tool: &str, arguments: &[&str]) -> Option<Value> {
        let mut command = e2e::command(tool);
        command.arg(&self.instance).args(arguments);
        json_of(command)
    }

    /// A consumer of every record, with the file that it writes them to.
    pub fn follow(&self) -> (Guard, PathBuf) {
        let received = self.folder.path().join("received.rec");
        let mut command = e2e::command("hotlane-follow");
        command.args([&self.instance, "--json", "--classes", "all", "--records"]).arg(&received);
        let guard = start(command);
        wait_for_seats(&self.instance, 1);
        (guard, received)
    }

    /// Sends the file, and returns when the handler has seen the end of the session.
    pub fn play(&self, file: &Path, more: &[&str]) -> Value {
        let [a, b] = &self.groups.0;
        let mut command = e2e::command("venue-sim");
        // The name that a replay gives the session of this day.
        command.args(["play", "--json", "--session", "REC2001300", "--start-delay", "0.5"]);
        command.args(["--end-seconds", "0.5", "--group-a", a, "--group-b", b]).args(more).arg(file);
        let sent = result(start(command));
        wait("the end of the session", || {
            let counters = self.look("shm-dump", &["--counters", "--json"])?;
            (find(&counters, "session_ends")? > 0).then_some(())
        });
        sent
    }

    /// Ends it in order, and gives what it says of its lane, and the folder of this run.
    pub fn stop(self) -> (Value, TempDir) {
        let pid = self.handler.0.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(killed.success());
        let summary = result(self.handler);
        let directory = Path::new("/dev/shm").join(format!("hotlane-{}", self.instance));
        assert!(!directory.exists(), "nothing is left behind");
        (summary["lanes"][0].clone(), self.folder)
    }
}

/// Every public record of a replay of the file.
pub fn replayed(file: &Path) -> (Vec<Record>, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("replay.rec");
    let mut command = e2e::command("hotlane");
    command.args(["replay", "--json", "--no-seats", "--records"]).arg(&path).arg(file);
    let report = result(start(command));
    (without_end(public(records(&path), 0xff)), report)
}

/// A file has no end of session; a venue sends one.
pub fn without_end(records: Vec<Record>) -> Vec<Record> {
    let is_end = |record: &Record| {
        record.kind() == Some(Kind::Session)
            && record.get::<Session>().is_some_and(|s| s.event == SessionEvent::End as u8)
    };
    records.into_iter().filter(|record| !is_end(record)).collect()
}

/// Fails with both records if the runs differ.
pub fn assert_equal(live: &[Record], replay: &[Record]) {
    if let Some((i, j)) = wire::record::first_difference(live, replay) {
        let show = |all: &[Record], at: usize| {
            all.get(at).map_or("end".into(), |record| wire::text::line(record, "", None))
        };
        panic!("live[{i}] {}\nreplay[{j}] {}", show(live, i), show(replay, j));
    }
}

/// Ranges `[first, end)` out of a list of objects or pairs.
pub fn ranges(list: &Value) -> Vec<(u64, u64)> {
    let one = |range: &Value| {
        let number = |keys: [&str; 2], at: usize| {
            let value = if range.is_array() {
                &range[at]
            } else {
                range.get(keys[0]).or_else(|| range.get(keys[1])).expect("a bound")
            };
            value.as_u64().expect("a number")
        };
        (number(["first", "from"], 0), number(["end", "to"], 1))
    };
    list.as_array().expect("a list").iter().map(one).collect()
}
