//! hftbacktest 0.9.4: one L3 market depth per instrument; it keeps orders and the quantity of each
//! level, and no queue.

use super::answer::fold;
use super::ops::{Kind, Ops};
use crate::harness::{CompareError, Contestant, Round, measured};
use hftbacktest::depth::{BTreeMarketDepth, HashMapMarketDepth, L3MarketDepth};

/// One call.
#[derive(Clone, Copy)]
struct Call {
    kind: Kind,
    ask: bool,
    locate: u16,
    reference: u64,
    price: f64,
    quantity: f64,
}

/// A market depth of the crate.
pub trait Depth: L3MarketDepth {
    /// Which.
    const NAME: &'static str;
    /// An empty one.
    fn empty(tick: f64) -> Self;
}

impl Depth for HashMapMarketDepth {
    const NAME: &'static str = "hftbacktest 0.9.4 L3 HashMap";
    fn empty(tick: f64) -> Self {
        HashMapMarketDepth::new(tick, 1.0)
    }
}

impl Depth for BTreeMarketDepth {
    const NAME: &'static str = "hftbacktest 0.9.4 L3 BTree";
    fn empty(tick: f64) -> Self {
        BTreeMarketDepth::new(tick, 1.0)
    }
}

/// The file in the crate's own types.
pub struct Hftbacktest<D> {
    calls: Vec<Call>,
    messages: usize,
    locates: u16,
    tick: i64,
    depth: core::marker::PhantomData<D>,
}

impl<D: Depth> Hftbacktest<D> {
    /// Converts the file.
    #[must_use]
    pub fn new(all: &Ops) -> Hftbacktest<D> {
        let call = |op: &super::ops::Op| Call {
            kind: op.kind,
            ask: op.ask,
            locate: op.locate,
            reference: op.reference,
            price: op.price as f64 / 10_000.0,
            quantity: op.quantity as f64,
        };
        Hftbacktest {
            calls: all.ops.iter().map(call).collect(),
            messages: all.messages,
            locates: all.locates,
            tick: all.tick,
            depth: core::marker::PhantomData,
        }
    }

    fn pass(&self, books: &mut [D]) -> usize {
        let mut refused = 0;
        for (number, call) in self.calls.iter().enumerate() {
            let Some(book) = books.get_mut(usize::from(call.locate)) else { continue };
            let Call { reference, price, quantity, .. } = *call;
            let now = number as i64;
            let done = match (call.kind, call.ask) {
                (Kind::Add, false) => book.add_buy_order(reference, price, quantity, now).is_ok(),
                (Kind::Add, true) => book.add_sell_order(reference, price, quantity, now).is_ok(),
                (Kind::Modify, _) => book.modify_order(reference, price, quantity, now).is_ok(),
                (Kind::Delete, _) => book.delete_order(reference, now).is_ok(),
            };
            refused += usize::from(!done);
        }
        refused
    }
}

impl<D: Depth> Contestant for Hftbacktest<D> {
    fn name(&self) -> String {
        D::NAME.into()
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let tick = self.tick as f64 / 10_000.0;
        let mut books: Vec<D> = (0..=self.locates).map(|_| D::empty(tick)).collect();
        let (ns, refused) = measured(|| self.pass(&mut books));
        if refused > 0 {
            return Err(CompareError::failed(D::NAME, format!("{refused} calls refused")));
        }
        let price = |tick: i64| {
            (tick != i64::MIN && tick != i64::MAX).then(|| tick.wrapping_mul(self.tick))
        };
        let best = books.iter().map(|b| [price(b.best_bid_tick()), price(b.best_ask_tick())]);
        Ok(Round { ns: ns / self.messages as f64, answer: fold(best) })
    }
}
