//! Every table against what was written into it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::producer::{INSTANCE, LANE, Producer, RING, T0, TAIL};
use crate::tool::{has_line, json, program, run, text};

/// The only producer in a report.
fn lane(report: &Value) -> &Value {
    assert_eq!(report["producers"].as_array().map(Vec::len), Some(1), "{report}");
    &report["producers"][0]
}

#[test]
fn the_list_says_what_there_is() {
    let producer = Producer::start();
    let list = json(&producer.root, "");
    let found = &list["instances"][0];
    assert_eq!(found["name"], INSTANCE);
    assert_eq!(found["state"], "alive");
    assert_eq!(found["pid"], std::process::id());
    assert_eq!(found["generation"], producer.instance.generation());
    assert_eq!(found["producers"], json!([LANE]));
    assert_eq!((&found["seats"], &found["seats_used"]), (&json!(2), &json!(0)));
    let bytes: u64 = contents(&producer.root).values().map(|file| file.len() as u64).sum();
    assert_eq!(found["bytes"], bytes);
    let text = text(&producer.root, "");
    assert!(has_line(&text, &[INSTANCE, "alive", LANE, "0/2"]), "{text}");
}

#[test]
fn a_seat_shows_its_consumer_and_how_far_it_is_behind() {
    let mut producer = Producer::start();
    let (held, consumer) = producer.attach();
    producer.steps(10);
    let report = json(&producer.root, "main --seats");
    let seats = &lane(&report)["seats"];
    let (idle, used) = (&seats[0], &seats[1]);
    assert_eq!((&idle["state"], &idle["claim_pid"]), (&json!("inactive"), &json!(0)));
    assert_eq!(used["state"], "active");
    assert_eq!(used["policy"], "lose");
    assert_eq!(used["capacity"], RING);
    assert_eq!(used["claim_pid"], std::process::id());
    assert_eq!(used["consumer_lives"], true);
    let counts = producer.fanout.counters(1);
    let names = shm::seat::Counter::ALL;
    for (counter, count) in names.iter().zip(counts) {
        assert_eq!(used["counters"][counter.name()], count, "{}", counter.name());
    }
    assert_eq!(used["counters"]["delivered"], 10);
    assert!(used["classes"].as_str().is_some_and(|c| c.contains("orders,levels,top,trades")));
    let text = text(&producer.root, "main --seats");
    let pid = std::process::id().to_string();
    assert!(has_line(&text, &["1  active", &pid, "lose", "orders"]), "{text}");
    drop((consumer, held));
}

#[test]
fn losses_are_shown() {
    let mut producer = Producer::start();
    let (held, consumer) = producer.attach();
    producer.steps(3 * RING as u64);
    let report = json(&producer.root, "main --seats");
    let seat = &lane(&report)["seats"][1];
    assert_eq!(seat["state"], "silent");
    let lost = seat["counters"]["lost"].as_u64().expect("a number");
    let delivered = seat["counters"]["delivered"].as_u64().expect("a number");
    // A book that lost an order is not wanted until its refresh, so not all steps count.
    assert_eq!(lost + delivered, producer.wanted);
    assert_eq!(delivered, RING as u64);
    assert_eq!(
        lane(&report)["tail"],
        json!({ "capacity": TAIL, "slot_lines": 1, "position": 192 })
    );
    drop((consumer, held));
}

#[test]
fn counters_and_histograms_are_those_that_were_counted() {
    let producer = Producer::start();
    let report = json(&producer.root, "main --counters");
    let counters = &lane(&report)["counters"];
    assert_eq!(counters["labels"], 4);
    let value = |name: &str| {
        let found = counters["counters"].as_array().expect("a list");
        found.iter().find(|c| c["name"] == name).expect("a counter")["value"].clone()
    };
    assert_eq!(
        (value("packets"), value("bytes"), value("idle")),
        (5.into(), 4321.into(), 0.into())
    );
    let histogram = &counters["histograms"][0];
    assert_eq!((&histogram["name"], &histogram["unit"]), (&json!("receive_publish"), &json!("ns")));
    // Values 1 to 100 have a bucket each, so the quantiles are exact.
    for (key, exact) in [("count", 100), ("min", 1), ("p50", 50), ("p99", 99), ("max", 100)] {
        assert_eq!(histogram[key], exact, "{key}");
    }
    assert_eq!(histogram["mean"], 50.5);
    let text = text(&producer.root, "main --counters");
    assert!(has_line(&text, &["bytes", "4321", "B"]), "{text}");
    assert!(has_line(&text, &["receive_publish", "50 ns", "99 ns", "100 ns"]), "{text}");
}

#[test]
fn gaps_and_errors_are_those_that_were_declared() {
    let producer = Producer::start();
    let report = json(&producer.root, "main --gaps --errors");
    let gaps = &lane(&report)["gaps"];
    for (key, count) in [("declared", 2), ("healed", 1), ("abandoned", 0), ("overwritten", 0)] {
        assert_eq!(gaps[key], count, "{key}");
    }
    let row = &gaps["rows"][0];
    assert_eq!((&row["state"], &row["how"]), (&json!("healed"), &json!("retransmission")));
    assert_eq!((&row["first"], &row["end"]), (&json!(100), &json!(110)));
    assert_eq!((&row["session"], &row["lines"]), (&json!("SIM0000001"), &json!("AB")));
    assert_eq!(gaps["rows"][1]["state"], "open");
    let errors = &lane(&report)["errors"];
    assert_eq!(errors["distinct"], 2);
    let first = &errors["rows"][0];
    assert_eq!((&first["text"], &first["count"]), (&json!("mold_residue"), &json!(3)));
    assert_eq!((&first["first_ns"], &first["last_ns"]), (&json!(T0), &json!(T0 + 2)));
    let text = text(&producer.root, "main --gaps --errors");
    assert!(text.contains("2 declared, 1 healed, 0 abandoned, 1 open"), "{text}");
    assert!(has_line(&text, &["healed", "retransmission", "SIM0000001", "2.0 ms"]), "{text}");
    assert!(has_line(&text, &["9", "itch_unknown_type", "1"]), "{text}");
}

#[test]
fn instruments_and_images_have_names_and_decimals() {
    let producer = Producer::start();
    let report = json(&producer.root, "main --instruments --images");
    let instruments = &lane(&report)["instruments"];
    assert_eq!((&instruments["count"], &instruments["decoded"]), (&json!(3), &json!(true)));
    let row = &instruments["rows"][2];
    assert_eq!((&row["symbol"], &row["index"]), (&json!("MSFT"), &json!(2)));
    assert_eq!((&row["tick"], &row["lot"]), (&json!("0.01"), &json!("100")));
    assert_eq!((&row["class"], &row["venue"]), (&json!("equity"), &json!("nasdaq")));
    assert_eq!(row["strike"], Value::Null);
    let images = &lane(&report)["images"];
    assert_eq!((&images["written"], &images["states"]["live"]), (&json!(1), &json!(1)));
    assert_eq!(images["rows"][0]["bids"].as_array().map(Vec::len), Some(1));
}

fn level(price: &str, quantity: &str, orders: Value) -> Value {
    json!({ "price": price, "quantity": quantity, "orders": orders })
}

#[test]
fn a_book_is_shown_whole() {
    let producer = Producer::start();
    let report = json(&producer.root, "main --images AAPL");
    let book = &lane(&report)["images"]["rows"][0];
    let bids = [level("149.99", "200", 2.into()), level("149.98", "500", Value::Null)];
    assert_eq!(book["bids"], Value::from(bids.to_vec()));
    assert_eq!(book["asks"], json!([level("150.01", "100", 1.into())]));
    assert_eq!((&book["state"], &book["nature"]), (&json!("live"), &json!("simulated")));
    assert_eq!((&book["trading"], &book["sequence"]), (&json!("trading"), &json!(42)));
    assert_eq!((&book["trade_price"], &book["volume"]), (&json!("149.99"), &json!("31")));
    let text = text(&producer.root, "main --images AAPL");
    assert!(has_line(&text, &["2", "200", "149.99", "150.01", "100", "1"]), "{text}");
    let missing = run(&producer.root, "main --images TSLA");
    assert!(missing.code == 1 && missing.err.contains("TSLA"), "{missing:?}");
}

#[test]
fn clock_and_layout_are_the_instances_own() {
    let producer = Producer::start();
    let report = json(&producer.root, "main --clock --layout");
    let clock = &report["clock"];
    assert_eq!((&clock["published"], &clock["utc_base_ns"]), (&json!(true), &json!(T0)));
    assert_eq!((&clock["error_ns"], &clock["drift_ppb"]), (&json!(250), &json!(30)));
    let frequency = clock["ticks_per_s"].as_f64().expect("a number");
    assert!((frequency - 2.5e9).abs() < 1.0, "{frequency}");
    let layout = &report["layout"];
    assert_eq!(layout["ours"], true);
    assert_eq!(layout["hash"], format!("{:#018x}", wire::table::LAYOUT_HASH));
    let rows = layout["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), wire::table::layout_rows().len());
    let price = rows.iter().find(|r| r["kind_name"] == "order_add" && r["field"] == "price");
    let price = price.expect("orders have prices");
    assert_eq!(
        (&price["offset"], &price["size"], &price["type"]),
        (&json!(40), &json!(8), &json!("signed"))
    );
    // Six tables and two files a seat.
    assert_eq!(layout["files"].as_array().map(Vec::len), Some(10));
}

#[test]
fn without_a_section_everything_is_there_in_short() {
    let producer = Producer::start();
    let report = json(&producer.root, "main");
    assert_eq!(report["problems"], json!([]));
    for section in ["seats", "counters", "gaps", "errors", "instruments", "images"] {
        assert!(!lane(&report)[section].is_null(), "{section}");
    }
    assert!(!report["clock"].is_null() && !report["layout"].is_null());
    let text = text(&producer.root, "main");
    for title in ["clock", "layout", "producer nasdaq: alive", "seats", "gaps", "images"] {
        assert!(text.contains(title), "{title}: {text}");
    }
    // Counters that are 0 are left out in short.
    assert!(text.contains("packets") && !text.contains("idle"), "{text}");
}

#[test]
fn what_does_not_exist_is_named() {
    let producer = Producer::start();
    let none = run(&producer.root, "other");
    assert_eq!(none.code, 3);
    assert!(none.err.contains("\"other\"") && none.err.contains("is main"), "{}", none.err);
    let none = run(&producer.root, "other --json");
    let error: Value = serde_json::from_str(&none.out).expect("JSON");
    assert_eq!((none.code, &error["error"]["kind"]), (3, &json!("no_such_instance")));
    let none = run(&producer.root, "main --producer cme");
    assert!(none.code == 1 && none.err.contains("nasdaq"), "{none:?}");
    let none = run(&producer.root, "main --records 5 --seat 2");
    assert!(none.code == 1 && none.err.contains("seat 2"), "{none:?}");
}

/// All files below a directory with their bytes.
pub fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![root.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).expect("list") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(path).expect("read"));
            }
        }
    }
    found
}

#[test]
fn looking_changes_nothing() {
    let mut producer = Producer::start();
    let (held, consumer) = producer.attach();
    producer.steps(20);
    let before = contents(&producer.root);
    let counted = [0, 1].map(|seat| producer.fanout.counters(seat));
    for line in [
        "",
        "main",
        "main --seats --counters --gaps --errors",
        "main --instruments --images",
        "main --images AAPL",
        "main --clock --layout",
        "main --records 100 --seat 0",
        "main --records 100 --seat 1",
        "main --records 1000 --tail",
    ] {
        text(&producer.root, line);
        json_or_lines(&producer.root, line);
    }
    assert!(contents(&producer.root) == before, "a file changed");
    producer.poll();
    let after = [0, 1].map(|seat| producer.fanout.counters(seat));
    // The age of the oldest unread record grows by itself.
    let age = shm::seat::Counter::LagNs.index();
    for (mut before, mut after) in counted.into_iter().zip(after) {
        (before[age], after[age]) = (0, 0);
        assert_eq!(before, after);
    }
    drop((consumer, held));
}

fn json_or_lines(root: &Path, line: &str) {
    let out = text(root, &format!("{line} --json"));
    let documents = serde_json::Deserializer::from_str(&out).into_iter::<Value>();
    documents.for_each(|document| drop(document.expect("JSON")));
}

#[test]
fn the_program_keeps_its_exit_codes() {
    let producer = Producer::start();
    let code = |args: &[&str]| {
        let output = program().env("HOTLANE_SHM", &producer.root).args(args).output();
        output.expect("the built program").status.code()
    };
    assert_eq!(code(&[]), Some(0));
    assert_eq!(code(&["main"]), Some(0));
    assert_eq!(code(&["main", "--nonsense"]), Some(2));
    assert_eq!(code(&["--seats"]), Some(2));
    assert_eq!(code(&["nobody"]), Some(3));
    assert_eq!(code(&["main", "--images", "TSLA"]), Some(1));
    let help = program().arg("--help").output().expect("the built program");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("Examples:") && help.contains("HOTLANE_SHM"), "{help}");
    let piped = program().env("HOTLANE_SHM", &producer.root).output().expect("output");
    assert!(!piped.stdout.contains(&0x1b), "colours in a pipe");
}
