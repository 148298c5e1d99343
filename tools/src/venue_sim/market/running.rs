//! The market itself: messages one by one, and the books as of the last one handed out.
//!
//! One action of an agent or the venue makes any number of messages, and the engine has done all
//! of it before the first of them is handed out. [`Market::book`] therefore takes the engine's book
//! and undoes what was not told yet, by the engine's own change log.

use protocol::frame::moldudp64::Session as SessionBytes;
use protocol::venue::nasdaq::decode;
use protocol::venue::nasdaq::file::{Frame, next};

use super::snapshot::MarketSnapshot;
use crate::venue_sim::change::{Change, ShownBook};
use crate::venue_sim::play::{Message, Messages, PlayError};
use crate::venue_sim::serve::Standing;
use crate::venue_sim::session::{Session, Settings};
use crate::venue_sim::{Error, symbol};

/// Where the venue's stamp is in every message.
const STAMP: std::ops::Range<usize> = 5..11;
/// A market that makes its messages when they are asked for.
#[derive(Debug)]
pub struct Market {
    session: Session<Vec<u8>>,
    /// Where in the session's buffer the next message begins.
    offset: usize,
    /// Messages handed out.
    told: u64,
    /// How many of the session's changes belong to messages handed out, and from where on those of
    /// the last message are.
    applied: usize,
    fresh: usize,
    standing: Standing,
    instruments: u16,
    /// The venue's stamp of the last message, ns since midnight.
    time_ns: u64,
}

impl Market {
    /// A market before its first message.
    ///
    /// # Errors
    /// [`Error::Range`] for settings that make no session.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let mut session = Session::begin(settings, Vec::new())?;
        session.engine.keep_changes();
        Ok(Self {
            session,
            offset: 0,
            told: 0,
            applied: 0,
            fresh: 0,
            standing: Standing::default(),
            instruments: settings.instruments,
            time_ns: 0,
        })
    }

    /// How many instruments there are; their indices begin at 0, their locate codes at 1.
    #[must_use]
    pub const fn instruments(&self) -> u16 {
        self.instruments
    }

    /// The symbol of an instrument.
    #[must_use]
    pub fn symbol(&self, instrument: u16) -> String {
        symbol(instrument)
    }

    /// Number of the last message handed out, 0 before the first: the number that books are as of.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.told
    }

    /// The venue's stamp of the next message, ns since midnight; `None` when the session is over.
    ///
    /// # Errors
    /// [`Error::Write`], which a session in memory does not meet.
    pub fn due(&mut self) -> Result<Option<u64>, Error> {
        let there = self.fill()?;
        Ok(there.then(|| stamp(self.rest())))
    }

    /// Appends every message with a stamp up to this one, ns since midnight.
    ///
    /// # Errors
    /// As [`Market::due`].
    pub fn advance(&mut self, until_ns: u64, into: &mut Vec<Message>) -> Result<(), PlayError> {
        while self.due()?.is_some_and(|due| due <= until_ns) {
            let mut message = Message::default();
            if self.next(&mut message)? {
                into.push(message);
            }
        }
        Ok(())
    }

    /// What the last message handed out changed in the books: nothing, one order, or the two of a
    /// replacement.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        self.session.changes.get(self.fresh..self.applied).unwrap_or_default()
    }

    /// The true displayed book of an instrument after the last message handed out.
    #[must_use]
    pub fn book(&self, instrument: u16) -> ShownBook {
        let mut book = ShownBook::default();
        self.book_into(instrument, &mut book);
        book
    }

    /// As [`Market::book`], in memory that is used again.
    pub fn book_into(&self, instrument: u16, book: &mut ShownBook) {
        self.session.engine.shown_book(instrument, book);
        let ahead = self.session.changes.get(self.applied..).unwrap_or_default();
        for change in ahead.iter().rev().filter(|change| change.instrument == instrument) {
            let undone = book.undo(change);
            debug_assert!(undone.is_ok(), "the engine's log does not fit its book: {change:?}");
        }
    }

    /// Whether the engine is where the messages are: no message of an action is left to hand out.
    #[must_use]
    pub fn is_between_actions(&self) -> bool {
        self.applied == self.session.changes.len()
    }

    /// What was said of the system and of stocks and is still true.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The venue's stamp of the last message handed out, ns since midnight.
    #[must_use]
    pub const fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// All books and states as of the last message handed out, for a snapshot server of this
    /// session.
    #[must_use]
    pub const fn snapshot(&self, session: SessionBytes) -> MarketSnapshot<'_> {
        MarketSnapshot { market: self, session }
    }

    /// Displayed orders that rest in the engine.
    #[must_use]
    pub const fn live_orders(&self) -> u64 {
        self.session.engine.live_orders()
    }

    fn rest(&self) -> &[u8] {
        match next(self.session.tape.out().get(self.offset..).unwrap_or_default(), true) {
            Frame::Message { bytes, .. } => bytes,
            _ => &[],
        }
    }

    /// Makes messages where none is left; `false` when the session is over.
    fn fill(&mut self) -> Result<bool, Error> {
        while self.offset >= self.session.tape.out().len() {
            self.session.tape.out_mut().clear();
            self.session.changes.clear();
            (self.offset, self.applied, self.fresh) = (0, 0, 0);
            if !self.session.step()? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Messages for Market {
    fn next(&mut self, message: &mut Message) -> Result<bool, PlayError> {
        if !self.fill()? {
            self.fresh = self.applied;
            return Ok(false);
        }
        message.bytes.clear();
        message.bytes.extend_from_slice(self.rest());
        message.time_ns = stamp(&message.bytes);
        message.skipped = 0;
        message.begins_packet = true;
        self.offset += size_of::<u16>() + message.bytes.len();
        self.told += 1;
        self.fresh = self.applied;
        let rest = self.session.changes.get(self.applied..).unwrap_or_default();
        self.applied += rest.iter().take_while(|change| change.event <= self.told).count();
        self.time_ns = message.time_ns;
        if self.changes().is_empty()
            && let Ok(decoded) = decode(&message.bytes)
        {
            self.standing.message(&decoded);
        }
        Ok(true)
    }
}

/// The venue's stamp of a message, ns since midnight.
fn stamp(message: &[u8]) -> u64 {
    let bytes = message.get(STAMP).unwrap_or_default();
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
