//! The datagrams that leave the host: a 66-byte header and fixed-size items, big-endian.
//!
//! Shared memory ends at the host; multicast is how other hosts, and programs that know nothing
//! of records, see the market. A datagram stands alone: it names its instrument, says what its
//! numbers are scaled by, and has a length that follows from its header, so a listener that
//! joins late or loses every second packet still never misreads one.
//!
//! ```text
//! layout.rs   the table: header, items, offsets          reject.rs   why bytes are no datagram
//! flags.rs    type, count, is_bid, is_last               sequence.rs what the next number says
//! parse.rs    bytes to typed items                       write.rs    items to bytes, in place
//! name.rs     symbols and exchanges in 20 bytes          scale.rs    to multiples of 10^-8
//! text.rs     the text lines on the same groups
//! ```
//!
//! The first byte tells the two forms apart: a capital letter begins a text line ([`is_text`]),
//! anything else is a version of the header, and versions stay below 32.

mod flags;
mod layout;
mod name;
mod parse;
mod reject;
mod scale;
mod sequence;
mod text;
mod write;

pub use flags::{Flags, MAX_ITEMS, PacketType, TradeSide};
pub use layout::{
    BookItem, DatagramHeader, DefinitionItem, HeartbeatItem, LAYOUTS, LayoutField, LayoutInfo,
    OrderItem, RecordItem, StatusItem, TradeItem,
};
pub use name::{
    NAME_BYTES, NAME_CHARACTERS, datagram_exchange, datagram_symbol, name_text, nature_of,
};
pub use parse::{Datagram, Items, announced_length};
pub use reject::DatagramReject;
pub use scale::{SCALE_EXPONENT, to_scale_8};
pub use sequence::{SequenceStep, sequence, start_of};
pub use text::{TEXT_BYTES, TextLine, TextReject, is_text};
pub use write::{DatagramWriter, Envelope, Item, MAX_DATAGRAM, restamp, write};

/// Version that this crate writes, and the only one that it reads.
pub const PROTOCOL_VERSION: u8 = 1;

/// Bytes of the header.
pub const HEADER_BYTES: usize = size_of::<DatagramHeader>();

const _: () = assert!(HEADER_BYTES == 66);
