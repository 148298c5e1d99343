//! Tables that grow, and rows with their version at the end, under every interleaving; see
//! `loom_ring.rs` for how to run.
#![cfg(loom)]

use loom::thread;
use shm::errors::{ErrorReader, ErrorWriter};
use shm::instruments::{InstrumentReader, InstrumentWriter, ROW_WORDS, Row, table_lines};
use shm::ledger::{self, Gap, GapReader, GapState, GapWriter};
use shm::lines::HeapLines;
use shm::row_error::RowError;
use std::sync::Arc;

/// A row whose words all tell `value`; the version's half is the table's own.
fn row(value: u64) -> Row {
    [value; ROW_WORDS]
}

fn value_of(row: &Row) -> Option<u64> {
    let low = row[ROW_WORDS - 1] & 0xffff_ffff;
    row[..ROW_WORDS - 1].iter().all(|word| *word == low).then_some(low)
}

#[test]
fn a_row_that_is_counted_is_complete() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(table_lines(1) as usize));
        let theirs = InstrumentReader::new(lines.clone());
        let reader = thread::spawn(move || match theirs.read(0) {
            Ok(row) => assert_eq!(value_of(&row), Some(7)),
            Err(error) => assert_eq!(error, RowError::Beyond),
        });
        let mut writer = InstrumentWriter::new(lines);
        assert_eq!(writer.append(&row(7)), Ok(0));
        reader.join().expect("the reader");
    });
}

#[test]
fn a_copy_of_an_instrument_is_one_state_of_it() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(table_lines(1) as usize));
        let mut writer = InstrumentWriter::new(lines.clone());
        assert_eq!(writer.append(&row(1)), Ok(0));
        let theirs = InstrumentReader::new(lines);
        let reader = thread::spawn(move || {
            if let Ok(row) = theirs.read(0) {
                assert!(matches!(value_of(&row), Some(1 | 2)), "{row:?}");
            }
        });
        assert_eq!(writer.update(0, &row(2)), Ok(()));
        reader.join().expect("the reader");
    });
}

#[test]
fn an_error_that_is_counted_is_complete() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(shm::errors::table_lines(1) as usize));
        let theirs = ErrorReader::new(lines.clone());
        let reader = thread::spawn(move || match theirs.read(0) {
            Ok(row) => assert_eq!((row.code, row.count, row.text.as_str()), (5, 1, "x")),
            Err(error) => assert_eq!(error, RowError::Beyond),
        });
        ErrorWriter::new(lines).report(5, 1, "x", 9);
        reader.join().expect("the reader");
    });
}

#[test]
fn a_gap_that_is_counted_is_complete() {
    loom::model(|| {
        let lines = Arc::new(HeapLines::new(ledger::table_lines(1) as usize));
        let theirs = GapReader::new(lines.clone());
        let gap = Gap {
            gap_id: 1,
            channel: 2,
            how: 0,
            state: GapState::Open,
            session: [3; 16],
            first: 4,
            end: 5,
            lines: 6,
            declared_ns: 7,
            ended_ns: 0,
            recovered: 0,
        };
        let reader = thread::spawn(move || match theirs.read(0) {
            Ok(found) => assert_eq!(found, gap),
            Err(error) => assert_eq!(error, RowError::Beyond),
        });
        GapWriter::new(lines).declare(&gap);
        reader.join().expect("the reader");
    });
}
