//! Every interleaving and every stale value that the memory model allows, for the ring, its
//! observer and the tail. Run with
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test -p shm --release --test loom_ring`.
//!
//! Two things make the models sharp. Readers are spawned threads: the main thread's view would
//! include the set-up. And where a slot changes hands, a shadow cell goes with it: loom checks
//! that accesses to a cell are ordered, which also catches what no value can show, a copy that is
//! still being made when the slot is written again.
#![cfg(loom)]

use loom::cell::UnsafeCell;
use loom::thread;
use shm::follow::Followed;
use shm::lines::HeapLines;
use shm::ring::{Observer, RingReader, RingShape, RingWriter};
use shm::tail::{TailReader, TailWriter, tail_lines};
use std::sync::Arc;

const SHAPE: RingShape = RingShape { capacity: 2, position_line: 0, slots_line: 1, cursor_line: 0 };

type Memory = Arc<HeapLines>;

fn record(number: u64) -> [u64; 8] {
    [number << 8, number, 0, 0, 0, 0, 0, number * 3]
}

struct Shadow([UnsafeCell<u64>; 2]);

// SAFETY: loom checks every access to the cells and fails the model if two are not ordered.
unsafe impl Sync for Shadow {}
// SAFETY: as above.
unsafe impl Send for Shadow {}

impl Shadow {
    fn new() -> Arc<Shadow> {
        Arc::new(Shadow([UnsafeCell::new(0), UnsafeCell::new(0)]))
    }

    fn write(&self, number: u64) {
        // SAFETY: loom hands out a valid pointer and checks that nobody else uses it.
        self.0[number as usize % 2].with_mut(|cell| unsafe { *cell = number });
    }

    fn read(&self, number: u64) -> u64 {
        // SAFETY: loom hands out a valid pointer and checks that nobody writes meanwhile.
        self.0[number as usize % 2].with(|cell| unsafe { *cell })
    }
}

fn memories() -> (Memory, Memory) {
    (Arc::new(HeapLines::new(3)), Arc::new(HeapLines::new(1)))
}

#[test]
fn every_record_arrives_whole_and_in_order() {
    loom::model(|| {
        const RECORDS: u64 = 3;
        let (ring, ctl) = memories();
        let shadow = Shadow::new();
        let mut writer: RingWriter<_, _, 8> =
            RingWriter::new(ring.clone(), ctl.clone(), SHAPE).expect("a ring");
        let start = writer.begin_epoch(1);
        let theirs = shadow.clone();
        let mut reader: RingReader<_, _, 8> =
            RingReader::new(ring, ctl, SHAPE, 1, start).expect("a ring");
        let consumer = thread::spawn(move || {
            for number in 0..RECORDS {
                let found = loop {
                    match reader.next() {
                        Some(found) => break found,
                        None => thread::yield_now(),
                    }
                };
                assert_eq!(found, record(number));
                assert_eq!(theirs.read(number), number);
                reader.release();
            }
        });
        for number in 0..RECORDS {
            while writer.free() == 0 {
                if writer.refresh_free() == Ok(0) {
                    thread::yield_now();
                }
            }
            shadow.write(number);
            assert!(writer.push(&record(number)));
        }
        consumer.join().expect("the consumer");
    });
}

type Check = fn(Followed);

/// A writer whose consumer keeps up by itself, so that only the observer is concurrent. `before`
/// records are there when the observer comes, `pushes` are written while it polls.
fn observed(before: u64, pushes: u64, polls: u64, check: Check) {
    loom::model(move || {
        let (ring, ctl) = memories();
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
