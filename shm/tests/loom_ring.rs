//! Every interleaving and every stale value that the memory model allows, for the ring. Run with
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test -p shm --release --test loom_ring`.
//!
//! Two things make the models sharp. Readers are spawned threads: the main thread's view would
//! include the set-up. And where a slot changes hands, a shadow cell goes with it: loom checks
//! that accesses to a cell are ordered, which also catches what no value can show, a copy that is
//! still being made when the slot is written again.
#![cfg(loom)]

use loom::cell::UnsafeCell;
use loom::thread;
use shm::lines::HeapLines;
use shm::ring::{RingReader, RingShape, RingWriter};
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
fn every_record_arrives_in_order() {
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
