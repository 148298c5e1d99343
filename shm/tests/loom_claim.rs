//! Claims, bells and signals under every interleaving; see `loom_ring.rs` for how to run.
#![cfg(loom)]

use loom::cell::UnsafeCell;
use loom::thread;
use shm::claim::{self, Claim};
use shm::fanout::Signals;
use shm::lines::{HeapLines, Lines};
use shm::sync::Ordering;
use std::sync::Arc;

/// What belongs to whoever holds the seat.
struct Held(UnsafeCell<u64>);

// SAFETY: loom checks every access to the cell and fails the model if two are not ordered.
unsafe impl Sync for Held {}
// SAFETY: as above.
unsafe impl Send for Held {}

impl Held {
    fn touch(&self) {
        // SAFETY: loom hands out a valid pointer and checks that nobody else uses it.
        self.0.with_mut(|cell| unsafe { *cell += 1 });
    }
}

fn held() -> Arc<Held> {
    Arc::new(Held(UnsafeCell::new(0)))
}

fn claim_of(pid: u32) -> Claim {
    Claim::new(pid, 1).expect("a claim")
}

#[test]
fn a_seat_has_one_holder() {
    loom::model(|| {
        let ctl = Arc::new(HeapLines::new(1));
        let held = held();
        let threads: Vec<_> = [1, 2]
            .map(|pid| {
                let (ctl, held) = (ctl.clone(), held.clone());
                thread::spawn(move || {
                    if claim::take(&ctl, 0, claim_of(pid)).is_ok() {
                        held.touch();
                        assert!(claim::give(&ctl, 0, claim_of(pid)));
                    }
                })
            })
            .into();
        for thread in threads {
            thread.join().expect("a consumer");
        }
    });
}

#[test]
fn a_seat_goes_from_the_dead_to_one_heir() {
    loom::model(|| {
        let ctl = Arc::new(HeapLines::new(1));
        let held = held();
        let (theirs, cell) = (ctl.clone(), held.clone());
        let dead = thread::spawn(move || {
            claim::take(&theirs, 0, claim_of(1)).expect("a free seat");
            cell.touch();
        });
        let (theirs, cell) = (ctl.clone(), held.clone());
        // The death is seen by a keeper, who tells the lane.
        let signals = Arc::new(Signals::new());
        let flag = signals.clone();
        dead.join().expect("the dead");
        let keeper = thread::spawn(move || {
            cell.touch();
            flag.seat_died(0);
        });
        let heir = thread::spawn(move || {
            if claim::take(&theirs, 0, claim_of(2)).is_ok() {
                held.touch();
            }
        });
        if signals.take_dead() == 1 {
            assert!(claim::take_over(&ctl, 0, claim_of(1)));
        }
        keeper.join().expect("the keeper");
        heir.join().expect("the heir");
    });
}

#[test]
fn a_stale_holder_frees_nobody() {
    loom::model(|| {
        let ctl = Arc::new(HeapLines::new(1));
        claim::take(&ctl, 0, claim_of(1)).expect("a free seat");
        let theirs = ctl.clone();
        let stale = thread::spawn(move || claim::give(&theirs, 0, claim_of(1)));
        let taken = claim::take_over(&ctl, 0, claim_of(1));
        let next = claim::take(&ctl, 0, claim_of(2)).is_ok();
        let gave = stale.join().expect("the stale one");
        assert!(taken != gave, "one of them freed it");
        assert!(next, "it was free");
        assert_eq!(claim::holder(&ctl, 0), Some(claim_of(2)));
    });
}

#[test]
fn who_hears_the_bell_sees_what_it_was_rung_for() {
    loom::model(|| {
        let ctl = Arc::new(HeapLines::new(2));
        let theirs = ctl.clone();
        let producer = thread::spawn(move || {
            let heard = claim::hear_bell(&theirs, 0);
            let wanted = theirs.line(1)[0].load(Ordering::Relaxed);
            assert!(wanted >= heard, "heard {heard}, saw {wanted}");
        });
        for number in [1, 2] {
            ctl.line(1)[0].store(number, Ordering::Relaxed);
            claim::ring_bell(&ctl, 0);
        }
        producer.join().expect("the producer");
    });
}
