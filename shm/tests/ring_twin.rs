//! The ring, its observer and the tail against queues that cannot be wrong.
#![cfg(not(loom))]

use proptest::prelude::*;
use shm::follow::Followed;
use shm::lines::{HeapLines, Lines};
use shm::ring::{CursorRefused, Observer, RingReader, RingShape, RingWriter};
use shm::sync::Ordering;
use shm::tail::{TailReader, TailWriter, tail_lines};
use std::collections::VecDeque;
use std::sync::Arc;

const SHAPE: RingShape = RingShape { capacity: 8, position_line: 0, slots_line: 2, cursor_line: 1 };

fn record<const W: usize>(number: u64) -> [u64; W] {
    // Byte 0 is the tag's: it comes back as zero.
    std::array::from_fn(|w| if w == 0 { number << 8 } else { number * W as u64 + w as u64 })
}

type Memory = Arc<HeapLines>;

struct Rig<const W: usize> {
    ring: Memory,
    ctl: Memory,
    writer: RingWriter<Memory, Memory, W>,
    reader: RingReader<Memory, Memory, W>,
}

fn rig<const W: usize>() -> Rig<W> {
    let ring = Arc::new(HeapLines::new(2 + W));
    let ctl = Arc::new(HeapLines::new(2));
    let mut writer = RingWriter::new(ring.clone(), ctl.clone(), SHAPE).expect("a ring");
    let start = writer.begin_epoch(1);
    let reader = RingReader::new(ring.clone(), ctl.clone(), SHAPE, 1, start).expect("a ring");
    Rig { ring, ctl, writer, reader }
}

#[derive(Clone, Debug)]
enum Op {
    Push(u8),
    PushMany(u8),
    Take(u8),
    TakeMany(u8),
    Release,
    Store,
    Skip,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1_u8..12).prop_map(Op::Push),
        3 => (0_u8..12).prop_map(Op::PushMany),
        4 => (1_u8..12).prop_map(Op::Take),
        3 => (0_u8..12).prop_map(Op::TakeMany),
        3 => Just(Op::Release),
        2 => Just(Op::Store),
        1 => Just(Op::Skip),
    ]
}

proptest! {
    #[test]
    fn the_ring_is_a_queue(ops in prop::collection::vec(op(), 1..600)) {
        let Rig { mut writer, mut reader, .. } = rig::<8>();
        let (mut queue, mut pushed, mut stored) = (VecDeque::new(), 0_u64, 0_u64);
        let (mut taken, mut released, mut known) = (0_u64, 0_u64, 0_u64);
        for op in ops {
            match op {
                Op::Push(n) => for _ in 0..n {
                    if pushed - known == 8 {
                        // Full as far as the writer knows: it looks, and stores its position.
                        (known, stored) = (released, pushed);
                    }
                    let room = pushed - known < 8;
                    prop_assert_eq!(writer.push(&record(pushed)), room);
                    if room {
                        queue.push_back(record(pushed));
                        pushed += 1;
                    }
                },
                Op::PushMany(n) => {
                    let count = u64::from(n);
                    if pushed - known + count > 8 {
                        (known, stored) = (released, pushed);
                    }
                    // All or none; a batch larger than the ring never fits.
                    let room = pushed - known + count <= 8;
                    prop_assert_eq!(writer.push_many(count, |i| record(pushed + i)), room);
                    if room {
                        queue.extend((0..count).map(|i| record::<8>(pushed + i)));
                        pushed += count;
                    }
                }
                Op::TakeMany(n) => {
                    let count = u64::from(n).min(queue.len() as u64);
                    let expected: Vec<_> = queue.drain(..count as usize).collect();
                    let mut found = Vec::new();
                    let took = reader.take_many(u64::from(n), |record| found.push(*record));
                    prop_assert_eq!(took, count);
                    prop_assert_eq!(found, expected);
                    taken += count;
                    released = taken;
                }
                Op::Take(n) => for _ in 0..n {
                    let expected = queue.pop_front();
                    prop_assert_eq!(reader.peek(), expected);
                    prop_assert_eq!(reader.next(), expected);
                    taken += u64::from(expected.is_some());
                },
                Op::Release => {
                    reader.release();
                    (released, known, stored) = (taken, taken, pushed);
                    prop_assert_eq!(writer.refresh_free(), Ok(8 - (pushed - taken)));
                }
                Op::Store => {
                    writer.store_position();
                    stored = pushed;
                    prop_assert_eq!(reader.lag(), pushed - taken);
                }
                Op::Skip => {
                    let skipped = stored.saturating_sub(taken);
                    prop_assert_eq!(reader.skip_to_head(), skipped);
                    queue.drain(..skipped as usize);
                    taken += skipped;
                    released = taken;
                }
            }
            prop_assert_eq!(writer.free(), 8 - (pushed - known));
            prop_assert_eq!((writer.position(), reader.position()), (pushed, taken));
        }
    }

    #[test]
    fn wide_slots_are_a_queue_too(ops in prop::collection::vec((1_u8..10, 1_u8..10), 1..60)) {
        let Rig { mut writer, mut reader, .. } = rig::<24>();
        let mut queue = VecDeque::new();
        let mut pushed = 0;
        for (pushes, takes) in ops {
            for _ in 0..pushes {
                if writer.push(&record(pushed)) {
                    queue.push_back(record::<24>(pushed));
                    pushed += 1;
                }
            }
            for _ in 0..takes {
                prop_assert_eq!(reader.next(), queue.pop_front());
            }
            reader.release();
        }
    }

    #[test]
    fn rings_long_enough_for_hints_are_queues_in_batches(
        ops in prop::collection::vec((1_u64..200, 1_u64..200), 1..80),
    ) {
        // Both hints reach beyond the end of the ring and into the next lap here.
        let shape = RingShape { capacity: 256, position_line: 0, slots_line: 2, cursor_line: 1 };
        let (ring, ctl) = (Arc::new(HeapLines::new(258)), Arc::new(HeapLines::new(2)));
        let mut writer: RingWriter<_, _, 8> =
            RingWriter::new(ring.clone(), ctl.clone(), shape).expect("a ring");
        let start = writer.begin_epoch(1);
        let mut reader: RingReader<_, _, 8> =
            RingReader::new(ring, ctl, shape, 1, start).expect("a ring");
        let (mut pushed, mut taken) = (0, 0);
        for (batch, takes) in ops {
            let fits = pushed - taken + batch <= 256;
            prop_assert_eq!(writer.push_many(batch, |i| record(pushed + i)), fits);
            pushed += if fits { batch } else { 0 };
            let mut next = taken;
            let took = reader.take_many(takes, |found| {
                assert_eq!(found, &record(next));
                next += 1;
            });
            prop_assert_eq!(took, takes.min(pushed - taken));
            taken = next;
        }
    }

    #[test]
    fn an_observer_sees_every_record_or_counts_it(
        ops in prop::collection::vec((0_u16..600, 0_u8..12), 1..60),
    ) {
        let Rig { ring, mut writer, mut reader, .. } = rig::<8>();
        let mut observer: Observer<_, 8> = Observer::new(ring, SHAPE).expect("a ring");
        let (mut pushed, mut next) = (0_u64, 0_u64);
        for (pushes, looks) in ops {
            for _ in 0..pushes {
                prop_assert!(writer.push(&record(pushed)));
                pushed += 1;
                prop_assert_eq!(reader.next(), Some(record(pushed - 1)));
                reader.release();
            }
            writer.store_position();
            for _ in 0..looks {
                match observer.poll() {
                    Followed::Record(found) => {
                        prop_assert_eq!(found, record(next));
                        next += 1;
                    }
                    Followed::Empty => prop_assert_eq!(next, pushed),
                    Followed::Lapped { missed } => {
                        prop_assert!(pushed - next > 8, "lapped by {}", pushed - next);
                        next += missed;
                        prop_assert_eq!(next, pushed - 4);
                    }
                }
                prop_assert_eq!(observer.position(), next);
            }
        }
        observer.rewind(5);
        for number in pushed.saturating_sub(5)..pushed {
            prop_assert_eq!(observer.poll(), Followed::Record(record(number)));
        }
        prop_assert_eq!(observer.poll(), Followed::Empty);
    }

    #[test]
    fn a_tail_gives_every_record_or_its_number(
        // Up to forty laps between two looks, so that some runs pass the 128 laps of a tag.
        ops in prop::collection::vec((0_u64..320, 0_u8..12), 1..80),
        store in any::<bool>(),
    ) {
        let lines = Arc::new(HeapLines::new(tail_lines(8, 1)));
        let mut writer: TailWriter<_, 8> = TailWriter::new(lines.clone(), 8).expect("a ring");
        let mut reader: TailReader<_, 8> = TailReader::new(lines, 8).expect("a ring");
        let (mut pushed, mut next, mut missed_in_all) = (0_u64, 0_u64, 0_u64);
        for (pushes, looks) in ops {
            for _ in 0..pushes {
                writer.push(&record(pushed));
                pushed += 1;
            }
            if store {
                writer.store_position();
            }
            for _ in 0..looks {
                match reader.poll() {
                    Followed::Record(found) => {
                        prop_assert_eq!(found, record(next));
                        next += 1;
                    }
                    Followed::Empty => prop_assert_eq!(next, pushed),
                    Followed::Lapped { missed } => {
                        prop_assert!(pushed - next > 8);
                        next += missed;
                        missed_in_all += missed;
                        // Half a ring behind, as far as the stored position tells.
                        prop_assert!((4..=6).contains(&(pushed - next)));
                    }
                }
            }
        }
        prop_assert_eq!((reader.position(), reader.missed()), (next, missed_in_all));
    }
}

#[test]
fn exactly_128_laps_later_is_not_the_same_record() {
    let lines = Arc::new(HeapLines::new(tail_lines(8, 1)));
    let mut writer: TailWriter<_, 8> = TailWriter::new(lines.clone(), 8).expect("a ring");
    let mut reader: TailReader<_, 8> = TailReader::new(lines, 8).expect("a ring");
    for number in 0..=1024 {
        writer.push(&record(number));
    }
    // The mark was stored at 1024; the record behind it is not known to it.
    assert_eq!(reader.poll(), Followed::Lapped { missed: 1020 });
    assert_eq!(reader.poll(), Followed::Record(record(1020)));
    assert_eq!((reader.overruns(), reader.missed()), (1, 1020));
}

#[test]
fn a_cursor_is_believed_only_as_far_as_it_can_be_true() {
    let Rig { ctl, mut writer, mut reader, .. } = rig::<8>();
    for number in 0..8 {
        assert!(writer.push(&record(number)));
    }
    for _ in 0..3 {
        assert!(reader.next().is_some());
    }
    reader.release();
    assert_eq!(writer.refresh_free(), Ok(3));
    for (value, refused) in [
        (1 << 48 | 9, CursorRefused::Beyond),
        (1 << 48 | 2, CursorRefused::Backwards),
        (2 << 48 | 5, CursorRefused::Stale),
        (5, CursorRefused::Stale),
        (1 << 48 | 1 << 40, CursorRefused::Beyond),
        (u64::MAX, CursorRefused::Stale),
    ] {
        ctl.line(1)[0].store(value, Ordering::Relaxed);
        assert_eq!(writer.refresh_free(), Err(refused), "{value:#x}");
        assert_eq!(writer.free(), 3);
        assert_eq!(CursorRefused::ALL[refused.index()], refused);
    }
    reader.heal_cursor();
    assert_eq!(writer.refresh_free(), Ok(3));
    ctl.line(1)[0].store(1 << 48 | 8, Ordering::Relaxed);
    assert_eq!(writer.refresh_free(), Ok(8));
}

#[test]
fn a_new_epoch_gives_up_what_was_unread() {
    let Rig { ring, ctl, mut writer, reader: old } = rig::<8>();
    for number in 0..5 {
        assert!(writer.push(&record(number)));
    }
    let start = writer.begin_epoch(2);
    assert_eq!((start, writer.free()), (5, 8));
    let mut new: RingReader<_, _, 8> = RingReader::new(ring, ctl, SHAPE, 2, start).expect("a ring");
    assert_eq!(new.next(), None);
    assert!(writer.push(&record(5)));
    assert_eq!(new.next(), Some(record(5)));
    // The old consumer wakes up in the middle of its last release.
    old.heal_cursor();
    assert_eq!(writer.refresh_free(), Err(CursorRefused::Stale));
    new.release();
    assert_eq!(writer.refresh_free(), Ok(8));
}

#[test]
fn two_threads_and_many_records() {
    const RECORDS: u64 = 300_000;
    let Rig { ring, mut writer, mut reader, .. } = rig::<8>();
    let mut observer: Observer<_, 8> = Observer::new(ring, SHAPE).expect("a ring");
    let observer = std::thread::spawn(move || {
        let (mut seen, mut next) = (0_u64, 0_u64);
        while next < RECORDS {
            match observer.poll() {
                Followed::Record(found) => {
                    assert_eq!(found, record(next));
                    (seen, next) = (seen + 1, next + 1);
                }
                Followed::Lapped { missed } => next += missed,
                Followed::Empty => std::thread::yield_now(),
            }
        }
        assert_eq!(seen + observer.missed(), next);
    });
    let consumer = std::thread::spawn(move || {
        let mut next = 0;
        while next < RECORDS {
            match reader.next() {
                Some(found) => {
                    assert_eq!(found, record(next));
                    next += 1;
                }
                None => {
                    reader.release();
                    std::thread::yield_now();
                }
            }
        }
    });
    for number in 0..RECORDS {
        while !writer.push(&record(number)) {
            std::thread::yield_now();
        }
        writer.store_position();
    }
    consumer.join().expect("the consumer");
    observer.join().expect("the observer");
}
