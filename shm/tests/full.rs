//! A full memory file system: a clear error at start, all removed again, never a SIGBUS later.
#![cfg(not(loom))]

mod common;

use common::*;
use shm::error::Error;
use shm::instance::Instance;
use shm::mapping::{Ownership, create_file};
use std::path::Path;
use std::process::{Command, Output};

/// Runs `other_process` of this binary in `role`, on a small tmpfs that only it sees. `None` where
/// this process may not mount.
fn on_small_tmpfs(options: &str, role: &str) -> Option<Output> {
    let dir = tempfile::tempdir().expect("a directory");
    let exe = std::env::current_exe().expect("this binary");
    let script = r#"mount -t tmpfs -o "$1" tmpfs "$2" || exit 77
        exec "$3" other_process --exact --nocapture"#;
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script, "sh", options])
        .arg(dir.path())
        .arg(exe)
        .env("SHM_ROLE", role)
        .env("SHM_ROOT", dir.path())
        .output()
        .ok()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(77) || stderr.contains("unshare failed") {
        return None;
    }
    Some(output)
}

fn nothing_left(root: &Path) {
    assert_eq!(files(root), Vec::<String>::new());
}

/// Not a test of its own: what this binary does on the small tmpfs.
#[test]
fn other_process() {
    let Some((role, root)) = role() else { return };
    let mut spec = spec(&root, "main");
    match role.as_str() {
        "bytes" => {
            spec.producers[1].instruments = 4_000;
            let error = Instance::create(&spec).expect_err("does not fit");
            let Error::NoSpace { needed, free, .. } = error else { panic!("{error}") };
            assert_eq!(needed, spec.bytes());
            assert!(free < needed && free > 900_000, "{free}");
            nothing_left(&root);

            // And where the room goes between the question and the reservation.
            let path = root.join("file");
            let owner = Ownership { mode: 0o640, gid: None };
            let error = create_file(&path, 2 << 20, owner).expect_err("does not fit");
            let Error::NoSpace { needed, .. } = error else { panic!("{error}") };
            assert_eq!(needed, 2 << 20);
            nothing_left(&root);

            // What fits, fits: the figure is not pessimistic.
            spec.producers[1].instruments = 130;
            assert!(spec.bytes() < 1 << 20);
            Instance::create(&spec).expect("fits").close().expect("close");
            nothing_left(&root);
        }
        "inodes" => {
            let error = Instance::create(&spec).expect_err("does not fit");
            let Error::NoSpace { needed, .. } = error else { panic!("{error}") };
            assert_eq!(needed, spec.bytes());
            nothing_left(&root);
        }
        other => panic!("no role {other}"),
    }
    println!("as it should be");
}

fn check(name: &str, options: &str, role: &str) {
    let Some(output) = on_small_tmpfs(options, role) else {
        e2e::skipped(name, "this process may not mount a tmpfs");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{:?}\n{said}\n{stderr}", output.status);
    assert!(said.contains("as it should be"), "{said}\n{stderr}");
}

#[test]
fn a_tmpfs_without_room_is_a_clear_error() {
    check("a_tmpfs_without_room_is_a_clear_error", "size=1m", "bytes");
}

#[test]
fn a_tmpfs_without_inodes_is_a_clear_error_half_way() {
    check("a_tmpfs_without_inodes_is_a_clear_error_half_way", "size=64m,nr_inodes=9", "inodes");
}
