//! The programs themselves, without callgrind: what they count is what they say, and their answers
//! are those of a naive reading.

use std::collections::{BTreeMap, HashMap};
use std::process::Command;

use budgets::program::{Day, Measured, Program};
use protocol::venue::nasdaq::file::{self, Frame};
use protocol::venue::nasdaq::{EventKind, Message, decode};

const MESSAGES: u64 = 20_000;

fn run(program: Program) -> Measured {
    let bytes = Day::generate(MESSAGES).expect("a day");
    program.run(&Day::of(bytes, MESSAGES)).unwrap_or_else(|error| panic!("{error}"))
}

/// The messages of a day, decoded by type, with their numbers from 0.
fn each(bytes: &[u8], mut see: impl FnMut(u64, &Message<'_>)) {
    let mut rest = bytes;
    let mut number = 0;
    while let Frame::Message { bytes, consumed } = file::next(rest, true) {
        see(number, &decode(bytes).expect("a message"));
        rest = &rest[consumed..];
        number += 1;
    }
    assert_eq!(number, 2 * MESSAGES);
}

const fn mix(answer: u64, word: u64) -> u64 {
    answer.rotate_left(5) ^ word
}

#[test]
fn decode_reads_every_field_of_every_message_of_the_second_half() {
    let mut answer = 0;
    each(&Day::generate(MESSAGES).expect("a day"), |number, message| {
        if number < MESSAGES {
            return;
        }
        let of = |reference, linked: u64, shares: u32, price: u32, side: u64, kind: EventKind| {
            reference
                ^ linked.rotate_left(9)
                ^ message.timestamp().rotate_left(23)
                ^ (u64::from(shares) << 32 | u64::from(price))
                ^ (u64::from(message.locate()) << 16 | side << 8 | kind as u64).rotate_left(40)
        };
        let sell = |code: u8| u64::from(code == b'S');
        answer = mix(
            answer,
            match message {
                Message::AddOrder(m) => {
                    let (shares, price) = (m.shares.get(), m.price.get());
                    of(m.reference.get(), 0, shares, price, sell(m.buy_sell), EventKind::Add)
                }
                Message::AddOrderAttributed(m) => {
                    let (shares, price) = (m.shares.get(), m.price.get());
                    of(m.reference.get(), 0, shares, price, sell(m.buy_sell), EventKind::Add)
                }
                Message::OrderExecuted(m) => of(
                    m.reference.get(),
                    m.match_number.get(),
                    m.executed.get(),
                    0,
                    0,
                    EventKind::Execute,
                ),
                Message::OrderExecutedWithPrice(m) => {
                    let (shares, price) = (m.executed.get(), m.price.get());
                    of(
                        m.reference.get(),
                        m.match_number.get(),
                        shares,
                        price,
                        0,
                        EventKind::ExecuteAt,
                    )
                }
                Message::OrderCancel(m) => {
                    of(m.reference.get(), 0, m.cancelled.get(), 0, 0, EventKind::Reduce)
                }
                Message::OrderDelete(m) => of(m.reference.get(), 0, 0, 0, 0, EventKind::Delete),
                Message::OrderReplace(m) => {
                    let (shares, price) = (m.shares.get(), m.price.get());
                    of(m.original.get(), m.reference.get(), shares, price, 0, EventKind::Replace)
                }
                _ => of(0, 0, 0, 0, 0, EventKind::Other),
            },
        );
    });
    let measured = run(Program::Decode);
    assert_eq!((measured.units, measured.answer), (MESSAGES, answer));
}

/// (locate, sell, price, shares) by reference.
type Orders = HashMap<u64, (u16, bool, u32, u32)>;

/// Best prices and quantities of all books, as the programs tell them.
fn answer(orders: &Orders) -> u64 {
    let mut levels: BTreeMap<(u16, bool, u32), i64> = BTreeMap::new();
    for (locate, sell, price, shares) in orders.values() {
        *levels.entry((*locate, *sell, *price)).or_default() += i64::from(*shares);
    }
    let none = (i64::MIN, 0);
    (1..=100).fold(orders.len() as u64, |answer, locate| {
        let bids = levels.range((locate, false, 0)..=(locate, false, u32::MAX)).next_back();
        let asks = levels.range((locate, true, 0)..=(locate, true, u32::MAX)).next();
        let of = |level: Option<(&(u16, bool, u32), &i64)>| {
            level.map_or(none, |(key, quantity)| (i64::from(key.2), *quantity))
        };
        let (bid, ask) = (of(bids), of(asks));
        [bid.0, bid.1, ask.0, ask.1].iter().fold(answer, |a, word| mix(a, word.cast_unsigned()))
    })
}

#[test]
fn book_and_publish_end_with_the_naive_books() {
    let mut orders = Orders::new();
    fn take(orders: &mut Orders, reference: u64, shares: u32) {
        let left = &mut orders.get_mut(&reference).expect("it rests").3;
        *left -= shares;
        if *left == 0 {
            orders.remove(&reference);
        }
    }
    each(&Day::generate(MESSAGES).expect("a day"), |_, message| {
        let locate = message.locate();
        match message {
            Message::AddOrder(m) => {
                let order = (locate, m.buy_sell == b'S', m.price.get(), m.shares.get());
                orders.insert(m.reference.get(), order);
            }
            Message::AddOrderAttributed(m) => {
                let order = (locate, m.buy_sell == b'S', m.price.get(), m.shares.get());
                orders.insert(m.reference.get(), order);
            }
            Message::OrderExecuted(m) => take(&mut orders, m.reference.get(), m.executed.get()),
            Message::OrderExecutedWithPrice(m) => {
                take(&mut orders, m.reference.get(), m.executed.get());
            }
            Message::OrderCancel(m) => take(&mut orders, m.reference.get(), m.cancelled.get()),
            Message::OrderDelete(m) => {
                orders.remove(&m.reference.get()).expect("it rests");
            }
            Message::OrderReplace(m) => {
                let old = orders.remove(&m.original.get()).expect("it rests");
                let new = (old.0, old.1, m.price.get(), m.shares.get());
                orders.insert(m.reference.get(), new);
            }
            _ => {}
        }
    });
    for program in [Program::Book, Program::Publish] {
        let measured = run(program);
        assert_eq!((measured.units, measured.answer), (MESSAGES, answer(&orders)), "{program:?}");
    }
}

/// Every order message makes one record of ORDERS, every execution that prints one of TRADES, too.
#[test]
fn consume_reads_every_record_of_the_second_half() {
    let mut records = 0;
    each(&Day::generate(MESSAGES).expect("a day"), |number, message| {
        if number >= MESSAGES {
            records += match message {
                Message::OrderExecuted(_) => 2,
                Message::OrderExecutedWithPrice(m) => 1 + u64::from(m.printable == b'Y'),
                Message::AddOrder(_)
                | Message::AddOrderAttributed(_)
                | Message::OrderCancel(_)
                | Message::OrderDelete(_)
                | Message::OrderReplace(_)
                | Message::Trade(_) => 1,
                _ => 0,
            };
        }
    });
    let measured = run(Program::Consume);
    // Heartbeats and the session's records come besides.
    let stream = measured.units.checked_sub(records).expect("every record is read");
    assert!(stream < MESSAGES / 100, "{stream} records besides {records}");
    assert_eq!(run(Program::Consume), measured, "a second run reads the same");
}

#[test]
fn the_binary_measures_and_refuses() {
    let binary = || Command::new(env!("CARGO_BIN_EXE_budgets"));
    let output = binary().args(["measure", "book", "5000", "--json"]).output().expect("it runs");
    let measured: Measured = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(measured.units, 5_000);
    let missing = ["check", "--baseline", "nowhere/baseline.toml"];
    let output = binary().args(missing).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("nowhere/baseline.toml: cannot read"), "{said}");
}
