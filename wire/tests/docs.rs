//! docs/WIRE.md is made from the tables of this crate. `HOTLANE_BLESS=1` writes it anew.

use std::fmt::Write;
use std::path::Path;

use wire::Class;
use wire::datagram::LAYOUTS;
use wire::payload::KINDS;
use wire::table::{HEADER_FIELDS, LAYOUT_HASH, Unit};

const INTRO: &str = "\
# The bytes of Hotlane

Made from the tables in `wire/src` by `wire/tests/docs.rs`; do not edit. Little-endian, fixed size,
every unnamed byte zero. A reader attaches to shared memory only if its layout hash is this one:
";

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Plain => "",
        Unit::Price => "price, in the instrument's exponent",
        Unit::Quantity => "quantity, in the instrument's exponent",
        Unit::Ns => "ns",
        Unit::Text => "text, padded",
        Unit::Pad => "zero",
        Unit::GapHow => "`codes::GapHow`",
        Unit::SessionEvent => "`codes::SessionEvent`",
        Unit::ConnectionState => "`codes::ConnectionState`",
        Unit::DeleteCause => "`codes::DeleteCause`",
        Unit::BookCause => "`codes::BookCause`",
        Unit::BookState => "`BookState`",
        Unit::Aggressor => "`codes::Aggressor`",
        Unit::TradingState => "`codes::TradingState`",
        Unit::StatusScope => "`codes::StatusScope`",
        Unit::DefinitionAction => "`codes::DefinitionAction`",
        Unit::InstrumentClass => "`codes::InstrumentClass`",
        Unit::PriceTag => "`codes::PriceTag`",
        Unit::StatisticTag => "`codes::StatisticTag`",
    }
}

fn module_doc(source: &str) -> String {
    let lines = source.lines().take_while(|line| line.starts_with("//!"));
    let text: String =
        lines.map(|line| line[3..].strip_prefix(' ').unwrap_or("").to_owned() + "\n").collect();
    // Links between items work in rustdoc only.
    text.replace("[`", "`").replace("`]", "`")
}

fn page() -> String {
    let mut out = format!("{INTRO}`0x{LAYOUT_HASH:016x}` (version {}).\n", wire::LAYOUT_VERSION);
    out.push_str("\n## Record: 64 bytes\n\n| offset | size | field | type |\n|--|--|--|--|\n");
    for (name, ty, offset, size) in HEADER_FIELDS {
        let _ = writeln!(out, "| {offset} | {size} | {name} | {ty} |");
    }
    out.push_str("| 32 | 32 | payload | by kind, below |\n\n## Quality and origin\n\n");
    out.push_str(&module_doc(include_str!("../src/quality.rs")));
    out.push_str("\n## Classes\n\n| bit | class | kinds |\n|--|--|--|\n");
    for class in Class::ALL {
        let kinds = KINDS.iter().filter(|info| info.kind.class() == class);
        let kinds: Vec<&str> = kinds.map(|info| info.kind.name()).collect();
        let _ = writeln!(out, "| {} | {} | {} |", class as u8, class.name(), kinds.join(", "));
    }
    out.push_str("\n## Payloads\n");
    for info in KINDS {
        let (number, name) = (info.kind as u8, info.kind.name());
        let _ = write!(out, "\n### {number} {name}\n\n| offset | size | field | type | |\n");
        out.push_str("|--|--|--|--|--|\n");
        for f in info.named_fields() {
            let (offset, size, name, ty, unit) = (f.offset, f.size, f.name, f.ty, unit(f.unit));
            let _ = writeln!(out, "| {offset} | {size} | {name} | `{ty}` | {unit} |");
        }
    }
    for (title, source) in [
        ("Instrument table", include_str!("../src/instrument.rs")),
        ("Image", include_str!("../src/image.rs")),
    ] {
        let _ = write!(out, "\n## {title}\n\n{}", module_doc(source));
    }
    datagrams(&mut out);
    out
}

const DATAGRAMS: &str = "
## Datagrams

What leaves the host by multicast: a header of 66 bytes, then items. All numbers are big-endian, but
for the record of type 7. Prices and quantities are multiples of 10^-8 unless their field says
otherwise; -2^63 is no value. A datagram is exactly as long as its header and `count` items;
everything else about it that is not as written here is a reason to reject it (`DatagramReject`).
The reasons for the items are in [decision 9](decisions/0009-datagram-items.md).

The sequence number is that of the group, from 1 in each life of a publisher: one number that grows
by one. A jump of 2^31 or more, in either direction, is another publisher's start.
";

const REFERENCE: &str = "
What `reference` of an order is, by kind:

| kind | reference |
|--|--|
| 16 order_add | the record's eight bytes of priority or attribution, first byte first; else 0 |
| 17 order_modify | priority: 0 lost, 2^64 - 1 kept, else the venue's value |
| 18 order_replace | reference of the new order |
| 19 order_execute | the venue's number of the trade |
| 20 order_reduce | quantity that remains, 10^-8 |
| 21 order_delete | `codes::DeleteCause` |
";

fn datagrams(out: &mut String) {
    out.push_str(DATAGRAMS);
    for layout in LAYOUTS {
        let (name, bytes) = (layout.name, layout.bytes);
        let title = if name == "header" { "Header".to_owned() } else { format!("Item: {name}") };
        let _ = write!(out, "\n### {title}, {bytes} bytes\n\n| offset | size | field | type | |\n");
        out.push_str("|--|--|--|--|--|\n");
        for f in layout.fields.iter().filter(|f| !f.name.starts_with('_')) {
            let about = f.about.trim_end_matches('.').replace('|', "\\|");
            let _ =
                writeln!(out, "| {} | {} | {} | `{}` | {about} |", f.offset, f.size, f.name, f.ty);
        }
        if name == "order" {
            out.push_str(REFERENCE);
        }
    }
    for (title, source) in [
        ("Flags and count", include_str!("../src/datagram/flags.rs")),
        ("Names", include_str!("../src/datagram/name.rs")),
        ("Text lines", include_str!("../src/datagram/text.rs")),
    ] {
        let _ = write!(out, "\n### {title}\n\n{}", module_doc(source));
    }
}

#[test]
fn wire_md_is_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/WIRE.md");
    let page = page();
    if std::env::var_os("HOTLANE_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/WIRE.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/WIRE.md is out of date: run HOTLANE_BLESS=1 cargo test -p wire");
}
