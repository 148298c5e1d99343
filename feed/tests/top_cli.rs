//! `hotlane top` hands everything to the program beside it, and is that program from then on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// A folder with `hotlane` in it, and what stands beside.
fn beside(script: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_hotlane"), folder.path().join("hotlane")).expect("a copy");
    if let Some(script) = script {
        let path = folder.path().join("hotlane-top");
        fs::write(&path, script).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
    folder
}

fn hotlane(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(folder.join("hotlane"));
    command.args(arguments).output().expect("hotlane runs")
}

#[test]
fn arguments_output_and_exit_code_are_the_tools() {
    let folder = beside(Some("#!/bin/sh\nprintf '%s|' \"$@\"\nexit 3\n"));
    let run = hotlane(folder.path(), &["top", "main", "--once", "--interval", "2", "--help"]);
    assert_eq!(run.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&run.stdout), "main|--once|--interval|2|--help|");
    let run = hotlane(folder.path(), &["top"]);
    assert_eq!((run.status.code(), run.stdout), (Some(3), b"|".to_vec()));
}

#[test]
fn without_the_tool_it_is_said_what_to_do() {
    let folder = beside(None);
    let run = hotlane(folder.path(), &["top", "--once"]);
    let err = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1));
    assert!(err.contains("hotlane-top") && err.contains("cargo build"), "{err}");
}
