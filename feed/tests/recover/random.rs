//! Many sessions, each with faults of its own.

use crate::rig::{Faults, Rig};

/// `HOTLANE_SEEDS` = so many times more of them.
fn all(count: u64, of: impl Fn(u64) -> Faults) -> Vec<Rig> {
    let times = std::env::var("HOTLANE_SEEDS").ok().and_then(|times| times.parse().ok());
    (1..=count * times.unwrap_or(1))
        .map(|seed| {
            let mut rig = Rig::new(of(seed));
            rig.run();
            rig.assert_healed();
            rig
        })
        .collect()
}

fn sum(rigs: &[Rig], of: impl Fn(&Rig) -> u64) -> u64 {
    rigs.iter().map(of).sum()
}

#[test]
fn fills_heal_every_gap() {
    let rigs = all(60, Faults::usual);
    assert!(sum(&rigs, |rig| rig.lane.gaps.declared()) > 300);
    assert!(sum(&rigs, |rig| rig.lane.repaired().late_trades) > 100);
    assert!(sum(&rigs, |rig| rig.lane.repaired().books_merged) > 300);
    let unwanted = |rig: &Rig| rig.lane.repaired().snapshots + rig.lane.repaired().contradictions;
    assert_eq!(sum(&rigs, unwanted), 0);
    let missing = sum(&rigs, |rig| rig.lane.gaps.missing());
    assert_eq!(sum(&rigs, |rig| rig.lane.repaired().filled), missing);
}

#[test]
fn late_packets_of_the_other_line_heal_too() {
    let rigs = all(60, |seed| Faults { lines: 2, skew: 25, loss: 5, ..Faults::usual(seed) });
    assert!(sum(&rigs, |rig| rig.lane.repaired().late) > 100);
    assert!(sum(&rigs, |rig| rig.lane.repaired().filled) > 100);
    let both = sum(&rigs, |rig| rig.lane.repaired().filled + rig.lane.repaired().late);
    assert_eq!(both, sum(&rigs, |rig| rig.lane.gaps.missing()));
}

#[test]
fn what_cannot_be_filled_comes_as_a_snapshot() {
    let rigs = all(80, |seed| Faults { unfillable: 4, too_old: 4, ..Faults::usual(seed) });
    assert!(sum(&rigs, |rig| rig.lane.repaired().snapshots) > 30);
    assert!(sum(&rigs, |rig| rig.lane.repaired().snapshots_refused) > 3);
    assert!(sum(&rigs, |rig| rig.lane.repaired().books_replaced) > 300);
}

#[test]
fn a_store_that_is_full_falls_back_to_a_snapshot() {
    let rigs = all(60, |seed| Faults { room: 32, delay: 60, ..Faults::usual(seed) });
    assert!(sum(&rigs, |rig| rig.lane.repaired().snapshots) > 30);
    assert!(sum(&rigs, |rig| rig.lane.repaired().evicted) > 100);
}

#[test]
fn joining_in_the_middle_is_the_same_path() {
    let rigs = all(40, |seed| {
        let join = 50 + seed * 7;
        Faults { join, room: 128, unfillable: 2, loss: 20, ..Faults::usual(seed) }
    });
    assert!(rigs.iter().all(|rig| rig.lane.repaired().snapshots > 0));
    // A store that holds it all fills even that.
    let rigs = all(20, |seed| Faults { join: 50 + seed * 7, loss: 20, ..Faults::usual(seed) });
    assert_eq!(sum(&rigs, |rig| rig.lane.repaired().snapshots), 0);
}

#[test]
fn heavy_loss_and_slow_everything() {
    all(40, |seed| Faults {
        lines: 1 + (seed % 2) as u8,
        loss: 2 + seed % 4,
        skew: 30,
        delay: 100,
        unfillable: seed % 3 * 6,
        too_old: 3,
        room: 1 << (5 + seed % 8),
        slowness: 1 + seed % 40,
        work: 16 + (seed % 5) as u32 * 40,
        ..Faults::usual(seed)
    });
}
