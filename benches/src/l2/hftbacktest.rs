//! hftbacktest: the book in a hash map, and the one in a vector over a range of prices.

use hftbacktest::depth::{
    HashMapMarketDepth, INVALID_MAX, INVALID_MIN, L2MarketDepth, MarketDepth, ROIVectorMarketDepth,
};
use hftbacktest::types::Side;

use super::player::{LevelBook, Quote};
use super::stream::{PRICE_DIGITS, QUANTITY_DIGITS, Stream};
use crate::data::LevelUpdate;
use crate::harness::CompareError;

/// An update of one side.
pub struct Input {
    price: f64,
    quantity: f64,
    ask: bool,
}

fn tick_size(stream: &Stream) -> f64 {
    stream.tick as f64 / 10_f64.powi(PRICE_DIGITS as i32)
}

fn lot_size() -> f64 {
    1.0 / 10_f64.powi(QUANTITY_DIGITS as i32)
}

fn input(stream: &Stream, update: LevelUpdate) -> Input {
    let price = update.price as f64 * tick_size(stream);
    Input { price, quantity: update.quantity as f64 * lot_size(), ask: update.is_ask }
}

/// A book of theirs: how it is made.
pub trait Depth: MarketDepth + L2MarketDepth + Sized {
    /// What the table calls it.
    const NAME: &'static str;
    /// What it does not do that ours does, or needs.
    const NOTE: &'static str;
    /// An empty one.
    fn empty(stream: &Stream) -> Self;
}

impl Depth for HashMapMarketDepth {
    const NAME: &'static str = "hftbacktest 0.9.4 HashMap";
    const NOTE: &'static str = "prices and quantities are f64; levels in no order";

    fn empty(stream: &Stream) -> Self {
        HashMapMarketDepth::new(tick_size(stream), lot_size())
    }
}

/// Over the range of the whole stream, known beforehand.
impl Depth for ROIVectorMarketDepth {
    const NAME: &'static str = "hftbacktest 0.9.4 ROIVector";
    const NOTE: &'static str =
        "f64; told the range of the whole recording beforehand, ignores prices outside it";

    fn empty(stream: &Stream) -> Self {
        let size = tick_size(stream);
        let [low, high] = stream.ticks.map(|tick| tick as f64 * size);
        ROIVectorMarketDepth::new(size, lot_size(), low, high)
    }
}

/// One of their books.
pub struct Book<D>(D);

/// `HashMapMarketDepth`.
pub type InHashMap = Book<HashMapMarketDepth>;
/// `ROIVectorMarketDepth`.
pub type InVector = Book<ROIVectorMarketDepth>;

impl<D: Depth> LevelBook for Book<D> {
    const NAME: &'static str = D::NAME;
    const NOTE: &'static str = D::NOTE;
    type Input = Input;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        Ok(Book(D::empty(stream)))
    }

    fn input(&self, stream: &Stream, _: usize, update: LevelUpdate) -> Result<Input, CompareError> {
        Ok(input(stream, update))
    }

    #[inline(always)]
    fn apply(&mut self, m: &Input) -> bool {
        if m.ask {
            self.0.update_ask_depth(m.price, m.quantity, 0);
        } else {
            self.0.update_bid_depth(m.price, m.quantity, 0);
        }
        true
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        let depth = &self.0;
        let bid = depth.best_bid_tick() as u64 ^ depth.best_bid_qty().to_bits();
        bid.wrapping_add(depth.best_ask_tick() as u64 ^ depth.best_ask_qty().to_bits())
    }

    fn quote(&self, _: &Stream) -> Quote {
        let side = |tick: i64, quantity: f64| {
            let none = tick == INVALID_MIN || tick == INVALID_MAX;
            (!none).then(|| (tick, (quantity / lot_size()).round() as i64))
        };
        let depth = &self.0;
        [
            side(depth.best_bid_tick(), depth.best_bid_qty()),
            side(depth.best_ask_tick(), depth.best_ask_qty()),
        ]
    }

    fn reset(&mut self, _: &Stream) -> Result<(), CompareError> {
        self.0.clear_depth(Side::None, 0.0);
        Ok(())
    }
}
