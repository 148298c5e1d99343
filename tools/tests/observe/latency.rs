//! The numbers of the table, of JSON and of intervals.

use hdrhistogram::Histogram;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use wire::Nature;

use super::handler::{Handler, INSTANCE, LANE, replace, root, table};
use super::tool::{latency, named};

/// Values of many sizes, the same for the same seed.
pub fn values(seed: u64, count: usize) -> Vec<u64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..count).map(|_| random.next_u64() >> (24 + random.next_u64() % 36)).collect()
}

#[test]
fn quantiles_are_those_of_another_histogram_within_the_bucket() {
    let handler = Handler::start();
    let mut counts = handler.counters(LANE);
    // Four digits: a hundred times finer than ours.
    let mut oracle = Histogram::<u64>::new(4).expect("a histogram");
    for value in values(1, 20_000) {
        counts.record("receive_publish", value);
        oracle.record(value).expect("it grows");
    }
    let run = latency(&handler.root, &format!("{INSTANCE} --since-start --json"));
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    let json = run.json();
    let lane = named(&named(&json["instances"], INSTANCE)["lanes"], LANE);
    let stage = named(&lane["stages"], "receive_publish");
    assert_eq!(stage["count"], 20_000);
    assert_eq!(stage["relative_error"], 0.03125);
    let quantiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999)];
    for (name, quantile) in quantiles {
        let (found, wanted) =
            (stage[name].as_u64().expect(name), oracle.value_at_quantile(quantile));
        // Ours is the upper end of a bucket; the oracle is right to its four digits.
        let slack = wanted / 10_000 + 1;
        assert!(found + slack >= wanted, "{name}: {found} is better than {wanted}");
        assert!(found <= wanted + wanted / 32 + slack, "{name}: {found} of {wanted}");
    }
    let (max, mean) = (stage["max"].as_u64().expect("max"), stage["mean"].as_f64().expect("mean"));
    assert!(max >= oracle.max() && max <= oracle.max() + oracle.max() / 32 + 1);
    assert!((mean / oracle.mean() - 1.0).abs() < 1.0 / 32.0, "{mean} {}", oracle.mean());
    assert!(stage["min"].as_u64().expect("min") <= oracle.min());
}

#[test]
fn an_interval_has_only_what_came_in_it() {
    let handler = Handler::start();
    let mut counts = handler.counters(LANE);
    (0..1_000).for_each(|_| counts.record("receive_publish", 900_000));
    let root = handler.root.clone();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| latency(&root, "--for 0.6 --json"));
        std::thread::sleep(std::time::Duration::from_millis(250));
        (0..10).for_each(|_| counts.record("receive_publish", 40));
        run.join().expect("a run")
    });
    let json = run.json();
    assert_eq!(run.code, 0, "{json}");
    let lane = named(&named(&json["instances"], INSTANCE)["lanes"], LANE);
    let stage = named(&lane["stages"], "receive_publish");
    assert_eq!((&stage["count"], &stage["max"]), (&10.into(), &40.into()));
    assert!(json["interval_ns"].as_u64().is_some_and(|ns| ns >= 600_000_000));
    assert_eq!(named(&lane["stages"], "hold")["p50"], serde_json::Value::Null);
}

#[test]
fn what_is_not_live_comes_first_and_the_host_is_told() {
    let handler = Handler::start();
    handler.nature(LANE, Nature::Recorded);
    handler.publish_clock(12_345);
    handler.counters(LANE).record("line2.skew", 7);
    let run = latency(&handler.root, "--since-start --plot");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let mut lines = run.out.lines();
    assert_eq!(lines.next(), Some("NOT LIVE: main: nasdaq is recorded"));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    assert!(run.out.contains(&format!("Linux {}", kernel.trim())), "{}", run.out);
    assert!(run.out.contains("UTC within 12.3 us"), "{}", run.out);
    assert!(run.out.contains("line2.skew: line B's copy came later than the first"), "{}", run.out);
    assert!(run.out.contains('\u{2588}'), "{}", run.out);
    handler.nature(LANE, Nature::Live);
    let run = latency(&handler.root, "--since-start");
    assert!(!run.out.contains("NOT LIVE"), "{}", run.out);
}

#[test]
fn a_lane_that_says_nothing_of_itself_is_not_called_live() {
    let handler = Handler::start();
    let run = latency(&handler.root, "--since-start");
    assert!(run.out.starts_with("NOT LIVE: main: nasdaq does not say what it is\n"), "{}", run.out);
}

#[test]
fn two_clocks_are_told_with_their_bound() {
    let dir = root();
    let mut counters = table(0);
    counters.histograms[0].name = "venue_receive".into();
    let handler = Handler::under(dir.path(), INSTANCE, &[(LANE, counters)]);
    handler.publish_clock(1_000);
    let mut counts = handler.counters(LANE);
    (0..5).for_each(|_| counts.record("venue_receive", 50_000));
    let stage = |run: super::tool::Run| {
        let json = run.json();
        named(
            &named(&named(&json["instances"], INSTANCE)["lanes"], LANE)["stages"],
            "venue_receive",
        )
        .clone()
    };
    let sure = stage(latency(&handler.root, "--since-start --json"));
    assert_eq!(sure["meaningless"], false, "{sure}");
    assert!(sure["bound_ns"].as_u64().is_some_and(|ns| (1_000..2_000).contains(&ns)), "{sure}");
    drop(handler);
    let mut counters = table(0);
    counters.histograms[0].name = "venue_receive".into();
    let handler = Handler::under(dir.path(), INSTANCE, &[(LANE, counters)]);
    handler.publish_clock(16_000_000_000);
    handler.counters(LANE).record("venue_receive", 50_000);
    let drowned = stage(latency(&handler.root, "--since-start --json"));
    assert_eq!(drowned["meaningless"], true, "{drowned}");
    let text = latency(&handler.root, "--since-start").out;
    assert!(text.contains("+- 16.0 s: MEANINGLESS"), "{text}");
}

#[test]
fn what_cannot_be_reported_is_said_with_the_way_out() {
    let dir = root();
    let run = latency(dir.path(), "");
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("no instance runs under") && run.err.contains("--root"),
        "{}",
        run.err
    );
    let run = latency(dir.path(), "nothing --json");
    assert_eq!((run.code, &run.json()["error"]["kind"]), (3, &"no_such_instance".into()));
    let handler = Handler::under(dir.path(), INSTANCE, &[(LANE, table(2))]);
    replace(&handler.instance.dir().join("nasdaq/counters"), b"short");
    let run = latency(dir.path(), "--since-start");
    assert_eq!(run.code, 1);
    assert!(run.out.contains("problems") && run.out.contains("counters"), "{}", run.out);
}

#[test]
fn hiccups_are_measured_where_asked() {
    let handler = Handler::start();
    let core = affinity::pin::current_affinity().expect("affinity").first().expect("a core");
    let line = format!("--since-start --hiccups 0.05 --cores {core} --json");
    let json = latency(&handler.root, &line).json();
    let hiccups = json["host"]["hiccups"].as_array().expect("a list");
    assert_eq!((hiccups.len(), &hiccups[0]["core"]), (1, &core.into()));
    assert!(hiccups[0]["duration_ns"].as_u64().is_some_and(|ns| ns >= 49_000_000));
    let run = latency(&handler.root, "--since-start --hiccups 0.05 --cores 1023");
    assert_eq!(run.code, 1);
    assert!(run.err.contains("hiccups of core 1023") && run.err.contains("--cores"), "{}", run.err);
}

#[test]
fn a_dead_generation_and_its_successor_are_not_mixed() {
    let dir = root();
    let first = Handler::under(dir.path(), INSTANCE, &[(LANE, table(1))]);
    first.counters(LANE).record("hold", 1_000);
    let path = dir.path().to_path_buf();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| latency(&path, "main --for 0.6 --json"));
        std::thread::sleep(std::time::Duration::from_millis(250));
        drop(first);
        let second = Handler::under(&path, INSTANCE, &[(LANE, table(1))]);
        (0..3).for_each(|_| second.counters(LANE).record("hold", 5));
        let run = run.join().expect("a run");
        drop(second);
        run
    });
    let json = run.json();
    let instance = named(&json["instances"], INSTANCE);
    assert_eq!(instance["restarted"], true, "{json}");
    let hold = named(&named(&instance["lanes"], LANE)["stages"], "hold");
    assert_eq!((&hold["count"], &hold["max"]), (&3.into(), &5.into()));
}
