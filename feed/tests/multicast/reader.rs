//! The independent reader as a process, and the groups of a test.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;

/// Groups that no other test uses.
pub struct Groups {
    live: String,
    not_live: String,
    port: u16,
}

impl Groups {
    pub fn new() -> Groups {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        // Relaxed: only a number that nobody had; nothing comes with it.
        let number = NEXT.fetch_add(2, Ordering::Relaxed);
        let pid = std::process::id();
        let (high, low) = (pid >> 8 & 0xff, pid & 0xff);
        Groups {
            live: format!("239.{}.{high}.{low}", 192 + number % 32),
            not_live: format!("239.{}.{high}.{low}", 193 + number % 32),
            port: 20_000 + (pid % 20_000) as u16 + number,
        }
    }

    /// Where stock data that is not live goes.
    pub fn recorded(&self) -> String {
        format!("{}:{}", self.not_live, self.port + 1)
    }

    /// The flag of `hotlane replay`.
    pub fn flag(&self, more: &str) -> String {
        let Groups { live, not_live, port } = self;
        format!(
            "--multicast=not_live={not_live},crypto={live}:{port},stock={live}:{},{more}",
            port + 1
        )
    }

    /// The same as a configuration.
    pub fn config(&self) -> feed::config::PublisherConfig {
        let flag = self.flag("");
        let text = flag.trim_start_matches("--multicast=");
        feed::config::PublisherConfig::parse(text).expect("keys")
    }
}

/// The reader, which listens.
pub struct Reader {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

/// Whether there is a Python; otherwise says that `test` is skipped.
pub fn has_python(test: &str) -> bool {
    let found = Command::new("python3").arg("--version").output();
    let is_there = found.is_ok_and(|output| output.status.success());
    if !is_there {
        e2e::skipped(test, "python3 is not installed");
    }
    is_there
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/multicast/decode.py")
}

impl Reader {
    /// Starts it and waits until it has joined. It stops when it has heard nothing for a while, or
    /// `after` so many seconds.
    pub fn start(group: &str, records: Option<&Path>, after: Option<f64>) -> Reader {
        let mut command = Command::new("python3");
        command.arg(script()).args(["127.0.0.1", group, "3"]);
        match records {
            Some(path) => command.arg(path),
            None => command.arg("-"),
        };
        command.args(after.map(|seconds| seconds.to_string()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("python3 runs");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("utf-8");
        assert_eq!(line.trim(), "listening", "{line}");
        Reader { child, stderr }
    }

    /// What it decoded.
    pub fn result(mut self) -> Value {
        let mut out = String::new();
        self.child.stdout.take().expect("piped").read_to_string(&mut out).expect("utf-8");
        let mut err = String::new();
        self.stderr.read_to_string(&mut err).expect("utf-8");
        assert!(self.child.wait().expect("it ends").success(), "{err}");
        serde_json::from_str(&out).expect("one JSON object")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
