//! What tests need of their surroundings: recordings, the built binaries, names that do not clash.
//!
//! Tests of any crate use [`recordings`]; the tests of this crate drive the built binaries.
#![forbid(unsafe_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Says that a test did not run, past the test harness's capture: a skip must be seen.
pub fn skipped(test: &str, reason: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {reason}");
}

/// Folder of the recordings, from `HOTLANE_DATA`; without it, says that `test` is skipped.
pub fn recordings(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HOTLANE_DATA").map(PathBuf::from);
    if folder.is_none() {
        skipped(test, "HOTLANE_DATA is not set");
    }
    folder
}

/// The AAPL recording of 10,000 messages, or a skip.
pub fn aapl(test: &str) -> Option<PathBuf> {
    let name = "packets/nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50";
    recordings(test).map(|folder| folder.join(name))
}

/// A binary of the workspace, built by the same `cargo test`.
///
/// # Panics
/// If it is not there: the tests of a single package do not build the binaries of others.
pub fn binary(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("the path of this test");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push(name);
    assert!(path.is_file(), "{}: run `cargo test --workspace`, or build it", path.display());
    path
}

/// A command that runs a binary of the workspace.
pub fn command(name: &str) -> Command {
    Command::new(binary(name))
}

/// A name for an instance that no other test uses.
pub fn instance_name(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test-{what}-{}-{number}", std::process::id())
}
