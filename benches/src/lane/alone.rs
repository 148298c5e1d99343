//! Decode and book alone: the measure of what the rest of a lane costs.
//!
//! Every message is decoded and every order message applied to the books, with every check on. No
//! packets, lines, steps, states, counts or records.

use std::time::Instant;

use book::{BookError, L3Books, L3Limits, PagedIndex};
use protocol::venue::nasdaq::codes::Side as ItchSide;
use protocol::venue::nasdaq::{Message, decode};
use wire::Side;

use super::packets::messages;
use super::{Limits, answer};
use crate::harness::{CompareError, Contestant, Round};

/// Books by locate, fed with messages.
pub struct Alone<'a> {
    itch: &'a [u8],
    books: L3Books<PagedIndex>,
}

impl<'a> Alone<'a> {
    /// Books for the messages of raw ITCH.
    ///
    /// # Errors
    /// If they cannot be had.
    pub fn new(itch: &'a [u8], limits: Limits) -> Result<Alone<'a>, CompareError> {
        let limits = L3Limits::new(limits.instruments + 1, limits.orders);
        let books = L3Books::new(limits).map_err(|e| CompareError::failed("books", e))?;
        Ok(Alone { itch, books })
    }

    fn apply(&mut self, bytes: &[u8]) -> Result<(), BookError> {
        let Ok(message) = decode(bytes) else { return Ok(()) };
        let locate = u32::from(message.locate());
        match message {
            Message::AddOrder(m) => {
                let side = side(m.side());
                let (price, shares) = (i64::from(m.price.get()), i64::from(m.shares.get()));
                self.books.add(locate, m.reference.get(), side, price, shares).map(drop)
            }
            Message::AddOrderAttributed(m) => {
                let side = side(m.side());
                let (price, shares) = (i64::from(m.price.get()), i64::from(m.shares.get()));
                self.books.add(locate, m.reference.get(), side, price, shares).map(drop)
            }
            Message::OrderExecuted(m) => {
                let shares = i64::from(m.executed.get());
                self.books.execute(locate, m.reference.get(), shares).map(drop)
            }
            Message::OrderExecutedWithPrice(m) => {
                let shares = i64::from(m.executed.get());
                self.books.execute(locate, m.reference.get(), shares).map(drop)
            }
            Message::OrderCancel(m) => {
                let shares = i64::from(m.cancelled.get());
                self.books.reduce(locate, m.reference.get(), shares).map(drop)
            }
            Message::OrderDelete(m) => self.books.delete(locate, m.reference.get()).map(drop),
            Message::OrderReplace(m) => {
                let (old, new) = (m.original.get(), m.reference.get());
                let (price, shares) = (i64::from(m.price.get()), i64::from(m.shares.get()));
                self.books.replace(locate, old, new, price, shares).map(drop)
            }
            _ => Ok(()),
        }
    }
}

/// A side that is neither is a sell here; the data has none such, or the answers would differ.
fn side(side: Option<ItchSide>) -> Side {
    if side == Some(ItchSide::Buy) { Side::Bid } else { Side::Ask }
}

impl Contestant for Alone<'_> {
    fn name(&self) -> String {
        "decode + book alone".to_owned()
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        self.books.clear_all();
        let (mut count, mut refused) = (0_u64, 0_u64);
        let begun = Instant::now();
        for message in messages(self.itch) {
            refused += u64::from(self.apply(message).is_err());
            count += 1;
        }
        let ns = begun.elapsed().as_nanos() as f64 / count.max(1) as f64;
        if refused != 0 {
            return Err(CompareError::failed("decode + book", format!("{refused} refused")));
        }
        Ok(Round { ns, answer: answer(&self.books) })
    }
}
