//! All blocks of one instrument: what an event of its book, a trade and a grid time do to them.

use wire::{BookState, InstrumentId, Nature};

use crate::blocks::imbalance::{ImbalanceValues, imbalance};
use crate::blocks::microprice::microprice;
use crate::blocks::wap::{LAG, WapValues};
use crate::blocks::{
    Anchor, Bbo, BboValues, MicroTable, MicroValues, Ofi, OfiValues, Tfi, TfiValues, Vwap,
    VwapValues, Wap, bbo,
};
use crate::flags;
use crate::inputs::{Depth, Print, Quote, Scale, Taker};
use crate::output::{Feature, integer, real};
use crate::policy::Judged;

/// Entries that the windows of an instrument have room for. With the defaults an instrument takes
/// some 240 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Changes of the best quote in 60 s.
    pub quotes: usize,
    /// Changes of the best quote in 200 ms.
    pub lagged: usize,
    /// Changes of the spread in 60 s.
    pub spreads: usize,
    /// Trades in 60 s.
    pub trades: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Sizes { quotes: 4_096, lagged: 512, spreads: 512, trades: 2_048 }
    }
}

/// Blocks and state of an instrument.
#[derive(Debug)]
pub struct Instrument {
    /// Number at the source.
    pub id: InstrumentId,
    /// Tick and exponent.
    pub scale: Scale,
    /// Best levels as of the last event.
    pub depth: Depth,
    /// State of the book as of the last event.
    pub state: BookState,
    /// Nature of the last record.
    pub nature: Nature,
    /// It is halted or paused.
    pub is_halted: bool,
    /// Time of the last record about its book.
    pub book_at: i64,
    /// A level among the best may have changed since the last event ended.
    pub near: bool,
    /// A book or a trade was seen: it has grid outputs.
    pub is_seen: bool,
    /// The book was valid in this session.
    pub had_book: bool,
    judged: Judged,
    bbo: Bbo,
    wap: Wap,
    ofi: Ofi,
    tfi: Tfi,
    vwap: Vwap,
}

/// Takes an output: feature, flags, values.
pub trait Emit: FnMut(Feature, u32, &[u64]) {}
impl<F: FnMut(Feature, u32, &[u64])> Emit for F {}

const UNKNOWN: Judged = Judged { quote: None, flags: flags::WARMUP };

impl Instrument {
    /// An instrument without a number; takes all memory that it will ever need.
    pub fn new(sizes: Sizes) -> Instrument {
        Instrument {
            id: InstrumentId(0),
            scale: Scale { price_exp: 0, tick: 0 },
            depth: Depth::default(),
            state: BookState::None,
            nature: Nature::Simulated,
            is_halted: false,
            book_at: i64::MIN,
            near: true,
            is_seen: false,
            had_book: false,
            judged: UNKNOWN,
            bbo: Bbo::new(sizes.spreads),
            wap: Wap::new(sizes.lagged),
            ofi: Ofi::new(sizes.quotes),
            tfi: Tfi::new(sizes.trades),
            vwap: Vwap::new(Anchor::Session),
        }
    }

    /// Becomes instrument `id`, whose average price is anchored so.
    pub fn become_new(&mut self, id: InstrumentId, scale: Scale, anchor: Anchor) {
        self.begin(id, scale);
        self.vwap = Vwap::new(anchor);
    }

    /// Begins a session anew.
    pub fn begin(&mut self, id: InstrumentId, scale: Scale) {
        (self.id, self.scale) = (id, scale);
        (self.state, self.is_halted, self.book_at) = (BookState::None, false, i64::MIN);
        (self.near, self.is_seen, self.had_book) = (true, false, false);
        self.depth = Depth::default();
        self.judged = UNKNOWN;
        self.bbo.clear();
        self.wap.clear();
        self.ofi.clear();
        self.tfi.clear();
    }

    /// The valid quote as of the last event.
    pub fn quote(&self) -> Option<&Quote> {
        self.judged.quote.as_ref()
    }

    /// Flags of the book as of the last event.
    pub fn book_flags(&self) -> u32 {
        self.judged.flags
    }

    /// An event of the book ended at `now`: this is what may be computed with. `depth` has been
    /// brought up to date if `near` was set.
    #[inline]
    pub fn book(
        &mut self,
        now: i64,
        judged: Judged,
        more_flags: u32,
        table: Option<&MicroTable>,
        emit: &mut impl Emit,
    ) {
        self.is_seen |= judged.quote.is_some() || !self.depth.is_empty();
        if !self.is_seen {
            // A book that never had a level has nothing to say.
            self.judged = judged;
            return;
        }
        let changed = judged != self.judged;
        let near = std::mem::take(&mut self.near);
        if changed {
            self.quote_changed(now, judged);
            let flags = judged.flags | more_flags;
            self.emit_quote(now, flags, table, emit);
        }
        if changed || near {
            self.emit_imbalance(judged.flags | more_flags, emit);
        }
    }

    #[inline]
    fn quote_changed(&mut self, now: i64, judged: Judged) {
        let same_quote = self.judged.quote == judged.quote;
        self.judged = judged;
        if same_quote && judged.quote.is_some() {
            return;
        }
        let quote = judged.quote.as_ref();
        self.bbo.quote(now, quote);
        self.wap.quote(now, quote, judged.flags);
        match quote {
            Some(quote) => {
                self.had_book = true;
                self.ofi.quote(now, quote);
            }
            None => self.ofi.broken(now, judged.flags),
        }
    }

    fn emit_quote(
        &mut self,
        now: i64,
        flags: u32,
        table: Option<&MicroTable>,
        emit: &mut impl Emit,
    ) {
        let wap = self.wap.at(now, self.scale);
        let ofi = self.ofi.at(now);
        let Some(quote) = self.judged.quote else {
            emit(Feature::Bbo, flags, &[0, 0, 0, 0, 0, 0, 0, real(f64::NAN)]);
            emit(Feature::Wap, flags | wap.flags, &wap_values(&without_price(wap)));
            let nan = real(f64::NAN);
            emit(Feature::Microprice, flags, &[nan, nan, 0, 0]);
            emit(Feature::Ofi, flags | ofi.flags, &NO_OFI);
            return;
        };
        let bbo = bbo::values(&quote, self.scale);
        emit(Feature::Bbo, flags | bbo.flags, &bbo_values(&bbo));
        emit(Feature::Wap, flags | wap.flags, &wap_values(&wap));
        let micro = microprice(&quote, self.scale, table);
        emit(Feature::Microprice, flags | micro.flags, &micro_values(&micro));
        emit(Feature::Ofi, flags | ofi.flags, &ofi_values(&ofi));
    }

    #[inline]
    fn emit_imbalance(&mut self, flags: u32, emit: &mut impl Emit) {
        let is_one_sided = flags & flags::ONE_SIDED != 0 && self.state == BookState::Live;
        let values = match &self.judged.quote {
            Some(quote) => imbalance(&self.depth, Some(quote), self.scale),
            None if is_one_sided => imbalance(&self.depth, None, self.scale),
            None => ImbalanceValues::NONE,
        };
        emit(Feature::Imbalance, flags | values.flags, &imbalance_values(&values));
    }

    /// A trade of any kind, at the venue's time `at`.
    #[inline]
    pub fn volume(
        &mut self,
        at: i64,
        (price, quantity): (i64, i64),
        more_flags: u32,
        emit: &mut impl Emit,
    ) {
        self.is_seen = true;
        let values = self.vwap.trade(at, price, quantity, self.scale);
        emit(Feature::Vwap, values.flags | more_flags, &vwap_values(&values));
    }

    /// Volume begins anew at the venue's time `at`.
    pub fn anchor(&mut self, at: i64) {
        self.vwap.anchor(at);
    }

    /// A trade at `now` in which somebody took.
    #[inline]
    pub fn trade(
        &mut self,
        now: i64,
        print: &Print,
        more_flags: u32,
        emit: &mut impl Emit,
    ) -> Option<Taker> {
        self.is_seen = true;
        let taker = self.tfi.trade(now, print, self.judged.quote.as_ref());
        let values = self.tfi.at(now);
        emit(Feature::Tfi, values.flags | more_flags, &tfi_values(&values));
        taker
    }

    /// Trades are followed from `now` on.
    pub fn trades_begin(&mut self, now: i64) {
        self.tfi.begin(now);
    }

    /// Trades are missing.
    pub fn trades_missing(&mut self, now: i64) {
        self.tfi.gap(now);
        self.vwap.tell(flags::GAP);
    }

    /// The venue took a trade back.
    pub fn trade_revised(&mut self, now: i64) {
        self.tfi.revised(now);
        self.vwap.tell(flags::REVISED);
    }

    /// A time of the grid: everything up to `now` is in.
    pub fn grid(&mut self, now: i64, more_flags: u32, emit: &mut impl Emit) {
        let flags = self.judged.flags | more_flags;
        let has_quote = self.judged.quote.is_some();
        let mut spread = self.bbo.spread(now, self.scale);
        let mut wap = self.wap.grid(now, self.scale);
        let ofi = self.ofi.at(now);
        if !has_quote {
            spread.ticks = [f64::NAN; 2];
            wap.values = without_price(wap.values);
            wap.wap_twa = f64::NAN;
        }
        emit(Feature::Spread, flags | spread.flags, &spread.ticks.map(real));
        let [a, b, c, d] = wap_values(&wap.values);
        let values = [a, b, c, d, real(wap.wap_twa), integer(LAG)];
        emit(Feature::WapGrid, flags | wap.values.flags, &values);
        let values = if has_quote { ofi_values(&ofi) } else { NO_OFI };
        emit(Feature::OfiGrid, flags | ofi.flags, &values);
        let tfi = self.tfi.at(now);
        emit(Feature::TfiGrid, tfi.flags | more_flags, &tfi_values(&tfi));
    }
}

/// Order flow without a value.
const NO_OFI: [u64; 6] = [0, 0, 0, 0, real(f64::NAN), 0];

fn without_price(values: WapValues) -> WapValues {
    WapValues { wap: f64::NAN, drift_bps: f64::NAN, ..values }
}

fn bbo_values(v: &BboValues) -> [u64; 8] {
    [
        integer(v.quote.bid_price),
        integer(v.quote.bid_quantity),
        integer(v.quote.ask_price),
        integer(v.quote.ask_quantity),
        integer(v.mid2),
        integer(v.spread),
        integer(v.spread_ticks),
        real(v.spread_bps),
    ]
}

fn wap_values(v: &WapValues) -> [u64; 4] {
    [real(v.wap), real(v.wap_lag), real(v.drift_bps), integer(v.age_ns)]
}

fn micro_values(v: &MicroValues) -> [u64; 4] {
    [real(v.price), real(v.g_ticks), integer(v.state), integer(v.version)]
}

fn imbalance_values(v: &ImbalanceValues) -> [u64; 6] {
    let [i1, i5, i10, i20] = v.top.map(real);
    [i1, i5, i10, i20, real(v.weighted), u64::from(v.bids) << 32 | u64::from(v.asks)]
}

fn ofi_values(v: &OfiValues) -> [u64; 6] {
    let [w1, w10, w60] = v.windows.map(integer);
    [w1, w10, w60, integer(v.cumulative), real(v.normalised_10s), integer(v.events_10s)]
}

fn vwap_values(v: &VwapValues) -> [u64; 6] {
    let (price, quantity) = (integer(v.price), integer(v.quantity));
    [price, real(v.vwap), real(v.sigma), quantity, integer(v.anchor), integer(v.trades)]
}

fn tfi_values(v: &TfiValues) -> [u64; 16] {
    let mut out = [0; 16];
    for (four, w) in out.chunks_mut(4).zip(&v.windows) {
        let values = [integer(w.delta), real(w.ratio), real(w.by_count), integer(w.volume)];
        four.copy_from_slice(&values);
    }
    out
}
