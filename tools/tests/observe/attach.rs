//! `--attach`: records with receive times that the test chose.

use std::time::{Duration, Instant};

use wire::payload::Trade;
use wire::{Class, Record, StampBy};

use super::handler::{Handler, INSTANCE, LANE, NoBooks, header, root, table};
use super::tool::{Run, latency, named};

/// By how long ago each taker of a stamp says that a record was received, ns.
const AGES: [(StampBy, u64); 4] = [
    (StampBy::Poll, 1_000_000),
    (StampBy::Kernel, 30_000_000),
    (StampBy::Nic, 900_000_000),
    (StampBy::Recording, 7),
];

/// Runs the tool while trades of all stamps are published.
fn measured(handler: &Handler, error_ns: u64, options: &str) -> Run {
    let mut clock = handler.publish_clock(error_ns);
    let mut fanout = handler.fanout(LANE);
    let root = handler.root.clone();
    std::thread::scope(|scope| {
        let line = format!("{INSTANCE} --attach --for 0.5 {options}");
        let run = scope.spawn(move || latency(&root, &line));
        let begun = Instant::now();
        let mut step = 0;
        while !run.is_finished() && begun.elapsed() < Duration::from_secs(20) {
            for (stamp, age) in AGES {
                step += 1;
                let record = Record::new(header(step, stamp, clock.now() - age), Trade::default());
                let mask = fanout.interest(1, Class::Trades as u8);
                if mask != 0 {
                    fanout.push(mask, Class::Trades as u8, 1, &record.to_words());
                }
                fanout.end_step(step);
            }
            handler.beat();
            fanout.end_poll(true, clock.now(), &mut NoBooks);
            std::thread::sleep(Duration::from_micros(500));
        }
        run.join().expect("a run")
    })
}

#[test]
fn stamps_are_measured_apart_and_recorded_ones_refused() {
    let handler = Handler::start();
    let run = measured(&handler, 40, "--json");
    let json = run.json();
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{json}");
    let attached = &named(&json["instances"], INSTANCE)["attached"];
    let lane = named(&attached["lanes"], LANE);
    assert_eq!(lane["nature"], "simulated");
    let measured = lane["measured"].as_u64().expect("a count");
    let refused = lane["unmeasured"]["recorded_stamps"].as_u64().expect("a count");
    assert!(measured >= 30 && refused.abs_diff(measured / 3) <= 1, "{lane}");
    let consume = lane["consume"].as_array().expect("a list");
    assert_eq!(consume.len(), 3, "{consume:?}");
    for (found, (stamp, age)) in consume.iter().zip(AGES) {
        assert_eq!((&found["class"], &found["stamp"]), (&"trades".into(), &stamp.name().into()));
        // The record was as old as that before it was published, and is not half as old again:
        // a busy machine may delay the median by some milliseconds.
        let p50 = found["p50"].as_u64().expect("p50");
        assert!(p50 >= age && p50 < age + age / 2 + 25_000_000, "{stamp:?}: {p50} of {age}");
        assert!(found["min"].as_u64().is_some_and(|min| min >= age - age / 64), "{found}");
        let bound = found["bound_ns"].as_u64().expect("a bound");
        match stamp {
            StampBy::Poll => assert_eq!(bound, 0),
            // The page was made from the kernel's clock within the second, and runs beside it.
            StampBy::Kernel => assert!(bound > 0 && bound < 2_000_000, "{found}"),
            _ => assert!((40..1_000).contains(&bound), "{found}"),
        }
    }
    // The venue stamped 50 us before: far more than 40 ns.
    let venue = lane["venue"].as_array().expect("a list");
    assert_eq!(venue.len(), 3);
    for found in venue {
        assert_eq!(found["meaningless"], false, "{found}");
        let p50 = found["p50"].as_u64().expect("p50");
        assert!((50_000..50_800).contains(&p50), "{found}");
    }
}

#[test]
fn a_bound_above_the_value_leaves_nothing_of_it() {
    let handler = Handler::start();
    let run = measured(&handler, 60_000, "");
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(
        run.out.contains("venue_receive: each number is +- 60.0 us: MEANINGLESS"),
        "{}",
        run.out
    );
    assert!(run.out.contains("recorded stamps say nothing"), "{}", run.out);
    assert!(run.out.contains("receive_consume +- 60.0 us"), "{}", run.out);
    assert!(run.out.starts_with("NOT LIVE: main: nasdaq is simulated\n"), "{}", run.out);
}

#[test]
fn without_a_clock_page_or_an_answer_nothing_is_made_up() {
    let dir = root();
    let handler = Handler::under(dir.path(), INSTANCE, &[(LANE, table(0))]);
    // Nobody polls the fan-out, so no seat is ever granted.
    let run = latency(&handler.root, "--attach --for 0.1 --json");
    let json = run.json();
    assert_eq!(run.code, 1);
    assert!(json["problems"][0].as_str().is_some_and(|p| p.starts_with("main: no seat")), "{json}");
    assert!(named(&json["instances"], INSTANCE).get("attached").is_none());
    let mut fanout = handler.fanout(LANE);
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| latency(&handler.root, "--attach --for 0.1"));
        while !run.is_finished() {
            fanout.end_poll(true, 1, &mut NoBooks);
            std::thread::sleep(Duration::from_millis(1));
        }
        run.join().expect("a run")
    });
    assert_eq!(run.code, 1);
    assert!(run.out.contains("publishes no clock page"), "{}", run.out);
}
