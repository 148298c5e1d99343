//! ninjabook: two `BTreeMap`s and the best levels kept beside them.

use ninjabook::event::Event;
use ninjabook::orderbook::Orderbook;

use super::player::{LevelBook, Quote};
use super::stream::{Stream, Update};
use crate::harness::CompareError;

/// The book.
pub struct Ninjabook(Orderbook);

impl LevelBook for Ninjabook {
    const NAME: &'static str = "ninjabook 0.1.7";
    const NOTE: &'static str = "f64; fed prices in ticks, because it cuts price / tick off \
        (0.3 / 0.1 is 2) and would mix neighbouring levels up";
    type Input = Event;

    fn new(_: &Stream) -> Result<Self, CompareError> {
        Ok(Ninjabook(Orderbook::new(1.0)))
    }

    fn input(&self, _: &Stream, at: usize, m: Update) -> Result<Event, CompareError> {
        let (timestamp, seq) = (at as u64 + 1, at as u64 + 1);
        let (price, size) = (m.tick as f64, m.lots as f64);
        Ok(Event { timestamp, seq, is_trade: false, is_buy: !m.ask, price, size })
    }

    #[inline(always)]
    fn apply(&mut self, m: &Event) -> bool {
        self.0.process(*m);
        true
    }

    #[inline(always)]
    fn read(&self) -> u64 {
        let side = |level: Option<ninjabook::level::Level>| {
            level.map_or(0, |level| level.price.to_bits() ^ level.size.to_bits())
        };
        side(self.0.best_bid()).wrapping_add(side(self.0.best_ask()))
    }

    fn quote(&self, _: &Stream) -> Quote {
        let side = |level: Option<ninjabook::level::Level>| {
            level.map(|level| (level.price as i64, level.size as i64))
        };
        [side(self.0.best_bid()), side(self.0.best_ask())]
    }

    fn reset(&mut self, stream: &Stream) -> Result<(), CompareError> {
        *self = Ninjabook::new(stream)?;
        Ok(())
    }
}
