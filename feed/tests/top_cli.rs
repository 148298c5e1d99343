//! `hotlane top` hands everything to the program beside it, and is that program from then on.

use std::path::Path;
use std::process::{Command, Output};

/// A folder with `hotlane` in it, and what stands beside.
fn beside(script: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    // By another process: a child that a parallel test forks while a copy of ours is open for
    // writing would keep it from being run.
    let source = env!("CARGO_BIN_EXE_hotlane");
    let copied = Command::new("cp").arg(source).arg(folder.path()).status().expect("cp runs");
    assert!(copied.success());
    if let Some(script) = script {
        let write = "printf %s \"$1\" > hotlane-top && chmod 755 hotlane-top";
        let mut command = Command::new("sh");
        command.args(["-c", write, "sh", script]).current_dir(folder.path());
        assert!(command.status().expect("sh runs").success());
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
