//! barter-data: `OrderBook`, a sorted `Vec` of decimal levels.

use barter_data::books::{Asks, Bids, Level, OrderBook, OrderBookSide};

use super::player::{LevelBook, Quote};
use super::stream::{QUANTITY_DIGITS, Stream, Update};
use crate::harness::CompareError;

/// One level, and whose.
pub struct Input {
    level: Level,
    ask: bool,
}

/// Both sides of the book.
pub struct Barter {
    bids: OrderBookSide<Bids>,
    asks: OrderBookSide<Asks>,
}

impl LevelBook for Barter {
    const NAME: &'static str = "barter-data 0.13";
    const NOTE: &'static str =
        "sides updated level by level through OrderBookSide::upsert, which OrderBook::update calls";
    type Input = Input;

    fn new(_: &Stream) -> Result<Self, CompareError> {
        let book = OrderBook::default();
        Ok(Barter { bids: book.bids().clone(), asks: book.asks().clone() })
    }

    fn input(&self, stream: &Stream, _: usize, m: Update) -> Result<Input, CompareError> {
        let digits = stream.of.price_digits as usize;
        let price = (m.tick * stream.of.tick) as f64 / 10_f64.powi(digits as i32);
        let lots = m.lots as f64 / 10_f64.powi(QUANTITY_DIGITS as i32);
        let amount = format!("{lots:.0$}", QUANTITY_DIGITS as usize);
        let text = format!("{{\"price\":\"{price:.digits$}\",\"amount\":\"{amount}\"}}");
        let level =
            serde_json::from_str(&text).map_err(|error| CompareError::failed(Self::NAME, error))?;
        Ok(Input { level, ask: m.ask })
    }

    #[inline(always)]
    fn apply(&mut self, m: &Input) -> bool {
        let level = core::slice::from_ref(&m.level);
        if m.ask {
            self.asks.upsert(level)
        } else {
            self.bids.upsert(level)
        }
        true
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        let side = |level: Option<&Level>| {
            level.map_or(0, |level| (level.price.mantissa() ^ level.amount.mantissa()) as u64)
        };
        side(self.bids.best()).wrapping_add(side(self.asks.best()))
    }

    fn quote(&self, stream: &Stream) -> Quote {
        let side = |level: Option<&Level>| {
            let level = level?;
            let mut amount = level.amount;
            amount.rescale(QUANTITY_DIGITS);
            let mut price = level.price;
            price.rescale(stream.of.price_digits);
            Some((price.mantissa() as i64 / stream.of.tick, amount.mantissa() as i64))
        };
        [side(self.bids.best()), side(self.asks.best())]
    }

    fn reset(&mut self, stream: &Stream) -> Result<(), CompareError> {
        *self = Barter::new(stream)?;
        Ok(())
    }
}
