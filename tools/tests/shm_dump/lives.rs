//! Instances in every state: starting, stalled, killed, closed, damaged.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use shm::header::{Expect, RegionKind};
use shm::layout::Layout;
use shm::liveness::{FileLock, monotonic_ns};
use shm::mapping::{Access, Ownership, open_file};
use shm::region::{Owner, Region, RegionSpec, utc_ns};

use crate::producer::{INSTANCE, LANE, Producer, T0, body, create, lane, record, root};
use crate::tool::{has_line, json, json_lines, run, text};

const ROLE: &str = "SHM_DUMP_ROOT";

/// Run as a child process only: an instance with 5 records that is never closed.
#[test]
fn child_that_is_killed() {
    let Some(root) = std::env::var_os(ROLE) else { return };
    let instance = create(Path::new(&root), INSTANCE, vec![lane(LANE)]);
    let producer = instance.producer(LANE).expect("the lane");
    let mut tail = shm::tail::TailWriter::new(body(producer, "tail"), 256).expect("fits");
    (1..=5).for_each(|step| tail.push(&record(step).1.to_words()));
    tail.store_position();
    println!("ready");
    std::thread::sleep(Duration::from_secs(60));
}

/// A child process that is killed with the test.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(root: &Path) -> Other {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["lives::child_that_is_killed", "--exact", "--nocapture"])
        .env(ROLE, root)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("ready")), "the child failed");
    Other(child)
}

fn state(root: &Path) -> Value {
    json(root, "")["instances"][0]["state"].clone()
}

#[test]
fn a_killed_producer_is_dead_and_still_tells_what_it_wrote() {
    let dir = root();
    let mut child = start(dir.path());
    let listed = json(dir.path(), "");
    assert_eq!(listed["instances"][0]["pid"], child.0.id());
    assert_eq!(state(dir.path()), "alive");
    child.0.kill().expect("killed");
    child.0.wait().expect("buried");
    assert_eq!(state(dir.path()), "dead");
    let found = json_lines(dir.path(), "main --records 10");
    let steps: Vec<&Value> = found.iter().map(|record| &record["sequence"]).collect();
    assert_eq!(steps, [1, 2, 3, 4, 5].map(Value::from).iter().collect::<Vec<_>>());
    let ended = json_lines(dir.path(), "main --records 2 --follow");
    assert_eq!(
        ended.last(),
        Some(&json!({ "end": { "records": 2, "missed": 0, "state": "dead" } }))
    );
    let report = json(dir.path(), "main");
    assert_eq!((&report["instance"]["state"], &report["problems"]), (&json!("dead"), &json!([])));

    let (kind, mode) = (Some(RegionKind::Instance), 0o640);
    let expect = Expect { kind, layout: None, generation: None, mode };
    let path = dir.path().join("hotlane-main/instance");
    Region::open(&path, Access::ReadWrite, &expect).expect("a region").set_closed();
    assert_eq!(state(dir.path()), "closed");
    assert_eq!(json_lines(dir.path(), "main --records 10"), found);
}

#[test]
fn a_heart_that_stands_still_is_a_stall() {
    let producer = Producer::start();
    assert_eq!(state(&producer.root), "alive", "no heart yet");
    producer.instance.region().beat(monotonic_ns());
    assert_eq!(state(&producer.root), "alive");
    producer.instance.region().beat(monotonic_ns() - 10_000_000_000);
    assert_eq!(state(&producer.root), "stalled");
    let report = json(&producer.root, "main --images AAPL");
    let image = &report["producers"][0]["images"]["rows"][0];
    assert_eq!(image["state"], "stale", "a book is no better than its producer");
}

/// A lane has a heart of its own, in the clock of its records: UTC, or that of a recording.
#[test]
fn a_lane_that_does_not_poll_is_a_stall_of_its_own() {
    let producer = Producer::start();
    let lane = producer.instance.producer(LANE).expect("the lane");
    let state = || json(&producer.root, "main --gaps")["producers"][0]["state"].clone();
    assert_eq!(state(), "alive", "no heart yet");
    lane.beat(T0);
    assert_eq!(state(), "stalled", "nothing moves for as long as one looks");
    let report = json(&producer.root, "main --images AAPL");
    assert_eq!(report["instance"]["state"], "alive");
    assert_eq!(report["producers"][0]["heartbeat_ns"], T0);
    assert_eq!(report["producers"][0]["images"]["rows"][0]["state"], "stale");
    lane.beat(utc_ns());
    assert_eq!(state(), "alive", "a live lane keeps UTC");

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for at in 1.. {
                lane.beat(T0 + at);
                std::thread::sleep(Duration::from_millis(1));
                if stop.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(state(), "alive", "a replay keeps the time of its recording");
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_instance_in_the_making_has_nothing_to_show_yet() {
    let dir = root();
    let home = dir.path().join("hotlane-main");
    create(dir.path(), INSTANCE, vec![lane(LANE)]).close().expect("closed");
    std::fs::DirBuilder::new().create(&home).expect("a directory");
    std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o750))
        .expect("chmod");
    assert_eq!(run(dir.path(), "main").code, 3, "a directory is no instance");
    let path = home.join("instance");
    let spec = RegionSpec {
        kind: RegionKind::Instance,
        name: INSTANCE,
        layout: Layout { version: 1, hash: 2, rows: &[] },
        generation: 9,
        owner: Owner::this_process(),
        params: [0; 4],
        body_lines: shm::listing::LIST_LINES,
    };
    let region = Region::create(&path, &spec, Ownership { mode: 0o640, gid: None });
    let region = region.expect("a region");
    assert_eq!(state(dir.path()), "dead", "nobody holds the lock");
    let file = open_file(&path, Access::ReadWrite).expect("open");
    let lock = FileLock::try_take(file).expect("lock").expect("free");
    assert_eq!(state(dir.path()), "initialising");
    assert_eq!(json(dir.path(), "main")["instance"]["state"], "initialising");
    assert!(text(dir.path(), "main").contains("initialising"));
    let found = run(dir.path(), "main --records 5");
    assert!(found.code == 1 && found.err.contains("never ready"), "{found:?}");
    drop((lock, region));
}

#[test]
fn what_is_not_an_instance_is_named() {
    let dir = root();
    let home = dir.path().join("hotlane-main");
    let _instance = create(dir.path(), INSTANCE, vec![lane(LANE)]);
    std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .expect("chmod");
    let list = run(dir.path(), "");
    assert_eq!(list.code, 1);
    assert!(has_line(&list.out, &["main", "damaged"]) && list.out.contains("0777"), "{list:?}");
    let found = run(dir.path(), "main");
    assert!(found.code == 1 && found.err.contains("0777"), "{found:?}");
    std::fs::create_dir(dir.path().join("hotlane-UPPER")).expect("a stranger's directory");
    std::fs::create_dir(dir.path().join("elsewhere")).expect("a stranger's directory");
    assert_eq!(json_list(dir.path()).as_array().map(Vec::len), Some(1), "strangers are not listed");
}

fn json_list(root: &Path) -> Value {
    let run = run(root, "--json");
    let list: Value = serde_json::from_str(&run.out).expect("JSON");
    list["instances"].clone()
}
