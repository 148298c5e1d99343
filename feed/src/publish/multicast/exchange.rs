//! Exchanges as datagrams name them, and what text lines say of each.

use wire::datagram::{NAME_BYTES, datagram_exchange};
use wire::instrument::text_of;
use wire::{Nature, Venue};

use super::group::{Product, group_of};

/// Number of an exchange in the table.
pub(super) type ExchangeId = u16;
/// No exchange: a name that does not fit.
pub(super) const UNNAMED: ExchangeId = ExchangeId::MAX;

/// One exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) name: [u8; NAME_BYTES],
    pub(super) product: Product,
    pub(super) group: u8,
    /// Lane that it belongs to.
    pub(super) lane: u16,
    pub(super) trades: u64,
    pub(super) books: u64,
    pub(super) instruments: u64,
    pub(super) live_books: u64,
}

/// All exchanges. There are few, and none is forgotten.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    list: Vec<Exchange>,
}

impl Exchanges {
    /// The exchange of a row of the instrument table.
    pub(super) fn find(
        &mut self,
        lane: u16,
        product_name: &[u8],
        venue: Option<Venue>,
        nature: Nature,
    ) -> ExchangeId {
        let Some(name) = datagram_exchange(&text_of(product_name), nature) else { return UNNAMED };
        if let Some(at) = self.list.iter().position(|e| e.name == name && e.lane == lane) {
            return at as ExchangeId;
        }
        let product = Product::of(venue);
        self.list.push(Exchange {
            name,
            product,
            group: group_of(product, nature),
            lane,
            trades: 0,
            books: 0,
            instruments: 0,
            live_books: 0,
        });
        (self.list.len() - 1) as ExchangeId
    }

    pub(super) fn get(&self, id: ExchangeId) -> Option<&Exchange> {
        self.list.get(usize::from(id))
    }

    pub(super) fn get_mut(&mut self, id: ExchangeId) -> Option<&mut Exchange> {
        self.list.get_mut(usize::from(id))
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Exchange> {
        self.list.iter()
    }
}
