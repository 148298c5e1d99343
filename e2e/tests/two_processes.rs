//! A lane in one process, consumers in others: the same records, the same books, whoever is slow.

mod common;

use std::path::Path;

use common::{books, consumer, handler, public, records, result, session, tops};
use serde_json::Value;
use wire::{Class, Record};

#[test]
fn a_wait_seat_has_the_lane_record_for_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = session(200_000);
    let instance = e2e::instance_name("wait");
    let (theirs, ours) = (folder.path().join("consumer.rec"), folder.path().join("lane.rec"));
    let path = theirs.to_str().expect("utf-8");
    let arguments = ["--classes", "all", "--policy", "wait", "--records", path];
    let consumer = consumer(&instance, &arguments);
    let lane_path = ours.to_str().expect("utf-8");
    let handler = handler(&instance, &["--seats", "1", "--records", lane_path], &file);
    let (theirs_report, ours_report) = (result(consumer), result(handler));
    assert_eq!(books(&theirs_report), books(&ours_report));
    assert_eq!(theirs_report["lost"], serde_json::json!([]));
    assert_eq!(theirs_report["inconsistencies"], 0);
    let (a, b) = (public(records(&theirs), 0xff), public(records(&ours), 0xff));
    assert!(a.len() > 200_000);
    if let Some((i, j)) = wire::record::first_difference(&a, &b) {
        let show = |all: &[Record], at: usize| {
            all.get(at).map_or("end".into(), |record| wire::text::line(record, "", None))
        };
        panic!("consumer[{i}] {}\nlane[{j}] {}", show(&a, i), show(&b, j));
    }
}

#[test]
fn the_recording_too_where_there_is_one() {
    let Some(file) = e2e::aapl("the_recording_too_where_there_is_one") else { return };
    let instance = e2e::instance_name("aapl");
    let consumer = consumer(&instance, &["--classes", "levels,trades", "--policy", "wait"]);
    let handler = handler(&instance, &["--seats", "1"], &file);
    let (theirs, ours) = (result(consumer), result(handler));
    assert_eq!(books(&theirs), books(&ours));
    assert_eq!(theirs["records"]["trade"], 849 + 240);
}

/// Orders of one side as (reference, quantity), best price first, each level in its queue's order.
fn queue(levels: &Value) -> Vec<(u64, i64, i64)> {
    let mut all = Vec::new();
    for level in levels.as_array().expect("levels") {
        let price = level["price"].as_i64().expect("a price");
        for order in level["orders"].as_array().expect("orders") {
            let number = |at: usize| order[at].as_i64().expect("a number");
            all.push((number(0) as u64, price, number(1)));
        }
    }
    all
}

#[test]
fn another_process_has_the_matching_engines_books_to_each_place_of_each_queue() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let made = e2e::command("venue-sim")
        .args(["generate", "--seed", "9", "--instruments", "30", "--messages", "150000", "--out"])
        .arg(path("SIM_2026-01-30.itch"))
        .arg("--oracle")
        .arg(path("SIM_oracle.json"))
        .output()
        .expect("venue-sim runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let instance = e2e::instance_name("oracle");
    let books = path("books.json");
    let text = books.to_str().expect("utf-8");
    let asks = ["--classes", "orders", "--policy", "wait", "--books", text];
    let consumer = consumer(&instance, &asks);
    let report = result(handler(&instance, &["--seats", "1"], &path("SIM_2026-01-30.itch")));
    result(consumer);
    assert_eq!((&report["unknown_references"], &report["gaps"]), (&0.into(), &0.into()));

    let read = |file: &Path| -> Value {
        serde_json::from_slice(&std::fs::read(file).expect("written")).expect("JSON")
    };
    let (truth, ours) = (read(&path("SIM_oracle.json")), read(&books));
    let ours = ours["instruments"].as_array().expect("a list");
    let truth = truth["books"].as_array().expect("a list");
    let mut orders = 0;
    for book in truth {
        let symbol = &book["symbol"];
        let mine = ours.iter().find(|one| &one["symbol"] == symbol);
        for side in ["bid", "ask"] {
            let wanted = queue(&book[format!("{side}s")]);
            let list = mine.map_or(&Value::Null, |mine| &mine[format!("{side}_orders")]);
            let found: Vec<_> = list
                .as_array()
                .into_iter()
                .flatten()
                .map(|o| {
                    let number = |field: &str| o[field].as_i64().expect("a number");
                    (number("id") as u64, number("price"), number("quantity"))
                })
                .collect();
            assert_eq!(found, wanted, "{symbol} {side}");
            orders += wanted.len();
        }
    }
    assert!(orders > 1_000, "the engine's books are not empty: {orders}");
}

#[test]
fn who_joins_in_the_middle_ends_with_the_same_books() {
    let file = session(200_000);
    let instance = e2e::instance_name("join");
    // Sixteen hours of the session in some four seconds: the join comes in the middle.
    let handler = handler(&instance, &["--speed", "14400x", "--linger=2"], &file);
    let arguments = ["--classes", "orders", "--join-after-ms", "1500"];
    let consumer = consumer(&instance, &arguments);
    let (theirs, ours) = (result(consumer), result(handler));
    assert_eq!(books(&theirs), books(&ours));
    let begun = theirs["records"]["book_begin"].as_u64().expect("refreshes");
    assert!(begun >= 20, "books came by refresh: {begun}");
    assert_eq!(theirs["inconsistencies"], 0);
}

#[test]
fn who_was_stopped_learns_what_it_lost_and_catches_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = session(1_000_000);
    let instance = e2e::instance_name("stopped");
    let lane = folder.path().join("lane.rec");
    let received = folder.path().join("consumer.rec");
    let lane_path = lane.to_str().expect("utf-8");
    let handler = handler(
        &instance,
        &["--seats", "1", "--ring", "8192", "--linger=8", "--records", lane_path],
        &file,
    );
    let path = received.to_str().expect("utf-8");
    let pause = ["--pause-at", "50000", "--pause-ms", "5000", "--records", path];
    let consumer = consumer(&instance, &[&["--classes", "orders,trades"][..], &pause].concat());
    let (theirs, ours) = (result(consumer), result(handler));
    assert_eq!(books(&theirs), books(&ours));
    let lost = theirs["lost"].as_array().expect("a list");
    assert!(!lost.is_empty(), "a ring of 8,192 does not hold five seconds");

    // What the lane published = what came + what was declared lost, but for book records of a
    // book that waits for its refresh: these come with it.
    let classes = Class::Orders.bit() | Class::Trades.bit();
    let published = public(records(&lane), classes).len() as u64;
    let came = public(records(&received), classes).len() as u64;
    let declared: u64 = lost.iter().filter_map(|one| one["records"].as_u64()).sum();
    let withheld = published.checked_sub(came + declared).expect("nothing came twice");
    // Within the first range that was declared, everything published is counted, and none of it
    // came. Later ranges leave out books that were still waiting for their refresh.
    let steps = |one: &Value| {
        let step = |field: &str| one[field].as_u64().expect("a step");
        step("first_step")..=step("last_step")
    };
    let all = public(records(&lane), classes);
    let got = public(records(&received), classes);
    for (at, one) in lost.iter().enumerate() {
        let within = |records: &[Record]| {
            records.iter().filter(|record| steps(one).contains(&record.sequence)).count() as u64
        };
        let declared = one["records"].as_u64().expect("a count");
        assert_eq!(within(&got), 0, "{one}");
        assert!(if at == 0 { within(&all) == declared } else { within(&all) >= declared }, "{one}");
    }
    let trades = |path: &Path| {
        let class = |r: &&Record| r.kind().is_some_and(|k| k.class() == Class::Trades);
        public(records(path), Class::Trades.bit()).iter().filter(class).count() as u64
    };
    let lost_trades: u64 = lost.iter().filter_map(|one| one["trades"].as_u64()).sum();
    assert_eq!(trades(&lane), trades(&received) + lost_trades, "trades are never withheld");
    println!("published {published}, came {came}, lost {declared}, refreshed {withheld}");
}

#[test]
fn a_conflating_seat_ends_with_the_same_best_prices() {
    let file = session(1_000_000);
    let instance = e2e::instance_name("conflate");
    let handler = handler(&instance, &["--seats", "1", "--ring", "8192", "--linger=4"], &file);
    let pause = ["--pause-at", "20000", "--pause-ms", "2000"];
    let asks = ["--classes", "top,trades", "--policy", "conflate"];
    let consumer = consumer(&instance, &[&asks[..], &pause].concat());
    let (theirs, ours) = (result(consumer), result(handler));
    assert_eq!(tops(&theirs), tops(&ours));
}

#[test]
fn a_seat_that_may_be_detached_is_told_so() {
    let file = session(1_000_000);
    let instance = e2e::instance_name("detach");
    let _handler = handler(&instance, &["--seats", "1", "--ring", "8192", "--linger=4"], &file);
    let pause = ["--pause-at", "20000", "--pause-ms", "2000"];
    let asks = ["--classes", "orders", "--policy", "detach"];
    let mut consumer = consumer(&instance, &[&asks[..], &pause].concat());
    let status = consumer.0.wait().expect("it ends");
    assert_eq!(status.code(), Some(1));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut consumer.0.stderr.take().expect("piped"), &mut said)
        .expect("utf-8");
    assert!(said.contains("closed or refused"), "{said}");
}

#[test]
fn a_stopped_consumer_does_not_slow_the_lane() {
    let file = session(1_000_000);
    let rate = |stopped: bool| {
        let instance = e2e::instance_name("rate");
        let consumer = stopped.then(|| {
            let asks = ["--classes", "orders,trades", "--pause-at", "1", "--pause-ms", "600000"];
            consumer(&instance, &asks)
        });
        let seats = if stopped { "1" } else { "0" };
        let report = result(handler(&instance, &["--seats", seats], &file));
        drop(consumer);
        report["rate"].as_f64().expect("a rate")
    };
    // Interleaved, and the best of each: the host is busy.
    let mut best = [0f64; 2];
    for _ in 0..4 {
        for (at, stopped) in [(0, false), (1, true)] {
            best[at] = best[at].max(rate(stopped));
        }
    }
    let ratio = best[1] / best[0];
    println!("lane with a stopped consumer: {ratio:.2} of the rate without one");
    assert!(ratio > 0.6, "{ratio:.2}");
}
