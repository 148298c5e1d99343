//! LOBSTER's public sample: order messages and the ten best levels that each of them left.
//!
//! The sample begins with a full book, so the book is seeded from the first row: one anonymous
//! order a level. A message about an order that came before the sample finds no such reference; it
//! is taken from the anonymous order of its level. What enters the window at the tenth level was
//! invisible before and is seeded from the row in the same way, after the row has been compared.
//! The best nine levels of every later row must come out of the messages alone.

use book::{BookError, HashIndex, L3Books, L3Limits, Level, Side};

const LEVELS: usize = 10;
const COMPARED: usize = 9;
/// Above every order id of the sample.
const ANONYMOUS: u64 = 1 << 40;

type Books = L3Books<HashIndex>;

fn anonymous(price: i64, side: Side) -> u64 {
    ANONYMOUS + price as u64 * 2 + side as u64
}

fn numbers(line: &str) -> Vec<i64> {
    line.split(',').map(|field| field.parse().expect("an integer")).collect()
}

/// Levels of one side of a row, best first: ask price, ask size, bid price, bid size, ...
fn row_side(row: &[i64], side: Side) -> Vec<(i64, i64)> {
    let at = if side == Side::Ask { 0 } else { 2 };
    (0..LEVELS).map(|n| (row[n * 4 + at], row[n * 4 + at + 1])).collect()
}

fn book_side(books: &Books, side: Side) -> Vec<(i64, i64)> {
    books.levels(0, side).map(|level: Level| (level.price, level.quantity)).collect()
}

fn drop_level(books: &mut Books, side: Side, price: i64) {
    let orders: Vec<u64> =
        books.orders(0, side).filter(|o| o.price == price).map(|o| o.reference).collect();
    for reference in orders {
        books.delete(0, reference).expect("an order that was just listed");
    }
}

/// Takes the tenth level from the row, and forgets what is beyond it: it changes unseen.
fn see_window(books: &mut Books, row: &[i64]) {
    for side in [Side::Bid, Side::Ask] {
        let (price, size) = row_side(row, side)[LEVELS - 1];
        for (ours, quantity) in book_side(books, side) {
            let beyond = if side == Side::Bid { ours < price } else { ours > price };
            if beyond || (ours == price && quantity != size) {
                drop_level(books, side, ours);
            }
        }
        if !book_side(books, side).iter().any(|&(ours, _)| ours == price) {
            books.add(0, anonymous(price, side), side, price, size).expect("room");
        }
    }
}

/// A message: time, type, order, size, price, direction.
fn apply(books: &mut Books, message: &[i64]) {
    let (kind, id, size, price) = (message[1], message[2] as u64, message[3], message[4]);
    let side = if message[5] == 1 { Side::Bid } else { Side::Ask };
    match kind {
        1 => drop(books.add(0, id, side, price, size).expect("a new order")),
        2 | 4 => take(books, id, side, price, size),
        3 => match books.delete(0, id) {
            Ok(removed) => assert_eq!(removed.quantity, size),
            Err(_) => take(books, id, side, price, size),
        },
        5 | 7 => {}
        other => panic!("message type {other} is not in the sample"),
    }
}

/// Takes `size` off the order, or off what was there before the sample.
fn take(books: &mut Books, id: u64, side: Side, price: i64, size: i64) {
    match books.execute(0, id, size) {
        Ok(_) => {}
        Err(BookError::UnknownReference) => {
            books.execute(0, anonymous(price, side), size).expect("anonymous quantity there");
        }
        Err(error) => panic!("{error} at order {id}"),
    }
}

#[test]
fn lobster_rows_come_out_of_the_messages() {
    let Some(data) = e2e::recordings("lobster_rows_come_out_of_the_messages") else { return };
    let folder = data.join("packets/lobster");
    let read = |what: &str| {
        let name = format!("AAPL_2012-06-21_34200000_57600000_{what}_10.csv");
        std::fs::read_to_string(folder.join(name)).expect("the sample")
    };
    let (messages, rows) = (read("message"), read("orderbook"));
    let rows: Vec<Vec<i64>> = rows.lines().map(numbers).collect();
    let messages: Vec<Vec<i64>> = messages
        .lines()
        .map(|line| {
            // The time has a fraction and is not needed.
            let (_, rest) = line.split_once(',').expect("six fields");
            numbers(&format!("0,{rest}"))
        })
        .collect();
    assert_eq!(messages.len(), rows.len());

    let mut books = Books::new(L3Limits::new(1, 4096)).expect("limits");
    for side in [Side::Bid, Side::Ask] {
        for (price, size) in row_side(&rows[0], side) {
            books.add(0, anonymous(price, side), side, price, size).expect("room");
        }
    }
    let mut equal = 0;
    for (message, row) in messages.iter().zip(&rows).skip(1) {
        apply(&mut books, message);
        let same = [Side::Bid, Side::Ask].iter().all(|&side| {
            let ours = book_side(&books, side);
            ours.get(..COMPARED) == row_side(row, side).get(..COMPARED)
        });
        equal += usize::from(same);
        see_window(&mut books, row);
    }
    println!("lobster: {equal} of {} rows", rows.len() - 1);
    assert_eq!((equal, rows.len() - 1), (998, 998));
}
