//! What the venue itself says and does: the directory, halts, auctions, indications.

use std::io::{self, Write};

use protocol::venue::nasdaq::codes::{
    BreachedLevel, CrossType, EventCode, HaltAction, InterestFlag, IpoQualifier, MarketCenter,
    RegShoAction, Side, TradingState,
};
use protocol::venue::nasdaq::{
    BrokenTrade, DirectListing, Imbalance, IpoQuoting, LuldCollar, MwcbDecline, MwcbStatus,
    OperationalHalt, ParticipantPosition, RegSho, RetailInterest, StockDirectory, TradingAction,
};

use super::auction::AuctionOrder;
use super::engine::Phase;
use super::flow::PARTICIPANTS;
use super::instrument::{Instrument, TICK};
use super::plan::{Happening, listings};
use super::session::Session;

const NS_PER_S: u64 = 1_000_000_000;
/// Index level from which the circuit breaker's levels are computed, 10^-8 dollars.
const MWCB_REFERENCE: u64 = 500_000_000_000;
/// Reasons of halts, and what they become in the quotation period.
const NEWS: [u8; 4] = *b"T1  ";
const VOLATILITY: [u8; 4] = *b"LUDP";
const MARKET_WIDE: [u8; 4] = *b"MWC1";
const LISTING: [u8; 4] = *b"IPO1";
const NO_REASON: [u8; 4] = *b"    ";

/// The reason that the quotation period after a halt gives.
fn quoting_reason(halt: [u8; 4]) -> [u8; 4] {
    match &halt {
        b"T1  " => *b"T3  ",
        b"MWC1" => *b"MWCQ",
        b"IPO1" => *b"IPOQ",
        _ => halt,
    }
}

impl<W: Write> Session<W> {
    /// Everything before the first order: system event, directory, states, participants.
    pub(super) fn begin_day(&mut self) -> io::Result<()> {
        self.system(self.hours.first, EventCode::StartOfMessages)?;
        let listings = listings(self.instruments.len() as u16);
        for index in 0..self.instruments.len() as u16 {
            let is_ipo = listings.is_some_and(|(ipo, _)| index == ipo);
            let is_listed = listings.is_none_or(|(ipo, direct)| index != ipo && index != direct);
            let of = self.instrument(index);
            self.directory(&of, is_ipo)?;
            if is_listed {
                self.state(index, TradingState::Trading, NO_REASON)?;
            } else {
                self.halt(index, TradingState::Halted, LISTING)?;
            }
            self.reg_sho(&of, RegShoAction::NoTest)?;
            for (number, mpid) in PARTICIPANTS.iter().take(2).enumerate() {
                let header = self.tape.header::<ParticipantPosition>(of.locate);
                self.tape.write(&ParticipantPosition {
                    header,
                    mpid: *mpid,
                    stock: of.symbol,
                    primary_market_maker: if number == 0 { b'Y' } else { b'N' },
                    market_maker_mode: b'N',
                    participant_state: b'A',
                })?;
            }
        }
        let header = self.tape.header::<MwcbDecline>(0);
        let level = |percent: u64| (MWCB_REFERENCE / 100 * (100 - percent)).into();
        self.tape.write(&MwcbDecline {
            header,
            level_1: level(7),
            level_2: level(13),
            level_3: level(20),
        })
    }

    fn instrument(&self, index: u16) -> Instrument {
        self.instruments[usize::from(index)]
    }

    fn directory(&mut self, of: &Instrument, is_ipo: bool) -> io::Result<()> {
        let header = self.tape.header::<StockDirectory>(of.locate);
        self.tape.write(&StockDirectory {
            header,
            stock: of.symbol,
            market_category: b'Q',
            financial_status: b'N',
            round_lot_size: 100.into(),
            round_lots_only: b'N',
            issue_classification: b'C',
            issue_sub_type: *b"Z ",
            // Nothing here is a live stock, and the directory says so.
            authenticity: b'T',
            short_sale_threshold: b'N',
            ipo_flag: if is_ipo { b'Y' } else { b'N' },
            luld_tier: b'1',
            etp_flag: b'N',
            etp_leverage: 0.into(),
            inverse: b'N',
        })
    }

    /// Does what was planned.
    pub(super) fn happen(&mut self, at: u64, what: Happening) -> io::Result<()> {
        self.tape.at(at);
        match what {
            Happening::System(event) => self.system(at, event),
            Happening::Indicate(cross) => self.each_trading(|s, index| s.indicate(index, cross)),
            Happening::Cross(cross) => self.each_trading(|s, index| s.cross(index, cross)),
            Happening::Halt(index) => self.halt(index, TradingState::Halted, NEWS),
            Happening::Pause(index) => {
                self.halt(index, TradingState::Paused, VOLATILITY)?;
                self.collar(index)
            }
            Happening::Quote(index) => self.quote(index),
            Happening::Resume(index) => self.resume(index),
            Happening::MarketHalt => {
                let header = self.tape.header::<MwcbStatus>(0);
                let breached_level = BreachedLevel::One.byte();
                self.tape.write(&MwcbStatus { header, breached_level })?;
                self.each_trading(|s, index| s.halt(index, TradingState::Halted, MARKET_WIDE))
            }
            Happening::MarketQuote => self.each_of(MARKET_WIDE, Self::quote),
            Happening::MarketResume => self.each_of(MARKET_WIDE, Self::resume),
            Happening::OperationalHalt(index) => self.operational(index, HaltAction::Halted),
            Happening::OperationalResume(index) => self.operational(index, HaltAction::Resumed),
            Happening::IpoRelease(index) => self.ipo_release(index),
            Happening::DirectListing(index) => self.direct_listing(index),
            Happening::Retail(index) => {
                let flag = self.flow.random().pick(&InterestFlag::ALL).copied();
                let of = self.instrument(index);
                let header = self.tape.header::<RetailInterest>(of.locate);
                let interest_flag = flag.unwrap_or(InterestFlag::None).byte();
                self.tape.write(&RetailInterest { header, stock: of.symbol, interest_flag })
            }
            Happening::ShortSale(index) => {
                self.reg_sho(&self.instrument(index), RegShoAction::Restricted)
            }
            Happening::BreakTrade => self.break_trade(),
        }
    }

    fn each_trading(
        &mut self,
        mut act: impl FnMut(&mut Self, u16) -> io::Result<()>,
    ) -> io::Result<()> {
        for index in 0..self.instruments.len() as u16 {
            if self.engine.phase(index) == Phase::Continuous {
                act(self, index)?;
            }
        }
        Ok(())
    }

    fn each_of(
        &mut self,
        reason: [u8; 4],
        mut act: impl FnMut(&mut Self, u16) -> io::Result<()>,
    ) -> io::Result<()> {
        for index in 0..self.instruments.len() as u16 {
            if self.halts[usize::from(index)] == Some(reason) {
                act(self, index)?;
            }
        }
        Ok(())
    }

    fn state(&mut self, index: u16, state: TradingState, reason: [u8; 4]) -> io::Result<()> {
        let of = self.instrument(index);
        let header = self.tape.header::<TradingAction>(of.locate);
        let (stock, trading_state) = (of.symbol, state.byte());
        self.tape.write(&TradingAction { header, stock, trading_state, reserved: b' ', reason })
    }

    fn halt(&mut self, index: u16, state: TradingState, reason: [u8; 4]) -> io::Result<()> {
        self.engine.call(index);
        self.halts[usize::from(index)] = Some(reason);
        self.state(index, state, reason)
    }

    /// The quotation period: orders for the auction come in and are indicated.
    fn quote(&mut self, index: u16) -> io::Result<()> {
        let Some(reason) = self.halts[usize::from(index)] else { return Ok(()) };
        self.state(index, TradingState::QuotationOnly, quoting_reason(reason))?;
        self.indicate(index, CrossType::HaltedOrPaused)
    }

    fn resume(&mut self, index: u16) -> io::Result<()> {
        let Some(reason) = self.halts[usize::from(index)].take() else { return Ok(()) };
        self.cross(index, CrossType::HaltedOrPaused)?;
        self.state(index, TradingState::Trading, quoting_reason(reason))
    }

    fn cross(&mut self, index: u16, cross: CrossType) -> io::Result<()> {
        let worth = self.flow.worth(index);
        self.engine.uncross(index, worth, cross, &mut self.events);
        self.tell(index)
    }

    /// Lets an order for the auction come in on each side and shows what it would do.
    fn indicate(&mut self, index: u16, cross: CrossType) -> io::Result<()> {
        let worth = self.flow.worth(index);
        for side in [Side::Buy, Side::Sell] {
            let order = self.auction_order(worth, side);
            self.engine.enter_auction(index, order);
        }
        let indication = self.engine.indicate(index, worth);
        let far_price = self.engine.far_price(index, worth);
        let of = self.instrument(index);
        let header = self.tape.header::<Imbalance>(of.locate);
        self.tape.write(&Imbalance {
            header,
            paired: indication.paired.into(),
            imbalance: indication.imbalance.into(),
            imbalance_direction: indication.direction.byte(),
            stock: of.symbol,
            far_price: far_price.into(),
            near_price: indication.price.into(),
            reference_price: worth.into(),
            cross_type: cross.byte(),
            price_variation: variation(indication.price, worth),
        })
    }

    fn auction_order(&mut self, worth: u32, side: Side) -> AuctionOrder {
        let random = self.flow.random();
        let shares = 100 * random.between(1, 6) as u32;
        let limit = (!random.chance(4_000)).then(|| {
            let ticks = random.below(21) as u32 * TICK;
            (worth + ticks).saturating_sub(10 * TICK).max(TICK)
        });
        AuctionOrder { side, shares, limit }
    }

    fn reg_sho(&mut self, of: &Instrument, action: RegShoAction) -> io::Result<()> {
        let header = self.tape.header::<RegSho>(of.locate);
        self.tape.write(&RegSho { header, stock: of.symbol, reg_sho_action: action.byte() })
    }

    /// Five per cent around the reference.
    fn collar(&mut self, index: u16) -> io::Result<()> {
        let (of, worth) = (self.instrument(index), self.flow.worth(index));
        let header = self.tape.header::<LuldCollar>(of.locate);
        self.tape.write(&LuldCollar {
            header,
            stock: of.symbol,
            reference_price: worth.into(),
            upper_price: (worth + worth / 20).into(),
            lower_price: (worth - worth / 20).into(),
            extension: 0.into(),
        })
    }

    fn operational(&mut self, index: u16, action: HaltAction) -> io::Result<()> {
        let of = self.instrument(index);
        let header = self.tape.header::<OperationalHalt>(of.locate);
        self.tape.write(&OperationalHalt {
            header,
            stock: of.symbol,
            market_code: MarketCenter::NasdaqTexas.byte(),
            halt_action: action.byte(),
        })
    }

    fn ipo_release(&mut self, index: u16) -> io::Result<()> {
        let (of, worth) = (self.instrument(index), self.flow.worth(index));
        let header = self.tape.header::<IpoQuoting>(of.locate);
        self.tape.write(&IpoQuoting {
            header,
            stock: of.symbol,
            release_time: ((self.hours.market(800) / NS_PER_S) as u32).into(),
            release_qualifier: IpoQualifier::Anticipated.byte(),
            ipo_price: worth.into(),
        })
    }

    fn direct_listing(&mut self, index: u16) -> io::Result<()> {
        let (of, worth) = (self.instrument(index), self.flow.worth(index));
        let near = match self.engine.indicate(index, worth).price {
            0 => worth,
            price => price,
        };
        let header = self.tape.header::<DirectListing>(of.locate);
        self.tape.write(&DirectListing {
            header,
            stock: of.symbol,
            open_eligibility: b'Y',
            minimum_price: (worth - worth / 5).into(),
            maximum_price: (worth + worth / 5 * 4).into(),
            near_price: near.into(),
            near_time: self.tape.now().into(),
            lower_collar: (near - near / 10).into(),
            upper_collar: (near + near / 10).into(),
        })
    }

    fn break_trade(&mut self) -> io::Result<()> {
        let Some((locate, match_number)) = self.last_match.take() else { return Ok(()) };
        let header = self.tape.header::<BrokenTrade>(locate);
        self.tape.write(&BrokenTrade { header, match_number: match_number.into() })
    }
}

/// The code for how far a price is from its reference.
fn variation(near: u32, reference: u32) -> u8 {
    if near == 0 || reference == 0 {
        return b' ';
    }
    match u64::from(near.abs_diff(reference)) * 100 / u64::from(reference) {
        0 => b'L',
        percent @ 1..10 => b'0' + percent as u8,
        10..20 => b'A',
        20..30 => b'B',
        _ => b'C',
    }
}
