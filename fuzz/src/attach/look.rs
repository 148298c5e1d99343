//! Looking at an instance with everything that reads one.

use shm::attach::InstanceView;
use shm::follow::Followed;
use shm::images::PAYLOAD_WORDS;
use shm::layout::MAX_ROWS;
use shm::producer_view::ProducerView;
use shm::ring::Observer;
use shm::seat::layout::ring_shape;
use shm::seat::{SeatStatus, read_counters};
use shm::tail::TailReader;

use super::{MOST_ROWS, NAME, RECORDS, ROWS, SLOTS};

/// Looks at an instance; `whole` says that nothing in it was changed.
pub fn look_at_instance(view: &InstanceView, whole: bool) {
    assert!(view.rows().len() <= MAX_ROWS);
    assert!((1..=32).contains(&view.producers().len()));
    if let Some(mut clock) = view.clock() {
        let page = clock.page();
        assert!(!whole || page == Ok(None));
        if let Ok(Some(page)) = page {
            let _ = (page.to_utc(1 << 40), page.error_at(u64::MAX), page.ticks_of_ns(u64::MAX));
        }
    }
    for info in view.producers() {
        assert!(info.seats <= 8 && !info.name.contains('/'));
        match view.producer(&info.name) {
            Ok(lane) => look_at_lane(&lane, whole),
            Err(error) => assert!(!whole && !error.to_string().is_empty(), "{error}"),
        }
    }
}

/// The table, or nothing where it is refused, which a whole one is not.
fn opened<T>(result: shm::error::Result<T>, whole: bool) -> Option<T> {
    match result {
        Ok(table) => Some(table),
        Err(error) => {
            assert!(!whole, "{error}");
            assert!(error.to_string().contains(NAME), "does not say where: {error}");
            None
        }
    }
}

fn look_at_lane(lane: &ProducerView, whole: bool) {
    if let Some(table) = opened(lane.instruments(), whole) {
        let count = table.count();
        assert!(count <= MOST_ROWS, "{count} rows in a table of {ROWS}");
        let read: Vec<_> = (0..=count).map(|index| table.read(index)).collect();
        assert!(read.last().is_some_and(Result::is_err), "a row beyond the table");
        assert!(!whole || (count == 2 && read[1].is_ok_and(|row| row[0] == 2)));
    }
    if let Some(table) = opened(lane.images(), whole) {
        let mut words = [0; PAYLOAD_WORDS];
        assert!(table.room() <= MOST_ROWS);
        for index in 0..=table.room() {
            let read = table.read(index, &mut words);
            assert!(index < table.room() || read.is_err(), "an image beyond the table");
            assert!(!whole || index != 1 || words[3] == 7);
        }
    }
    if let Some(table) = opened(lane.errors(), whole) {
        assert!(table.count() <= MOST_ROWS as usize);
        let read: Vec<_> = (0..table.count()).map(|index| table.read(index)).collect();
        assert!(table.read(table.count()).is_err(), "a row beyond the table");
        assert!(!whole || table.overflow() == 0);
        let row = read.first().and_then(|row| row.as_ref().ok());
        assert!(!whole || row.is_some_and(|row| row.text == "an error" && row.code == 5));
    }
    if let Some(table) = opened(lane.gaps(), whole) {
        let kept = table.kept();
        assert!(kept.end - kept.start <= u64::from(MOST_ROWS), "{kept:?}");
        let read: Vec<_> = kept.map(|number| table.read(number)).collect();
        assert!(!whole || read.first().is_some_and(|gap| gap.is_ok_and(|gap| gap.end == 20)));
        assert!(!whole || table.totals().declared == 1);
    }
    if let Some(table) = opened(lane.counters(), whole) {
        for (at, label) in table.labels().iter().enumerate() {
            let histogram = table.histogram(at);
            assert_eq!(label.sub_bits.is_some(), histogram.is_some());
            assert_ne!(table.value(at).is_some(), histogram.is_some());
            if let Some(histogram) = histogram {
                let _ = (histogram.at(0.5), histogram.mean(), histogram.used().count());
            }
        }
        assert!(!whole || table.labels().len() == 2);
    }
    look_at_rings(lane, whole);
}

fn look_at_rings(lane: &ProducerView, whole: bool) {
    let tail = lane.info().tail.then(|| opened(lane.tail(), whole)).flatten();
    if let Some((region, capacity, 1)) = tail {
        let reader = TailReader::<_, 8>::new(region.body().clone(), capacity as usize);
        let mut reader = reader.expect("a tail that was checked");
        reader.rewind(u64::MAX);
        let steps = || reader.position();
        let first = steps();
        let mut seen = Vec::new();
        for _ in 0..4 * SLOTS {
            let before = reader.position();
            match reader.poll() {
                Followed::Record(words) => {
                    assert_eq!(reader.position(), before.wrapping_add(1));
                    seen.push(words[7]);
                }
                Followed::Lapped { missed } => {
                    assert_eq!(reader.position(), before.wrapping_add(missed));
                }
                Followed::Empty => break,
            }
        }
        let wanted: Vec<u64> = (first + 1..=RECORDS).collect();
        assert!(!whole || seen == wanted, "{seen:?}");
    }
    for seat in 0..lane.info().seats {
        let Some(view) = opened(lane.seat(seat), whole) else { continue };
        let status = SeatStatus::read(view.ring.body());
        assert!(!whole || status.is_ok(), "{status:?}");
        let _ = read_counters(view.ring.body());
        if view.slot_lines != 1 {
            continue;
        }
        let shape = ring_shape(view.capacity as usize);
        let observer = Observer::<_, 8>::new(view.ring.body().clone(), shape);
        let mut observer = observer.expect("a ring that was checked");
        observer.rewind(u64::MAX);
        for _ in 0..4 * SLOTS {
            let before = observer.position();
            let moved = match observer.poll() {
                Followed::Record(_) => 1,
                Followed::Lapped { missed } => missed,
                Followed::Empty => break,
            };
            assert_eq!(observer.position(), before.wrapping_add(moved));
        }
        assert!(!whole || observer.position() == 0);
    }
}
