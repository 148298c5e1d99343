//! A consumer joins a fan-out, and another one after it, under the interleavings of claims,
//! requests, answers and cursors; see `loom_ring.rs` for how to run.
#![cfg(loom)]

use loom::thread;
use shm::claim::Claim;
use shm::fanout::{
    ClassRules, Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant,
};
use shm::lines::HeapLines;
use shm::seat::layout::{ctl_lines, ring_lines};
use shm::seat::{Attach, Consumer, Filter};
use std::sync::Arc;
// Not part of the model: tells whether any run of it got that far.
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const TRADES: u8 = 4;
const RULES: ClassRules =
    ClassRules { stream: 0, book_classes: 2, conflate_class: 1, counted_class: TRADES };

struct NoBooks;

impl Refresh for NoBooks {
    fn refresh(&mut self, _: u32, _: SeatWant, _: &mut RefreshOut) {}

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        [0, report.last_step, 0, 0, 0, 0, 0, report.records]
    }
}

type Memory = Arc<HeapLines>;

fn fanout() -> (Fanout<Memory>, Memory, Memory) {
    let ring: Memory = Arc::new(HeapLines::new(ring_lines(2, 1)));
    let ctl: Memory = Arc::new(HeapLines::new(ctl_lines(2)));
    let seat = SeatMemory { ring: ring.clone(), ctl: ctl.clone(), capacity: 2 };
    let spec = FanoutSpec { instruments: 2, rules: RULES, allow_wait: false, generation: 1 };
    let fanout = Fanout::new(spec, vec![seat]).expect("memories that fit");
    (fanout, ring, ctl)
}

fn builder(preemptions: usize) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 20_000;
    builder
}

#[test]
fn a_consumer_that_joins_gets_every_step_from_its_start_on() {
    static JOINED: AtomicBool = AtomicBool::new(false);
    builder(3).check(|| {
        let (mut fanout, ring, ctl) = fanout();
        let consumer = thread::spawn(move || {
            let claim = Claim::new(1, 1).expect("a claim");
            let filter = Filter::all(1 << TRADES);
            let mut consumer =
                Consumer::claim(ring, ctl, 2, 2, filter, claim).expect("a free seat");
            if consumer.poll_attach() != Attach::Active {
                return;
            }
            JOINED.store(true, Relaxed);
            let mut last = 0;
            for _ in 0..2 {
                if let Some(found) = consumer.next() {
                    assert!(last == 0 || found[1] == last + 1, "{found:?} after {last}");
                    assert_eq!(found[7], found[1] * 3);
                    last = found[1];
                }
                consumer.release();
            }
        });
        for step in 1..=2 {
            fanout.end_poll(true, step, &mut NoBooks);
            let mask = fanout.interest(1, TRADES);
            if mask != 0 {
                fanout.push(mask, TRADES, 1, &[0, step, 0, 0, 0, 0, 0, step * 3]);
            }
            fanout.end_step(step);
        }
        consumer.join().expect("the consumer");
    });
    assert!(JOINED.load(Relaxed), "the model is too small: the consumer never joined");
}
