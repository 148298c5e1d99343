//! What must hold of every datagram: what is written reads back the same, and what is read,
//! whatever the bytes, written again is the same bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use wire::datagram::*;
use wire::{InstrumentId, Nature};
use zerocopy::{FromBytes, IntoBytes};

use crate::golden::all;

/// A datagram built from what a parsed one says, by the public ways only.
fn rewritten(datagram: &Datagram<'_>) -> Option<Vec<u8>> {
    let head = datagram.header;
    let envelope = Envelope {
        sequence: datagram.sequence(),
        exchange_timestamp: datagram.exchange_timestamp(),
        local_timestamp: datagram.local_timestamp(),
        symbol: head.symbol,
        exchange: head.exchange,
        is_last: datagram.is_last(),
        is_bid: datagram.is_bid(),
    };
    let mut buffer = [0xaa; MAX_DATAGRAM];
    let length = match datagram.items {
        Items::Trades(items) => write(&mut buffer, &envelope, items),
        Items::Book(items) => write(&mut buffer, &envelope, items),
        Items::Statuses(items) => write(&mut buffer, &envelope, items),
        Items::Definition(item) => write(&mut buffer, &envelope, &[*item]),
        Items::Heartbeat(item) => write(&mut buffer, &envelope, &[*item]),
        Items::Orders(items) => write(&mut buffer, &envelope, items),
        Items::Records(items) => write(&mut buffer, &envelope, items),
    };
    Some(buffer[..length?].to_vec())
}

fn check(bytes: &[u8]) {
    if let Ok(datagram) = Datagram::parse(bytes) {
        assert_eq!(rewritten(&datagram).as_deref(), Some(bytes));
        assert_eq!(datagram.bytes(), bytes.len());
        assert_eq!(announced_length(bytes), Some(bytes.len()));
    }
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let names = ("[!-}]{1,19}", "[A-Z.]{1,15}", 0_usize..3, any::<u32>());
    (any::<(u64, u64, u64, bool)>(), names).prop_map(|(numbers, names)| {
        let (sequence, exchange_timestamp, local_timestamp, is_last) = numbers;
        let (symbol, exchange, nature, id) = names;
        Envelope {
            sequence,
            exchange_timestamp,
            local_timestamp,
            symbol: datagram_symbol(&symbol, InstrumentId(id)),
            exchange: datagram_exchange(&exchange, Nature::ALL[nature]).expect("15 and 4"),
            is_last,
            is_bid: false,
        }
    })
}

fn round_trip<I: Item + PartialEq + std::fmt::Debug>(
    envelope: &Envelope,
    items: &[I],
) -> Result<Vec<u8>, TestCaseError> {
    let mut buffer = [0xaa; MAX_DATAGRAM];
    let length = write(&mut buffer, envelope, items).expect("it fits");
    prop_assert_eq!(length, HEADER_BYTES + std::mem::size_of_val(items));
    let bytes = buffer[..length].to_vec();
    prop_assert_eq!(write(&mut buffer[..length - 1], envelope, items), None);
    let datagram = Datagram::parse(&bytes).expect("what was written is right");
    prop_assert_eq!(datagram.items.packet(), I::TYPE);
    prop_assert_eq!(datagram.items.count(), items.len());
    prop_assert_eq!(&bytes[HEADER_BYTES..], items.as_bytes());
    prop_assert_eq!(rewritten(&datagram), Some(bytes.clone()));
    Ok(bytes)
}

proptest! {
    #[test]
    fn trades_read_back(
        envelope in envelope(),
        fields in vec((any::<u64>(), any::<i64>(), any::<i64>(), 0_u8..3), 1..=7),
    ) {
        let items: Vec<TradeItem> = fields.iter().map(|&(id, price, quantity, side)| TradeItem {
            trade_id: id.into(),
            price: price.into(),
            quantity: quantity.into(),
            side,
            ..TradeItem::ZERO
        }).collect();
        let bytes = round_trip(&envelope, &items)?;
        let Items::Trades(read) = Datagram::parse(&bytes).expect("right").items else {
            return Err(TestCaseError::fail("trades"));
        };
        for (item, &(id, price, quantity, side)) in read.iter().zip(&fields) {
            let found = (item.trade_id.get(), item.price.get(), item.quantity.get(), item.side);
            prop_assert_eq!(found, (id, price, quantity, side));
        }
    }

    #[test]
    fn books_read_back(
        envelope in envelope(),
        is_bid: bool,
        fields in vec(any::<(i64, i64)>(), 0..=7),
    ) {
        let items: Vec<BookItem> = fields.iter()
            .map(|&(price, quantity)| BookItem { price: price.into(), quantity: quantity.into() })
            .collect();
        let bytes = round_trip(&Envelope { is_bid, ..envelope }, &items)?;
        let datagram = Datagram::parse(&bytes).expect("right");
        prop_assert_eq!(datagram.is_bid(), is_bid);
        let Items::Book(read) = datagram.items else { return Err(TestCaseError::fail("book")) };
        let read: Vec<(i64, i64)> =
            read.iter().map(|item| (item.price.get(), item.quantity.get())).collect();
        prop_assert_eq!(read, fields);
    }

    #[test]
    fn orders_read_back(
        envelope in envelope(),
        fields in vec((any::<[u64; 4]>(), 16_u8..=21, 0_u8..2), 1..=7),
    ) {
        let items: Vec<OrderItem> = fields.iter().map(|&(n, kind, side)| OrderItem {
            order_id: n[0].into(),
            price: (n[1] as i64).into(),
            quantity: (n[2] as i64).into(),
            reference: n[3].into(),
            kind,
            side,
            ..OrderItem::ZERO
        }).collect();
        round_trip(&envelope, &items)?;
    }

    #[test]
    fn records_read_back(envelope in envelope(), words in vec(any::<[u64; 8]>(), 1..=7)) {
        let records: Vec<wire::Record> =
            words.into_iter().map(wire::Record::from_words).collect();
        let items: Vec<RecordItem> = records.iter().map(RecordItem::of).collect();
        round_trip(&envelope, &items)?;
        for (record, item) in records.iter().zip(&items) {
            prop_assert_eq!(item.to_record(), wire::Record { commit: 0, ..*record });
        }
    }

    #[test]
    fn statuses_definitions_and_heartbeats_read_back(
        envelope in envelope(),
        status: [u8; 48],
        definition: [u8; 216],
        heartbeat: [u8; 80],
    ) {
        let mut status = StatusItem::read_from_bytes(&status).expect("its size");
        status._pad0 = [0; 2];
        status.reason = *b"T12\0";
        round_trip(&envelope, &[status])?;
        let mut definition = DefinitionItem::read_from_bytes(&definition).expect("its size");
        (definition._pad0, definition._pad1, definition._pad2) = (0, [0; 2], [0; 4]);
        definition.native_symbol = [b'N'; 64];
        definition.canonical = [0; 48];
        (definition.base, definition.quote, definition.settle) = ([b'B'; 12], [0; 12], [0; 12]);
        round_trip(&envelope, &[definition])?;
        let mut heartbeat = HeartbeatItem::read_from_bytes(&heartbeat).expect("its size");
        heartbeat._pad0 = [0; 4];
        round_trip(&envelope, &[heartbeat])?;
    }

    #[test]
    fn any_bytes_give_an_answer(bytes in vec(any::<u8>(), 0..600)) {
        check(&bytes);
    }

    /// Right but for some bytes: gets past the first checks far more often.
    #[test]
    fn damaged_datagrams_give_an_answer(
        which in 0_usize..10,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = all().swap_remove(which).1;
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&bytes);
    }

    /// Any text, whatever its letters, gives a field that can be read back.
    #[test]
    fn symbols_are_names(text in "\\PC{0,30}", id: u32) {
        let field = datagram_symbol(&text, InstrumentId(id));
        let name = name_text(&field).expect("a name");
        prop_assert!(!name.is_empty() && name.len() <= NAME_CHARACTERS);
        let substituted = format!("~{id:08x}");
        prop_assert!(name == text || name == substituted);
    }
}

#[test]
fn a_writer_takes_no_more_than_it_may() {
    let named = Envelope { symbol: datagram_symbol("A", InstrumentId(1)), ..Envelope::default() };
    let item = BookItem::ZERO;
    let mut buffer = [0; MAX_DATAGRAM];
    let mut writer = DatagramWriter::begin(&mut buffer, &named).expect("it fits");
    assert_eq!((0..9).filter(|_| writer.push(&item)).count(), MAX_ITEMS);
    assert_eq!((writer.count(), writer.finish().len()), (7, HEADER_BYTES + 112));
    let mut writer = DatagramWriter::begin(&mut buffer[..90], &named).expect("it fits");
    assert!(writer.push(&item) && !writer.push(&item));
    assert_eq!(writer.finish().len(), 82);
    assert!(DatagramWriter::<BookItem>::begin(&mut buffer[..65], &named).is_none());
    assert_eq!(write::<TradeItem>(&mut buffer, &named, &[]), None);
    assert_eq!(write(&mut buffer, &named, &[HeartbeatItem::ZERO; 2]), None);
    assert_eq!(write(&mut buffer, &named, &[item; 8]), None);
}

#[test]
fn number_and_time_of_sending_come_last() {
    for (name, mut bytes) in all() {
        let before = bytes.clone();
        assert!(restamp(&mut bytes, 0x0102_0304_0506_0708, 0x1112_1314_1516_1718));
        assert_eq!(bytes[1..9], [1, 2, 3, 4, 5, 6, 7, 8], "{name}");
        assert_eq!(bytes[17..25], [0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18], "{name}");
        assert_eq!((&bytes[9..17], &bytes[25..]), (&before[9..17], &before[25..]), "{name}");
    }
    assert!(!restamp(&mut [0; 65], 1, 1));
}
