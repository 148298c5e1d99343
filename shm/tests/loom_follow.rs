//! Followers, the observer of a ring and the reader of a tail, under every interleaving; see
//! `loom_ring.rs` for how to run.
//!
//! Followers race with the writer by design, so no shadow cell goes with a slot: what they return
//! must be the record of their position, whole, whatever stale words the model hands out.
#![cfg(loom)]

use loom::thread;
use shm::follow::Followed;
use shm::lines::HeapLines;
use shm::ring::{Observer, RingReader, RingShape, RingWriter};
use shm::tail::{TailReader, TailWriter, tail_lines};
use std::sync::Arc;

const SHAPE: RingShape = RingShape { capacity: 2, position_line: 0, slots_line: 1, cursor_line: 0 };

fn record(number: u64) -> [u64; 8] {
    [number << 8, number, 0, 0, 0, 0, 0, number * 3]
}

type Check = fn(Followed);

/// A writer whose consumer keeps up by itself, so that only the observer is concurrent. `before`
/// records are there when the observer comes, `pushes` are written while it polls.
fn observed(before: u64, pushes: u64, polls: u64, check: Check) {
    loom::model(move || {
        let (ring, ctl) = (Arc::new(HeapLines::new(3)), Arc::new(HeapLines::new(1)));
        let mut writer: RingWriter<_, _, 8> =
            RingWriter::new(ring.clone(), ctl.clone(), SHAPE).expect("a ring");
        let start = writer.begin_epoch(1);
        let mut reader: RingReader<_, _, 8> =
            RingReader::new(ring.clone(), ctl, SHAPE, 1, start).expect("a ring");
        let mut observer: Observer<_, 8> = Observer::new(ring, SHAPE).expect("a ring");
        let mut push = move |number| {
            assert!(writer.push(&record(number)));
            assert_eq!(reader.next(), Some(record(number)));
            reader.release();
            writer.store_position();
        };
        (0..before).for_each(&mut push);
        let observer = thread::spawn(move || {
            for _ in 0..polls {
                let at = observer.position();
                let found = observer.poll();
                if let Followed::Record(found) = found {
                    assert_eq!(found, record(at), "position {at}");
                }
                check(found);
            }
        });
        (before..before + pushes).for_each(&mut push);
        observer.join().expect("the observer");
    });
}

fn not_overtaken(found: Followed) {
    assert!(!matches!(found, Followed::Lapped { .. }), "{found:?}");
}

#[test]
fn an_observer_that_was_not_overtaken_is_not_told_so() {
    observed(0, 2, 2, not_overtaken);
}

#[test]
fn an_observer_gets_whole_records_or_none() {
    observed(2, 1, 1, |_| ());
}

fn tailed(before: u64, pushes: u64, polls: u64, check: Check) {
    loom::model(move || {
        let lines = Arc::new(HeapLines::new(tail_lines(2, 1)));
        let mut writer: TailWriter<_, 8> = TailWriter::new(lines.clone(), 2).expect("a ring");
        let mut reader: TailReader<_, 8> = TailReader::new(lines, 2).expect("a ring");
        (0..before).for_each(|number| writer.push(&record(number)));
        let reader = thread::spawn(move || {
            for _ in 0..polls {
                let at = reader.position();
                let found = reader.poll();
                if let Followed::Record(found) = found {
                    assert_eq!(found, record(at), "position {at}");
                }
                check(found);
            }
        });
        (before..before + pushes).for_each(|number| writer.push(&record(number)));
        reader.join().expect("the reader");
    });
}

#[test]
fn a_tail_reader_that_was_not_overtaken_is_not_told_so() {
    tailed(0, 2, 2, not_overtaken);
}

#[test]
fn a_tail_reader_gets_whole_records_or_none() {
    tailed(2, 1, 1, |_| ());
}
