//! Whatever the market does and however slow the consumer is: after draining and the refreshes,
//! its books are the producer's; and at any time a book that is called proven is right.

mod common;

use client::books::BookSpec;
use client::{BookSet, Client, Event, FilterSpec, Policy, Wanted};
use common::naive::Op;
use common::*;
use proptest::prelude::*;
use shm::seat::Counter;
use wire::codes::GapHow;
use wire::{BookState, Class, Kind};

const ORDERS: u8 = Class::Orders.bit();
const LEVELS: u8 = Class::Levels.bit();
const TOP: u8 = Class::Top.bit();
const TRADES: u8 = Class::Trades.bit();

/// One thing that happens in a run.
#[derive(Clone, Debug)]
enum Act {
    Market(Op),
    /// More than a small ring holds, without a look at the consumer.
    Burst(Vec<Op>),
    /// The lane ends its poll; `true`: it found nothing.
    EndPoll(bool),
    /// The consumer polls so often.
    Consume(u8),
    Resync,
    /// Other instruments are wanted: a bit each; 0 = all.
    Want(u8),
    /// A gap begins, or the open one is healed.
    Gap,
    Session,
}

fn op() -> impl Strategy<Value = Op> {
    (1_u32..5, 0_u8..10, any::<bool>(), any::<u8>(), any::<u8>(), any::<u8>()).prop_map(
        |(instrument, what, side, price, quantity, pick)| Op {
            instrument,
            what,
            side,
            price,
            quantity,
            pick,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        60 => op().prop_map(Act::Market),
        2 => prop::collection::vec(op(), 20..120).prop_map(Act::Burst),
        16 => any::<bool>().prop_map(Act::EndPoll),
        16 => (0_u8..4).prop_map(Act::Consume),
        1 => Just(Act::Resync),
        2 => (0_u8..16).prop_map(Act::Want),
        2 => Just(Act::Gap),
        1 => Just(Act::Session),
    ]
}

fn seat() -> impl Strategy<Value = (u8, Policy)> {
    prop::sample::select(vec![
        (ORDERS, Policy::Lose),
        (ORDERS | TRADES, Policy::Lose),
        (LEVELS, Policy::Lose),
        (TOP, Policy::Lose),
        (TOP | TRADES, Policy::Conflate),
        (ORDERS | LEVELS | TOP | TRADES, Policy::Lose),
        (LEVELS | TOP, Policy::Lose),
    ])
}

struct Run {
    handler: Handler,
    client: Client,
    books: BookSet,
    lost: u64,
}

impl Run {
    fn poll(&mut self) -> usize {
        let (books, lost) = (&mut self.books, &mut self.lost);
        self.client.poll(|event| {
            if let Event::Record { record, .. } = event {
                *lost += u64::from(record.kind == Kind::Lost as u8);
            }
            books.on(&event);
        })
    }

    fn drain(&mut self) {
        while self.poll() > 0 {}
    }

    /// Both sides run until nothing is pending.
    fn settle(&mut self) {
        for _ in 0..400 {
            self.handler.beat();
            self.handler.lanes[0].end_poll(true);
            self.drain();
        }
        assert_eq!(self.handler.lanes[0].fanout.refreshes_pending(0), 0);
    }

    fn quiet_polls(&mut self) {
        self.handler.lanes[0].end_poll(false);
        self.drain();
    }

    /// The gap is healed, every refresh has come, and whatever doubt cannot end is ended.
    fn come_to_rest(&mut self) {
        if self.handler.lanes[0].state == BookState::Gapped {
            self.toggle_gap();
        }
        self.settle();
        if self.books.lane(0).is_some_and(|books| books.needs_resync()) {
            self.client.resync();
            self.settle();
        }
        self.handler.lanes[0].vouch();
        self.settle();
    }

    /// Every wanted book, and no other, is there and equal.
    fn check_end(&self, filter: &FilterSpec) -> Result<(), TestCaseError> {
        let lane = &self.handler.lanes[0];
        let books = self.books.lane(0).expect("books");
        if lane.fanout.counters(0)[Counter::TooLarge.index()] > 0 {
            // A book is larger than the ring and never comes: then nothing wrong may be usable.
            for index in (1..5).filter(|index| books.usable(id(*index))) {
                prop_assert_eq!(lane.naive.difference(index, books), None);
            }
            return Ok(());
        }
        for index in 1..5 {
            let symbol = format!("S{index}");
            let is_wanted = filter.instruments.names(&symbol, &symbol);
            prop_assert_eq!(books.complete(id(index)), is_wanted, "instrument {}", index);
            if is_wanted {
                prop_assert_eq!(lane.naive.difference(index, books), None);
                prop_assert!(books.usable(id(index)), "{:?}", books.state(id(index)));
            }
        }
        prop_assert_eq!(books.counts().total(), 0, "{:?}", books.counts());
        prop_assert_eq!(self.client.lanes()[0].stats().out_of_order, 0);
        Ok(())
    }

    fn toggle_gap(&mut self) {
        let lane = &mut self.handler.lanes[0];
        if lane.state == BookState::Gapped {
            lane.gap_end(GapHow::Retransmission);
        } else {
            lane.gap_begin();
        }
    }

    /// Every proven book of a drained consumer is the producer's, unless the producer has a loss
    /// that it could not declare yet or books that it withholds without saying so (conflation).
    fn check_proven(&self) -> Result<(), TestCaseError> {
        let lane = &self.handler.lanes[0];
        let Some(books) = self.books.lane(0) else { return Ok(()) };
        if lane.fanout.silent() != 0 {
            return Ok(());
        }
        for index in 1..5 {
            if books.proven(id(index)) {
                prop_assert_eq!(lane.naive.difference(index, books), None);
            }
            prop_assert!(!books.usable(id(index)) || lane.state == BookState::Live);
        }
        Ok(())
    }
}

fn wanted(bits: u8) -> Wanted {
    if bits == 0 {
        return Wanted::All;
    }
    let names = (1..5).filter(|index| bits >> (index - 1) & 1 != 0);
    Wanted::Symbols(names.map(|index| format!("S{index}")).collect())
}

/// What is asked for in a run, and whether the producer has heard of the last change.
struct Asked {
    filter: FilterSpec,
    unheard: bool,
}

fn act_on(run: &mut Run, asked: &mut Asked, act: Act) {
    match act {
        Act::Market(op) => run.handler.lanes[0].op(op),
        Act::Burst(ops) => {
            ops.into_iter().for_each(|op| run.handler.lanes[0].op(op));
            // The ring has room again, its loss is declared; refreshes come one at a time.
            run.quiet_polls();
            run.handler.lanes[0].end_poll(false);
            run.drain();
            asked.unheard = false;
        }
        Act::EndPoll(idle) => {
            run.handler.lanes[0].end_poll(idle);
            asked.unheard = false;
        }
        Act::Consume(times) => {
            for _ in 0..times {
                run.poll();
            }
        }
        Act::Resync => {
            run.client.resync();
            asked.unheard = true;
        }
        Act::Want(bits) => {
            asked.filter.instruments = wanted(bits);
            run.client.set_filter(asked.filter.clone());
            asked.unheard = true;
        }
        Act::Gap => run.toggle_gap(),
        Act::Session => {
            // A start that the seat loses is declared as a loss of no instrument.
            run.drain();
            run.quiet_polls();
            run.handler.lanes[0].session_start();
            asked.unheard = false;
        }
    }
}

fn run(classes: u8, policy: Policy, capacity: u64, acts: Vec<Act>) -> Result<(), TestCaseError> {
    let root = root();
    let mut handler = Handler::start(root.path(), "test", &Shape { capacity, ..Shape::default() });
    let mut client = Client::attach(spec(root.path(), classes, policy)).expect("a client");
    let mut books = BookSet::new(BookSpec { orders: 4, levels: 1, ..BookSpec::default() });
    join(&mut handler, &mut client, |event| books.on(event));
    let mut run = Run { handler, client, books, lost: 0 };
    let filter = FilterSpec { classes, policy, ..FilterSpec::default() };
    let mut asked = Asked { filter, unheard: false };
    for act in acts {
        act_on(&mut run, &mut asked, act);
        run.handler.beat();
        let quiet = policy != Policy::Conflate && !asked.unheard;
        if quiet && run.client.lag() == 0 && run.poll() == 0 {
            run.check_proven()?;
        }
    }
    run.come_to_rest();
    run.check_end(&asked.filter)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn books_are_the_producers_after_every_history(
        (classes, policy) in seat(),
        capacity in prop::sample::select(vec![64_u64, 128, 256, 16_384]),
        acts in prop::collection::vec(act(), 1..500),
    ) {
        run(classes, policy, capacity, acts)?;
    }
}

/// The property above is worth nothing if its runs lose nothing: this one must.
#[test]
fn a_slow_consumer_loses_and_recovers() {
    let root = root();
    let mut handler =
        Handler::start(root.path(), "test", &Shape { capacity: 64, ..Shape::default() });
    let mut client =
        Client::attach(spec(root.path(), ORDERS | TRADES, Policy::Lose)).expect("a client");
    let mut books = BookSet::new(BookSpec::default());
    join(&mut handler, &mut client, |event| books.on(event));
    let mut run = Run { handler, client, books, lost: 0 };
    run.settle();
    for n in 0..200_u32 {
        let (instrument, what) = (1 + n % 3, (n % 8) as u8);
        let (price, quantity, pick) = (n as u8, 5, n as u8);
        run.handler.lanes[0].op(Op { instrument, what, side: n % 2 == 0, price, quantity, pick });
    }
    run.handler.lanes[0].end_poll(false);
    assert_eq!(run.handler.lanes[0].fanout.silent(), 1);
    run.drain();
    run.handler.lanes[0].end_poll(false);
    run.poll();
    assert_eq!(run.lost, 1);
    let books = run.books.lane(0).expect("books");
    assert_eq!(books.refreshes_due(), 3);
    assert!(books.complete(id(4)) && !books.proven(id(4)), "which three is not known");
    assert_eq!(books.state(id(4)), BookState::Building);
    run.settle();
    let books = run.books.lane(0).expect("books");
    assert_eq!(books.refreshes_due(), 0);
    assert!(books.usable(id(4)), "it was never refreshed, and is intact");
    let lane = &run.handler.lanes[0];
    for index in 1..5 {
        assert_eq!(lane.naive.difference(index, books), None);
    }
    let stats = run.client.lanes()[0].stats();
    assert_eq!(stats.records + stats.lost_records - stats.of(Kind::Lost), {
        let counters = lane.fanout.counters(0);
        let of = |counter: shm::seat::Counter| counters[counter.index()];
        of(shm::seat::Counter::Delivered) + of(shm::seat::Counter::Private) - stats.of(Kind::Lost)
            + of(shm::seat::Counter::Lost)
    });
}
