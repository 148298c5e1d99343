//! The built program: followed through a restart of its source, and every mistake told once.

mod common;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use client::{AttachSpec, Client, Event, FilterSpec, Lanes, Wanted};
use common::source::{DERIVED, Source};
use features::output::Feature;
use serde_json::Value;
use tempfile::TempDir;
use wire::payload::Feature as Payload;
use wire::{Kind, Nature, Record};

/// Patience of a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> TempDir {
    let shared = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("features-test-");
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a directory")
}

fn command(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_features"));
    command.arg("--root").arg(root).env_remove("HOTLANE_SHM");
    command
}

fn start(root: &Path, args: &[&str]) -> Child {
    let mut command = command(root);
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program")
}

fn terminate(child: &Child) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
}

/// A consumer of our program, and all that it saw.
struct Consumer {
    client: Client,
    records: Vec<Record>,
    generations: Vec<u64>,
}

impl Consumer {
    fn new(root: &Path) -> Consumer {
        let filter =
            FilterSpec { classes: DERIVED, instruments: Wanted::All, ..FilterSpec::default() };
        let spec = AttachSpec { lanes: Lanes::All, filter, ..AttachSpec::new("out") };
        let spec = AttachSpec { root: root.to_path_buf(), ..spec };
        let client = Client::attach(spec).expect("a client");
        Consumer { client, records: Vec::new(), generations: Vec::new() }
    }

    fn poll(&mut self) {
        let Consumer { client, records, generations } = self;
        client.poll(|event| match event {
            Event::Record { record, .. } if record.kind() == Some(Kind::Feature) => {
                records.push(*record);
            }
            Event::Attached { generation, .. } => generations.push(generation),
            _ => {}
        });
    }

    fn last(&self, feature: Feature, part: u8) -> Option<Payload> {
        let payloads = self.records.iter().rev().filter_map(Record::get::<Payload>);
        payloads.into_iter().find(|p| p.feature_id == feature.id() && p.part == part)
    }
}

/// Polls both ends until something is so.
fn until(
    what: &str,
    source: &mut Source,
    consumer: &mut Consumer,
    mut so: impl FnMut(&mut Source, &Consumer) -> bool,
) {
    let begun = Instant::now();
    loop {
        source.poll();
        consumer.poll();
        if so(source, consumer) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: did not come");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Makes changes until their features come, so that it does not matter who attaches first.
fn flows(source: &mut Source, consumer: &mut Consumer) {
    let mut quantity = 10;
    until("features", source, consumer, |source, consumer| {
        quantity += 1;
        source.bid(quantity);
        source.trade(3);
        consumer.last(Feature::Tfi, 7).is_some() && consumer.last(Feature::Imbalance, 2).is_some()
    });
}

#[test]
fn follows_its_source_through_a_restart_and_ends_by_a_signal() {
    let root = root();
    let mut source = Source::start(root.path(), "in", 2);
    let args = ["--instance", "in", "--out-name", "out", "--json", "--grid-ms", "20"];
    let child = start(root.path(), &args);
    let mut consumer = Consumer::new(root.path());
    until("an attach", &mut source, &mut consumer, |source, consumer| {
        source.consumers() == 1 && consumer.generations.len() == 1
    });
    flows(&mut source, &mut consumer);
    let bbo = consumer.last(Feature::Bbo, 0).expect("a quote");
    assert_eq!((bbo.value_0 as i64, bbo.cause_lane), (1_000_000, 0));
    assert!(consumer.records.iter().all(|r| r.quality.nature() == Some(Nature::Simulated)));
    until("the grid", &mut source, &mut consumer, |source, consumer| {
        source.trade(1);
        consumer.last(Feature::TfiGrid, 7).is_some()
    });
    let symbol = consumer.client.instrument(0, common::source::id(1)).map(|row| row.symbol());
    assert_eq!(symbol.as_deref(), Some("AAPL"));
    source.define(2);
    until("a second instrument", &mut source, &mut consumer, |_, consumer| {
        consumer.client.lanes().iter().all(|lane| lane.instruments().rows().len() == 2)
    });
    // Another generation of the source is another one of ours.
    source.close();
    let mut source = Source::start(root.path(), "in", 2);
    consumer.records.clear();
    until("a second generation", &mut source, &mut consumer, |_, consumer| {
        consumer.generations.len() == 2
    });
    assert!(consumer.generations[1] > consumer.generations[0]);
    flows(&mut source, &mut consumer);
    terminate(&child);
    let output = child.wait_with_output().expect("an end");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["generations"], 2);
    assert!(report["outputs"]["tfi_grid"].as_u64() > Some(0), "{report}");
    assert_eq!(report["lost_records"], 0);
    source.close();
    let left: Vec<_> = std::fs::read_dir(root.path()).expect("a directory").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn counters_and_latency_can_be_read_from_outside() {
    let root = root();
    let mut source = Source::start(root.path(), "in", 2);
    let child = start(root.path(), &["--instance", "in", "--out-name", "out"]);
    let mut consumer = Consumer::new(root.path());
    flows(&mut source, &mut consumer);
    // Counters are stored with the heartbeat, once a second.
    let read = |consumer: &Consumer| -> Option<[u64; 3]> {
        let view = consumer.client.instance()?.producer("nasdaq").ok()?;
        let counters = view.counters().ok()?;
        let consumed = counters.histogram_of("receive_consume")?.count();
        Some([counters.value_of("records")?, counters.value_of("out.bbo")?, consumed])
    };
    until("counters", &mut source, &mut consumer, |source, consumer| {
        source.trade(1);
        read(consumer).is_some_and(|values| values.iter().all(|value| *value > 0))
    });
    terminate(&child);
    assert!(child.wait_with_output().expect("an end").status.success());
    source.close();
}

/// Ends with this code, and one line on standard error that says this.
fn refused(output: &Output, code: i32, what: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains(what), "{error} instead of {what}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
}

#[test]
fn every_mistake_is_one_clear_message() {
    let root = root();
    let run = |args: &[&str]| command(root.path()).args(args).output().expect("the program");
    let absent = ["--instance", "nobody", "--timeout", "0"];
    refused(&run(&absent), 3, "no instance \"nobody\" under");
    refused(&run(&["--instance", "x", "--out-name", "x"]), 2, "choose another name");
    refused(&run(&["--seats", "9"]), 2, "seats: 9, wanted 1 to 8");
    refused(&run(&["--config", "/nowhere.toml"]), 2, "/nowhere.toml: cannot be read");
    let path = root.path().join("features.toml");
    std::fs::write(&path, "instance = \"in\"\n[output]\n").expect("written");
    let path = path.to_str().expect("utf-8");
    refused(&run(&["--config", path]), 2, "features.toml:2: unknown field `output`");
    refused(&run(&["--core", "8000"]), 1, "8000");
    refused(&run(&["--instance", "a/b", "--timeout", "0"]), 1, "a/b");
    assert!(!root.path().join("hotlane-features").exists(), "nothing is left behind");
}

#[test]
fn a_source_that_does_not_suit_is_told() {
    let root = root();
    let mut source = Source::start(root.path(), "in", 1);
    let attempt = |args: &[&str], source: &mut Source| {
        let child = start(root.path(), args);
        let mut child = child;
        while child.try_wait().expect("a child").is_none() {
            source.poll();
            std::thread::sleep(Duration::from_millis(1));
        }
        child.wait_with_output().expect("an end")
    };
    let lane = ["--instance", "in", "--lane", "mars", "--timeout", "1"];
    let output = attempt(&lane, &mut source);
    refused(&output, 1, "no lane \"mars\"; it has nasdaq");
    let taken = Source::start(root.path(), "features", 1);
    refused(&attempt(&["--instance", "in"], &mut source), 1, "already running");
    taken.close();
    // The only seat is taken by another consumer.
    let first = start(root.path(), &["--instance", "in", "--out-name", "first"]);
    let begun = Instant::now();
    while source.consumers() == 0 && begun.elapsed() < PATIENCE {
        source.poll();
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = attempt(&["--instance", "in", "--timeout", "1"], &mut source);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("none of 1 seats is free"), "{error}");
    terminate(&first);
    assert!(first.wait_with_output().expect("an end").status.success());
    source.close();
}
