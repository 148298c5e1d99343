//! After books are built, nothing on the way of an event may allocate: counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "naive/random.rs"]
mod random;

use book::{HashIndex, L2Book, L3Books, L3Limits, OrderIndex, PagedIndex, Side};
use random::Random;

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

fn churn<I: OrderIndex>(books: &mut L3Books<I>, random: &mut Random) -> i64 {
    let mut seen = 0;
    for reference in 1..200_000_u64 {
        let instrument = (reference % 2) as u32;
        let side = if random.one_in(2) { Side::Bid } else { Side::Ask };
        let price = random.below(900) as i64;
        let _counted = books.add(instrument, reference, side, price, 50);
        let old = reference.saturating_sub(random.below(3_000));
        let instrument = (old % 2) as u32;
        let _counted = match random.below(5) {
            0 => books.execute(instrument, old, 20).map(|_| ()),
            1 => books.reduce(instrument, old, 60).map(|_| ()),
            2 => books.replace(instrument, old, old + 500_000 * 2, price, 10).map(|_| ()),
            3 => books.modify(instrument, old, price + 1, 10, true).map(|_| ()),
            _ => books.delete(instrument, old).map(|_| ()),
        };
        if reference % 1_000 == 0 {
            seen += books.levels(0, Side::Bid).map(|level| level.quantity).sum::<i64>();
            seen += books.orders(1, Side::Ask).map(|order| order.quantity).sum::<i64>();
            seen += books.queue_position(1, reference).map_or(0, |place| place.quantity_ahead);
            seen += books.best(0).bid_qty;
        }
        if reference % 50_000 == 0 {
            books.clear(0);
        }
    }
    books.clear_all();
    seen
}

#[test]
fn books_never_allocate_after_they_are_built() {
    let limits = L3Limits { reference_max: 2_000_000, ..L3Limits::new(2, 150_000) };
    let mut paged = L3Books::<PagedIndex>::new(limits).unwrap();
    let mut hash = L3Books::<HashIndex>::new(limits).unwrap();
    let mut levels = L2Book::new(2_000).unwrap();
    let mut random = Random(7);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    assert!(before > 0, "the allocator does not count");
    let mut seen = churn(&mut paged, &mut random) + churn(&mut hash, &mut random);
    for _ in 0..200_000 {
        let side = if random.one_in(2) { Side::Bid } else { Side::Ask };
        let price = random.below(3_000) as i64;
        let quantity = if random.one_in(2) { 0 } else { 5 };
        seen += levels.set(side, price, quantity, 1).map_or(0, |change| change.quantity);
    }
    seen += levels.levels(Side::Bid).map(|level| level.quantity).sum::<i64>();
    levels.truncate(Side::Ask, 10);
    levels.clear();
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert!(seen > 0);
    assert_eq!(after - before, 0);
}
