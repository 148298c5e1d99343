//! Damage that the other line repairs: everything once, in order, no gap.

use wire::Record;

use crate::common::{books, public};
use crate::stage::{Run, assert_equal, replayed, run, without_end};

/// Both lines come fast enough for a test and slowly enough for a socket's buffer.
const RATE: [&str; 2] = ["--rate", "5000"];
/// A busy host may take either process off its core between the two lines.
const PATIENT: &str = "hold_us = 500000";

fn assert_complete(run: &Run, file: &std::path::Path) {
    let (replay, report) = replayed(file);
    assert_eq!(
        run.sent["missing_on_all"].as_array().map(Vec::len),
        Some(0),
        "{}",
        run.sent["missing_on_all"]
    );
    assert_eq!(run.lane["report"]["gaps"], 0);
    assert_eq!((&run.seen["gaps_total"], &run.seen["lost_total"]), (&0.into(), &0.into()));
    assert_eq!(run.seen["inconsistencies"], 0);
    assert_equal(&without_end(public(run.records.clone(), 0xff)), &replay);
    assert_eq!(books(&run.seen), books(&report));
    assert_eq!(run.lane["report"]["nature"], "recorded");
}

#[test]
fn a_line_without_every_seventh_packet_costs_nothing() {
    let Some(file) = e2e::aapl("a_line_without_every_seventh_packet_costs_nothing") else { return };
    let run = run(&file, PATIENT, &[&RATE[..], &["--fault-a", "drop=every:7"]].concat());
    assert_complete(&run, &file);
    let missed = run.lane["counters"]["line1.missed"].as_u64().expect("line A missed some");
    assert!(missed > 500, "{missed}");
    assert!(run.lane["counters"]["line2.won"].as_u64() >= Some(missed), "B brought them");
}

#[test]
fn two_lines_damaged_at_different_packets_cost_nothing() {
    let name = "two_lines_damaged_at_different_packets_cost_nothing";
    let Some(file) = e2e::aapl(name) else { return };
    // Line B's packets have other borders, so each hole is filled by parts of packets.
    let faults = ["--split-b", "--fault-a", "drop=every:7:3", "--fault-b", "duplicate=0.02"];
    let run_split = run(&file, PATIENT, &[&RATE[..], &faults].concat());
    assert_complete(&run_split, &file);
    let faults = ["--fault-a", "drop=every:7:3", "--fault-b", "drop=every:7:6,delay=300"];
    assert_complete(&run(&file, PATIENT, &[&RATE[..], &faults].concat()), &file);
}

#[test]
fn a_line_that_stops_for_a_second_makes_no_pause() {
    let Some(file) = e2e::aapl("a_line_that_stops_for_a_second_makes_no_pause") else { return };
    let run = run(&file, PATIENT, &[&RATE[..], &["--fault-a", "stop=0.5:1.0"]].concat());
    assert_complete(&run, &file);
    let times: Vec<u64> =
        run.records.iter().filter(|r| is_message(r)).map(|r| r.ts_receive).collect();
    let pause = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
    // The line was silent for 1,000 ms; what remains is what a busy host does to the sender.
    assert!(pause < Some(400_000_000), "{pause:?} ns between two messages");
    let alone = run.records.iter().filter(|r| is_message(r) && r.origin.line() == 2).count();
    assert!(alone > 2_000, "line B carried {alone} messages");
}

fn is_message(record: &Record) -> bool {
    record.origin.line() > 0
}
