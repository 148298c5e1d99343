//! An instance whose records are laid out in another way: shown by its own table, never by ours.

use serde_json::{Value, json};
use shm::images::ImageWriter;
use shm::instance::Instance;
use shm::instruments::InstrumentWriter;
use shm::layout::{Layout, LayoutRow, TypeCode};
use shm::spec::InstanceSpec;
use shm::tail::TailWriter;

use crate::producer::{INSTANCE, LANE, body, lane, root};
use crate::tool::{has_line, json, json_lines, text};

/// Kind at byte 1 as ever (byte 0 is the ring's), everything else elsewhere. Kind 48 is `trade` in
/// our table and something else in this one.
fn rows() -> Vec<LayoutRow> {
    let row = LayoutRow::new;
    vec![
        row("record", "kind", 0, 1, 1, TypeCode::Unsigned),
        row("record", "step", 0, 56, 8, TypeCode::Unsigned),
        row("weather", "celsius", 48, 8, 8, TypeCode::Signed),
        row("weather", "station", 48, 16, 8, TypeCode::Text),
        row("weather", "humidity", 48, 24, 8, TypeCode::Float),
        row("weather", "mask", 48, 32, 2, TypeCode::Flags),
    ]
}

/// 128 bytes where asked for: two lines a slot.
fn weather<const W: usize>(step: u64) -> [u64; W] {
    let mut words = [0; W];
    words[0] = 48 << 8;
    words[1] = (-12_i64) as u64;
    words[2] = u64::from_le_bytes(*b"SEOUL\0\0\0");
    words[3] = 0.25_f64.to_bits();
    words[4] = 0xbeef;
    words[7] = step;
    words
}

fn start(root: &std::path::Path, slot_lines: u32) -> Instance {
    let rows = rows();
    let mut lane = lane(LANE);
    lane.slot_lines = slot_lines;
    let spec = InstanceSpec {
        root: root.to_path_buf(),
        name: INSTANCE.into(),
        layout: Layout { version: 77, hash: 0x1234, rows: &rows },
        gid: None,
        producers: vec![lane],
    };
    let instance = Instance::create(&spec).expect("an instance");
    let producer = instance.producer(LANE).expect("the lane");
    // Bytes that would be an instrument and an image in our layouts.
    InstrumentWriter::new(body(producer, "instruments")).append(&[0x41; 32]).expect("room");
    ImageWriter::new(body(producer, "images")).update(1, |row| row.set(0, 7)).expect("room");
    instance
}

fn check(shown: &Value, step: u64) {
    assert_eq!(shown["layout"], "another release's");
    assert_eq!(shown["kind"], "weather");
    assert_eq!(shown["header"], json!({ "kind": 48, "step": step }));
    let fields = json!({ "celsius": -12, "station": "SEOUL", "humidity": 0.25, "mask": "efbe" });
    assert_eq!(shown["fields"], fields);
}

#[test]
fn records_are_shown_by_their_own_table() {
    let dir = root();
    let instance = start(dir.path(), 1);
    let tail = body(instance.producer(LANE).expect("the lane"), "tail");
    let mut tail = TailWriter::<_, 8>::new(tail, 256).expect("fits");
    (1..=3).for_each(|step| tail.push(&weather(step)));
    let mut unknown = weather(4);
    unknown[0] = 49 << 8;
    tail.push(&unknown);
    tail.store_position();
    let found = json_lines(dir.path(), "main --records 10");
    assert_eq!(found.len(), 4);
    (0..3).for_each(|at| check(&found[at], at as u64 + 1));
    assert_eq!((&found[3]["kind"], &found[3]["fields"]), (&Value::Null, &json!({})));
    assert_eq!(found[3]["raw"].as_str().map(str::len), Some(128));
    let text = text(dir.path(), "main --records 10");
    assert!(text.contains("layout of another release"), "{text}");
    assert!(has_line(&text, &["weather", "celsius=-12", "station=SEOUL"]), "{text}");
    assert!(!text.contains("trade"), "{text}");
}

#[test]
fn longer_records_are_read_whole() {
    let dir = root();
    let instance = start(dir.path(), 2);
    let tail = body(instance.producer(LANE).expect("the lane"), "tail");
    let mut tail = TailWriter::<_, 16>::new(tail, 256).expect("fits");
    (1..=300).for_each(|step| tail.push(&weather(step)));
    tail.store_position();
    let found = json_lines(dir.path(), "main --records 5");
    assert_eq!(found.len(), 5);
    (0..5).for_each(|at| check(&found[at], at as u64 + 296));
}

#[test]
fn tables_of_another_release_are_counted_not_guessed() {
    let dir = root();
    let _instance = start(dir.path(), 1);
    let report = json(dir.path(), "main --instruments --images --layout --seats");
    let lane = &report["producers"][0];
    assert_eq!(
        lane["instruments"],
        json!({ "count": 1, "unreadable": 0, "decoded": false, "rows": [] })
    );
    assert_eq!(
        (&lane["images"]["written"], &lane["images"]["decoded"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(lane["images"]["rows"], json!([]));
    let layout = &report["layout"];
    assert_eq!((&layout["ours"], &layout["version"]), (&json!(false), &json!(77)));
    assert_eq!(layout["hash"], "0x0000000000001234");
    assert_eq!(layout["rows"][2]["kind_name"], "weather");
    let text = text(dir.path(), "main");
    assert!(text.contains("another release's") && text.contains("not decoded"), "{text}");
    assert!(!text.contains("AAAA"), "{text}");
}
