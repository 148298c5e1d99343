//! kill -9 of either side at random points: nothing torn or uncommitted is delivered, the other side
//! knows within 100 ms, and nothing is left after the next start.
//!
//! `HOTLANE_KILLS` is the number of kills of each side; 100 by default, 1,000 as a campaign.

mod common;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::{books, consumer, handler, public, records, result, session};
use wire::payload::Session;
use wire::{Class, Record};

/// How long the other side may take to notice.
const NOTICE_MS: u128 = 100;

/// One test at a time: two fleets of processes on two cores measure each other.
static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn kills() -> u64 {
    std::env::var("HOTLANE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

/// A small generator of random pauses, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos()
}

fn directory(instance: &str) -> std::path::PathBuf {
    Path::new("/dev/shm").join(format!("hotlane-{instance}"))
}

fn wait_for_instance(instance: &str) {
    let begun = Instant::now();
    while !directory(instance).join("nasdaq/gaps").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the instance comes");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a lane publishes to a seat of these classes, from a run without seats.
fn reference(file: &Path, classes: u8) -> Vec<Record> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reference.rec");
    let done = e2e::command("hotlane")
        .args(["replay", "--no-seats", "--json", "--records"])
        .arg(&path)
        .arg(file)
        .output()
        .expect("hotlane runs");
    assert!(done.status.success());
    public(records(&path), classes)
}

/// The records of each generation: a new one begins with the start of a session.
fn generations(records: Vec<Record>) -> Vec<Vec<Record>> {
    let mut all: Vec<Vec<Record>> = Vec::new();
    for record in records {
        let starts = record.get::<Session>().is_some_and(|session| session.event == 1);
        if starts || all.is_empty() {
            all.push(Vec::new());
        }
        all.last_mut().expect("just pushed").push(record);
    }
    all
}

#[test]
fn a_killed_producer_delivers_nothing_torn_and_is_missed_at_once() {
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let (file, classes) = (session(100_000), Class::Orders.bit() | Class::Trades.bit());
    let expected = reference(&file, classes);
    let mut random = Random(1);
    let mut noticed_ms = Vec::new();
    for round in 0..kills() {
        let instance = e2e::instance_name("kill");
        let path = folder.path().join("received.rec");
        let text = path.to_str().expect("utf-8");
        let consumer = consumer(
            &instance,
            &["--classes", "orders,trades", "--policy", "wait", "--records", text],
        );
        // Sixteen hours in a second, and a kill somewhere in its first half or before it.
        let mut victim = handler(&instance, &["--seats", "1", "--speed", "57600x"], &file);
        wait_for_instance(&instance);
        std::thread::sleep(Duration::from_millis(random.below(600)));
        victim.0.kill().expect("killed");
        let killed_ns = now_ns();
        victim.0.wait().expect("reaped");
        let second = handler(&instance, &["--seats", "1"], &file);
        let (theirs, ours) = (result(consumer), result(second));
        let dead =
            theirs["events"].as_array().expect("a list").iter().find(|e| e["event"] == "dead");
        if let Some(dead) = dead {
            let at = u128::from(dead["at_ns"].as_u64().expect("a time"));
            noticed_ms.push(at.saturating_sub(killed_ns) / 1_000_000);
        }
        assert_eq!(books(&theirs), books(&ours), "round {round}");
        assert!(!directory(&instance).exists(), "round {round}: files are left");
        let lives = generations(public(records(&path), classes));
        let (last, before) = lives.split_last().expect("at least the second producer's records");
        let whole = wire::record::first_difference(last, &expected);
        assert_eq!(whole, None, "round {round}: the last generation is whole");
        for life in before {
            assert!(life.len() <= expected.len());
            let prefix = &expected[..life.len()];
            let difference = wire::record::first_difference(life, prefix);
            assert_eq!(difference, None, "round {round}: a prefix of what was published");
        }
    }
    noticed_ms.sort_unstable();
    let hit = noticed_ms.len();
    assert!(hit as u64 > kills() / 3, "too few kills hit: {hit}");
    let worst = noticed_ms[hit - 1];
    println!("{hit} of {} kills hit an attached consumer; noticed within {worst} ms", kills());
    // A host that does not let the consumer run for a while may delay one, and no more.
    assert!(noticed_ms[hit.saturating_sub(2)] <= NOTICE_MS, "{noticed_ms:?} ms");
}

#[test]
fn killed_consumers_leave_their_seats_to_others() {
    let _one = ONE.lock();
    let file = session(100_000);
    let instance = e2e::instance_name("seats");
    // Twenty seconds and more: consumers come and are killed all the time, eight seats for them all.
    let speed = ["--speed", "2880x", "--linger=2"];
    let handler = handler(&instance, &speed, &file);
    let begun = Instant::now();
    wait_for_instance(&instance);
    let mut random = Random(2);
    let mut killed = 0;
    while killed < kills() && begun.elapsed() < Duration::from_secs(15) {
        let batch: Vec<_> =
            (0..4).map(|_| consumer(&instance, &["--classes", "orders,trades"])).collect();
        std::thread::sleep(Duration::from_millis(random.below(120)));
        for mut victim in batch {
            victim.0.kill().expect("killed");
            victim.0.wait().expect("reaped");
            killed += 1;
        }
    }
    // More have died than there are seats, so their seats were taken back.
    assert!(killed >= kills().min(16), "{killed}");
    let last = consumer(&instance, &["--classes", "orders"]);
    let (theirs, ours) = (result(last), result(handler));
    assert_eq!(books(&theirs), books(&ours));
    assert!(!directory(&instance).exists());
    println!("{killed} consumers killed; the last one has the lane's books");
}
