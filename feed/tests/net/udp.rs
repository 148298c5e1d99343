//! The UDP source on real sockets of the loopback interface.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use feed::net::Source;
use feed::net::udp::{DATAGRAM_MAX, Interface, UdpLine};
use wire::StampBy;

use crate::allocations::allocations;
use crate::sockets::{Got, group, line, open, poll, port, receive, send, sender, spec, utc};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

fn bytes(got: &[Got]) -> Vec<&[u8]> {
    got.iter().map(|got| got.bytes.as_slice()).collect()
}

#[test]
fn packets_come_in_order_with_line_and_stamp() {
    let line = line(2, group(), port());
    let mut source = open(&spec(vec![line.clone()]));
    assert!(source.is_loopback());
    assert_eq!(poll(&mut source, 64), []);
    let from = sender(HERE);
    let sent: Vec<Vec<u8>> = (0..500u32).map(|n| vec![n as u8; 1 + n as usize]).collect();
    let begun = utc();
    sent.iter().for_each(|bytes| send(&from, &line, bytes));
    let got = receive(&mut source, sent.len());
    let done = utc();
    assert_eq!(bytes(&got), sent);
    let mut last = begun;
    for one in &got {
        assert_eq!((one.line, one.stamp), (2, StampBy::Kernel));
        assert!((last..=done).contains(&one.ts_receive), "{} in {last}..{done}", one.ts_receive);
        last = one.ts_receive;
    }
    let counts = source.counts(2);
    assert_eq!((counts.kernel_drops, counts.truncated, counts.unstamped), (0, 0, 0));
}

#[test]
fn a_stamp_is_of_arrival_not_of_reading() {
    let line = line(1, group(), port());
    let mut source = open(&spec(vec![line.clone()]));
    let warned = source.warnings().iter().find(|text| text.contains("stamps"));
    assert_eq!(warned, None);
    let from = sender(HERE);
    for _ in 0..20 {
        let before = utc();
        send(&from, &line, b"x");
        let sent = utc();
        std::thread::sleep(Duration::from_millis(3));
        let read = utc();
        let got = receive(&mut source, 1);
        let stamp = got[0].ts_receive;
        // The softirq may run a little after the call, but not after we slept.
        assert!(stamp >= before && stamp < read, "{stamp}: {before} {sent} {read}");
        let (lay, slept) = (read - stamp, read - sent);
        assert!(lay * 2 > slept, "stamped {lay} ns before it was read, it lay {slept} ns");
    }
}

#[test]
fn without_stamps_the_poll_takes_them() {
    let line = line(1, group(), port());
    let mut wanted = spec(vec![line.clone()]);
    wanted.stamps = false;
    let mut source = open(&wanted);
    send(&sender(HERE), &line, b"x");
    let begun = Instant::now();
    let mut got = Vec::new();
    let mut now = 0;
    while got.is_empty() && begun.elapsed() < Duration::from_secs(5) {
        now += 1;
        let polled = source.poll(now, 8, &mut |p| got.push((p.ts_receive, p.stamp, now)));
        polled.expect("open");
    }
    assert_eq!(got, [(now, StampBy::Poll, now)]);
    assert_eq!(source.counts(1).unstamped, 0, "none was asked for");
}

#[test]
fn lines_of_one_port_are_told_apart_and_strangers_stay_out() {
    let port = port();
    let (a, b) = (line(1, group(), port), line(2, group(), port));
    let stranger = line(3, group(), port);
    let mut source = open(&spec(vec![a.clone(), b.clone()]));
    // Another socket of this host has joined the stranger's group on the same port.
    let mut other = open(&spec(vec![stranger.clone()]));
    let from = sender(HERE);
    for n in 0..50u8 {
        send(&from, &a, &[n, 1]);
        send(&from, &stranger, &[n, 3]);
        send(&from, &b, &[n, 2]);
        from.send_to(&[n, 9], (HERE, port)).expect("sent");
    }
    let got = receive(&mut source, 100);
    assert_eq!(got.len(), 100);
    for which in [1, 2] {
        let mine: Vec<_> = got.iter().filter(|g| g.line == which).map(|g| &g.bytes).collect();
        let want: Vec<_> = (0..50).map(|n| vec![n, which]).collect();
        assert_eq!(mine, want.iter().collect::<Vec<_>>());
    }
    assert_eq!(receive(&mut other, 50).len(), 50);
}

#[test]
fn more_groups_than_a_socket_may_join() {
    let port = port();
    let lines: Vec<UdpLine> = (0..25).map(|n| line(1 + n % 2, group(), port)).collect();
    let mut source = open(&spec(lines.clone()));
    assert_eq!(source.describe().len(), 25);
    let from = sender(HERE);
    for (n, line) in lines.iter().enumerate() {
        send(&from, line, &[n as u8]);
    }
    let mut got: Vec<_> = receive(&mut source, 25).iter().map(|g| (g.bytes[0], g.line)).collect();
    got.sort_unstable();
    let want: Vec<_> = (0..25).map(|n| (n, 1 + n % 2)).collect();
    assert_eq!(got, want);
}

#[test]
fn only_the_named_sender_is_heard() {
    let (good, bad) = (Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3));
    let filtered = UdpLine { source: Some(good), ..line(1, group(), port()) };
    let mut source = open(&spec(vec![filtered.clone()]));
    let (from_good, from_bad) = (sender(good), sender(bad));
    for n in 0..20 {
        send(&from_bad, &filtered, &[n, 3]);
        send(&from_good, &filtered, &[n, 2]);
    }
    let got = receive(&mut source, 20);
    assert_eq!(bytes(&got), (0..20).map(|n| vec![n, 2]).collect::<Vec<_>>());
    assert_eq!(source.foreign(1), 0, "the kernel filters a group");
    // A unicast address has no filter in the kernel: the source looks itself, and counts.
    let unicast = UdpLine { source: Some(good), ..line(4, HERE, port()) };
    let mut source = open(&spec(vec![unicast.clone()]));
    for n in 0..20 {
        send(&from_bad, &unicast, &[n, 3]);
        send(&from_good, &unicast, &[n, 2]);
    }
    let got = receive(&mut source, 20);
    assert_eq!(bytes(&got), (0..20).map(|n| vec![n, 2]).collect::<Vec<_>>());
    assert_eq!((source.foreign(4), source.foreign(1)), (20, 0));
}

#[test]
fn what_the_kernel_drops_is_counted_exactly() {
    let (small, calm) = (line(1, group(), port()), line(2, group(), port()));
    let mut tiny = spec(vec![small.clone(), calm.clone()]);
    tiny.receive_buffer = 16 << 10;
    let mut source = open(&tiny);
    let from = sender(HERE);
    let (mut sent, mut got) = (0, 0);
    for round in 0..3 {
        (0..3_000).for_each(|_| send(&from, &small, &[7; 200]));
        got += receive(&mut source, 1).len() as u64;
        // The count comes with the next datagram that finds room.
        send(&from, &small, &[8; 200]);
        send(&from, &calm, &[9; 200]);
        got += receive(&mut source, 2).len() as u64 - 1;
        sent += 3_001;
        let drops = source.counts(1).kernel_drops;
        assert!(drops > 0, "round {round}: a buffer of 16 KiB held everything");
        assert_eq!(sent, got + drops, "round {round}: {got} came, {drops} were dropped");
        assert_eq!(source.counts(2).kernel_drops, 0);
    }
}

#[test]
fn a_datagram_that_is_too_long_is_counted_and_not_handed_over() {
    let line = line(1, group(), port());
    let mut source = open(&spec(vec![line.clone()]));
    let from = sender(HERE);
    for length in [DATAGRAM_MAX + 1, 0, 60_000, DATAGRAM_MAX, 1] {
        send(&from, &line, &vec![length as u8; length]);
    }
    let got = receive(&mut source, 3);
    let lengths: Vec<_> = got.iter().map(|g| g.bytes.len()).collect();
    assert_eq!(lengths, [0, DATAGRAM_MAX, 1]);
    assert_eq!(source.counts(1).truncated, 2);
    assert!(got[1].bytes.iter().all(|byte| *byte == DATAGRAM_MAX as u8));
}

#[test]
fn no_line_starves_another() {
    let (a, b, c) = (line(1, group(), port()), line(2, group(), port()), line(3, group(), port()));
    let mut source = open(&spec(vec![a.clone(), b.clone(), c.clone()]));
    let from = sender(HERE);
    for n in 0..300u16 {
        [&a, &b].into_iter().for_each(|line| send(&from, line, &n.to_le_bytes()));
    }
    // All of them lie there: loopback delivers before sending returns, or soon after.
    std::thread::sleep(Duration::from_millis(20));
    for _ in 0..60 {
        let lines: Vec<u8> = poll(&mut source, 3).iter().map(|got| got.line).collect();
        // What the empty line leaves goes to those after it; its own share stays to each.
        assert!(lines.contains(&1) && lines.contains(&2), "{lines:?}");
    }
    // With room for one, each line has its turn, and an empty one costs nobody a packet for long.
    send(&from, &c, b"c");
    let turns: Vec<u8> = (0..12).flat_map(|_| poll(&mut source, 1)).map(|g| g.line).collect();
    for which in [1, 2, 3] {
        assert!(turns.contains(&which), "{turns:?}");
    }
    assert_eq!(turns.len(), 12);
}

#[test]
fn a_poll_does_not_allocate() {
    let (a, b) = (line(1, group(), port()), line(2, group(), port()));
    let mut wanted = spec(vec![a.clone(), b.clone()]);
    wanted.receive_buffer = 32 << 10;
    let mut source = open(&wanted);
    let from = sender(HERE);
    let (mut got, mut sum) = (0, 0u64);
    let counted = allocations(|| {
        for n in 0..200usize {
            (0..40).for_each(|_| send(&from, &a, &[1; 300]));
            send(&from, &b, &[2; 10_000]);
            for _ in 0..n % 4 {
                let polled = source.poll(7, 64, &mut |p| {
                    got += 1;
                    sum += p.bytes.iter().map(|b| u64::from(*b)).sum::<u64>();
                });
                assert!(polled.is_ok());
            }
        }
    });
    assert_eq!(counted, 0);
    assert!(got > 1_000 && sum == got * 300, "{got} packets, {sum}");
    assert!(source.counts(2).truncated > 0, "and what is unpleasant was there");
    assert!(source.counts(1).kernel_drops > 0);
}

#[test]
fn a_source_can_be_opened_here_and_polled_elsewhere() {
    let line = line(1, group(), port());
    let mut source = open(&spec(vec![line.clone()]));
    send(&sender(HERE), &line, b"moved");
    let got = std::thread::spawn(move || receive(&mut source, 1)).join().expect("polled");
    assert_eq!(bytes(&got), [b"moved"]);
}

#[test]
fn an_interface_can_be_named() {
    let by_name = UdpLine { interface: Interface::Name("lo".into()), ..line(1, group(), port()) };
    let mut source = open(&spec(vec![by_name.clone()]));
    assert!(source.is_loopback());
    let described = source.describe().join("\n");
    let want = format!("line A: {} on lo, receive buffer ", by_name.address());
    assert!(described.starts_with(&want), "{described}");
    send(&sender(HERE), &by_name, b"x");
    assert_eq!(receive(&mut source, 1).len(), 1);
    for (text, want) in [
        ("", Interface::Any),
        ("any", Interface::Any),
        ("0.0.0.0", Interface::Any),
        ("10.1.2.3", Interface::Address(Ipv4Addr::new(10, 1, 2, 3))),
        ("eth0", Interface::Name("eth0".into())),
    ] {
        assert_eq!(Interface::parse(text), want);
    }
}

#[test]
fn less_buffer_than_asked_for_is_said() {
    let line = line(2, group(), port());
    let mut wanted = spec(vec![line.clone()]);
    wanted.receive_buffer = 4 << 30;
    let source = open(&wanted);
    let [warning] = source.warnings() else { panic!("{:?}", source.warnings()) };
    for part in ["line B", &line.address().to_string(), "4294967296", "sysctl -w net.core.rmem_max"]
    {
        assert!(warning.contains(part) && !warning.contains('\n'), "{warning}");
    }
    assert_eq!(source.describe().last(), Some(warning));
}
