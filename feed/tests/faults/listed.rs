//! `docs/RELIABILITY.md` is the table of these tests and of those of the simulation: each that it
//! names is there, each that is there is named, and every row from 1 to 21 is in it.

use std::collections::BTreeSet;

/// Names that begin with `row_` and a number, wherever they stand in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let is_row = |name: &&str| {
        let digits = name.strip_prefix("row_").and_then(|rest| rest.get(..2));
        digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit())) && name.len() > 7
    };
    text.split(word).filter(is_row).collect()
}

#[test]
fn the_document_names_every_row_and_nothing_else() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults");
    let mut code = String::new();
    for entry in std::fs::read_dir(folder).expect("this folder") {
        let path = entry.expect("a file").path();
        code += &std::fs::read_to_string(path).expect("a text");
    }
    let is_test = |line: &&str| line.starts_with("fn row_");
    let tests = |code: &str| code.lines().filter(is_test).collect::<Vec<_>>().join("\n");
    let here = tests(&code);
    let simulated = concat!(env!("CARGO_MANIFEST_DIR"), "/../sim/tests/faults.rs");
    let there = tests(&std::fs::read_to_string(simulated).expect("the simulation's rows"));
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/RELIABILITY.md");
    let document = std::fs::read_to_string(document).expect("the document");
    assert_eq!(names(&document), &names(&here) | &names(&there));
    for row in 1..=21 {
        assert!(document.contains(&format!("\n| {row} |")), "no row {row} in the table");
    }
}
