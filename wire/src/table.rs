//! The layouts as data.
//!
//! One table, three uses: the rows that every shared-memory region carries so that a tool of any
//! version can decode it, the hash that guards an attach, and the generated C header and
//! documentation.

use crate::payload::{KINDS, Kind};

/// Bytes of a [`LayoutRow`].
pub const LAYOUT_ROW_BYTES: usize = 64;

/// What a number in a field means, for people and tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Unit {
    /// A plain number.
    Plain = 0,
    /// Price in the instrument's price exponent.
    Price = 1,
    /// Quantity in the instrument's quantity exponent.
    Quantity = 2,
    /// Nanoseconds; a time is since 1970 UTC.
    Ns = 3,
    /// Text, padded with NUL or spaces.
    Text = 4,
    /// Zero.
    Pad = 5,
    /// [`crate::codes::GapHow`].
    GapHow = 16,
    /// [`crate::codes::SessionEvent`].
    SessionEvent = 17,
    /// [`crate::codes::ConnectionState`].
    ConnectionState = 18,
    /// [`crate::codes::DeleteCause`].
    DeleteCause = 19,
    /// [`crate::codes::BookCause`].
    BookCause = 20,
    /// [`crate::BookState`].
    BookState = 21,
    /// [`crate::codes::Aggressor`].
    Aggressor = 22,
    /// [`crate::codes::TradingState`].
    TradingState = 23,
    /// [`crate::codes::StatusScope`].
    StatusScope = 24,
    /// [`crate::codes::DefinitionAction`].
    DefinitionAction = 25,
    /// [`crate::codes::InstrumentClass`].
    InstrumentClass = 26,
    /// [`crate::codes::PriceTag`], one a byte.
    PriceTag = 27,
    /// [`crate::codes::StatisticTag`].
    StatisticTag = 28,
}

/// One field of a payload.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// Name.
    pub name: &'static str,
    /// Rust type.
    pub ty: &'static str,
    /// Offset from the start of the record.
    pub offset: usize,
    /// Size in bytes.
    pub size: usize,
    /// Meaning.
    pub unit: Unit,
}

/// One kind with its fields.
#[derive(Clone, Copy, Debug)]
pub struct KindInfo {
    /// The kind.
    pub kind: Kind,
    /// Name of the Rust struct of its payload.
    pub struct_name: &'static str,
    /// Fields in order of their offset, padding included.
    pub fields: &'static [FieldInfo],
}

impl KindInfo {
    /// Fields without padding.
    pub fn named_fields(&self) -> impl Iterator<Item = &'static FieldInfo> {
        self.fields.iter().filter(|field| field.unit != Unit::Pad)
    }
}

/// Fields in front of the payload, the same in every kind: name, type, offset, size.
pub const HEADER_FIELDS: &[(&str, &str, usize, usize)] = &[
    ("commit", "u8", 0, 1),
    ("kind", "u8", 1, 1),
    ("quality", "u8", 2, 1),
    ("origin", "u8", 3, 1),
    ("instrument", "u32", 4, 4),
    ("sequence", "u64", 8, 8),
    ("ts_venue", "u64", 16, 8),
    ("ts_receive", "u64", 24, 8),
];

const fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

const fn layout_hash() -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut h = 0;
    while h < HEADER_FIELDS.len() {
        let (name, ty, offset, size) = HEADER_FIELDS[h];
        hash = fnv(fnv(hash, name.as_bytes()), ty.as_bytes());
        hash = fnv(hash, &[offset as u8, size as u8]);
        h += 1;
    }
    let mut k = 0;
    while k < KINDS.len() {
        hash = fnv(hash, KINDS[k].kind.name().as_bytes());
        hash = fnv(hash, &[KINDS[k].kind as u8]);
        let mut f = 0;
        while f < KINDS[k].fields.len() {
            let field = &KINDS[k].fields[f];
            hash = fnv(fnv(hash, field.name.as_bytes()), field.ty.as_bytes());
            hash = fnv(hash, &[field.offset as u8, field.size as u8, field.unit as u8]);
            f += 1;
        }
        k += 1;
    }
    fnv(hash, &[crate::LAYOUT_VERSION as u8])
}

/// Hash over every name, number, type, offset, size and unit of the layouts.
pub const LAYOUT_HASH: u64 = layout_hash();

/// Kind number that marks a [`LayoutRow`] of the record header.
pub const HEADER_KIND: u16 = 0;

/// One row of the layout table as shared-memory regions carry it.
///
/// | offset | size | field |
/// |--|--|--|
/// | 0 | 24 | kind name, NUL-padded; `record` for the header |
/// | 24 | 24 | field name, NUL-padded |
/// | 48 | 2 | kind number |
/// | 50 | 2 | offset in the record |
/// | 52 | 2 | size |
/// | 54 | 1 | how to show it: 0 bytes, 1 unsigned, 2 signed, 4 text, 5 ns |
/// | 55 | 9 | zero |
pub type LayoutRow = [u8; LAYOUT_ROW_BYTES];

fn show_code(ty: &str, unit: Unit) -> u8 {
    match (unit, ty) {
        (Unit::Text, _) => 4,
        (Unit::Ns, _) => 5,
        (_, "u8" | "u16" | "u32" | "u64") => 1,
        (_, "i8" | "i64") => 2,
        _ => 0,
    }
}

fn row(kind: (&str, u16), name: &str, ty: &str, at: (usize, usize), unit: Unit) -> LayoutRow {
    fn put(row: &mut LayoutRow, range: std::ops::Range<usize>, text: &str) {
        for (to, from) in row[range].iter_mut().zip(text.bytes()) {
            *to = from;
        }
    }
    let mut out = [0; LAYOUT_ROW_BYTES];
    put(&mut out, 0..24, kind.0);
    put(&mut out, 24..48, name);
    out[48..50].copy_from_slice(&kind.1.to_le_bytes());
    out[50..52].copy_from_slice(&(at.0 as u16).to_le_bytes());
    out[52..54].copy_from_slice(&(at.1 as u16).to_le_bytes());
    out[54] = show_code(ty, unit);
    out
}

/// The layout table: the header's fields, then every named field of every kind.
pub fn layout_rows() -> Vec<LayoutRow> {
    let header = HEADER_FIELDS.iter().map(|&(name, ty, offset, size)| {
        row(("record", HEADER_KIND), name, ty, (offset, size), Unit::Plain)
    });
    let payloads = KINDS.iter().flat_map(|info| {
        info.named_fields().map(|f| {
            let kind = (info.kind.name(), info.kind as u16);
            row(kind, f.name, f.ty, (f.offset, f.size), f.unit)
        })
    });
    header.chain(payloads).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cover_the_payload_without_hole_or_overlap() {
        for info in KINDS {
            let mut at = 32;
            for field in info.fields {
                assert_eq!(field.offset, at, "{}.{}", info.kind.name(), field.name);
                at += field.size;
            }
            assert_eq!(at, 64, "{}", info.kind.name());
        }
        let header: usize = HEADER_FIELDS.iter().map(|f| f.3).sum();
        assert_eq!(header, 32);
    }

    #[test]
    fn names_fit_their_columns() {
        for info in KINDS {
            assert!(info.kind.name().len() <= 24);
            for field in info.fields {
                assert!(field.name.len() <= 24);
            }
        }
    }

    #[test]
    fn rows_say_what_the_table_says() {
        let rows = layout_rows();
        let find = |kind: &str, field: &str| {
            let pad = |s: &str| {
                let mut b = s.as_bytes().to_vec();
                b.resize(24, 0);
                b
            };
            rows.iter().find(|r| r[..24] == pad(kind) && r[24..48] == pad(field)).copied()
        };
        let price = find("order_add", "price").expect("order_add has a price");
        assert_eq!((price[48], price[50], price[52], price[54]), (16, 40, 8, 2));
        assert_eq!(&price[55..64], &[0; 9]);
        assert!(find("order_add", "_pad0").is_none());
    }
}
