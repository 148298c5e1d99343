//! Damage that no line repairs: exactly what is missing is said, everywhere.

use wire::payload::GapBegin;
use wire::{BookState, Class, Kind};

use crate::stage::{ranges, run};

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
    let ledger = run.ledger.to_string();
    assert!(ledger.contains("4000") && ledger.contains("4001"), "{ledger}");
    let begins: Vec<_> = run.records.iter().filter_map(|r| r.get::<GapBegin>()).collect();
    let told: Vec<_> = begins.iter().map(|gap| (gap.first, gap.end)).collect();
    assert_eq!(told, missing);
    assert_eq!(ranges(&run.seen["gaps"]), missing);
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
