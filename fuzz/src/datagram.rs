//! `datagram`: any bytes as a multicast datagram, and as a text line.
//!
//! What holds: what is accepted is what a naive reader finds at the offsets of the design, written
//! again by the public writer it is the same bytes, and one byte less or more is refused.

use wire::datagram::{
    Datagram, DatagramReject, Envelope, Items, MAX_DATAGRAM, TextLine, TextReject,
    announced_length, is_text, write,
};

/// Bytes of the header.
const HEADER: usize = 66;
/// Bytes of an item by type, 0 to 7; type 0 is none.
const ITEM: [usize; 8] = [0, 32, 16, 48, 216, 80, 40, 64];

/// Checks one input.
pub fn check(data: &[u8]) {
    match Datagram::parse(data) {
        Ok(datagram) => check_datagram(data, &datagram),
        Err(reason) => assert_eq!(DatagramReject::ALL.get(reason.index()), Some(&reason)),
    }
    match TextLine::parse(data) {
        Ok(line) => {
            let text = data.strip_suffix(b"\n").unwrap_or(data);
            assert_eq!(line.to_string().as_bytes(), text, "written otherwise");
            assert!(is_text(data[0]) && Datagram::parse(data).is_err(), "both text and datagram");
        }
        Err(reason) => assert_eq!(TextReject::ALL.get(reason.index()), Some(&reason)),
    }
}

fn number(data: &[u8], at: usize) -> u64 {
    data[at..at + 8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn name(data: &[u8], at: usize) -> &[u8] {
    let field = &data[at..at + 20];
    let end = field.iter().position(|&byte| byte == 0).expect("at most 19 characters");
    assert!(field[end..].iter().all(|&byte| byte == 0), "something behind the name");
    &field[..end]
}

fn check_datagram(data: &[u8], datagram: &Datagram<'_>) {
    let flags = data[25];
    let (packet, count) = (usize::from(flags >> 4 & 7), usize::from(flags & 7));
    assert_eq!(data[0], 1);
    assert_eq!(data.len(), HEADER + count * ITEM[packet]);
    assert_eq!((datagram.items.packet() as usize, datagram.items.count()), (packet, count));
    assert_eq!(datagram.sequence(), number(data, 1));
    assert_eq!(datagram.exchange_timestamp(), number(data, 9));
    assert_eq!(datagram.local_timestamp(), number(data, 17));
    assert_eq!((datagram.is_last(), datagram.is_bid()), (flags & 0x80 != 0, flags & 8 != 0));
    assert_eq!(datagram.symbol().as_bytes(), name(data, 26));
    assert_eq!(datagram.exchange().as_bytes(), name(data, 46));
    check_prices(data, datagram);

    let mut buffer = [0xaa; MAX_DATAGRAM];
    let length = written(datagram, &mut buffer).expect("what was read can be written");
    assert_eq!(&buffer[..length], data, "written otherwise");
    assert_eq!(announced_length(data), Some(data.len()));
    assert!(Datagram::parse(&data[..data.len() - 1]).is_err(), "one byte less");
    let longer = [data, &[0]].concat();
    assert_eq!(Datagram::parse(&longer), Err(DatagramReject::Length), "one byte more");
}

/// Prices and quantities of trades, books and orders, at their offsets.
fn check_prices(data: &[u8], datagram: &Datagram<'_>) {
    let at = |index: usize, size: usize, offset: usize| {
        number(data, HEADER + index * size + offset) as i64
    };
    match datagram.items {
        Items::Trades(items) => items.iter().enumerate().for_each(|(index, item)| {
            let found = (item.price.get(), item.quantity.get());
            assert_eq!(found, (at(index, 32, 8), at(index, 32, 16)));
        }),
        Items::Book(items) => items.iter().enumerate().for_each(|(index, item)| {
            let found = (item.price.get(), item.quantity.get());
            assert_eq!(found, (at(index, 16, 0), at(index, 16, 8)));
        }),
        Items::Orders(items) => items.iter().enumerate().for_each(|(index, item)| {
            let found = (item.price.get(), item.quantity.get());
            assert_eq!(found, (at(index, 40, 8), at(index, 40, 16)));
        }),
        _ => {}
    }
}

fn written(datagram: &Datagram<'_>, buffer: &mut [u8]) -> Option<usize> {
    let envelope = Envelope {
        sequence: datagram.sequence(),
        exchange_timestamp: datagram.exchange_timestamp(),
        local_timestamp: datagram.local_timestamp(),
        symbol: datagram.header.symbol,
        exchange: datagram.header.exchange,
        is_last: datagram.is_last(),
        is_bid: datagram.is_bid(),
    };
    match datagram.items {
        Items::Trades(items) => write(buffer, &envelope, items),
        Items::Book(items) => write(buffer, &envelope, items),
        Items::Statuses(items) => write(buffer, &envelope, items),
        Items::Definition(item) => write(buffer, &envelope, &[*item]),
        Items::Heartbeat(item) => write(buffer, &envelope, &[*item]),
        Items::Orders(items) => write(buffer, &envelope, items),
        Items::Records(items) => write(buffer, &envelope, items),
    }
}
