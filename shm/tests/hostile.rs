//! Regions as untrusted bytes: every header byte changed, files cut, bodies of rubbish. Each
//! attach is refused by name or safe to use; nothing panics, nothing reads out of bounds.
#![cfg(not(loom))]

mod common;

use common::*;
use shm::attach::Attached;
use shm::error::{Error, Result};
use shm::header::HEADER_BYTES;
use shm::instance::Instance;
use shm::layout::checksum;
use shm::lines::Lines;
use shm::sync::Ordering;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file of every kind, below the instance's directory.
const FILES: [&str; 9] = [
    "instance",
    "nasdaq/seat-0.ring",
    "nasdaq/seat-0.ctl",
    "nasdaq/instruments",
    "nasdaq/images",
    "nasdaq/counters",
    "nasdaq/errors",
    "nasdaq/gaps",
    "nasdaq/tail",
];

/// Bytes that any header or table has here: 512 and two rows.
const HEAD: u64 = 512 + 2 * 64;
/// Header fields under the checksum.
const SUMMED: usize = 200;

struct Victim {
    root: TempDir,
    _instance: Instance,
}

impl Victim {
    fn new() -> Self {
        let root = root();
        let instance = create(root.path(), "main");
        Victim { root, _instance: instance }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join("hotlane-main").join(file)
    }

    fn open(&self, file: &str) -> File {
        OpenOptions::new().read(true).write(true).open(self.path(file)).expect("open")
    }

    /// Attaches and uses everything that there is in `file`.
    fn use_it(&self, file: &str) -> Result<()> {
        let view = match look(self.root.path(), "main") {
            Attached::Ready(view) => view,
            Attached::Refused(error) => return Err(error),
            other => {
                let path = self.path(file);
                return Err(Error::NoSuch { path, what: format!("instance: {}", other.name()) });
            }
        };
        view.clock().expect("a line for it").to_utc(1);
        let producer = view.producer("nasdaq")?;
        match file {
            "nasdaq/seat-0.ring" | "nasdaq/seat-0.ctl" => {
                let seat = producer.seat(0)?;
                touch(seat.ring.body());
                touch(seat.control.body());
                producer.hold_seat(0)?;
            }
            "nasdaq/instruments" => {
                let table = producer.instruments()?;
                (0..table.count().min(1_000)).for_each(|i| {
                    let _ = table.read(i);
                });
            }
            "nasdaq/images" => {
                let images = producer.images()?;
                (0..images.room().min(1_000)).for_each(|i| {
                    let _ = images.read(i, &mut [0; 127]);
                });
            }
            "nasdaq/counters" => {
                let counters = producer.counters()?;
                for at in 0..counters.labels().len() {
                    let histogram = counters.histogram(at);
                    let _ = (counters.value(at), histogram.map(|h| (h.at(0.5), h.mean())));
                }
            }
            "nasdaq/errors" => {
                let errors = producer.errors()?;
                (0..errors.count()).for_each(|i| {
                    let _ = errors.read(i);
                });
            }
            "nasdaq/gaps" => {
                let gaps = producer.gaps()?;
                gaps.kept().take(1_000).for_each(|n| {
                    let _ = gaps.read(n);
                });
                gaps.totals();
            }
            "nasdaq/tail" => touch(producer.tail()?.0.body()),
            _ => {}
        }
        Ok(())
    }
}

fn touch<L: Lines>(lines: &L) {
    for line in 0..lines.lines() {
        lines.line(line)[0].load(Ordering::Relaxed);
    }
}

fn reseal(file: &File) {
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0).expect("read");
    let sum = checksum(&header[..SUMMED]).to_le_bytes();
    file.write_all_at(&sum, SUMMED as u64).expect("write");
}

fn save(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("read")
}

fn restore(file: &File, bytes: &[u8]) {
    file.set_len(bytes.len() as u64).expect("length");
    file.write_all_at(bytes, 0).expect("write");
}

#[test]
fn every_changed_header_byte_is_refused_or_harmless() {
    let victim = Victim::new();
    let (mut refused, mut used) = (0, 0);
    for name in FILES {
        let (file, before) = (victim.open(name), save(&victim.path(name)));
        victim.use_it(name).expect("untouched it is fine");
        for offset in 0..HEAD {
            for mask in [0x01, 0xff] {
                let byte = before[offset as usize] ^ mask;
                file.write_all_at(&[byte], offset).expect("write");
                let result = victim.use_it(name);
                file.write_all_at(&before[offset as usize..][..1], offset).expect("write");
                // Checksums cover header and table, and what is unnamed must be zero; behind them
                // lie words that live (life, heartbeat).
                let covered = offset < 256 || (512..HEAD).contains(&offset);
                assert!(result.is_err() || !covered, "{name} byte {offset} ^ {mask:#x}");
                if result.is_err() { refused += 1 } else { used += 1 }
            }
        }
        victim.use_it(name).expect("restored it is fine");
    }
    println!("{refused} refused, {used} harmless");
    assert!(refused > 6_000, "{refused}");
}

#[test]
fn a_changed_header_with_a_right_checksum_is_refused_or_harmless() {
    let victim = Victim::new();
    // Offsets whose value no reader relies on: owner, dates, name, numbers that a kind lacks.
    let free = |offset: u64| (72..76).contains(&offset) || (80..192).contains(&offset);
    for name in FILES {
        let (file, before) = (victim.open(name), save(&victim.path(name)));
        for offset in 0..SUMMED as u64 {
            for mask in [0x01, 0x80, 0xff] {
                let byte = before[offset as usize] ^ mask;
                file.write_all_at(&[byte], offset).expect("write");
                reseal(&file);
                let result = victim.use_it(name);
                assert!(result.is_err() || free(offset), "{name} byte {offset} ^ {mask:#x}");
                restore(&file, &before);
            }
        }
    }
}

#[test]
fn each_check_has_its_own_error() {
    let victim = Victim::new();
    let name = "nasdaq/images";
    let (file, before) = (victim.open(name), save(&victim.path(name)));
    let with = |offset: u64, bytes: &[u8], seal: bool| -> Error {
        file.write_all_at(bytes, offset).expect("write");
        if seal {
            reseal(&file);
        }
        let error = victim.use_it(name).expect_err("refused");
        restore(&file, &before);
        let text = error.to_string();
        assert!(text.contains("nasdaq/images"), "says where: {text}");
        error
    };
    let word = |n: u64| n.to_le_bytes();
    assert!(matches!(with(0, b"HOTLANE2", true), Error::Magic { .. }));
    assert!(matches!(with(8, &[9], true), Error::HeaderVersion { found: 9, wanted: 1, .. }));
    // A byte of the generation, which is any number: it must be another one.
    let other = [before[64] ^ 1];
    assert!(matches!(with(64, &other, false), Error::HeaderChecksum { .. }));
    assert!(matches!(with(14, &[1], true), Error::HeaderUnnamed { offset: 14, .. }));
    assert!(matches!(with(248, &[1], true), Error::HeaderUnnamed { offset: 208, .. }));
    assert!(matches!(with(12, &[8], true), Error::Kind { found: 8, wanted: 5, .. }));
    assert!(matches!(with(16, &word(1), true), Error::LayoutMismatch { found_hash: 1, .. }));
    assert!(matches!(with(28, &[1, 16], true), Error::LayoutPlace { rows: 4097, .. }));
    assert!(matches!(with(32, &word(640), true), Error::LayoutPlace { offset: 640, .. }));
    assert!(matches!(with(48, &word(0), true), Error::BodyOffset { found: 0, .. }));
    assert!(matches!(with(56, &word(u64::MAX), true), Error::BodyLines { .. }));
    assert!(matches!(with(56, &word(0), true), Error::BodyLines { .. }));
    assert!(matches!(with(56, &word(1), true), Error::FileLength { .. }));
    assert!(matches!(with(40, &word(4096), true), Error::FileLength { alleged: 4096, .. }));
    assert!(matches!(with(128, &[0xff], true), Error::HeaderName { .. }));
    assert!(matches!(with(190, &[1], true), Error::HeaderName { .. }));
    assert!(matches!(with(512, &[1], true), Error::LayoutChecksum { .. }));
    assert!(matches!(with(64, &word(5), true), Error::Generation { found: 5, .. }));
    assert!(matches!(with(256, &[9], true), Error::State { .. }));
    assert!(matches!(with(96, &word(131), true), Error::Shape { found: 2080, .. }));
    assert!(matches!(with(96, &word(u64::MAX), true), Error::Shape { what: "rows", .. }));
}

#[test]
fn every_truncation_is_refused() {
    let victim = Victim::new();
    for name in FILES {
        let (file, before) = (victim.open(name), save(&victim.path(name)));
        let whole = before.len() as u64;
        let near = [0_u64, 64, 256, 512, HEAD, 4096, 8192, whole / 2, whole - 4096, whole];
        let lengths = near.iter().flat_map(|&n| [n.saturating_sub(1), n, n + 1]);
        for length in lengths.chain([whole + 4096]).filter(|&length| length != whole) {
            file.set_len(length).expect("length");
            let error = victim.use_it(name).expect_err("refused");
            let named = matches!(
                error,
                Error::TooShort { .. } | Error::FileLength { .. } | Error::Magic { .. }
            );
            assert!(named, "{name} at {length}: {error}");
            restore(&file, &before);
        }
        victim.use_it(name).expect("restored it is fine");
    }
}

#[test]
fn a_file_cut_under_a_reader_is_noticed_by_its_slow_path() {
    let victim = Victim::new();
    let producer = attach(victim.root.path(), "main").producer("nasdaq").expect("producer");
    let seat = producer.seat(0).expect("seat");
    assert!(seat.control.mapping().still_whole());
    let before = save(&victim.path("nasdaq/seat-0.ctl"));
    let file = victim.open("nasdaq/seat-0.ctl");
    file.set_len(4096).expect("length");
    assert!(!seat.control.mapping().still_whole());
    restore(&file, &before);
    assert!(seat.control.mapping().still_whole());
}

#[test]
fn bodies_of_rubbish_are_safe() {
    let victim = Victim::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for name in FILES {
        let (file, before) = (victim.open(name), save(&victim.path(name)));
        for round in 0..200 {
            // Few words or all, small numbers or large: counts that are nearly right hurt most.
            let mut bytes = before.clone();
            for word in bytes[4096..].as_chunks_mut::<8>().0 {
                let value = random();
                if round % 3 == 0 || value.is_multiple_of(5) {
                    *word = (random() >> (random() % 64)).to_le_bytes();
                }
            }
            restore(&file, &bytes);
            let _ = victim.use_it(name);
            restore(&file, &before);
        }
        victim.use_it(name).expect("restored it is fine");
    }
}

#[test]
fn an_instance_file_of_rubbish_is_replaced_not_feared() {
    for length in [0, 100, 4096, 20_000] {
        let root = root();
        let dir = root.path().join("hotlane-main");
        std::fs::create_dir(&dir).expect("directory");
        std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o750))
            .expect("mode");
        std::fs::write(dir.join("instance"), vec![0xa5; length]).expect("write");
        assert!(matches!(look(root.path(), "main"), Attached::Refused(_)), "{length}");
        let instance = create(root.path(), "main");
        assert!(matches!(look(root.path(), "main"), Attached::Ready(_)), "{length}");
        drop(instance);
        assert_eq!(files(root.path()), Vec::<String>::new(), "{length}");
    }
}
