//! The engine's own books as JSON: the true answer to what a made session builds.
//!
//! It is written from the matching engine and knows nothing of the messages, so it checks them and
//! whoever read them. Only displayed orders are in it.
//!
//! ```json
//! {"nature": "simulated", "price_exponent": -4, "messages": 3, "books": [
//!   {"symbol": "SIMAAA", "locate": 1,
//!    "bids": [{"price": 300000, "quantity": 150, "orders": [[1, 100], [7, 50]]}],
//!    "asks": []}]}
//! ```
//!
//! Levels are best first; `orders` are reference number and shares, first in the queue first.

use std::io::Write;

use protocol::venue::nasdaq::codes::Side;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::half::{Half, rank};
use super::instrument::symbol;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oracle {
    /// Always `simulated`.
    pub nature: String,
    /// Prices are in ten to this power of a dollar.
    pub price_exponent: i32,
    /// Messages after which the books look so.
    pub messages: u64,
    /// One per instrument, in order of locate.
    pub books: Vec<OracleBook>,
}

/// One instrument's displayed book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleBook {
    /// Symbol without padding.
    pub symbol: String,
    /// Locate code.
    pub locate: u16,
    /// Buy levels, highest first.
    pub bids: Vec<OracleLevel>,
    /// Sell levels, lowest first.
    pub asks: Vec<OracleLevel>,
}

/// One price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleLevel {
    /// Raw price.
    pub price: u32,
    /// Sum of shares.
    pub quantity: u64,
    /// Reference number and shares of each order, first in the queue first.
    pub orders: Vec<(u64, u32)>,
}

impl Oracle {
    /// The books of an engine after so many messages.
    #[must_use]
    pub fn of(engine: &Engine, messages: u64) -> Self {
        let books = (0..engine.books.len() as u16).map(|index| OracleBook {
            symbol: symbol(index),
            locate: index + 1,
            bids: levels(engine, index, Side::Buy),
            asks: levels(engine, index, Side::Sell),
        });
        Self {
            nature: "simulated".to_owned(),
            price_exponent: -4,
            messages,
            books: books.collect(),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: impl Write) -> std::io::Result<()> {
        serde_json::to_writer(out, self).map_err(std::io::Error::from)
    }
}

fn levels(engine: &Engine, instrument: u16, side: Side) -> Vec<OracleLevel> {
    let half = engine.books[usize::from(instrument)].half(side);
    half.shown
        .iter()
        .map(|(key, level)| OracleLevel {
            // The rank of a rank is the price.
            price: rank(side, *key),
            quantity: level.shares,
            orders: Half::queue(&engine.slab, level)
                .map(|slot| engine.slab.get(slot))
                .map(|order| (order.reference, order.shares))
                .collect(),
        })
        .collect()
}
