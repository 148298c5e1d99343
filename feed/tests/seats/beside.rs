//! What any tool can read beside the seats: images, tables, counters, errors, gaps.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;

#[test]
fn tables_images_counters_errors_and_gaps_are_those_of_the_lane() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 1_024);
    let mut memory = day(10, 5_000);
    play(&mut lane, &mut memory);
    const NEXT: &[u8; 10] = b"0000000002";
    let now = DAY.midnight_ns + 10;
    // Without any consumer: gaps, rubbish, contradictions.
    give(&mut lane, &heartbeat(SESSION, 9_000), now);
    give(&mut lane, &mold(NEXT, 1, &itch::one_of_each()), now + 1);
    give(&mut lane, &mold(NEXT, 30, &[itch::delete(13, 1, 999)]), now + 2);
    give(&mut lane, &mold(NEXT, 31, &[itch::delete(13, 1, 999), vec![]]), now + 3);
    give(&mut lane, b"rubbish", now + 4);
    lane.flush_images();
    let producer = seats::producer(root.path());
    images_are_the_books(&lane, &producer.images().expect("images"));
    let table = producer.instruments().expect("instruments");
    assert_eq!(table.count(), index_of(&lane) + 1);
    for row in lane.venue.directory.rows() {
        let words = table.read(row.instrument.index()).expect("a row");
        let told = wire::InstrumentRow { version: 0, ..wire::InstrumentRow::from_words(words) };
        assert_eq!(told, *row);
    }
    let counters = producer.counters().expect("counters");
    for (name, _, value) in lane.publisher.counts.named() {
        assert_eq!(counters.value_of(name), Some(value), "{name}");
    }
    let errors = producer.errors().expect("errors");
    let mut told: Vec<(String, u64)> = (0..errors.count())
        .map(|n| errors.read(n).expect("a row"))
        .map(|r| (r.text, r.count))
        .collect();
    told.sort_unstable();
    let mut known: Vec<(String, u64)> =
        common::refusals(&lane).iter().map(|(name, n)| (name.to_string(), *n)).collect();
    known.sort_unstable();
    assert_eq!(told, known);
    assert_eq!(known.len(), 3, "{known:?}");
    ledger_is_the_gaps(&lane, &producer.gaps().expect("gaps"), NEXT);
    lane.publisher.outlet.close().expect("closed");
    let left: Vec<_> = std::fs::read_dir(root.path()).expect("list").collect();
    assert!(left.is_empty(), "{left:?}");
}

fn images_are_the_books(
    lane: &Lane<Regions>,
    images: &shm::images::ImageReader<shm::mapping::MappedLines>,
) {
    for index in 1..=index_of(lane) {
        let mut words = [0; wire::image::IMAGE_WORDS];
        images.read(index, &mut words[1..]).expect("an image");
        let image = Image::from_words(words);
        assert_eq!(image.instrument.index(), index);
        assert_eq!(image.quality.state(), Some(lane.venue.book_state(index, &lane.gaps)));
        for (side, levels) in [
            (wire::Side::Bid, image.bid_side().collect::<Vec<_>>()),
            (wire::Side::Ask, image.ask_side().collect::<Vec<_>>()),
        ] {
            let told = levels.iter().map(|(level, orders)| (level.price, level.quantity, *orders));
            let book = lane.venue.books.levels(index, side).take(20);
            let book = book.map(|level| (level.price, level.quantity, level.orders));
            assert!(told.eq(book), "{index} {side:?}");
        }
    }
}

fn ledger_is_the_gaps(
    lane: &Lane<Regions>,
    ledger: &shm::ledger::GapReader<shm::mapping::MappedLines>,
    second: &[u8; 10],
) {
    let rows: Vec<_> = ledger.kept().map(|n| ledger.read(n).expect("a row")).collect();
    assert_eq!(rows.len() as u64, lane.gaps.declared());
    assert_eq!(rows.len(), 2);
    let end = rows[0].first;
    assert_eq!((rows[0].end, rows[0].how), (9_000, wire::codes::GapHow::SessionRoll as u8));
    assert_eq!(rows[0].state, shm::ledger::GapState::Abandoned);
    assert!(end > 5_000 && rows[0].ended_ns >= rows[0].declared_ns);
    assert_eq!((rows[1].first, rows[1].end), (24, 30));
    assert_eq!(rows[1].state, shm::ledger::GapState::Open);
    for (row, session) in rows.iter().zip([SESSION, second]) {
        assert_eq!(&row.session[..10], session, "nobody was attached, and yet it is known");
    }
    let totals = ledger.totals();
    assert_eq!((totals.declared, totals.abandoned, totals.healed), (2, 1, 0));
}

#[test]
fn images_are_never_torn_while_the_market_runs() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 1_024);
    let mut memory = day(11, 60_000);
    let images = seats::producer(root.path()).images().expect("images");
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut seen, mut last) = (0u64, [0u64; 9]);
            // Acquire: partner is the store below; then nothing more is written.
            while !done.load(Ordering::Acquire) {
                for index in 1..=8u32 {
                    let mut words = [0; wire::image::IMAGE_WORDS];
                    if images.read(index, &mut words[1..]).is_err() {
                        continue;
                    }
                    let image = Image::from_words(words);
                    assert!(image.sequence >= last[index as usize], "an image goes back");
                    last[index as usize] = image.sequence;
                    assert!(image.bids <= 20 && image.asks <= 20);
                    let bids: Vec<i64> = image.bid_side().map(|(l, _)| l.price).collect();
                    let asks: Vec<i64> = image.ask_side().map(|(l, _)| l.price).collect();
                    assert!(bids.is_sorted_by(|a, b| a > b) && asks.is_sorted_by(|a, b| a < b));
                    // The market of these tests never crosses: halves of two states would.
                    if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
                        assert!(bid < ask);
                        seen += 1;
                    }
                }
                std::thread::sleep(Duration::from_micros(20));
            }
            seen
        });
        play(&mut lane, &mut memory);
        lane.flush_images();
        std::thread::sleep(Duration::from_millis(20));
        // Release: partner is the load above.
        done.store(true, Ordering::Release);
        reader.join().expect("the reader")
    });
    assert!(seen > 0);
}

#[test]
fn an_instance_that_closes_tells_its_consumers() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 1, 1_024);
    let seat = seats::attach(root.path(), 0, Filter::all(ALL), &mut lane);
    let view = seats::view(root.path());
    lane.publisher.outlet.close().expect("closed");
    assert!(!matches!(view.region().observe(), shm::generation::Observed::Ready(_)));
    drop(seat);
    let left: Vec<_> = std::fs::read_dir(root.path()).expect("list").collect();
    assert!(left.is_empty(), "{left:?}");
}
