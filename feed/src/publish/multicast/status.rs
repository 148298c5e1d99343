//! States of books and of trading, and definitions.

use wire::codes::{BookCause, DefinitionAction, StatusScope};
use wire::datagram::{DefinitionItem, StatusItem, to_scale_8};
use wire::payload::{BookStateChange, Definition, Status};
use wire::{BookState, InstrumentRow, Kind, NONE, Record};

use super::compose::Head;
use super::machine::{Machine, Rows};

impl Machine {
    /// A state item without a trading state.
    fn state_item(&self, state: BookState, cause: u8, step: u64) -> StatusItem {
        StatusItem {
            book_state: state as u8,
            cause,
            scope: StatusScope::Instrument as u8,
            short_sale: u8::MAX,
            trades_lost: u32::try_from(self.counts.trades_lost).unwrap_or(u32::MAX).into(),
            lower_band: NONE.into(),
            upper_band: NONE.into(),
            step: step.into(),
            ..StatusItem::ZERO
        }
    }

    fn say(&mut self, lane: usize, index: u32, ts: u64, item: &StatusItem) {
        let head = Head { lane, index, ts, is_last: true, is_bid: false };
        if self.datagram(head, std::slice::from_ref(item)) {
            self.counts.statuses += 1;
        }
    }

    /// The book of an instrument is in another state than before.
    pub(super) fn tell_state(&mut self, lane: usize, index: u32, state: BookState) {
        let Some(of_lane) = self.lanes.get_mut(lane) else { return };
        let step = of_lane.step;
        let Some(instrument) = of_lane.get_mut(index) else { return };
        instrument.told = Some(state);
        let (cause, ts) = (instrument.cause, instrument.changed.0);
        let item = self.state_item(state, cause, step);
        self.say(lane, index, ts, &item);
    }

    /// A record that changes the state of one book, or of all books of the channel.
    pub(super) fn state_changed(&mut self, kind: Kind, lane: usize, record: &Record) {
        let index = record.instrument.index();
        let change = record.get::<BookStateChange>();
        let (state, cause) = match (kind, change) {
            (Kind::GapBegin, _) => (BookState::Gapped, BookCause::Gap as u8),
            (Kind::GapEnd, _) => {
                (record.quality.state().unwrap_or(BookState::None), BookCause::Healed as u8)
            }
            (_, Some(m)) => (BookState::from_bits(m.new).unwrap_or(BookState::None), m.cause),
            _ => return,
        };
        let Some(of_lane) = self.lanes.get_mut(lane) else { return };
        if index != 0 {
            if let Some(instrument) = of_lane.get_mut(index) {
                instrument.cause = cause;
                instrument.changed = (record.ts_venue, record.sequence);
            }
            return self.mark(lane, index);
        }
        for instrument in &mut of_lane.instruments {
            instrument.cause = cause;
        }
        // All books at once, before each of them says it for itself.
        let item = StatusItem {
            scope: StatusScope::Market as u8,
            ..self.state_item(state, cause, record.sequence)
        };
        self.say(lane, 0, record.ts_venue, &item);
        self.sweep(lane);
    }

    /// The publisher's own seat missed records of this lane.
    pub(super) fn channel_lost(&mut self, lane: usize, record: &Record) {
        let cause = BookCause::Lost as u8;
        if let Some(of_lane) = self.lanes.get_mut(lane) {
            for instrument in &mut of_lane.instruments {
                instrument.cause = cause;
            }
        }
        let item = StatusItem {
            scope: StatusScope::Market as u8,
            ..self.state_item(BookState::Building, cause, record.sequence)
        };
        self.say(lane, 0, record.ts_venue, &item);
    }

    /// A state of trading.
    pub(super) fn trading(&mut self, lane: usize, record: &Record) {
        let Some(m) = record.get::<Status>() else { return };
        let index = record.instrument.index();
        let Some(instrument) = self.lanes.get(lane).and_then(|state| state.get(index)) else {
            return;
        };
        let (told, exponent) = (instrument.told, instrument.price_exp);
        let band = |price: i64| match price {
            NONE => Some(NONE),
            price => to_scale_8(price, exponent),
        };
        let (Some(lower), Some(upper)) = (band(m.lower_band), band(m.upper_band)) else {
            return self.unscaled(lane, record);
        };
        let item = StatusItem {
            trading_state: m.state,
            scope: m.scope,
            reason: m.reason,
            short_sale: m.short_sale,
            market: m.market,
            effective_ns: m.effective_ns.into(),
            lower_band: lower.into(),
            upper_band: upper.into(),
            ..self.state_item(told.unwrap_or(BookState::None), 0, record.sequence)
        };
        self.say(lane, index, record.ts_venue, &item);
        let is_own = m.scope == StatusScope::Instrument as u8;
        let instrument = self.lanes.get_mut(lane).and_then(|state| state.get_mut(index));
        if let Some(instrument) = instrument
            && is_own
        {
            instrument.trading = Some((item, record.ts_venue));
        }
    }

    /// Says the trading state again as it was said, with what has changed since.
    pub(super) fn trading_again(&mut self, lane: usize, index: u32) {
        let Some(instrument) = self.lanes.get(lane).and_then(|state| state.get(index)) else {
            return;
        };
        let Some((item, ts)) = instrument.trading else { return };
        let now = self.state_item(instrument.told.unwrap_or(BookState::None), 0, 0);
        let item = StatusItem { book_state: now.book_state, trades_lost: now.trades_lost, ..item };
        self.say(lane, index, ts, &item);
    }

    /// A definition came: the row of the table has changed before it.
    pub(super) fn redefine(&mut self, lane: usize, record: &Record, rows: &impl Rows) {
        let Some(m) = record.get::<Definition>() else { return };
        let index = record.instrument.index();
        let removed = m.action == DefinitionAction::Remove as u8;
        let Some(instrument) = self.lanes.get_mut(lane).and_then(|state| state.get_mut(index))
        else {
            return;
        };
        let was = std::mem::replace(&mut instrument.removed, removed);
        self.define(lane, index, m.action, rows);
        if was != removed {
            self.recount(lane);
        }
    }

    /// Says what an instrument is, from its row as it is now.
    pub(super) fn define(&mut self, lane: usize, index: u32, action: u8, rows: &impl Rows) {
        let Some(instrument) = self.lanes.get(lane).and_then(|state| state.get(index)) else {
            return;
        };
        let (place, version) = (instrument.row, instrument.version);
        let Some(row) = rows.row(lane, place) else { return };
        if row.version != version {
            self.take_row(lane, place, &row);
        }
        let Some(state) = self.lanes.get(lane) else { return };
        let ts = state.get(index).map_or(0, |instrument| instrument.changed.0);
        let head = Head { lane, index, ts, is_last: true, is_bid: false };
        if self.datagram(head, &[definition(&row, action)]) {
            self.counts.definitions += 1;
        }
    }
}

fn definition(row: &InstrumentRow, action: u8) -> DefinitionItem {
    DefinitionItem {
        native_symbol: row.native_symbol,
        canonical: row.canonical,
        instrument: row.instrument.0.into(),
        action,
        class: row.class,
        price_exp: row.price_exp,
        quantity_exp: row.quantity_exp,
        multiplier_exp: row.multiplier_exp,
        flags: row.flags.into(),
        channel: row.channel.into(),
        tick: row.tick.into(),
        lot: row.lot.into(),
        multiplier: row.multiplier.into(),
        strike: row.strike.into(),
        expiry: row.expiry.into(),
        venue_id: row.venue_id.into(),
        base: row.base,
        quote: row.quote,
        settle: row.settle,
        ..DefinitionItem::ZERO
    }
}
