//! A whole replay, decoded by the independent reader, equals the records that the replay wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use wire::codes::Aggressor;
use wire::payload::{Level, Status};
use wire::record::first_difference;
use wire::{Kind, NONE, Record};

use super::reader::{Groups, Reader, has_python};
use super::{NaiveBooks, Sides, scaled, trades_of};
use crate::common::files::raw_itch;
use crate::common::itch;
use crate::common::market::{Market, STOCKS};

/// Datagrams a second: what a reader in Python keeps up with on a busy host.
const CAP: &str = "cap=8000";
/// Levels a side, as the publisher has it by default.
pub const DEPTH: usize = 10;

/// A session: all kinds of messages about states, then a market.
pub fn session(folder: &Path, messages: usize) -> PathBuf {
    let mut market = Market::new(11);
    let mut all = market.opening();
    for (locate, name) in (1..).zip(STOCKS).take(4) {
        all.push(itch::action(locate, 1, name, b'H', b"LUDP"));
        all.push(itch::luld(locate, 2, name, [100_0000, 105_0000, 95_0000, 1]));
        all.push(itch::action(locate, 3, name, b'T', b"    "));
        all.push(itch::reg_sho(locate, 4, name, b'1'));
    }
    all.push(itch::mwcb_status(7, b'1'));
    all.extend((0..messages).map(|_| market.message()));
    let path = folder.join("20200130.multicast");
    std::fs::write(&path, raw_itch(&all)).expect("write");
    path
}

/// `hotlane replay` with a publisher.
pub fn replay(file: &Path, multicast: &str, records: &Path) -> Output {
    let instance = e2e::instance_name("multicast");
    Command::new(env!("CARGO_BIN_EXE_hotlane"))
        .args(["replay", "--json", "--instruments", "64", "--orders", "100000"])
        .args(["--instance", &instance, multicast, "--records"])
        .args([records, file])
        .output()
        .expect("hotlane runs")
}

fn report(output: Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

pub fn read(path: &Path) -> Vec<Record> {
    feed::replay::records::read_records(path).expect("a file of records")
}

/// Without what is private to a seat; records of one step stay together.
fn public(records: Vec<Record>) -> Vec<Record> {
    let private = |record: &Record| {
        let kinds = [Kind::Lost, Kind::Heartbeat, Kind::Connection, Kind::BookBegin, Kind::BookEnd];
        record.quality.is_snapshot() || record.kind().is_some_and(|kind| kinds.contains(&kind))
    };
    let mut rest: Vec<_> = records.into_iter().filter(|record| !private(record)).collect();
    // Datagrams keep the order of a symbol, not that of different ones.
    rest.sort_by_key(|record| (record.sequence, record.instrument));
    rest
}

/// Symbols by the index of their instrument: a market's are numbered as they come.
fn symbols(decoded: &Value) -> BTreeMap<u32, String> {
    let definitions = decoded["definitions"].as_object().expect("definitions");
    let one = |(name, definition): (&String, &Value)| {
        let number = definition["instrument"].as_u64().expect("a number") as u32;
        assert_eq!(definition["native"], *name);
        assert_eq!(definition["canonical"], format!("{name}.NASDAQ"));
        assert_eq!(definition["price_exp"], -4);
        assert_eq!(definition["quantity_exp"], 0);
        (number & 0x00ff_ffff, name.clone())
    };
    definitions.iter().map(one).collect()
}

fn check_trades(decoded: &Value, records: &[Record], symbols: &BTreeMap<u32, String>) {
    let wanted = trades_of(records);
    let got = decoded["trades"].as_object().expect("trades");
    assert_eq!(got.len(), wanted.len());
    for (index, trades) in wanted {
        let side = |aggressor| match Aggressor::from_bits(aggressor) {
            Some(Aggressor::Buy) => 1u64,
            Some(Aggressor::Sell) => 0,
            _ => 2,
        };
        let wanted: Vec<_> = trades
            .into_iter()
            .map(|(ts, trade)| {
                let (price, quantity) = (scaled(trade.price, -4), scaled(trade.quantity, 0));
                serde_json::json!([trade.trade_id, price, quantity, side(trade.aggressor), ts])
            })
            .collect();
        assert_eq!(got[&symbols[&index]], Value::Array(wanted), "{}", symbols[&index]);
    }
}

/// The sides of the books that were said last, against a map of levels.
pub fn check_books(decoded: &Value, sides: &Sides, symbols: &BTreeMap<u32, String>) {
    assert!(!sides.is_empty());
    for ((index, is_bid), levels) in sides {
        let side = if *is_bid { "bid" } else { "ask" };
        let wanted: Vec<_> = levels
            .iter()
            .map(|(price, quantity)| serde_json::json!([scaled(*price, -4), scaled(*quantity, 0)]))
            .collect();
        let got = &decoded["books"][&symbols[index]][side];
        assert_eq!(*got, Value::Array(wanted), "{} {side}", symbols[index]);
    }
}

pub fn sides_of(records: &[Record]) -> Sides {
    let mut books = NaiveBooks::default();
    for record in records {
        if let Some(level) = record.get::<Level>() {
            books.level(record.instrument, record.quality.get_side(), &level);
        }
    }
    books.sides(DEPTH)
}

type StatusKey = (String, u64, [u64; 5], String, [i64; 2]);

fn check_statuses(decoded: &Value, records: &[Record], symbols: &BTreeMap<u32, String>) {
    let band = |price| if price == NONE { NONE } else { scaled(price, -4) };
    let mut wanted = BTreeSet::<StatusKey>::new();
    for record in records {
        let Some(m) = record.get::<Status>() else { continue };
        let symbol = match record.instrument.index() {
            0 => String::new(),
            index => symbols[&index].clone(),
        };
        let codes = [m.state, m.scope, m.short_sale, m.market].map(u64::from);
        let [state, scope, short_sale, market] = codes;
        let codes = [state, scope, short_sale, market, m.effective_ns];
        let reason = wire::instrument::text_of(&m.reason);
        let bands = [band(m.lower_band), band(m.upper_band)];
        wanted.insert((symbol, record.sequence, codes, reason, bands));
    }
    let steps: BTreeSet<u64> = wanted.iter().map(|key| key.1).collect();
    let mut got = BTreeSet::new();
    for item in decoded["statuses"].as_array().expect("a list") {
        let number = |key: &str| item[key].as_u64().expect("a number");
        let codes = ["trading", "scope", "short_sale", "market", "effective"].map(number);
        let reason = item["reason"].as_str().expect("a text").trim_end().to_owned();
        assert_eq!(number("trades_lost"), 0);
        if !steps.contains(&number("step")) {
            // Of a book, and not of trading.
            assert_eq!((codes[0], reason.as_str()), (0, ""), "{item}");
            continue;
        }
        let symbol = item["symbol"].as_str().expect("a text").to_owned();
        let bands = ["lower", "upper"].map(|key| item[key].as_i64().expect("a number"));
        got.insert((symbol, number("step"), codes, reason, bands));
    }
    assert_eq!(got, wanted);
}

/// Plays a file twice: with every record, and as it is by default.
fn check(file: &Path, folder: &Path) {
    let (groups, sent) = (Groups::new(), folder.join("multicast.rec"));
    let written = folder.join("replay.rec");
    let reader = Reader::start(&groups.recorded(), Some(&sent), None);
    let told = report(replay(file, &groups.flag(&format!("records=true,{CAP}")), &written));
    let decoded = reader.result();
    let counts = &told["publisher"]["counts"];
    let (wanted, got) = (public(read(&written)), public(read(&sent)));
    assert_eq!(decoded["raw"], counts["raw_records"]);
    assert!(!wanted.is_empty());
    assert_eq!(first_difference(&got, &wanted), None, "{} and {}", got.len(), wanted.len());
    compare(&decoded, &told, &wanted);

    let reader = Reader::start(&groups.recorded(), None, None);
    let told = report(replay(file, &groups.flag(CAP), &written));
    compare(&reader.result(), &told, &public(read(&written)));
}

fn compare(decoded: &Value, told: &Value, records: &[Record]) {
    let counts = &told["publisher"]["counts"];
    assert_eq!(told["publisher"]["ended"], "instance closed");
    for (key, nothing) in [("holes", 0), ("disorder", 0), ("stale", 0)] {
        assert_eq!(decoded[key], nothing, "{key}");
    }
    assert_eq!(decoded["first_counters"], serde_json::json!([1]));
    for key in ["trades_lost", "records_lost", "unscaled", "unnamed", "no_room"] {
        assert_eq!(counts[key], 0, "{key}");
    }
    let symbols = symbols(decoded);
    assert_eq!(symbols.len(), told["instruments"].as_array().expect("a list").len());
    let exchange = match told["nature"].as_str() {
        Some("recorded") => "REC.NASDAQ",
        _ => "SIM.NASDAQ",
    };
    assert_eq!(decoded["exchanges"], serde_json::json!([exchange]));
    check_trades(decoded, records, &symbols);
    check_books(decoded, &sides_of(records), &symbols);
    check_statuses(decoded, records, &symbols);
    let last = &decoded["heartbeats"]["last"];
    assert_eq!(last["instruments"], symbols.len());
    assert_eq!(last["records"], counts["records"]);
    let types = decoded["types"].as_object().expect("an object");
    let received: u64 = types.values().filter_map(Value::as_u64).sum();
    assert_eq!(last["datagrams"].as_u64(), Some(received), "the last heartbeat is the last");
    let stats = format!("STATS|{exchange}|{}|{}|", counts["trades"], counts["books"]);
    let lines = decoded["lines"].as_array().expect("a list");
    let has = |begin: &str| lines.iter().filter_map(Value::as_str).any(|l| l.starts_with(begin));
    assert!(has(&stats), "{stats} in {lines:?}");
    assert!(has(&format!("EXCHANGE|{exchange}|stock|{},", symbols.len())), "{lines:?}");
}

#[test]
fn a_session_decoded_equals_its_records() {
    if has_python("a_session_decoded_equals_its_records") {
        let folder = tempfile::tempdir().expect("a folder");
        check(&session(folder.path(), 6_000), folder.path());
    }
}

#[test]
fn the_aapl_recording_decoded_equals_its_records() {
    let test = "the_aapl_recording_decoded_equals_its_records";
    let Some(file) = e2e::aapl(test) else { return };
    if has_python(test) {
        let folder = tempfile::tempdir().expect("a folder");
        check(&file, folder.path());
    }
}
