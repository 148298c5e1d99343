//! Records out of rings, and following.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use tools::shm_dump::{Args, run_to};
use wire::payload::Session;
use wire::{Class, Record};

use crate::producer::{Producer, RING, T0, TAIL, create, header, lane, root};
use crate::tool::{has_line, json_lines, run, text};

/// What `record(step)` must look like in JSON, by hand.
fn expected(step: u64, position: u64) -> Value {
    let odd = step % 2 == 1;
    let fields = if odd {
        let ticks = 1_500_000 + step;
        let price = format!("{}.{:04}", ticks / 10_000, ticks % 10_000);
        let price = price.trim_end_matches('0').trim_end_matches('.');
        json!({ "order_id": step, "price": price, "quantity": "300", "priority": "GSCO" })
    } else {
        json!({
            "price": "300.12", "quantity": "7", "trade_id": step, "aggressor": "unknown",
            "flags": 0, "condition": 0, "matches": 0,
        })
    };
    json!({
        "position": position,
        "sequence": step,
        "kind": if odd { "order_add" } else { "trade" },
        "instrument": if odd { 0x0100_0001 } else { 0x0100_0002 },
        "symbol": if odd { "AAPL" } else { "MSFT" },
        "state": "live",
        "nature": "simulated",
        "side": if odd { "ask" } else { "bid" },
        "end_of_event": false,
        "snapshot": false,
        "line": 1,
        "path": "live",
        "stamp": "poll",
        "ts_venue": T0 + step,
        "ts_receive": T0 + 1_000 + step,
        "fields": fields,
    })
}

#[test]
fn the_last_records_of_a_tail_are_those_that_were_written() {
    let mut producer = Producer::start();
    producer.steps(1_000);
    let found = json_lines(&producer.root, "main --records 30");
    let wanted: Vec<Value> = (971..=1_000).map(|step| expected(step, step - 1)).collect();
    assert_eq!(found, wanted);
    // Half a ring is what a tail keeps for late comers.
    let found = json_lines(&producer.root, "main --records 5000 --tail");
    assert_eq!(found.len(), TAIL / 2);
    assert_eq!(found.last(), wanted.last());
    let text = text(&producer.root, "main --records 2");
    assert!(has_line(&text, &["999", "order_add", "AAPL", "ask", "price=150.0999"]), "{text}");
    assert!(has_line(&text, &["1000", "trade", "MSFT", "quantity=7", "2023-11-14T22:13:20"]));
    assert!(text.contains("2 records, 0 missed"), "{text}");
}

#[test]
fn the_last_records_of_a_seat_are_what_its_consumer_was_given() {
    let mut producer = Producer::start();
    let (held, mut consumer) = producer.attach();
    producer.steps(40);
    let start = consumer.position();
    let found = json_lines(&producer.root, "main --records 40 --seat 1");
    let wanted: Vec<Value> = (1..=40).map(|step| expected(step, start + step - 1)).collect();
    assert_eq!(found, wanted);
    let given: Vec<u64> = std::iter::from_fn(|| consumer.next()).map(|words| words[1]).collect();
    assert_eq!(given, (1..=40).collect::<Vec<u64>>(), "the consumer got them all the same");
    let all = json_lines(&producer.root, "main --records 1000 --seat 1");
    assert!(all.len() < RING && all.last() == wanted.last(), "{}", all.len());
    drop((consumer, held));
}

#[test]
fn records_of_no_instrument_are_the_venues() {
    let mut producer = Producer::start();
    let session = Session { id: *b"SIM0000001      ", event: 1, ..Session::default() };
    producer.publish(Class::Stream, Record::new(header(0, 1), session));
    let unknown = Record { kind: 200, ..Record::new(header(7, 2), session) };
    producer.publish(Class::Stream, unknown);
    producer.poll();
    let found = json_lines(&producer.root, "main --records 2");
    assert_eq!((&found[0]["symbol"], &found[0]["kind"]), (&json!("nasdaq"), &json!("session")));
    assert_eq!(found[0]["fields"]["id"], "SIM0000001");
    assert_eq!(found[0]["fields"]["event"], "start");
    assert_eq!((&found[1]["symbol"], &found[1]["kind"]), (&json!("#1.7"), &json!("kind 200")));
    assert_eq!(found[1]["fields"], json!({}), "what is not known is not guessed");
}

#[test]
fn an_ambiguous_source_is_asked_for() {
    let dir = root();
    let mut second = lane("binance_spot");
    second.tail_capacity = 0;
    let _instance = create(dir.path(), "two", vec![lane("nasdaq"), second]);
    let found = run(dir.path(), "two --records 5");
    assert!(found.code == 1 && found.err.contains("nasdaq, binance_spot"), "{found:?}");
    assert_eq!(text(dir.path(), "two --records 5 --producer nasdaq").lines().count(), 2);
    let found = run(dir.path(), "two --records 5 --producer binance_spot");
    assert!(found.code == 1 && found.err.contains("no seat in use"), "{found:?}");
    let found = run(dir.path(), "two --records 5 --producer binance_spot --tail");
    assert!(found.code == 1 && found.err.contains("overwriting ring"), "{found:?}");
    assert_eq!(
        text(dir.path(), "two --records 5 --producer binance_spot --seat 0").lines().count(),
        2
    );
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("a lock").clone()).expect("utf-8")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Follows `line`, publishes `bursts` of so many steps, ends the producer, and returns the output.
fn follow(line: &str, bursts: &[u64]) -> Vec<Value> {
    let mut producer = Producer::start();
    producer.steps(10);
    let mut args = Args::try_parse_from(line.split(' ')).expect("usage");
    args.root = Some(producer.root.clone());
    let shared = Shared::default();
    let out = shared.clone();
    let follower = std::thread::spawn(move || run_to(&args, out, &mut Vec::new(), false));
    wait_until("the follower never began", || shared.text().contains("\"position\":9"));
    for &burst in bursts {
        producer.steps(burst);
        let last = format!("\"sequence\":{},", producer.step);
        wait_until("the follower fell asleep", || shared.text().contains(&last));
    }
    drop(producer);
    assert_eq!(follower.join().expect("no panic"), 0);
    shared.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn following_shows_everything_and_ends_with_its_producer() {
    let found = follow("x main --records 3 --follow --tail --json", &[1, 20, 100]);
    let (end, shown) = found.split_last().expect("an end");
    assert_eq!(end["end"]["records"], 124);
    assert_eq!((&end["end"]["missed"], &end["end"]["state"]), (&json!(0), &json!("closed")));
    let wanted: Vec<Value> = (8..=131).map(|step| expected(step, step - 1)).collect();
    assert_eq!(shown, wanted);
}

#[test]
fn a_follower_that_is_overtaken_counts_exactly_what_it_missed() {
    // Each burst is many laps, written faster than anybody prints: something is missed.
    let found = follow("x main --records 1 --follow --tail --json", &[50_000]);
    let (end, shown) = found.split_last().expect("an end");
    let sum = |pick: fn(&Value) -> u64| shown.iter().map(pick).sum::<u64>();
    let records = sum(|line| u64::from(!line["sequence"].is_null()));
    let missed = sum(|line| line["missed"].as_u64().unwrap_or(0));
    assert_eq!((&end["end"]["records"], &end["end"]["missed"]), (&json!(records), &json!(missed)));
    // One came before the burst.
    assert_eq!(records + missed, 50_001);
    let mut position = 9;
    for line in shown {
        match line["missed"].as_u64() {
            Some(missed) => position += missed,
            None => {
                assert_eq!(*line, expected(position + 1, position));
                position += 1;
            }
        }
    }
}
