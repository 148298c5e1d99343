//! Seqlock rows and generations under every interleaving; see `loom_ring.rs` for how to run.
#![cfg(loom)]

use loom::thread;
use shm::generation::{self, Observed};
use shm::lines::{HeapLines, Lines};
use shm::seqlock;
use shm::sync::Ordering;
use std::sync::Arc;

#[test]
fn a_copy_of_a_row_is_one_state_of_it() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(1));
        let theirs = lines.clone();
        let reader = thread::spawn(move || {
            let mut copy = [0; 2];
            for _ in 0..2 {
                if let Some(version) = seqlock::try_read(&theirs, 0, &mut copy) {
                    assert_eq!(copy, [version, version * 5]);
                }
            }
        });
        for version in [2, 4] {
            assert_eq!(seqlock::write(&lines, 0, &[version, version * 5]), version);
        }
        reader.join().expect("the reader");
    });
}

#[test]
fn a_partial_update_is_one_state_too() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(2));
        let theirs = lines.clone();
        let reader = thread::spawn(move || {
            // The row ends on its second line.
            let mut copy = [0; 8];
            if let Ok(version) = seqlock::read(&theirs, 0, &mut copy) {
                assert_eq!([copy[0], copy[7]], [version, version]);
            }
        });
        for version in [2, 4] {
            seqlock::update(&lines, 0, |row| {
                row.set(0, version);
                row.set(7, version);
            });
        }
        reader.join().expect("the reader");
    });
}

#[test]
fn what_was_read_in_a_generation_is_of_that_generation() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(2));
        let theirs = lines.clone();
        let reader = thread::spawn(move || {
            if let Observed::Ready(number) = generation::observe(&theirs, 0) {
                let body = theirs.line(1)[0].load(Ordering::Relaxed);
                let owner = generation::owner(&theirs, 0);
                if generation::still(&theirs, 0, number) {
                    assert_eq!((body, u64::from(owner)), (number * 7, number * 9));
                }
            }
        });
        for number in [1, 2] {
            generation::begin(&lines, 0, number, number as u32 * 9);
            lines.line(1)[0].store(number * 7, Ordering::Relaxed);
            generation::ready(&lines, 0, number);
        }
        reader.join().expect("the reader");
    });
}

/// The list that `mutants.sh` works through.
#[test]
#[ignore = "prints the names of the orderings, for mutants.sh"]
fn sites() {
    for site in shm::order::SITES {
        println!("SITE {}", site.name());
    }
}
