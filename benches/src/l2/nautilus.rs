//! nautilus-model: `OrderBook` of type `L2_MBP`, a `BTreeMap` of levels.

use nautilus_model::data::{BookOrder, OrderBookDelta};
use nautilus_model::enums::{BookAction, BookType, OrderSide};
use nautilus_model::identifiers::InstrumentId;
use nautilus_model::orderbook::OrderBook;
use nautilus_model::types::{Price, Quantity};

use super::player::{LevelBook, Quote};
use super::stream::{PRICE_DIGITS, QUANTITY_DIGITS, Stream};
use crate::data::LevelUpdate;
use crate::harness::CompareError;

/// The book.
pub struct Nautilus(OrderBook);

fn price_of(tick: i64, stream: &Stream) -> Price {
    let value = (tick * stream.tick) as f64 / 10_f64.powi(PRICE_DIGITS as i32);
    Price::new(value, PRICE_DIGITS as u8)
}

impl LevelBook for Nautilus {
    const NAME: &'static str = "nautilus-model 0.57 L2_MBP";
    type Input = OrderBookDelta;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        let name = format!("{}.BINANCE", stream.symbol.name());
        Ok(Nautilus(OrderBook::new(InstrumentId::from(name.as_str()), BookType::L2_MBP)))
    }

    fn input(
        &self,
        stream: &Stream,
        at: usize,
        m: LevelUpdate,
    ) -> Result<Self::Input, CompareError> {
        let side = if m.is_ask { OrderSide::Sell } else { OrderSide::Buy };
        let action = if m.quantity == 0 { BookAction::Delete } else { BookAction::Update };
        let lots = m.quantity as f64 / 10_f64.powi(QUANTITY_DIGITS as i32);
        let size = Quantity::new(lots, QUANTITY_DIGITS as u8);
        let order = BookOrder::new(side, price_of(m.price, stream), size, 0);
        let (sequence, time) = (at as u64 + 1, Default::default());
        OrderBookDelta::new_checked(self.0.instrument_id, action, order, 0, sequence, time, time)
            .map_err(|error| CompareError::failed(Self::NAME, error))
    }

    #[inline(always)]
    fn apply(&mut self, m: &Self::Input) -> bool {
        self.0.apply_delta(m).is_ok()
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        let price = |price: Option<Price>| price.map_or(0, |price| price.raw as u64);
        let size = |size: Option<Quantity>| size.map_or(0, |size| size.raw);
        let bid = price(self.0.best_bid_price()) ^ size(self.0.best_bid_size());
        bid.wrapping_add(price(self.0.best_ask_price()) ^ size(self.0.best_ask_size()))
    }

    fn quote(&self, stream: &Stream) -> Quote {
        let unit = 10_f64.powi(PRICE_DIGITS as i32) / stream.tick as f64;
        let lot = 10_f64.powi(QUANTITY_DIGITS as i32);
        let side = |price: Option<Price>, size: Option<Quantity>| {
            let tick = (price?.as_f64() * unit).round() as i64;
            Some((tick, (size?.as_f64() * lot).round() as i64))
        };
        [
            side(self.0.best_bid_price(), self.0.best_bid_size()),
            side(self.0.best_ask_price(), self.0.best_ask_size()),
        ]
    }

    fn reset(&mut self, _: &Stream) -> Result<(), CompareError> {
        self.0.reset();
        Ok(())
    }
}
