//! pcapng: a sequence of blocks.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 4 | type | |
//! | 4 | 4 | length | of the whole block, a multiple of 4, at least 12 |
//! | 8 | | body | |
//! | length - 4 | 4 | length | again |
//!
//! | type | block | body |
//! |--|--|--|
//! | 0x0A0D0D0A | section header | magic u32 0x1A2B3C4D in the section's byte order, version, ... |
//! | 1 | interface | see `interface.rs` |
//! | 2 | packet (obsolete) | interface u16, drops u16, then as 6 from the time on |
//! | 3 | simple packet | original u32, data |
//! | 6 | enhanced packet | interface u32, time u32 x2, captured u32, original u32, data |
//!
//! A section header may come again, with another byte order, and forgets all interfaces. Blocks of
//! other types are skipped by their length, without having to fit into the window.

use super::interface::Interface;
use super::words::Order;
use super::{CaptureReject, MAX_PACKET, MAX_RECORD, Packet, Step};

/// Block type of a section header, the same in both byte orders.
pub(crate) const SECTION: u32 = 0x0A0D_0D0A;
/// Block type of an interface description.
pub(crate) const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
/// Block type of an enhanced packet.
pub(crate) const ENHANCED_PACKET: u32 = 6;
/// What a section header carries to tell its byte order.
pub(crate) const BYTE_ORDER: u32 = 0x1A2B_3C4D;
/// Bytes before a block's body.
const PREFIX_LEN: usize = 8;
/// Bytes after a block's body.
const SUFFIX_LEN: usize = 4;
const MIN_BLOCK: usize = PREFIX_LEN + SUFFIX_LEN;
/// More interfaces than any host has; a file that describes more is damaged or hostile.
const MAX_INTERFACES: usize = 256;

/// A file whose sections are being read.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// Byte order of the current section; `None` before the first.
    order: Option<Order>,
    /// What is known of each interface of the section, or why its packets cannot be read.
    interfaces: Vec<Result<Interface, CaptureReject>>,
    /// Bytes of a block that are still to be skipped.
    skip: usize,
}

impl Reader {
    /// A reader before the first section.
    pub(crate) fn new() -> Self {
        Self { order: None, interfaces: Vec::with_capacity(MAX_INTERFACES), skip: 0 }
    }

    /// Looks at the block at the beginning of the window.
    pub(crate) fn next<'a>(&mut self, window: &'a [u8], at_end: bool) -> Step<'a> {
        if self.skip > 0 {
            return self.skip_on(window, at_end);
        }
        if window.len() < MIN_BLOCK {
            return cut(window, at_end, MIN_BLOCK);
        }
        let (order, kind, length) = match self.prefix(window) {
            Ok(prefix) => prefix,
            Err(reason) => return Step::Fatal(reason),
        };
        match kind {
            SECTION | INTERFACE if length > MAX_RECORD => {
                return Step::Fatal(CaptureReject::BlockTooLarge);
            }
            OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET if length > MAX_RECORD => {
                let consumed = self.skip_some(length, window);
                return Step::Reject { reason: CaptureReject::BlockTooLarge, consumed };
            }
            SECTION | INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | ENHANCED_PACKET => {}
            _ => return Step::Skip(self.skip_some(length, window)),
        }
        let Some(body) = window.get(PREFIX_LEN..length - SUFFIX_LEN) else {
            return cut(window, at_end, length);
        };
        let Some(again) = order.length(window, length - SUFFIX_LEN) else {
            return cut(window, at_end, length);
        };
        let whole = again == length;
        match kind {
            SECTION | INTERFACE if !whole => Step::Fatal(CaptureReject::BlockTrailer),
            SECTION => {
                self.order = Some(order);
                self.interfaces.clear();
                Step::Skip(length)
            }
            INTERFACE => {
                if self.interfaces.len() < MAX_INTERFACES {
                    self.interfaces.push(Interface::parse(body, order));
                }
                Step::Skip(length)
            }
            _ if !whole => Step::Reject { reason: CaptureReject::BlockTrailer, consumed: length },
            _ => match self.packet(kind, body, order) {
                Ok(packet) => Step::Packet { packet, consumed: length },
                Err(reason) => Step::Reject { reason, consumed: length },
            },
        }
    }

    /// Type and length of the block, and the byte order they are in.
    fn prefix(&self, window: &[u8]) -> Result<(Order, u32, usize), CaptureReject> {
        let short = CaptureReject::BlockTruncated;
        let order = if Order::Little.u32(window, 0) == Some(SECTION) {
            match Order::Little.u32(window, PREFIX_LEN).ok_or(short)? {
                BYTE_ORDER => Order::Little,
                word if word.swap_bytes() == BYTE_ORDER => Order::Big,
                _ => return Err(CaptureReject::ByteOrder),
            }
        } else {
            self.order.ok_or(CaptureReject::UnknownFormat)?
        };
        let kind = order.u32(window, 0).ok_or(short)?;
        let length = order.length(window, 4).ok_or(short)?;
        if length < MIN_BLOCK || !length.is_multiple_of(4) {
            return Err(CaptureReject::BlockLength);
        }
        Ok((order, kind, length))
    }

    fn packet<'a>(
        &self,
        kind: u32,
        body: &'a [u8],
        order: Order,
    ) -> Result<Packet<'a>, CaptureReject> {
        let short = CaptureReject::BlockLength;
        let word = |offset| order.u32(body, offset).ok_or(short);
        if kind == SIMPLE_PACKET {
            let interface = self.interface(0)?;
            let original = word(0)?;
            let limit = match interface.snap_length {
                0 => usize::MAX,
                length => length,
            };
            let captured = usize::try_from(original).unwrap_or(usize::MAX).min(limit);
            let data = captured_bytes(body, 4, captured)?;
            return Ok(Packet { ts_ns: 0, link: interface.link, data, original_length: original });
        }
        let index = match kind {
            OBSOLETE_PACKET => u32::from(order.u16(body, 0).ok_or(short)?),
            _ => word(0)?,
        };
        let interface = self.interface(index)?;
        let ts_ns = interface.time_ns(word(4)?, word(8)?).ok_or(CaptureReject::TimestampRange)?;
        let captured = order.length(body, 12).ok_or(short)?;
        let original_length = word(16)?;
        let data = captured_bytes(body, 20, captured)?;
        Ok(Packet { ts_ns, link: interface.link, data, original_length })
    }

    fn interface(&self, index: u32) -> Result<Interface, CaptureReject> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.interfaces.get(index))
            .copied()
            .unwrap_or(Err(CaptureReject::InterfaceUnknown))
    }

    /// Begins to skip a block; returns what the window holds of it.
    fn skip_some(&mut self, length: usize, window: &[u8]) -> usize {
        let here = length.min(window.len());
        self.skip = length - here;
        here
    }

    fn skip_on(&mut self, window: &[u8], at_end: bool) -> Step<'static> {
        match (window.is_empty(), at_end) {
            (false, _) => Step::Skip(self.skip_some(self.skip, window)),
            (true, false) => Step::NeedMore(1),
            (true, true) => {
                self.skip = 0;
                Step::Reject { reason: CaptureReject::BlockTruncated, consumed: 0 }
            }
        }
    }
}

fn captured_bytes(body: &[u8], from: usize, length: usize) -> Result<&[u8], CaptureReject> {
    if length > MAX_PACKET {
        return Err(CaptureReject::PacketTooLarge);
    }
    body.get(from..).and_then(|rest| rest.get(..length)).ok_or(CaptureReject::CapturedLength)
}

fn cut(window: &[u8], at_end: bool, wanted: usize) -> Step<'static> {
    if !at_end {
        Step::NeedMore(wanted)
    } else if window.is_empty() {
        Step::End
    } else {
        Step::Reject { reason: CaptureReject::BlockTruncated, consumed: window.len() }
    }
}
