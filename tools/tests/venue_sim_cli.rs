//! The binary: what it writes, what it says.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use flate2::read::MultiGzDecoder;

fn venue_sim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_venue-sim"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn generates_plain_and_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let size = ["generate", "--instruments", "5", "--messages", "3000", "--out"];
    let plain = venue_sim(folder.path(), &[&size[..], &["SIM_a.itch", "--json"]].concat());
    assert!(plain.status.success(), "{}", text(&plain.stderr));
    assert_eq!(text(&plain.stderr), "", "--json says nothing else");
    let report: serde_json::Value = serde_json::from_slice(&plain.stdout).expect("JSON");
    assert_eq!(report["nature"], "simulated");
    let bytes = std::fs::read(folder.path().join("SIM_a.itch")).expect("the file");
    assert_eq!(report["summary"]["bytes"], bytes.len());

    let oracle = ["SIM_b.itch.gz", "--oracle", "SIM_b.json"];
    let packed = venue_sim(folder.path(), &[&size[..], &oracle[..]].concat());
    assert!(packed.status.success(), "{}", text(&packed.stderr));
    assert!(text(&packed.stdout).starts_with("SIM_b.itch.gz: "), "{}", text(&packed.stdout));
    let file = std::fs::File::open(folder.path().join("SIM_b.itch.gz")).expect("the file");
    let mut unpacked = vec![];
    MultiGzDecoder::new(file).read_to_end(&mut unpacked).expect("gzip");
    assert!(unpacked == bytes, "compression changed the session");
    let oracle = std::fs::read(folder.path().join("SIM_b.json")).expect("the oracle");
    let oracle: serde_json::Value = serde_json::from_slice(&oracle).expect("JSON");
    assert_eq!(oracle["messages"], report["summary"]["messages"]);
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 3, "no partial file is left");
}

#[test]
fn a_day_is_reported_beside_its_calibration() {
    let folder = tempfile::tempdir().expect("a folder");
    let size = ["day", "--messages", "20000", "--symbols", "10", "SIM_d.itch"];
    let told = venue_sim(folder.path(), &[&size[..], &["--report"]].concat());
    assert!(told.status.success(), "{}", text(&told.stderr));
    let said = text(&told.stdout);
    let row = said.lines().find(|line| line.contains("adds (A F)")).expect("a row");
    assert!(row.contains("46.60 %"), "{said}");
    let bytes = std::fs::read(folder.path().join("SIM_d.itch")).expect("the file");
    let json = venue_sim(folder.path(), &[&size[..], &["--json", "--report"]].concat());
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(report["summary"]["bytes"], bytes.len());
    assert_eq!(report["statistics"]["summary"], report["summary"]);
    assert_eq!(report["calibration"]["orders"], 1_390_000.0);
    assert_eq!(report["nature"], "simulated");
}

#[test]
fn clones_a_compressed_slice() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| venue_sim(folder.path(), arguments);
    let made = run(&["generate", "--instruments", "1", "--messages", "2000", "--out", "SIM_1.gz"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let cloned = run(&["clone", "SIM_1.gz", "--instruments", "3", "--out", "SIM_3.itch", "--json"]);
    assert!(cloned.status.success(), "{}", text(&cloned.stderr));
    let report: serde_json::Value = serde_json::from_slice(&cloned.stdout).expect("JSON");
    assert_eq!((&report["cloned"], &report["instruments"]), (&"SIMAAA".into(), &3.into()));
}

#[test]
fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&[&str], &str); 9] = [
        (&["generate", "--out", "day.itch"], "for example SIM_day.itch"),
        (&["generate", "--out", "SIM_x", "--oracle", "books.json"], "for example SIM_books.json"),
        (&["generate", "--out", "SIM_x", "--session-start", "23:00"], "earlier --session-start"),
        (&["generate", "--out", "SIM_x", "--duration", "10"], "for example 10m"),
        (&["generate", "--out", "SIM_x", "--instruments", "0"], "from 1 to 65534"),
        (&["generate", "--out", "nowhere/SIM_x"], "cannot create"),
        (&["day", "market.itch"], "for example SIM_market.itch"),
        (&["day", "--messages", "10", "SIM_x"], "--messages must be from 26706"),
        (&["clone", "nothing", "--instruments", "1", "--out", "SIM_x"], "nothing: cannot read"),
    ];
    for (arguments, expected) in cases {
        let output = venue_sim(folder.path(), arguments);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(!folder.path().join("SIM_x").exists(), "{arguments:?} wrote a file");
    }
}

#[test]
fn help_has_examples() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["--help"][..], &["generate", "--help"], &["clone", "--help"]] {
        let output = venue_sim(folder.path(), arguments);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("Examples:"), "{arguments:?}");
    }
}
