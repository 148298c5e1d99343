//! What is asked wrongly or cannot be had: one line that says what to do.

use std::net::UdpSocket;

use crate::publisher::group;
use crate::tool::run;

#[test]
fn an_interface_that_is_not_there() {
    let done = run("--interface hot9 --once");
    assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
    assert_eq!(done.err.lines().count(), 1, "{done:?}");
    assert!(done.err.contains("no interface \"hot9\"") && done.err.contains("lo (127.0.0.1)"));
}

#[test]
fn a_port_that_is_taken() {
    let group = group();
    let holder = UdpSocket::bind(group).expect("free until now");
    let done = run(&format!("--group {group} --once"));
    drop(holder);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert_eq!(done.err.lines().count(), 1);
    assert!(done.err.contains("is taken") && done.err.contains("ss -ulpn"), "{done:?}");
}

#[test]
fn what_is_no_group() {
    for (line, fix) in [
        ("--group 10.0.0.1:9001", "not a multicast group"),
        ("--group 239.1.1.1", "like 239.255.42.99:9001"),
        ("--group 239.1.1.1:0", "port 0"),
        ("--for 0", "from 0.01"),
        ("--each --once", "cannot be used with"),
    ] {
        let done = run(line);
        assert_eq!(done.code, Some(2), "{line}: {done:?}");
        assert!(done.err.contains(fix), "{line}: {done:?}");
    }
}

#[test]
fn silence_is_said_and_is_no_error() {
    let group = group();
    let done = run(&format!("--group {group} --once --for 0.2"));
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(done.out.contains("nothing received: does the publisher run"), "{done:?}");
}
