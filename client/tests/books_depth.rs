//! Books of limited depth: what is shown is the true front of the book, whatever happens beyond.

mod common;

use client::books::{BookSpec, Inconsistency};
use client::{BookSet, Books, Client, Policy};
use common::naive::{Naive, Op};
use common::*;
use proptest::prelude::*;
use wire::{Class, Side};

fn op() -> impl Strategy<Value = Op> {
    (1_u32..3, 0_u8..10, any::<bool>(), any::<u8>(), any::<u8>(), any::<u8>()).prop_map(
        |(instrument, what, side, price, quantity, pick)| Op {
            instrument,
            what,
            side,
            price,
            quantity,
            pick,
        },
    )
}

/// The consumer's levels are the first ones of the naive book, and an end that is not the book's
/// is never shown as one.
fn check(naive: &Naive, books: &Books, index: u32) -> Result<usize, TestCaseError> {
    let mut shown = 0;
    for side in [Side::Bid, Side::Ask] {
        let ours = naive.levels(index, side);
        let ours: Vec<_> =
            ours.iter().map(|l| (l.price, l.quantity(), l.orders.len() as u32)).collect();
        let theirs: Vec<_> =
            books.levels(id(index), side).map(|l| (l.price, l.quantity, l.orders)).collect();
        prop_assert!(ours.starts_with(&theirs), "{:?} is not the front of {:?}", theirs, ours);
        if books.complete(id(index)) {
            prop_assert_eq!(theirs.is_empty(), ours.is_empty());
        }
        if let Some(orders) = books.orders(id(index), side) {
            let theirs: Vec<_> = orders.map(|o| o.reference).collect();
            let levels = naive.levels(index, side);
            let ours: Vec<_> = levels.iter().flat_map(|l| l.orders.iter().map(|o| o.0)).collect();
            prop_assert!(ours.starts_with(&theirs));
        }
        shown += theirs.len();
    }
    Ok(shown)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_front_of_the_book_is_true(
        orders in any::<bool>(),
        depth in 1_u16..4,
        before in prop::collection::vec(op(), 0..120),
        after in prop::collection::vec(op(), 1..120),
    ) {
        let root = root();
        let mut handler = Handler::start(root.path(), "test", &Shape::default());
        let classes = if orders { Class::Orders.bit() } else { Class::Levels.bit() };
        let mut attach = spec(root.path(), classes, Policy::Lose);
        attach.filter.depth = depth;
        let mut client = Client::attach(attach).expect("a client");
        let mut books = BookSet::new(BookSpec::default());
        before.into_iter().for_each(|op| handler.lanes[0].op(op));
        join(&mut handler, &mut client, |event| books.on(event));
        let mut settle = |handler: &mut Handler, books: &mut BookSet| {
            for _ in 0..20 {
                handler.lanes[0].end_poll(true);
                while client.poll(|event| books.on(&event)) > 0 {}
            }
        };
        settle(&mut handler, &mut books);
        for index in 1..3 {
            let shown = check(&handler.lanes[0].naive, books.lane(0).expect("books"), index)?;
            let naive = &handler.lanes[0].naive;
            let have = |side| naive.levels(index, side).len().min(usize::from(depth));
            prop_assert_eq!(shown, have(Side::Bid) + have(Side::Ask));
        }
        for op in after {
            handler.lanes[0].op(op);
            settle(&mut handler, &mut books);
            for index in 1..3 {
                check(&handler.lanes[0].naive, books.lane(0).expect("books"), index)?;
            }
        }
        let counts = books.lane(0).expect("books").counts();
        prop_assert_eq!(counts.total(), counts.of(Inconsistency::DepthExhausted));
    }
}
