//! Random streams of valid and invalid events, compared with the naive twin after every event.

mod naive;

use book::{BookError, HashIndex, L3Limits, OrderIndex, PagedIndex, Side};
use naive::drive::{Event, Pair};
use proptest::prelude::*;

const LIMITS: L3Limits = L3Limits {
    instruments: 3,
    orders: 120,
    levels: 90,
    min_price: -5,
    max_price: 60,
    reference_max: 400,
    pages: 0,
};

fn reference() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0..60_u64, 10 => 0..400_u64, 1 => 399..403_u64, 1 => Just(u64::MAX)]
}

fn price() -> impl Strategy<Value = i64> {
    prop_oneof![30 => -6..62_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

fn quantity() -> impl Strategy<Value = i64> {
    prop_oneof![40 => 1..40_i64, 1 => Just(0_i64), 1 => -3..0_i64,
        1 => Just(i64::MAX), 1 => Just(i64::MAX - 20), 1 => Just(i64::MIN)]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Ask)]
}

fn event() -> impl Strategy<Value = Event> {
    let instrument = || prop_oneof![12 => Just(0_u32), 6 => 1..3_u32, 1 => 3..5_u32];
    prop_oneof![
        50 => (instrument(), reference(), side(), price(), quantity()).prop_map(
            |(instrument, reference, side, price, quantity)| {
                Event::Add { instrument, reference, side, price, quantity }
            }),
        10 => (instrument(), reference(), quantity()).prop_map(
            |(instrument, reference, quantity)| {
                Event::Execute { instrument, reference, quantity }
            }),
        5 => (instrument(), reference(), quantity()).prop_map(
            |(instrument, reference, quantity)| {
                Event::Reduce { instrument, reference, quantity }
            }),
        20 => (instrument(), reference()).prop_map(
            |(instrument, reference)| Event::Delete { instrument, reference }),
        20 => (instrument(), reference(), reference(), price(), quantity()).prop_map(
            |(instrument, old, new, price, quantity)| {
                Event::Replace { instrument, old, new, price, quantity }
            }),
        10 => (instrument(), reference(), price(), quantity(), any::<bool>()).prop_map(
            |(instrument, reference, price, quantity, keep)| {
                Event::Modify { instrument, reference, price, quantity, keep }
            }),
        1 => instrument().prop_map(|instrument| Event::Clear { instrument }),
    ]
}

fn run<I: OrderIndex>(limits: L3Limits, paged: bool, events: &[Event]) {
    let mut pair = Pair::<I>::new(limits, paged);
    for event in events {
        let _counted = pair.apply(*event);
        pair.compare_all();
    }
    pair.books.clear_all();
    assert_eq!((pair.books.live_orders(), pair.books.live_levels()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn paged_books_equal_the_naive_twin(events in prop::collection::vec(event(), 1..400)) {
        run::<PagedIndex>(LIMITS, true, &events);
    }

    #[test]
    fn paged_books_with_few_pages_equal_the_naive_twin(
        events in prop::collection::vec(event(), 1..300)
    ) {
        run::<PagedIndex>(L3Limits { pages: 6, ..LIMITS }, true, &events);
    }

    #[test]
    fn hash_books_equal_the_naive_twin(events in prop::collection::vec(event(), 1..400)) {
        run::<HashIndex>(LIMITS, false, &events);
    }

    #[test]
    fn books_with_little_room_equal_the_naive_twin(
        events in prop::collection::vec(event(), 1..300)
    ) {
        run::<HashIndex>(L3Limits { orders: 25, levels: 19, ..LIMITS }, false, &events);
    }

    #[test]
    fn extreme_prices_sort_like_any_other(
        prices in prop::collection::vec(
            prop_oneof![any::<i64>(), -20..20_i64, i64::MAX - 20..=i64::MAX,
                i64::MIN..i64::MIN + 20], 1..200)
    ) {
        let mut pair = Pair::<HashIndex>::new(L3Limits::new(1, 400), false);
        for (number, price) in prices.into_iter().enumerate() {
            for side in [Side::Bid, Side::Ask] {
                let reference = (number * 2 + side as usize) as u64;
                let event = Event::Add { instrument: 0, reference, side, price, quantity: 1 };
                let extreme = price == i64::MIN || price == i64::MAX;
                let expected = if extreme { Err(BookError::AbsurdPrice) } else { Ok(()) };
                prop_assert_eq!(pair.apply(event), expected);
            }
        }
        pair.compare(0);
    }
}
