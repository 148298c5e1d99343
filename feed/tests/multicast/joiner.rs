//! Who joins late knows every instrument and every live book within five seconds.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::decoded::{check_books, read, session, sides_of};
use super::reader::{Groups, Reader, has_python};

/// A process that does not outlive its test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let pid = self.0.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn a_joiner_knows_every_instrument_and_book_within_five_seconds() {
    if !has_python("a_joiner_knows_every_instrument_and_book_within_five_seconds") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = session(folder.path(), 6_000);
    let (groups, records) = (Groups::new(), folder.path().join("replay.rec"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_hotlane"));
    command.args(["replay", "--json", "--instruments", "64", "--orders", "100000"]);
    command.args(["--instance", &e2e::instance_name("joiner"), &groups.flag("")]);
    command.args(["--linger", "--records"]).arg(&records).arg(&file);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let handler = Guard(command.spawn().expect("hotlane runs"));
    // Long after the last packet: nothing changes any more.
    std::thread::sleep(Duration::from_secs(4));
    let decoded = Reader::start(&groups.recorded(), None, Some(5.0)).result();
    drop(handler);
    let definitions = decoded["definitions"].as_object().expect("definitions");
    let index = |definition: &Value| definition["instrument"].as_u64().expect("a number") as u32;
    let symbols: std::collections::BTreeMap<u32, String> = definitions
        .iter()
        .map(|(name, definition)| (index(definition) & 0x00ff_ffff, name.clone()))
        .collect();
    let sides = sides_of(&read(&records));
    assert_eq!(symbols.len(), crate::common::market::STOCKS.len());
    check_books(&decoded, &sides, &symbols);
    // Said often enough, and no oftener: the turns are spread over the period.
    let types = &decoded["types"];
    let definitions = types["4"].as_u64().expect("definitions");
    assert!((8..=18).contains(&definitions), "{types}");
    assert!((4..=6).contains(&types["5"].as_u64().expect("heartbeats")), "{types}");
    assert_eq!(decoded["trades"], serde_json::json!({}), "trades are never sent again");
}
