//! Every type against `golden.txt`, which `golden.py` packed from the offset tables.

use wire::datagram::*;
use wire::instrument::put_text;
use wire::payload::Trade;
use wire::{BookState, Header, InstrumentId, NONE, Nature, Origin, Path, Quality, Record};
use wire::{StampBy, Venue};

fn envelope(counter: u64) -> Envelope {
    let instrument = InstrumentId::new(Venue::Nasdaq, 13);
    Envelope {
        sequence: sequence(1_580_374_800, counter),
        exchange_timestamp: 1_580_374_800_000_000_001,
        local_timestamp: 1_580_374_800_000_000_002,
        symbol: datagram_symbol("AAPL", instrument),
        exchange: datagram_exchange("NASDAQ", Nature::Recorded).expect("fits"),
        is_last: true,
        is_bid: false,
    }
}

fn made<I: Item>(envelope: &Envelope, items: &[I]) -> Vec<u8> {
    let mut buffer = [0xaa; MAX_DATAGRAM];
    let length = write(&mut buffer, envelope, items).expect("it fits");
    buffer[..length].to_vec()
}

fn trade(trade_id: u64, price: i64, quantity: i64, side: TradeSide) -> TradeItem {
    TradeItem {
        trade_id: trade_id.into(),
        price: price.into(),
        quantity: quantity.into(),
        side: side as u8,
        ..TradeItem::ZERO
    }
}

fn level(price: i64, quantity: i64) -> BookItem {
    BookItem { price: price.into(), quantity: quantity.into() }
}

fn trades_and_books() -> Vec<(&'static str, Vec<u8>)> {
    let trades = [
        trade(555, 32_014_000_000, 10_000_000_000, TradeSide::Sell),
        trade(556, 32_015_000_000, 500_000_000, TradeSide::Buy),
        trade(u64::MAX, -1, NONE, TradeSide::Unknown),
    ];
    let bids: Vec<BookItem> =
        (0..7).map(|n| level(32_014_000_000 - n * 1_000_000, (n + 1) * 100_000_000)).collect();
    let bid = |counter, is_last| Envelope { is_bid: true, is_last, ..envelope(counter) };
    vec![
        ("trade", made(&envelope(1), &trades)),
        ("book_bid", made(&bid(2, false), &bids)),
        ("book_ask", made(&envelope(3), &[level(32_030_000_000, 20_000_000_000)])),
        ("book_empty", made::<BookItem>(&bid(4, true), &[])),
    ]
}

fn statuses() -> Vec<(&'static str, Vec<u8>)> {
    let halted = StatusItem {
        book_state: BookState::Gapped as u8,
        cause: wire::codes::BookCause::Gap as u8,
        trading_state: wire::codes::TradingState::Halted as u8,
        reason: *b"T1\0\0",
        short_sale: 255,
        trades_lost: 7.into(),
        effective_ns: 99.into(),
        lower_band: NONE.into(),
        upper_band: 32_500_000_000.into(),
        step: 4_711.into(),
        ..StatusItem::ZERO
    };
    let market = StatusItem {
        trading_state: wire::codes::TradingState::CircuitBreaker as u8,
        scope: wire::codes::StatusScope::Market as u8,
        short_sale: 255,
        market: 2,
        lower_band: NONE.into(),
        upper_band: NONE.into(),
        step: 12.into(),
        ..StatusItem::ZERO
    };
    let nameless = Envelope { symbol: [0; NAME_BYTES], ..envelope(6) };
    vec![("status", made(&envelope(5), &[halted])), ("status_market", made(&nameless, &[market]))]
}

fn definition() -> Vec<u8> {
    let instrument = InstrumentId::new(Venue::BinanceCoinm, 9);
    let name = "BTCUSDT-260327-100000-C\u{20ac}";
    let mut item = DefinitionItem {
        instrument: instrument.0.into(),
        action: wire::codes::DefinitionAction::Change as u8,
        class: wire::codes::InstrumentClass::Option as u8,
        price_exp: -2,
        quantity_exp: -8,
        multiplier_exp: -3,
        flags: wire::codes::instrument_flags::UNDEFINED.into(),
        channel: 3.into(),
        tick: 50.into(),
        lot: 10_000.into(),
        multiplier: 1_000.into(),
        strike: 10_000_000.into(),
        expiry: 1_774_569_600_000_000_000.into(),
        venue_id: 77.into(),
        ..DefinitionItem::ZERO
    };
    put_text(&mut item.native_symbol, name);
    put_text(&mut item.canonical, "BTC/USDT:260327C100000");
    put_text(&mut item.base, "BTC");
    put_text(&mut item.quote, "USDT");
    put_text(&mut item.settle, "USDT");
    let envelope = Envelope {
        symbol: datagram_symbol(name, instrument),
        exchange: datagram_exchange("BINANCE.UM", Nature::Live).expect("fits"),
        ..envelope(7)
    };
    made(&envelope, &[item])
}

fn heartbeat() -> Vec<u8> {
    let item = HeartbeatItem {
        start_ns: 1_580_374_800_123_456_789.into(),
        datagrams: 8.into(),
        bytes: 900.into(),
        records: 70.into(),
        records_lost: 6.into(),
        conflated: 5.into(),
        unscaled: 4.into(),
        send_errors: 3.into(),
        instruments: 2.into(),
        live_books: 1.into(),
        interval_ms: 1_000.into(),
        ..HeartbeatItem::ZERO
    };
    made(&Envelope { symbol: [0; NAME_BYTES], ..envelope(8) }, &[item])
}

fn orders_and_records() -> Vec<(&'static str, Vec<u8>)> {
    let order = |order_id: u64, price: i64, quantity: i64, reference: u64, kind, side| OrderItem {
        order_id: order_id.into(),
        price: price.into(),
        quantity: quantity.into(),
        reference: reference.into(),
        kind: kind as u8,
        side: TradeSide::of(side) as u8,
        ..OrderItem::ZERO
    };
    use wire::Side::{Ask, Bid};
    use wire::payload::Kind::{OrderAdd, OrderExecute, OrderReplace};
    let attribution = u64::from_be_bytes(*b"GSCO\0\0\0\0");
    let orders = [
        order(1001, 32_014_000_000, 10_000_000_000, attribution, OrderAdd, Bid),
        order(1001, 32_016_000_000, 7_000_000_000, 1002, OrderReplace, Ask),
        order(1002, 32_016_000_000, 2_000_000_000, 555, OrderExecute, Ask),
    ];
    let header = Header {
        quality: Quality::new(BookState::Live, Nature::Recorded),
        origin: Origin::new(1, Path::Live, StampBy::Poll),
        instrument: InstrumentId::new(Venue::Nasdaq, 13),
        sequence: 42,
        ts_venue: 1_580_374_800_000_000_001,
        ts_receive: 1_580_374_800_000_000_002,
    };
    let payload = Trade {
        price: 3_201_400,
        quantity: 100,
        trade_id: 555,
        aggressor: 2,
        flags: 6,
        condition: 64,
        matches: 3,
    };
    let simulated = Envelope {
        exchange: datagram_exchange("NASDAQ", Nature::Simulated).expect("fits"),
        is_last: false,
        ..envelope(10)
    };
    let record = RecordItem::of(&Record::new(header, payload));
    vec![("order", made(&envelope(9), &orders)), ("record", made(&simulated, &[record]))]
}

/// Every datagram of `golden.txt` as Rust writes it.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = trades_and_books();
    all.extend(statuses());
    all.push(("definition", definition()));
    all.push(("heartbeat", heartbeat()));
    all.extend(orders_and_records());
    all
}

#[test]
fn every_datagram_is_what_python_packed() {
    let golden: Vec<(&str, &str)> =
        include_str!("golden.txt").lines().filter_map(|line| line.split_once(' ')).collect();
    let made = all();
    assert_eq!(golden.len(), made.len());
    for ((name, hex), (ours, bytes)) in golden.into_iter().zip(&made) {
        assert_eq!(name, *ours);
        let found: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, hex, "{name}");
    }
}

#[test]
fn every_datagram_is_read_as_what_it_is() {
    for (name, bytes) in all() {
        let datagram = Datagram::parse(&bytes).unwrap_or_else(|reason| panic!("{name}: {reason}"));
        assert!(name.starts_with(match datagram.items.packet() {
            PacketType::OrderEvent => "order",
            packet => packet.name(),
        }));
        assert_eq!(datagram.bytes(), bytes.len());
        assert_eq!(start_of(datagram.sequence()), 1_580_374_800);
        assert_eq!(datagram.exchange_timestamp() + 1, datagram.local_timestamp());
        assert!(!is_text(bytes[0]));
    }
    let find = |wanted| all().into_iter().find(|(name, _)| *name == wanted).expect("golden").1;
    let bytes = find("trade");
    let datagram = Datagram::parse(&bytes).expect("golden");
    let Items::Trades(trades) = datagram.items else { panic!("trades") };
    assert_eq!((trades[1].price.get(), trades[1].side), (32_015_000_000, 1));
    assert_eq!((datagram.symbol(), datagram.exchange()), ("AAPL", "REC.NASDAQ"));
    assert_eq!((datagram.nature(), datagram.is_last()), (Nature::Recorded, true));
    let bytes = find("book_bid");
    let datagram = Datagram::parse(&bytes).expect("golden");
    assert!(datagram.is_bid() && !datagram.is_last());
    let bytes = find("record");
    let Items::Records([item]) = Datagram::parse(&bytes).expect("golden").items else {
        panic!("a record")
    };
    let trade: Trade = item.to_record().get().expect("a trade");
    assert_eq!((trade.price, item.to_record().sequence), (3_201_400, 42));
}
