//! What holds, and where it came from: every value of a configuration, for `hotlane config explain`.

use comfy_table::{Table, presets};
use serde::Serialize;

use crate::config::schema::{Fallback, Key, SECTIONS};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    /// Built in.
    Default,
    /// This line of the file.
    File {
        /// Line, from 1.
        line: usize,
    },
    /// An environment variable, which goes before the file.
    Environment {
        /// The variable.
        variable: &'static str,
    },
}

/// A value that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective {
    /// Its full name, for example `lane.nasdaq.hold_us`.
    pub key: String,
    /// The value as TOML; in words where there is none.
    pub value: String,
    /// Its unit; empty where there is none.
    pub unit: &'static str,
    /// Where it came from.
    pub origin: Origin,
    /// Whether a reload can change it.
    pub reload: bool,
}

/// The values as a table for people.
pub fn table(file: &str, values: &[Effective]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["key", "value", "unit", "from"]);
    for value in values {
        let from = match &value.origin {
            Origin::Default => "default".to_owned(),
            Origin::File { line } => format!("{file}:{line}"),
            Origin::Environment { variable } => format!("environment {variable}"),
        };
        table.add_row([value.key.as_str(), value.value.as_str(), value.unit, from.as_str()]);
    }
    format!("{table}\n")
}

/// Every key as tables in Markdown: the reference in docs/OPERATIONS.md.
pub fn reference() -> String {
    let mut out = String::new();
    for (title, keys) in SECTIONS {
        let title = if title.is_empty() { "Before the first section" } else { title };
        out.push_str(&format!("#### {title}\n\n| key | takes | default | |\n|--|--|--|--|\n"));
        for key in keys {
            out.push_str(&reference_row(key));
        }
        out.push('\n');
    }
    out
}

fn reference_row(key: &Key) -> String {
    let unit = if key.unit.is_empty() { String::new() } else { format!(" ({})", key.unit) };
    let fallback = match key.fallback {
        Fallback::Required => "required".to_owned(),
        Fallback::Value(value) => format!("`{value}`"),
        Fallback::Nothing(meaning) => meaning.to_owned(),
    };
    let reload = if key.reload { "; can change on reload" } else { "" };
    let wanted = key.kind.wanted();
    format!("| `{}` | {wanted}{unit} | {fallback} | {}{reload} |\n", key.name, key.help)
}
