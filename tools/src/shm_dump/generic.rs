//! Records of any release, by the layout table that their region carries.
//!
//! A row says where a field is, how long it is and how to show it. Nothing of this program's own
//! layouts is used, so that a record of another release shows what it says there, or nothing, but
//! never something else.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use shm::layout::{LayoutRow, TypeCode};
use wire::instrument::text_of;
use wire::table::HEADER_KIND;

use crate::inspect::words::hex;

/// Name, in the header's rows, of the field that tells the kind.
const KIND_FIELD: &str = "kind";

/// A field as a layout table describes it.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    row: LayoutRow,
}

impl Field {
    fn of(row: &LayoutRow) -> Field {
        Field { name: row.field_text().to_string(), row: *row }
    }

    /// The field's value in a record; null where it lies beyond the record's end.
    fn value(&self, record: &[u8]) -> Value {
        let Some(bytes) = self.row.slice(record) else { return Value::Null };
        match TypeCode::of(self.row.type_code) {
            TypeCode::Unsigned | TypeCode::Time if bytes.len() <= 8 => unsigned(bytes).into(),
            TypeCode::Signed if bytes.len() <= 8 => signed(bytes).into(),
            TypeCode::Float if bytes.len() == 8 => f64::from_bits(unsigned(bytes)).into(),
            TypeCode::Text => text_of(bytes).into(),
            _ => hex(bytes).into(),
        }
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let empty = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    (unsigned(bytes) << empty) as i64 >> empty
}

/// Fields of the header and of every kind.
#[derive(Clone, Debug, Default)]
pub struct Layouts {
    header: Vec<Field>,
    kinds: BTreeMap<u16, (String, Vec<Field>)>,
}

/// A record by its region's own table.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Name of the kind; `None` if the table has no such kind, or no field that tells it.
    pub kind: Option<String>,
    /// Fields of the header.
    pub header: Map<String, Value>,
    /// Fields of the kind.
    pub fields: Map<String, Value>,
    /// All bytes, where the kind is not known.
    pub raw: Option<String>,
}

impl Layouts {
    /// From the rows of a region.
    pub fn new(rows: &[LayoutRow]) -> Layouts {
        let mut layouts = Layouts::default();
        for row in rows {
            let field = Field::of(row);
            if row.kind == HEADER_KIND {
                layouts.header.push(field);
            } else {
                let kind = || (row.kind_text().to_string(), Vec::new());
                layouts.kinds.entry(row.kind).or_insert_with(kind).1.push(field);
            }
        }
        layouts
    }

    /// Decodes a record.
    pub fn decode(&self, record: &[u8]) -> Decoded {
        let values = |fields: &[Field]| {
            fields.iter().map(|field| (field.name.clone(), field.value(record))).collect()
        };
        let kind = self.kind_of(record).and_then(|kind| self.kinds.get(&kind));
        Decoded {
            kind: kind.map(|(name, _)| name.clone()),
            header: values(&self.header),
            fields: kind.map(|(_, fields)| values(fields)).unwrap_or_default(),
            raw: kind.is_none().then(|| hex(record)),
        }
    }

    fn kind_of(&self, record: &[u8]) -> Option<u16> {
        let field = self.header.iter().find(|field| field.name == KIND_FIELD)?;
        u16::try_from(unsigned(field.row.slice(record).filter(|bytes| bytes.len() <= 8)?)).ok()
    }
}

impl Decoded {
    /// On one line.
    pub fn line(&self) -> String {
        let mut line = self.kind.clone().unwrap_or_else(|| String::from("unknown kind"));
        for (name, value) in self.header.iter().filter(|(name, _)| *name != KIND_FIELD) {
            line.push_str(&format!(" {name}={}", plain(value)));
        }
        line.push_str(" |");
        for (name, value) in &self.fields {
            line.push_str(&format!(" {name}={}", plain(value)));
        }
        if let Some(raw) = &self.raw {
            line.push_str(&format!(" {raw}"));
        }
        line
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::from("-"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8) -> Vec<u8> {
        let mut record = vec![0; 64];
        record[9] = kind;
        record[16..24].copy_from_slice(&(-5_i64).to_le_bytes());
        record[24..28].copy_from_slice(b"AB\0\0");
        record[40..48].copy_from_slice(&1.5_f64.to_le_bytes());
        record
    }

    /// A layout that is nowhere like ours: kind at byte 9, a signed price at 16.
    fn other() -> Layouts {
        Layouts::new(&[
            LayoutRow::new("record", "kind", 0, 9, 1, TypeCode::Unsigned),
            LayoutRow::new("fill", "price", 200, 16, 8, TypeCode::Signed),
            LayoutRow::new("fill", "who", 200, 24, 4, TypeCode::Text),
            LayoutRow::new("fill", "weight", 200, 40, 8, TypeCode::Float),
            LayoutRow::new("fill", "beyond", 200, 60, 8, TypeCode::Unsigned),
            LayoutRow::new("fill", "wide", 200, 0, 16, TypeCode::Unsigned),
        ])
    }

    #[test]
    fn fields_are_where_the_table_says() {
        let decoded = other().decode(&record(200));
        assert_eq!(decoded.kind.as_deref(), Some("fill"));
        assert_eq!(decoded.fields["price"], Value::from(-5));
        assert_eq!(decoded.fields["who"], Value::from("AB"));
        assert_eq!(decoded.fields["weight"], Value::from(1.5));
        assert_eq!(decoded.fields["beyond"], Value::Null);
        assert_eq!(decoded.fields["wide"], Value::from("000000000000000000c8000000000000"));
    }

    #[test]
    fn an_unknown_kind_shows_its_bytes_and_nothing_else() {
        let decoded = other().decode(&record(3));
        assert_eq!((decoded.kind, decoded.fields.len()), (None, 0));
        assert_eq!(decoded.raw.map(|raw| raw.len()), Some(128));
        let decoded = Layouts::new(&[]).decode(&record(200));
        assert!(decoded.kind.is_none() && decoded.raw.is_some());
    }

    /// Our own table, read as a stranger's, agrees with the decoder that knows it.
    #[test]
    fn our_own_table_says_what_our_decoder_says() {
        let rows = wire::table::layout_rows();
        let rows: Vec<LayoutRow> = rows.into_iter().map(|row| zerocopy::transmute!(row)).collect();
        let layouts = Layouts::new(&rows);
        for kind in wire::payload::Kind::ALL {
            let mut words: [u64; 8] = std::array::from_fn(|at| 0x0102_0304_0506_0708 * at as u64);
            words[0] = (*kind as u64) << 8;
            let decoded = layouts.decode(&crate::inspect::words::bytes_of(&words));
            // A kind without fields has no row, so a table cannot name it.
            let has_rows = rows.iter().any(|row| row.kind == *kind as u16);
            assert_eq!(decoded.kind.as_deref(), has_rows.then_some(kind.name()));
            assert_eq!(decoded.header["sequence"], Value::from(words[1]));
            for (name, value) in wire::text::fields(&wire::Record::from_words(words), None) {
                let shown = plain(&decoded.fields[name]);
                match value {
                    wire::text::Value::Unsigned(n) => assert_eq!(shown, n.to_string(), "{name}"),
                    wire::text::Value::Signed(n) => assert_eq!(shown, n.to_string(), "{name}"),
                    // A code is a name there and a number here.
                    _ => assert!(!shown.is_empty(), "{name}"),
                }
            }
        }
    }

    #[test]
    fn signs_of_short_numbers() {
        assert_eq!(signed(&[0xff]), -1);
        assert_eq!(signed(&[0x00, 0x80]), -32768);
        assert_eq!(signed(&[1, 0, 0, 0]), 1);
        assert_eq!(signed(&i64::MIN.to_le_bytes()), i64::MIN);
    }
}
