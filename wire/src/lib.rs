//! Hotlane's own bytes.
//!
//! Everything that leaves a lane has the layouts of this crate: the 64-byte [`Record`] and its
//! payloads, the row of the instrument table, the image of an instrument. They are read by other
//! processes, other languages and other versions, so each layout is drawn as an offset table,
//! asserted at compile time, and listed in [`table`], from which the C header, the documentation
//! and the layout hash that guards every attach are made.
//!
//! Little-endian, fixed size, no pointers, every unnamed byte zero. What leaves the host by
//! multicast is in [`datagram`], big-endian.
#![forbid(unsafe_code)]

pub mod c_header;
pub mod class;
pub mod codes;
pub mod datagram;
pub mod decimal;
pub mod image;
pub mod instrument;
pub mod payload;
pub mod quality;
pub mod record;
pub mod table;
pub mod text;

pub use class::Class;
pub use decimal::DecimalError;
pub use image::Image;
pub use instrument::{InstrumentId, InstrumentRow, Venue};
pub use payload::{Kind, Payload};
pub use quality::{BookState, Nature, Origin, Path, Quality, Side, StampBy};
pub use record::{Header, Record};

/// "No value" in a price or quantity field.
pub const NONE: i64 = i64::MIN;

/// Version of every layout in this crate. A change of any layout changes [`table::LAYOUT_HASH`];
/// this number is for people.
pub const LAYOUT_VERSION: u32 = 1;

const _: () = assert!(cfg!(target_endian = "little"), "records are read in place, little-endian");
