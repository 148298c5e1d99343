//! The running market against books built from its messages by a plain reader.

mod support;

use proptest::prelude::*;
use protocol::venue::nasdaq::codes::Side;
use protocol::venue::nasdaq::decode;
use protocol::venue::nasdaq::file::append;
use support::Replay;
use tools::venue_sim::market::Market;
use tools::venue_sim::play::{Message, Messages};
use tools::venue_sim::serve::SnapshotSource;
use tools::venue_sim::serve::books::Books;
use tools::venue_sim::{Hours, Session, Settings};

const SESSION: [u8; 10] = *b"SIM0000001";

fn settings(seed: u64, instruments: u16, messages: u64) -> Settings {
    let hours = Hours::new(9 * 3_600, 60).expect("a minute");
    Settings { seed, instruments, messages, hours }
}

/// All messages of a market, each after its length.
fn file(settings: &Settings) -> Vec<u8> {
    let mut market = Market::new(settings).expect("a market");
    let (mut file, mut message) = (vec![], Message::default());
    while market.next(&mut message).expect("a message") {
        assert!(append(&mut file, &message.bytes));
    }
    file
}

/// Plays a market beside a plain book and compares one instrument after each message: the one it is
/// about, or all of them where `all` says so.
fn compare(settings: &Settings, all: impl Fn(u64) -> bool) -> u64 {
    let mut market = Market::new(settings).expect("a market");
    let (mut plain, mut message) = (Replay::default(), Message::default());
    let mut ahead = 0;
    while market.next(&mut message).expect("a message") {
        let decoded = decode(&message.bytes).expect("a message of the specification");
        assert_eq!(decoded.timestamp(), message.time_ns);
        plain.message(&decoded);
        assert_eq!(plain.messages, market.number());
        ahead += u64::from(!market.is_between_actions());
        let locates = if all(market.number()) {
            1..=market.instruments()
        } else {
            decoded.locate().max(1)..=decoded.locate().max(1)
        };
        for locate in locates {
            let book = market.book(locate - 1);
            for side in [Side::Buy, Side::Sell] {
                let (truth, found) = (book.levels(side), plain.levels(locate, side));
                assert_eq!(truth, found, "message {}, locate {locate}", market.number());
            }
        }
        let told: u32 = market.changes().iter().map(|c| c.before.abs_diff(c.after)).sum();
        assert_eq!(told > 0, "AFECXDU".contains(char::from(decoded.code())));
    }
    assert!(plain.live() > 0, "nothing rests at the end");
    ahead
}

#[test]
fn books_are_true_after_every_message() {
    let ahead = compare(&settings(1, 12, 60_000), |number| number.is_multiple_of(97));
    assert!(ahead > 1_000, "actions of several messages are what is hard, {ahead} of them");
}

#[test]
fn books_of_a_single_instrument_are_true_through_halts_and_auctions() {
    compare(&settings(2, 1, 20_000), |_| true);
}

/// The market is the session that `generate` writes.
#[test]
fn the_market_is_the_generated_session() {
    let settings = settings(3, 40, 50_000);
    let whole = Session::generate(&settings, Vec::new(), &mut |_| {}).expect("a session");
    assert!(file(&settings) == whole.out, "other messages");
}

/// By stamps in any steps, the messages are those of one by one.
#[test]
fn advancing_gives_the_same_messages() {
    let settings = settings(4, 5, 5_000);
    let mut market = Market::new(&settings).expect("a market");
    let (mut messages, mut until) = (vec![], settings.hours.first);
    while let Some(due) = market.due().expect("a stamp") {
        assert!(due > until || market.number() == 0);
        until = due + 100_000_000;
        market.advance(until, &mut messages).expect("messages");
        assert!(messages.iter().all(|message| message.time_ns <= until));
    }
    let mut bytes = vec![];
    assert!(messages.iter().all(|message| append(&mut bytes, &message.bytes)));
    assert!(bytes == file(&settings), "other messages");
    assert_eq!(market.number(), messages.len() as u64);
}

/// A snapshot as of any number is what a plain reader of the messages makes of them.
#[test]
fn snapshots_are_those_of_the_messages() {
    let mut market = Market::new(&settings(5, 8, 20_000)).expect("a market");
    let (mut message, mut books) = (Message::default(), Books::new(SESSION));
    let mut orders = 0;
    while market.next(&mut message).expect("a message") {
        books.apply(&message.bytes);
        if market.number().is_multiple_of(1_009) {
            let source = market.snapshot(SESSION);
            assert_eq!((source.session(), source.next()), (SESSION, books.next()));
            let (true_messages, plain) = (collect(&source), collect(&books));
            assert!(true_messages == plain, "message {}", market.number());
            orders += plain.iter().filter(|message| message[0] == b'A').count();
        }
    }
    assert_eq!(books.unknown(), 0);
    assert!(orders > 1_000, "{orders}");
}

/// The messages of a snapshot; an order without the time and tracking number of the message that
/// placed it, which the engine does not keep.
fn collect(source: &impl SnapshotSource) -> Vec<Vec<u8>> {
    let mut messages = vec![];
    source.snapshot(&mut |message| {
        let mut message = message.to_vec();
        if matches!(message[0], b'A' | b'F') {
            message[3..11].fill(0);
        }
        messages.push(message);
    });
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn any_seed_has_true_books(seed: u64, instruments in 1_u16..30, messages in 1_000_u64..8_000) {
        compare(&settings(seed, instruments, messages), |number| number.is_multiple_of(501));
    }
}
