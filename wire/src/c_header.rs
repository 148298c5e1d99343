//! The C header of the record layouts, made from [`crate::table`].

use std::fmt::Write;

use crate::class::Class;
use crate::payload::{KINDS, Kind};
use crate::table::{HEADER_FIELDS, LAYOUT_HASH};

fn c_field(name: &str, ty: &str) -> String {
    let scalar = |ty: &str| match ty {
        "u8" => "uint8_t",
        "u16" => "uint16_t",
        "u32" => "uint32_t",
        "u64" => "uint64_t",
        "i8" => "int8_t",
        _ => "int64_t",
    };
    match ty.strip_prefix('[').and_then(|t| t.strip_suffix(']')).and_then(|t| t.split_once(';')) {
        Some((element, count)) => format!("{} {name}[{}];", scalar(element.trim()), count.trim()),
        None => format!("{} {name};", scalar(ty)),
    }
}

/// The layouts as C declarations, without include guard: constants, one struct a kind, the record,
/// and static assertions on every offset.
pub fn declarations() -> String {
    let mut out = String::new();
    let _ = writeln!(out, "#define HOTLANE_LAYOUT_HASH 0x{LAYOUT_HASH:016x}ull");
    out.push_str("#define HOTLANE_NONE INT64_MIN\n\n/* Classes: bits of a class set. */\n");
    for class in Class::ALL {
        let name = class.name().to_uppercase();
        let _ = writeln!(out, "#define HOTLANE_CLASS_{name} 0x{:02x}u", class.bit());
    }
    out.push_str("\n/* Kinds. */\n");
    for kind in Kind::ALL {
        let name = kind.name().to_uppercase();
        let _ = writeln!(out, "#define HOTLANE_KIND_{name} {}u", *kind as u8);
    }
    out.push_str("\n/* Payloads: bytes 32 to 63 of a record. */\n");
    for info in KINDS {
        out.push_str("typedef struct {\n");
        for field in info.fields {
            let _ = writeln!(out, "    {}", c_field(field.name, field.ty));
        }
        let _ = writeln!(out, "}} hotlane_{};", info.kind.name());
    }
    out.push_str("\n/* A record: 64 bytes, one cache line. */\ntypedef struct {\n");
    for &(name, ty, _, _) in HEADER_FIELDS {
        let _ = writeln!(out, "    {}", c_field(name, ty));
    }
    out.push_str("    union {\n        uint64_t words[4];\n");
    for info in KINDS {
        let name = info.kind.name();
        let _ = writeln!(out, "        hotlane_{name} {name};");
    }
    out.push_str("    } payload;\n} hotlane_record;\n\n");
    assertions(&mut out);
    out
}

fn assertions(out: &mut String) {
    out.push_str("_Static_assert(sizeof(hotlane_record) == 64, \"record\");\n");
    for &(name, _, offset, _) in HEADER_FIELDS {
        let _ = writeln!(
            out,
            "_Static_assert(offsetof(hotlane_record, {name}) == {offset}, \"{name}\");"
        );
    }
    for info in KINDS {
        let kind = info.kind.name();
        let _ = writeln!(out, "_Static_assert(sizeof(hotlane_{kind}) == 32, \"{kind}\");");
        for field in info.fields {
            let (name, offset) = (field.name, field.offset);
            let _ = writeln!(
                out,
                "_Static_assert(offsetof(hotlane_record, payload.{kind}.{name}) == {offset}, \
                 \"{kind}.{name}\");"
            );
        }
    }
}
