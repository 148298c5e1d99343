//! Once the instruments are known, nothing on the way of a record may allocate: counted by the
//! allocator.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use common::feed::{Count, Feed};
use features::engine::{Engine, EngineSpec};
use features::instrument::Sizes;
use wire::Side;
use wire::payload::Trade;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is passed on to the system allocator unchanged; counting has no effect on it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Relaxed: read by the same thread only.
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, so from `System`, with the same layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// More than any window has room for, with gaps, seconds and trades.
fn churn(engine: &mut Engine, sink: &mut Count, feed: &mut Feed) {
    for round in 0..40_000_i64 {
        feed.now += if round % 500 == 0 { 1_500_000_000 } else { 40_000 };
        let index = 1 + (round % 4) as u32;
        let side = if round % 3 == 0 { Side::Bid } else { Side::Ask };
        // Spread out, so that the best prices change all the time.
        let away = ((round * 2_654_435_761) >> 16) % 12;
        let price = if side == Side::Bid { 1_000 - away } else { 1_001 + away };
        feed.levels(
            engine,
            sink,
            index,
            &[(side, price, 1 + round % 9), (side, price, (round >> 2) % 5)],
        );
        if round % 3 == 0 {
            let aggressor = (round % 2) as u8;
            let quantity = 1 + round % 11;
            feed.trade(
                engine,
                sink,
                index,
                Trade { price, quantity, aggressor, ..Trade::default() },
            );
        }
        if round % 10_000 == 0 {
            feed.gap_begin(engine, sink);
            feed.gap_end(engine, sink);
            feed.refresh(engine, sink, 1, &[(1_000, 5)], &[(1_001, 5)]);
            feed.heartbeat(engine, sink);
        }
    }
}

#[test]
fn a_record_takes_no_memory() {
    // Windows so small that they overflow all the time.
    let sizes = Sizes { quotes: 64, lagged: 32, spreads: 32, trades: 64 };
    let spec = EngineSpec { instruments: 4, sizes, ..EngineSpec::default() };
    let (mut engine, mut sink) = (Engine::new(spec), Count::default());
    let mut feed = Feed::start(&mut engine, &mut sink, 4);
    // The client takes the memory of a book with its first level.
    for index in 1..=4 {
        feed.levels(&mut engine, &mut sink, index, &[(Side::Bid, 1, 1), (Side::Bid, 1, 0)]);
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    churn(&mut engine, &mut sink, &mut feed);
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert_eq!(after - before, 0);
    let totals = engine.totals();
    assert!(totals.outputs_total() > 70_000 && sink.0 != 0, "{totals:?}");
    // The counter counts.
    drop(std::hint::black_box(vec![1_u8; 64]));
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > after);
}
