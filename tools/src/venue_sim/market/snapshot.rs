//! All books of a market as messages, for a snapshot server: from the engine, as of the last
//! message handed out.

use protocol::frame::moldudp64::Session as SessionBytes;
use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::{AddOrder, AddOrderAttributed, Header, pad};
use zerocopy::IntoBytes;

use super::running::Market;
use crate::venue_sim::change::{ShownBook, ShownOrder};
use crate::venue_sim::serve::SnapshotSource;

/// A market seen by its snapshot server. Orders have the time of the market's last message.
#[derive(Clone, Copy, Debug)]
pub struct MarketSnapshot<'a> {
    pub(super) market: &'a Market,
    pub(super) session: SessionBytes,
}

impl SnapshotSource for MarketSnapshot<'_> {
    fn session(&self) -> SessionBytes {
        self.session
    }

    fn next(&self) -> u64 {
        self.market.number() + 1
    }

    fn snapshot(&self, give: &mut dyn FnMut(&[u8])) {
        self.market.standing().give(give);
        let mut book = ShownBook::default();
        for instrument in 0..self.market.instruments() {
            self.market.book_into(instrument, &mut book);
            let stock = pad(&self.market.symbol(instrument));
            for side in [Side::Buy, Side::Sell] {
                for order in book.side(side) {
                    self.give(instrument + 1, stock, side, order, give);
                }
            }
        }
    }
}

impl MarketSnapshot<'_> {
    fn give(
        &self,
        locate: u16,
        stock: [u8; 8],
        side: Side,
        order: &ShownOrder,
        give: &mut dyn FnMut(&[u8]),
    ) {
        let (reference, price) = (order.reference.into(), order.price.into());
        let (shares, buy_sell) = (order.shares.into(), side.byte());
        let time_ns = self.market.time_ns();
        match order.attribution {
            None => {
                let header = Header::of::<AddOrder>(locate, 0, time_ns);
                give(AddOrder { header, reference, buy_sell, shares, stock, price }.as_bytes());
            }
            Some(attribution) => {
                let header = Header::of::<AddOrderAttributed>(locate, 0, time_ns);
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
}
