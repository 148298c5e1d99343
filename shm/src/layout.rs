//! The layout table that travels in every region, so that a dump tool of any release can read it.
//!
//! This crate knows nothing of markets: whoever creates a region hands in the table of its
//! records (kind, field, offset, size, type) and its hash. A reader attaches only where the hash
//! is its own; a dump tool takes the table as it finds it.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 24 | kind_name | utf-8, NUL-padded |
//! | 24 | 24 | field_name | utf-8, NUL-padded |
//! | 48 | 2 | kind | code of the kind |
//! | 50 | 2 | offset | of the field in the record, bytes |
//! | 52 | 2 | size | of the field, bytes |
//! | 54 | 1 | type_code | see [`TypeCode`] |
//! | 55 | 9 | | zero |

use std::mem::offset_of;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Most rows of a table.
pub const MAX_ROWS: usize = 4096;
/// Bytes of a row.
pub const ROW_BYTES: usize = 64;

/// One field of one record kind.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct LayoutRow {
    /// Name of the record kind, utf-8, NUL-padded.
    pub kind_name: [u8; 24],
    /// Name of the field, utf-8, NUL-padded.
    pub field_name: [u8; 24],
    /// Code of the record kind.
    pub kind: u16,
    /// Offset of the field in the record, bytes.
    pub offset: u16,
    /// Size of the field, bytes.
    pub size: u16,
    /// How to show the field, see [`TypeCode`].
    pub type_code: u8,
    /// Zero.
    pub unnamed: [u8; 9],
}

const _: () = {
    assert!(size_of::<LayoutRow>() == ROW_BYTES);
    assert!(offset_of!(LayoutRow, kind_name) == 0);
    assert!(offset_of!(LayoutRow, field_name) == 24);
    assert!(offset_of!(LayoutRow, kind) == 48);
    assert!(offset_of!(LayoutRow, offset) == 50);
    assert!(offset_of!(LayoutRow, size) == 52);
    assert!(offset_of!(LayoutRow, type_code) == 54);
    assert!(offset_of!(LayoutRow, unnamed) == 55);
};

/// How a dump shows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TypeCode {
    /// Raw bytes, in hex.
    Bytes = 0,
    /// Unsigned integer, little-endian.
    Unsigned = 1,
    /// Signed integer, little-endian.
    Signed = 2,
    /// IEEE 754 binary64.
    Float = 3,
    /// Text, NUL-padded.
    Text = 4,
    /// Nanoseconds UTC since 1970.
    Time = 5,
    /// Bits with meanings of their own, shown in hex.
    Flags = 6,
}

impl TypeCode {
    /// All codes, in order of their numbers.
    pub const ALL: [TypeCode; 7] = [
        TypeCode::Bytes,
        TypeCode::Unsigned,
        TypeCode::Signed,
        TypeCode::Float,
        TypeCode::Text,
        TypeCode::Time,
        TypeCode::Flags,
    ];

    /// The code of a number; unknown numbers are shown as bytes.
    pub fn of(code: u8) -> TypeCode {
        TypeCode::ALL.get(usize::from(code)).copied().unwrap_or(TypeCode::Bytes)
    }
}

/// `text` NUL-padded to `N` bytes, cut at `N`; for building tables in constants.
pub const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut out = [0; N];
    let mut i = 0;
    while i < N && i < from.len() {
        out[i] = from[i];
        i += 1;
    }
    out
}

/// The text of a NUL-padded field; bytes that are not utf-8 give `?`.
pub fn text(field: &[u8]) -> &str {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    field.get(..end).and_then(|t| std::str::from_utf8(t).ok()).unwrap_or("?")
}

impl LayoutRow {
    /// A row; names longer than 24 bytes are cut.
    pub const fn new(
        kind_name: &str,
        field_name: &str,
        kind: u16,
        offset: u16,
        size: u16,
        type_code: TypeCode,
    ) -> Self {
        LayoutRow {
            kind_name: padded(kind_name),
            field_name: padded(field_name),
            kind,
            offset,
            size,
            type_code: type_code as u8,
            unnamed: [0; 9],
        }
    }

    /// Name of the record kind.
    pub fn kind_text(&self) -> &str {
        text(&self.kind_name)
    }

    /// Name of the field.
    pub fn field_text(&self) -> &str {
        text(&self.field_name)
    }

    /// The field's bytes in a record; `None` if the table reaches beyond it.
    pub fn slice<'a>(&self, record: &'a [u8]) -> Option<&'a [u8]> {
        let first = usize::from(self.offset);
        record.get(first..first + usize::from(self.size))
    }
}

/// A layout as its owner hands it in.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    /// Version of the record layouts, for people.
    pub version: u32,
    /// Hash of the record layouts; readers attach only where it is equal.
    pub hash: u64,
    /// The table, at most [`MAX_ROWS`] rows.
    pub rows: &'a [LayoutRow],
}

/// FNV-1a: any change of one byte changes it. Finds damage, not forgery.
pub fn checksum(bytes: &[u8]) -> u64 {
    let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
