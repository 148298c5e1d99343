//! What must hold of every run, by what the market says of itself.

use std::collections::{BTreeMap, BTreeSet};

use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::{Message as Itch, decode};
use serde_json::Value;
use tools::venue_sim::change::ShownOrder;
use tools::venue_sim::market::{Market, Oracle};
use tools::venue_sim::play::{Message, Messages};
use tools::venue_sim::{Hours, Settings};
use wire::Kind;
use wire::payload::Trade;

use crate::stage::{Run, of_kind};

fn ranges(list: &Value) -> Vec<(u64, u64)> {
    let bound = |range: &Value, name: &str| range[name].as_u64().expect("a number");
    let list = list.as_array().expect("a list");
    list.iter().map(|range| (bound(range, "first"), bound(range, "end"))).collect()
}

/// Sent is delivered and declared, to the message.
pub fn assert_accounts(run: &Run) {
    let sent = run.sent["messages"].as_u64().expect("messages");
    // What lines brought first; what came late on one has a count of its own.
    let live = run.count("line1.won") + run.count("line2.won");
    let gaps = run.gaps();
    let missing: u64 = gaps.iter().map(|gap| gap.end - gap.first).sum();
    // In order, or within exactly one declared gap. An execution that came live, and whose price
    // was lost with its order, is declared as well.
    let lost = run.count("repair_executions_lost");
    assert_eq!(live + missing, sent + lost, "{lost} {gaps:?}");
    assert!(gaps.iter().all(|gap| !gap.how.is_empty()), "a gap has no end: {gaps:?}");
    let mut numbers = BTreeSet::new();
    for gap in &gaps {
        assert!((gap.first..gap.end).all(|number| numbers.insert(number)), "twice: {gap:?}");
    }
    // What no line carried is declared.
    for (first, end) in ranges(&run.sent["missing_on_all"]) {
        for number in first..end {
            assert!(numbers.contains(&number), "message {number} is missing, and nobody says so");
        }
    }
    // What is filled is within gaps that say so; the rest was replaced by a snapshot.
    let of = |how: &str| -> u64 {
        gaps.iter().filter(|gap| gap.how == how).map(|gap| gap.end - gap.first).sum()
    };
    let recovered = run.count("repair_filled") + run.count("repair_late");
    assert!(recovered >= of("retransmission"), "{recovered} {gaps:?}");
    assert!(recovered <= missing, "{recovered} {gaps:?}");
    assert_eq!(run.seen["inconsistencies"], 0);
    for line in run.sent["lines"].as_array().expect("lines") {
        let count = |name: &str| line[name].as_u64().expect("a number");
        let packets = count("packets") + count("duplicated");
        assert_eq!(packets, count("datagrams_sent") + count("dropped") + count("stopped"));
    }
}

/// What the venue's messages say, made again from the seed.
fn venue_trades(run: &Run) -> BTreeMap<u64, u64> {
    let hours = Hours::new(4 * 3_600, run.seconds).expect("hours");
    let messages = run.sent["messages"].as_u64().expect("messages");
    let settings = Settings { seed: run.seed, instruments: run.symbols, messages: run.aim, hours };
    let mut market = Market::new(&settings).expect("a market");
    let (mut trades, mut message) = (BTreeMap::new(), Message::default());
    while market.next(&mut message).expect("a message") {
        let number = match decode(&message.bytes).expect("a message") {
            Itch::OrderExecuted(m) => m.match_number.get(),
            // The others are part of an auction, which is one trade.
            Itch::OrderExecutedWithPrice(m) if m.printable == b'Y' => m.match_number.get(),
            Itch::Trade(m) => m.match_number.get(),
            // An auction in which nothing paired off is no trade.
            Itch::CrossTrade(m) if m.shares.get() > 0 => m.match_number.get(),
            _ => continue,
        };
        trades.insert(number, market.number());
    }
    assert_eq!(market.number(), messages, "another market");
    trades
}

/// Every trade of the venue once; where something was replaced by a snapshot, those outside the
/// gaps that say so.
pub fn assert_trades(run: &Run, all: bool) {
    let expected = venue_trades(run);
    let mut seen = BTreeSet::new();
    for record in of_kind(&run.records, Kind::Trade) {
        let trade = record.get::<Trade>().expect("a trade");
        assert!(expected.contains_key(&trade.trade_id), "nobody traded {}", trade.trade_id);
        assert!(seen.insert(trade.trade_id), "trade {} comes twice", trade.trade_id);
    }
    assert!(seen.len() > 100, "{} trades", seen.len());
    let replaced: Vec<(u64, u64)> = run
        .gaps()
        .iter()
        .filter(|gap| gap.how == "snapshot")
        .map(|gap| (gap.first, gap.end))
        .collect();
    assert!(!all || replaced.is_empty());
    for (trade, number) in &expected {
        let declared = replaced.iter().any(|(first, end)| (first..end).contains(&number));
        let told =
            seen.contains(trade) || declared || (!all && run.count("repair_executions_lost") > 0);
        assert!(
            told,
            "trade {trade} of message {number} is lost, and nobody says so: {replaced:?}"
        );
    }
}

/// Every book that is called live is the engine's, to the place of each order in its queue; and
/// every book is live.
pub fn assert_books(run: &Run) {
    let oracle = Oracle::open(&run.oracle()).expect("the true books");
    assert_eq!(Some(oracle.last()), run.sent["messages"].as_u64());
    let states = run.seen["instruments"].as_array().expect("a list");
    let books = run.books["instruments"].as_array().expect("a list");
    assert_eq!((states.len(), books.len()), (run.symbols.into(), run.symbols.into()));
    let mut orders = 0;
    for (state, book) in states.iter().zip(books) {
        let symbol = book["symbol"].as_str().expect("a symbol");
        assert_eq!(state["symbol"], book["symbol"]);
        assert_eq!(state["state"], "live", "{symbol}");
        let index = (0..run.symbols).find(|index| tools::venue_sim::symbol(*index) == symbol);
        let truth = oracle.book(index.expect("a symbol of the market"), oracle.last());
        let truth = truth.expect("a true book");
        for (side, name) in [(Side::Buy, "bid_orders"), (Side::Sell, "ask_orders")] {
            let expected: Vec<[i64; 3]> = truth.side(side).iter().map(numbers).collect();
            let found: Vec<[i64; 3]> =
                book[name].as_array().expect("orders").iter().map(told).collect();
            assert_eq!(found, expected, "{symbol} {name}");
            orders += found.len();
        }
    }
    assert!(orders > 100, "{orders} orders rest");
}

fn numbers(order: &ShownOrder) -> [i64; 3] {
    [order.reference.cast_signed(), order.price.into(), order.shares.into()]
}

fn told(order: &Value) -> [i64; 3] {
    ["id", "price", "quantity"].map(|name| order[name].as_i64().expect("a number"))
}
