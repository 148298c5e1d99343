//! A market, a handler and a consumer, each in its process, and what they said.

use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use wire::payload::{GapBegin, GapEnd};
use wire::{Kind, Record};

use crate::common::{Guard, records, result, start};

const PATIENCE: Duration = Duration::from_secs(60);
/// Runs that the kernel may spoil by dropping datagrams before the test gives up.
const TRIES: u32 = 3;

/// What is to run.
pub struct Market {
    pub seed: u64,
    pub symbols: u16,
    pub seconds: u64,
    pub rate: u64,
    /// More options of the market: its lines' faults.
    pub more: Vec<&'static str>,
    /// The servers: what goes wrong with each, with a comma before it.
    pub retransmit: Vec<&'static str>,
    pub glimpse: Vec<&'static str>,
    /// More keys of the handler's recovery.
    pub recovery: &'static str,
}

/// What one run gave.
pub struct Run {
    pub seed: u64,
    pub symbols: u16,
    pub seconds: u64,
    /// Messages that the market was to make.
    pub aim: u64,
    /// What the market said.
    pub sent: Value,
    /// What the handler said of its lane.
    pub lane: Value,
    /// What the consumer said, and its books.
    pub seen: Value,
    pub books: Value,
    /// Every record that the consumer got.
    pub records: Vec<Record>,
    folder: TempDir,
}

/// A gap as the stream tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub id: u32,
    pub first: u64,
    pub end: u64,
    pub how: String,
}

impl Run {
    /// The file of true books.
    pub fn oracle(&self) -> PathBuf {
        self.folder.path().join("SIM_books.bin")
    }

    /// A counter of the handler; 0 where it is not told.
    pub fn count(&self, name: &str) -> u64 {
        self.lane["counters"][name].as_u64().unwrap_or(0)
    }

    /// The gaps, each with its one end.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = Vec::new();
        for record in &self.records {
            if let Some(begin) = record.get::<GapBegin>() {
                let (first, end) = (begin.first, begin.end);
                gaps.push(Gap { id: begin.gap_id, first, end, how: String::new() });
            } else if let Some(end) = record.get::<GapEnd>() {
                let open = |gap: &&mut Gap| gap.id == end.gap_id && gap.how.is_empty();
                let gap = gaps.iter_mut().find(open).expect("an end of an open gap");
                assert_eq!(gap.first, end.first);
                gap.end = end.end;
                let how = wire::codes::GapHow::from_bits(end.how).expect("a known end");
                gap.how = how.name().to_owned();
            }
        }
        gaps
    }
}

fn free(tcp: bool) -> u16 {
    let address = if tcp {
        TcpListener::bind("127.0.0.1:0").expect("a socket").local_addr()
    } else {
        UdpSocket::bind("127.0.0.1:0").expect("a socket").local_addr()
    };
    address.expect("bound").port()
}

fn list(ports: &[u16]) -> String {
    let texts: Vec<_> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
    texts.join(", ")
}

/// Everything that one run has of its own.
struct Stage {
    instance: String,
    lines: [String; 2],
    requests: Vec<u16>,
    snapshots: Vec<u16>,
    folder: TempDir,
}

impl Stage {
    fn new(market: &Market) -> Self {
        let pid = std::process::id();
        let port = free(false);
        let group = |line: u32| format!("239.78.{}.{}:{port}", pid % 250, line + 1);
        Self {
            instance: e2e::instance_name("market"),
            lines: [group(0), group(1)],
            requests: market.retransmit.iter().map(|_| free(false)).collect(),
            snapshots: market.glimpse.iter().map(|_| free(true)).collect(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn config(&self, market: &Market) -> PathBuf {
        let [a, b] = &self.lines;
        let text = format!(
            r#"
instance = "{}"
environment = "simulated"
[lane.nasdaq]
venue = "nasdaq"
date = "2026-01-30"
instruments = 128
orders = 400000
seats = 4
ring = 1048576
receive_buffer = 8388608
hold_us = 100000
[[lane.nasdaq.line]]
groups = ["{a}"]
interface = "127.0.0.1"
[[lane.nasdaq.line]]
groups = ["{b}"]
interface = "127.0.0.1"
[lane.nasdaq.recovery]
requests = [{}]
snapshots = [{}]
{}
"#,
            self.instance,
            list(&self.requests),
            list(&self.snapshots),
            market.recovery,
        );
        let path = self.folder.path().join("market.toml");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn look(&self, arguments: &[&str]) -> Option<Value> {
        let mut command = e2e::command("shm-dump");
        command.arg(&self.instance).args(arguments).stderr(Stdio::null());
        let output = command.output().expect("the binary runs");
        serde_json::from_slice(&output.stdout).ok()
    }

    fn send(&self, market: &Market) -> Guard {
        let mut command = e2e::command("venue-sim");
        command.current_dir(self.folder.path()).args(["market", "--json"]);
        let numbers = [
            ("--seed", market.seed),
            ("--symbols", market.symbols.into()),
            ("--duration", market.seconds),
            ("--rate", market.rate),
        ];
        for (option, value) in numbers {
            let unit = if option == "--duration" { "s" } else { "" };
            command.arg(option).arg(format!("{value}{unit}"));
        }
        let [a, b] = &self.lines;
        command.args(["--group-a", a, "--group-b", b, "--oracle", "SIM_books.bin"]);
        // Late requests are served while the end of the session is repeated.
        command.args(["--start-delay", "0.5", "--end-seconds", "6", "--heartbeat-ms", "200"]);
        for (port, faults) in self.requests.iter().zip(&market.retransmit) {
            command.arg("--retransmit").arg(format!("127.0.0.1:{port}{faults}"));
        }
        for (port, faults) in self.snapshots.iter().zip(&market.glimpse) {
            command.arg("--glimpse").arg(format!("127.0.0.1:{port}{faults}"));
        }
        start({
            command.args(&market.more);
            command
        })
    }
}

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

/// Runs it. A run in which the kernel dropped a datagram, or the consumer lost records, says little
/// of recovery, and is repeated.
pub fn run(market: &Market) -> Run {
    for _ in 0..TRIES {
        let run = once(market);
        let dropped = run.count("line1.kernel_drops") + run.count("line2.kernel_drops");
        let lost = run.seen["lost_total"].as_u64().unwrap_or(0);
        if dropped + lost == 0 {
            return run;
        }
        println!("inconclusive: the kernel dropped {dropped}, the consumer lost {lost}; again");
    }
    panic!("datagrams or records were lost in each of {TRIES} runs");
}

fn once(market: &Market) -> Run {
    let stage = Stage::new(market);
    let config = stage.config(market);
    let mut command = e2e::command("hotlane");
    command.arg("run").arg("--json").arg(&config);
    let handler = start(command);
    wait("the instance", || stage.look(&["--counters", "--json"]));
    let received = stage.folder.path().join("received.rec");
    let books = stage.folder.path().join("books.json");
    let mut command = e2e::command("hotlane-follow");
    command.args([&stage.instance, "--json", "--classes", "all", "--records"]).arg(&received);
    command.arg("--books").arg(&books);
    let consumer = start(command);
    wait("the consumer's seat", || {
        let seats = stage.look(&["--seats", "--json"])?.to_string();
        seats.contains("\"active\"").then_some(())
    });
    let venue = stage.send(market);
    let deadline = Duration::from_secs(market.seconds) + PATIENCE;
    healed(&stage, deadline);
    let sent = result(venue);
    let lane = stop(handler);
    let seen = result(consumer);
    let directory = Path::new("/dev/shm").join(format!("hotlane-{}", stage.instance));
    assert!(!directory.exists(), "nothing is left behind");
    let books = std::fs::read(&books).expect("the consumer's books");
    Run {
        seed: market.seed,
        symbols: market.symbols,
        seconds: market.seconds,
        aim: market.seconds * market.rate,
        sent,
        lane,
        seen,
        books: serde_json::from_slice(&books).expect("JSON"),
        records: records(&received),
        folder: stage.folder,
    }
}

/// Waits for the end of the session and of every gap, while the servers still serve.
fn healed(stage: &Stage, deadline: Duration) {
    let begun = Instant::now();
    loop {
        let counters = stage.look(&["--counters", "--json"]);
        let count = |name: &str| counters.as_ref().and_then(|all| find(all, name));
        if count("session_ends") > Some(0) && count("gaps_open") == Some(0) {
            return;
        }
        assert!(begun.elapsed() < deadline, "a gap stays open: {:?}", counters);
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn stop(handler: Guard) -> Value {
    let pid = handler.0.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
    assert!(killed.success());
    result(handler)["lanes"][0].clone()
}

/// Records of one kind.
pub fn of_kind(records: &[Record], kind: Kind) -> impl Iterator<Item = &Record> {
    records.iter().filter(move |record| record.kind() == Some(kind))
}
