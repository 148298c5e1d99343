//! From bytes to typed items, borrowed, with every claim checked first.
//!
//! Anyone on the segment can send to a group. A datagram is therefore taken only if everything
//! about it is as the layout says: what is accepted here and written again gives the same bytes.

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::layout::{
    BookItem, DatagramHeader, DefinitionItem, HeartbeatItem, OrderItem, RecordItem, StatusItem,
    TradeItem,
};
use super::{DatagramReject, HEADER_BYTES, PROTOCOL_VERSION, PacketType, TradeSide, name_text};
use crate::payload::Kind;
use crate::quality::Nature;

/// A datagram, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// The header.
    pub header: &'a DatagramHeader,
    /// The items.
    pub items: Items<'a>,
    symbol: &'a str,
    exchange: &'a str,
}

/// The items of a datagram, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items<'a> {
    /// Trades.
    Trades(&'a [TradeItem]),
    /// Levels of one side, best first; none: the side is empty.
    Book(&'a [BookItem]),
    /// States.
    Statuses(&'a [StatusItem]),
    /// A definition.
    Definition(&'a DefinitionItem),
    /// A heartbeat.
    Heartbeat(&'a HeartbeatItem),
    /// Order events.
    Orders(&'a [OrderItem]),
    /// Records.
    Records(&'a [RecordItem]),
}

impl Items<'_> {
    /// What they are.
    #[must_use]
    pub const fn packet(&self) -> PacketType {
        match self {
            Items::Trades(_) => PacketType::Trade,
            Items::Book(_) => PacketType::Book,
            Items::Statuses(_) => PacketType::Status,
            Items::Definition(_) => PacketType::Definition,
            Items::Heartbeat(_) => PacketType::Heartbeat,
            Items::Orders(_) => PacketType::OrderEvent,
            Items::Records(_) => PacketType::Record,
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Items::Trades(items) => items.len(),
            Items::Book(items) => items.len(),
            Items::Statuses(items) => items.len(),
            Items::Definition(_) | Items::Heartbeat(_) => 1,
            Items::Orders(items) => items.len(),
            Items::Records(items) => items.len(),
        }
    }
}

impl<'a> Datagram<'a> {
    /// Reads a whole datagram.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of [`DatagramReject`].
    pub fn parse(bytes: &'a [u8]) -> Result<Datagram<'a>, DatagramReject> {
        let Ok((header, body)) = DatagramHeader::ref_from_prefix(bytes) else {
            return Err(DatagramReject::Short);
        };
        if header.protocol_version != PROTOCOL_VERSION {
            return Err(DatagramReject::Version);
        }
        let flags = header.flags_and_count;
        let packet = flags.packet().ok_or(DatagramReject::Type)?;
        let (least, most) = packet.counts();
        if !(least..=most).contains(&flags.count()) {
            return Err(DatagramReject::Count);
        }
        if body.len() != flags.count() * packet.item_bytes() {
            return Err(DatagramReject::Length);
        }
        if flags.is_bid() && packet != PacketType::Book {
            return Err(DatagramReject::BidFlag);
        }
        let symbol = name_text(&header.symbol).ok_or(DatagramReject::Symbol)?;
        if symbol.is_empty() && !packet.may_be_nameless() {
            return Err(DatagramReject::Symbol);
        }
        let exchange = name_text(&header.exchange).ok_or(DatagramReject::Exchange)?;
        if exchange.is_empty() {
            return Err(DatagramReject::Exchange);
        }
        Ok(Datagram { header, items: items(packet, body)?, symbol, exchange })
    }

    /// Number in the stream of its group: see [`super::SequenceStep`].
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.header.sequence_number.get()
    }

    /// When the venue says it happened, Unix ns; 0 where it does not say.
    #[must_use]
    pub fn exchange_timestamp(&self) -> u64 {
        self.header.exchange_timestamp.get()
    }

    /// When it was sent, Unix ns of the publisher's clock.
    #[must_use]
    pub fn local_timestamp(&self) -> u64 {
        self.header.local_timestamp.get()
    }

    /// Symbol; empty where a whole exchange is meant.
    #[must_use]
    pub fn symbol(&self) -> &'a str {
        self.symbol
    }

    /// Exchange with its prefix.
    #[must_use]
    pub fn exchange(&self) -> &'a str {
        self.exchange
    }

    /// Where the data comes from, by the prefix of the exchange.
    #[must_use]
    pub fn nature(&self) -> Nature {
        super::nature_of(self.exchange)
    }

    /// Whether it is the last of what belongs together.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.header.flags_and_count.is_last()
    }

    /// Whether a book's items are its bid side.
    #[must_use]
    pub fn is_bid(&self) -> bool {
        self.header.flags_and_count.is_bid()
    }

    /// Bytes of the whole datagram.
    #[must_use]
    pub fn bytes(&self) -> usize {
        HEADER_BYTES + self.items.count() * self.items.packet().item_bytes()
    }
}

/// How long the datagram that begins here says it is; `None` where no header of this version
/// begins here.
///
/// Datagrams are sent one a packet, so only a capture needs this: a system that sends many
/// datagrams by one call (UDP_SEGMENT) may show them to a capture in one piece.
#[must_use]
pub fn announced_length(bytes: &[u8]) -> Option<usize> {
    let (header, _) = DatagramHeader::ref_from_prefix(bytes).ok()?;
    if header.protocol_version != PROTOCOL_VERSION {
        return None;
    }
    let flags = header.flags_and_count;
    Some(HEADER_BYTES + flags.count() * flags.packet()?.item_bytes())
}

fn slice<I: FromBytes + Immutable + KnownLayout + Unaligned>(
    body: &[u8],
) -> Result<&[I], DatagramReject> {
    <[I]>::ref_from_bytes(body).map_err(|_| DatagramReject::Length)
}

fn one<I: FromBytes + Immutable + KnownLayout + Unaligned>(
    body: &[u8],
) -> Result<&I, DatagramReject> {
    I::ref_from_bytes(body).map_err(|_| DatagramReject::Length)
}

fn items(packet: PacketType, body: &[u8]) -> Result<Items<'_>, DatagramReject> {
    Ok(match packet {
        PacketType::Trade => Items::Trades(checked(slice(body)?, trade)?),
        PacketType::Book => Items::Book(slice(body)?),
        PacketType::Status => Items::Statuses(checked(slice(body)?, status)?),
        PacketType::Definition => {
            let item = one(body)?;
            definition(item)?;
            Items::Definition(item)
        }
        PacketType::Heartbeat => {
            let item: &HeartbeatItem = one(body)?;
            zero(&item._pad0)?;
            Items::Heartbeat(item)
        }
        PacketType::OrderEvent => Items::Orders(checked(slice(body)?, order)?),
        PacketType::Record => Items::Records(checked(slice(body)?, record)?),
    })
}

fn checked<I>(
    items: &[I],
    check: fn(&I) -> Result<(), DatagramReject>,
) -> Result<&[I], DatagramReject> {
    items.iter().try_for_each(check)?;
    Ok(items)
}

fn zero(bytes: &[u8]) -> Result<(), DatagramReject> {
    if bytes.iter().all(|&byte| byte == 0) { Ok(()) } else { Err(DatagramReject::Reserved) }
}

/// Text of a field padded with NUL; `None` where a byte follows the padding or it is not utf-8.
fn padded(field: &[u8]) -> Option<&str> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    let (text, padding) = field.split_at(end);
    if padding.iter().any(|&byte| byte != 0) {
        return None;
    }
    std::str::from_utf8(text).ok()
}

fn trade(item: &TradeItem) -> Result<(), DatagramReject> {
    zero(&item._pad0)?;
    TradeSide::from_bits(item.side).map(drop).ok_or(DatagramReject::Code)
}

fn status(item: &StatusItem) -> Result<(), DatagramReject> {
    zero(&item._pad0)?;
    padded(&item.reason).map(drop).ok_or(DatagramReject::Text)
}

fn definition(item: &DefinitionItem) -> Result<(), DatagramReject> {
    zero(&[item._pad0])?;
    zero(&item._pad1)?;
    zero(&item._pad2)?;
    let texts: [&[u8]; 5] =
        [&item.native_symbol, &item.canonical, &item.base, &item.quote, &item.settle];
    let all = texts.into_iter().all(|field| padded(field).is_some());
    if all { Ok(()) } else { Err(DatagramReject::Text) }
}

fn order(item: &OrderItem) -> Result<(), DatagramReject> {
    zero(&item._pad0)?;
    let is_kind = (Kind::OrderAdd as u8..=Kind::OrderDelete as u8).contains(&item.kind);
    let is_side = item.side == TradeSide::Buy as u8 || item.side == TradeSide::Sell as u8;
    if is_kind && is_side { Ok(()) } else { Err(DatagramReject::Code) }
}

fn record(item: &RecordItem) -> Result<(), DatagramReject> {
    zero(&item.record[..1])
}
