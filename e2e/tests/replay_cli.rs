//! `hotlane replay` as a user meets it: what it prints, what it writes, how it refuses.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

fn replay(arguments: &[&str], file: &Path) -> Output {
    let mut command = e2e::command("hotlane");
    command.arg("replay").args(arguments).arg(file);
    command.output().expect("hotlane runs")
}

fn object(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// A small session from the simulator.
fn generated(folder: &Path, name: &str) -> std::path::PathBuf {
    let file = folder.join(name);
    let made = e2e::command("venue-sim")
        .args(["generate", "--seed", "3", "--instruments", "5", "--messages", "20000", "--json"])
        .arg("--out")
        .arg(&file)
        .output()
        .expect("venue-sim runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    file
}

#[test]
fn the_aapl_recording_gives_the_answers_it_must() {
    let Some(file) = e2e::aapl("the_aapl_recording_gives_the_answers_it_must") else { return };
    let report = object(&replay(&["--json", "--no-seats"], &file));
    // The counts and the end state of the recording's own README.
    let messages = json!({
        "A": 4758, "D": 4083, "E": 849, "P": 240, "L": 52, "U": 7, "X": 6, "F": 2, "R": 1, "H": 1,
        "Y": 1
    });
    assert_eq!(report["messages"], messages);
    assert_eq!(report["unknown_references"], 0);
    assert_eq!((&report["crossed"], &report["locked"]), (&json!(0), &json!(0)));
    assert_eq!(report["gaps"], 0);
    assert_eq!(report["errors"], json!({}));
    let [apple] = report["instruments"].as_array().expect("a list").as_slice() else {
        panic!("one instrument: {}", report["instruments"]);
    };
    assert_eq!(apple["symbol"], "AAPL");
    let price = |field: &str| -> i64 {
        let text = apple[field].as_str().expect("a decimal string");
        wire::decimal::parse(text.as_bytes(), -4).expect("a price")
    };
    assert_eq!((price("bid_price"), price("ask_price")), (3_201_400, 3_203_000));
    assert_eq!((&apple["bid_levels"], &apple["ask_levels"]), (&json!(79), &json!(63)));
}

#[test]
fn two_runs_of_one_session_give_the_same_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = generated(folder.path(), "SIM_2026-01-30.itch");
    let (a, b) = (folder.path().join("a.rec"), folder.path().join("b.rec"));
    let first = object(&replay(&["--json", "--records", a.to_str().expect("utf-8")], &file));
    assert_eq!(first["nature"], "simulated");
    let zipped = folder.path().join("SIM_2026-01-30.itch.gz");
    let gzip = std::process::Command::new("gzip").arg("-kc").arg(&file).output().expect("gzip");
    std::fs::write(&zipped, gzip.stdout).expect("written");
    let no_seats = ["--json", "--no-seats", "--records", b.to_str().expect("utf-8")];
    object(&replay(&no_seats, &zipped));
    let diff = e2e::command("hotlane").arg("diff").args([&a, &b]).output().expect("diff runs");
    assert!(diff.status.success(), "{}", String::from_utf8_lossy(&diff.stdout));

    // What was generated says so itself: another name does not make it a recording.
    let renamed = folder.path().join("day_2026-01-30.itch");
    std::fs::copy(&file, &renamed).expect("copied");
    assert_eq!(object(&replay(&["--json", "--no-seats"], &renamed))["nature"], "simulated");

    // A changed byte is found and shown.
    let mut bytes = std::fs::read(&b).expect("records");
    bytes[64 * 100 + 40] ^= 1;
    std::fs::write(&b, bytes).expect("written");
    let diff = e2e::command("hotlane").arg("diff").args([&a, &b]).output().expect("diff runs");
    assert_eq!(diff.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&diff.stdout).contains("a[100]"));
}

#[test]
fn book_csv_has_a_row_for_every_event_that_changed_the_first_levels() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = generated(folder.path(), "SIM_2026-01-30.itch");
    let csv = folder.path().join("book.csv");
    let path = csv.to_str().expect("utf-8");
    object(&replay(&["--json", "--no-seats", "--book-csv", path, "--depth", "2"], &file));
    let text = std::fs::read_to_string(&csv).expect("the rows");
    let mut rows = text.lines();
    let header = rows.next().expect("a header row");
    assert!(header.starts_with("sequence,ts_venue,symbol,bid_price_1,bid_quantity_1,bid_orders_1"));
    assert_eq!(header.split(',').count(), 3 + 2 * 6);
    let mut last = std::collections::HashMap::new();
    let mut step = 0;
    for row in rows {
        let fields: Vec<&str> = row.split(',').collect();
        assert_eq!(fields.len(), 15, "{row}");
        let sequence: u64 = fields[0].parse().expect("a step");
        assert!(sequence > step, "rows are in the order of their steps");
        step = sequence;
        let levels = fields[3..].join(",");
        let before = last.insert(fields[2].to_owned(), levels.clone());
        assert_ne!(before, Some(levels), "a row that changed nothing: {row}");
    }
    assert!(step > 0);
}

#[test]
fn what_cannot_be_replayed_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text.itch"), "hello, this is no recording\n").expect("written");
    std::fs::write(path("empty.itch"), "").expect("written");
    let mut system_event = vec![0, 12, b'S'];
    system_event.extend([0; 10]);
    system_event.push(b'O');
    std::fs::write(path("undated.bin"), &system_event).expect("written");
    let cases = [
        ("missing.pcap", vec![], "missing.pcap"),
        ("text.itch", vec![], "not a capture that hotlane knows"),
        ("empty.itch", vec![], "an empty file"),
        ("undated.bin", vec![], "--date YYYY-MM-DD"),
        ("undated.bin", vec!["--date", "2020-13-45"], "2020-13-45"),
        ("undated.bin", vec!["--date", "2020-01-30", "--group", "nowhere"], "ADDR"),
    ];
    for (name, arguments, wanted) in cases {
        let output = replay(&[&["--no-seats"], arguments.as_slice()].concat(), &path(name));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {stderr}");
        let said = stderr.contains(wanted) || (wanted == "ADDR" && stderr.contains("nowhere"));
        assert!(said, "{name}: {stderr}");
    }
    let usage = e2e::command("hotlane").args(["replay", "--speed", "fast", "x"]).output();
    assert_eq!(usage.expect("runs").status.code(), Some(2));
}

#[test]
fn an_instance_that_runs_is_not_taken_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = generated(folder.path(), "SIM_2026-01-30.itch");
    let name = e2e::instance_name("taken");
    let mut first = e2e::command("hotlane")
        .args(["replay", "--json", "--instance", &name, "--seats", "1", "--wait", "20"])
        .arg(&file)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("hotlane runs");
    let directory = Path::new("/dev/shm").join(format!("hotlane-{name}"));
    let begun = std::time::Instant::now();
    while !directory.join("nasdaq/gaps").exists() && begun.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let second = replay(&["--instance", &name], &file);
    let stderr = String::from_utf8_lossy(&second.stderr).into_owned();
    first.kill().expect("killed");
    first.wait().expect("reaped");
    assert_eq!(second.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(&first.id().to_string()), "names the owner: {stderr}");

    let cleaned = e2e::command("hotlane").args(["clean", "--json"]).output().expect("clean runs");
    assert!(cleaned.status.success());
    assert!(!directory.exists(), "a dead instance's files are removed");
}
