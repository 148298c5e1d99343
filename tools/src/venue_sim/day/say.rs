//! Decisions as ITCH messages.

use std::io::{self, Write};

use protocol::venue::nasdaq::codes::{EventCode, YesNo};
use protocol::venue::nasdaq::{
    AddOrder, AddOrderAttributed, OrderCancel, OrderDelete, OrderExecuted, OrderExecutedWithPrice,
    OrderReplace, RegSho, StockDirectory, SystemEvent, Trade, TradingAction,
};

use super::super::Tape;
use super::super::flow::PARTICIPANTS;
use super::orders::Order;

/// What the feed says, onto a tape.
pub(super) struct Voice<W> {
    pub(super) tape: Tape<W>,
}

/// Locate code of a stock's index.
const fn locate(stock: u16) -> u16 {
    stock + 1
}

const fn code(side: u8) -> u8 {
    if side == 0 { b'B' } else { b'S' }
}

impl<W: Write> Voice<W> {
    /// A phase of the day.
    pub(super) fn system(&mut self, event: EventCode) -> io::Result<()> {
        let header = self.tape.header::<SystemEvent>(0);
        self.tape.write(&SystemEvent { header, event_code: event.byte() })
    }

    /// What a stock is.
    pub(super) fn directory(&mut self, index: u16, stock: [u8; 8]) -> io::Result<()> {
        let header = self.tape.header::<StockDirectory>(locate(index));
        self.tape.write(&StockDirectory {
            header,
            stock,
            market_category: b'Q',
            financial_status: b'N',
            round_lot_size: 100.into(),
            round_lots_only: b'N',
            issue_classification: b'C',
            issue_sub_type: *b"Z ",
            // Nothing here is a live stock, and the directory says so.
            authenticity: b'T',
            short_sale_threshold: b'N',
            ipo_flag: b'N',
            luld_tier: b'1',
            etp_flag: b'N',
            etp_leverage: 0.into(),
            inverse: b'N',
        })
    }

    /// That a stock trades.
    pub(super) fn trading(&mut self, index: u16, stock: [u8; 8]) -> io::Result<()> {
        let header = self.tape.header::<TradingAction>(locate(index));
        self.tape.write(&TradingAction {
            header,
            stock,
            trading_state: b'T',
            reserved: b' ',
            reason: *b"    ",
        })
    }

    /// That it may be sold short.
    pub(super) fn short_sale(&mut self, index: u16, stock: [u8; 8]) -> io::Result<()> {
        let header = self.tape.header::<RegSho>(locate(index));
        self.tape.write(&RegSho { header, stock, reg_sho_action: b'0' })
    }

    /// A and F.
    pub(super) fn add(&mut self, of: &Order, stock: [u8; 8], attributed: bool) -> io::Result<()> {
        let (reference, buy_sell) = (u64::from(of.reference).into(), code(of.side));
        let (shares, price) = (of.shares.into(), of.price.into());
        if attributed {
            let header = self.tape.header::<AddOrderAttributed>(locate(of.stock));
            let attribution = PARTICIPANTS[of.reference as usize % PARTICIPANTS.len()];
            self.tape.write(&AddOrderAttributed {
                header,
                reference,
                buy_sell,
                shares,
                stock,
                price,
                attribution,
            })
        } else {
            let header = self.tape.header::<AddOrder>(locate(of.stock));
            self.tape.write(&AddOrder { header, reference, buy_sell, shares, stock, price })
        }
    }

    /// D.
    pub(super) fn delete(&mut self, of: &Order) -> io::Result<()> {
        let header = self.tape.header::<OrderDelete>(locate(of.stock));
        self.tape.write(&OrderDelete { header, reference: u64::from(of.reference).into() })
    }

    /// U.
    pub(super) fn replace(&mut self, old: &Order, new: &Order) -> io::Result<()> {
        let header = self.tape.header::<OrderReplace>(locate(old.stock));
        self.tape.write(&OrderReplace {
            header,
            original: u64::from(old.reference).into(),
            reference: u64::from(new.reference).into(),
            shares: new.shares.into(),
            price: new.price.into(),
        })
    }

    /// X.
    pub(super) fn reduce(&mut self, of: &Order, by: u32) -> io::Result<()> {
        let header = self.tape.header::<OrderCancel>(locate(of.stock));
        let reference = u64::from(of.reference).into();
        self.tape.write(&OrderCancel { header, reference, cancelled: by.into() })
    }

    /// E.
    pub(super) fn execute(&mut self, of: &Order, shares: u32, number: u64) -> io::Result<()> {
        let header = self.tape.header::<OrderExecuted>(locate(of.stock));
        self.tape.write(&OrderExecuted {
            header,
            reference: u64::from(of.reference).into(),
            executed: shares.into(),
            match_number: number.into(),
        })
    }

    /// C.
    pub(super) fn execute_at(
        &mut self,
        of: &Order,
        shares: u32,
        number: u64,
        price: u32,
        prints: bool,
    ) -> io::Result<()> {
        let header = self.tape.header::<OrderExecutedWithPrice>(locate(of.stock));
        self.tape.write(&OrderExecutedWithPrice {
            header,
            reference: u64::from(of.reference).into(),
            executed: shares.into(),
            match_number: number.into(),
            printable: if prints { YesNo::Yes } else { YesNo::No }.byte(),
            price: price.into(),
        })
    }

    /// P. Since 2014 the feed shows neither the order nor its side.
    pub(super) fn trade(
        &mut self,
        index: u16,
        stock: [u8; 8],
        shares: u32,
        price: u32,
        number: u64,
    ) -> io::Result<()> {
        let header = self.tape.header::<Trade>(locate(index));
        self.tape.write(&Trade {
            header,
            reference: 0.into(),
            buy_sell: b'B',
            shares: shares.into(),
            stock,
            price: price.into(),
            match_number: number.into(),
        })
    }
}
