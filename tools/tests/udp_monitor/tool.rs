//! The built program.

use std::net::SocketAddrV4;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// The program with these arguments, separated by spaces.
pub fn program(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_udp_monitor"));
    command.args(line.split(' ').filter(|word| !word.is_empty()));
    command
}

/// What a run printed.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Every line as a JSON document.
    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

fn finish(child: Child) -> Run {
    let done = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("utf-8");
    Run { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

/// Runs it to its end.
pub fn run(line: &str) -> Run {
    let mut command = program(line);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(command.spawn().expect("it starts"))
}

/// Runs it to its end, and `send` once it has joined its groups.
pub fn during(line: &str, groups: &[&str], send: impl FnOnce()) -> Run {
    let mut command = program(line);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    wait_joined(groups);
    send();
    finish(child)
}

/// As `/proc/net/igmp` writes a group: its bytes as a little-endian word.
fn igmp_name(group: &str) -> String {
    let group: SocketAddrV4 = group.parse().expect("a group");
    format!("{:08X}", u32::from_le_bytes(group.ip().octets()))
}

/// Waits until all groups are joined; the sockets are bound before.
pub fn wait_joined(groups: &[&str]) {
    let names: Vec<String> = groups.iter().map(|group| igmp_name(group)).collect();
    for _ in 0..2_000 {
        let table = std::fs::read_to_string("/proc/net/igmp").expect("Linux");
        if names.iter().all(|name| table.contains(name.as_str())) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("nobody joined {groups:?}");
}
