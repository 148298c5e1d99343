//! The level book against two `BTreeMap`s, and against a recorded order book.

use std::collections::BTreeMap;

use book::{BookError, L2Book, Level, Side};
use proptest::prelude::*;

#[derive(Default)]
struct Maps([BTreeMap<i64, (i64, u32)>; 2]);

impl Maps {
    fn levels(&self, side: Side) -> Vec<Level> {
        let view = |(price, (quantity, orders)): (&i64, &(i64, u32))| Level {
            price: *price,
            quantity: *quantity,
            orders: *orders,
        };
        let levels = self.0[side as usize].iter().map(view);
        if side == Side::Bid { levels.rev().collect() } else { levels.collect() }
    }

    fn position(&self, side: Side, price: i64) -> u32 {
        let better = |level: &&Level| match side {
            Side::Bid => level.price > price,
            Side::Ask => level.price < price,
        };
        self.levels(side).iter().filter(better).count() as u32 + 1
    }

    fn position_of(&self, side: Side, price: i64) -> u32 {
        let known = self.0[side as usize].contains_key(&price);
        if known { self.position(side, price) } else { 0 }
    }

    fn total(&self) -> usize {
        self.0[0].len() + self.0[1].len()
    }
}

type Step = (bool, i64, i64, u32);

fn run(limit: u32, steps: &[Step]) {
    run_in(L2Book::new(limit).unwrap(), limit, steps);
}

/// Plays the steps into the book and into two maps; `update` and `set` take turns.
fn run_in(mut book: L2Book, limit: u32, steps: &[Step]) {
    let mut maps = Maps::default();
    for (count, &(ask, price, quantity, orders)) in steps.iter().enumerate() {
        let side = if ask { Side::Ask } else { Side::Bid };
        let known = maps.0[side as usize].contains_key(&price);
        let expected = if quantity < 0 {
            Err(BookError::NegativeQuantity)
        } else if price == i64::MIN || price == i64::MAX {
            Err(BookError::AbsurdPrice)
        } else if quantity > 0 && !known && maps.total() >= limit as usize {
            Err(BookError::LevelTableFull)
        } else if quantity > 0 {
            maps.0[side as usize].insert(price, (quantity, orders));
            Ok((price, quantity, orders, maps.position(side, price)))
        } else {
            let gone = maps.0[side as usize].remove(&price).is_some();
            Ok((price, 0, 0, if gone { maps.position(side, price) } else { 0 }))
        };
        if count % 5 < 2 {
            let before = maps.levels(side).first().copied();
            let best = book.update(side, price, quantity, orders);
            assert_eq!(best, expected.map(|(.., position)| position == 1), "best of {before:?}");
        } else {
            let change = book.set(side, price, quantity, orders);
            assert_eq!(change.map(|c| (c.price, c.quantity, c.orders, c.position)), expected);
        }
        if count % 11 == 0 {
            assert_eq!(book.position_of(side, price), maps.position_of(side, price));
        }
        let level = maps.0[side as usize].get(&price);
        let level = level.map(|&(quantity, orders)| Level { price, quantity, orders });
        assert_eq!(book.at_price(side, price), level);
        if count % 7 == 0 || count + 1 == steps.len() {
            compare(&book, &maps);
        }
    }
    for depth in [20, 16, 3, 0] {
        let had = book.depth(Side::Ask);
        assert_eq!(book.truncate(Side::Ask, depth), had.saturating_sub(depth));
        let kept: Vec<_> = book.levels(Side::Ask).collect();
        let all = maps.levels(Side::Ask);
        assert_eq!(kept, all[..depth.min(all.len())]);
    }
    assert_eq!(book.levels(Side::Bid).collect::<Vec<_>>(), maps.levels(Side::Bid));
    book.clear();
    assert_eq!((book.depth(Side::Bid), book.best()), (0, book::Top::EMPTY));
}

fn compare(book: &L2Book, maps: &Maps) {
    for side in [Side::Bid, Side::Ask] {
        let expected = maps.levels(side);
        assert_eq!(book.depth(side), expected.len());
        assert_eq!(book.levels(side).collect::<Vec<_>>(), expected);
        for nth in [0, 1, 7, expected.len() / 2, expected.len().wrapping_sub(1), expected.len()] {
            assert_eq!(book.level(side, nth), expected.get(nth).copied());
        }
        let best = expected.first();
        let top = book.best();
        let (price, quantity) = match side {
            Side::Bid => (top.bid_price, top.bid_qty),
            Side::Ask => (top.ask_price, top.ask_qty),
        };
        assert_eq!(price, best.map_or(i64::MIN, |level| level.price));
        assert_eq!(quantity, best.map_or(0, |level| level.quantity));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn level_book_equals_two_maps(
        limit in prop_oneof![Just(40_u32), Just(2_000_u32)],
        steps in prop::collection::vec(
            (any::<bool>(),
             prop_oneof![10 => -40..300_i64, 1 => any::<i64>(), 1 => Just(i64::MAX),
                1 => Just(i64::MIN)],
             prop_oneof![6 => 1..1_000_i64, 4 => Just(0_i64), 1 => any::<i64>()],
             prop_oneof![1..9_u32, Just(u32::MAX)]),
            1..900)
    ) {
        run(limit, &steps);
    }

    /// Sides thousands of levels deep, filled and emptied from both ends and from the middle.
    #[test]
    fn deep_level_book_equals_two_maps(seed in any::<u64>(), step in 1..700_i64) {
        let mut steps = Vec::new();
        let at = |n: i64| (n * step) % 1_409 - 200;
        for n in 0..1_409 {
            steps.push((seed & 1 == 0, at(n), n + 1, 1));
        }
        let from = (seed >> 1) as i64 % 1_409;
        for n in 0..1_409 {
            let price = match seed >> 60 & 3 {
                0 => n - 200,
                1 => 1_208 - n,
                2 => at(n + from),
                _ => (n * 7 + from) % 1_409 - 200,
            };
            steps.push((seed & 1 == 0, price, 0, 0));
            if n % 3 == 0 {
                steps.push((seed & 1 == 0, price + 1, n + 1, 2));
            }
        }
        run(3_000, &steps);
    }

    /// Prices of a real market's scatter: near a touch that wanders, from a cent to half a million
    /// dollars, off the tick, negative, and where 64-bit numbers end; books told a tick, told a wrong
    /// one, or told none; few enough pages that levels move between pages and the tree.
    #[test]
    fn scattered_level_book_equals_two_maps(
        limit in prop_oneof![Just(40_u32), Just(300), Just(5_000)],
        tick in prop_oneof![Just(1_i64), Just(10), Just(100), Just(7), Just(1 << 40)],
        told in prop_oneof![Just(None), Just(Some(1_i64)), Just(Some(100)), Just(Some(i64::MAX))],
        steps in prop::collection::vec(
            (any::<bool>(), 0..9_u8, -60..60_i64, 1..50_000_000_i64,
             prop_oneof![5 => 1..1_000_i64, 5 => Just(0_i64)], prop_oneof![1..9_u32, Just(u32::MAX)]),
            1..900)
    ) {
        let mut touch = 618_000;
        let steps: Vec<Step> = steps.into_iter().map(|(ask, kind, near, far, quantity, orders)| {
            touch += near / 20;
            let price = match kind {
                0..=4 => (touch + near).wrapping_mul(tick),
                5 => far.wrapping_mul(tick),
                6 => far,
                7 => -far,
                _ => i64::MAX - 1 - near.abs(),
            };
            (ask, price, quantity, orders)
        }).collect();
        let book = match told {
            None => L2Book::new(limit).unwrap(),
            Some(1) => L2Book::with_tick(limit, tick).unwrap(),
            Some(tick) => L2Book::with_tick(limit, tick).unwrap(),
        };
        run_in(book, limit, &steps);
    }

    /// A book that is cleared and filled anew, as a snapshot does it, says nothing of the old one.
    #[test]
    fn a_snapshot_replaces_the_book(
        snapshots in prop::collection::vec(
            (-300_000..300_000_i64, 1..300_i64,
             prop::collection::vec((any::<bool>(), 0..200_i64, 1..9_i64), 0..120)), 1..8)
    ) {
        let mut book = L2Book::new(130).unwrap();
        for (first, step, levels) in snapshots {
            book.clear();
            let mut maps = Maps::default();
            for (ask, at, quantity) in levels {
                let side = if ask { Side::Ask } else { Side::Bid };
                let price = first + at * step;
                maps.0[side as usize].insert(price, (quantity, 1));
                prop_assert!(book.set(side, price, quantity, 1).is_ok());
            }
            compare(&book, &maps);
        }
    }
}
