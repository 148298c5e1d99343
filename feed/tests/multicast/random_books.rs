//! Random books over random rounds with little room: what was said last is the whole truth.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wire::datagram::{Items, TradeItem};
use wire::payload::Level;
use wire::{BookState, Side};

use super::machine::{Rig, id, only, plan};
use super::{NaiveBooks, scaled};

#[derive(Clone, Debug)]
enum Step {
    /// Instrument, side, price, quantity, last of its event.
    Level(u32, bool, i64, i64, bool),
    Trade(u32),
    /// So many datagrams may leave in the next round.
    Round(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u32..4, any::<bool>(), 1i64..30, 0i64..4, prop::bool::weighted(0.8))
            .prop_map(|(index, bid, price, quantity, end)| {
                Step::Level(index, bid, if bid { price } else { 100 + price }, quantity, end)
            }),
        1 => (1u32..4).prop_map(Step::Trade),
        2 => (0usize..40).prop_map(Step::Round),
    ]
}

/// Sides as a listener puts them together.
#[derive(Default)]
struct Listener {
    sides: BTreeMap<(String, bool), Vec<(i64, i64)>>,
    partial: BTreeMap<(String, bool), Vec<(i64, i64)>>,
    trades: BTreeMap<String, Vec<u64>>,
}

impl Listener {
    fn hear(&mut self, all: &[(usize, Vec<u8>)]) {
        for datagram in only(all, |_| true) {
            let symbol = datagram.symbol().to_owned();
            match datagram.items {
                Items::Book(levels) => {
                    let key = (symbol, datagram.is_bid());
                    let side = self.partial.entry(key.clone()).or_default();
                    side.extend(levels.iter().map(|l| (l.price.get(), l.quantity.get())));
                    if datagram.is_last() {
                        let whole = std::mem::take(side);
                        self.sides.insert(key, whole);
                    }
                }
                Items::Trades(items) => {
                    let ids = items.iter().map(|item: &TradeItem| item.trade_id.get());
                    self.trades.entry(symbol).or_default().extend(ids);
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_was_said_last_is_the_book(steps in prop::collection::vec(step(), 1..250), depth in 1usize..12) {
        let mut rig = Rig::new(plan(depth, 256), &["A", "B", "C"]);
        let names = ["A", "B", "C"];
        (1..4).for_each(|index| rig.refresh(index, BookState::Live, &[]));
        let (mut naive, mut listener) = (NaiveBooks::default(), Listener::default());
        let mut wanted_trades = BTreeMap::<String, Vec<u64>>::new();
        let (mut now, mut open) = (1, None);
        let mut step_number = 0;
        for step in steps {
            match step {
                Step::Level(index, bid, price, quantity, end) => {
                    // An event is of one instrument.
                    let index = open.unwrap_or(index);
                    open = if end { None } else { Some(index) };
                    let side = if bid { Side::Bid } else { Side::Ask };
                    rig.level(index, (side, price, quantity), end);
                    let level = Level { price, quantity, ..Level::default() };
                    naive.level(id(index), side, &level);
                }
                Step::Trade(index) => {
                    step_number += 1;
                    rig.trade(index, now, step_number, 1_000);
                    let name = names[index as usize - 1].to_owned();
                    wanted_trades.entry(name).or_default().push(step_number);
                }
                Step::Round(allowance) => {
                    now += 1_000_000;
                    // Trades that came need room; the machine says how many records it can take.
                    listener.hear(&rig.round_of(now, allowance.max(16)));
                }
            }
        }
        if let Some(index) = open {
            rig.level(index, (Side::Bid, 1, 1), true);
            naive.level(id(index), Side::Bid, &Level { price: 1, quantity: 1, ..Level::default() });
        }
        for _ in 0..3 {
            now += 1_000_000;
            listener.hear(&rig.round(now));
        }
        for ((index, is_bid), levels) in naive.sides(depth) {
            let wanted: Vec<_> =
                levels.iter().map(|(p, q)| (scaled(*p, -4), scaled(*q, 0))).collect();
            let key = (names[index as usize - 1].to_owned(), is_bid);
            prop_assert_eq!(listener.sides.get(&key), Some(&wanted), "{:?}", key);
        }
        prop_assert_eq!(listener.trades, wanted_trades);
        prop_assert_eq!(rig.machine.counts().no_room, 0);
    }
}
