//! The header that is committed is the one that this library fits.

use std::path::Path;

#[test]
fn the_committed_header_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/hotlane.h");
    let text = hotlane::header::text();
    if std::env::var_os("HOTLANE_BLESS").is_some() {
        std::fs::write(&path, &text).expect("write the header");
    }
    let committed = std::fs::read_to_string(&path).expect("the committed header");
    assert!(committed == text, "run HOTLANE_BLESS=1 cargo test -p client-c --test header");
}

#[test]
fn the_header_declares_every_function_of_the_library() {
    let text = hotlane::header::text();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut functions = 0;
    for entry in std::fs::read_dir(sources).expect("sources") {
        let source = std::fs::read_to_string(entry.expect("an entry").path()).expect("a source");
        for line in source.lines().filter(|line| line.contains("extern \"C\" fn ")) {
            let name = line.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
            let Some(name) = name.filter(|name| name.starts_with("hotlane_")) else { continue };
            functions += 1;
            assert!(text.contains(&format!("{name}(")), "{name} is not in the header");
        }
    }
    assert_eq!(functions, 16);
}
