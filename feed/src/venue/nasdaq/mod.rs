//! NASDAQ TotalView-ITCH 5.0 over MoldUDP64: venue messages to records.
//!
//! ```text
//! day.rs         dates and midnights        session.rs   locate map, symbols, session roll
//! orders.rs      A F E C X D U              trades.rs    P Q B
//! reference.rs   R H Y L K J h and more     market.rs    S V W, auctions I N O
//! sisters.rs     NASDAQ, BX, PSX           relist.rs    what is published changes
//! pages.rs       tables on pages of 2 MiB
//! hints.rs       what to fetch for messages that are known and not yet taken
//! late.rs        what recovery does to a book, and to no consumer
//! ```
//!
//! Specification and conformance cases: README.md in this folder. Prices are in 10^-4 dollars and
//! quantities in shares; records of the market as a whole (instrument index 0) have prices in
//! 10^-8, as the circuit-breaker message has them.

pub mod day;
mod hints;
mod late;
mod market;
mod orders;
mod pages;
mod reference;
mod relist;
mod session;
mod sisters;
mod trades;

use book::{BookError, LimitsError};
use protocol::venue::nasdaq::{BookEvent, ItchReject, Message, decode};
use wire::codes::BookCause;
use wire::payload::BookStateChange;
use wire::{BookState, Quality};

use crate::counts::LaneReject;
use crate::gap::{BookEpoch, Gaps};
use crate::publish::images::{Dirty, ImageState, image};
use crate::publish::outlet::{Books, StepView};
use crate::publish::{Outlet, Publisher};
use crate::venue::nasdaq::day::Day;

pub(crate) use late::{Effect, LatePrint};
pub(crate) use market::session_id;
pub use pages::TablePages;
pub use session::{Directory, Stock};
pub use sisters::Market;

/// Exponent of prices of stocks.
pub const PRICE_EXP: i8 = -4;
/// Exponent of quantities.
pub const QUANTITY_EXP: i8 = 0;

/// Fixed sizes of a lane's tables.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Instruments.
    pub instruments: u32,
    /// Orders alive at a time.
    pub orders: u32,
}

impl Default for Limits {
    /// A whole market: days with 1.9 million orders alive have been reported.
    fn default() -> Self {
        Limits { instruments: 16_384, orders: 2_000_000 }
    }
}

impl Limits {
    /// Limits that a recording of so many bytes (not compressed) cannot exceed, at most those of a
    /// whole market: an order takes at least the 38 bytes of its message, an instrument too.
    pub fn of_recording(bytes: u64) -> Limits {
        let most = Limits::default();
        let count = (bytes / 38).saturating_add(1024).min(u64::from(u32::MAX)) as u32;
        Limits { instruments: most.instruments.min(count), orders: most.orders.min(count) }
    }

    fn books(self) -> book::L3Limits {
        // Index 0 is the channel; it has no book but keeps indices plain.
        let slots = self.instruments.saturating_add(1);
        book::L3Limits::new(slots, self.orders)
    }
}

/// What the lane knows of one instrument beside its book and every message changes. Half a line, so
/// that a message fetches one line for it.
///
/// | offset | size | field | |
/// |--|--|--|--|
/// | 0 | 4 | epoch | when its book was last proven complete |
/// | 4 | 1 | crossed | 1: its best bid is above its best ask |
/// | 5 | 1 | locked | 1: its best bid is its best ask |
/// | 6 | 2 | | |
/// | 8 | 8 | sequence | step of the last change |
/// | 16 | 8 | ts_venue | of the last change, ns UTC |
/// | 24 | 8 | ts_receive | of the last change, ns UTC |
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct State {
    epoch: BookEpoch,
    crossed: bool,
    locked: bool,
    sequence: u64,
    ts_venue: u64,
    ts_receive: u64,
}

const _: () = assert!(size_of::<State>() == 32);

impl State {
    const NEW: State = State {
        epoch: BookEpoch::NEVER,
        crossed: false,
        locked: false,
        sequence: 0,
        ts_venue: 0,
        ts_receive: 0,
    };
}

/// The venue's part of a lane.
pub struct Nasdaq {
    /// All books.
    pub books: Books,
    /// Symbols, locates and rows of the instruments.
    pub directory: Directory,
    market: Market,
    day: Day,
    session: [u8; 10],
    states: Vec<State>,
    /// What images show beside book and state: changed by trades and by what is said of a stock.
    shown: Vec<ImageState>,
    pages: TablePages,
    dirty: Dirty,
    /// Books that contradict the venue's messages.
    broken: u32,
}

/// Why a book is gapped that has refused an event.
fn cause_of(error: BookError) -> BookCause {
    match error {
        BookError::OrderTableFull | BookError::LevelTableFull => BookCause::Capacity,
        _ => BookCause::Inconsistent,
    }
}

/// What a message's handler writes to.
struct Context<'a, O> {
    out: &'a mut Publisher<O>,
    gaps: &'a Gaps,
    /// Venue sequence number of the message.
    number: u64,
    /// The book has not taken it.
    refused: bool,
}

impl<'a, O> Context<'a, O> {
    fn new(out: &'a mut Publisher<O>, gaps: &'a Gaps, number: u64) -> Self {
        Context { out, gaps, number, refused: false }
    }
}

impl<O: Outlet> Context<'_, O> {
    /// Something in the message was refused.
    fn refuse(&mut self, reject: LaneReject) {
        self.out.counts.lane(reject);
        self.out.outlet.refused(reject.name(), self.out.stamp().ts_receive);
    }

    /// A code that only informs is not one that the specification lists.
    fn unknown_code<T>(&mut self, code: Option<T>) -> Option<T> {
        if code.is_none() {
            self.refuse(LaneReject::UnknownCode);
        }
        code
    }
}

impl Nasdaq {
    /// All memory of the lane's books and tables, of NASDAQ itself.
    ///
    /// # Errors
    /// If the limits cannot be had.
    pub fn new(limits: Limits) -> Result<Nasdaq, LimitsError> {
        Nasdaq::of_market(Market::Nasdaq, limits)
    }

    /// The same of a given market.
    ///
    /// # Errors
    /// If the limits cannot be had.
    pub fn of_market(market: Market, limits: Limits) -> Result<Nasdaq, LimitsError> {
        let books = Books::new(limits.books())?;
        let directory = Directory::new(limits.instruments, market);
        Ok(Nasdaq { market, directory, ..Nasdaq::with_books(limits, books) })
    }

    /// Indices that the tables have room for, 0 included.
    pub fn slots(&self) -> u32 {
        self.states.len() as u32
    }

    /// The market that the lane is of.
    pub fn market(&self) -> Market {
        self.market
    }

    /// NASDAQ itself over books of other limits: of a known range of references, for example. They
    /// have an instrument more than `limits`, because index 0 is the channel.
    pub fn with_books(limits: Limits, books: Books) -> Nasdaq {
        let slots = limits.instruments.saturating_add(1);
        Nasdaq {
            books,
            directory: Directory::new(limits.instruments, Market::Nasdaq),
            market: Market::Nasdaq,
            day: Day { date: 0, midnight_ns: 0 },
            session: [b' '; 10],
            states: vec![State::NEW; slots as usize],
            shown: vec![ImageState::default(); slots as usize],
            pages: TablePages::default(),
            dirty: Dirty::new(slots),
            broken: 0,
        }
    }

    /// Day of the session.
    pub fn day(&self) -> Day {
        self.day
    }

    /// Venue time of a message: its nanoseconds since midnight, in UTC.
    #[inline(always)]
    pub fn ts_venue(&self, since_midnight: u64) -> u64 {
        self.day.midnight_ns.saturating_add(since_midnight)
    }

    /// State of an instrument's book.
    #[inline(always)]
    pub fn book_state(&self, index: u32, gaps: &Gaps) -> BookState {
        match self.states.get(index as usize) {
            Some(state) if gaps.is_live(state.epoch) => BookState::Live,
            Some(_) if index > 0 => BookState::Gapped,
            _ => BookState::None,
        }
    }

    /// Quality of a record about `index`. One ITCH message is one event, so a record is the last
    /// of its class in it unless its handler says that more of that class follow.
    #[inline(always)]
    fn quality<O: Outlet>(&self, index: u32, cx: &Context<'_, O>) -> Quality {
        cx.out.quality(self.book_state(index, cx.gaps)).end_of_event()
    }

    /// Takes one message, number `number` of the session, into the books and tells `out`.
    ///
    /// The caller has begun the step and ends it. Messages that change a book are faster read as
    /// events, several at a time: [`Nasdaq::event`].
    ///
    /// # Errors
    /// If the bytes are no ITCH message; no book has changed then, but one of which a change could
    /// not be read is gapped.
    pub fn message<O: Outlet>(
        &mut self,
        bytes: &[u8],
        number: u64,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) -> Result<(), ItchReject> {
        let message = match decode(bytes) {
            Ok(message) => message,
            Err(reject) => {
                self.undecodable(bytes, &mut Context::new(out, gaps, number));
                return Err(reject);
            }
        };
        let event = BookEvent::read(bytes);
        if event.kind.is_book() {
            self.event(&event, number, gaps, out);
            return Ok(());
        }
        out.counts.message(message.code());
        let mut cx = Context::new(out, gaps, number);
        let touched = self.dispatch(&message, &mut cx);
        if touched > 0 {
            self.touched(touched, &mut cx);
        }
        Ok(())
    }

    /// Index of the instrument that the message is about; 0 none.
    #[inline(always)]
    fn dispatch<O: Outlet>(&mut self, message: &Message<'_>, cx: &mut Context<'_, O>) -> u32 {
        match message {
            // Of those that change a book, only what is no event comes here.
            Message::AddOrder(m) => self.add_without_side(m.header.locate.get(), &m.stock, cx),
            Message::AddOrderAttributed(m) => {
                self.add_without_side(m.header.locate.get(), &m.stock, cx)
            }
            Message::OrderExecuted(_)
            | Message::OrderExecutedWithPrice(_)
            | Message::OrderCancel(_)
            | Message::OrderDelete(_)
            | Message::OrderReplace(_) => 0,
            Message::Trade(m) => self.hidden_trade(m, cx),
            Message::CrossTrade(m) => self.cross_trade(m, cx),
            Message::BrokenTrade(m) => self.broken_trade(m, cx),
            Message::StockDirectory(m) => self.stock_directory(m, cx),
            Message::TradingAction(m) => self.trading_action(m, cx),
            Message::RegSho(m) => self.reg_sho(m, cx),
            Message::ParticipantPosition(m) => self.participant(m, cx),
            Message::IpoQuoting(m) => self.ipo_quoting(m, cx),
            Message::LuldCollar(m) => self.luld_collar(m, cx),
            Message::OperationalHalt(m) => self.operational_halt(m, cx),
            Message::SystemEvent(m) => self.system_event(m, cx),
            Message::MwcbDecline(m) => self.mwcb_decline(m, cx),
            Message::MwcbStatus(m) => self.mwcb_status(m, cx),
            Message::Imbalance(m) => self.imbalance(m, cx),
            Message::RetailInterest(m) => self.retail_interest(m, cx),
            Message::DirectListing(m) => self.direct_listing(m, cx),
        }
    }

    /// A message about instrument `index` has been taken: image, crossed and locked counts.
    #[inline(always)]
    fn touched<O: Outlet>(&mut self, index: u32, cx: &mut Context<'_, O>) {
        let stamp = cx.out.stamp();
        let step = cx.out.step();
        let Some(state) = self.states.get_mut(index as usize) else { return };
        cx.out.counts.crossed += u64::from(state.crossed);
        cx.out.counts.locked += u64::from(state.locked);
        state.sequence = step;
        state.ts_venue = stamp.ts_venue;
        state.ts_receive = stamp.ts_receive;
        self.dirty.mark(index);
        let books = &self.books;
        let view = StepView { step, ts_venue: stamp.ts_venue, instrument: index, books };
        cx.out.outlet.step_view(view);
    }

    /// The book refused an event: counted, named, and the book is gapped from here. While something
    /// is missing that may explain it, the event is kept instead, and taken when that has come.
    #[cold]
    fn book_error<O: Outlet>(&mut self, index: u32, error: BookError, cx: &mut Context<'_, O>) {
        cx.out.counts.book(error);
        cx.out.outlet.refused(error.name(), cx.out.stamp().ts_receive);
        cx.refused = true;
        let removed = matches!(error, BookError::OverExecution | BookError::OverReduction);
        let kept = cx.gaps.keeping() && self.book_state(index, cx.gaps) == BookState::Gapped;
        if !kept || removed {
            self.mark_gapped(index, cause_of(error), cx);
        }
        if removed {
            // The order is gone with all that remained of it, and no record has said so.
            self.compare_bests(index);
            cx.out.outlet.request_refresh(index);
        }
    }

    /// A message that cannot be read. One that would have changed a book leaves it unproven.
    #[cold]
    fn undecodable<O: Outlet>(&mut self, bytes: &[u8], cx: &mut Context<'_, O>) {
        if let [b'A' | b'F' | b'E' | b'C' | b'X' | b'D' | b'U', high, low, ..] = *bytes {
            let index = self.directory.index(u16::from_be_bytes([high, low]));
            if index != 0 {
                self.mark_gapped(index, BookCause::Inconsistent, cx);
            }
        }
    }

    /// The best prices of a book have changed, and with them perhaps whether it is crossed or
    /// locked.
    #[inline(always)]
    fn compare_bests(&mut self, index: u32) {
        let top = self.books.best_prices(index);
        if let Some(state) = self.states.get_mut(index as usize) {
            state.crossed = top.is_crossed();
            state.locked = top.is_locked();
        }
    }

    /// The book of one instrument is gapped, whatever the channel's epoch; said once.
    #[cold]
    fn mark_gapped<O: Outlet>(&mut self, index: u32, cause: BookCause, cx: &mut Context<'_, O>) {
        let old = self.book_state(index, cx.gaps);
        let Some(state) = self.states.get_mut(index as usize) else { return };
        let before = std::mem::replace(&mut state.epoch, BookEpoch::NEVER);
        self.dirty.mark(index);
        if before != BookEpoch::NEVER {
            self.broken += 1;
            let change = BookStateChange {
                new: BookState::Gapped as u8,
                old: old as u8,
                cause: cause as u8,
                first: cx.number,
                ..BookStateChange::default()
            };
            let quality = cx.out.quality(BookState::Gapped).end_of_event();
            cx.out.emit(index, quality, change);
        }
    }

    /// Writes the image of one instrument that is out of date; `false` if there is none.
    pub fn write_image<O: Outlet>(&mut self, gaps: &Gaps, out: &mut Publisher<O>) -> bool {
        let Some(index) = self.dirty.take() else { return false };
        if !out.listed.has(index) {
            return true;
        }
        let (state, shown) = (self.states.get(index as usize), self.shown.get(index as usize));
        if let (Some(state), Some(shown)) = (state, shown) {
            let book_state = self.book_state(index, gaps);
            let shown = ImageState {
                sequence: state.sequence,
                ts_venue: state.ts_venue,
                ts_receive: state.ts_receive,
                ..*shown
            };
            let made = image(out.id(index), &shown, book_state, out.nature(), &self.books);
            out.outlet.image(index, &made);
        }
        true
    }

    /// Every instrument's image is out of date: a gap has changed the state of every book.
    pub fn touch_all_images(&mut self) {
        for index in 1..=self.directory.len() {
            self.dirty.mark(index);
        }
    }
}
