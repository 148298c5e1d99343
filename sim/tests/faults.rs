//! The fault table of docs/RELIABILITY.md, a test a row: one fault in an otherwise calm run, and
//! what is promised of it. What must always hold is checked at every event of each run besides.

use sim::campaign::Summary;
use sim::scenario::{Phase, START_NS, Scenario};
use sim::world::{Outcome, World};

const MS: u64 = 1_000_000;
/// Seeds of each row.
const SEEDS: u64 = 6;

/// Runs the row's scenario for each seed and adds up what came of it.
fn row(fault: impl Fn(&mut Scenario)) -> Summary {
    let mut summary = Summary::default();
    for seed in 0..SEEDS {
        let mut scenario = Scenario::calm(seed);
        fault(&mut scenario);
        let outcome = World::new(scenario, None, false).run();
        let outcome: Outcome =
            outcome.unwrap_or_else(|f| panic!("seed {seed}: {}\n{}", f.what, f.trace.join("\n")));
        summary.add(&outcome);
    }
    assert_eq!(summary.messages, summary.live + summary.recovered + summary.declared);
    summary
}

#[test]
fn nothing_happens_where_nothing_is_wrong() {
    let calm = row(|_| ());
    assert_eq!((calm.gaps, calm.alarms, calm.packets_lost, calm.trades_missing), (0, 0, 0, 0));
    assert!(calm.messages >= 2_000 * SEEDS && calm.live == calm.messages);
}

#[test]
fn row_01_random_loss_is_recovered_exactly() {
    for loss in [0.000_1, 0.001, 0.01, 0.05] {
        let lossy = row(|scenario| {
            scenario.lines.iter_mut().for_each(|line| line.loss = loss);
            scenario.lines[1].dead = Some((START_NS, START_NS + 60_000 * MS));
        });
        assert_eq!(lossy.declared, 0, "servers have everything: {lossy:?}");
        assert_eq!(lossy.trades_missing, 0, "{lossy:?}");
        assert!(loss < 0.001 || lossy.recovered > 0, "{lossy:?}");
    }
}

#[test]
fn row_02_a_burst_is_one_gap() {
    let burst = row(|scenario| {
        // Both lines stop together for the time of some hundred messages.
        let dead = Some((START_NS + 5 * MS, START_NS + 8 * MS));
        scenario.lines.iter_mut().for_each(|line| line.dead = dead);
    });
    assert_eq!(burst.gaps, SEEDS, "{burst:?}");
    assert!(burst.recovered >= 200 * SEEDS, "{burst:?}");
}

#[test]
fn row_03_tail_loss_is_declared_by_the_next_heartbeat() {
    let tail = row(|scenario| {
        scenario.phases.truncate(1);
        let dead = Some((START_NS + 9 * MS, START_NS + 11 * MS));
        scenario.lines.iter_mut().for_each(|line| line.dead = dead);
    });
    assert_eq!(tail.gaps, SEEDS, "{tail:?}");
    assert_eq!(tail.declared, 0, "{tail:?}");
}

#[test]
fn row_04_copies_are_published_once() {
    let twice = row(|scenario| scenario.lines.iter_mut().for_each(|line| line.duplicate = 0.3));
    assert!(twice.packets_copied > 1_000 && twice.live == twice.messages, "{twice:?}");
}

#[test]
fn row_05_reordered_packets_wait_and_late_ones_heal() {
    let moved = row(|scenario| {
        scenario.lines.iter_mut().for_each(|line| line.reorder = (0.1, 3 * MS));
    });
    assert_eq!(moved.declared, 0, "{moved:?}");
    assert_eq!(moved.live + moved.recovered, moved.messages);
}

#[test]
fn row_06_damaged_packets_are_lost_packets() {
    let bad = row(|scenario| scenario.lines.iter_mut().for_each(|line| line.corrupt = 0.2));
    assert!(bad.packets_damaged > 1_000 && bad.recovered > 0 && bad.declared == 0, "{bad:?}");
}

#[test]
fn row_07_packets_cut_short_are_lost_packets() {
    let cut = row(|scenario| scenario.lines.iter_mut().for_each(|line| line.truncate = 0.2));
    assert!(cut.packets_damaged > 1_000 && cut.recovered > 0 && cut.declared == 0, "{cut:?}");
}

#[test]
fn row_09_a_new_session_begins_with_empty_books() {
    let rolled = row(|scenario| scenario.sessions = vec![1]);
    assert_eq!((rolled.gaps, rolled.declared), (0, 0), "{rolled:?}");
}

#[test]
fn row_10_a_jump_of_2_to_the_40_is_one_gap_healed_by_a_snapshot() {
    let jump = row(|scenario| scenario.jump = Some((1, 1 << 40)));
    assert_eq!(jump.gaps, SEEDS, "{jump:?}");
    assert_eq!(jump.live, jump.messages, "nothing was ever sent there: {jump:?}");
}

#[test]
fn row_11_what_both_lines_lose_is_recovered() {
    let lossy = row(|scenario| scenario.lines.iter_mut().for_each(|line| line.loss = 0.05));
    assert!(lossy.recovered > 0 && lossy.declared == 0, "{lossy:?}");
}

#[test]
fn row_13_skew_up_to_50_ms_changes_nothing() {
    for skew_ns in [300_000, 5 * MS, 50 * MS] {
        let late = row(|scenario| scenario.lines[1].skew_ns = skew_ns);
        assert_eq!((late.gaps, late.live), (0, late.messages), "{late:?}");
    }
}

#[test]
fn row_14_a_dead_line_is_called_dead_and_nothing_pauses() {
    let dead = row(|scenario| {
        scenario.phases = vec![Phase { messages: 300, apart_ns: MS }];
        scenario.lines[0].dead = Some((START_NS + 50 * MS, START_NS + 200 * MS));
    });
    assert_eq!((dead.alarms, dead.gaps, dead.live), (SEEDS, 0, dead.messages), "{dead:?}");
}

#[test]
fn row_15_bad_servers_delay_nothing_and_what_they_do_not_have_comes_as_a_snapshot() {
    let servers = [
        "dead",
        "every=3",
        "quota=5",
        "delay=5000",
        "late=50%:60000",
        "drop=50%",
        "partial=80%",
        "session=80%",
        "range=80%",
        "garble=80%",
        "absurd=80%",
    ];
    for text in servers {
        let bad = row(|scenario| {
            scenario.lines.iter_mut().for_each(|line| line.loss = 0.1);
            scenario.faulty_phases = 1;
            if let Some(recovery) = &mut scenario.recovery {
                recovery.retransmit = vec![text.to_owned(); 2];
            }
        });
        assert!(bad.gaps > 0, "{text}: {bad:?}");
    }
    let snapshots = [
        "dead",
        "close=80%",
        "reject=80%",
        "think=30000",
        "slow=100000",
        "cut=80%",
        "session=80%",
        "end=80%",
        "garbage=80%",
        "nonsense=80%",
    ];
    for text in snapshots {
        let bad = row(|scenario| {
            scenario.lines.iter_mut().for_each(|line| line.loss = 0.1);
            scenario.faulty_phases = 1;
            if let Some(recovery) = &mut scenario.recovery {
                recovery.retransmit = vec!["dead".to_owned(); 2];
                recovery.glimpse = vec![text.to_owned(); 2];
            }
        });
        assert!(bad.gaps > 0, "{text}: {bad:?}");
    }
}

#[test]
fn row_21_a_micro_burst_is_published_whole() {
    let burst = row(|scenario| {
        scenario.phases = vec![Phase { messages: 3_000, apart_ns: 200 }; 1];
        scenario.burst = 8;
    });
    assert_eq!((burst.live, burst.gaps), (burst.messages, 0), "{burst:?}");
}
