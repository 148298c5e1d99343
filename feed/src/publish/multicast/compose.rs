//! A datagram into a slot of the batch, or an item into the last datagram of its symbol.

use wire::datagram::{Envelope, Flags, Item, NAME_BYTES, PacketType, TextLine, write};

use super::batch::{Key, Slot};
use super::exchange::{Exchange, ExchangeId, UNNAMED};
use super::machine::Machine;

/// Byte of the header with type and count.
const FLAGS_AT: usize = 25;

/// What a datagram is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) lane: usize,
    /// 0: the lane's channel.
    pub(super) index: u32,
    /// When the venue says it happened, ns UTC; 0 unsaid.
    pub(super) ts: u64,
    pub(super) is_last: bool,
    pub(super) is_bid: bool,
}

/// Where it goes and what it is called.
#[derive(Clone, Copy, Debug)]
struct Address {
    group: u8,
    key: Key,
    symbol: [u8; NAME_BYTES],
    exchange: [u8; NAME_BYTES],
}

impl Machine {
    /// Datagrams that may still be composed in this round.
    pub(super) fn room(&self) -> usize {
        self.batch.free().min(self.allowance.saturating_sub(self.batch.len()))
    }

    /// Exchange of a lane's channel: that of its row, else, in a table without one, of any
    /// instrument.
    pub(super) fn channel_exchange(&self, lane: usize) -> Option<ExchangeId> {
        let state = self.lanes.get(lane)?;
        let own = state.get(0).map_or(UNNAMED, |channel| channel.exchange);
        if own != UNNAMED {
            return Some(own);
        }
        state.listed.first().and_then(|first| state.get(*first)).map(|first| first.exchange)
    }

    fn address(&self, lane: usize, index: u32) -> Option<Address> {
        let state = self.lanes.get(lane)?;
        let instrument = state.get(index)?;
        let exchange = match index {
            0 => self.channel_exchange(lane)?,
            _ => instrument.exchange,
        };
        let exchange = self.exchanges.get(exchange)?;
        Some(Address {
            group: exchange.group,
            key: Key(state.base + index),
            symbol: instrument.symbol,
            exchange: exchange.name,
        })
    }

    /// Begins a datagram with these items. False, and counted, if it cannot be named or there is
    /// no room.
    pub(super) fn datagram<I: Item>(&mut self, head: Head, items: &[I]) -> bool {
        let Some(address) = self.address(head.lane, head.index) else {
            self.counts.unnamed += 1;
            return false;
        };
        let envelope = Envelope {
            exchange_timestamp: head.ts,
            symbol: address.symbol,
            exchange: address.exchange,
            is_last: head.is_last,
            is_bid: head.is_bid,
            ..Envelope::default()
        };
        let slot = Slot {
            group: address.group,
            numbered: true,
            packet: I::TYPE as u8,
            items: items.len() as u8,
            length: 0,
            key: address.key,
            ts: head.ts,
        };
        let Some((number, bytes)) = self.batch.begin(slot) else {
            self.counts.no_room += 1;
            return false;
        };
        let length = write(bytes, &envelope, items).unwrap_or(0);
        if let Some((slot, _)) = self.batch.get_mut(number) {
            slot.length = length as u16;
        }
        if let Some(group) = self.groups.get_mut(usize::from(address.group)) {
            group.used = true;
        }
        let round = self.round;
        let lane = self.lanes.get_mut(head.lane);
        if let Some(instrument) = lane.and_then(|lane| lane.get_mut(head.index)) {
            instrument.last = (round, number as u32);
        }
        true
    }

    /// Appends an item to the last datagram of this symbol if that is of the same type and event
    /// time and has room; else begins one. Records have times of their own and may differ in it.
    pub(super) fn item<I: Item>(&mut self, head: Head, item: &I) -> bool {
        let lane = self.lanes.get(head.lane);
        let last = lane.and_then(|lane| lane.get(head.index)).map_or((0, 0), |i| i.last);
        if last.0 != self.round || !self.append(last.1 as usize, head, item) {
            return self.datagram(head, std::slice::from_ref(item));
        }
        true
    }

    fn append<I: Item>(&mut self, number: usize, head: Head, item: &I) -> bool {
        let Some((slot, bytes)) = self.batch.get_mut(number) else { return false };
        let alike = slot.packet == I::TYPE as u8
            && usize::from(slot.items) < I::TYPE.counts().1
            && (slot.ts == head.ts || I::TYPE == PacketType::Record);
        let at = usize::from(slot.length);
        let Some(room) = bytes.get_mut(at..).filter(|_| alike) else { return false };
        if item.write_to_prefix(room).is_err() {
            return false;
        }
        slot.items += 1;
        slot.length += size_of::<I>() as u16;
        if let Some(byte) = bytes.get_mut(FLAGS_AT) {
            *byte = Flags::new(I::TYPE, usize::from(slot.items)).last(head.is_last).0;
        }
        true
    }

    /// A text line to a group.
    pub(super) fn text(&mut self, exchange: &Exchange, line: &TextLine<'_>) {
        let slot = Slot {
            group: exchange.group,
            numbered: false,
            packet: 0,
            items: 0,
            length: 0,
            key: Key(u32::MAX),
            ts: 0,
        };
        let Some((number, bytes)) = self.batch.begin(slot) else {
            self.counts.no_room += 1;
            return;
        };
        let length = line.write(bytes).unwrap_or(0);
        if let Some((slot, _)) = self.batch.get_mut(number) {
            slot.length = length as u16;
        }
        self.counts.text_lines += 1;
    }
}
