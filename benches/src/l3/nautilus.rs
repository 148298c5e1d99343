//! nautilus-model 0.57: one `OrderBook` of type `L3_MBO` per instrument.

use super::answer::fold;
use super::ops::{Kind, Op, Ops};
use crate::harness::{CompareError, Contestant, Round, measured};
use nautilus_model::data::BookOrder;
use nautilus_model::enums::{BookType, OrderSide};
use nautilus_model::identifiers::InstrumentId;
use nautilus_model::orderbook::OrderBook;
use nautilus_model::types::{Price, Quantity};

/// Raw units of the crate in 10^-4, and in a share.
const PRICE_UNIT: i64 = 100_000;
const SHARE: u64 = 1_000_000_000;

/// The file in the crate's own types.
pub struct Nautilus {
    calls: Vec<(Kind, u16, BookOrder)>,
    messages: usize,
    names: Vec<InstrumentId>,
}

impl Nautilus {
    /// Converts the file.
    ///
    /// # Errors
    /// If an instrument's name is refused.
    pub fn new(all: &Ops) -> Result<Nautilus, CompareError> {
        let name = |locate| format!("S{locate}.XNAS").parse::<InstrumentId>();
        let names = (0..=all.locates).map(name).collect::<Result<_, _>>();
        let names = names.map_err(|e| CompareError::failed("nautilus-model", e))?;
        let order = |op: &Op| {
            let side = if op.ask { OrderSide::Sell } else { OrderSide::Buy };
            let price = Price::from_raw(op.price * PRICE_UNIT, 4);
            let size = Quantity::from_raw(op.quantity.unsigned_abs() * SHARE, 0);
            (op.kind, op.locate, BookOrder::new(side, price, size, op.reference))
        };
        Ok(Nautilus { calls: all.ops.iter().map(order).collect(), messages: all.messages, names })
    }

    fn pass(&self, books: &mut [OrderBook]) {
        for (number, (kind, locate, order)) in self.calls.iter().enumerate() {
            let Some(book) = books.get_mut(usize::from(*locate)) else { continue };
            let (number, order) = (number as u64, *order);
            match kind {
                Kind::Add => book.add(order, 0, number, number.into()),
                Kind::Modify => book.update(order, 0, number, number.into()),
                Kind::Delete => book.delete(order, 0, number, number.into()),
            }
        }
    }
}

impl Contestant for Nautilus {
    fn name(&self) -> String {
        "nautilus-model 0.57 L3_MBO".into()
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let book = |name: &InstrumentId| OrderBook::new(*name, BookType::L3_MBO);
        let mut books: Vec<OrderBook> = self.names.iter().map(book).collect();
        let (ns, ()) = measured(|| self.pass(&mut books));
        let price = |price: Option<Price>| price.map(|price| price.raw / PRICE_UNIT);
        let best = books.iter().map(|b| [price(b.best_bid_price()), price(b.best_ask_price())]);
        Ok(Round { ns: ns / self.messages as f64, answer: fold(best) })
    }
}
