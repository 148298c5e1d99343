//! The matching engine: price, then display, then time.
//!
//! * An incoming order takes the best price first. At one price displayed orders come before hidden
//!   ones, and within each the earlier comes first.
//! * Where nothing is in reach, a displayed order with a reserve price may step forward to meet the
//!   incoming limit ("discretion"); it is then executed at another price than it shows.
//! * A reduction keeps the place in the queue, a replacement loses it.
//! * In the call phase (halts, auctions) orders rest without matching; [`Engine::uncross`] in
//!   `auction.rs` ends it.
//!
//! What the engine does is told as [`Event`]s, exactly those that the venue's feed would show.

use protocol::venue::nasdaq::codes::{CrossType, Side};

use super::auction::AuctionOrder;
use super::change::Change;
use super::half::{Half, Resting, Slab, opposite, rank};

/// Whether an instrument matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Incoming orders match.
    Continuous,
    /// Orders rest until the next auction.
    Call,
}

/// How an incoming order behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// What is not matched is shown.
    Shown {
        /// Market participant to name.
        attribution: Option<[u8; 4]>,
        /// Worst price accepted at need, `price` of the order where there is none.
        reserve: u32,
    },
    /// What is not matched rests unseen.
    Hidden,
    /// What is not matched is dropped.
    Immediate,
}

/// An incoming order.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Index of the instrument, from 0.
    pub instrument: u16,
    /// Buy or sell.
    pub side: Side,
    /// Shares, at least 1.
    pub shares: u32,
    /// Limit, 10^-4 dollars.
    pub price: u32,
    /// What becomes of the rest.
    pub display: Display,
}

/// Names a resting order as long as it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle {
    /// The order's reference number.
    pub reference: u64,
    slot: u32,
}

/// What the feed shows of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the ITCH message each event becomes")]
pub enum Event {
    /// A displayed order rests.
    Added { reference: u64, side: Side, shares: u32, price: u32, attribution: Option<[u8; 4]> },
    /// A displayed order was executed at its own price.
    Executed { reference: u64, shares: u32, match_number: u64 },
    /// A displayed order was executed at another price.
    ExecutedAt { reference: u64, shares: u32, match_number: u64, price: u32, printable: bool },
    /// A displayed order was reduced.
    Reduced { reference: u64, shares: u32 },
    /// A displayed order is gone.
    Deleted { reference: u64 },
    /// A displayed order was replaced.
    Replaced { original: u64, reference: u64, shares: u32, price: u32 },
    /// A hidden order was executed.
    Traded { shares: u32, price: u32, match_number: u64 },
    /// An auction took place.
    Crossed { shares: u64, price: u32, match_number: u64, cross: CrossType },
}

/// One instrument.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) bids: Half,
    pub(super) asks: Half,
    pub(super) phase: Phase,
    /// Orders for the next auction only.
    pub(super) auction: Vec<AuctionOrder>,
}

impl Book {
    pub(super) fn half(&self, side: Side) -> &Half {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub(super) fn half_mut(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

/// What an incoming order meets next.
enum Meets {
    Shown(u32),
    Hidden(u32),
    Discretion(u32),
}

/// All instruments of a session.
#[derive(Debug)]
pub struct Engine {
    pub(super) slab: Slab,
    pub(super) books: Vec<Book>,
    last_reference: u64,
    last_match: u64,
    /// Displayed orders that rest now.
    live: u64,
    /// Events told so far.
    told: u64,
    /// What became of displayed orders, where somebody wants to know.
    changes: Option<Vec<Change>>,
}

impl Engine {
    /// An engine for so many instruments, all matching.
    #[must_use]
    pub fn new(instruments: u16) -> Self {
        let book = || Book {
            bids: Half::default(),
            asks: Half::default(),
            phase: Phase::Continuous,
            auction: Vec::new(),
        };
        Self {
            slab: Slab::default(),
            books: (0..instruments).map(|_| book()).collect(),
            last_reference: 0,
            last_match: 0,
            live: 0,
            told: 0,
            changes: None,
        }
    }

    /// Keeps every change of a displayed order from now on, for [`Engine::take_changes`].
    pub fn keep_changes(&mut self) {
        self.changes.get_or_insert_default();
    }

    /// Moves the changes since the last call to the end of `into`, in their order.
    pub fn take_changes(&mut self, into: &mut Vec<Change>) {
        if let Some(changes) = &mut self.changes {
            into.append(changes);
        }
    }

    /// Events told so far.
    #[must_use]
    pub const fn told(&self) -> u64 {
        self.told
    }

    pub(super) fn tell(&mut self, events: &mut Vec<Event>, event: Event) {
        self.told += 1;
        events.push(event);
    }

    /// Notes a change of a displayed order, part of the event that was told last.
    fn note(&mut self, order: &Resting, before: u32, after: u32) {
        let Some(changes) = &mut self.changes else { return };
        if order.hidden {
            return;
        }
        changes.push(Change {
            event: self.told,
            reference: order.reference,
            behind: order.behind(&self.slab),
            instrument: order.instrument,
            side: order.side,
            price: order.price,
            before,
            after,
            attribution: order.attribution,
        });
    }

    /// How many displayed orders rest.
    #[must_use]
    pub const fn live_orders(&self) -> u64 {
        self.live
    }

    /// The phase of an instrument.
    #[must_use]
    pub fn phase(&self, instrument: u16) -> Phase {
        self.books[usize::from(instrument)].phase
    }

    /// Begins a call phase. It is ended by [`Engine::uncross`].
    pub fn call(&mut self, instrument: u16) {
        self.books[usize::from(instrument)].phase = Phase::Call;
    }

    /// The best displayed price of a side.
    #[must_use]
    pub fn best(&self, instrument: u16, side: Side) -> Option<u32> {
        let book = &self.books[usize::from(instrument)];
        let (best, _) = book.half(side).shown.first_key_value()?;
        Some(rank(side, *best))
    }

    /// Side, shares left and price of an order; `None` once it is gone.
    #[must_use]
    pub fn order(&self, handle: Handle) -> Option<(u16, Side, u32, u32)> {
        let order = self.resting(handle)?;
        Some((order.instrument, order.side, order.shares, order.price))
    }

    fn resting(&self, handle: Handle) -> Option<&Resting> {
        Some(self.slab.get(handle.slot)).filter(|order| order.reference == handle.reference)
    }

    /// Matches an order and lets the rest of it rest; the handle of what rests.
    pub fn submit(&mut self, order: &Order, events: &mut Vec<Event>) -> Option<Handle> {
        let book = &self.books[usize::from(order.instrument)];
        let left = match (book.phase, order.display) {
            (Phase::Continuous, _) => self.match_incoming(order, events),
            (Phase::Call, Display::Immediate) => 0,
            (Phase::Call, _) => order.shares,
        };
        if left == 0 || order.display == Display::Immediate {
            return None;
        }
        self.last_reference += 1;
        let reference = self.last_reference;
        let mut resting = Resting::new(reference, order.instrument, order.side, left, order.price);
        match order.display {
            Display::Shown { attribution, reserve } => {
                resting.attribution = attribution;
                resting.reserve = reserve;
                let (side, price) = (order.side, order.price);
                let added = Event::Added { reference, side, shares: left, price, attribution };
                self.tell(events, added);
            }
            Display::Hidden | Display::Immediate => resting.hidden = true,
        }
        Some(self.rest(resting))
    }

    fn rest(&mut self, order: Resting) -> Handle {
        let slot = self.slab.insert(order);
        let book = &mut self.books[usize::from(order.instrument)];
        book.half_mut(order.side).push(&mut self.slab, slot);
        self.live += u64::from(!order.hidden);
        let placed = *self.slab.get(slot);
        self.note(&placed, 0, placed.shares);
        Handle { reference: order.reference, slot }
    }

    /// Takes shares off resting orders, best first; what is left of the incoming order.
    fn match_incoming(&mut self, order: &Order, events: &mut Vec<Event>) -> u32 {
        let against = opposite(order.side);
        let limit = rank(against, order.price);
        let mut left = order.shares;
        while left > 0 {
            let book = &self.books[usize::from(order.instrument)];
            let Some(meets) = next_in_reach(book.half(against), limit) else { break };
            let (Meets::Shown(slot) | Meets::Hidden(slot) | Meets::Discretion(slot)) = meets;
            let resting = *self.slab.get(slot);
            let (reference, shares) = (resting.reference, left.min(resting.shares));
            let match_number = self.next_match();
            let event = match meets {
                Meets::Shown(_) => Event::Executed { reference, shares, match_number },
                Meets::Hidden(_) => Event::Traded { shares, price: resting.price, match_number },
                Meets::Discretion(_) => {
                    let price = order.price;
                    Event::ExecutedAt { reference, shares, match_number, price, printable: true }
                }
            };
            self.tell(events, event);
            self.take(slot, shares);
            left -= shares;
        }
        left
    }

    pub(super) fn next_match(&mut self) -> u64 {
        self.last_match += 1;
        self.last_match
    }

    /// Takes shares off the order in `slot`, after the event that says so was told.
    pub(super) fn take(&mut self, slot: u32, shares: u32) {
        let order = *self.slab.get(slot);
        if shares >= order.shares {
            self.live -= u64::from(!order.hidden);
        }
        self.note(&order, order.shares, order.shares.saturating_sub(shares));
        let book = &mut self.books[usize::from(order.instrument)];
        book.half_mut(order.side).reduce(&mut self.slab, slot, shares);
    }

    /// Removes an order; `false` if it is gone already.
    pub fn delete(&mut self, handle: Handle, events: &mut Vec<Event>) -> bool {
        let Some(order) = self.resting(handle).copied() else { return false };
        if !order.hidden {
            self.tell(events, Event::Deleted { reference: order.reference });
        }
        self.take(handle.slot, order.shares);
        true
    }

    /// Takes shares off an order, fewer than it has; it keeps its place. `false` if it is gone, or
    /// has no more shares than that.
    pub fn reduce(&mut self, handle: Handle, shares: u32, events: &mut Vec<Event>) -> bool {
        let Some(order) = self.resting(handle).copied() else { return false };
        if shares == 0 || shares >= order.shares {
            return false;
        }
        if !order.hidden {
            self.tell(events, Event::Reduced { reference: order.reference, shares });
        }
        self.take(handle.slot, shares);
        true
    }

    /// Replaces a displayed order by one with other shares and price, at the end of its queue.
    ///
    /// Where the new price would match, the feed shows a deletion, executions and perhaps a new
    /// order instead. `None` if the order is gone, is hidden, or nothing rests.
    pub fn replace(
        &mut self,
        handle: Handle,
        shares: u32,
        price: u32,
        events: &mut Vec<Event>,
    ) -> Option<Handle> {
        let old = self.resting(handle).copied().filter(|order| !order.hidden)?;
        let book = &self.books[usize::from(old.instrument)];
        let against = opposite(old.side);
        let marketable = book.phase == Phase::Continuous
            && next_in_reach(book.half(against), rank(against, price)).is_some();
        if marketable {
            self.delete(handle, events);
            let display = Display::Shown { attribution: old.attribution, reserve: price };
            let order =
                Order { instrument: old.instrument, side: old.side, shares, price, display };
            return self.submit(&order, events);
        }
        self.last_reference += 1;
        let reference = self.last_reference;
        self.tell(events, Event::Replaced { original: old.reference, reference, shares, price });
        self.take(handle.slot, old.shares);
        let mut resting = Resting::new(reference, old.instrument, old.side, shares, price);
        resting.attribution = old.attribution;
        Some(self.rest(resting))
    }
}

/// The order that an incoming one with this limit meets next.
fn next_in_reach(half: &Half, limit: u32) -> Option<Meets> {
    let first = |levels: &std::collections::BTreeMap<u32, super::half::Level>| {
        levels.first_key_value().map(|(rank, level)| (*rank, level.head))
    };
    let in_reach = |best: &(u32, u32)| best.0 <= limit;
    let shown = first(&half.shown).filter(in_reach);
    let hidden = first(&half.hidden).filter(in_reach);
    match (shown, hidden) {
        (Some((shown, slot)), Some((hidden, _))) if shown <= hidden => Some(Meets::Shown(slot)),
        (_, Some((_, slot))) => Some(Meets::Hidden(slot)),
        (Some((_, slot)), None) => Some(Meets::Shown(slot)),
        (None, None) => {
            let (_, _, slot) = half.discretion.first().filter(|best| best.0 <= limit)?;
            Some(Meets::Discretion(*slot))
        }
    }
}
