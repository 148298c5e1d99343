//! The ring by one thread that is both ends, for daily work: instructions, not line transfers.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shm::lines::HeapLines;
use shm::ring::{RingReader, RingShape, RingWriter};
use std::hint::black_box;
use std::sync::Arc;

const CAPACITY: usize = 4096;
const SHAPE: RingShape =
    RingShape { capacity: CAPACITY, position_line: 0, slots_line: 8, cursor_line: 2 };
/// Records that are pushed before they are popped.
const BURST: u64 = 64;

fn bench(c: &mut Criterion) {
    let ring = Arc::new(HeapLines::new(8 + CAPACITY));
    let ctl = Arc::new(HeapLines::new(64));
    let mut writer = RingWriter::new(ring.clone(), ctl.clone(), SHAPE).expect("a shape that fits");
    let mut reader: RingReader<_, _> =
        RingReader::new(ring, ctl, SHAPE, 0, 0).expect("a shape that fits");
    let mut next = 0_u64;
    let mut burst = || {
        let expected = (next..next + BURST).fold(0_u64, u64::wrapping_add);
        for number in next..next + BURST {
            // The first byte of the first word is the ring's own.
            assert!(writer.push(&[0, number, 2, 3, 4, 5, 6, black_box(7)]));
        }
        writer.store_position();
        next += BURST;
        let mut sum = 0_u64;
        while let Some(words) = reader.next() {
            sum = sum.wrapping_add(words[1]);
        }
        reader.release();
        assert_eq!(sum, expected);
        sum
    };
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(BURST));
    group.bench_function("push and pop", |b| b.iter(&mut burst));
    group.finish();
}

criterion_group!(rings, bench);
criterion_main!(rings);
