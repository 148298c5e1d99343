//! A recorded slice of one symbol, checked and indexed so that it can be played many times.
//!
//! References and match numbers of the recording become ordinals: 0, 1, 2, ... in order of first
//! appearance. A copy of the slice then needs only a small map from ordinal to its own number.

use std::collections::HashMap;
use std::path::Path;

use protocol::venue::nasdaq::file::{Frame, next};
use protocol::venue::nasdaq::{Message, decode, trim};

use super::Error;

/// What a message does to the orders of its copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// A new order with this ordinal.
    Adds(u32),
    /// About an order that stays.
    Keeps(u32),
    /// About an order that is gone afterwards.
    Ends(u32),
    /// The first order is gone, the second is new.
    Replaces(u32, u32),
}

/// One message of the slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Where it stands in the slice's bytes.
    pub(super) start: usize,
    pub(super) length: usize,
    /// Time of the recording, ns since midnight.
    pub(super) time_ns: u64,
    pub(super) effect: Effect,
}

/// A slice that can be cloned.
#[derive(Debug)]
pub struct Slice {
    bytes: Vec<u8>,
    /// Messages that describe the instrument, before its first order.
    pub(super) head: Vec<Step>,
    /// The rest.
    pub(super) body: Vec<Step>,
    symbol: String,
}

/// An order while the slice is checked.
struct Live {
    ordinal: u32,
    shares: u32,
}

/// The state of the check.
#[derive(Default)]
struct Check {
    live: HashMap<u64, Live>,
    orders: u32,
    last_ns: u64,
    locate: Option<u16>,
    symbol: Option<[u8; 8]>,
}

impl Slice {
    /// Checks a file of `u16 length + message` records.
    ///
    /// # Errors
    /// [`Error::Slice`] at the first message that is not ITCH 5.0, belongs to a second symbol, runs
    /// back in time or names an unknown order; also if there is no order at all.
    pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, Error> {
        let mut check = Check::default();
        let (mut head, mut body) = (Vec::new(), Vec::new());
        let (mut offset, mut number) = (0, 0);
        loop {
            number += 1;
            let fail = |what: String| Error::Slice {
                path: path.to_owned(),
                message: number,
                offset: offset as u64,
                what,
            };
            let (message, consumed) = match next(bytes.get(offset..).unwrap_or_default(), true) {
                Frame::Message { bytes, consumed } => (bytes, consumed),
                Frame::End => break,
                Frame::NeedMore(_) | Frame::Truncated(_) => {
                    return Err(fail("the file ends within a message".into()));
                }
            };
            let decoded = decode(message).map_err(|reject| fail(reject.to_string()))?;
            if decoded.locate() != 0 {
                let effect = check.message(&decoded).map_err(fail)?;
                let length = message.len();
                let start = offset + consumed - length;
                let step = Step { start, length, time_ns: check.last_ns, effect };
                let in_head =
                    body.is_empty() && matches!(decoded.code(), b'R' | b'H' | b'Y' | b'L');
                if in_head { head.push(step) } else { body.push(step) }
            }
            offset += consumed;
        }
        let Some(symbol) = check.symbol.filter(|_| check.orders > 0) else {
            return Err(Error::Slice {
                path: path.to_owned(),
                message: number,
                offset: offset as u64,
                what: "the file holds no order; give a slice of one symbol's messages".into(),
            });
        };
        let symbol = String::from_utf8_lossy(trim(&symbol)).into_owned();
        Ok(Self { bytes, head, body, symbol })
    }

    /// The recorded symbol.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Messages of the slice, without those of the whole market.
    #[must_use]
    pub fn messages(&self) -> u64 {
        (self.head.len() + self.body.len()) as u64
    }

    /// The bytes of a step.
    pub(super) fn message(&self, step: &Step) -> &[u8] {
        self.bytes.get(step.start..step.start + step.length).unwrap_or_default()
    }
}

impl Check {
    fn message(&mut self, message: &Message<'_>) -> Result<Effect, String> {
        if *self.locate.get_or_insert(message.locate()) != message.locate() {
            return Err("a second symbol; cut the file to the messages of one locate".into());
        }
        if message.timestamp() < self.last_ns {
            return Err("its time is before that of the message before it".into());
        }
        self.last_ns = message.timestamp();
        Ok(match message {
            Message::AddOrder(m) => {
                self.symbol = Some(m.stock);
                Effect::Adds(self.add(m.reference.get(), m.shares.get())?)
            }
            Message::AddOrderAttributed(m) => {
                self.symbol = Some(m.stock);
                Effect::Adds(self.add(m.reference.get(), m.shares.get())?)
            }
            Message::OrderExecuted(m) => self.take(m.reference.get(), m.executed.get())?,
            Message::OrderExecutedWithPrice(m) => self.take(m.reference.get(), m.executed.get())?,
            Message::OrderCancel(m) => self.take(m.reference.get(), m.cancelled.get())?,
            Message::OrderDelete(m) => Effect::Ends(self.remove(m.reference.get())?),
            Message::OrderReplace(m) => {
                let old = self.remove(m.original.get())?;
                Effect::Replaces(old, self.add(m.reference.get(), m.shares.get())?)
            }
            _ => Effect::None,
        })
    }

    fn add(&mut self, reference: u64, shares: u32) -> Result<u32, String> {
        let ordinal = self.orders;
        self.orders += 1;
        match self.live.insert(reference, Live { ordinal, shares }) {
            None => Ok(ordinal),
            Some(_) => Err(format!("order {reference} is added while it rests")),
        }
    }

    fn remove(&mut self, reference: u64) -> Result<u32, String> {
        let live = self.live.remove(&reference);
        live.map(|live| live.ordinal).ok_or_else(|| unknown(reference))
    }

    fn take(&mut self, reference: u64, shares: u32) -> Result<Effect, String> {
        let live = self.live.get_mut(&reference).ok_or_else(|| unknown(reference))?;
        let ordinal = live.ordinal;
        match live.shares.checked_sub(shares) {
            None => Err(format!("order {reference} has {} shares, not {shares}", live.shares)),
            Some(0) => {
                self.live.remove(&reference);
                Ok(Effect::Ends(ordinal))
            }
            Some(left) => {
                live.shares = left;
                Ok(Effect::Keeps(ordinal))
            }
        }
    }
}

fn unknown(reference: u64) -> String {
    format!("order {reference} is not known; the slice must begin with the day's first order")
}
