//! Instances and consumers in processes of their own, and what their deaths look like.
#![cfg(not(loom))]

mod common;

use common::*;
use shm::attach::Attached;
use shm::claim::{self, Claim};
use shm::error::Error;
use shm::instance::Instance;
use shm::inventory::{InstanceState, clean, list};
use shm::keeper::Keeper;
use shm::liveness::monotonic_ns;
use shm::seat::layout::CTL_CLAIM;
use shm::watch::{Liveness, ProducerWatch};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const ENTRY: &str = "other_process";

/// Not a test of its own: what this binary does when it is started as another process.
#[test]
fn other_process() {
    let Some((role, root)) = role() else { return };
    match role.as_str() {
        "owner" => {
            let instance = create(&root, "main");
            let _keeper = Keeper::start(&instance, Vec::new()).expect("keeper");
            say_and_sleep("ready");
        }
        "half" => {
            // Dies between making files and being ready: the name is there, ready is not.
            let mut spec = spec(&root, "main");
            spec.producers[0].instruments = 100_000;
            println!("ready");
            let _instance = Instance::create(&spec);
            say_and_sleep("done");
        }
        "consumer" => {
            let producer = attach(&root, "main").producer("nasdaq").expect("producer");
            let held = producer.hold_seat(0).expect("seat");
            let claim = Claim::new(std::process::id(), 7).expect("claim");
            claim::take(held.seat.control.body(), CTL_CLAIM, claim).expect("free");
            say_and_sleep("ready");
        }
        "second" => {
            let begun = Instant::now();
            let error = Instance::create(&spec(&root, "main")).expect_err("refused");
            println!("refused after {} ms: {error}", begun.elapsed().as_millis());
        }
        other => panic!("no role {other}"),
    }
}

/// Polls the watch each millisecond until it says something else than `while_`, at most 5 s.
fn until(watch: &mut ProducerWatch, is_over: impl Fn(Liveness) -> bool) -> (Liveness, Duration) {
    let begun = Instant::now();
    loop {
        let now = watch.check(monotonic_ns());
        if is_over(now) || begun.elapsed() > Duration::from_secs(5) {
            return (now, begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn kill_9_is_seen_within_100_ms_and_the_next_generation_leaves_nothing_behind() {
    let root = root();
    let mut waits = Vec::new();
    let mut owner = Other::start(ENTRY, "owner", root.path());
    owner.wait_for("ready");
    for _ in 0..5 {
        let view = attach(root.path(), "main");
        assert_eq!(view.pid(), owner.pid());
        let mut watch = ProducerWatch::new(&view);
        // Long enough for several silences, if there were any.
        let (early, _) = until_after(&mut watch, Duration::from_millis(120));
        assert_eq!(early, Liveness::Alive);
        owner.kill();
        let (seen, took) = until(&mut watch, |l| l == Liveness::Dead);
        assert_eq!(seen, Liveness::Dead);
        waits.push(took);
        let Attached::DeadGeneration { generation, pid } = look(root.path(), "main") else {
            panic!("not dead")
        };
        assert_eq!((generation, pid), (view.generation(), owner.pid()));

        let mut next = Other::start(ENTRY, "owner", root.path());
        next.wait_for("ready");
        let new = attach(root.path(), "main");
        assert_eq!(new.generation(), view.generation() + 1);
        let (seen, _) = until(&mut watch, |l| matches!(l, Liveness::NewGeneration(_)));
        assert_eq!(seen, Liveness::NewGeneration(new.generation()));
        // The dead generation's memory is still readable.
        assert_eq!(view.region().header().owner_pid, owner.pid());
        assert!(watch.still_whole());
        owner = next;
    }
    println!("death seen after {waits:?}");
    assert!(waits.iter().all(|&took| took <= Duration::from_millis(100)), "{waits:?}");
    owner.kill();
    owner.child.wait().expect("end");
    drop(create(root.path(), "main"));
    assert_eq!(files(root.path()), Vec::<String>::new());
}

/// Checks each millisecond for `time`; the first answer that is not `Alive`, else the last.
fn until_after(watch: &mut ProducerWatch, time: Duration) -> (Liveness, Duration) {
    let begun = Instant::now();
    loop {
        let now = watch.check(monotonic_ns());
        if now != Liveness::Alive && !matches!(now, Liveness::Stalled(_)) || begun.elapsed() > time
        {
            return (now, begun.elapsed());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_orderly_end_is_seen_as_such() {
    let root = root();
    let instance = create(root.path(), "main");
    let keeper = Keeper::start(&instance, Vec::new()).expect("keeper");
    let mut watch = ProducerWatch::new(&attach(root.path(), "main"));
    assert_eq!(watch.check(monotonic_ns()), Liveness::Alive);
    drop(keeper);
    instance.close().expect("close");
    assert_eq!(watch.check(monotonic_ns()), Liveness::Closed);
    let next = create(root.path(), "main");
    let (seen, _) = until(&mut watch, |l| matches!(l, Liveness::NewGeneration(_)));
    assert_eq!(seen, Liveness::NewGeneration(next.generation()));
}

#[test]
fn a_stopped_producer_is_stalled_not_dead_and_recovers() {
    let root = root();
    let mut owner = Other::start(ENTRY, "owner", root.path());
    owner.wait_for("ready");
    let mut watch = ProducerWatch::new(&attach(root.path(), "main"));
    assert_eq!(watch.check(monotonic_ns()), Liveness::Alive);
    let signal = |number| {
        // SAFETY: signals a process that this test started and has not waited for.
        assert_eq!(unsafe { libc::kill(owner.pid() as i32, number) }, 0);
    };
    signal(libc::SIGSTOP);
    let (seen, took) = until(&mut watch, |l| matches!(l, Liveness::Stalled(_)));
    let Liveness::Stalled(ns) = seen else { panic!("{seen:?}") };
    assert!(ns >= 50_000_000 && took <= Duration::from_millis(100), "{ns} {took:?}");
    std::thread::sleep(Duration::from_millis(100));
    let Liveness::Stalled(later) = watch.check(monotonic_ns()) else { panic!("not stalled") };
    assert!(later >= ns + 100_000_000);
    signal(libc::SIGCONT);
    let (seen, _) = until(&mut watch, |l| l == Liveness::Alive);
    assert_eq!(seen, Liveness::Alive);
}

#[test]
fn a_second_owner_in_another_process_is_refused_within_100_ms() {
    let root = root();
    let mut owner = Other::start(ENTRY, "owner", root.path());
    owner.wait_for("ready");
    let mut second = Other::start(ENTRY, "second", root.path());
    let said = second.wait_for("refused after");
    assert!(said.contains("instance already running"), "{said}");
    assert!(said.contains(&format!("pid {}", owner.pid())), "{said}");
    let after = said.split_once("refused after ").expect("the mark").1;
    let ms: u64 = after.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a time");
    assert!(ms < 100, "{said}");
    assert!(matches!(look(root.path(), "main"), Attached::Ready(_)));
}

fn watched(root: &Path) -> (Instance, Keeper, Receiver<usize>) {
    let instance = create(root, "main");
    let (tell, told) = channel();
    let tell = Box::new(move |seat| tell.send(seat).expect("the test listens"));
    let keeper = Keeper::start(&instance, vec![tell]).expect("keeper");
    (instance, keeper, told)
}

#[test]
fn a_dead_consumer_is_reported_once_and_a_living_one_never() {
    let root = root();
    let (instance, _keeper, told) = watched(root.path());
    let control = instance.producers()[0].seat(0).expect("seat").1.body().clone();
    for _ in 0..3 {
        let mut consumer = Other::start(ENTRY, "consumer", root.path());
        consumer.wait_for("ready");
        let dead = claim::holder(&control, CTL_CLAIM).expect("claimed");
        assert_eq!(dead.pid(), consumer.pid());
        assert!(told.recv_timeout(Duration::from_millis(60)).is_err(), "it lives");
        let begun = Instant::now();
        consumer.kill();
        assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(0));
        assert!(begun.elapsed() <= Duration::from_millis(100), "{:?}", begun.elapsed());
        assert!(told.recv_timeout(Duration::from_millis(60)).is_err(), "only once");
        // What the lane does about it.
        assert!(claim::take_over(&control, CTL_CLAIM, dead));
    }
}

#[test]
fn a_consumer_that_ends_in_order_is_not_reported() {
    let root = root();
    let (instance, _keeper, told) = watched(root.path());
    let producer = attach(root.path(), "main").producer("nasdaq").expect("producer");
    for nonce in 1..=20 {
        let held = producer.hold_seat(0).expect("seat");
        let claim = Claim::new(std::process::id(), nonce).expect("claim");
        let control = held.seat.control.body().clone();
        claim::take(&control, CTL_CLAIM, claim).expect("free");
        std::thread::sleep(Duration::from_millis(3));
        assert!(claim::give(&control, CTL_CLAIM, claim));
        drop(held);
    }
    assert!(told.recv_timeout(Duration::from_millis(40)).is_err());
    drop(instance);
}

#[test]
fn inventory_names_states_and_clean_removes_only_the_dead() {
    let root = root();
    let mut owner = Other::start(ENTRY, "owner", root.path());
    owner.wait_for("ready");
    let living = Instance::create(&spec(root.path(), "living")).expect("create");
    std::fs::create_dir(root.path().join("hotlane-Not a name")).expect("a stranger's");
    std::fs::write(root.path().join("hotlane-file"), b"x").expect("a stranger's");
    let state = |name: &str| {
        let all = list(root.path()).expect("list");
        all.into_iter().find(|info| info.name == name).map(|info| (info.state, info.pid))
    };
    assert_eq!(state("living"), Some((InstanceState::Ready, std::process::id())));
    assert_eq!(state("main"), Some((InstanceState::Ready, owner.pid())));
    assert_eq!(clean(root.path(), false).expect("clean"), []);

    owner.kill();
    owner.child.wait().expect("end");
    assert_eq!(state("main"), Some((InstanceState::Dead, owner.pid())));
    let info = list(root.path()).expect("list").into_iter().find(|info| info.name == "main");
    let info = info.expect("there");
    assert_eq!(info.producers, ["nasdaq", "binance_spot"]);
    let before = files(root.path());
    let sizes = |prefix: &str| -> u64 {
        let below = before.iter().filter(|file| file.starts_with(prefix));
        let stats = below.map(|file| std::fs::metadata(root.path().join(file)).expect("stat"));
        stats.filter(|meta| meta.is_file()).map(|meta| meta.len()).sum()
    };
    assert_eq!(info.bytes, sizes("hotlane-main/"));

    let would = clean(root.path(), true).expect("dry run");
    assert_eq!(files(root.path()), before, "a dry run removes nothing");
    let did = clean(root.path(), false).expect("clean");
    assert_eq!(would, did);
    assert_eq!(did.iter().map(|removed| removed.bytes).sum::<u64>(), info.bytes);
    assert_eq!(state("main"), None);
    let wanted: Vec<String> = before
        .into_iter()
        .filter(|f| !f.starts_with("hotlane-main/") && f != "hotlane-main")
        .collect();
    assert_eq!(files(root.path()), wanted, "everything else stays");
    assert_eq!(clean(root.path(), false).expect("clean"), []);
    living.close().expect("close");
}

#[test]
fn an_owner_killed_while_starting_is_replaced() {
    let root = root();
    for delay_us in [0, 200, 1_000, 3_000, 10_000, 20_000] {
        let mut owner = Other::start(ENTRY, "half", root.path());
        owner.wait_for("ready");
        std::thread::sleep(Duration::from_micros(delay_us));
        owner.kill();
        owner.child.wait().expect("end");
        match look(root.path(), "main") {
            Attached::Absent | Attached::DeadGeneration { .. } => {}
            other => panic!("{other:?} after {delay_us} us"),
        }
        let next = create(root.path(), "main");
        assert!(matches!(look(root.path(), "main"), Attached::Ready(_)));
        next.close().expect("close");
        assert_eq!(files(root.path()), Vec::<String>::new(), "after {delay_us} us");
    }
}

#[test]
fn of_many_starters_exactly_one_wins() {
    let root = root();
    for round in 0..10 {
        let start = std::sync::Barrier::new(8);
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        Instance::create(&spec(root.path(), "main"))
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let winners = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(winners, 1, "round {round}: {results:?}");
        for lost in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(matches!(lost, Error::AlreadyRunning { .. }), "{lost}");
        }
        assert!(matches!(look(root.path(), "main"), Attached::Ready(_)));
        drop(results);
        assert_eq!(files(root.path()), Vec::<String>::new());
    }
}
