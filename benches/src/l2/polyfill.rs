//! polyfill-rs: `OrderBook::apply_delta_fast`, a sorted `Vec`, best first.

use polyfill_rs::types::{FastOrderDelta, Side};

use super::player::{LevelBook, Quote};
use super::stream::Stream;
use crate::data::LevelUpdate;
use crate::harness::CompareError;

/// The book.
pub struct Polyfill(polyfill_rs::book::OrderBook);

impl LevelBook for Polyfill {
    const NAME: &'static str = "polyfill-rs 0.4.3";
    const NOTE: &'static str = "built with its default feature `stream`: without it 0.4.3 does not \
        compile; told to keep every level";
    type Input = FastOrderDelta;

    fn new(stream: &Stream) -> Result<Self, CompareError> {
        let depth = stream.levels as usize;
        Ok(Polyfill(polyfill_rs::book::OrderBook::new(stream.symbol.name().to_owned(), depth)))
    }

    fn input(&self, _: &Stream, at: usize, m: LevelUpdate) -> Result<Self::Input, CompareError> {
        let price =
            u32::try_from(m.price).map_err(|error| CompareError::failed(Self::NAME, error))?;
        Ok(FastOrderDelta {
            token_id_hash: self.0.token_id_hash,
            timestamp: self.0.timestamp,
            side: if m.is_ask { Side::SELL } else { Side::BUY },
            price,
            size: m.quantity,
            sequence: at as u64 + 1,
        })
    }

    #[inline(always)]
    fn apply(&mut self, m: &Self::Input) -> bool {
        self.0.apply_delta_fast(*m).is_ok()
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        let bid =
            self.0.best_bid_fast().map_or(0, |level| u64::from(level.price) ^ level.size as u64);
        let ask =
            self.0.best_ask_fast().map_or(0, |level| u64::from(level.price) ^ level.size as u64);
        bid.wrapping_add(ask)
    }

    fn quote(&self, _: &Stream) -> Quote {
        let bid = self.0.best_bid_fast().map(|level| (i64::from(level.price), level.size));
        let ask = self.0.best_ask_fast().map(|level| (i64::from(level.price), level.size));
        [bid, ask]
    }

    fn reset(&mut self, stream: &Stream) -> Result<(), CompareError> {
        *self = Polyfill::new(stream)?;
        Ok(())
    }
}
