//! The state machine, record by record.

use client::{BookSet, BookSpec, Event};
use feed::publish::multicast::{Machine, Plan, Rows};
use shm::seat::Filter;
use wire::codes::{BookCause, DefinitionAction, GapHow};
use wire::datagram::{Datagram, Items, PacketType, TextLine, is_text};
use wire::instrument::put_text;
use wire::payload::{
    BookBegin, BookEnd, Definition, GapBegin, GapEnd, Level, Lost, Payload, Trade,
};
use wire::{
    BookState, Header, InstrumentId, InstrumentRow, Nature, Origin, Quality, Record, Side, Venue,
};

/// When every test begins, ns UTC.
pub const START: u64 = 1_700_000_000_000_000_000;

/// What is published by default, in batches of `room`.
pub fn plan(depth: usize, room: usize) -> Plan {
    Plan { start_ns: START, depth, trades: true, books: true, orders: false, records: false, room }
}

/// An instrument table in memory.
#[derive(Default)]
pub struct Table(Vec<InstrumentRow>);

impl Rows for Table {
    fn count(&self, _lane: usize) -> u32 {
        self.0.len() as u32
    }
    fn row(&self, _lane: usize, place: u32) -> Option<InstrumentRow> {
        self.0.get(place as usize).copied()
    }
}

/// A machine with one lane.
pub struct Rig {
    pub machine: Machine,
    pub books: BookSet,
    pub table: Table,
    pub step: u64,
    pub nature: Nature,
}

pub fn id(index: u32) -> InstrumentId {
    InstrumentId::new(Venue::Nasdaq, index)
}

impl Rig {
    /// Instruments of these names, numbered from 1, prices in 10^-4.
    pub fn new(plan: Plan, names: &[&str]) -> Rig {
        let mut table = Table::default();
        let mut channel = InstrumentRow { instrument: id(0), ..InstrumentRow::ZERO };
        put_text(&mut channel.datagram_exchange, "NASDAQ");
        table.0.push(channel);
        for (index, name) in (1..).zip(names) {
            let mut row = InstrumentRow { instrument: id(index), price_exp: -4, ..channel };
            put_text(&mut row.native_symbol, name);
            put_text(&mut row.datagram_symbol, name);
            table.0.push(row);
        }
        let filter = Filter::all(plan.classes());
        let mut rig = Rig {
            machine: Machine::new(plan),
            books: BookSet::new(BookSpec::default()),
            table,
            step: 0,
            nature: Nature::Recorded,
        };
        rig.machine.begin(usize::MAX);
        rig.event(&Event::Attached { lane: 0, generation: 1, instruments: 16, filter: &filter });
        rig
    }

    pub fn event(&mut self, event: &Event<'_>) {
        self.books.on(event);
        self.machine.event(event, &self.table);
    }

    pub fn row(&mut self, index: u32) -> &mut InstrumentRow {
        &mut self.table.0[index as usize]
    }

    /// The next step of an instrument, at so many ns after the start.
    pub fn give<P: Payload>(&mut self, index: u32, ns: u64, quality: Quality, payload: P) {
        self.step += 1;
        let header = Header {
            quality: Quality(quality.0 | (self.nature as u8) << 3),
            origin: Origin(0),
            instrument: id(index),
            sequence: self.step,
            ts_venue: START + ns,
            ts_receive: START + ns,
        };
        let record = Record::new(header, payload);
        self.event(&Event::Record { lane: 0, record: &record });
    }

    /// A refresh with these levels: side, price, quantity, best first, bids before asks.
    pub fn refresh(&mut self, index: u32, state: BookState, levels: &[(Side, i64, i64)]) {
        let quality = Quality::new(state, Nature::Live).snapshot();
        let of = |side| levels.iter().filter(|level| level.0 == side).count() as u32;
        let (bids, asks) = (of(Side::Bid), of(Side::Ask));
        self.give(index, 0, quality, BookBegin { bids, asks, ..BookBegin::default() });
        for &(side, price, quantity) in levels {
            let level = Level { price, quantity, ..Level::default() };
            self.give(index, 0, quality.side(side), level);
        }
        let end = BookEnd { bids, asks, ..BookEnd::default() };
        self.give(index, 0, quality.end_of_event(), end);
    }

    /// A level that changes, as the last of its event or not.
    pub fn level(&mut self, index: u32, level: (Side, i64, i64), is_end: bool) {
        let (side, price, quantity) = level;
        let quality = Quality::new(BookState::Live, Nature::Live).side(side);
        let quality = if is_end { quality.end_of_event() } else { quality };
        self.give(index, 10, quality, Level { price, quantity, ..Level::default() });
    }

    pub fn trade(&mut self, index: u32, ns: u64, trade_id: u64, price: i64) {
        let quality = Quality::new(BookState::Live, Nature::Live).end_of_event();
        self.give(index, ns, quality, Trade { trade_id, price, quantity: 3, ..Trade::default() });
    }

    /// A round so many ns after the start: the datagrams in their order, with their groups.
    pub fn round(&mut self, ns: u64) -> Vec<(usize, Vec<u8>)> {
        self.round_of(ns, usize::MAX)
    }

    /// The same; the next one may send `allowance` datagrams.
    pub fn round_of(&mut self, ns: u64, allowance: usize) -> Vec<(usize, Vec<u8>)> {
        let now = START + ns;
        self.machine.periodic(now, &self.books, &self.table);
        self.machine.books(&self.books, false);
        self.machine.finish(now);
        let all = self.machine.datagrams().map(|(group, bytes)| (group, bytes.to_vec())).collect();
        self.machine.sent(0);
        self.machine.begin(allowance);
        all
    }

    /// Rounds until nothing new comes, so that only what follows is seen.
    pub fn settle(&mut self) {
        self.round(1);
        assert!(only(&self.round(2), |_| true).is_empty());
    }
}

/// Datagrams that are no text, checked, that pass.
pub fn only(all: &[(usize, Vec<u8>)], keep: impl Fn(&Datagram<'_>) -> bool) -> Vec<Datagram<'_>> {
    let parse = |bytes| Datagram::parse(bytes).expect("a datagram");
    let numbered = all.iter().filter(|(_, bytes)| !is_text(bytes[0]));
    numbered.map(|(_, bytes)| parse(bytes)).filter(|datagram| keep(datagram)).collect()
}

fn of_type(all: &[(usize, Vec<u8>)], packet: PacketType) -> Vec<Datagram<'_>> {
    only(all, |datagram| datagram.items.packet() == packet)
}

const BOOK: [(Side, i64, i64); 4] =
    [(Side::Bid, 100, 5), (Side::Bid, 99, 6), (Side::Ask, 101, 7), (Side::Ask, 102, 8)];

#[test]
fn trades_of_one_symbol_and_time_share_datagrams_of_seven_in_their_order() {
    let mut rig = Rig::new(plan(10, 256), &["A", "B"]);
    (0..16).for_each(|n| rig.trade(1 + n % 2, 5, u64::from(n), 1_000 + i64::from(n)));
    rig.trade(1, 6, 16, 2_000);
    let all = rig.round(10);
    let trades = of_type(&all, PacketType::Trade);
    let counts: Vec<_> = trades.iter().map(|d| (d.symbol(), d.items.count())).collect();
    let of = |symbol| counts.iter().filter(|(s, _)| *s == symbol).map(|c| c.1).collect::<Vec<_>>();
    assert_eq!((of("A"), of("B")), (vec![7, 1, 1], vec![7, 1]));
    for symbol in ["A", "B"] {
        let of_symbol = trades.iter().filter(|d| d.symbol() == symbol);
        let ids = of_symbol.flat_map(|d| match d.items {
            Items::Trades(items) => items.iter().map(|t| t.trade_id.get()).collect::<Vec<_>>(),
            _ => panic!("trades"),
        });
        assert!(ids.is_sorted());
    }
    assert_eq!(rig.machine.counts().trades, 17);
}

#[test]
fn a_book_is_sent_whole_by_sides_and_only_when_its_first_levels_change() {
    let mut rig = Rig::new(plan(2, 256), &["A"]);
    rig.refresh(1, BookState::Live, &BOOK);
    let all = rig.round(1);
    let books = of_type(&all, PacketType::Book);
    let sides: Vec<_> = books.iter().map(|d| (d.is_bid(), d.items.count(), d.is_last())).collect();
    assert_eq!(sides, [(true, 2, true), (false, 2, true)]);
    // Below the second level, and a change that is taken back: nothing to say.
    rig.level(1, (Side::Bid, 90, 1), true);
    rig.level(1, (Side::Ask, 101, 9), true);
    rig.level(1, (Side::Ask, 101, 7), true);
    assert!(of_type(&rig.round(2), PacketType::Book).is_empty());
    // The side is emptied: said with no items.
    rig.level(1, (Side::Ask, 101, 0), true);
    rig.level(1, (Side::Ask, 102, 0), true);
    let all = rig.round(3);
    let books = of_type(&all, PacketType::Book);
    let sides: Vec<_> = books.iter().map(|d| (d.is_bid(), d.items.count(), d.is_last())).collect();
    assert_eq!(sides, [(false, 0, true)]);
    assert_eq!(rig.machine.counts().conflated, 3);
}

#[test]
fn a_book_is_never_sent_from_the_middle_of_an_event() {
    let mut rig = Rig::new(plan(10, 256), &["A"]);
    rig.refresh(1, BookState::Live, &BOOK);
    rig.settle();
    rig.level(1, (Side::Bid, 100, 0), false);
    assert!(of_type(&rig.round(3), PacketType::Book).is_empty());
    // Nor by its turn.
    assert!(of_type(&rig.round(4_600_000_000), PacketType::Book).is_empty());
    rig.level(1, (Side::Bid, 98, 1), true);
    let all = rig.round(4_700_000_000);
    let [bid, _] = of_type(&all, PacketType::Book)[..] else { panic!("both sides: it was due") };
    let Items::Book(levels) = bid.items else { panic!("a book") };
    assert_eq!(levels.iter().map(|l| l.price.get()).collect::<Vec<_>>(), [990_000, 980_000]);
}

#[test]
fn a_gap_is_said_once_a_book_and_silence_follows_until_it_is_healed() {
    let mut rig = Rig::new(plan(10, 256), &["A", "B"]);
    [1, 2].into_iter().for_each(|index| rig.refresh(index, BookState::Live, &BOOK));
    rig.settle();
    let gapped = Quality::new(BookState::Gapped, Nature::Live).end_of_event();
    rig.give(0, 5, gapped, GapBegin { first: 7, end: 9, ..GapBegin::default() });
    let all = rig.round(6);
    let said: Vec<_> = of_type(&all, PacketType::Status).iter().map(|d| d.symbol()).collect();
    assert_eq!(said, ["", "A", "B"]);
    for datagram in of_type(&all, PacketType::Status) {
        let Items::Statuses([item]) = datagram.items else { panic!("one state") };
        assert_eq!((item.book_state, item.cause), (BookState::Gapped as u8, BookCause::Gap as u8));
    }
    // Changes and turns: nothing but definitions.
    rig.give(1, 7, gapped, Level { price: 97, quantity: 1, ..Level::default() });
    for ns in [7, 4_600_000_000, 9_200_000_000] {
        let all = rig.round(ns);
        let said = only(&all, |d| {
            !matches!(d.items.packet(), PacketType::Definition | PacketType::Heartbeat)
        });
        assert!(said.is_empty(), "{said:?}");
    }
    let live = Quality::new(BookState::Live, Nature::Live).end_of_event();
    let how = GapHow::Retransmission as u8;
    rig.give(0, 8, live, GapEnd { first: 7, end: 9, how, ..GapEnd::default() });
    let all = rig.round(9_300_000_000);
    assert_eq!(of_type(&all, PacketType::Status).len(), 3);
    assert_eq!(of_type(&all, PacketType::Book).len(), 4, "both sides of both");
}

#[test]
fn what_the_scale_cannot_hold_goes_as_records_and_is_counted() {
    let mut rig = Rig::new(plan(10, 256), &["A"]);
    rig.row(1).price_exp = -10;
    rig.trade(1, 5, 1, 12_345);
    rig.trade(1, 5, 2, 12_300);
    rig.refresh(1, BookState::Live, &[(Side::Bid, 155, 5), (Side::Ask, 200, 6)]);
    let all = rig.round(10);
    let [trade] = of_type(&all, PacketType::Trade)[..] else { panic!("one trade") };
    let Items::Trades([item]) = trade.items else { panic!("one item") };
    assert_eq!((item.trade_id.get(), item.price.get()), (2, 123));
    let records: Vec<Record> = of_type(&all, PacketType::Record)
        .iter()
        .flat_map(|d| match d.items {
            Items::Records(items) => items.iter().map(|i| i.to_record()).collect::<Vec<_>>(),
            _ => panic!("records"),
        })
        .collect();
    let trades: Vec<Trade> = records.iter().filter_map(Record::get).collect();
    assert_eq!(trades.iter().map(|t| t.price).collect::<Vec<_>>(), [12_345]);
    let levels: Vec<Level> = records.iter().filter_map(Record::get).collect();
    assert_eq!(levels.iter().map(|l| (l.price, l.position)).collect::<Vec<_>>(), [(155, 1)]);
    let level = records.iter().find(|r| r.get::<Level>().is_some()).expect("a level");
    assert!(level.quality.is_snapshot() && level.quality.get_side() == Side::Bid);
    // The other side is exact.
    let [ask] = of_type(&all, PacketType::Book)[..] else { panic!("one side") };
    assert!(!ask.is_bid());
    assert_eq!(rig.machine.counts().unscaled, 2);
}

#[test]
fn what_is_not_live_has_other_names_and_another_group() {
    let mut rig = Rig::new(plan(10, 256), &["A", "A-VERY-LONG-SYMBOL-INDEED"]);
    rig.refresh(1, BookState::Live, &BOOK);
    rig.trade(2, 1, 1, 100);
    let all = rig.round(1);
    assert!(all.iter().all(|(group, _)| *group == 3));
    assert!(only(&all, |d| d.exchange() != "REC.NASDAQ").is_empty());
    let long = of_type(&all, PacketType::Trade);
    assert_eq!(long[0].symbol(), "~01000002");
    rig.nature = Nature::Live;
    rig.trade(1, 2, 2, 100);
    let all = rig.round(2);
    assert!(all.iter().all(|(group, _)| *group == 1), "live stock");
    assert!(only(&all, |d| d.exchange() != "NASDAQ").is_empty());
    // Everything that is known is said there.
    assert_eq!(of_type(&all, PacketType::Definition).len(), 2);
    assert_eq!(of_type(&all, PacketType::Book).len(), 2);
    assert!(of_type(&all, PacketType::Book).iter().all(|d| d.symbol() == "A"));
}

#[test]
fn numbers_begin_with_one_and_have_no_hole() {
    let mut rig = Rig::new(plan(10, 256), &["A", "B", "C"]);
    let mut next = 1;
    for n in 0..50u64 {
        rig.trade(1 + (n % 3) as u32, n, n, 100);
        rig.refresh(1 + (n % 2) as u32, BookState::Live, &[(Side::Bid, 100 + n as i64, 1)]);
        let all = rig.round(n * 300_000_000);
        for datagram in only(&all, |_| true) {
            assert_eq!(datagram.sequence(), (START / 1_000_000_000) << 32 | next);
            assert_eq!(datagram.local_timestamp(), START + n * 300_000_000);
            next += 1;
        }
    }
    assert!(next > 100, "{next}");
}

#[test]
fn what_the_seat_lost_is_said_at_once_and_with_every_state_after() {
    let mut rig = Rig::new(plan(10, 256), &["A"]);
    rig.refresh(1, BookState::Live, &BOOK);
    rig.settle();
    let lost = Lost { first_step: 5, last_step: 9, records: 40, trades: 3, instruments: 1 };
    rig.give(0, 5, Quality::new(BookState::Live, Nature::Live).end_of_event(), lost);
    let all = rig.round(6);
    let [record] = of_type(&all, PacketType::Record)[..] else { panic!("the record") };
    let Items::Records([item]) = record.items else { panic!("one") };
    assert_eq!((record.symbol(), item.to_record().get::<Lost>()), ("", Some(lost)));
    let states = of_type(&all, PacketType::Status);
    assert_eq!(states.iter().map(|d| d.symbol()).collect::<Vec<_>>(), ["", "A"]);
    for state in states {
        let Items::Statuses([item]) = state.items else { panic!("one state") };
        assert_eq!((item.trades_lost.get(), item.book_state), (3, BookState::Building as u8));
        assert_eq!(item.cause, BookCause::Lost as u8);
    }
    // Its refresh makes the book known again.
    rig.refresh(1, BookState::Live, &BOOK);
    assert_eq!(of_type(&rig.round(7), PacketType::Book).len(), 2);
    let counts = rig.machine.counts();
    assert_eq!((counts.records_lost, counts.trades_lost), (40, 3));
}

#[test]
fn an_instrument_that_is_removed_is_said_so_and_then_no_more() {
    let mut rig = Rig::new(plan(10, 256), &["A", "B"]);
    [1, 2].into_iter().for_each(|index| rig.refresh(index, BookState::Live, &BOOK));
    rig.settle();
    let quality = Quality::new(BookState::None, Nature::Live).end_of_event();
    let define = |action: DefinitionAction| Definition {
        action: action as u8,
        price_exp: -4,
        ..Definition::default()
    };
    rig.give(1, 5, quality, define(DefinitionAction::Remove));
    let all = rig.round(6);
    let [removed] = of_type(&all, PacketType::Definition)[..] else { panic!("one") };
    let Items::Definition(item) = removed.items else { panic!("a definition") };
    assert_eq!((removed.symbol(), item.action), ("A", DefinitionAction::Remove as u8));
    let all = rig.round(4_600_000_000);
    assert!(only(&all, |d| d.symbol() == "A").is_empty());
    assert_eq!(of_type(&all, PacketType::Definition).len(), 1, "B has its turn");
    let lines: Vec<_> = rig.round(5_100_000_000);
    let line = lines.iter().find_map(|(_, bytes)| TextLine::parse(bytes).ok()).expect("a line");
    assert!(matches!(line, TextLine::Exchange { instruments: 1, .. }), "{line}");
    // It comes back with all that is known of it.
    rig.give(1, 7, quality, define(DefinitionAction::Add));
    rig.level(1, (Side::Bid, 100, 4), true);
    let all = rig.round(5_200_000_000);
    assert!(!only(&all, |d| d.symbol() == "A").is_empty());
}

#[test]
fn all_instruments_have_their_turn_in_five_seconds_and_evenly() {
    let names: Vec<String> = (1..=12).map(|n| format!("S{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut rig = Rig::new(plan(10, 256), &names);
    (1..=12).for_each(|index| rig.refresh(index, BookState::Live, &BOOK));
    rig.settle();
    let mut last = std::collections::BTreeMap::<String, u64>::new();
    for ms in 0..20_000u64 {
        let all = rig.round(ms * 1_000_000 + 3);
        let definitions = of_type(&all, PacketType::Definition);
        assert!(definitions.len() <= 1, "evenly");
        for datagram in definitions {
            let before = last.insert(datagram.symbol().to_owned(), ms).unwrap_or(0);
            assert!(ms - before <= 5_000, "{} after {} ms", datagram.symbol(), ms - before);
            assert_eq!(only(&all, |d| d.symbol() == datagram.symbol()).len(), 3, "with its book");
        }
    }
    assert_eq!(last.len(), 12);
    assert!(last.values().all(|ms| *ms > 15_000));
    assert_eq!(rig.machine.counts().late_cycles, 0);
}
