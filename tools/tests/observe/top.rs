//! What `hotlane-top` shows, and what it finds wrong.

use std::time::Duration;

use serde_json::Value;
use shm::claim::Claim;
use shm::counters::{CounterSpec, CounterTable};
use shm::region::utc_ns;
use shm::seat::{Attach, Consumer, Filter};
use wire::payload::Trade;
use wire::{Class, LAYOUT_VERSION, Nature, Record, StampBy, table::LAYOUT_HASH};

use super::handler::{Handler, INSTANCE, LANE, NoBooks, RING, header, replace, root, table};
use super::tool::{Run, named, top};

/// Two lines as they should be.
fn healthy(handler: &Handler) {
    let mut counts = handler.counters(LANE);
    let now = utc_ns();
    for (line, won, copied) in [(1, 750, 250), (2, 250, 750)] {
        let mut set = |name: &str, to| counts.set(&format!("line{line}.{name}"), to);
        set("up", 1);
        set("packets", 1_000);
        set("won", won);
        set("copied", copied);
        set("last_receive_ns", now);
    }
    (1..=100).for_each(|ns| counts.record("line2.skew", ns * 10));
    handler.nature(LANE, Nature::Live);
    handler.beat();
}

fn kinds(json: &Value) -> Vec<&str> {
    let problems = json["problems"].as_array().expect("a list");
    problems.iter().map(|problem| problem["kind"].as_str().expect("a kind")).collect()
}

fn lane(json: &Value) -> &Value {
    named(&named(&json["instances"], INSTANCE)["lanes"], LANE)
}

/// Looks over an interval in the middle of which something happens.
fn meanwhile(handler: &Handler, line: &str, then: impl FnOnce()) -> Run {
    let root = handler.root.clone();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| top(&root, line));
        std::thread::sleep(Duration::from_millis(250));
        then();
        run.join().expect("a run")
    })
}

#[test]
fn all_well_is_exit_code_nought_and_says_so() {
    let handler = Handler::start();
    healthy(&handler);
    let run = top(&handler.root, "--instant");
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.starts_with("no problems\n"), "{}", run.out);
    let json = top(&handler.root, "--instant --json").json();
    let lines = lane(&json)["lines"].as_array().expect("lines");
    let names: Vec<_> = lines.iter().map(|line| (&line["line"], &line["state"])).collect();
    assert_eq!(names, [(&"A".into(), &"up".into()), (&"B".into(), &"up".into())]);
    assert_eq!((&lines[0]["won_share"], &lines[1]["won_share"]), (&0.75.into(), &0.25.into()));
    assert_eq!(lines[1]["skew"]["count"], 100);
    // Of 10 to 1,000 in tens: half are at most 500, and a bucket is at most 1/32 wide.
    assert!(lines[1]["skew"]["p50"].as_u64().is_some_and(|ns| (500..=516).contains(&ns)));
    assert!(lines[0]["last_packet_age_ns"].as_u64().is_some_and(|ns| ns < 20_000_000_000));
    assert_eq!(lane(&json)["packets"]["per_s"], Value::Null);
}

#[test]
fn rates_are_growth_over_the_interval() {
    let handler = Handler::start();
    healthy(&handler);
    let mut counts = handler.counters(LANE);
    for name in ["packets", "messages", "trade", "top", "polls", "polls_found"] {
        counts.set(name, 1_000_000);
    }
    (0..7).for_each(|_| counts.record("receive_publish", 64_000));
    let run = meanwhile(&handler, "--once --interval 0.5 --json", || {
        counts.set("packets", 1_000_500);
        counts.set("messages", 1_002_000);
        counts.set("trade", 1_000_100);
        counts.set("top", 1_000_300);
        counts.set("polls", 1_001_000);
        counts.set("polls_found", 1_000_250);
        (0..3).for_each(|_| counts.record("receive_publish", 40));
        handler.beat();
    });
    let json = run.json();
    let seconds = json["interval_ns"].as_u64().expect("an interval") as f64 / 1e9;
    assert!(seconds >= 0.5, "{seconds}");
    let lane = lane(&json);
    let grown = |name: &str| lane[name]["per_s"].as_f64().expect(name) * seconds;
    for (name, wanted) in [("packets", 500.0), ("messages", 2_000.0), ("polls", 1_000.0)] {
        assert!((grown(name) - wanted).abs() < 0.5, "{name}: {} of {wanted}", grown(name));
    }
    // Records are all that are counted as such, of whatever kind.
    assert!((grown("records") - 400.0).abs() < 0.5, "{lane}");
    assert_eq!(lane["records"]["total"], 2_000_400);
    assert_eq!(lane["polls_found"], 0.25);
    assert_eq!(lane["receive_publish"]["count"], 3);
    assert_eq!(lane["receive_publish"]["max"], 40);
    assert_eq!(lane["receive_publish_total"]["count"], 10);
}

#[test]
fn a_line_that_is_down_comes_first_with_how_long() {
    let handler = Handler::start();
    healthy(&handler);
    let mut counts = handler.counters(LANE);
    counts.set("line2.up", 0);
    counts.set("line2.downs", 1);
    // The handler began long ago only in its own stamps: no earlier than the instance was made.
    counts.set("line2.last_receive_ns", utc_ns());
    std::thread::sleep(Duration::from_millis(1_100));
    counts.set("line1.last_receive_ns", utc_ns());
    handler.beat();
    let run = top(&handler.root, "--instant");
    assert_eq!(run.code, 3, "{}", run.out);
    assert!(run.out.starts_with("1 problem: line B of nasdaq down for 1."), "{}", run.out);
    counts.set("line1.up", 0);
    counts.set("line1.packets", 0);
    let json = top(&handler.root, "--instant --json").json();
    assert_eq!(kinds(&json), ["line_silent", "line_down"]);
}

#[test]
fn open_gaps_are_named_with_what_is_missing() {
    let handler = Handler::start();
    healthy(&handler);
    handler.gap(LANE, 17, utc_ns());
    let run = top(&handler.root, "--instant");
    assert_eq!(run.code, 3);
    let first = run.out.lines().next().expect("a line");
    assert!(first.starts_with("1 problem: gap 17 of nasdaq open for "), "{first}");
    assert!(first.ends_with("100 to 109 missing"), "{first}");
    let json = top(&handler.root, "--instant --json").json();
    let gaps = &lane(&json)["gaps"];
    assert_eq!((&gaps["open"], &gaps["rows"][0]["lines"]), (&1.into(), &"AB".into()));
}

#[test]
fn a_gap_of_a_recording_is_not_open_for_years() {
    let handler = Handler::start();
    healthy(&handler);
    handler.nature(LANE, Nature::Recorded);
    handler.gap(LANE, 2, 1_500_000_000_000_000_000);
    handler.counters(LANE).set("line1.last_receive_ns", 1_500_000_000_000_000_000);
    let run = top(&handler.root, "--instant");
    assert!(
        run.out.starts_with("NOT LIVE: main.nasdaq is recorded\n1 problem: gap 2 "),
        "{}",
        run.out
    );
    assert!(run.out.contains("gap 2 of nasdaq open: 100 to 109"), "{}", run.out);
    let json = top(&handler.root, "--instant --json").json();
    assert_eq!(lane(&json)["lines"][0]["last_packet_age_ns"], Value::Null);
}

#[test]
fn divergence_and_kernel_drops_are_problems() {
    let handler = Handler::start();
    healthy(&handler);
    let mut counts = handler.counters(LANE);
    counts.set("line2.diverged", 2);
    counts.set("line1.kernel_drops", 5);
    // Drops of long ago are counted, and are no problem now.
    let json = top(&handler.root, "--instant --json").json();
    assert_eq!(kinds(&json), ["line_diverged"]);
    let run = meanwhile(&handler, "--once --interval 0.5 --json", || {
        counts.set("line1.kernel_drops", 55);
        handler.beat();
    });
    assert_eq!((run.code, kinds(&run.json())), (3, vec!["kernel_drops", "line_diverged"]));
}

#[test]
fn a_dead_producer_is_the_first_problem_and_its_lines_are_none() {
    let dir = root();
    let handler = Handler::under(dir.path(), INSTANCE, &[(LANE, table(2))]);
    healthy(&handler);
    handler.counters(LANE).set("line1.up", 0);
    // As a kill leaves it: the lock is gone, the files are there.
    let copy = root();
    let (from, to) = (handler.instance.dir(), copy.path());
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.expect("cp").success());
    let run = top(copy.path(), "--instant --json");
    let json = run.json();
    assert_eq!((run.code, kinds(&json)), (3, vec!["producer_dead"]), "{json}");
    let text = top(copy.path(), "--instant").out;
    assert!(text.contains("main is dead (pid ") && text.contains("hotlane clean"), "{text}");
}

#[test]
fn a_heart_that_stands_still_is_a_problem() {
    let handler = Handler::start();
    healthy(&handler);
    let run = top(&handler.root, "--once --interval 0.3 --json");
    assert_eq!((run.code, kinds(&run.json())), (3, vec!["lane_stalled"]), "{}", run.out);
    let run = meanwhile(&handler, "--once --interval 0.3 --json", || handler.beat());
    assert_eq!(run.code, 0, "{}", run.out);
}

#[test]
fn consumers_that_lose_are_named() {
    let handler = Handler::start();
    healthy(&handler);
    let mut fanout = handler.fanout(LANE);
    let expect = Some((LAYOUT_VERSION, LAYOUT_HASH));
    let view = shm::attach::attach_blocking(&handler.root, INSTANCE, expect, Duration::ZERO);
    let held = view.expect("alive").producer(LANE).expect("the lane").hold_seat(1).expect("free");
    let (ring, ctl) = (held.seat.ring.body().clone(), held.seat.control.body().clone());
    let claim = Claim::new(std::process::id(), 77).expect("a claim");
    let mut consumer =
        Consumer::claim(ring, ctl, RING, 8, Filter::all(0xff), claim).expect("claimed");
    fanout.end_poll(true, 1, &mut NoBooks);
    assert_eq!(consumer.poll_attach(), Attach::Active);
    for _ in 0..64 {
        fanout.end_poll(true, 1, &mut NoBooks);
    }
    let run = meanwhile(&handler, "--once --interval 0.5 --json", || {
        // Twice what the ring holds, and nobody reads.
        for step in 1..=2 * RING as u64 {
            let record = Record::new(header(step, StampBy::Poll, utc_ns()), Trade::default());
            let mask = fanout.interest(1, Class::Trades as u8);
            fanout.push(mask, Class::Trades as u8, 1, &record.to_words());
            fanout.end_step(step);
        }
        fanout.end_poll(true, utc_ns(), &mut NoBooks);
        fanout.sample();
        handler.beat();
    });
    let json = run.json();
    assert_eq!((run.code, kinds(&json)), (3, vec!["seat_silent", "seat_lost"]), "{json}");
    let seats = lane(&json)["seats"].as_array().expect("seats");
    assert_eq!(seats[1]["lost_now"], RING as u64);
    let name = std::fs::read_to_string("/proc/self/comm").expect("a name");
    assert_eq!(seats[1]["consumer"], name.trim_end());
    let text = top(&handler.root, "--instant").out;
    assert!(text.contains(&format!("{}, pid {}", name.trim_end(), std::process::id())), "{text}");
    assert_eq!(seats[0]["state"], "inactive");
}

#[test]
fn errors_show_what_is_new() {
    let handler = Handler::start();
    healthy(&handler);
    let run = meanwhile(&handler, "--once --interval 0.5 --json", || {
        handler.errors(LANE, "mold_residue", 3);
        handler.beat();
    });
    let json = run.json();
    let errors = &lane(&json)["errors"];
    let row = &errors["rows"][0];
    assert_eq!(
        (&row["text"], &row["count"], &row["new"]),
        (&"mold_residue".into(), &3.into(), &3.into())
    );
    assert_eq!((run.code, &errors["distinct"]), (0, &1.into()));
}

#[test]
fn an_older_producer_without_these_counters_is_shown_with_what_it_has() {
    let dir = root();
    let packets = CounterSpec { name: "packets".into(), unit: "1".into(), block: 0 };
    let old = CounterTable { counters: vec![packets], histograms: Vec::new() };
    let handler =
        Handler::under(dir.path(), INSTANCE, &[(LANE, old), ("empty", CounterTable::default())]);
    handler.counters(LANE).set("packets", 12);
    let run = top(&handler.root, "--instant --json");
    let json = run.json();
    assert_eq!((run.code, kinds(&json).len()), (0, 0), "{json}");
    let lane = lane(&json);
    assert_eq!((&lane["packets"]["total"], &lane["messages"]["total"]), (&12.into(), &Value::Null));
    assert_eq!(
        (&lane["lines"], &lane["receive_publish_total"]),
        (&Value::Array(vec![]), &Value::Null)
    );
    let text = top(&handler.root, "--instant").out;
    assert!(text.starts_with("NOT LIVE: main.nasdaq does not say what it is"), "{text}");
}

#[test]
fn damage_is_a_problem_and_the_rest_is_shown() {
    let dir = root();
    let good = Handler::under(dir.path(), "good", &[(LANE, table(1))]);
    good.counters(LANE).set("line1.up", 1);
    good.nature(LANE, Nature::Live);
    let bad = Handler::under(dir.path(), "bad", &[(LANE, table(1))]);
    let instance = bad.instance.dir().join("instance");
    replace(&instance, &[0xa5; 8192]);
    replace(&good.instance.dir().join("nasdaq/gaps"), b"");
    let run = top(dir.path(), "--instant --json");
    let json = run.json();
    assert_eq!((run.code, run.err.as_str()), (3, ""));
    let mut found = kinds(&json);
    found.sort_unstable();
    assert_eq!(found, ["producer_damaged", "unreadable", "unreadable"], "{json}");
    let lines = &named(&named(&json["instances"], "good")["lanes"], LANE)["lines"];
    assert_eq!(lines[0]["state"], "up");
}

#[test]
fn what_is_not_there_is_an_error_with_the_way_out() {
    let dir = root();
    let run = top(dir.path(), "--instant");
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("no instance under") && run.err.contains("--root"), "{}", run.err);
    let _handler = Handler::under(dir.path(), "other", &[(LANE, table(1))]);
    let run = top(dir.path(), "main --instant --json");
    assert_eq!((run.code, &run.json()["error"]["kind"]), (1, &"no_such_instance".into()));
    assert!(run.out.contains("is other"), "{}", run.out);
}
