//! The matching engine against a twin that sorts a plain list for every decision.

use proptest::prelude::*;
use protocol::venue::nasdaq::codes::{CrossType, ImbalanceSide, Side};
use tools::venue_sim::{AuctionOrder, Display, Engine, Event, Handle, Order};

/// An order of the twin; its place in the list is its time.
#[derive(Clone, Copy, Debug)]
struct Plain {
    reference: u64,
    side: Side,
    shares: u32,
    price: u32,
    reserve: u32,
    hidden: bool,
    attribution: Option<[u8; 4]>,
}

/// All resting orders of one instrument, in order of arrival.
#[derive(Default)]
struct Twin {
    orders: Vec<Plain>,
    references: u64,
    matches: u64,
    call: bool,
}

/// Whether price `a` is at least as good as `b` for who meets an order of this side.
fn at_least(side: Side, a: u32, b: u32) -> bool {
    if side == Side::Buy { a >= b } else { a <= b }
}

impl Twin {
    /// Every resting order in the sequence in which an incoming one would meet it.
    fn met_by(&self, order: &Order) -> Option<(usize, bool)> {
        let facing = |o: &&(usize, Plain)| o.1.side != order.side;
        let all: Vec<(usize, Plain)> = self.orders.iter().copied().enumerate().collect();
        let signed = |o: &Plain, price: u32| match o.side {
            Side::Buy => -i64::from(price),
            Side::Sell => i64::from(price),
        };
        let shown = all
            .iter()
            .filter(facing)
            .filter(|o| at_least(o.1.side, o.1.price, order.price))
            .min_by_key(|o| (signed(&o.1, o.1.price), o.1.hidden, o.0));
        if let Some((index, _)) = shown {
            return Some((*index, false));
        }
        let stepping = all
            .iter()
            .filter(facing)
            .filter(|o| o.1.reserve != o.1.price && at_least(o.1.side, o.1.reserve, order.price))
            .min_by_key(|o| (signed(&o.1, o.1.reserve), o.1.reference));
        stepping.map(|(index, _)| (*index, true))
    }

    fn submit(&mut self, order: &Order) -> Vec<Event> {
        let mut events = vec![];
        let mut left = order.shares;
        while !self.call && left > 0 {
            let Some((index, stepped)) = self.met_by(order) else { break };
            let resting = &mut self.orders[index];
            let shares = left.min(resting.shares);
            let reference = resting.reference;
            self.matches += 1;
            let match_number = self.matches;
            events.push(if stepped {
                let price = order.price;
                Event::ExecutedAt { reference, shares, match_number, price, printable: true }
            } else if resting.hidden {
                Event::Traded { shares, price: resting.price, match_number }
            } else {
                Event::Executed { reference, shares, match_number }
            });
            left -= shares;
            resting.shares -= shares;
            self.orders.retain(|o| o.shares > 0);
        }
        if left == 0 || order.display == Display::Immediate {
            return events;
        }
        self.references += 1;
        let (reference, side, price) = (self.references, order.side, order.price);
        let (hidden, reserve, attribution) = match order.display {
            Display::Shown { attribution, reserve } => {
                events.push(Event::Added { reference, side, shares: left, price, attribution });
                (false, reserve, attribution)
            }
            _ => (true, price, None),
        };
        let shares = left;
        self.orders.push(Plain { reference, side, shares, price, reserve, hidden, attribution });
        events
    }

    fn replace(&mut self, reference: u64, shares: u32, price: u32) -> Vec<Event> {
        let Some(at) = self.orders.iter().position(|o| o.reference == reference && !o.hidden)
        else {
            return vec![];
        };
        let old = self.orders[at];
        let display = Display::Shown { attribution: old.attribution, reserve: price };
        let order = Order { instrument: 0, side: old.side, shares, price, display };
        if !self.call && self.met_by(&order).is_some() {
            self.orders.remove(at);
            let mut events = vec![Event::Deleted { reference }];
            events.extend(self.submit(&order));
            return events;
        }
        self.orders.remove(at);
        self.references += 1;
        let new = Plain { reference: self.references, shares, price, reserve: price, ..old };
        self.orders.push(new);
        vec![Event::Replaced { original: reference, reference: self.references, shares, price }]
    }
}

/// What to do next; orders are named by their age among all that ever rested.
#[derive(Clone, Debug)]
enum Act {
    Submit(Order),
    Delete(usize),
    Reduce(usize, u32),
    Replace(usize, u32, u32),
    Call,
    Uncross,
}

fn side() -> impl Strategy<Value = Side> {
    prop::sample::select(vec![Side::Buy, Side::Sell])
}

fn order() -> impl Strategy<Value = Order> {
    let display = prop_oneof![6 => Just(0_u8), 2 => Just(1), 2 => Just(2), 2 => Just(3)];
    (side(), 1_u32..20, 1_u32..12, display).prop_map(|(side, shares, price, display)| {
        let better = if side == Side::Buy { price + 2 } else { price.saturating_sub(2).max(1) };
        let display = match display {
            0 => Display::Shown { attribution: None, reserve: price },
            1 => Display::Shown { attribution: Some(*b"SIMA"), reserve: better },
            2 => Display::Hidden,
            _ => Display::Immediate,
        };
        Order { instrument: 0, side, shares, price, display }
    })
}

fn act(with_calls: bool) -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => order().prop_map(Act::Submit),
        2 => (0_usize..40).prop_map(Act::Delete),
        2 => (0_usize..40, 0_u32..20).prop_map(|(n, shares)| Act::Reduce(n, shares)),
        2 => (0_usize..40, 1_u32..20, 1_u32..12).prop_map(|(n, s, p)| Act::Replace(n, s, p)),
        u32::from(with_calls) => Just(Act::Call),
        u32::from(with_calls) => Just(Act::Uncross),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The same events in the same order, for anything.
    #[test]
    fn engine_equals_its_twin(acts in prop::collection::vec(act(false), 1..120)) {
        let (mut engine, mut twin) = (Engine::new(1), Twin::default());
        let mut handles: Vec<Handle> = vec![];
        for act in acts {
            let mut events = vec![];
            let expected = match act {
                Act::Submit(order) => {
                    handles.extend(engine.submit(&order, &mut events));
                    twin.submit(&order)
                }
                Act::Delete(n) => {
                    let Some(handle) = handles.get(n).copied() else { continue };
                    let there = engine.delete(handle, &mut events);
                    let at = twin.orders.iter().position(|o| o.reference == handle.reference);
                    prop_assert_eq!(there, at.is_some());
                    match at.map(|at| twin.orders.remove(at)) {
                        Some(gone) if gone.hidden => vec![],
                        Some(Plain { reference, .. }) => vec![Event::Deleted { reference }],
                        None => vec![],
                    }
                }
                Act::Reduce(n, shares) => {
                    let Some(handle) = handles.get(n).copied() else { continue };
                    let done = engine.reduce(handle, shares, &mut events);
                    let reference = handle.reference;
                    let found = twin.orders.iter_mut().find(|o| o.reference == reference);
                    match found.filter(|o| shares > 0 && shares < o.shares) {
                        Some(order) => {
                            prop_assert!(done);
                            order.shares -= shares;
                            let event = Event::Reduced { reference, shares };
                            if order.hidden { vec![] } else { vec![event] }
                        }
                        None => {
                            prop_assert!(!done);
                            vec![]
                        }
                    }
                }
                Act::Replace(n, shares, price) => {
                    let Some(handle) = handles.get(n).copied() else { continue };
                    handles.extend(engine.replace(handle, shares, price, &mut events));
                    twin.replace(handle.reference, shares, price)
                }
                Act::Call | Act::Uncross => continue,
            };
            prop_assert_eq!(events, expected);
            let shown = twin.orders.iter().filter(|o| !o.hidden);
            prop_assert_eq!(engine.live_orders(), shown.clone().count() as u64);
            let bid = shown.clone().filter(|o| o.side == Side::Buy).map(|o| o.price).max();
            let ask = shown.filter(|o| o.side == Side::Sell).map(|o| o.price).min();
            prop_assert_eq!((engine.best(0, Side::Buy), engine.best(0, Side::Sell)), (bid, ask));
            prop_assert!(bid.zip(ask).is_none_or(|(bid, ask)| bid < ask), "crossed");
        }
    }

    /// An auction pairs off as much as any single price can, at the limit with the least left
    /// over, fills nobody at a worse price than asked, and leaves no crossed book.
    #[test]
    fn auction_is_the_best_single_price(
        orders in prop::collection::vec(order(), 0..40),
        only in prop::collection::vec((side(), 1_u32..30, prop::option::of(1_u32..12)), 0..8),
        reference in 1_u32..14,
    ) {
        let mut engine = Engine::new(1);
        engine.call(0);
        let mut all: Vec<(Side, u32, Option<u32>)> = vec![];
        let mut limits = std::collections::HashMap::new();
        for order in &orders {
            let mut events = vec![];
            if let Some(handle) = engine.submit(order, &mut events) {
                all.push((order.side, order.shares, Some(order.price)));
                limits.insert(handle.reference, (order.side, order.price));
            }
        }
        for (side, shares, limit) in only {
            engine.enter_auction(0, AuctionOrder { side, shares, limit });
            all.push((side, shares, limit));
        }
        let volume = |side: Side, price: u32| -> u64 {
            let takes = |limit: Option<u32>| limit.is_none_or(|limit| at_least(side, limit, price));
            let some = all.iter().filter(|o| o.0 == side && takes(o.2));
            some.map(|o| u64::from(o.1)).sum()
        };
        let outcome = |price| {
            let (buys, sells) = (volume(Side::Buy, price), volume(Side::Sell, price));
            (buys.min(sells), buys.abs_diff(sells))
        };
        let most = (1..=14).map(|price| outcome(price).0).max().unwrap_or(0);
        let indicated = engine.indicate(0, reference);
        let mut events = vec![];
        let result = engine.uncross(0, reference, CrossType::HaltedOrPaused, &mut events);
        prop_assert_eq!(indicated, result, "what was indicated is what happens");
        prop_assert_eq!(result.paired, most);
        if result.paired > 0 {
            prop_assert_eq!(outcome(result.price), (result.paired, result.imbalance));
            let mut prices: Vec<u32> = all.iter().filter_map(|order| order.2).collect();
            prices.push(reference);
            prop_assert!(prices.contains(&result.price), "nobody's price");
            let least = prices.into_iter().map(outcome).filter(|o| o.0 == most).map(|o| o.1).min();
            prop_assert_eq!(Some(result.imbalance), least);
        } else {
            prop_assert_eq!(result.direction, ImbalanceSide::InsufficientOrders);
        }
        for event in &events {
            if let Event::ExecutedAt { reference, price, printable, .. } = event {
                let (side, limit) = limits[reference];
                prop_assert!(at_least(side, limit, *price), "worse than asked");
                prop_assert!(!printable, "the cross prints these shares");
            }
        }
        let crossed = match events.last() {
            Some(Event::Crossed { shares, .. }) => Some(*shares),
            _ => None,
        };
        prop_assert_eq!(crossed, Some(most));
        let best = (engine.best(0, Side::Buy), engine.best(0, Side::Sell));
        prop_assert!(best.0.zip(best.1).is_none_or(|(bid, ask)| bid < ask), "still crossed");
    }

    /// Halts and auctions in between: no trading book is crossed, and nothing is executed in a
    /// call phase.
    #[test]
    fn call_phases_do_not_match(acts in prop::collection::vec(act(true), 1..120)) {
        let mut engine = Engine::new(1);
        let (mut handles, mut call) = (vec![], false);
        for act in acts {
            let mut events = vec![];
            match act {
                Act::Submit(order) => handles.extend(engine.submit(&order, &mut events)),
                Act::Delete(n) => {
                    handles.get(n).map(|handle| engine.delete(*handle, &mut events));
                }
                Act::Reduce(n, shares) => {
                    handles.get(n).map(|handle| engine.reduce(*handle, shares, &mut events));
                }
                Act::Replace(n, shares, price) => {
                    let new = handles.get(n).copied();
                    handles.extend(new.and_then(|h| engine.replace(h, shares, price, &mut events)));
                }
                Act::Call => {
                    engine.call(0);
                    call = true;
                }
                Act::Uncross => {
                    engine.uncross(0, 6, CrossType::HaltedOrPaused, &mut events);
                    call = false;
                }
            }
            if call {
                let quiet = events.iter().all(|event| matches!(
                    event,
                    Event::Added { .. } | Event::Deleted { .. } | Event::Reduced { .. }
                        | Event::Replaced { .. }
                ));
                prop_assert!(quiet, "{:?}", events);
            } else {
                let best = (engine.best(0, Side::Buy), engine.best(0, Side::Sell));
                prop_assert!(best.0.zip(best.1).is_none_or(|(bid, ask)| bid < ask), "crossed");
            }
        }
    }
}
