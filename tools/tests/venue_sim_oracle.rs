//! The file of true books against books built from the messages by a plain reader.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::decode;
use support::Replay;
use tools::venue_sim::market::{Market, Oracle, OracleError, OracleWriter};
use tools::venue_sim::oracle::OracleLevel;
use tools::venue_sim::play::{Message, Messages};
use tools::venue_sim::random::Random;
use tools::venue_sim::{Hours, Settings};

const SESSION: [u8; 10] = *b"SIM0000001";
/// Both sides of a book.
type Sides = [Vec<OracleLevel>; 2];

/// Runs a market, writes its oracle, and keeps the plain books at some numbers.
fn write(path: &Path, settings: &Settings, keep: &BTreeSet<u64>) -> BTreeMap<u64, Vec<Sides>> {
    let mut market = Market::new(settings).expect("a market");
    let mut writer =
        OracleWriter::create(path, settings.seed, SESSION, settings.instruments).expect("a file");
    let (mut plain, mut message) = (Replay::default(), Message::default());
    let mut kept = BTreeMap::new();
    while market.next(&mut message).expect("a message") {
        writer.message(&market).expect("written");
        plain.message(&decode(&message.bytes).expect("a message"));
        if keep.contains(&market.number()) {
            let all = 1..=settings.instruments;
            let sides = |locate| [Side::Buy, Side::Sell].map(|side| plain.levels(locate, side));
            kept.insert(market.number(), all.map(sides).collect());
        }
    }
    writer.finish(&market).expect("written");
    kept
}

fn settings(seed: u64, instruments: u16, messages: u64) -> Settings {
    let hours = Hours::new(9 * 3_600, 600).expect("ten minutes");
    Settings { seed, instruments, messages, hours }
}

fn numbers(seed: u64, count: usize, below: u64) -> BTreeSet<u64> {
    let mut random = Random::new(seed);
    let mut numbers = BTreeSet::new();
    while numbers.len() < count {
        numbers.insert(random.between(1, below));
    }
    numbers
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("SIM.books")
}

#[test]
fn books_at_a_thousand_numbers_are_what_the_messages_make() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = settings(11, 25, 400_000);
    let keep = numbers(1, 1_000, 380_000);
    let kept = write(&file(&folder), &settings, &keep);
    assert_eq!(kept.len(), 1_000);
    let oracle = Oracle::open(&file(&folder)).expect("the file");
    assert_eq!((oracle.seed(), oracle.session(), oracle.instruments()), (11, SESSION, 25));
    assert_eq!(oracle.torn_bytes(), 0);
    for (number, books) in &kept {
        for (index, sides) in books.iter().enumerate() {
            let book = oracle.book(index as u16, *number).expect("a book");
            for (side, plain) in [Side::Buy, Side::Sell].into_iter().zip(sides) {
                assert_eq!(&book.levels(side), plain, "message {number}, instrument {index}");
            }
        }
    }
    oracle.verify().expect("whole books are what their changes make");
    assert_eq!(oracle.book(3, 0).expect("before the first"), Default::default());
    let late = oracle.book(0, oracle.last() + 1).expect_err("beyond the end");
    assert!(matches!(late, OracleError::TooLate { .. }), "{late}");
    let unknown = oracle.book(25, 1).expect_err("no such instrument");
    assert!(matches!(unknown, OracleError::Instrument { last: 24, .. }), "{unknown}");
}

/// A writer that is killed leaves whole segments; anything else is told with its place.
#[test]
fn a_torn_file_is_whole_up_to_its_last_segment() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    let keep = numbers(2, 50, 60_000);
    let kept = write(&path, &settings(12, 5, 200_000), &keep);
    let bytes = std::fs::read(&path).expect("the file");
    std::fs::write(&path, &bytes[..bytes.len() - 1]).expect("cut");
    let oracle = Oracle::open(&path).expect("the rest");
    assert!(oracle.torn_bytes() > 0 && oracle.last() > 65_000, "{}", oracle.last());
    for (number, books) in &kept {
        let book = oracle.book(4, *number).expect("a book");
        assert_eq!(book.levels(Side::Buy), books[4][0]);
    }
    for (at, what) in [(0, "does not begin"), (40, "no segment"), (48, "does not follow")] {
        let mut broken = bytes.clone();
        broken[at] ^= 1;
        std::fs::write(&path, &broken).expect("written");
        let error = Oracle::open(&path).expect_err("a broken file").to_string();
        assert!(error.contains(what), "{error}");
    }
    std::fs::write(&path, b"SIM").expect("written");
    assert!(Oracle::open(&path).is_err());
}

/// One changed number anywhere in the records is found.
#[test]
fn a_changed_record_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder);
    write(&path, &settings(13, 2, 5_000), &BTreeSet::new());
    let bytes = std::fs::read(&path).expect("the file");
    // The first change of the first group: its entry follows the heads of file and segment.
    let first = 40 + 32 + 2 * 16;
    for field in [4, 16, 20, 28] {
        let mut broken = bytes.clone();
        broken[first + field] ^= 0x55;
        std::fs::write(&path, &broken).expect("written");
        let oracle = Oracle::open(&path).expect("the file");
        assert!(oracle.verify().is_err(), "byte {field} of a change");
    }
}

#[test]
fn a_name_without_sim_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("books.bin");
    assert!(OracleWriter::create(&path, 1, SESSION, 1).is_err());
}
