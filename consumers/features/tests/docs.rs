//! The README's table is the program's. `HOTLANE_BLESS=1` writes it anew.

use std::path::Path;

const BEGIN: &str = "<!-- outputs: made from src/output.rs -->\n";
const END: &str = "<!-- outputs end -->\n";

#[test]
fn the_table_of_outputs_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).expect("README.md");
    let (before, rest) = text.split_once(BEGIN).expect("the table's begin");
    let (table, after) = rest.split_once(END).expect("the table's end");
    let wanted = features::output::markdown();
    if std::env::var_os("HOTLANE_BLESS").is_some() {
        let text = format!("{before}{BEGIN}{wanted}{END}{after}");
        std::fs::write(&path, text).expect("written");
    } else {
        assert_eq!(table, wanted, "run with HOTLANE_BLESS=1");
    }
}

#[test]
fn every_flag_is_explained() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(path).expect("README.md");
    for (bit, name) in features::flags::NAMES {
        assert!(text.contains(&format!("| {bit} | {name} |")), "{name}");
    }
}
