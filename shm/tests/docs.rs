//! docs/SHM.md is made from the module documentation of this crate, so that its tables are those
//! that stand beside the code. `HOTLANE_BLESS=1` writes it anew.
#![cfg(not(loom))]

use std::fmt::Write;
use std::path::Path;

const INTRO: &str = "\
# Shared memory

Made from the module documentation in `shm/src` by `shm/tests/docs.rs`; do not edit. What the
records mean is in [WIRE.md](WIRE.md); why it is built this way in
[ARCHITECTURE.md](ARCHITECTURE.md).
";

/// Title and module, in the order in which a reader attaches.
const PARTS: &[(&str, &str)] = &[
    ("Files and permissions", "paths.rs"),
    ("Header of a region", "header.rs"),
    ("Layout table", "layout.rs"),
    ("Making an instance", "instance.rs"),
    ("Attaching", "attach.rs"),
    ("Life of a generation", "generation.rs"),
    ("Who is alive", "liveness.rs"),
    ("The keeper", "keeper.rs"),
    ("Lines", "lines.rs"),
    ("Slots", "slot.rs"),
    ("Ring", "ring/mod.rs"),
    ("Overwriting ring", "tail.rs"),
    ("Following without taking part", "follow.rs"),
    ("Seqlock", "seqlock.rs"),
    ("Claiming a seat", "claim.rs"),
    ("Seat: lines of its two files", "seat/layout.rs"),
    ("Fan-out", "fanout/mod.rs"),
    ("Steps", "fanout/step.rs"),
    ("Instrument table", "instruments.rs"),
    ("Images", "images.rs"),
    ("Clock page", "clock_page.rs"),
    ("Counters", "counters.rs"),
    ("Distinct errors", "errors.rs"),
    ("Gap ledger", "ledger.rs"),
];

fn module_doc(path: &Path) -> String {
    let source = std::fs::read_to_string(path).expect("a module of this crate");
    let lines = source.lines().take_while(|line| line.starts_with("//!"));
    lines.map(|line| line[3..].strip_prefix(' ').unwrap_or("").to_owned() + "\n").collect()
}

fn page() -> String {
    let mut out = INTRO.to_owned();
    for (title, file) in PARTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        // Links between items work in rustdoc only.
        let text = module_doc(&path).replace("[`", "`").replace("`]", "`");
        let _ = write!(out, "\n## {title}\n\n`shm/src/{file}`\n\n{text}");
    }
    out
}

#[test]
fn shm_md_is_what_the_modules_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SHM.md");
    let page = page();
    if std::env::var_os("HOTLANE_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/SHM.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/SHM.md is out of date: run HOTLANE_BLESS=1 cargo test -p shm");
}
