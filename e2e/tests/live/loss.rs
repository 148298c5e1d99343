//! Damage that no line repairs: exactly what is missing is said, everywhere.

use wire::payload::GapBegin;
use wire::{BookState, Class, Kind};

use crate::stage::{Run, ranges, run};

/// The ledger, the stream, and the consumer's own list: exactly these ranges, in this order.
fn assert_told(run: &Run, missing: &[(u64, u64)]) {
    assert_eq!(ranges(&run.ledger["producers"][0]["gaps"]["rows"]), missing);
    let begins = run.records.iter().filter_map(|r| r.get::<GapBegin>());
    assert_eq!(begins.map(|gap| (gap.first, gap.end)).collect::<Vec<_>>(), missing);
    assert_eq!(ranges(&run.seen["gaps"]), missing);
}

#[test]
fn independent_loss_on_both_lines_is_said_exactly() {
    let Some(file) = e2e::aapl("independent_loss_on_both_lines_is_said_exactly") else { return };
    let faults = ["--fault-a", "drop=3%", "--fault-b", "drop=3%,burst=0.002:20,delay=200"];
    let run = run(&file, "hold_us = 500000", &[&["--rate", "5000"], &faults[..]].concat());
    let missing = ranges(&run.sent["missing_on_all"]);
    assert!(missing.len() > 3, "{missing:?}");
    assert_told(&run, &missing);
    let count: u64 = missing.iter().map(|(first, end)| end - first).sum();
    assert_eq!(run.lane["report"]["missing"], count);
    let taken = run.lane["report"]["messages"].as_object().expect("by type");
    let taken: u64 = taken.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(taken + count, run.sent["messages"].as_u64().expect("sent"));
    assert_eq!(run.lane["counters"]["line1.late"], serde_json::Value::Null);
}

#[test]
fn what_both_lines_lose_is_said_exactly_and_no_book_is_called_live() {
    let name = "what_both_lines_lose_is_said_exactly_and_no_book_is_called_live";
    let Some(file) = e2e::aapl(name) else { return };
    let fault = "drop=seqs:4000-4000";
    let play = ["--rate", "5000", "--packet-messages", "1", "--fault-a", fault, "--fault-b", fault];
    let run = run(&file, "hold_us = 20000", &play);
    let missing = ranges(&run.sent["missing_on_all"]);
    assert_eq!(missing, [(4000, 4001)]);
    // In the ledger, in the stream, at the consumer, in the handler's own count.
    assert_told(&run, &missing);
    assert_eq!(run.lane["report"]["gaps"], 1);
    assert_eq!(run.lane["report"]["missing"], 1);

    let begin = run.records.iter().position(|r| r.kind() == Some(Kind::GapBegin));
    let after = &run.records[begin.expect("a gap")..];
    let called_live = |record: &&wire::Record| {
        let book = record.kind().is_some_and(|kind| Class::BOOK & kind.class().bit() != 0);
        book && record.quality.state() == Some(BookState::Live)
    };
    assert!(after.len() > 5_000, "records flow on behind the gap: {}", after.len());
    assert_eq!(after.iter().filter(called_live).count(), 0);
    assert_eq!(run.seen["instruments"][0]["state"], "gapped");
}
