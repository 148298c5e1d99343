//! The tables against plain data structures, and against a reader that never stops reading.
#![cfg(not(loom))]

use proptest::prelude::*;
use shm::clock_page::{ClockPage, ClockReader, ClockWriter};
use shm::counter_reader::{CounterError, CounterReader};
use shm::counters::{CounterSpec, CounterTable, HistogramSpec};
use shm::errors::{self, ErrorReader, ErrorRow, ErrorWriter};
use shm::images::{self, ImageReader, ImageWriter, PAYLOAD_WORDS};
use shm::instruments::{self, InstrumentReader, InstrumentWriter, Row, TableFull};
use shm::ledger::{self, Gap, GapEnd, GapReader, GapState, GapTotals, GapWriter};
use shm::lines::{HeapLines, Lines};
use shm::row_error::RowError;
use shm::sync::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

fn lines(count: u64) -> Arc<HeapLines> {
    Arc::new(HeapLines::new(count as usize))
}

/// The bytes of a row, as `wire` sees them.
fn bytes(row: &Row) -> Vec<u8> {
    row.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn an_instrument_row_has_its_version_in_the_last_four_bytes() {
    let memory = lines(instruments::table_lines(3));
    let mut writer = InstrumentWriter::new(memory.clone());
    let reader = InstrumentReader::new(memory);
    let row: Row = std::array::from_fn(|at| 0x0101_0101_0101_0101 * (at as u64 + 1));
    assert_eq!(reader.read(0), Err(RowError::Beyond));
    assert_eq!(writer.append(&row), Ok(0));
    assert_eq!(reader.count(), 1);
    for round in 1..4_u32 {
        let found = bytes(&reader.read(0).expect("row"));
        assert_eq!(found[..252], bytes(&row)[..252]);
        assert_eq!(found[252..], (2 * round).to_le_bytes(), "even, and counted up");
        assert_eq!(reader.version(0), Some(2 * round));
        assert_eq!(writer.update(0, &row), Ok(()));
    }
    assert_eq!(writer.update(1, &row), Err(RowError::Beyond));
    assert_eq!((writer.append(&row), writer.append(&row)), (Ok(1), Ok(2)));
    assert_eq!(writer.append(&row), Err(TableFull { room: 3 }));
    assert_eq!((reader.count(), reader.version(3)), (3, None));
}

#[test]
fn no_torn_instrument_and_no_torn_image_under_fire() {
    const ROUNDS: u64 = 20_000;
    let rows = lines(instruments::table_lines(1));
    let pages = lines(images::table_lines(1));
    let mut table = InstrumentWriter::new(rows.clone());
    table.append(&[0; 32]).expect("room");
    let (table_reader, image_reader) =
        (InstrumentReader::new(rows), ImageReader::new(pages.clone()));
    let reading = std::thread::spawn(move || {
        let (mut last, mut changes) = ((0, 0), 0);
        while last != (ROUNDS, ROUNDS) {
            if let Ok(row) = table_reader.read(0) {
                let value = row[31] & 0xffff_ffff;
                assert!(row[..31].iter().all(|&word| word == value), "{row:?}");
                assert!(value >= last.0);
                changes += u64::from(value != last.0);
                last.0 = value;
            }
            let mut words = [0; PAYLOAD_WORDS];
            if image_reader.read(0, &mut words).is_ok() {
                // Words 0, 63 and 126 change with each update; the others are never touched.
                assert_eq!((words[0], words[126]), (words[63], words[63]));
                assert!(words[1..63].iter().all(|&word| word == 0));
                assert!(words[0] >= last.1);
                last.1 = words[0];
            }
        }
        changes
    });
    let mut images = ImageWriter::new(pages);
    for value in 1..=ROUNDS {
        table.update(0, &[value; 32]).expect("row");
        let change = |row: &images::ImageWords<'_, '_, _>| {
            [0, 63, 126].into_iter().for_each(|at| row.set(at, value));
        };
        images.update(0, change).expect("image");
    }
    assert!(reading.join().expect("the reader") > 0);
}

#[test]
fn images_keep_to_their_own_kilobyte() {
    let memory = lines(images::table_lines(3));
    let mut writer = ImageWriter::new(memory.clone());
    let reader = ImageReader::new(memory);
    assert_eq!((writer.room(), reader.room()), (3, 3));
    assert_eq!(reader.version(1), Some(0), "never written");
    let all = |value: u64| {
        move |row: &images::ImageWords<'_, '_, _>| {
            (0..PAYLOAD_WORDS + 50).for_each(|at| row.set(at, value));
            assert_eq!((row.get(126), row.get(127)), (value, 0));
        }
    };
    writer.update(1, all(5)).expect("image");
    let mut words = [9; PAYLOAD_WORDS];
    for (index, value) in [(0, 0), (1, 5), (2, 0)] {
        reader.read(index, &mut words).expect("image");
        assert_eq!(words, [value; PAYLOAD_WORDS], "{index}");
    }
    assert_eq!(writer.update(3, all(1)), Err(RowError::Beyond));
    assert_eq!(reader.read(3, &mut words), Err(RowError::Beyond));
    assert_eq!(reader.read(0, &mut [0; PAYLOAD_WORDS + 1]), Err(RowError::Beyond));
    assert_eq!(reader.version(3), None);
}

#[test]
fn a_writer_that_died_half_way_wedges_nobody() {
    let memory = lines(instruments::table_lines(1));
    InstrumentWriter::new(memory.clone()).append(&[1; 32]).expect("room");
    memory.line(7)[7].store(1 << 32, Ordering::Relaxed);
    assert_eq!(InstrumentReader::new(memory).read(0), Err(RowError::Torn));
}

const NS_PER_TICK: f64 = 0.385_190;

fn page(tsc_base: u64, utc_base: u64, ns_per_tick: f64, epoch: u64) -> ClockPage {
    let multiplier = (ns_per_tick * (1_u64 << 48) as f64) as u64;
    ClockPage { tsc_base, utc_base, multiplier, error_ns: 100, epoch, drift_ppb: 50 }
}

#[test]
fn the_clock_converts_is_read_again_when_it_changed_and_never_steps() {
    let memory = lines(2);
    let mut writer = ClockWriter::new(memory.clone(), 1).expect("a line");
    let mut reader = ClockReader::new(memory.clone(), 1).expect("a line");
    assert!(ClockReader::new(memory, 2).is_none());
    assert_eq!((reader.page(), reader.to_utc(5)), (Ok(None), None));

    let utc = 1_750_000_000_000_000_000;
    let first = page(1_000_000, utc, NS_PER_TICK, 1);
    writer.publish(&first).expect("the first");
    assert_eq!(reader.page(), Ok(Some(first)));
    assert_eq!(reader.to_utc(1_000_000), Some(utc));
    // A second later the bound has grown by 50 parts per billion of it.
    let later = 1_000_000 + first.ticks_of_ns(1_000_000_000);
    assert!(first.to_utc(later).abs_diff(utc + 1_000_000_000) <= 1);
    assert_eq!(first.error_at(later), 149 + u64::from(first.to_utc(later) > utc + 999_999_999));

    // Slewed: another rate, joined where the old line is at the new base.
    let slewed = page(later, first.to_utc(later), NS_PER_TICK * 1.000_01, 1);
    writer.publish(&slewed).expect("joined");
    assert_eq!(reader.to_utc(later), Some(slewed.utc_base));
    // Stepped: refused within the epoch, taken with a new one.
    let stepped = page(later, slewed.utc_base + 1_000, NS_PER_TICK, 1);
    assert_eq!(writer.publish(&stepped).expect_err("a step").by_ns, 1_000);
    assert_eq!(reader.page(), Ok(Some(slewed)));
    writer.publish(&ClockPage { epoch: 2, ..stepped }).expect("a new epoch");
    assert_eq!(reader.to_utc(later), Some(stepped.utc_base));
}

proptest! {
    #[test]
    fn clock_arithmetic_agrees_with_wide_arithmetic(
        ticks in -1_000_000_000_000_i64..1_000_000_000_000,
        multiplier in 1_u64 << 44..1 << 50,
        tsc_base in any::<u64>(),
        utc_base in 1_000_000_000_000_000_000_u64..2_000_000_000_000_000_000,
    ) {
        let page = ClockPage { tsc_base, utc_base, multiplier, ..ClockPage::default() };
        let found = page.to_utc(tsc_base.wrapping_add(ticks as u64));
        // Whole and fraction apart, each exact, and the floor taken by Euclid.
        let (whole, part) = (multiplier >> 24, multiplier & 0xff_ffff);
        let high = i128::from(ticks) * i128::from(whole);
        let low = (i128::from(ticks) * i128::from(part)).div_euclid(1 << 24);
        let wanted = i128::from(utc_base) + (high + low).div_euclid(1 << 24);
        prop_assert_eq!(i128::from(found), wanted);
    }

    #[test]
    fn clock_arithmetic_never_overflows(words in any::<[u64; 6]>(), tsc in any::<u64>()) {
        let [tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb] = words;
        let page = ClockPage { tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb };
        let _ = (page.to_utc(tsc), page.error_at(tsc), page.ticks_of_ns(tsc));
    }
}

fn table() -> CounterTable {
    let counter = |name: &str, block| CounterSpec { name: name.into(), unit: "1".into(), block };
    let histogram = |name: &str, block, sub_bits, value_bits| {
        let (name, unit) = (name.into(), "ns".into());
        HistogramSpec { name, unit, block, sub_bits, value_bits }
    };
    CounterTable {
        counters: vec![counter("b0", 0), counter("a1", 1), counter("b1", 1), counter("a0", 0)],
        histograms: vec![histogram("wide", 0, 7, 64), histogram("short", 1, 3, 12)],
    }
}

#[test]
fn blocks_of_two_threads_share_no_pair_of_lines() {
    let memory = lines(table().lines());
    table().format(&*memory).expect("room");
    let mut touched = [Vec::new(), Vec::new()];
    for block in [0_u16, 1] {
        let before: Vec<u64> = words(&memory);
        let mut writer = table().writer(memory.clone(), block);
        for name in ["a0", "b0", "a1", "b1"] {
            if let Some(id) = writer.counter(name) {
                writer.add(id, 1);
            }
        }
        for name in ["wide", "short"] {
            if let Some(id) = writer.histogram(name) {
                (0..64).for_each(|bit| writer.record(id, 1 << bit));
            }
        }
        let after = words(&memory);
        let changed = (0..after.len()).filter(|&at| before[at] != after[at]);
        touched[block as usize] = changed.map(|word| word / 16).collect();
    }
    assert!(touched.iter().all(|pairs| !pairs.is_empty()));
    assert!(touched[0].iter().all(|pair| !touched[1].contains(pair)), "{touched:?}");
}

fn words(lines: &HeapLines) -> Vec<u64> {
    let line = |at| lines.line(at).iter().map(|word| word.load(Ordering::Relaxed));
    (0..lines.lines()).flat_map(line).collect()
}

proptest! {
    #[test]
    fn counters_and_histograms_agree_with_maps(
        steps in prop::collection::vec((0_usize..6, any::<u64>(), 0_u32..64), 1..400),
    ) {
        let memory = lines(table().lines());
        table().format(&*memory).expect("room");
        let mut writers = [table().writer(memory.clone(), 0), table().writer(memory.clone(), 1)];
        let names = ["a0", "b0", "a1", "b1"];
        let mut counts: HashMap<&str, u64> = HashMap::new();
        let mut recorded: HashMap<&str, Vec<u64>> = HashMap::new();
        for (what, value, shift) in steps {
            let value = value >> shift;
            match what {
                0..4 => {
                    let name = names[what];
                    let writer = &mut writers[what / 2];
                    let id = writer.counter(name).expect("its block's");
                    let count = counts.entry(name).or_default();
                    match value % 3 {
                        0 => { writer.add(id, value); *count = count.wrapping_add(value); }
                        1 => { writer.set(id, value); *count = value; }
                        _ => { writer.raise(id, value); *count = (*count).max(value); }
                    }
                }
                _ => {
                    let (name, block) = [("wide", 0), ("short", 1)][what - 4];
                    let id = writers[block].histogram(name).expect("its block's");
                    writers[block].record(id, value);
                    recorded.entry(name).or_default().push(value);
                }
            }
        }
        let reader = CounterReader::open(memory).expect("as written");
        prop_assert_eq!(reader.labels().len(), 6);
        for name in names {
            let wanted = counts.get(name).copied().unwrap_or(0);
            prop_assert_eq!(reader.value_of(name), Some(wanted));
        }
        for (name, sub_bits, value_bits) in [("wide", 7, 64), ("short", 3, 12)] {
            let mut values = recorded.remove(name).unwrap_or_default();
            values.sort_unstable();
            let found = reader.histogram_of(name).expect("there");
            prop_assert_eq!(found.count(), values.len() as u64);
            for quantile in [0.0, 0.5, 0.99, 1.0] {
                let rank = (quantile * values.len() as f64).ceil().max(1.0) as usize - 1;
                let Some(&exact) = values.get(rank) else { continue };
                let at = found.at(quantile).expect("not empty");
                if exact >> (value_bits - 1) <= 1 {
                    prop_assert!(at >= exact && at - exact <= exact >> sub_bits, "{at} {exact}");
                } else {
                    prop_assert_eq!(at, (1 << value_bits) - 1, "the last bucket");
                }
            }
        }
    }
}

#[test]
fn label_tables_of_nonsense_are_refused_by_name() {
    let with = |line: usize, word: usize, value: u64| {
        let memory = lines(table().lines());
        table().format(&*memory).expect("room");
        memory.line(line)[word].store(value, Ordering::Relaxed);
        CounterReader::open(memory).err()
    };
    assert_eq!(with(0, 0, 6), None);
    assert_eq!(with(0, 0, u64::MAX), Some(CounterError::Many));
    assert_eq!(with(0, 1, 1 << 40), Some(CounterError::Many));
    assert_eq!(with(0, 0, 10_000), Some(CounterError::Short));
    assert_eq!(with(1, 7, u64::from(u32::MAX) | 1 << 32), Some(CounterError::Place));
    assert_eq!(with(1, 7, 2 << 32), Some(CounterError::Shape));
    assert_eq!(with(1, 6, 9 << 16), Some(CounterError::Shape), "a kind that is none");
    assert_eq!(CounterReader::open(lines(0)).err(), Some(CounterError::Short));
    for (at, error) in CounterError::ALL.into_iter().enumerate() {
        assert_eq!(error.index(), at);
    }
}

proptest! {
    #[test]
    fn distinct_errors_agree_with_a_list(
        reports in prop::collection::vec((0_u32..3, 0_u32..2, 0_usize..4), 1..100),
    ) {
        let texts = ["", "checksum", "füllen ".repeat(30).leak() as &str, "checksun"];
        let memory = lines(errors::table_lines(6));
        let mut writer = ErrorWriter::new(memory.clone());
        let mut wanted: Vec<ErrorRow> = Vec::new();
        let mut overflow = 0;
        for (at, (code, lane, text)) in reports.into_iter().enumerate() {
            let now_ns = 1_000 + at as u64;
            writer.report(code, lane, texts[text], now_ns);
            let mut cut = texts[text].to_string();
            while cut.len() > 80 {
                cut.pop();
            }
            let same =
                |row: &&mut ErrorRow| row.code == code && row.lane == lane && row.text == cut;
            if let Some(row) = wanted.iter_mut().find(same) {
                row.last_ns = now_ns;
                row.count += 1;
            } else if wanted.len() < 6 {
                let (first_ns, last_ns, count, text) = (now_ns, now_ns, 1, cut);
                wanted.push(ErrorRow { code, lane, text, first_ns, last_ns, count });
            } else {
                overflow += 1;
            }
        }
        let reader = ErrorReader::new(memory);
        prop_assert_eq!(reader.overflow(), overflow);
        let found: Vec<ErrorRow> =
            (0..reader.count()).map(|at| reader.read(at).expect("row")).collect();
        prop_assert_eq!(found, wanted);
        prop_assert_eq!(reader.read(6).err(), Some(RowError::Beyond));
    }

    #[test]
    fn the_ledger_agrees_with_a_list(
        steps in prop::collection::vec((0_u8..3, any::<u16>(), any::<u64>()), 1..60),
    ) {
        const ROOM: usize = 5;
        let memory = lines(ledger::table_lines(ROOM as u64));
        let mut writer = GapWriter::new(memory.clone());
        let (mut all, mut tickets): (Vec<Gap>, Vec<_>) = (Vec::new(), Vec::new());
        let mut totals = GapTotals::default();
        for (what, channel, number) in steps {
            if what == 0 || all.is_empty() {
                if all.len() >= ROOM && all[all.len() - ROOM].state == GapState::Open {
                    totals.overwritten_open += 1;
                }
                let gap = Gap {
                    gap_id: all.len() as u32 + 100,
                    channel,
                    how: 0,
                    state: GapState::Open,
                    session: number.to_le_bytes().repeat(2).try_into().expect("16 bytes"),
                    first: number,
                    end: if channel % 2 == 0 { 0 } else { number.saturating_add(3) },
                    lines: 3,
                    declared_ns: number / 2,
                    ended_ns: 0,
                    recovered: 0,
                };
                tickets.push(Some(writer.declare(&gap)));
                all.push(gap);
                totals.declared += 1;
            } else {
                let at = channel as usize % all.len();
                let kept = at + ROOM >= all.len();
                let (healed, how, end) = (what == 1, what + 7, number / 3);
                let (ended_ns, recovered) = (number, number / 7);
                let Some(ticket) = tickets[at].take() else { continue };
                let done = writer.end(ticket, &GapEnd { healed, how, end, ended_ns, recovered });
                prop_assert_eq!(done, kept);
                if healed { totals.healed += 1 } else { totals.abandoned += 1 }
                if done {
                    let state = if healed { GapState::Healed } else { GapState::Abandoned };
                    let end = if end == 0 { all[at].end } else { end };
                    all[at] = Gap { state, how, end, ended_ns, recovered, ..all[at] };
                }
            }
        }
        totals.overwritten = all.len().saturating_sub(ROOM) as u64;
        let reader = GapReader::new(memory);
        prop_assert_eq!(reader.totals(), totals);
        prop_assert_eq!(reader.kept(), totals.overwritten..all.len() as u64);
        for (number, gap) in all.iter().enumerate() {
            let wanted = if number as u64 >= totals.overwritten {
                Ok(*gap)
            } else {
                Err(RowError::Overwritten)
            };
            prop_assert_eq!(reader.read(number as u64), wanted);
        }
        prop_assert_eq!(reader.read(all.len() as u64), Err(RowError::Beyond));
    }
}
