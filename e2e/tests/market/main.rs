//! A running market on two damaged lines, a handler that recovers what both lost, a consumer beside
//! it: every message delivered or declared, every trade once, every book the market's true one.
//!
//! A quarter of a minute here; `HOTLANE_MARKET_SECONDS` and `HOTLANE_MARKET_RATE` make it a
//! campaign:
//!
//! ```text
//! HOTLANE_MARKET_SECONDS=3600 HOTLANE_MARKET_RATE=20000 cargo test --release -p e2e --test market
//! ```

#[path = "../common/mod.rs"]
mod common;

mod checks;
mod stage;

use checks::{assert_accounts, assert_books, assert_trades};
use stage::{Market, run};

/// A small market at a rate that a shared host carries.
fn market(seed: u64) -> Market {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    Market {
        seed,
        symbols: 50,
        seconds: number("HOTLANE_MARKET_SECONDS", 12),
        rate: number("HOTLANE_MARKET_RATE", 3_000),
        more: vec!["--loss", "1%"],
        retransmit: vec![""],
        glimpse: vec![""],
        recovery: "",
    }
}

/// One per cent on each line, independently: what both lose is asked for.
#[test]
fn loss_on_both_lines_is_filled_and_every_book_is_true() {
    let run = run(&market(21));
    assert_accounts(&run);
    let gaps = run.gaps();
    assert!(gaps.len() > 1, "1 % of 1 % of the packets: {gaps:?}");
    assert!(gaps.iter().all(|gap| gap.how == "retransmission"), "{gaps:?}");
    assert_trades(&run, true);
    assert_books(&run);
}

/// Bursts, and request servers that are dead, slow, or answer in parts: what they do not give comes
/// by a snapshot, and is declared.
#[test]
fn bad_servers_cost_declared_messages_and_no_book() {
    let bad = Market {
        more: vec![
            "--fault-a",
            "drop=1%,drop=seqs:9100-9300,burst=0.0005:60",
            "--fault-b",
            "drop=3%,drop=seqs:9000-9400",
        ],
        retransmit: vec![",drop=30%,partial=20%,duplicate=10%", ",dead", ",delay=30000,absurd=20%"],
        glimpse: vec![",cut=0.4,garbage=0.3", ""],
        recovery: "timeout_ms = 100\nbackoff_ms = 20\nmax_request = 60",
        ..market(22)
    };
    let run = run(&bad);
    assert_accounts(&run);
    let gaps = run.gaps();
    assert!(gaps.iter().any(|gap| gap.how == "snapshot"), "{gaps:?}");
    assert_trades(&run, false);
    assert_books(&run);
}

/// No request server at all.
#[test]
fn snapshots_alone_make_every_book_true() {
    let run = run(&Market { more: vec!["--loss", "4%"], retransmit: vec![], ..market(23) });
    assert_accounts(&run);
    let gaps = run.gaps();
    assert!(gaps.len() > 5, "{gaps:?}");
    assert!(gaps.iter().all(|gap| gap.how == "snapshot"), "{gaps:?}");
    assert_trades(&run, false);
    assert_books(&run);
}
