//! Files that lie: the tool names what is wrong or shows a part, and never panics or hangs.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::producer::Producer;
use crate::tables::contents;
use crate::tool::{Run, run};

const VIEWS: [&str; 8] = [
    "",
    "main",
    "main --json",
    "main --seats --counters --gaps --errors --instruments --clock --layout",
    "main --images",
    "main --images AAPL",
    "main --records 1000 --seat 1",
    "main --records 1000 --tail",
];

/// Every view; each ends soon, with words if not with success.
fn look(root: &Path, what: &str) -> Vec<Run> {
    let looked = VIEWS.map(|line| {
        let begun = Instant::now();
        let run = run(root, line);
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {line}");
        assert!([0, 1, 3].contains(&run.code), "{what}: {line}: {run:?}");
        assert!(run.code == 0 || !(run.out.is_empty() && run.err.is_empty()), "{what}: {line}");
        run
    });
    looked.into()
}

fn write(path: &Path, at: u64, bytes: &[u8]) {
    let file = std::fs::OpenOptions::new().write(true).open(path).expect("open");
    file.write_all_at(bytes, at).expect("write");
}

fn files(producer: &Producer) -> Vec<(PathBuf, Vec<u8>)> {
    contents(&producer.root).into_iter().collect()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn started() -> Producer {
    let mut producer = Producer::start();
    producer.steps(500);
    producer
}

#[test]
fn a_header_byte_that_changed_is_named_by_its_file() {
    let producer = started();
    for (path, bytes) in files(&producer) {
        // One byte of every field of the header that is never written again.
        for at in [
            0, 8, 12, 14, 16, 24, 28, 32, 40, 48, 56, 64, 72, 76, 80, 88, 96, 128, 192, 200, 208,
            512,
        ] {
            write(&path, at as u64, &[bytes[at] ^ 1]);
            let looked = look(&producer.root, &format!("{path:?} at {at}"));
            let layout = run(&producer.root, "main --layout");
            let file = name(&path);
            assert!(layout.code != 0 || at >= 512, "{path:?} at {at}: {layout:?}");
            let named = layout.out.contains(&file) || layout.err.contains(&file);
            assert!(named, "{path:?} at {at}: {layout:?}");
            // Without its `instance` file nothing else can be shown; else the rest is.
            if file != "instance" && at < 512 {
                assert!(looked[1].out.contains("producer nasdaq"), "{path:?} at {at}");
            }
            write(&path, at as u64, &[bytes[at]]);
        }
    }
    assert!(look(&producer.root, "healed").iter().all(|run| run.code == 0));
}

#[test]
fn a_file_cut_short_is_named() {
    let producer = started();
    for (path, bytes) in files(&producer) {
        for length in [0, 1, 255, 256, 4095, 4096, bytes.len() - 4096, bytes.len() - 1] {
            std::fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(length as u64))
                .expect("cut");
            look(&producer.root, &format!("{path:?} cut to {length}"));
            let seen = run(&producer.root, "main --layout");
            assert!(seen.code == 1, "{path:?} cut to {length}: {seen:?}");
            std::fs::write(&path, &bytes).expect("restored");
        }
    }
    assert!(look(&producer.root, "healed").iter().all(|run| run.code == 0));
}

/// xorshift64, so that a failure can be repeated.
fn noise(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state as u8
}

#[test]
fn bodies_of_noise_are_shown_or_refused_but_believed_by_nobody() {
    let producer = started();
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for round in 0..40 {
        for (path, bytes) in files(&producer) {
            // The body begins with the last pages; header and table are left as they are.
            let first = u64::from_le_bytes(bytes[48..56].try_into().expect("eight bytes")) as usize;
            let few = round % 2 == 0;
            let noisy: Vec<u8> = bytes[first..]
                .iter()
                .map(|&byte| {
                    let random = noise(&mut state);
                    if few && noise(&mut state) > 4 { byte } else { random }
                })
                .collect();
            write(&path, first as u64, &noisy);
        }
        look(&producer.root, &format!("round {round}"));
    }
    // All ones, and life and heartbeat words of noise.
    for (path, bytes) in files(&producer) {
        let ones = vec![0xff; bytes.len() - 4096];
        write(&path, 4096, &ones);
        look(&producer.root, &format!("{path:?} of ones"));
        for at in [256, 264, 320] {
            write(&path, at, &[0xff; 8]);
            look(&producer.root, &format!("{path:?} life of ones"));
        }
    }
}

/// A mark so far ahead that every look says "overtaken": following must end all the same.
#[test]
fn following_a_damaged_ring_ends_with_its_producer() {
    let producer = started();
    producer.instance.region().set_closed();
    let path = producer.root.join("hotlane-main/nasdaq/tail");
    let bytes = std::fs::read(&path).expect("read");
    let body = u64::from_le_bytes(bytes[48..56].try_into().expect("eight bytes"));
    write(&path, body, &u64::MAX.to_le_bytes());
    write(&path, body + 128, &(1_u64 << 62).to_le_bytes());
    let begun = Instant::now();
    let run = run(&producer.root, "main --records 3 --follow --tail");
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("records missed") && run.out.contains("producer closed"), "{run:?}");
}

#[test]
fn files_that_went_away_are_named() {
    let producer = started();
    for (path, bytes) in files(&producer) {
        let file = name(&path);
        std::fs::remove_file(&path).expect("removed");
        let seen = look(&producer.root, &format!("{path:?} removed"));
        let code = if file == "instance" { 3 } else { 1 };
        assert_eq!(seen[1].code, code, "{path:?} removed: {:?}", seen[1]);
        std::fs::write(&path, &bytes).expect("restored");
        let mode = if file.ends_with(".ctl") { 0o660 } else { 0o640 };
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode))
            .expect("chmod");
    }
}
