//! A C program reads an instance of this test, and sees what a Rust consumer sees.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::{Client, Event, Policy};
use common::naive::Op;
use common::*;
use wire::payload::Trade;
use wire::{Class, Kind, Record, Side};
use zerocopy::IntoBytes;

/// The static library of this build: beside this test's own program.
fn library() -> PathBuf {
    let own = std::env::current_exe().expect("this program");
    let deps = own.parent().expect("its folder");
    let folders = [deps, deps.parent().expect("the build's folder")];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            name.starts_with("libhotlane") && name.ends_with(".a")
        })
        .collect();
    found.sort_by_key(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok());
    found.pop().expect("the static library")
}

fn crate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compiles the C program; false where there is no compiler.
fn compile(out: &Path) -> bool {
    let made = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-o"])
        .arg(out)
        .arg(crate_file("tests/read_ring.c"))
        .arg("-I")
        .arg(crate_file("../include"))
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm"])
        .output();
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => panic!("cc: {error}"),
        Ok(done) => {
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            true
        }
    }
}

fn is_market(record: &Record) -> bool {
    let stream = record.kind().map(Kind::class) == Some(Class::Stream);
    !record.quality.is_snapshot() && !stream
}

/// FNV-1a over the bytes of records.
struct Sum {
    market: u64,
    hash: u64,
}

impl Sum {
    fn take(&mut self, record: &Record) {
        if is_market(record) {
            self.market += 1;
            for byte in record.as_bytes() {
                self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
}

/// One line that the C program prints of a book.
fn book_line(handler: &Handler, index: u32) -> String {
    let naive = &handler.lanes[0].naive;
    let top = naive.top(index);
    let levels = |side| naive.levels(index, side).len();
    format!(
        "book S{index} {:08x} e-4 {} {} {} {} levels {} {} usable 1",
        id(index).0,
        top.bid_price,
        top.bid_quantity,
        top.ask_price,
        top.ask_quantity,
        levels(Side::Bid),
        levels(Side::Ask),
    )
}

#[test]
fn a_c_program_sees_what_a_rust_consumer_sees() {
    let root = root();
    let program = root.path().join("read_ring");
    if !compile(&program) {
        println!("SKIPPED c_reader: no C compiler");
        return;
    }
    let shape = Shape { lanes: vec!["one", "two"], capacity: 16_384, ..Shape::default() };
    let mut handler = Handler::start(root.path(), "test", &shape);
    let mut child = Command::new(&program)
        .arg(root.path())
        .arg("test")
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the C program");
    let classes = Class::Orders.bit() | Class::Trades.bit();
    let mut client = Client::attach(spec(root.path(), classes, Policy::Wait)).expect("a client");
    let mut sum = Sum { market: 0, hash: 0xcbf2_9ce4_8422_2325 };
    let mut poll = |client: &mut Client| {
        client.poll(|event| {
            if let Event::Record { record, .. } = event {
                sum.take(record);
            }
        })
    };
    // Both consumers have their seats and their first refreshes.
    let begun = Instant::now();
    let settled = |lane: &Lane| {
        let pending = (0..2).map(|seat| lane.fanout.refreshes_pending(seat)).sum::<u32>();
        lane.fanout.active() == 0b11 && pending == 0
    };
    while !handler.lanes.iter().all(settled) {
        handler.beat();
        handler.lanes.iter_mut().for_each(|lane| lane.end_poll(true));
        poll(&mut client);
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", child.try_wait());
    }
    // One lane only: there is no order between two.
    for n in 0..5_000_u32 {
        let (instrument, what) = (1 + n % 3, (n * 7 % 10) as u8);
        let (price, quantity, pick) = ((n * 13 % 251) as u8, (n % 50) as u8, (n * 3) as u8);
        handler.lanes[0].op(Op { instrument, what, side: n % 3 == 0, price, quantity, pick });
    }
    handler.lanes[0].step += 1;
    let last = Trade { price: 1, quantity: 1, trade_id: 999_999_999, ..Trade::default() };
    handler.lanes[0].push(3, Side::Bid, last);
    let step = handler.lanes[0].step;
    handler.lanes[0].fanout.end_step(step);
    handler.lanes.iter_mut().for_each(|lane| lane.end_poll(false));
    while poll(&mut client) > 0 {}

    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    let mut said = String::new();
    while !said.contains("NONE") {
        assert!(lines.read_line(&mut said).expect("a line") > 0, "{said}");
        handler.beat();
    }
    let books = [book_line(&handler, 1), book_line(&handler, 2)];
    handler.close();
    lines.read_to_string(&mut said).expect("the rest");
    assert!(child.wait().expect("its end").success(), "{said}");
    let expected: Vec<&str> = said.lines().collect();
    assert_eq!(expected[..2], ["attached lane 0", "attached lane 1"], "{said}");
    assert_eq!(expected[2..4], books, "{said}");
    assert!(expected[4].starts_with("symbol NONE unknown: no lane has"), "{said}");
    assert!(expected[5].starts_with("closed after "), "{said}");
    assert!(sum.market > 5_000);
    let (market, hash) = (format!("market {} ", sum.market), format!("checksum {:016x}", sum.hash));
    assert!(expected[6].starts_with(&market) && expected[6].ends_with(&hash), "{said} {hash}");
}

#[test]
fn a_program_without_an_instance_is_told_so() {
    let root = root();
    let program = root.path().join("read_ring");
    if !compile(&program) {
        println!("SKIPPED c_reader: no C compiler");
        return;
    }
    let run = |name: &str| Command::new(&program).arg(root.path()).arg(name).output().expect("run");
    let bad = run("No/Such");
    let said = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert!(!bad.status.success() && said.starts_with("error open -1: "), "{said}");
    assert!(said.contains("bad instance name"), "{said}");
}

/// A C++ compiler takes the header as well.
#[test]
fn the_header_is_also_cpp() {
    let made = Command::new("c++")
        .args(["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++"])
        .arg(crate_file("../include/hotlane.h"))
        .output();
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED the_header_is_also_cpp: no C++ compiler");
        }
        Err(error) => panic!("c++: {error}"),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            // clang warns of `#pragma once` and the like in a main file; errors are errors.
            assert!(done.status.success(), "{said}");
        }
    }
}
