//! A publisher for tests: datagrams of its own making, sent to a group on loopback.

use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::atomic::{AtomicU8, Ordering};

use socket2::{Domain, Socket, Type};
use wire::datagram::*;
use wire::instrument::put_text;
use wire::{InstrumentId, Nature};

/// Unix second of the first life.
pub const START: u32 = 1_700_000_000;

/// A group that no other test of this process uses, nor another process of these tests.
pub fn group() -> SocketAddrV4 {
    static NEXT: AtomicU8 = AtomicU8::new(128);
    // Relaxed: only the number itself matters.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    let ip = Ipv4Addr::new(239, number, (process >> 8) as u8, process as u8);
    SocketAddrV4::new(ip, 20_000 + u16::from(number))
}

/// A life of a publisher on one group: makes numbered datagrams.
pub struct Publisher {
    start: u32,
    counter: u64,
    exchange: [u8; NAME_BYTES],
}

impl Publisher {
    pub fn new(start: u32, product: &str, nature: Nature) -> Publisher {
        let exchange = datagram_exchange(product, nature).expect("fits");
        Publisher { start, counter: 0, exchange }
    }

    /// The next numbers are lost.
    pub fn skip(&mut self, count: u64) {
        self.counter += count;
    }

    fn make<I: Item>(&mut self, symbol: &str, is_bid: bool, is_last: bool, items: &[I]) -> Vec<u8> {
        self.counter += 1;
        let symbol = match symbol {
            "" => [0; NAME_BYTES],
            name => datagram_symbol(name, InstrumentId(0x0100_0007)),
        };
        let envelope = Envelope {
            sequence: sequence(self.start, self.counter),
            exchange_timestamp: 1_700_000_000_000_000_000 + self.counter,
            local_timestamp: 1_700_000_000_000_100_000 + self.counter,
            symbol,
            exchange: self.exchange,
            is_last,
            is_bid,
        };
        let mut buffer = [0; MAX_DATAGRAM];
        let length = write(&mut buffer, &envelope, items).expect("fits");
        buffer[..length].to_vec()
    }

    /// Trades of these prices and quantities, 10^-8; the numbers count from 1.
    pub fn trades(&mut self, symbol: &str, all: &[(i64, i64)]) -> Vec<u8> {
        let item = |(at, &(price, quantity)): (usize, &(i64, i64))| TradeItem {
            trade_id: (at as u64 + 1).into(),
            price: price.into(),
            quantity: quantity.into(),
            side: TradeSide::Buy as u8,
            ..TradeItem::ZERO
        };
        let items: Vec<TradeItem> = all.iter().enumerate().map(item).collect();
        self.make(symbol, false, true, &items)
    }

    pub fn book(&mut self, symbol: &str, is_bid: bool, last: bool, all: &[(i64, i64)]) -> Vec<u8> {
        let item = |&(price, quantity): &(i64, i64)| BookItem {
            price: price.into(),
            quantity: quantity.into(),
        };
        let items: Vec<BookItem> = all.iter().map(item).collect();
        self.make(symbol, is_bid, last, &items)
    }

    pub fn status(&mut self, symbol: &str, book: wire::BookState) -> Vec<u8> {
        let none = wire::NONE.into();
        let trading_state = wire::codes::TradingState::Halted as u8;
        let item = StatusItem {
            book_state: book as u8,
            trading_state,
            reason: *b"T1\0\0",
            lower_band: none,
            upper_band: none,
            ..StatusItem::ZERO
        };
        self.make(symbol, false, true, &[item])
    }

    pub fn definition(&mut self, symbol: &str, name: &str) -> Vec<u8> {
        let mut item = DefinitionItem {
            instrument: 0x0100_0007.into(),
            price_exp: -4,
            tick: 100.into(),
            lot: 1.into(),
            strike: wire::NONE.into(),
            ..DefinitionItem::ZERO
        };
        put_text(&mut item.native_symbol, name);
        self.make(symbol, false, true, &[item])
    }

    pub fn heartbeat(&mut self) -> Vec<u8> {
        let item = HeartbeatItem {
            datagrams: (self.counter + 1).into(),
            instruments: 3.into(),
            live_books: 2.into(),
            interval_ms: 1_000.into(),
            ..HeartbeatItem::ZERO
        };
        self.make("", false, true, &[item])
    }
}

/// Sends to a group on loopback.
pub fn sender(group: SocketAddrV4) -> impl Fn(&[u8]) {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("loopback");
    socket.set_multicast_loop_v4(true).expect("looped back");
    let socket: UdpSocket = socket.into();
    move |bytes: &[u8]| {
        let sent = socket.send_to(bytes, group).expect("sent");
        assert_eq!(sent, bytes.len());
    }
}

/// Trades, both sides of a book in several datagrams, a hole of two, a repeat, text and what is
/// none of these.
pub fn session() -> Vec<Vec<u8>> {
    let mut of = Publisher::new(START, "NASDAQ", Nature::Recorded);
    let unit = 100_000_000;
    let side = |best: i64, step: i64, count: i64| -> Vec<(i64, i64)> {
        (0..count).map(|n| (best + n * step, (n + 1) * unit)).collect()
    };
    let bids = side(320 * unit, -unit / 100, 10);
    let asks = side(321 * unit, unit / 100, 3);
    let mut all = vec![
        of.definition("AAPL", "AAPL"),
        of.book("AAPL", true, false, &bids[..7]),
        of.book("AAPL", true, true, &bids[7..]),
        of.book("AAPL", false, true, &asks),
        of.trades("AAPL", &[(320 * unit, 5 * unit), (321 * unit + 1, unit / 2)]),
        of.trades("MSFT", &[(170 * unit, unit)]),
    ];
    of.skip(2);
    all.push(of.heartbeat());
    all.push(all[5].clone());
    all.push(b"EXCHANGE|REC.NASDAQ|stock|8906,2|1700000000000000000".to_vec());
    all.push(b"STATS|REC.NASDAQ|3|3|1700000000000000000".to_vec());
    all.push(b"CONN|REC.NASDAQ|1|1|0|2".to_vec());
    all.push(b"HELLO".to_vec());
    all.push(vec![2; 98]);
    all.push(of.status("MSFT", wire::BookState::Gapped));
    all
}
