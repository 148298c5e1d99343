//! The operations that the peers get, against a naive twin and against our books.

use super::ops::{Kind, Ops};
use super::ours::{Ours, Way};
use book::{L3Limits, NONE, Side};
use std::collections::{BTreeMap, HashMap};
use tools::venue_sim::day::{Spec, generate};

/// Price, then orders with what is left of each, in the order of their arrival.
type Levels = BTreeMap<i64, Vec<(u64, i64)>>;

fn generated() -> Vec<u8> {
    let mut bytes = Vec::new();
    let spec = Spec { seed: 3, messages: 200_000, symbols: 40, first: 150_000 };
    generate(&spec, &mut bytes).unwrap();
    bytes
}

fn twin(ops: &Ops) -> HashMap<(u16, bool), Levels> {
    let mut books: HashMap<(u16, bool), Levels> = HashMap::new();
    for op in &ops.ops {
        let levels = books.entry((op.locate, op.ask)).or_default();
        let queue = levels.entry(op.price).or_default();
        let place = queue.iter().position(|(reference, _)| *reference == op.reference);
        match (op.kind, place) {
            (Kind::Add, None) => queue.push((op.reference, op.quantity)),
            (Kind::Modify, Some(place)) => queue[place].1 = op.quantity,
            (Kind::Delete, Some(place)) => {
                queue.remove(place);
            }
            other => panic!("{other:?}: {op:?}"),
        }
        if queue.is_empty() {
            levels.remove(&op.price);
        }
    }
    books
}

#[test]
fn every_queue_of_every_book_equals_the_naive_twin_in_both_ways() {
    let bytes = generated();
    let ops = Ops::read(&bytes).unwrap();
    let twin = twin(&ops);
    let limits = L3Limits::new(41, 200_000);
    for way in [Way::Ahead, Way::Single] {
        let mut ours = Ours::new(&bytes, (ops.messages, ops.locates), limits, way).unwrap();
        let passed = ours.pass();
        assert_eq!((passed.messages, passed.refused), (ops.messages, 0));
        let mut seen = 0;
        for locate in 1..=ops.locates {
            for (ask, side) in [(false, Side::Bid), (true, Side::Ask)] {
                let empty = Levels::new();
                let levels = twin.get(&(locate, ask)).unwrap_or(&empty);
                let mut wanted: Vec<(i64, u64, i64)> = Vec::new();
                for (price, queue) in levels {
                    wanted
                        .extend(queue.iter().map(|(reference, left)| (*price, *reference, *left)));
                }
                if !ask {
                    wanted.clear();
                    for (price, queue) in levels.iter().rev() {
                        wanted.extend(queue.iter().map(|(r, left)| (*price, *r, *left)));
                    }
                }
                let books = ours.books();
                let orders = books.orders(u32::from(locate), side);
                let got: Vec<_> = orders.map(|o| (o.price, o.reference, o.quantity)).collect();
                assert_eq!(got, wanted, "locate {locate} {side:?}");
                let best = books.best(u32::from(locate));
                let best = if ask { best.ask_price } else { best.bid_price };
                assert_eq!(best, wanted.first().map_or(NONE, |order| order.0));
                seen += got.len();
            }
        }
        assert_eq!(seen, ours.books().live_orders());
        assert!(seen > 1_000, "{seen} orders");
    }
}
