//! Life of an instance in one process: what exists when, with which modes, and what is refused.
#![cfg(not(loom))]

mod common;

use common::*;
use shm::attach::{Attached, attach_blocking};
use shm::error::Error;
use shm::header::RegionKind;
use shm::instance::Instance;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// Every file that the drawing in `paths` promises for one producer.
fn promised(producer: &str) -> Vec<String> {
    let mut files: Vec<String> =
        ["counters", "errors", "gaps", "images", "instruments", "tail"].map(String::from).to_vec();
    for seat in 0..2 {
        files.push(format!("seat-{seat}.ring"));
        files.push(format!("seat-{seat}.ctl"));
    }
    let mut files: Vec<String> =
        files.iter().map(|file| format!("hotlane-main/{producer}/{file}")).collect();
    files.push(format!("hotlane-main/{producer}"));
    files
}

#[test]
fn an_instance_has_exactly_the_promised_files_and_leaves_none() {
    let root = root();
    let instance = create(root.path(), "main");
    let mut wanted = vec!["hotlane-main".to_string(), "hotlane-main/instance".into()];
    wanted.extend(promised("nasdaq"));
    wanted.extend(promised("binance_spot"));
    wanted.sort();
    assert_eq!(files(root.path()), wanted);
    instance.close().expect("close");
    assert_eq!(files(root.path()), Vec::<String>::new());

    drop(create(root.path(), "main"));
    assert_eq!(files(root.path()), Vec::<String>::new(), "dropping closes too");
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let root = root();
    // SAFETY: sets a number of this process; files that parallel tests make meanwhile are merely
    // less accessible to others.
    let before = unsafe { libc::umask(0o077) };
    let instance = Instance::create(&spec(root.path(), "main"));
    // SAFETY: as above.
    unsafe { libc::umask(before) };
    let instance = instance.expect("create");
    for file in files(root.path()) {
        let meta = std::fs::metadata(root.path().join(&file)).expect("stat");
        let wanted = match &file {
            _ if meta.is_dir() => 0o750,
            name if name.ends_with(".ctl") => 0o660,
            _ => 0o640,
        };
        assert_eq!(meta.permissions().mode() & 0o7777, wanted, "{file}");
        assert_eq!(meta.nlink() > 1, meta.is_dir(), "{file}");
    }
    drop(instance);
}

#[test]
fn a_group_is_given_to_everything() {
    let root = root();
    // Any group will do; only root may give away to one that it is not in.
    let gid = std::fs::metadata(root.path()).expect("stat").gid();
    let instance =
        Instance::create(&shm::spec::InstanceSpec { gid: Some(gid), ..spec(root.path(), "main") });
    let instance = instance.expect("create");
    for file in files(root.path()) {
        assert_eq!(std::fs::metadata(root.path().join(&file)).expect("stat").gid(), gid, "{file}");
    }
    drop(instance);
}

#[test]
fn attach_sees_the_states_in_order() {
    let root = root();
    assert!(matches!(look(root.path(), "main"), Attached::Absent));
    let instance = create(root.path(), "main");
    let Attached::Ready(view) = look(root.path(), "main") else { panic!("not ready") };
    assert_eq!(view.generation(), instance.generation());
    assert_eq!(view.pid(), std::process::id());
    assert_eq!(view.rows(), &ROWS);
    let names: Vec<&str> = view.producers().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["nasdaq", "binance_spot"]);
    instance.close().expect("close");
    assert!(matches!(look(root.path(), "main"), Attached::Absent));
}

#[test]
fn everything_of_a_producer_opens_and_is_what_it_says() {
    let root = root();
    let instance = create(root.path(), "main");
    let view = attach(root.path(), "main");
    let producer = view.producer("nasdaq").expect("producer");
    assert_eq!((producer.info().seats, producer.info().instruments), (2, 130));
    assert_eq!(producer.instruments().expect("instruments").count(), 0);
    assert_eq!(producer.images().expect("images").room(), 130);
    assert_eq!(producer.errors().expect("errors").count(), 0);
    assert_eq!(producer.gaps().expect("gaps").kept(), 0..0);
    assert_eq!(producer.counters().expect("counters").labels().len(), 3);
    let (tail, capacity, slot_lines) = producer.tail().expect("tail");
    assert_eq!((tail.header().kind(), capacity, slot_lines), (Some(RegionKind::Tail), 64, 1));
    assert_eq!(tail.header().name(), "nasdaq/tail");
    let seat = producer.seat(1).expect("seat");
    assert_eq!((seat.capacity, seat.slot_lines, seat.instruments), (64, 1, 130));
    assert!(matches!(producer.seat(2), Err(Error::NoSuch { .. })));
    assert!(matches!(view.producer("cme"), Err(Error::NoSuch { .. })));
    drop(instance);
}

#[test]
fn a_seat_is_held_once() {
    let root = root();
    let instance = create(root.path(), "main");
    let producer = attach(root.path(), "main").producer("nasdaq").expect("producer");
    let held = producer.hold_seat(0).expect("the first");
    assert!(matches!(producer.hold_seat(0), Err(Error::SeatTaken { .. })));
    producer.hold_seat(1).expect("another seat");
    drop(held);
    producer.hold_seat(0).expect("given back");
    drop(instance);
}

#[test]
fn a_second_owner_is_refused_with_the_first_ones_pid() {
    let root = root();
    let first = create(root.path(), "main");
    let begun = Instant::now();
    let second = Instance::create(&spec(root.path(), "main"));
    let took = begun.elapsed();
    let Err(Error::AlreadyRunning { pid, .. }) = second else { panic!("{second:?}") };
    assert_eq!(pid, std::process::id());
    assert!(took < Duration::from_millis(100), "{took:?}");
    assert!(matches!(look(root.path(), "main"), Attached::Ready(_)), "the first is untouched");
    create(root.path(), "other").close().expect("another name is free");
    drop(first);
}

#[test]
fn a_mismatch_of_layouts_prints_both() {
    let root = root();
    let _instance = create(root.path(), "main");
    let wanted = Some((4, 0xabcd));
    let found = attach_blocking(root.path(), "main", wanted, Duration::ZERO);
    let error = found.expect_err("refused").to_string();
    for part in ["version 3", "0x1122334455667788", "version 4", "0x000000000000abcd"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(attach_blocking(root.path(), "main", None, Duration::ZERO).is_ok(), "tools take any");
}

#[test]
fn waiting_ends_with_the_state_it_ended_in() {
    let root = root();
    let wait = Duration::from_millis(20);
    let absent = attach_blocking(root.path(), "main", EXPECT, wait);
    assert!(matches!(absent, Err(Error::Absent { .. })));
}

#[test]
fn somebody_elses_doors_are_not_used() {
    let root = root();
    let instance = create(root.path(), "main");
    let producer = attach(root.path(), "main").producer("nasdaq").expect("producer");
    let dir = root.path().join("hotlane-main/nasdaq");
    let mode = |file: &Path, mode| {
        std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).expect("chmod");
    };
    mode(&dir.join("images"), 0o646);
    assert!(matches!(producer.images(), Err(Error::Mode { found: 0o646, wanted: 0o640, .. })));
    mode(&dir.join("images"), 0o640);
    producer.images().expect("as it was");

    std::fs::hard_link(dir.join("gaps"), dir.join("door")).expect("link");
    assert!(matches!(producer.gaps(), Err(Error::Links { found: 2, .. })));

    std::fs::rename(dir.join("errors"), dir.join("elsewhere")).expect("rename");
    std::os::unix::fs::symlink("elsewhere", dir.join("errors")).expect("symlink");
    let error = producer.errors().expect_err("a symbolic link");
    assert!(
        matches!(&error, Error::Io { source, .. }
        if source.raw_os_error() == Some(libc::ELOOP)),
        "{error}"
    );

    mode(&root.path().join("hotlane-main"), 0o777);
    assert!(matches!(look(root.path(), "main"), Attached::Refused(Error::Mode { .. })));
    drop(instance);
    let left = files(root.path());
    let strangers = ["door", "elsewhere"].map(|name| format!("hotlane-main/nasdaq/{name}"));
    assert!(strangers.iter().all(|file| left.contains(file)), "strangers' files stay: {left:?}");
    assert!(!left.iter().any(|file| file.ends_with("instance")), "{left:?}");
}

#[test]
fn specifications_out_of_range_make_nothing() {
    let root = root();
    let bad = |change: &dyn Fn(&mut shm::spec::InstanceSpec<'static>)| {
        let mut spec = spec(root.path(), "main");
        change(&mut spec);
        let error = Instance::create(&spec).expect_err("refused");
        assert!(matches!(error, Error::BadName { .. } | Error::BadSpec { .. }), "{error}");
        assert_eq!(files(root.path()), Vec::<String>::new());
    };
    bad(&|spec| spec.name = "../x".into());
    bad(&|spec| spec.producers.clear());
    bad(&|spec| spec.producers[1].name = "nasdaq".into());
    bad(&|spec| spec.producers[0].name = "instance".into());
    bad(&|spec| spec.producers[0].seats = 9);
    bad(&|spec| spec.producers[0].ring_capacity = 100);
    bad(&|spec| spec.producers[0].slot_lines = 0);
    bad(&|spec| spec.producers[0].tail_capacity = 1);
    bad(&|spec| spec.producers[0].instruments = 0);
    bad(&|spec| spec.producers[0].errors = 0);
    bad(&|spec| spec.producers[0].counters.counters[1].name = "packets".into());
    bad(&|spec| spec.producers[0].counters.histograms[0].sub_bits = 0);
    bad(&|spec| spec.producers = vec![producer("lane"); 33]);
}
