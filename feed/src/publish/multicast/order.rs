//! The order in which a batch leaves: equal sizes together, so that the kernel can send them as
//! one, and the datagrams of one symbol as they were made.
//!
//! Datagrams are dealt to trains of one group and one size. A datagram joins the first train of
//! its kind that is not before the last train of its symbol; if there is none, it begins one at
//! the end. Trains leave in order, so a symbol's datagrams do too.

use super::batch::Batch;

/// Datagrams in a train: what the kernel takes at once.
const TRAIN_MAX: u16 = 64;
/// End of a train's list.
const END: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Train {
    group: u8,
    size: u16,
    count: u16,
    first: u32,
    last: u32,
}

/// Where the last datagram of a symbol went, in this batch.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    batch: u64,
    train: u32,
}

/// Makes the order. Its memory is taken as symbols become known.
#[derive(Debug, Default)]
pub struct Ordering {
    trains: Vec<Train>,
    /// Next datagram of the same train.
    next: Vec<u32>,
    /// By key.
    places: Vec<Place>,
    batch: u64,
    order: Vec<u32>,
}

impl Ordering {
    /// For batches of at most `room` datagrams.
    pub fn new(room: usize) -> Ordering {
        Ordering {
            trains: Vec::with_capacity(room),
            next: Vec::with_capacity(room),
            order: Vec::with_capacity(room),
            ..Ordering::default()
        }
    }

    /// Keys below `keys` are about to come.
    pub fn reserve(&mut self, keys: usize) {
        if self.places.len() < keys {
            self.places.resize(keys, Place::default());
        }
    }

    /// Numbers of the datagrams of a batch, in the order in which they are to be sent.
    pub fn of(&mut self, batch: &Batch) -> &[u32] {
        self.deal(batch);
        self.order.clear();
        for train in &self.trains {
            let mut at = train.first;
            while let Some(next) = self.next.get(at as usize) {
                self.order.push(at);
                at = *next;
            }
        }
        &self.order
    }

    /// The order of the last batch.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    fn deal(&mut self, batch: &Batch) {
        self.trains.clear();
        self.next.clear();
        self.batch += 1;
        for (number, slot) in (0u32..).zip(batch.slots()) {
            self.next.push(END);
            let place = self.places.get_mut(slot.key.0 as usize);
            let from = place.as_ref().filter(|p| p.batch == self.batch).map_or(0, |p| p.train);
            let alike = |train: &Train| {
                train.group == slot.group && train.size == slot.length && train.count < TRAIN_MAX
            };
            let open = self.trains.iter().skip(from as usize).position(alike);
            let train = match open {
                Some(ahead) => from as usize + ahead,
                None => self.trains.len(),
            };
            match self.trains.get_mut(train) {
                Some(found) => {
                    if let Some(last) = self.next.get_mut(found.last as usize) {
                        *last = number;
                    }
                    found.last = number;
                    found.count += 1;
                }
                None => self.trains.push(Train {
                    group: slot.group,
                    size: slot.length,
                    count: 1,
                    first: number,
                    last: number,
                }),
            }
            if let Some(place) = place {
                *place = Place { batch: self.batch, train: train as u32 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::batch::{Key, Slot};
    use super::*;

    fn batch(datagrams: &[(u8, u16, u32)]) -> Batch {
        let mut batch = Batch::new(datagrams.len());
        for &(group, length, key) in datagrams {
            let slot =
                Slot { group, numbered: true, packet: 1, items: 1, length, key: Key(key), ts: 0 };
            assert!(batch.begin(slot).is_some());
        }
        batch
    }

    #[test]
    fn bids_and_asks_of_many_books_make_four_trains() {
        let mut ordering = Ordering::new(1024);
        ordering.reserve(100);
        // Ten levels a side: seven and three.
        let list: Vec<_> =
            (0..50).flat_map(|key| [178, 114, 178, 114].map(|size| (0, size, key))).collect();
        let batch = batch(&list);
        let order: Vec<_> = ordering.of(&batch).to_vec();
        assert_eq!(order.len(), 200);
        let sizes: Vec<_> = order.iter().map(|n| list[*n as usize].1).collect();
        let changes = sizes.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 3);
    }

    proptest! {
        #[test]
        fn each_datagram_once_and_those_of_a_symbol_in_order(
            list in prop::collection::vec((0u8..2, 66u16..72, 0u32..6), 0..300),
        ) {
            let mut ordering = Ordering::new(512);
            ordering.reserve(6);
            let batch = batch(&list);
            for _ in 0..2 {
                let order: Vec<usize> =
                    ordering.of(&batch).iter().map(|n| *n as usize).collect();
                let mut all = order.clone();
                all.sort_unstable();
                prop_assert_eq!(all, (0..list.len()).collect::<Vec<_>>());
                for key in 0..6 {
                    let of_key: Vec<_> =
                        order.iter().copied().filter(|n| list[*n].2 == key).collect();
                    prop_assert!(of_key.is_sorted());
                }
            }
        }
    }
}
