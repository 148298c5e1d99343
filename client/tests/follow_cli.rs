//! The reference consumer as a process: its exit codes, and its books against the naive market.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::naive::{Naive, Op};
use common::*;
use serde_json::{Value, json};
use wire::Side;
use wire::decimal::to_text;

fn follow(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotlane-follow"));
    command.env("HOTLANE_SHM", root).args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn exit_codes_tell_usage_from_absence() {
    let root = root();
    let code = |arguments: &[&str]| {
        let done = follow(root.path(), arguments).output().expect("run");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    assert_eq!(code(&["test", "--timeout", "0"]).0, Some(3));
    let (usage, said) = code(&["test", "--classes", "nonsense"]);
    assert!(usage == Some(2) && said.contains("orders"), "{said}");
    assert_eq!(code(&["--policy", "wait"]).0, Some(2));
    assert_eq!(code(&["No/Such", "--timeout", "0"]).0, Some(1));
}

#[test]
fn its_books_and_records_are_the_producers() {
    let root = root();
    let shape = Shape { lanes: vec!["one", "two"], capacity: 512, ..Shape::default() };
    let mut handler = Handler::start(root.path(), "test", &shape);
    let (books, records) = (root.path().join("books.json"), root.path().join("records"));
    let (books_file, records_file) = (books.to_string_lossy(), records.to_string_lossy());
    let child = follow(
        root.path(),
        &[
            "test",
            "--classes",
            "orders,trades",
            "--policy",
            "wait",
            "--json",
            "--books",
            &books_file,
            "--records",
            &records_file,
        ],
    )
    .spawn()
    .expect("start");
    let begun = Instant::now();
    let served = |lane: &Lane| lane.fanout.active() == 1 && lane.fanout.refreshes_pending(0) == 0;
    while !handler.lanes.iter().all(served) {
        handler.beat();
        handler.lanes.iter_mut().for_each(|lane| lane.end_poll(true));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
    for n in 0..3_000_u32 {
        let (instrument, what) = (1 + n % 4, (n * 7 % 10) as u8);
        let (price, quantity, pick) = ((n * 13 % 251) as u8, (n % 50) as u8, (n * 3) as u8);
        handler.lanes[0].op(Op { instrument, what, side: n % 3 == 0, price, quantity, pick });
        handler.lanes[0].end_poll(false);
    }
    handler.beat();
    let naive = handler.lanes[0].naive.clone();
    // The lane of one venue ends before the other: that is not the end.
    handler.lanes[1].fanout.close();
    std::thread::sleep(Duration::from_millis(5));
    handler.close();
    let done = child.wait_with_output().expect("its end");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let size = std::fs::metadata(&records).expect("records").len();
    assert_eq!(report["total"].as_u64().map(|total| total * 64), Some(size));
    let bytes = std::fs::read(&records).expect("records");
    assert!(bytes.chunks(64).all(|record| record.first() == Some(&0)), "no commit tag in files");
    assert_eq!(report["inconsistencies"], 0);
    let books: Value =
        serde_json::from_slice(&std::fs::read(&books).expect("books")).expect("JSON");
    (1..5).for_each(|index| check_book(&naive, index, &report, &books));
}

/// The lane that traded has this book in the report, and each of its levels in the books.
fn check_book(naive: &Naive, index: u32, report: &Value, books: &Value) {
    let symbol = format!("S{index}");
    let top = naive.top(index);
    let wanted = |one: &&Value| {
        one["symbol"] == symbol.as_str()
            && one["usable"] == true
            && one["bid_price"] == to_text(top.bid_price, -4).as_str()
            && one["ask_price"] == to_text(top.ask_price, -4).as_str()
            && one["bid_levels"] == naive.levels(index, Side::Bid).len()
            && one["ask_levels"] == naive.levels(index, Side::Ask).len()
    };
    let listed = report["instruments"].as_array().expect("instruments");
    assert!(listed.iter().any(|one| wanted(&one)), "{symbol}: {top:?} {listed:?}");
    let side = |side: Side| -> Vec<Value> {
        let level = |level: naive::NaiveLevel| {
            let (price, orders) = (to_text(level.price, -4), level.orders.len());
            json!({"price": price, "quantity": level.quantity().to_string(), "orders": orders})
        };
        naive.levels(index, side).into_iter().map(level).collect()
    };
    let ids = |side: Side| -> Vec<Value> {
        let levels = naive.levels(index, side);
        levels.iter().flat_map(|level| level.orders.iter().map(|o| json!(o.0))).collect()
    };
    let listed = books["instruments"].as_array().expect("instruments");
    let same = |one: &&Value| {
        let orders = |field: &str| -> Vec<Value> {
            let orders = one[field].as_array().cloned().unwrap_or_default();
            orders.iter().map(|order| order["id"].clone()).collect()
        };
        one["symbol"] == symbol.as_str()
            && one["bids"] == Value::from(side(Side::Bid))
            && one["asks"] == Value::from(side(Side::Ask))
            && orders("bid_orders") == ids(Side::Bid)
            && orders("ask_orders") == ids(Side::Ask)
    };
    assert!(listed.iter().any(|one| same(&one)), "{symbol}: {listed:?}");
}
