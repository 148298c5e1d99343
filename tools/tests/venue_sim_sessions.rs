//! Generated sessions and clones, replayed through a plain book.

mod support;

use std::path::Path;

use proptest::prelude::*;
use protocol::venue::nasdaq::MESSAGES;
use support::{Replay, one_symbol, recordings, replay};
use tools::venue_sim::oracle::Oracle;
use tools::venue_sim::{
    CloneSettings, Error, Hours, Session, Settings, Slice, clone_slice, symbol,
};

fn settings(seed: u64, instruments: u16, messages: u64) -> Settings {
    let hours = Hours::new(4 * 3_600, 16 * 3_600).expect("a day");
    Settings { seed, instruments, messages, hours }
}

fn generate(settings: &Settings) -> (Vec<u8>, Oracle) {
    let finished = Session::generate(settings, Vec::new(), &mut |_| {}).expect("a session");
    let oracle = finished.oracle();
    assert_eq!(finished.summary.bytes, finished.out.len() as u64);
    (finished.out, oracle)
}

fn clone(slice: &Slice, settings: &CloneSettings) -> Vec<u8> {
    clone_slice(slice, settings, Vec::new(), &mut |_| {}).expect("clones").0
}

/// Share of the messages of these types, in percent.
fn share(replay: &Replay, types: &str) -> f64 {
    let count: u64 = types.chars().filter_map(|code| replay.types.get(&code)).sum();
    count as f64 * 100.0 / replay.messages as f64
}

/// The engine's books are what the messages build, to the place of each order in its queue.
#[test]
fn messages_build_the_oracles_books() {
    for (seed, instruments, messages) in [(1, 1, 20_000), (2, 20, 100_000), (3, 300, 60_000)] {
        let (file, oracle) = generate(&settings(seed, instruments, messages));
        let replay = replay(&file);
        assert_eq!(replay.messages, oracle.messages);
        assert_eq!(replay.books(), oracle.books);
        assert!(replay.live() > 0, "nothing rests at the end");
        let off = replay.messages.abs_diff(messages) as f64 / messages as f64;
        assert!(off < 0.05, "{} messages for {messages}", replay.messages);
    }
}

#[test]
fn every_type_occurs_and_the_mix_is_a_days() {
    let (file, _) = generate(&settings(7, 100, 500_000));
    let replay = replay(&file);
    for (code, name, _) in MESSAGES {
        assert!(replay.types.contains_key(&char::from(code)), "no {name}");
    }
    // Published counts of whole days: 46.6 % A and F, 41.7 % D, 7.7 % U, 2.9 % E, C and X.
    for (types, low, high) in
        [("AF", 44.6, 48.6), ("D", 39.7, 43.7), ("U", 6.7, 8.7), ("ECX", 1.9, 3.9)]
    {
        let found = share(&replay, types);
        assert!((low..high).contains(&found), "{types}: {found} %");
    }
}

#[test]
fn a_seed_is_a_session() {
    let (first, _) = generate(&settings(5, 10, 20_000));
    let (again, _) = generate(&settings(5, 10, 20_000));
    let (other, _) = generate(&settings(6, 10, 20_000));
    assert!(first == again, "the same seed, another session");
    assert!(first != other, "another seed, the same session");
}

/// The FNV-1a hash of a small session, so that a difference between machines or compilers shows.
/// It changes, on purpose, with every change of the agents or the plan.
#[test]
fn a_seed_is_the_same_session_everywhere() {
    let (file, _) = generate(&settings(1, 10, 10_000));
    let hash = file.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    });
    assert_eq!(hash, 0x0853_F41E_0994_4531);
}

#[test]
fn short_sessions_keep_their_hours() {
    let hours = Hours::new(9 * 3_600 + 1_800, 60).expect("a minute");
    let settings = Settings { seed: 1, instruments: 5, messages: 300_000, hours };
    let finished = Session::generate(&settings, Vec::new(), &mut |_| {}).expect("a session");
    assert_eq!(finished.summary.first_ns, hours.first);
    assert_eq!(finished.summary.last_ns, hours.last);
    let replay = replay(&finished.out);
    assert_eq!(replay.books(), finished.oracle().books);
}

#[test]
fn sessions_of_no_instruments_are_refused() {
    for instruments in [0, u16::MAX] {
        let refused = Session::generate(&settings(1, instruments, 10), Vec::new(), &mut |_| {});
        assert!(matches!(refused, Err(Error::Range { option: "--instruments", .. })));
    }
}

/// The oracle's JSON says what it was made of.
#[test]
fn oracle_survives_its_file() {
    let (_, oracle) = generate(&settings(4, 5, 5_000));
    let mut json = vec![];
    oracle.write(&mut json).expect("a buffer");
    let read: Oracle = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(read, oracle);
    assert_eq!((&read.nature[..], read.price_exponent), ("simulated", -4));
    assert_eq!(read.books[0].symbol, symbol(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_small_session_is_valid(seed: u64, instruments in 1_u16..12, messages in 0_u64..8_000) {
        let (file, oracle) = generate(&settings(seed, instruments, messages));
        prop_assert_eq!(replay(&file).books(), oracle.books);
    }
}

/// One symbol of a generated session, as a recording of one symbol would be.
fn generated_slice(seed: u64) -> Slice {
    let (file, _) = generate(&settings(seed, 3, 9_000));
    Slice::parse(Path::new("SIM_slice"), one_symbol(&file, 1)).expect("a slice")
}

#[test]
fn clones_are_valid_and_go_round() {
    let slice = generated_slice(11);
    assert_eq!(slice.symbol(), symbol(0));
    // Six times the slice for each copy, so that all of them begin anew several times.
    let messages = slice.messages() * 6 * 7;
    let settings = CloneSettings { seed: 3, instruments: 7, messages };
    let file = clone(&slice, &settings);
    let found = replay(&file);
    assert_eq!(found.messages, messages);
    assert_eq!(found.types[&'R'], 7);
    assert_eq!(found.books().len(), 7);
    assert!(found.books().iter().all(|book| !book.bids.is_empty() || !book.asks.is_empty()));
    assert!(file == clone(&slice, &settings), "the same seed, other clones");
    assert!(file != clone(&slice, &CloneSettings { seed: 4, ..settings }));
}

/// References are dense in the order of the file: what a paged index was measured with.
#[test]
fn clones_number_densely() {
    use protocol::venue::nasdaq::file::{Frame, next};
    use protocol::venue::nasdaq::{Message, decode};
    let slice = generated_slice(12);
    let file = clone(&slice, &CloneSettings { seed: 1, instruments: 9, messages: 20_000 });
    let (mut rest, mut last) = (&file[..], 0);
    while let Frame::Message { bytes, consumed } = next(rest, true) {
        let new = match decode(bytes).expect("a message") {
            Message::AddOrder(m) => Some(m.reference.get()),
            Message::AddOrderAttributed(m) => Some(m.reference.get()),
            Message::OrderReplace(m) => Some(m.reference.get()),
            _ => None,
        };
        if let Some(new) = new {
            assert_eq!(new, last + 1);
            last = new;
        }
        rest = &rest[consumed..];
    }
    assert!(last > 1_000);
}

#[test]
fn clones_of_the_recording() {
    let Some(data) = recordings("clones_of_the_recording") else { return };
    let path = data.join("packets/nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50");
    let bytes = std::fs::read(&path).expect("a readable recording");
    // The recording itself passes the same checks and ends as its manifest says.
    let recorded = replay(&bytes).books();
    let (bids, asks) = (&recorded[0].bids, &recorded[0].asks);
    assert_eq!((bids.len(), asks.len()), (79, 63));
    assert_eq!((bids[0].price, asks[0].price), (3_201_400, 3_203_000));
    let slice = Slice::parse(&path, bytes).expect("a slice");
    assert_eq!((slice.symbol(), slice.messages()), ("AAPL", 10_000));
    let settings = CloneSettings { seed: 1, instruments: 40, messages: 600_000 };
    let found = replay(&clone(&slice, &settings));
    assert_eq!(found.messages, 600_000);
    // The recording's mix, with the deletions of what rested when a copy began anew.
    for (types, recorded) in [("AF", 47.6), ("D", 40.8), ("E", 8.5), ("P", 2.4)] {
        let share = share(&found, types);
        assert!((share - recorded).abs() < 2.0, "{types}: {share} %");
    }
}

#[test]
fn slices_that_cannot_be_cloned_say_where_and_why() {
    let (file, _) = generate(&settings(1, 3, 3_000));
    let whole = one_symbol(&file, 1);
    let fails = |bytes: Vec<u8>| match Slice::parse(Path::new("x.itch"), bytes) {
        Err(error @ Error::Slice { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let two = fails(file.clone());
    assert!(two.contains("a second symbol"), "{two}");
    let cut = fails(whole[..whole.len() - 1].to_vec());
    assert!(cut.contains("ends within a message"), "{cut}");
    let none = fails(vec![]);
    assert!(none.contains("no order"), "{none}");
    let junk = fails([&[0, 3][..], b"zzz"].concat());
    assert_eq!(junk, "x.itch, message 1 at byte 0: itch_unknown_type");
    // Without its first messages the rest names an order that nobody added.
    let begins = (0..whole.len()).filter(|at| {
        let mut reached = 0;
        while reached < *at {
            reached += 2 + usize::from(u16::from_be_bytes([whole[reached], whole[reached + 1]]));
        }
        reached == *at
    });
    let late = begins.skip(100).map(|at| fails(whole[at..].to_vec())).next().expect("a message");
    assert!(late.contains("is not known; the slice must begin"), "{late}");
}
