//! `attach`: a living instance whose files were written over, looked at by everything that reads.
//!
//! | byte | |
//! |--|--|
//! | 0 | bit 7: the rest is a file of its own; else bit 0: make the checksums right again |
//! | 1 .. | changes, one after the other: |
//! | | file (modulo their number), offset u16 (modulo the file), length (low 4 bits), bytes |
//!
//! A length of 15 has no bytes and cuts the file at the offset.
//!
//! Right checksums let the input pass the gate that stops all damage, to what only an owner in bad
//! faith could write. What holds: every look is a state or a named error, every reader returns only
//! what its table has room for, positions only go on, and an instance that was not changed is
//! ready and shows what was written.

mod look;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use shm::attach::{Attach, Attached};
use shm::counters::{CounterSpec, CounterTable, HistogramSpec};
use shm::errors::ErrorWriter;
use shm::header::{Expect, HEADER_BYTES, TABLE_OFFSET};
use shm::images::ImageWriter;
use shm::instance::{Instance, Producer};
use shm::instruments::InstrumentWriter;
use shm::inventory;
use shm::layout::{Layout, LayoutRow, MAX_ROWS, ROW_BYTES, checksum};
use shm::ledger::{Gap, GapState, GapWriter};
use shm::mapping::{Access, MappedLines};
use shm::region::Region;
use shm::spec::{InstanceSpec, ProducerSpec};
use shm::tail::TailWriter;

const NAME: &str = "victim";
const LANE: &str = "lane";
const SLOTS: usize = 16;
const ROWS: u32 = 4;
/// Rows that a table's file has room for, where its header was changed to use the whole page.
const MOST_ROWS: u32 = 64;
/// Files that changes choose from.
const FILES: [&str; 9] = [
    "instance",
    "lane/instruments",
    "lane/images",
    "lane/counters",
    "lane/errors",
    "lane/gaps",
    "lane/tail",
    "lane/seat-0.ring",
    "lane/seat-0.ctl",
];
/// Header fields that are written again: offsets of the two checksums and of the rows' number.
const TABLE_SUM: usize = 192;
const HEADER_SUM: usize = 200;
const LAYOUT_ROWS: usize = 28;
/// Length that cuts the file.
const CUT: usize = 15;
/// Records written to the tail.
const RECORDS: u64 = 20;

/// A living instance and what its files were like.
struct Victim {
    root: PathBuf,
    files: Vec<(PathBuf, File, Vec<u8>)>,
    _instance: Instance,
}

/// Checks one input.
pub fn check(data: &[u8]) {
    static VICTIM: OnceLock<Mutex<Victim>> = OnceLock::new();
    let victim = VICTIM.get_or_init(|| Mutex::new(Victim::new()));
    // An input that failed leaves its changes; the next one still undoes its own.
    let victim = victim.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let Some((&flags, rest)) = data.split_first() else { return victim.look(true) };
    if flags & 0x80 != 0 {
        return victim.look_at_file(rest);
    }
    let right = flags & 1 != 0;
    let touched = victim.change(rest, right);
    if !right {
        victim.look_at_heads(touched);
    }
    victim.look(touched == 0);
    victim.restore(touched);
}

/// Removes what processes that are gone have left, and makes a directory of this one's own.
fn own_root() -> PathBuf {
    const PREFIX: &str = "fuzz-attach-";
    let shared = Path::new("/dev/shm");
    let base = if shared.is_dir() { shared.to_path_buf() } else { std::env::temp_dir() };
    let gone = |name: &str| {
        let pid = name.strip_prefix(PREFIX).filter(|pid| pid.bytes().all(|b| b.is_ascii_digit()));
        pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    for entry in std::fs::read_dir(&base).expect("a directory").flatten() {
        if entry.file_name().to_str().is_some_and(gone) {
            // Somebody else may be at it too.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let root = base.join(format!("{PREFIX}{}", std::process::id()));
    std::fs::create_dir_all(&root).expect("a directory of this process");
    root
}

fn rows() -> Vec<LayoutRow> {
    wire::table::layout_rows().into_iter().map(|row| zerocopy::transmute!(row)).collect()
}

impl Victim {
    fn new() -> Victim {
        let root = own_root();
        let rows = rows();
        let counters = CounterTable {
            counters: vec![CounterSpec { name: "packets".into(), unit: "1".into(), block: 0 }],
            histograms: vec![HistogramSpec {
                name: "latency".into(),
                unit: "ns".into(),
                block: 0,
                sub_bits: 2,
                value_bits: 8,
            }],
        };
        let producer = ProducerSpec {
            name: LANE.into(),
            instruments: ROWS,
            seats: 1,
            ring_capacity: SLOTS as u64,
            slot_lines: 1,
            tail_capacity: SLOTS as u64,
            counters,
            errors: ROWS,
            gaps: ROWS,
        };
        let (version, hash) = (wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH);
        let spec = InstanceSpec {
            root: root.clone(),
            name: NAME.into(),
            layout: Layout { version, hash, rows: &rows },
            gid: None,
            producers: vec![producer],
        };
        let instance = Instance::create(&spec).expect("an instance");
        fill(instance.producer(LANE).expect("the lane"));
        let dir = instance.dir().to_path_buf();
        let open = |name: &&str| {
            let path = dir.join(name);
            let file = OpenOptions::new().read(true).write(true).open(&path).expect("a file");
            let bytes = std::fs::read(&path).expect("its bytes");
            (path, file, bytes)
        };
        Victim { root, files: FILES.iter().map(open).collect(), _instance: instance }
    }

    /// Applies the changes; a bit for each file touched.
    fn change(&self, mut script: &[u8], right: bool) -> u16 {
        let mut touched = 0;
        while let [file, low, high, length, rest @ ..] = script {
            let number = usize::from(*file) % FILES.len();
            let (_, file, bytes) = &self.files[number];
            let at = usize::from(u16::from_le_bytes([*low, *high])) % bytes.len();
            let length = usize::from(length & 15);
            touched |= 1 << number;
            if length == CUT {
                file.set_len(at as u64).expect("cut");
                script = rest;
                continue;
            }
            let (new, rest) = rest.split_at(length.min(rest.len()));
            file.write_all_at(new, at as u64).expect("written");
            script = rest;
        }
        for (number, (_, file, _)) in self.files.iter().enumerate() {
            if right && touched >> number & 1 != 0 {
                make_right(file);
            }
        }
        touched
    }

    fn restore(&self, touched: u16) {
        for (number, (path, file, bytes)) in self.files.iter().enumerate() {
            if touched >> number & 1 != 0 {
                file.set_len(bytes.len() as u64).expect("restored");
                file.write_all_at(bytes, 0).unwrap_or_else(|e| panic!("{path:?}: {e}"));
            }
        }
    }

    /// Where checksums were left as they are, no changed header or layout table is believed.
    fn look_at_heads(&self, touched: u16) {
        for (number, (path, file, bytes)) in self.files.iter().enumerate() {
            if touched >> number & 1 == 0 {
                continue;
            }
            let table = TABLE_OFFSET as usize;
            let mut found = vec![0; table + rows().len() * ROW_BYTES];
            let short = file.read_exact_at(&mut found, 0).is_err();
            let differs = |range: std::ops::Range<usize>| found[range.clone()] != bytes[range];
            if short || differs(0..HEADER_BYTES) || differs(table..found.len()) {
                let opened = Region::open(path, Access::ReadOnly, &Expect::ANY);
                assert!(opened.is_err(), "{path:?}: believed though it was changed");
            }
        }
    }

    /// Everything that looks, looks; `whole` says that nothing was changed.
    fn look(&self, whole: bool) {
        for info in inventory::list(&self.root).expect("a directory of our own") {
            assert!(!info.state.name().is_empty() && info.producers.len() <= 32);
        }
        let ours = Some((wire::LAYOUT_VERSION, wire::table::LAYOUT_HASH));
        for layout in [None, ours] {
            let attach = Attach::new(&self.root, NAME, layout).expect("a valid name");
            match attach.poll() {
                Attached::Ready(view) => look::look_at_instance(&view, whole),
                Attached::Refused(error) => {
                    assert!(!whole, "{error}");
                    assert!(error.to_string().contains(NAME), "{error}");
                }
                other => assert!(!whole, "{}", other.name()),
            }
        }
    }

    /// A file by itself, as any region.
    fn look_at_file(&self, bytes: &[u8]) {
        let path = self.root.join("file");
        std::fs::write(&path, bytes).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).expect("chmod");
        match Region::open(&path, Access::ReadOnly, &Expect::ANY) {
            Ok(region) => {
                assert_eq!(region.header().file_bytes, bytes.len() as u64);
                assert!(region.rows().len() <= MAX_ROWS);
            }
            Err(error) => assert!(error.to_string().contains("file"), "{error}"),
        }
    }
}

/// Writes the checksums that header and table should have.
fn make_right(file: &File) {
    let mut header = [0; HEADER_BYTES];
    if file.read_exact_at(&mut header, 0).is_err() {
        return;
    }
    let word = |at: usize| header.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    let rows = word(LAYOUT_ROWS).map_or(0, u32::from_le_bytes) as usize;
    let mut table = vec![0; rows.min(MAX_ROWS) * ROW_BYTES];
    if file.read_exact_at(&mut table, TABLE_OFFSET).is_err() {
        return;
    }
    let mut put = |at: usize, sum: u64| {
        if let Some(place) = header.get_mut(at..at + 8) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
    };
    put(TABLE_SUM, checksum(&table));
    let sum = checksum(&header[..HEADER_SUM]);
    header[HEADER_SUM..HEADER_SUM + 8].copy_from_slice(&sum.to_le_bytes());
    file.write_all_at(&header[..HEADER_SUM + 8], 0).expect("written");
}

fn body(lane: &Producer, file: &str) -> MappedLines {
    lane.body(file).expect("a file of the lane")
}

/// Something in every table.
fn fill(lane: &Producer) {
    let mut instruments = InstrumentWriter::new(body(lane, "instruments"));
    for index in 0..2 {
        instruments.append(&[index + 1; 32]).expect("room");
    }
    let mut images = ImageWriter::new(body(lane, "images"));
    images.update(1, |row| row.set(3, 7)).expect("room");
    ErrorWriter::new(body(lane, "errors")).report(5, 0, "an error", 9);
    let gap = Gap {
        gap_id: 1,
        channel: 2,
        how: 0,
        state: GapState::Open,
        session: *b"SIM0000001\0\0\0\0\0\0",
        first: 10,
        end: 20,
        lines: 3,
        declared_ns: 1,
        ended_ns: 0,
        recovered: 0,
    };
    let _ticket = GapWriter::new(body(lane, "gaps")).declare(&gap);
    let mut tail = TailWriter::<_, 8>::new(body(lane, "tail"), SLOTS).expect("a tail that fits");
    (1..=RECORDS).for_each(|n| tail.push(&[n; 8]));
    tail.store_position();
}
