//! From items to bytes, in a buffer of the caller's, without allocation.
//!
//! ```
//! use wire::datagram::{BookItem, Datagram, DatagramWriter, Envelope, MAX_DATAGRAM};
//!
//! let mut buffer = [0; MAX_DATAGRAM];
//! let envelope = Envelope { symbol: *b"AAPL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
//!     exchange: *b"NASDAQ\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ..Envelope::default() };
//! let mut writer = DatagramWriter::<BookItem>::begin(&mut buffer, &envelope).expect("it fits");
//! writer.push(&BookItem { price: 32_014_000_000.into(), quantity: 10_000_000_000.into() });
//! let bytes = writer.finish();
//! assert_eq!(bytes.len(), 82);
//! assert_eq!(Datagram::parse(bytes).map(|datagram| datagram.symbol()), Ok("AAPL"));
//! ```

use std::marker::PhantomData;
use std::mem::size_of;

use zerocopy::big_endian::U64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use super::layout::{
    BookItem, DatagramHeader, DefinitionItem, HeartbeatItem, OrderItem, RecordItem, StatusItem,
    TradeItem,
};
use super::{Flags, HEADER_BYTES, MAX_ITEMS, NAME_BYTES, PROTOCOL_VERSION, PacketType};

/// Bytes of the longest datagram: seven records.
pub const MAX_DATAGRAM: usize = HEADER_BYTES + MAX_ITEMS * size_of::<RecordItem>();

const _: () = {
    assert!(MAX_DATAGRAM == 514);
    assert!(HEADER_BYTES + size_of::<DefinitionItem>() <= MAX_DATAGRAM);
    assert!(MAX_ITEMS * size_of::<StatusItem>() <= MAX_DATAGRAM);
};

/// An item of a datagram.
pub trait Item: Copy + FromBytes + IntoBytes + Immutable + KnownLayout + Unaligned {
    /// The type of datagram that it belongs to.
    const TYPE: PacketType;
}

macro_rules! item {
    ($($name:ident $packet:ident)*) => { $(
        impl Item for $name { const TYPE: PacketType = PacketType::$packet; }
    )* };
}

item! {
    TradeItem Trade
    BookItem Book
    StatusItem Status
    DefinitionItem Definition
    HeartbeatItem Heartbeat
    OrderItem OrderEvent
    RecordItem Record
}

/// Everything of a header but version, type and count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Number in the stream of the group: [`super::sequence`].
    pub sequence: u64,
    /// When the venue says it happened, Unix ns; 0 where it does not say.
    pub exchange_timestamp: u64,
    /// When it is sent, Unix ns.
    pub local_timestamp: u64,
    /// Symbol: [`super::datagram_symbol`].
    pub symbol: [u8; NAME_BYTES],
    /// Exchange: [`super::datagram_exchange`].
    pub exchange: [u8; NAME_BYTES],
    /// Last datagram of what belongs together.
    pub is_last: bool,
    /// Of a book: the bid side. Of everything else false.
    pub is_bid: bool,
}

/// Writes one datagram.
#[derive(Debug)]
pub struct DatagramWriter<'a, I: Item> {
    buffer: &'a mut [u8],
    used: usize,
    flags: Flags,
    items: PhantomData<I>,
}

impl<'a, I: Item> DatagramWriter<'a, I> {
    /// Writes the header; `None` where the buffer does not even hold that.
    #[inline]
    #[must_use]
    pub fn begin(buffer: &'a mut [u8], envelope: &Envelope) -> Option<Self> {
        let flags = Flags::new(I::TYPE, 0).last(envelope.is_last).bid(envelope.is_bid);
        let header = DatagramHeader {
            protocol_version: PROTOCOL_VERSION,
            sequence_number: envelope.sequence.into(),
            exchange_timestamp: envelope.exchange_timestamp.into(),
            local_timestamp: envelope.local_timestamp.into(),
            flags_and_count: flags,
            symbol: envelope.symbol,
            exchange: envelope.exchange,
        };
        header.write_to_prefix(buffer).ok()?;
        Some(DatagramWriter { buffer, used: HEADER_BYTES, flags, items: PhantomData })
    }

    /// Appends an item; false, and nothing is written, where the type allows no more or the
    /// buffer is full.
    #[inline]
    pub fn push(&mut self, item: &I) -> bool {
        if self.flags.count() >= I::TYPE.counts().1 {
            return false;
        }
        let Some(room) = self.buffer.get_mut(self.used..) else { return false };
        if item.write_to_prefix(room).is_err() {
            return false;
        }
        self.used += size_of::<I>();
        self.flags = Flags(self.flags.0 + 1);
        true
    }

    /// Items so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.flags.count()
    }

    /// The datagram. One without items is valid only for a book, where it says that the side is
    /// empty.
    #[inline]
    #[must_use]
    pub fn finish(self) -> &'a mut [u8] {
        if let Some(byte) = self.buffer.get_mut(FLAGS_AT) {
            *byte = self.flags.0;
        }
        self.buffer.get_mut(..self.used).unwrap_or_default()
    }
}

const FLAGS_AT: usize = std::mem::offset_of!(DatagramHeader, flags_and_count);

/// Writes a datagram of these items; its length, or `None` where they are too many, too few, or
/// the buffer is too short.
#[inline]
#[must_use]
pub fn write<I: Item>(buffer: &mut [u8], envelope: &Envelope, items: &[I]) -> Option<usize> {
    let (least, most) = I::TYPE.counts();
    if !(least..=most).contains(&items.len()) {
        return None;
    }
    let mut writer = DatagramWriter::<I>::begin(buffer, envelope)?;
    items.iter().all(|item| writer.push(item)).then(|| writer.finish().len())
}

/// Puts the number and the time of sending into a datagram that is already written; false where
/// it is none.
///
/// A datagram may wait in a batch; both are known only when it leaves.
#[inline]
pub fn restamp(datagram: &mut [u8], sequence: u64, local_timestamp: u64) -> bool {
    let Ok((header, _)) = DatagramHeader::mut_from_prefix(datagram) else { return false };
    header.sequence_number = U64::new(sequence);
    header.local_timestamp = U64::new(local_timestamp);
    true
}
