//! hftbacktest: the book in a hash map, and the one in a vector over a range of prices.

use hftbacktest::depth::{
    HashMapMarketDepth, INVALID_MAX, INVALID_MIN, L2MarketDepth, MarketDepth, ROIVectorMarketDepth,
};
use hftbacktest::types::Side;

use super::player::{LevelBook, Quote};
use super::stream::{QUANTITY_DIGITS, Stream, Update};
use crate::harness::CompareError;

/// An update of one side.
pub struct Input {
    price: f64,
    quantity: f64,
    ask: bool,
}

fn tick_size(stream: &Stream) -> f64 {
    stream.of.tick as f64 / 10_f64.powi(stream.of.price_digits as i32)
}

fn lot_size() -> f64 {
    1.0 / 10_f64.powi(QUANTITY_DIGITS as i32)
}

fn input(stream: &Stream, update: Update) -> Input {
    let price = update.tick as f64 * tick_size(stream);
    Input { price, quantity: update.lots as f64 * lot_size(), ask: update.ask }
}

#[inline(always)]
fn apply<D: L2MarketDepth>(depth: &mut D, m: &Input) -> bool {
    if m.ask {
        depth.update_ask_depth(m.price, m.quantity, 0);
    } else {
        depth.update_bid_depth(m.price, m.quantity, 0);
    }
    true
}

#[inline(always)]
fn read<D: MarketDepth>(depth: &D) -> u64 {
    let bid = depth.best_bid_tick() as u64 ^ depth.best_bid_qty().to_bits();
    bid.wrapping_add(depth.best_ask_tick() as u64 ^ depth.best_ask_qty().to_bits())
}

fn quote<D: MarketDepth>(depth: &D) -> Quote {
    let side = |tick: i64, quantity: f64| {
        let none = tick == INVALID_MIN || tick == INVALID_MAX;
        (!none).then(|| (tick, (quantity / lot_size()).round() as i64))
    };
    [
        side(depth.best_bid_tick(), depth.best_bid_qty()),
        side(depth.best_ask_tick(), depth.best_ask_qty()),
    ]
}

/// `HashMapMarketDepth`.
pub struct InHashMap(HashMapMarketDepth);

impl LevelBook for InHashMap {
    const NAME: &'static str = "hftbacktest 0.9.4 HashMap";
    const NOTE: &'static str = "prices and quantities are f64; levels in no order";
    type Input = Input;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        Ok(InHashMap(HashMapMarketDepth::new(tick_size(stream), lot_size())))
    }

    fn input(&self, stream: &Stream, _: usize, update: Update) -> Result<Input, CompareError> {
        Ok(input(stream, update))
    }

    #[inline(always)]
    fn apply(&mut self, m: &Input) -> bool {
        apply(&mut self.0, m)
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        read(&self.0)
    }

    fn quote(&self, _: &Stream) -> Quote {
        quote(&self.0)
    }

    fn reset(&mut self, _: &Stream) -> Result<(), CompareError> {
        self.0.clear_depth(Side::None, 0.0);
        Ok(())
    }
}

/// `ROIVectorMarketDepth` over the range of the whole stream, known beforehand.
pub struct InVector(ROIVectorMarketDepth);

impl LevelBook for InVector {
    const NAME: &'static str = "hftbacktest 0.9.4 ROIVector";
    const NOTE: &'static str =
        "f64; told the range of the whole recording beforehand, ignores prices outside it";
    type Input = Input;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        let size = tick_size(stream);
        let [low, high] = stream.ticks.map(|tick| tick as f64 * size);
        Ok(InVector(ROIVectorMarketDepth::new(size, lot_size(), low, high)))
    }

    fn input(&self, stream: &Stream, _: usize, update: Update) -> Result<Input, CompareError> {
        Ok(input(stream, update))
    }

    #[inline(always)]
    fn apply(&mut self, m: &Input) -> bool {
        apply(&mut self.0, m)
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        read(&self.0)
    }

    fn quote(&self, _: &Stream) -> Quote {
        quote(&self.0)
    }

    fn reset(&mut self, _: &Stream) -> Result<(), CompareError> {
        self.0.clear_depth(Side::None, 0.0);
        Ok(())
    }
}
