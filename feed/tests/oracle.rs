//! Random feeds, right and wrong, through the lane and through the naive twin: the same books,
//! prints, gaps and states after every packet; and consumers that know only ORDERS, only LEVELS or
//! only TOP have the lane's book too.

mod common;

use common::collect::Collect;
use common::itch::{self, Add};
use common::packets::{end_of_session, give_line, heartbeat, mold};
use common::twin::{Print, Twin};
use common::view::View;
use feed::lane::Lane;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use wire::codes::GapHow;
use wire::payload::Trade;
use wire::{BookState, Kind, Side};

const STOCKS: [&str; 4] = ["AAPL", "MSFT", "QQQ", "Z"];

/// Numbers from which a message is made.
#[derive(Clone, Copy, Debug)]
struct Draw {
    kind: u8,
    stock: usize,
    /// Picks a resting order, or is a reference itself.
    pick: usize,
    wild: bool,
    shares: u32,
    price: u32,
    buys: bool,
}

/// What happens to a packet of these messages on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Lost,
    Twice,
    /// Arrives after the next one.
    Late,
    /// Comes again later, together with what came before it.
    Again,
    HeartbeatAfter,
    EndAfter,
    /// A new session begins with the next packet; then the last one of the old comes again.
    SessionAfter,
}

fn draws() -> impl Strategy<Value = Draw> {
    let who = (0u8..100, 0usize..STOCKS.len(), 0usize..64, prop::bool::weighted(0.12));
    (who, (0u32..80, 95u32..106, any::<bool>())).prop_map(|(who, what)| {
        let (kind, stock, pick, wild) = who;
        let (shares, price, buys) = what;
        // No shares is possible and rare.
        let shares = if wild { shares } else { shares + 1 };
        Draw { kind, stock, pick, wild, shares, price, buys }
    })
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        30 => Just(Fate::Arrives),
        1 => Just(Fate::Lost),
        3 => Just(Fate::Twice),
        1 => Just(Fate::Late),
        2 => Just(Fate::Again),
        2 => Just(Fate::HeartbeatAfter),
        1 => Just(Fate::EndAfter),
        1 => Just(Fate::SessionAfter),
    ]
}

/// The venue: what it would send next, given what it has sent.
#[derive(Default)]
struct Venue {
    books: Twin,
    /// Messages of the session.
    sent: Vec<Vec<u8>>,
    sessions: u64,
    references: u64,
    time: u64,
}

impl Venue {
    fn session(&self) -> [u8; 10] {
        format!("{:010}", self.sessions).as_bytes().try_into().expect("ten digits")
    }

    fn next_session(&mut self) {
        let sessions = self.sessions + 1;
        *self = Venue { sessions, time: self.time, ..Venue::default() };
    }

    /// Locates move with each session.
    fn locate(&self, stock: usize) -> u16 {
        ((stock as u64 + self.sessions) % STOCKS.len() as u64) as u16 + 1
    }

    fn message(&mut self, draw: Draw) -> Vec<u8> {
        self.time += 1;
        let Draw { kind, stock, pick, wild, shares, price, buys } = draw;
        let live = self.books.orders.len();
        // Mostly an order that rests, with its stock; now and then any number and any stock, or
        // more than the order has.
        let anything = wild && !pick.is_multiple_of(2);
        let (reference, locate) = if anything || live == 0 {
            (pick as u64, self.locate(stock))
        } else {
            let order = &self.books.orders[pick % live];
            let stock = STOCKS.iter().position(|name| *name == order.stock);
            (order.reference, self.locate(stock.expect("one of them")))
        };
        let resting = self.books.orders.iter().find(|order| order.reference == reference);
        let most = resting.map_or(shares, |order| order.shares as u32);
        let taken = if wild { shares } else { shares.min(most) };
        let at = (locate, self.time);
        self.references += 1;
        let fresh = if wild { pick as u64 } else { self.references };
        let (name, home) = (STOCKS[stock], (self.locate(stock), self.time));
        let add = Add {
            reference: fresh,
            side: if buys { b'B' } else { b'S' },
            shares,
            stock: name,
            price,
        };
        let message = match kind {
            0..38 => itch::add(home.0, home.1, add),
            38..42 => itch::add_attributed(home.0, home.1, add, b"GSCO"),
            42..52 => itch::executed(at.0, at.1, reference, taken, self.time),
            52..57 => {
                let printable = if buys { b'Y' } else { b'N' };
                itch::executed_at(at, (reference, taken, self.time), printable, price)
            }
            57..67 => itch::cancel(at.0, at.1, reference, taken),
            67..78 => itch::delete(at.0, at.1, reference),
            78..92 => itch::replace(at, (reference, fresh), shares, price),
            92..94 => itch::trade(home.0, home.1, name, (shares.max(1), price, self.time)),
            94 => itch::cross(
                home,
                name,
                (u64::from(shares.saturating_sub(1)), price, self.time),
                b'O',
            ),
            95 => itch::broken(at.0, at.1, self.time),
            96 => itch::directory(home.0, home.1, name),
            97 => itch::action(home.0, home.1, name, b'T', b"    "),
            98 => itch::imbalance(home, name, (1, 2), b'B', [price; 3]),
            _ => itch::system(self.time, b'Q'),
        };
        self.books.message(&message);
        self.sent.push(message.clone());
        message
    }
}

/// The receiving side: lane, twin, consumer.
struct Receiver {
    lane: Lane<Collect>,
    twin: Twin,
    view: View,
    /// Records and seat records that have been looked at.
    seen: usize,
    printed: Vec<Print>,
    now: u64,
}

impl Receiver {
    fn new() -> Receiver {
        let (twin, view) = (Twin::default(), View::default());
        Receiver { lane: common::lane(), twin, view, seen: 0, printed: Vec::new(), now: 0 }
    }

    fn take(&mut self, packet: &[u8], line: u8) {
        self.now += 1;
        self.twin.packet(packet);
        give_line(&mut self.lane, packet, line, self.now);
        let seat = std::mem::take(&mut self.lane.publisher.outlet.seat);
        self.view.take(&seat);
        self.view.assert_is(&self.lane.venue.books, STOCKS.len() as u32);
        self.compare_books();
        self.compare_prints();
        self.compare_counts();
    }

    fn compare_books(&self) {
        let lane = &self.lane;
        let names: Vec<String> = lane.venue.directory.rows().iter().map(|r| r.symbol()).collect();
        assert_eq!(names, self.twin.stocks);
        for (index, name) in (1..).zip(&names) {
            for (side, code) in [(Side::Bid, b'B'), (Side::Ask, b'S')] {
                let books = &lane.venue.books;
                let orders = books.orders(index, side).map(|o| (o.reference, o.price, o.quantity));
                assert_eq!(orders.collect::<Vec<_>>(), self.twin.queue(name, code), "{name}");
                let levels = books.levels(index, side).map(|l| (l.price, l.quantity, l.orders));
                let wanted = self.twin.levels(name, code);
                assert_eq!(levels.collect::<Vec<_>>(), wanted, "{name}");
                assert_eq!(books.depth(index, side), wanted.len());
            }
            let state = if self.twin.is_live(name) { BookState::Live } else { BookState::Gapped };
            assert_eq!(lane.venue.book_state(index, &lane.gaps), state, "{name}");
        }
        assert_eq!(lane.venue.books.live_orders(), self.twin.orders.len());
    }

    fn compare_prints(&mut self) {
        let records = &self.lane.publisher.outlet.records;
        for record in &records[self.seen..] {
            if let Some(trade) = record.get::<Trade>() {
                let stock = self.twin.stocks[record.instrument.index() as usize - 1].clone();
                self.printed.push((stock, trade.price, trade.quantity, trade.trade_id));
            }
            // What is said of a book is said with the book's state.
            if record.instrument.index() != 0 && record.kind() == Some(Kind::Level) {
                let state = record.quality.state();
                assert!(matches!(state, Some(BookState::Live | BookState::Gapped)));
            }
        }
        self.seen = records.len();
        assert_eq!(self.printed, self.twin.prints);
    }

    fn compare_counts(&self) {
        let (counts, twin) = (&self.lane.publisher.counts, &self.twin);
        let of = |names: &[&str]| -> u64 {
            counts.rejects().filter(|(name, _)| names.contains(name)).map(|(_, n)| n).sum()
        };
        let book: Vec<&str> = book::BookError::ALL.iter().map(|e| e.name()).collect();
        assert_eq!(counts.messages_total(), twin.taken);
        assert_eq!(counts.copies, twin.copies);
        assert_eq!(counts.sessions, twin.sessions);
        assert_eq!(of(&["old_session"]), twin.late);
        assert_eq!(of(&["unknown_locate"]), twin.strangers);
        assert_eq!(of(&book), twin.contradictions);
        let rest = twin.late + twin.strangers + twin.contradictions;
        assert_eq!(counts.rejects().map(|(_, n)| n).sum::<u64>(), rest, "nothing else");
        let outlet = &self.lane.publisher.outlet;
        let gaps: Vec<_> = outlet.opened.iter().map(|gap| (gap.first, gap.end)).collect();
        assert_eq!(gaps, twin.gaps);
        assert_eq!((self.lane.gaps.declared(), self.lane.gaps.missing()), {
            (gaps.len() as u64, twin.missing())
        });
        assert!(outlet.closed.iter().all(|(_, how, _)| *how == GapHow::SessionRoll));
        // Steps: each message taken, each session's start and end, each gap's begin and end.
        assert_eq!(outlet.ended.last().copied(), Some(counts.steps));
        assert_eq!(outlet.ended.len() as u64, counts.steps);
        assert!(outlet.records.iter().all(|r| r.sequence <= counts.steps));
    }
}

/// Sends packets of messages, each with its fate.
fn run(packets: Vec<(Vec<Draw>, Fate)>) -> Receiver {
    let (mut venue, mut receiver) = (Venue::default(), Receiver::new());
    let mut late: Option<Vec<u8>> = None;
    for (draws, fate) in packets {
        let first = venue.sent.len() as u64 + 1;
        let messages: Vec<_> = draws.into_iter().map(|draw| venue.message(draw)).collect();
        let (session, next) = (venue.session(), venue.sent.len() as u64 + 1);
        let packet = mold(&session, first, &messages);
        match fate {
            Fate::Lost => {}
            Fate::Late => late = Some(packet.clone()),
            _ => receiver.take(&packet, 1),
        }
        match fate {
            Fate::Twice => receiver.take(&packet, 2),
            Fate::Again => {
                let from = first.saturating_sub(3).max(1);
                receiver.take(&mold(&session, from, &venue.sent[from as usize - 1..]), 2);
            }
            Fate::HeartbeatAfter => receiver.take(&heartbeat(&session, next), 1),
            Fate::EndAfter => receiver.take(&end_of_session(&session, next), 1),
            Fate::SessionAfter => {
                venue.next_session();
                let opening = venue.message(Draw { kind: 99, ..NOTHING });
                receiver.take(&mold(&venue.session(), 1, &[opening]), 1);
                receiver.take(&packet, 2);
            }
            Fate::Late | Fate::Lost | Fate::Arrives => {}
        }
        if !matches!(fate, Fate::Late)
            && let Some(packet) = late.take()
        {
            receiver.take(&packet, 1);
        }
    }
    receiver
}

const NOTHING: Draw =
    Draw { kind: 99, stock: 0, pick: 0, wild: false, shares: 1, price: 1, buys: true };

fn settings(cases: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(0x4054_1A4E);
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(settings(512))]

    #[test]
    fn lane_twin_and_consumers_agree_after_every_packet(
        packets in vec((vec(draws(), 1..5), fates()), 1..90)
    ) {
        run(packets);
    }
}

proptest! {
    #![proptest_config(settings(96))]

    #[test]
    fn they_agree_on_long_sessions_without_loss(
        packets in vec((vec(draws(), 1..9), Just(Fate::Arrives)), 60..160)
    ) {
        let receiver = run(packets);
        prop_assert_eq!(receiver.twin.gaps.len(), 0);
        prop_assert!(receiver.twin.taken > 60);
    }
}

/// The property is worth something only if the draws reach every case.
#[test]
fn the_draws_reach_every_case() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::new(settings(1));
    let packets = vec((vec(draws(), 1..5), fates()), 3_000);
    let packets = packets.new_tree(&mut runner).expect("a value").current();
    let receiver = run(packets);
    let counts = &receiver.lane.publisher.counts;
    let refused: Vec<&str> = common::refusals(&receiver.lane).iter().map(|(n, _)| *n).collect();
    for name in [
        "unknown_reference",
        "duplicate_reference",
        "wrong_instrument",
        "zero_quantity",
        "over_execution",
        "over_reduction",
        "unknown_locate",
        "old_session",
    ] {
        assert!(refused.contains(&name), "{name} is not reached: {refused:?}");
    }
    assert!(counts.sessions > 20 && receiver.twin.gaps.len() > 20 && counts.copies > 100);
    assert!(counts.crossed > 50 && counts.locked > 20);
    for kind in [Kind::OrderReduce, Kind::OrderReplace, Kind::BookStateChange, Kind::Top] {
        assert!(counts.records().any(|(known, n)| known == kind && n > 50), "{kind:?}");
    }
    let live = receiver.lane.publisher.outlet.records.iter();
    let live = live.filter(|r| r.quality.state() == Some(BookState::Live)).count();
    assert!(live > 1_000, "{live} records of live books");
}
