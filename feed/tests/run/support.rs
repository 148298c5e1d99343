//! A running handler with a folder, ports and a configuration of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take on a busy host.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for one test: its configuration, and the instances below `shm`.
pub struct Place {
    _dir: tempfile::TempDir,
    /// Directory of instances.
    pub shm: PathBuf,
    /// The configuration.
    pub config: PathBuf,
}

impl Place {
    pub fn new(config: &str) -> Place {
        let dir = crate::common::seats::root();
        let shm = dir.path().join("shm");
        std::fs::create_dir(&shm).expect("a folder");
        let place = Place { config: dir.path().join("x.toml"), shm, _dir: dir };
        place.write(config);
        place
    }

    pub fn write(&self, config: &str) {
        std::fs::write(&self.config, config).expect("a configuration");
    }

    /// A command of the built binary in this place.
    pub fn hotlane(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hotlane"));
        command.args(args).env("HOTLANE_SHM", &self.shm);
        command.env_remove("HOTLANE_CONFIG").env_remove("LIMITED_MODE");
        command
    }

    /// `hotlane run` to its end.
    pub fn run_to_end(&self, more: &[&str]) -> Output {
        let config = self.config.display().to_string();
        let mut args = vec!["run", config.as_str()];
        args.extend(more);
        self.hotlane(&args).output().expect("the binary starts")
    }

    /// Nothing of any instance is left.
    pub fn assert_empty(&self) {
        let left: Vec<_> = std::fs::read_dir(&self.shm).expect("the folder").collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// A port of this host that nobody has now.
pub fn free_port() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.local_addr().expect("an address").port()
}

/// A configuration of one lane whose lines come to these ports of this host.
pub fn config(instance: &str, ports: &[u16], lane_keys: &str) -> String {
    let mut text = format!(
        "instance = \"{instance}\"\n[lane.nasdaq]\nvenue = \"nasdaq\"\ninstruments = 64\norders = \
         10000\nseats = 2\nring = 4096\nreceive_buffer = 1048576\n{lane_keys}\n"
    );
    for port in ports {
        let line = format!("[[lane.nasdaq.line]]\ngroups = [\"127.0.0.1:{port}\"]\n");
        text.push_str(&line);
    }
    text
}

/// A handler that runs. Dropping it kills it.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    /// What it has said.
    pub said: Vec<String>,
}

impl Running {
    /// Starts and waits until it says that it runs.
    pub fn start(place: &Place, more: &[&str]) -> Running {
        let config = place.config.display().to_string();
        let mut args = vec!["run", config.as_str()];
        args.extend(more);
        let mut command = place.hotlane(&args);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let stderr = child.stderr.take().expect("piped");
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut running = Running { child, lines, said: Vec::new() };
        running.wait_for(" runs; ");
        running
    }

    /// Waits until it says something with `part` in it.
    pub fn wait_for(&mut self, part: &str) -> String {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let Ok(line) = self.lines.recv_timeout(Duration::from_millis(100)) else {
                if let Ok(Some(status)) = self.child.try_wait() {
                    panic!("ended with {status}: {:#?}", self.said);
                }
                continue;
            };
            self.said.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!("never said {part:?}: {:#?}", self.said);
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(sent.expect("kill").success());
    }

    /// Asks it to end and gives its exit code and what it printed.
    pub fn end(mut self) -> (i32, String) {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> (i32, String) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                let mut out = String::new();
                if let Some(mut stdout) = self.child.stdout.take() {
                    stdout.read_to_string(&mut out).expect("text");
                }
                return (status.code().unwrap_or(-1), out);
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {:#?}", self.said);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A counter of the lane, as any tool reads it.
pub fn counter(place: &Place, instance: &str, name: &str) -> u64 {
    let layout = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
    let attach = |root: &Path| shm::attach::attach_blocking(root, instance, layout, PATIENCE);
    let view = attach(&place.shm).expect("attached").producer("nasdaq").expect("the lane");
    view.counters().expect("counters").value_of(name).unwrap_or_else(|| panic!("no {name}"))
}

/// Waits until a counter has a value.
pub fn wait_for_counter(place: &Place, instance: &str, name: &str, value: u64) {
    let begun = Instant::now();
    loop {
        let found = counter(place, instance, name);
        if found >= value {
            assert_eq!(found, value, "{name}");
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{name} is {found}, not {value}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
