//! Books out of a session's messages, as a source of snapshots.
//!
//! A market that runs knows its books from its engine; a recording that is played has no engine, and
//! a test wants a second opinion. Here the messages themselves are applied, in order and one by one,
//! in the plainest way there is: a map of orders, sorted when somebody asks.

use std::collections::HashMap;

use protocol::frame::moldudp64::Session;
use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::{AddOrder, AddOrderAttributed, Header, ItchMessage, Message, decode};
use zerocopy::IntoBytes;

use super::glimpse::SnapshotSource;
use super::standing::Standing;

/// An order that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Reference number.
    pub reference: u64,
    /// Index of the stock.
    pub locate: u16,
    /// Buy or sell.
    pub side: Side,
    /// Shares that are left.
    pub shares: u32,
    /// Limit, 10^-4 dollars.
    pub price: u32,
    /// Number of the message that put it at the end of its queue.
    pub placed: u64,
    stock: [u8; 8],
    attribution: Option<[u8; 4]>,
    tracking: u16,
    timestamp: u64,
}

impl Live {
    /// Smaller comes first: locate, side, best price, place in the queue.
    const fn place(&self) -> (u16, u8, u32, u64) {
        let price = match self.side {
            Side::Buy => u32::MAX - self.price,
            Side::Sell => self.price,
        };
        (self.locate, self.side as u8, price, self.placed)
    }

    fn give(&self, give: &mut dyn FnMut(&[u8])) {
        let (reference, price) = (self.reference.into(), self.price.into());
        let (shares, buy_sell, stock) = (self.shares.into(), self.side.byte(), self.stock);
        match self.attribution {
            None => {
                let header = self.header::<AddOrder>();
                give(AddOrder { header, reference, buy_sell, shares, stock, price }.as_bytes());
            }
            Some(attribution) => {
                let header = self.header::<AddOrderAttributed>();
                let add = AddOrderAttributed {
                    header,
                    reference,
                    buy_sell,
                    shares,
                    stock,
                    price,
                    attribution,
                };
                give(add.as_bytes());
            }
        }
    }

    const fn header<M: ItchMessage>(&self) -> Header {
        Header::of::<M>(self.locate, self.tracking, self.timestamp)
    }
}

/// All books of a session as of its latest message.
#[derive(Clone, Debug)]
pub struct Books {
    session: Session,
    next: u64,
    standing: Standing,
    orders: HashMap<u64, Live>,
    unknown: u64,
}

impl Books {
    /// The books before the first message of a session.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { session, next: 1, standing: Standing::default(), orders: HashMap::new(), unknown: 0 }
    }

    /// Messages about orders that are not there, or that say more than an order has.
    #[must_use]
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    /// How many orders rest.
    #[must_use]
    pub fn live_orders(&self) -> usize {
        self.orders.len()
    }

    /// The orders that rest: by locate, buys first, best price first, first in the queue first.
    #[must_use]
    pub fn orders(&self) -> Vec<Live> {
        let mut orders: Vec<Live> = self.orders.values().copied().collect();
        orders.sort_unstable_by_key(Live::place);
        orders
    }

    /// Applies the next message; what is no message of ITCH has its number all the same.
    pub fn apply(&mut self, bytes: &[u8]) {
        let number = self.next;
        self.next += 1;
        match decode(bytes) {
            Ok(Message::AddOrder(m)) => self.add(m, None, number),
            Ok(Message::AddOrderAttributed(m)) => {
                let AddOrderAttributed {
                    header, reference, buy_sell, shares, stock, price, ..
                } = *m;
                let plain = AddOrder { header, reference, buy_sell, shares, stock, price };
                self.add(&plain, Some(m.attribution), number);
            }
            Ok(Message::OrderExecuted(m)) => self.reduce(m.reference.get(), m.executed.get()),
            Ok(Message::OrderExecutedWithPrice(m)) => {
                self.reduce(m.reference.get(), m.executed.get());
            }
            Ok(Message::OrderCancel(m)) => self.reduce(m.reference.get(), m.cancelled.get()),
            Ok(Message::OrderDelete(m)) => self.reduce(m.reference.get(), u32::MAX),
            Ok(Message::OrderReplace(m)) => {
                let original = self.orders.remove(&m.original.get());
                self.unknown += u64::from(original.is_none());
                if let Some(original) = original {
                    let order = Live {
                        reference: m.reference.get(),
                        shares: m.shares.get(),
                        price: m.price.get(),
                        placed: number,
                        tracking: m.header.tracking.get(),
                        timestamp: m.header.timestamp.get(),
                        ..original
                    };
                    self.orders.insert(order.reference, order);
                }
            }
            Ok(other) => self.standing.message(&other),
            Err(_) => {}
        }
    }

    fn add(&mut self, add: &AddOrder, attribution: Option<[u8; 4]>, placed: u64) {
        let Some(side) = add.side() else {
            self.unknown += 1;
            return;
        };
        let order = Live {
            reference: add.reference.get(),
            locate: add.header.locate.get(),
            side,
            shares: add.shares.get(),
            price: add.price.get(),
            placed,
            stock: add.stock,
            attribution,
            tracking: add.header.tracking.get(),
            timestamp: add.header.timestamp.get(),
        };
        self.unknown += u64::from(self.orders.insert(order.reference, order).is_some());
    }

    /// Takes shares off an order, all of them for `u32::MAX`.
    fn reduce(&mut self, reference: u64, shares: u32) {
        let Some(order) = self.orders.get_mut(&reference) else {
            self.unknown += 1;
            return;
        };
        self.unknown += u64::from(shares != u32::MAX && shares > order.shares);
        order.shares = order.shares.saturating_sub(shares);
        if order.shares == 0 {
            self.orders.remove(&reference);
        }
    }
}

impl SnapshotSource for Books {
    fn session(&self) -> Session {
        self.session
    }

    fn next(&self) -> u64 {
        self.next
    }

    fn snapshot(&self, give: &mut dyn FnMut(&[u8])) {
        self.standing.give(give);
        self.orders().iter().for_each(|order| order.give(give));
    }
}
