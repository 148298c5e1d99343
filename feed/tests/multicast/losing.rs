//! A publisher that is too slow, and a listener that does not listen: neither changes the lane.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use client::Policy;
use feed::config::PublisherConfig;
use feed::net::Polled;
use feed::publish::multicast::Publisher;

use super::decoded::{read, replay, session};
use super::reader::Groups;
use crate::common::market::Market;
use crate::common::packets::{Memory, SESSION, mold};
use crate::common::{DAY, seats};

#[test]
fn a_publisher_far_behind_loses_what_it_says_and_never_the_lane() {
    let root = seats::root();
    let mut lane = seats::lane(root.path(), 2, 1_024);
    // A thousandth of what the market has.
    let config = PublisherConfig { cap: 1_000, ..Groups::new().config() };
    let publisher = Publisher::open(&config).expect("a socket");
    let handle = publisher.start(root.path(), seats::NAME, Policy::Lose).expect("a thread");
    let begun = Instant::now();
    while !handle.is_ready() {
        lane.end_poll(true, 1);
        assert!(begun.elapsed() < Duration::from_secs(10), "the publisher attaches");
        std::thread::yield_now();
    }
    let (mut market, mut memory) = (Market::new(3), Memory::default());
    let opening = market.opening();
    memory.push(&mold(SESSION, 1, &opening), DAY.midnight_ns, 1);
    market.packets(opening.len() as u64 + 1, 100_000, &mut memory);
    let (mut now, begun) = (DAY.midnight_ns, Instant::now());
    while lane.poll(&mut memory, now).expect("memory") != Polled::End {
        now += 1_000;
    }
    let took = begun.elapsed();
    // 100,000 messages at 1,000 datagrams a second would be minutes.
    assert!(took < Duration::from_secs(30), "the lane took {took:?}");
    let trades = lane.publisher.counts.records().find(|(kind, _)| kind.name() == "trade");
    let trades = trades.map_or(0, |(_, count)| count);
    assert!(trades > 1_000, "{trades}");
    let waited = Instant::now();
    loop {
        lane.end_poll(true, now);
        let counts = handle.counts();
        if counts["trades"] + counts["trades_lost"] >= trades {
            break;
        }
        assert!(waited.elapsed() < Duration::from_secs(60), "{counts:?} of {trades} trades");
        std::thread::sleep(Duration::from_millis(1));
    }
    lane.publisher.outlet.close().expect("closed");
    let report = handle.finish(Duration::from_secs(20));
    let counts = &report.counts;
    assert!(counts["trades_lost"] > 0 && counts["records_lost"] > 0, "{counts:?}");
    assert_eq!(counts["trades"] + counts["trades_lost"], trades, "sent + said to be lost = all");
    assert_eq!(counts["no_room"], 0);
    let most = 1_000.0 * begun.elapsed().as_secs_f64() + 600.0;
    assert!((counts["datagrams"] as f64) < most, "{} datagrams, cap {most}", counts["datagrams"]);
}

#[test]
fn a_listener_that_never_reads_changes_no_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = session(folder.path(), 3_000);
    let groups = Groups::new();
    let (with, without) = (folder.path().join("with.rec"), folder.path().join("without.rec"));
    let absent = replay(&file, &groups.flag(""), &without);
    assert!(absent.status.success());
    let (group, port) = groups
        .recorded()
        .split_once(':')
        .map(|(g, p)| (g.to_owned(), p.to_owned()))
        .expect("a port");
    let group: Ipv4Addr = group.parse().expect("an address");
    let listener = UdpSocket::bind((group, port.parse().expect("a port"))).expect("bound");
    listener.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).expect("joined");
    let deaf = replay(&file, &groups.flag(""), &with);
    assert!(deaf.status.success());
    let (with, without) = (read(&with), read(&without));
    assert!(!with.is_empty());
    assert_eq!(wire::record::first_difference(&with, &without), None);
}
