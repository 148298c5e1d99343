//! All the processes at once, each of its own make: what they say of one feed must agree.

use std::path::Path;

use serde_json::Value;

use crate::common::{books, result, start};
use crate::stage::{Live, conclusive, kernel_drops, replayed, wait_for_seats};

/// The group that only this test's publisher sends to.
fn group() -> String {
    let pid = std::process::id();
    format!("239.78.{}.{}", pid / 250 % 250, pid % 250 + 1)
}

fn publisher(group: &str) -> String {
    format!("[publisher]\nenabled = true\nnot_live = \"{group}\"\n")
}

struct Seen {
    replay: Value,
    lane: Value,
    monitor: Value,
    features: Value,
    outputs: Value,
    top: (Option<i32>, Value),
    latency: Value,
}

fn once(file: &Path) -> Seen {
    let group = group();
    let live = Live::start("hold_us = 500000", &publisher(&group));
    let mut command = e2e::command("udp_monitor");
    command.args(["--json", "--once", "--for", "600", "--group", &format!("{group}:9002")]);
    let monitor = start(command);
    let out = e2e::instance_name("features");
    let mut command = e2e::command("features");
    command.args(["--instance", &live.instance, "--out-name", &out, "--json"]);
    let features = start(command);
    let mut command = e2e::command("hotlane-follow");
    command.args([&out, "--classes", "derived", "--json"]);
    let outputs = start(command);
    // The publisher's seat and that of features.
    wait_for_seats(&live.instance, 2);
    wait_for_seats(&out, 1);
    live.play(file, &["--rate", "3000", "--fault-a", "drop=every:7"]);

    let top = e2e::command("hotlane")
        .args(["top", "--once", "--json", &live.instance])
        .output()
        .expect("hotlane top runs");
    let picture = serde_json::from_slice(&top.stdout).expect("a picture");
    let latency = live.look("latency-report", &["--since-start", "--json"]).expect("a report");
    let (lane, _folder) = live.stop();
    interrupt(&features);
    interrupt(&monitor);
    Seen {
        replay: replayed(file).1,
        lane,
        monitor: result(monitor),
        features: result(features),
        outputs: result(outputs),
        top: (top.status.code(), picture),
        latency,
    }
}

fn interrupt(guard: &crate::common::Guard) {
    let pid = guard.0.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill").success()
    );
}

fn sum(list: &Value, field: &str) -> u64 {
    list.as_array().expect("a list").iter().map(|one| one[field].as_u64().unwrap_or(0)).sum()
}

#[test]
fn every_process_tells_the_same_of_one_feed() {
    let Some(file) = e2e::aapl("every_process_tells_the_same_of_one_feed") else { return };
    let dropped =
        |seen: &Seen| kernel_drops(&seen.lane) + sum(&seen.monitor["groups"], "kernel_drops");
    let seen = conclusive(|| once(&file), dropped);
    // The lane against the replay of the same file.
    let report = &seen.lane["report"];
    assert_eq!((&report["gaps"], &report["messages"]), (&0.into(), &seen.replay["messages"]));
    assert_eq!(books(report), books(&seen.replay));

    // Datagrams: every trade of the replay, and the book's best prices.
    let trades = seen.replay["records"]["trades"].as_u64().expect("a count");
    assert_eq!(sum(&seen.monitor["groups"], "trades"), trades, "{}", seen.monitor["groups"]);
    assert_eq!(sum(&seen.monitor["groups"], "missing"), 0);
    assert_eq!(seen.monitor["not_live"], serde_json::json!(["REC.NASDAQ"]));
    let best = seen.monitor.to_string();
    for (field, price) in [("bid_price", "320.14"), ("ask_price", "320.3")] {
        assert_eq!(report["instruments"][0][field], price);
        assert!(best.contains(price), "{price} is in the monitor's books: {best}");
    }

    // Features: one trade flow output for each trade, and all of it reached its own consumer.
    assert_eq!(seen.features["outputs"]["tfi"], trades);
    let made = sum(&seen.features["lanes"], "records");
    let got = seen.outputs["records"]["feature"].as_u64().expect("feature records");
    let lost: u64 = sum(&seen.outputs["lost"], "records");
    assert_eq!(got + lost, made);

    // Nothing is wrong, and it says so; latencies were measured on every packet of the live path.
    let (code, picture) = &seen.top;
    assert_eq!(*code, Some(0), "{picture}");
    let stages = seen.latency.to_string();
    assert!(stages.contains("receive_publish") && stages.contains("line2.skew"), "{stages}");
}
