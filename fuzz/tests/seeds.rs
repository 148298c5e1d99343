//! The committed seeds are those that the generator makes, and every check holds of them and of
//! what a byte's change makes of them.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hotlane_fuzz::{TARGETS, seeds};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

#[test]
fn the_committed_seeds_are_the_generators() {
    let made = seeds::all();
    for (target, _) in TARGETS {
        let mut wanted: BTreeMap<&str, &[u8]> = BTreeMap::new();
        for (of, name, bytes) in &made {
            if *of == target {
                assert!(wanted.insert(name, bytes).is_none(), "{target}: two seeds {name}");
            }
        }
        assert!(!wanted.is_empty(), "{target}: no seeds");
        for entry in std::fs::read_dir(corpus(target)).expect("a corpus") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            // Others were found by a fuzzer and are not committed.
            let Some(name) = name.filter(|name| name.starts_with("seed-")) else { continue };
            let made = wanted.remove(name.as_str());
            let found = std::fs::read(&path).expect("its bytes");
            assert_eq!(made, Some(found.as_slice()), "{target}/{name}: run the example `seeds`");
        }
        assert!(wanted.is_empty(), "{target}: not committed: {:?}", wanted.keys());
    }
}

#[test]
fn every_check_holds_of_every_seed() {
    for (target, _, bytes) in seeds::all() {
        let check = TARGETS.iter().find(|(name, _)| *name == target).map(|(_, check)| check);
        check.expect("a target")(&bytes);
    }
}

/// A fuzzer without a memory: each seed with one byte changed, and cut at each length.
#[test]
fn every_check_holds_of_every_seed_that_was_damaged() {
    for (target, _, bytes) in seeds::all() {
        let check = TARGETS.iter().find(|(name, _)| *name == target).map(|(_, check)| check);
        let check = check.expect("a target");
        // Of long seeds some places, of short ones all.
        let stride = 1 + bytes.len() / 256;
        for at in (0..bytes.len()).step_by(stride) {
            check(&bytes[..at]);
            for change in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                check(&damaged);
            }
        }
    }
}
