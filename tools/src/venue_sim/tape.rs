//! Events to ITCH messages, in a file.

use std::io::{self, Write};

use protocol::venue::nasdaq::codes::YesNo;
use protocol::venue::nasdaq::file::SIMULATED_TRACKING;
use protocol::venue::nasdaq::{
    AddOrder, AddOrderAttributed, CrossTrade, Header, ItchMessage, MESSAGES, OrderCancel,
    OrderDelete, OrderExecuted, OrderExecutedWithPrice, OrderReplace, Trade,
};
use serde::Serialize;

use super::engine::Event;
use super::instrument::Instrument;

/// Writes messages with their lengths, and counts them.
#[derive(Debug)]
pub struct Tape<W> {
    out: W,
    /// Messages by code.
    counts: [u64; 256],
    messages: u64,
    bytes: u64,
    first_ns: Option<u64>,
    now_ns: u64,
    tracking: u16,
}

impl<W: Write> Tape<W> {
    /// A tape at midnight.
    pub fn new(out: W) -> Self {
        Self {
            out,
            counts: [0; 256],
            messages: 0,
            bytes: 0,
            first_ns: None,
            now_ns: 0,
            tracking: 0,
        }
    }

    /// Begins an action at this time, or at that of the last one if it was later. The messages of
    /// an action share time and tracking number.
    pub fn at(&mut self, time_ns: u64) {
        self.now_ns = self.now_ns.max(time_ns);
        self.tracking = self.tracking.wrapping_add(1);
    }

    /// The time of the action, ns since midnight.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now_ns
    }

    /// What is written to.
    pub(super) const fn out(&self) -> &W {
        &self.out
    }

    /// The same, to be emptied by who reads along.
    pub(super) const fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Messages written.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// The header of a message of this action. The first of the file says that it is simulated.
    #[must_use]
    pub const fn header<M: ItchMessage>(&self, locate: u16) -> Header {
        let tracking = if self.messages == 0 { SIMULATED_TRACKING } else { self.tracking };
        Header::of::<M>(locate, tracking, self.now_ns)
    }

    /// Writes one message.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn write<M: ItchMessage>(&mut self, message: &M) -> io::Result<()> {
        self.write_bytes(message.as_bytes())
    }

    /// Writes one message that is given as bytes.
    ///
    /// # Errors
    /// Those of the underlying writer; a message that no length field can describe.
    pub fn write_bytes(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(message)?;
        if let Some(code) = message.first() {
            self.counts[usize::from(*code)] += 1;
        }
        self.messages += 1;
        self.bytes += 2 + u64::from(length);
        self.first_ns.get_or_insert(self.now_ns);
        Ok(())
    }

    /// Writes what the feed shows of an event.
    pub(super) fn event(&mut self, of: &Instrument, event: &Event) -> io::Result<()> {
        let (locate, stock) = (of.locate, of.symbol);
        match *event {
            Event::Added { reference, side, shares, price, attribution: None } => {
                self.write(&AddOrder {
                    header: self.header::<AddOrder>(locate),
                    reference: reference.into(),
                    buy_sell: side.byte(),
                    shares: shares.into(),
                    stock,
                    price: price.into(),
                })
            }
            Event::Added { reference, side, shares, price, attribution: Some(attribution) } => self
                .write(&AddOrderAttributed {
                    header: self.header::<AddOrderAttributed>(locate),
                    reference: reference.into(),
                    buy_sell: side.byte(),
                    shares: shares.into(),
                    stock,
                    price: price.into(),
                    attribution,
                }),
            Event::Executed { .. } | Event::ExecutedAt { .. } | Event::Traded { .. } => {
                self.execution(of, event)
            }
            Event::Reduced { reference, shares } => self.write(&OrderCancel {
                header: self.header::<OrderCancel>(locate),
                reference: reference.into(),
                cancelled: shares.into(),
            }),
            Event::Deleted { reference } => self.write(&OrderDelete {
                header: self.header::<OrderDelete>(locate),
                reference: reference.into(),
            }),
            Event::Replaced { original, reference, shares, price } => self.write(&OrderReplace {
                header: self.header::<OrderReplace>(locate),
                original: original.into(),
                reference: reference.into(),
                shares: shares.into(),
                price: price.into(),
            }),
            Event::Crossed { shares, price, match_number, cross } => self.write(&CrossTrade {
                header: self.header::<CrossTrade>(locate),
                shares: shares.into(),
                stock,
                price: price.into(),
                match_number: match_number.into(),
                cross_type: cross.byte(),
            }),
        }
    }

    fn execution(&mut self, of: &Instrument, event: &Event) -> io::Result<()> {
        let (locate, stock) = (of.locate, of.symbol);
        match *event {
            Event::Executed { reference, shares, match_number } => self.write(&OrderExecuted {
                header: self.header::<OrderExecuted>(locate),
                reference: reference.into(),
                executed: shares.into(),
                match_number: match_number.into(),
            }),
            Event::ExecutedAt { reference, shares, match_number, price, printable } => {
                let printable = if printable { YesNo::Yes } else { YesNo::No };
                self.write(&OrderExecutedWithPrice {
                    header: self.header::<OrderExecutedWithPrice>(locate),
                    reference: reference.into(),
                    executed: shares.into(),
                    match_number: match_number.into(),
                    printable: printable.byte(),
                    price: price.into(),
                })
            }
            // Since 2014 the feed shows neither the order nor its side.
            Event::Traded { shares, price, match_number } => self.write(&Trade {
                header: self.header::<Trade>(locate),
                reference: 0.into(),
                buy_sell: b'B',
                shares: shares.into(),
                stock,
                price: price.into(),
                match_number: match_number.into(),
            }),
            _ => Ok(()),
        }
    }

    /// Flushes and hands back the writer and what was written.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        self.out.flush()?;
        let types = MESSAGES
            .iter()
            .map(|(code, _, _)| (char::from(*code), self.counts[usize::from(*code)]))
            .filter(|(_, count)| *count > 0)
            .collect();
        let summary = Summary {
            messages: self.messages,
            bytes: self.bytes,
            first_ns: self.first_ns.unwrap_or(0),
            last_ns: self.now_ns,
            types,
        };
        Ok((self.out, summary))
    }
}

/// What a made session holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Messages.
    pub messages: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// Time of the first message, ns since midnight, US Eastern.
    pub first_ns: u64,
    /// Time of the last message.
    pub last_ns: u64,
    /// Messages by type.
    pub types: std::collections::BTreeMap<char, u64>,
}
