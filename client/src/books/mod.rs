//! Books made from the records of one lane.
//!
//! The rule: drop the book at `book_begin`, it is complete after `book_end`, and every record in
//! between refreshes is applied exactly. Between begin and end there may be records of other
//! instruments; a begin without an end is given up with the next begin, of whichever instrument. What contradicts the book is counted by name, and the
//! book is empty and unusable until its next refresh; nothing is ever guessed. What is kept follows
//! from the classes of the seat: orders where it takes them, else levels, else best prices.
//!
//! | file | |
//! |--|--|
//! | `orders`, `levels` | the contents |
//! | `trust` | which books may be believed: refreshes, losses, gaps |
//! | `depth` | books of limited depth |
//! | `count` | contradictions by name |
//! | `view` | best, levels, orders |
//! | `set` | the books of all lanes of a client |

pub mod count;
mod depth;
mod levels;
mod orders;
mod set;
mod trust;
mod view;

use book::{BookError, LimitsError, Top};
use shm::seat::Filter;
use wire::codes::{GapHow, SessionEvent};
use wire::payload::{self, BookBegin, BookEnd, BookStateChange, GapEnd, Lost, Session};
use wire::{BookState, Class, InstrumentId, Kind, Record, Side};

pub use count::{BookCounts, Inconsistency};
pub use set::BookSet;
pub use view::Levels;

use depth::Floors;
use levels::LevelBooks;
use orders::{Applied, OrderBooks};
use trust::Trust;

/// `depth` of a refresh that brings every level.
const NO_DEPTH: u8 = 0;

/// What books are built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookSpec {
    /// Classes of the seat.
    pub classes: u8,
    /// Instruments of the lane, index 0 included.
    pub instruments: u32,
    /// Orders of all instruments that there is room for at first. The table is enlarged when it is
    /// full, which takes time: give what the day needs where that matters.
    pub orders: u32,
    /// Levels of an instrument that there is room for at first; enlarged likewise.
    pub levels: u32,
}

impl Default for BookSpec {
    fn default() -> Self {
        BookSpec { classes: Class::BOOK, instruments: 1024, orders: 1 << 16, levels: 256 }
    }
}

/// What is kept.
#[derive(Debug)]
enum Content {
    Orders(Box<OrderBooks>),
    Levels(LevelBooks),
    Top(Vec<Top>),
    Nothing,
}

/// A refresh that is under way.
#[derive(Clone, Copy, Debug)]
struct Refreshing {
    index: u32,
    depth: u8,
    announced: [u32; 2],
    entries: [u32; 2],
    levels: [u32; 2],
    last_price: [i64; 2],
}

/// The books of one lane, at one consumer.
#[derive(Debug)]
pub struct Books {
    spec: BookSpec,
    content: Content,
    trust: Trust,
    floors: Floors,
    refreshing: Option<Refreshing>,
    /// Instruments of the seat; `None`: all.
    filter: Option<Filter>,
    counts: BookCounts,
}

impl Books {
    /// Takes the first memory of the books.
    ///
    /// # Errors
    /// [`LimitsError`]: a number of the specification is out of range.
    pub fn new(spec: BookSpec) -> Result<Books, LimitsError> {
        let instruments = spec.instruments.max(1);
        let has = |class: Class| spec.classes & class.bit() != 0;
        let content = if has(Class::Orders) {
            Content::Orders(Box::new(OrderBooks::new(instruments, spec.orders)?))
        } else if has(Class::Levels) {
            Content::Levels(LevelBooks::new(instruments, spec.levels))
        } else if has(Class::Top) {
            Content::Top(vec![Top::EMPTY; instruments as usize])
        } else {
            Content::Nothing
        };
        Ok(Books {
            spec,
            content,
            trust: Trust::new(instruments as usize),
            floors: Floors::new(instruments as usize),
            refreshing: None,
            filter: None,
            counts: BookCounts::default(),
        })
    }

    /// Whether these books are of this many instruments and these classes.
    pub(crate) fn suits(&self, instruments: u32, classes: u8) -> bool {
        let book = Class::BOOK;
        self.spec.instruments == instruments && self.spec.classes & book == classes & book
    }

    /// Instruments that there is room for, index 0 included.
    pub fn instruments(&self) -> u32 {
        self.spec.instruments
    }

    /// A new seat or generation: nothing is known.
    pub fn begin(&mut self) {
        self.drop_contents();
        self.trust.begin();
    }

    /// All books are to be refreshed; gaps of the feed stay what they are.
    pub fn forget_all(&mut self) {
        self.drop_contents();
        self.trust.forget_all();
    }

    fn drop_contents(&mut self) {
        self.refreshing = None;
        match &mut self.content {
            Content::Orders(orders) => orders.books.clear_all(),
            Content::Levels(levels) => levels.clear_all(),
            Content::Top(tops) => tops.fill(Top::EMPTY),
            Content::Nothing => {}
        }
    }

    /// Other instruments are wanted. Forgets the books of the others, which nobody keeps up to date,
    /// and takes no refresh of them that is still on its way.
    pub fn want(&mut self, filter: &Filter) {
        let count = u32::try_from(self.trust.len()).unwrap_or(u32::MAX);
        for index in (0..count).filter(|index| !filter.contains(*index)) {
            self.clear(index);
            self.trust.forget(index);
        }
        self.refreshing.take_if(|refreshing| !filter.contains(refreshing.index));
        self.filter = Some(filter.clone());
    }

    fn is_wanted(&self, index: u32) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.contains(index))
    }

    fn clear(&mut self, index: u32) {
        match &mut self.content {
            Content::Orders(orders) => orders.books.clear(index),
            Content::Levels(levels) => levels.clear(index),
            Content::Top(tops) => {
                if let Some(top) = tops.get_mut(index as usize) {
                    *top = Top::EMPTY;
                }
            }
            Content::Nothing => {}
        }
    }

    /// Takes a record of the lane, whatever its kind.
    #[inline]
    pub fn record(&mut self, record: &Record) {
        match record.kind() {
            Some(
                Kind::OrderAdd
                | Kind::OrderModify
                | Kind::OrderReplace
                | Kind::OrderExecute
                | Kind::OrderReduce
                | Kind::OrderDelete,
            ) if matches!(self.content, Content::Orders(_)) => self.book_record(record),
            Some(Kind::Level) if matches!(self.content, Content::Levels(_)) => {
                self.book_record(record);
            }
            Some(Kind::Top) if matches!(self.content, Content::Top(_)) => self.top(record),
            Some(kind) if kind.class() == Class::Stream => self.stream(kind, record),
            _ => {}
        }
    }

    #[inline]
    fn book_record(&mut self, record: &Record) {
        let index = record.instrument.index();
        if let Some(refreshing) = &mut self.refreshing
            && refreshing.index == index
        {
            if !refreshing.take(record) {
                self.refreshing = None;
                return self.contradiction(index, Inconsistency::RefreshOrder);
            }
        } else if !self.trust.is_complete(index) {
            self.counts.ignored += 1;
            return;
        } else if let Some(state) = record.quality.state() {
            self.trust.tell(index, state);
        }
        match self.apply(index, record) {
            Ok(Applied::Yes) => {}
            Ok(Applied::Beyond) => self.counts.beyond_depth += 1,
            Err(Inconsistency::Book(BookError::DuplicateReference)) => self.evict(index, record),
            Err(what) => self.contradiction(index, what),
        }
    }

    #[inline(always)]
    fn apply(&mut self, index: u32, record: &Record) -> Result<Applied, Inconsistency> {
        match &mut self.content {
            Content::Orders(orders) => orders.apply(index, record, &self.floors),
            Content::Levels(levels) => levels.apply(index, record, &self.floors),
            Content::Top(_) | Content::Nothing => Ok(Applied::Yes),
        }
    }

    /// A new order has the number of one that we hold. If that belongs to another instrument, it
    /// is that book which is out of date.
    #[cold]
    fn evict(&mut self, index: u32, record: &Record) {
        let duplicate = Inconsistency::Book(BookError::DuplicateReference);
        let Content::Orders(orders) = &mut self.content else { return };
        let Some(other) = orders.evict(index, record) else {
            return self.contradiction(index, duplicate);
        };
        let again = orders.apply(index, record, &self.floors);
        self.contradiction(other, Inconsistency::OrderElsewhere);
        if let Err(what) = again {
            self.contradiction(index, what);
        }
    }

    /// The book cannot be believed: counted, emptied, unusable until its next refresh.
    #[cold]
    fn contradiction(&mut self, index: u32, what: Inconsistency) {
        self.counts.count(what);
        if self.refreshing.is_some_and(|refreshing| refreshing.index == index) {
            self.refreshing = None;
        }
        self.clear(index);
        self.trust.broken(index);
    }

    fn top(&mut self, record: &Record) {
        let index = record.instrument.index();
        if record.quality.is_snapshot() && !self.is_wanted(index) {
            self.counts.ignored += 1;
            return;
        }
        let Content::Top(tops) = &mut self.content else { return };
        let Some(m) = record.get::<payload::Top>() else { return };
        let Some(top) = tops.get_mut(index as usize) else {
            return self.contradiction(index, BookError::UnknownInstrument.into());
        };
        let state = record.quality.state().unwrap_or(BookState::None);
        if record.quality.is_snapshot() {
            self.trust.refreshed(index, state);
            self.counts.refreshes += 1;
        } else if !self.trust.is_complete(index) {
            self.counts.ignored += 1;
            return;
        } else {
            self.trust.tell(index, state);
        }
        *top = Top {
            bid_price: m.bid_price,
            bid_qty: m.bid_quantity,
            ask_price: m.ask_price,
            ask_qty: m.ask_quantity,
        };
    }

    fn stream(&mut self, kind: Kind, record: &Record) {
        let index = record.instrument.index();
        match kind {
            Kind::BookBegin => self.refresh_begin(index, record),
            Kind::BookEnd => self.refresh_end(index, record),
            Kind::Lost => {
                let lost = record.get::<Lost>();
                let channel = record.quality.state().unwrap_or(BookState::None);
                self.trust.lost(lost.map_or(0, |lost| lost.instruments), channel);
            }
            Kind::GapBegin if index == 0 => {
                self.counts.gaps += 1;
                self.trust.gap_begin();
            }
            Kind::GapBegin => {
                self.counts.gaps += 1;
                self.trust.change(index, BookState::Gapped);
            }
            Kind::GapEnd if index == 0 => {
                let how = record.get::<GapEnd>().and_then(|end| GapHow::from_bits(end.how));
                self.trust.gap_end(how);
            }
            Kind::BookStateChange => {
                let change = record.get::<BookStateChange>();
                let new = change.and_then(|change| BookState::from_bits(change.new));
                self.trust.change(index, new.unwrap_or(BookState::None));
            }
            Kind::Session => self.session(record),
            _ => {}
        }
    }

    fn session(&mut self, record: &Record) {
        let event = record.get::<Session>().and_then(|s| SessionEvent::from_bits(s.event));
        if event == Some(SessionEvent::Start) {
            self.counts.sessions += 1;
            self.forget_all();
            self.trust.change(0, BookState::Live);
        }
    }

    fn refresh_begin(&mut self, index: u32, record: &Record) {
        if matches!(self.content, Content::Top(_) | Content::Nothing) {
            return;
        }
        if !self.is_wanted(index) {
            self.counts.ignored += 1;
            return;
        }
        if let Some(given_up) = self.refreshing.take() {
            // The producer's book has changed meanwhile: it begins again, now or in its turn.
            self.counts.given_up += 1;
            self.clear(given_up.index);
        }
        let Some(m) = record.get::<BookBegin>() else { return };
        self.clear(index);
        self.trust.broken(index);
        for side in [Side::Bid, Side::Ask] {
            self.floors.set(index, side, None);
        }
        self.refreshing = Some(Refreshing {
            index,
            depth: m.depth,
            announced: [m.bids, m.asks],
            entries: [0; 2],
            levels: [0; 2],
            last_price: [wire::NONE; 2],
        });
    }

    fn refresh_end(&mut self, index: u32, record: &Record) {
        if matches!(self.content, Content::Top(_) | Content::Nothing) {
            return;
        }
        if !self.is_wanted(index) {
            return;
        }
        let Some(refreshing) = self.refreshing.take() else {
            if !self.trust.is_complete(index) {
                // The rest of a refresh of which a resync skipped the begin.
                self.counts.ignored += 1;
                return;
            }
            return self.contradiction(index, Inconsistency::RefreshOrder);
        };
        if refreshing.index != index {
            self.contradiction(refreshing.index, Inconsistency::RefreshOrder);
            return self.contradiction(index, Inconsistency::RefreshOrder);
        }
        let Some(m) = record.get::<BookEnd>() else { return };
        let counts = [[m.bids, m.asks], refreshing.announced];
        if counts.iter().any(|counts| *counts != refreshing.entries) {
            return self.contradiction(index, Inconsistency::RefreshCounts);
        }
        for side in [Side::Bid, Side::Ask] {
            self.floors.set(index, side, refreshing.floor(side));
        }
        self.counts.refreshes += 1;
        self.trust.refreshed(index, record.quality.state().unwrap_or(BookState::None));
    }

    /// Whether the copy equals the producer's book. It may still be gapped on the producer's side,
    /// or out of date since a loss: see [`Books::usable`].
    #[inline]
    pub fn complete(&self, id: InstrumentId) -> bool {
        self.trust.is_complete(id.index())
    }

    /// Whether the book is complete, was not put in doubt by a loss, and is live at the producer.
    pub fn usable(&self, id: InstrumentId) -> bool {
        self.state(id) == BookState::Live
    }

    /// State of a book: none before its first refresh, building while its refresh is awaited,
    /// else what the producer says of it.
    pub fn state(&self, id: InstrumentId) -> BookState {
        self.trust.state(id.index())
    }

    /// Whether the copy equals the producer's book as of the last record, losses considered.
    pub fn proven(&self, id: InstrumentId) -> bool {
        self.trust.is_proven(id.index())
    }

    /// Refreshes that losses announced and that have not come yet.
    pub fn refreshes_due(&self) -> u64 {
        self.trust.due()
    }

    /// Whether the doubt of a loss cannot end by itself: instruments were taken out of the filter
    /// while refreshes were due, and it is not known whether theirs were among them. Resync.
    pub fn needs_resync(&self) -> bool {
        self.trust.is_stuck()
    }

    /// Gaps of the feed that are open.
    pub fn open_gaps(&self) -> u32 {
        self.trust.open_gaps()
    }

    /// What was counted.
    pub fn counts(&self) -> BookCounts {
        let enlarged = match &self.content {
            Content::Orders(orders) => orders.enlarged,
            Content::Levels(levels) => levels.enlarged,
            Content::Top(_) | Content::Nothing => 0,
        };
        let mut counts = self.counts;
        counts.enlarged = enlarged;
        counts
    }
}

impl Refreshing {
    /// Counts an entry; false for a record that does not belong into a refresh.
    #[inline]
    fn take(&mut self, record: &Record) -> bool {
        let price = match record.kind() {
            Some(Kind::OrderAdd) => record.get::<payload::OrderAdd>().map(|m| m.price),
            Some(Kind::Level) => record.get::<payload::Level>().map(|m| m.price),
            _ => None,
        };
        let Some(price) = price.filter(|_| record.quality.is_snapshot()) else { return false };
        let side = record.quality.get_side() as usize;
        self.entries[side] = self.entries[side].saturating_add(1);
        if self.levels[side] == 0 || self.last_price[side] != price {
            self.levels[side] = self.levels[side].saturating_add(1);
        }
        self.last_price[side] = price;
        true
    }

    /// Up to where the side is known now; `None`: whole.
    fn floor(&self, side: Side) -> Option<i64> {
        let side = side as usize;
        let cut = self.depth != NO_DEPTH && self.levels[side] >= u32::from(self.depth);
        cut.then_some(self.last_price[side])
    }
}
