//! What the tests of files and processes share: a root of their own, a specification, children.
#![allow(dead_code)]

use shm::attach::{Attach, Attached, InstanceView, attach_blocking};
use shm::counters::{CounterSpec, CounterTable, HistogramSpec};
use shm::instance::Instance;
use shm::layout::{Layout, LayoutRow, TypeCode};
use shm::spec::{InstanceSpec, ProducerSpec};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A layout as `wire` would hand it in.
pub const ROWS: [LayoutRow; 2] = [
    LayoutRow::new("trade", "price", 48, 32, 8, TypeCode::Signed),
    LayoutRow::new("trade", "quantity", 48, 40, 8, TypeCode::Signed),
];
pub const LAYOUT: Layout<'static> = Layout { version: 3, hash: 0x1122_3344_5566_7788, rows: &ROWS };
pub const EXPECT: Option<(u32, u64)> = Some((LAYOUT.version, LAYOUT.hash));

/// A directory in memory that is gone with the test.
pub fn root() -> TempDir {
    let shared = Path::new("/dev/shm");
    let prefix = format!("shm-test-{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(&prefix);
    let made = if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() };
    made.expect("a directory for the test")
}

/// A small producer with everything that one can have.
pub fn producer(name: &str) -> ProducerSpec {
    let counter = |name: &str, block| CounterSpec { name: name.into(), unit: "1".into(), block };
    ProducerSpec {
        name: name.into(),
        instruments: 130,
        seats: 2,
        ring_capacity: 64,
        slot_lines: 1,
        tail_capacity: 64,
        counters: CounterTable {
            counters: vec![counter("packets", 0), counter("retries", 1)],
            histograms: vec![HistogramSpec {
                name: "receive_publish".into(),
                unit: "ns".into(),
                block: 0,
                sub_bits: 5,
                value_bits: 40,
            }],
        },
        errors: 16,
        gaps: 16,
    }
}

/// An instance of two such producers.
pub fn spec(root: &Path, name: &str) -> InstanceSpec<'static> {
    InstanceSpec {
        root: root.to_path_buf(),
        name: name.into(),
        layout: LAYOUT,
        gid: None,
        producers: vec![producer("nasdaq"), producer("binance_spot")],
    }
}

/// Attaches, or fails the test.
pub fn attach(root: &Path, name: &str) -> InstanceView {
    attach_blocking(root, name, EXPECT, Duration::from_secs(5)).expect("attach")
}

/// One look.
pub fn look(root: &Path, name: &str) -> Attached {
    Attach::new(root, name, EXPECT).expect("a valid name").poll()
}

/// All files and directories below `root`, as paths relative to it.
pub fn files(root: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut todo = vec![root.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).expect("list") {
            let path = entry.expect("entry").path();
            let relative = path.strip_prefix(root).expect("below the root");
            out.push(relative.to_string_lossy().into_owned());
            if path.is_dir() {
                todo.push(path);
            }
        }
    }
    out.sort();
    out
}

/// A process that this test binary starts from itself, told by `SHM_ROLE` what to be. It prints
/// `ready` when it is; it is killed when dropped.
pub struct Other {
    pub child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Other {
    /// Starts the test named `entry` of this binary in a role.
    pub fn start(entry: &str, role: &str, root: &Path) -> Other {
        let exe = std::env::current_exe().expect("this binary");
        let mut child = Command::new(exe)
            .args([entry, "--exact", "--nocapture", "--test-threads=1"])
            .env("SHM_ROLE", role)
            .env("SHM_ROOT", root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the other process");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        Other { child, lines }
    }

    /// Waits until it prints a line that contains `mark`, and returns the line.
    pub fn wait_for(&mut self, mark: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("its output");
            assert!(read > 0, "the other process ended before it said {mark:?}");
            if line.contains(mark) {
                return line;
            }
        }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The role of this process, if it is an `Other`, with the root to work in.
pub fn role() -> Option<(String, std::path::PathBuf)> {
    let role = std::env::var("SHM_ROLE").ok()?;
    Some((role, std::env::var_os("SHM_ROOT")?.into()))
}

/// Says `mark` and sleeps until killed, or for a minute.
pub fn say_and_sleep(mark: &str) {
    println!("{mark}");
    std::thread::sleep(Duration::from_secs(60));
}

/// Makes an instance, or fails the test.
pub fn create(root: &Path, name: &str) -> Instance {
    Instance::create(&spec(root, name)).expect("create")
}
