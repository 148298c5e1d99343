//! Files and record layouts, as the instance itself declares them.

use std::io::{self, Write};

use serde::Serialize;
use shm::layout::{LayoutRow, TypeCode};
use shm::region::Region;
use wire::LAYOUT_VERSION;
use wire::table::LAYOUT_HASH;

use crate::inspect::open::{Lane, is_ours};
use crate::inspect::page::{Cell, Page, Paint, Table};
use crate::inspect::table::Depth;
use crate::inspect::words::size;

/// A field of a record kind.
#[derive(Debug, Serialize)]
pub struct FieldRow {
    kind: u16,
    kind_name: String,
    field: String,
    /// From the start of the record, bytes.
    offset: u16,
    size: u16,
    /// How to show it.
    #[serde(rename = "type")]
    ty: &'static str,
}

/// A file of a producer.
#[derive(Debug, Serialize)]
pub struct FileRow {
    producer: String,
    file: String,
    kind: &'static str,
    bytes: u64,
    generation: u64,
    params: [u64; 4],
}

/// Files and layouts.
#[derive(Debug, Serialize)]
pub struct Layout {
    version: u32,
    /// In hex, because JSON has no numbers of 64 bits.
    hash: String,
    /// Whether it is this program's own.
    ours: bool,
    fields: usize,
    rows: Vec<FieldRow>,
    files: Vec<FileRow>,
}

/// Reads headers and layout table; what is wrong with a file is added to `problems`.
pub fn read(instance: &Region, lanes: &[Lane], depth: Depth, problems: &mut Vec<String>) -> Layout {
    let header = instance.header();
    let mut layout = Layout {
        version: header.layout_version,
        hash: format!("{:#018x}", header.layout_hash),
        ours: is_ours(instance),
        fields: instance.rows().len(),
        rows: Vec::new(),
        files: Vec::new(),
    };
    if depth == Depth::Full {
        layout.rows = instance.rows().iter().map(field).collect();
        for lane in lanes {
            layout
                .files
                .extend(lane.files().into_iter().filter_map(|name| file(lane, name, problems)));
        }
    }
    layout
}

fn field(row: &LayoutRow) -> FieldRow {
    FieldRow {
        kind: row.kind,
        kind_name: row.kind_text().to_string(),
        field: row.field_text().to_string(),
        offset: row.offset,
        size: row.size,
        ty: match TypeCode::of(row.type_code) {
            TypeCode::Bytes => "bytes",
            TypeCode::Unsigned => "unsigned",
            TypeCode::Signed => "signed",
            TypeCode::Float => "float",
            TypeCode::Text => "text",
            TypeCode::Time => "ns",
            TypeCode::Flags => "flags",
        },
    }
}

fn file(lane: &Lane, name: String, problems: &mut Vec<String>) -> Option<FileRow> {
    match lane.header(&name) {
        Ok(header) => Some(FileRow {
            producer: lane.info.name.clone(),
            file: name,
            kind: header.kind().map_or("unknown", |kind| kind.name()),
            bytes: header.file_bytes,
            generation: header.generation,
            params: header.params,
        }),
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    }
}

impl Layout {
    /// Shows the layout.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let whose = if self.ours {
            String::from("this program's own")
        } else {
            format!(
                "another release's (this program has version {LAYOUT_VERSION} hash \
                 {LAYOUT_HASH:#018x}): records are shown by the instance's own table"
            )
        };
        let paint = if self.ours { Paint::Plain } else { Paint::Warn };
        let (version, hash, fields) = (self.version, &self.hash, self.fields);
        page.line(&format!("  version {version} hash {hash}, {fields} fields: {whose}"), paint)?;
        let mut table = Table::new(&["file", "kind", "size", "generation", "numbers"]);
        for file in &self.files {
            let numbers = file.params.map(|n| n.to_string()).join(" ");
            table.row([
                Cell::text(format!("{}/{}", file.producer, file.file)),
                Cell::text(file.kind),
                Cell::number(size(file.bytes)),
                Cell::number(file.generation),
                Cell::text(numbers),
            ]);
        }
        page.table(&table)?;
        let mut table = Table::new(&["kind", "name", "field", "offset", "size", "type"]);
        for row in &self.rows {
            table.row([
                Cell::number(row.kind),
                Cell::text(&row.kind_name),
                Cell::text(&row.field),
                Cell::number(row.offset),
                Cell::number(row.size),
                Cell::text(row.ty),
            ]);
        }
        page.table(&table)
    }
}
