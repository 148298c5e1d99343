//! Seeds that must hold, faults that must be found, and runs that must repeat.

use sim::campaign::{self, Campaign};
use sim::loss;
use sim::mutant::Mutant;

/// Seeds of a test run; CI runs a thousand with the binary.
const SEEDS: u64 = 40;

fn campaign(from: u64, seeds: u64, mutant: Option<Mutant>) -> sim::campaign::Summary {
    Campaign { from, seeds, limit: None, threads: 2, mutant }.run(&|_| ())
}

#[test]
fn every_seed_holds_and_every_way_through_the_machines_is_taken() {
    let summary = campaign(0, SEEDS, None);
    let failed: Vec<_> = summary.failures.iter().map(|f| (f.seed, f.what.as_str())).collect();
    assert_eq!(failed, [], "sim --replay SEED --trace tells more");
    assert_eq!(summary.messages, summary.live + summary.recovered + summary.declared);
    let least = [
        summary.gaps,
        summary.recovered,
        summary.declared,
        summary.alarms,
        summary.packets_damaged,
        summary.packets_copied,
        summary.records_lost,
        summary.trades_missing,
    ];
    assert!(least.iter().all(|&n| n >= 10), "{summary:?}");
    assert!(summary.lane_books > 50_000 && summary.seat_books > 50_000, "{summary:?}");
}

#[test]
fn a_seed_is_the_same_run_each_time() {
    for seed in [3, 17] {
        let runs = [(); 2].map(|()| campaign::run(seed, None, false).map_err(|f| f.what));
        let [Ok(first), Ok(second)] = runs else { panic!("{runs:?}") };
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
    }
}

#[test]
fn a_failure_is_the_same_each_time_and_tells_when_and_what() {
    let mutant = Some(Mutant::ConsumerSkips);
    let fails = |seed| campaign::run(seed, mutant, false).err();
    let failure = (0..SEEDS).find_map(fails).expect("a seed that finds it");
    let again = fails(failure.seed).expect("the same seed finds it again");
    assert_eq!((&failure.at, &failure.what), (&again.at, &again.what));
    assert_eq!(failure.trace, again.trace);
    assert!(!failure.trace.is_empty());
}

/// A check that finds nothing checks nothing.
#[test]
fn every_built_in_fault_is_found() {
    for mutant in Mutant::ALL {
        let found = (0..SEEDS).find_map(|seed| campaign::run(seed, Some(mutant), false).err());
        let found = found.unwrap_or_else(|| panic!("{} was not found", mutant.name()));
        println!("{}: seed {}: {}", mutant.name(), found.seed, found.what);
    }
}

#[test]
fn what_two_lines_lose_is_declared_exactly_and_recovered() {
    let loss = loss::measure(7, 1_000_000, 0.01);
    assert_eq!(loss.declared, loss.both, "{loss:?}");
    assert_eq!(loss.recovered, loss.both, "{loss:?}");
    assert_eq!(loss.live + loss.declared, loss.packets, "{loss:?}");
    assert_eq!(loss.open, 0, "{loss:?}");
    assert!(loss.live_and_true, "{loss:?}");
    // A million packets: 100 are to be expected, 150 are five deviations more.
    assert!((50..=150).contains(&loss.both), "{loss:?}");
}
