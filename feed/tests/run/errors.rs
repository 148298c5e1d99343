//! Every way not to start: one clear message with the fix, exit code 1, nothing left behind.

use std::net::UdpSocket;

use crate::support::{Place, Running, config, counter, free_port};

/// Runs a configuration that cannot start and gives what it said.
fn refused(text: &str) -> String {
    let place = Place::new(text);
    let out = place.run_to_end(&["--for", "5"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(out.stdout.is_empty(), "{out:?}");
    place.assert_empty();
    said
}

/// The last line is the error; before it stands what was opened.
fn assert_tells(said: &str, parts: &[&str]) {
    let last = said.lines().last().unwrap_or_default();
    println!("{last}");
    assert!(last.starts_with("hotlane: "), "{said}");
    for part in parts {
        assert!(last.contains(part), "no {part:?} in: {said}");
    }
}

#[test]
fn a_mistake_in_the_file() {
    let said = refused(&config("x", &[free_port()], "holdus = 5"));
    assert_tells(&said, &["x.toml:9: unknown key \"holdus\"", "did you mean \"hold_us\"?"]);
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn no_file() {
    let place = Place::new("");
    let out = place.hotlane(&["run"]).output().expect("the binary starts");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert_tells(&said, &["no configuration named", "HOTLANE_CONFIG"]);
    let out = place.hotlane(&["run", "/no/such.toml"]).output().expect("the binary starts");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_tells(&said, &["/no/such.toml", "config/nasdaq.toml"]);
}

#[test]
fn an_interface_that_is_not_there() {
    let text = config("x", &[], "")
        + "[[lane.nasdaq.line]]\ngroups = [\"239.255.9.9:2000\"]\ninterface = \"nosuch0\"\n";
    assert_tells(&refused(&text), &["nosuch0", "lo"]);
}

#[test]
fn a_port_that_is_taken() {
    let holder = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = holder.local_addr().expect("an address").port();
    assert_tells(&refused(&config("x", &[port], "")), &[&port.to_string()]);
}

#[test]
fn a_processor_that_is_not_there() {
    let text = config("x", &[free_port()], "") + "[core.0]\ncpu = 8000\n";
    assert_tells(&refused(&text), &["core 8000 does not exist"]);
}

#[test]
fn more_shared_memory_than_there_is() {
    let text = config("x", &[free_port()], "").replace("ring = 4096", "ring = 67108864");
    let text = text.replace("seats = 2", "seats = 8");
    assert_tells(&refused(&text), &["not enough room", "fewer seats, smaller rings"]);
}

#[test]
fn an_instance_that_runs_already() {
    let place = Place::new(&config("same", &[free_port()], ""));
    let handler = Running::start(&place, &[]);
    place.write(&config("same", &[free_port()], ""));
    let out = place.run_to_end(&["--for", "5"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert_tells(&said, &["same", "running"]);
    // The first has not noticed.
    assert_eq!(counter(&place, "same", "gaps_declared"), 0);
    assert_eq!(handler.end().0, 0);
    place.assert_empty();
}

#[test]
fn a_directory_of_instances_that_cannot_be_used() {
    let place = Place::new(&config("x", &[free_port()], ""));
    let config = place.config.display().to_string();
    for (root, part) in [("/proc", "/proc"), ("/no/such/folder", "/no/such/folder")] {
        let mut command = place.hotlane(&["run", &config, "--for", "5"]);
        let out = command.env("HOTLANE_SHM", root).output().expect("the binary starts");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{said}");
        assert_tells(&said, &[part, "HOTLANE_SHM"]);
    }
}
