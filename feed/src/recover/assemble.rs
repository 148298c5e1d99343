//! A snapshot put together from the messages of a server, and refused as a whole if one is wrong.
//!
//! A book with one wrong order is worse than no book: so nothing is repaired here and nothing is
//! left out. Orders may come in any order of instruments; those of one instrument keep the order in
//! which they came, which is the order of their queues.

use std::collections::HashSet;
use std::ops::Range;

use protocol::venue::nasdaq::glimpse::EndOfSnapshot;
use protocol::venue::nasdaq::{BookEvent, EventKind, Message, decode};

use super::counts::RecoveryReject;
use super::mail::SessionName;
use super::snapshot::Snapshot;

/// Most orders of a snapshot: 1 GiB.
const ORDERS_MAX: usize = 1 << 24;
/// Most bytes of its other messages.
const BYTES_MAX: usize = 1 << 26;
/// Locates are 16 bits.
const LOCATES: usize = 1 << 16;
/// No symbol: fields are padded with spaces.
const UNKNOWN: [u8; 8] = [0; 8];

/// A snapshot that is not complete yet.
pub struct Assembly {
    snapshot: Snapshot,
    symbols: Box<[[u8; 8]]>,
    references: HashSet<u64>,
}

impl Assembly {
    /// An empty one of a session.
    pub fn new(session: SessionName) -> Assembly {
        Assembly {
            snapshot: Snapshot { session, ..Snapshot::default() },
            symbols: vec![UNKNOWN; LOCATES].into_boxed_slice(),
            references: HashSet::new(),
        }
    }

    /// Takes the next message; true if it was the last one.
    ///
    /// # Errors
    /// What is wrong with it: the snapshot is not to be used.
    pub fn take(&mut self, message: &[u8]) -> Result<bool, RecoveryReject> {
        if EndOfSnapshot::claims(message) {
            let end =
                EndOfSnapshot::parse(message).map_err(|_| RecoveryReject::SnapshotMalformed)?;
            self.snapshot.next = end.next;
            return Ok(true);
        }
        match decode(message).map_err(|_| RecoveryReject::SnapshotMalformed)? {
            Message::AddOrder(_) | Message::AddOrderAttributed(_) => self.order(message)?,
            Message::OrderExecuted(_)
            | Message::OrderExecutedWithPrice(_)
            | Message::OrderCancel(_)
            | Message::OrderDelete(_)
            | Message::OrderReplace(_)
            | Message::Trade(_)
            | Message::CrossTrade(_)
            | Message::BrokenTrade(_) => return Err(RecoveryReject::SnapshotMessage),
            Message::StockDirectory(stock) => {
                self.stock(stock.header.locate.get(), stock.stock)?;
                self.keep(message)?;
            }
            _ => self.keep(message)?,
        }
        Ok(false)
    }

    /// A stock has one locate in a session, and a locate one stock.
    fn stock(&mut self, locate: u16, symbol: [u8; 8]) -> Result<(), RecoveryReject> {
        let known =
            self.symbols.get_mut(usize::from(locate)).ok_or(RecoveryReject::SnapshotLocate)?;
        if locate == 0 || symbol == UNKNOWN || (*known != UNKNOWN && *known != symbol) {
            return Err(RecoveryReject::SnapshotLocate);
        }
        *known = symbol;
        Ok(())
    }

    fn keep(&mut self, message: &[u8]) -> Result<(), RecoveryReject> {
        let messages = &mut self.snapshot.messages;
        if messages.len() + message.len() > BYTES_MAX {
            return Err(RecoveryReject::SnapshotTooLarge);
        }
        // No ITCH message is longer than 50 bytes, and this one was decoded.
        messages.extend_from_slice(&(message.len() as u16).to_be_bytes());
        messages.extend_from_slice(message);
        Ok(())
    }

    fn order(&mut self, message: &[u8]) -> Result<(), RecoveryReject> {
        let order = BookEvent::read(message);
        if order.kind != EventKind::Add || order.shares == 0 || order.price == 0 {
            return Err(RecoveryReject::SnapshotOrder);
        }
        if self.symbols.get(usize::from(order.locate)) != Some(&order.stock) {
            return Err(RecoveryReject::SnapshotLocate);
        }
        if self.snapshot.orders.len() >= ORDERS_MAX {
            return Err(RecoveryReject::SnapshotTooLarge);
        }
        if !self.references.insert(order.reference) {
            return Err(RecoveryReject::SnapshotReference);
        }
        self.snapshot.orders.push(order);
        Ok(())
    }

    /// The snapshot, complete at `ts_receive`.
    pub fn finish(self, ts_receive: u64) -> Snapshot {
        let mut snapshot = self.snapshot;
        snapshot.ts_receive = ts_receive;
        // Stable: within a locate the order in which they came is that of the queues.
        snapshot.orders.sort_by_key(|order| order.locate);
        snapshot.by_locate = by_locate(&snapshot.orders);
        snapshot
    }

    /// Number of the first message that is not in it, once the last message was taken.
    pub fn next(&self) -> u64 {
        self.snapshot.next
    }
}

fn by_locate(orders: &[BookEvent]) -> Vec<(u16, Range<u32>)> {
    let mut groups: Vec<(u16, Range<u32>)> = Vec::new();
    // ORDERS_MAX fits into 32 bits.
    for (at, order) in (0_u32..).zip(orders) {
        match groups.last_mut() {
            Some((locate, range)) if *locate == order.locate => range.end = at + 1,
            _ => groups.push((order.locate, at..at + 1)),
        }
    }
    groups
}
