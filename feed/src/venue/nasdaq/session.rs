//! The session: date, locate map, symbols.
//!
//! Locates are the venue's numbers of one day. An instrument's own index is given at its first
//! appearance and holds for the generation of the handler, so a new session moves locates, not
//! indices.

use std::collections::HashMap;

use wire::codes::instrument_flags;
use wire::instrument::put_text;
use wire::{BookState, InstrumentRow, NONE};

use super::{Context, Market, Nasdaq, PRICE_EXP, QUANTITY_EXP, State};
use crate::counts::LaneReject;
use crate::gap::Proof;
use crate::publish::images::ImageState;
use crate::publish::{Outlet, Publisher};
use crate::venue::nasdaq::day::Day;

/// Locates fit into 16 bits.
const LOCATES: usize = 1 << 16;

/// A symbol as ITCH writes it, padded with spaces.
pub type Stock = [u8; 8];

/// Symbols and locates of the lane's instruments.
pub struct Directory {
    by_locate: Vec<u32>,
    by_symbol: HashMap<Stock, u32>,
    rows: Vec<InstrumentRow>,
    capacity: u32,
    market: Market,
}

impl Directory {
    /// For at most `capacity` instruments of a market.
    pub fn new(capacity: u32, market: Market) -> Directory {
        Directory {
            by_locate: vec![0; LOCATES],
            by_symbol: HashMap::with_capacity(capacity as usize),
            rows: Vec::with_capacity(capacity as usize),
            capacity,
            market,
        }
    }

    /// Index of the instrument that a locate stands for in this session; 0 none.
    #[inline(always)]
    pub fn index(&self, locate: u16) -> u32 {
        self.by_locate.get(usize::from(locate)).copied().unwrap_or(0)
    }

    /// Index of a symbol.
    pub fn index_of(&self, stock: &Stock) -> Option<u32> {
        self.by_symbol.get(stock).copied()
    }

    /// How many instruments there are; their indices are 1 to this.
    pub fn len(&self) -> u32 {
        self.rows.len() as u32
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Row of an instrument.
    pub fn row(&self, index: u32) -> Option<&InstrumentRow> {
        self.rows.get((index as usize).checked_sub(1)?)
    }

    /// Rows of all instruments, in order of their index.
    pub fn rows(&self) -> &[InstrumentRow] {
        &self.rows
    }

    fn row_mut(&mut self, index: u32) -> Option<&mut InstrumentRow> {
        self.rows.get_mut((index as usize).checked_sub(1)?)
    }

    /// Index of a symbol, given now if it is new; `None` if the table is full.
    fn index_or_new(&mut self, stock: &Stock) -> Option<(u32, bool)> {
        if let Some(&index) = self.by_symbol.get(stock) {
            return Some((index, false));
        }
        if self.len() >= self.capacity {
            return None;
        }
        let index = self.len() + 1;
        self.by_symbol.insert(*stock, index);
        self.rows.push(undefined_row(self.market, stock, index));
        Some((index, true))
    }
}

/// The row of a symbol of which only the name is known.
fn undefined_row(market: Market, stock: &Stock, index: u32) -> InstrumentRow {
    let printable =
        stock.map(|byte| if byte == b' ' || byte.is_ascii_graphic() { byte } else { b'?' });
    let name = std::str::from_utf8(&printable).unwrap_or_default().trim_end();
    let mut row = InstrumentRow {
        venue_id: 0,
        price_exp: PRICE_EXP,
        quantity_exp: QUANTITY_EXP,
        flags: instrument_flags::UNDEFINED,
        // The feed tells no tick: this is the least step that its prices can make.
        tick: 1,
        lot: 1,
        multiplier: 1,
        strike: NONE,
        instrument: wire::InstrumentId::new(market.venue(), index),
        ..InstrumentRow::ZERO
    };
    put_text(&mut row.native_symbol, name);
    put_text(&mut row.canonical, name);
    // A new instrument may come at any time, so nothing is allocated for its name.
    if let Some(rest) = row.canonical.get_mut(name.len()..) {
        put_text(rest, market.suffix());
    }
    put_text(&mut row.datagram_exchange, market.exchange());
    put_text(&mut row.datagram_symbol, name);
    put_text(&mut row.base, name);
    put_text(&mut row.quote, "USD");
    put_text(&mut row.settle, "USD");
    row
}

impl Nasdaq {
    /// Name of the session.
    pub fn session(&self) -> [u8; 10] {
        self.session
    }

    /// A new session: date, empty locate map, empty books. Indices of known symbols stay.
    ///
    /// Every book is complete now if the session is received from its first message: an empty
    /// book before the first message is the whole truth. The gap that a later start declares
    /// takes that back.
    pub fn roll(&mut self, session: [u8; 10], day: Day, proof: Proof) {
        self.day = day;
        self.session = session;
        self.directory.by_locate.fill(0);
        self.books.clear_all();
        let fresh = State { epoch: proof.into(), ..State::NEW };
        self.broken = 0;
        self.states.fill(fresh);
        self.shown.fill(ImageState::default());
        self.touch_all_images();
    }

    /// Index of a message's instrument by locate alone; counted and 0 if nothing is known of it.
    #[inline(always)]
    pub(super) fn by_locate<O: Outlet>(&mut self, locate: u16, cx: &mut Context<'_, O>) -> u32 {
        let index = self.directory.index(locate);
        if index == 0 {
            cx.refuse(LaneReject::UnknownLocate);
        }
        index
    }

    /// Index of a message's instrument that also carries its symbol; 0 if the table is full.
    #[inline(always)]
    pub(super) fn by_stock<O: Outlet>(
        &mut self,
        locate: u16,
        stock: &Stock,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let index = self.directory.index(locate);
        if index != 0 { index } else { self.introduce(locate, stock, cx) }
    }

    /// First message of a locate in this session: its symbol names the instrument.
    #[cold]
    pub(super) fn introduce<O: Outlet>(
        &mut self,
        locate: u16,
        stock: &Stock,
        cx: &mut Context<'_, O>,
    ) -> u32 {
        let Some((index, new)) = self.directory.index_or_new(stock) else {
            cx.refuse(LaneReject::InstrumentTableFull);
            return 0;
        };
        if let Some(slot) = self.directory.by_locate.get_mut(usize::from(locate)) {
            *slot = index;
        }
        if let Some(row) = self.directory.row_mut(index) {
            row.venue_id = u64::from(locate);
            if new {
                cx.out.outlet.instrument(row);
                cx.out.listed.introduce(index, stock);
            }
        }
        let state = self.book_state(index, cx.gaps);
        cx.out.book_begins(index, state);
        if state == BookState::Gapped && !cx.gaps.is_whole() {
            cx.out.told.mark(index);
        }
        index
    }

    /// Changes the row of an instrument and publishes it.
    pub(super) fn define<O: Outlet>(
        &mut self,
        index: u32,
        out: &mut Publisher<O>,
        change: impl FnOnce(&mut InstrumentRow),
    ) -> Option<InstrumentRow> {
        let row = self.directory.row_mut(index)?;
        change(row);
        out.outlet.instrument(row);
        Some(*row)
    }
}
