//! Applies the same events to the books and to their naive twin, and compares everything.

use book::{BookError, L3Books, L3Limits, OrderIndex, Side};

use super::Naive;

/// One event, valid or not.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    Add { instrument: u32, reference: u64, side: Side, price: i64, quantity: i64 },
    Execute { instrument: u32, reference: u64, quantity: i64 },
    Reduce { instrument: u32, reference: u64, quantity: i64 },
    Delete { instrument: u32, reference: u64 },
    Replace { instrument: u32, old: u64, new: u64, price: i64, quantity: i64 },
    Modify { instrument: u32, reference: u64, price: i64, quantity: i64, keep: bool },
    Clear { instrument: u32 },
}

pub struct Pair<I> {
    pub books: L3Books<I>,
    pub naive: Naive,
    /// How often each error was returned.
    pub errors: [u64; BookError::ALL.len()],
    pub applied: u64,
}

impl<I: OrderIndex> Pair<I> {
    pub fn new(limits: L3Limits, paged: bool) -> Self {
        let books = L3Books::new(limits).unwrap();
        let errors = [0; BookError::ALL.len()];
        Pair { books, naive: Naive::new(limits, paged), errors, applied: 0 }
    }

    /// Applies an event to both and compares what they say.
    pub fn apply(&mut self, event: Event) -> Result<(), BookError> {
        let (books, naive) = (&mut self.books, &mut self.naive);
        // Hints may be about anything and must change nothing.
        let (instrument, reference) = match event {
            Event::Add { instrument, reference, .. }
            | Event::Execute { instrument, reference, .. }
            | Event::Reduce { instrument, reference, .. }
            | Event::Delete { instrument, reference }
            | Event::Replace { instrument, old: reference, .. }
            | Event::Modify { instrument, reference, .. } => (instrument, reference),
            Event::Clear { .. } => (u32::MAX, u64::MAX),
        };
        let trail = books.approach(instrument, reference, Side::Ask);
        let trail = books.approach_order(trail, reference);
        books.approach_level(trail);
        let result = match event {
            Event::Add { instrument: i, reference, side, price, quantity } => same(
                event,
                books.add(i, reference, side, price, quantity),
                naive.add(i, reference, side, price, quantity),
            ),
            Event::Execute { instrument: i, reference, quantity } => {
                let naive = naive.execute(i, reference, quantity);
                same(event, books.execute(i, reference, quantity), naive)
            }
            Event::Reduce { instrument: i, reference, quantity } => {
                let naive = naive.reduce(i, reference, quantity);
                same(event, books.reduce(i, reference, quantity), naive)
            }
            Event::Delete { instrument: i, reference } => {
                same(event, books.delete(i, reference), naive.delete(i, reference))
            }
            Event::Replace { instrument: i, old, new, price, quantity } => same(
                event,
                books.replace(i, old, new, price, quantity),
                naive.replace(i, old, new, price, quantity),
            ),
            Event::Modify { instrument: i, reference, price, quantity, keep } => same(
                event,
                books.modify(i, reference, price, quantity, keep),
                naive.modify(i, reference, price, quantity, keep),
            ),
            Event::Clear { instrument } => {
                books.clear(instrument);
                naive.clear(instrument);
                Ok(())
            }
        };
        match result {
            Ok(()) => self.applied += 1,
            Err(error) => self.errors[error.index()] += 1,
        }
        result
    }

    /// Compares all that can be seen of one instrument.
    pub fn compare(&self, instrument: u32) {
        let (books, naive) = (&self.books, &self.naive);
        assert_eq!(books.live_orders(), naive.live_orders());
        assert_eq!(books.live_levels(), naive.live_levels());
        let best = naive.best(instrument);
        assert_eq!(books.best(instrument), best);
        let two_sided = best.bid_price != i64::MIN && best.ask_price != i64::MIN;
        assert_eq!(books.crossed(instrument), two_sided && best.bid_price > best.ask_price);
        for side in [Side::Bid, Side::Ask] {
            let expected = naive.levels(instrument, side);
            let levels: Vec<_> = books.levels(instrument, side).collect();
            assert_eq!(levels, expected);
            assert_eq!(books.depth(instrument, side), expected.len());
            for nth in (0..18).chain([expected.len()]) {
                assert_eq!(books.level(instrument, side, nth), expected.get(nth).copied());
            }
            let expected = naive.orders(instrument, side);
            let orders: Vec<_> = books.orders(instrument, side).collect();
            assert_eq!(orders.len(), expected.len());
            for (order, (view, ahead)) in orders.iter().zip(&expected) {
                assert_eq!(order, view);
                assert_eq!(books.order(view.reference), Some(*view));
                assert_eq!(books.queue_position(instrument, view.reference), Some(*ahead));
                assert_eq!(books.queue_position(instrument + 1, view.reference), None);
            }
        }
    }

    pub fn compare_all(&self) {
        for instrument in 0..self.books.limits().instruments {
            self.compare(instrument);
        }
    }
}

fn same<T: std::fmt::Debug + PartialEq>(
    event: Event,
    books: Result<T, BookError>,
    naive: Result<T, BookError>,
) -> Result<(), BookError> {
    assert_eq!(books, naive, "{event:?}");
    books.map(|_| ())
}
