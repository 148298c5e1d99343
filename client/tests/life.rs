//! A consumer through every life of its producer, over real files; producers that die are other
//! processes.

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::books::BookSpec;
use client::{BookSet, Client, Detached, Error, Event, Images, LaneState, Lanes, Policy, Wanted};
use common::naive::Op;
use common::*;
use shm::images::ImageWriter;
use shm::liveness::monotonic_ns;
use shm::region::utc_ns;
use shm::seat::Reason;
use wire::{BookState, Class, Image, Kind, Nature, Quality, Record};

const ORDERS: u8 = Class::Orders.bit();
const TRADES: u8 = Class::Trades.bit();

/// Events in words, records left out.
fn log(event: &Event<'_>, into: &mut Vec<String>) {
    into.push(match event {
        Event::Record { .. } => return,
        Event::Attached { lane, .. } => format!("attached {lane}"),
        Event::Stalled { .. } => "stalled".into(),
        Event::Resumed => "resumed".into(),
        Event::ProducerDead { .. } => "dead".into(),
        Event::Closed { .. } => "closed".into(),
        Event::NewGeneration { .. } => "new".into(),
        Event::Detached { lane, reason } => format!("detached {lane} {}", reason.name()),
        Event::Resynced { lane, skipped } => format!("resynced {lane} {skipped}"),
        Event::Filtered { lane, .. } => format!("filtered {lane}"),
    });
}

/// Polls until `done` or for ten seconds.
fn until(
    client: &mut Client,
    log_to: &mut Vec<String>,
    mut done: impl FnMut(&Client, &[String]) -> bool,
) {
    let begun = Instant::now();
    while !done(client, log_to) {
        client.poll(|event| log(&event, log_to));
        assert!(begun.elapsed() < Duration::from_secs(10), "{log_to:?} {:?}", client.problem());
        std::thread::sleep(Duration::from_micros(100));
    }
}

fn op(instrument: u32, n: u8) -> Op {
    Op { instrument, what: n % 10, side: n.is_multiple_of(2), price: n, quantity: n, pick: n }
}

#[test]
fn the_consumer_may_come_first_and_everything_is_delivered_before_the_end() {
    let root = root();
    let mut client =
        Client::attach(spec(root.path(), ORDERS | TRADES, Policy::Wait)).expect("a client");
    let mut events = Vec::new();
    for _ in 0..20 {
        client.poll(|event| log(&event, &mut events));
    }
    assert!(events.is_empty() && client.generation().is_none() && client.problem().is_none());
    let capacity = 1 << 14;
    let mut handler = Handler::start(root.path(), "test", &Shape { capacity, ..Shape::default() });
    join(&mut handler, &mut client, |event| log(event, &mut events));
    assert_eq!(events, ["attached 0"]);
    let generation = client.generation();
    (0..20).for_each(|_| handler.lanes[0].end_poll(true));
    let before = handler.lanes[0].pushed;
    for n in 0..1000_u32 {
        handler.lanes[0].op(op(1 + n % 4, n as u8));
    }
    let pushed = handler.lanes[0].pushed - before;
    let wanted = handler.lanes[0].fanout.counters(0)[shm::seat::Counter::Delivered.index()];
    assert!(pushed > wanted && wanted > 1000);
    handler.close();
    let mut books = BookSet::new(BookSpec::default());
    let mut steps = 0;
    let mut last = None;
    while client.poll(|event| {
        books.on(&event);
        log(&event, &mut events);
        if let Event::Record { record, .. } = event {
            let stream = record.kind().map(Kind::class) == Some(Class::Stream);
            steps += u64::from(!record.quality.is_snapshot() && !stream);
            last = Some(*record);
        }
    }) > 0
    {}
    assert_eq!(steps, wanted);
    assert_eq!(last.map(|record: Record| record.sequence), Some(1000));
    until(&mut client, &mut events, |_, events| events.len() > 1);
    assert_eq!(events, ["attached 0", "closed"]);
    assert!(client.generation().is_none());
    // The next generation is found without a restart.
    let mut handler = Handler::start(root.path(), "test", &Shape::default());
    join(&mut handler, &mut client, |event| log(event, &mut events));
    assert_eq!(events[2..], ["new", "attached 0"]);
    assert_ne!(client.generation(), generation);
}

/// What this binary is when it was started as a producer.
fn role() -> Option<PathBuf> {
    std::env::var_os("CLIENT_TEST_ROOT").map(PathBuf::from)
}

/// A producer process: symbols in an order of its own, orders without end until it is killed.
#[test]
fn other_process() {
    let Some(root) = role() else { return };
    let shape = Shape { lanes: vec!["one"], instruments: 8, ..Shape::default() };
    let mut handler = Handler::start(&root, "test", &shape);
    handler.lanes[0].define(5, &format!("P{}", std::process::id()));
    println!("ready");
    let begun = Instant::now();
    let mut n = 0_u32;
    while begun.elapsed() < Duration::from_secs(30) {
        handler.beat();
        n += 1;
        handler.lanes[0].op(op(1 + n % 5, (n * 7) as u8));
        handler.lanes[0].end_poll(n.is_multiple_of(4));
        std::thread::sleep(Duration::from_micros(200));
    }
}

struct Other {
    child: Child,
}

impl Other {
    fn start(root: &Path) -> Other {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["other_process", "--exact", "--nocapture", "--test-threads=1"])
            .env("CLIENT_TEST_ROOT", root)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the other process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        while !line.contains("ready") {
            line.clear();
            assert!(lines.read_line(&mut line).expect("a line") > 0, "it ended early");
        }
        Other { child }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_killed_producer_is_noticed_and_its_successor_found() {
    let root = root();
    let mut client =
        Client::attach(spec(root.path(), ORDERS | TRADES, Policy::Lose)).expect("a client");
    let mut books = BookSet::new(BookSpec::default());
    let mut events = Vec::new();
    let mut generations = Vec::new();
    for round in 0..3 {
        let mut other = Other::start(root.path());
        let symbol = format!("P{}", other.child.id());
        let begun = Instant::now();
        let usable = |books: &BookSet| {
            books.lane(0).is_some_and(|books| (1..6).all(|index| books.usable(id(index))))
        };
        while !usable(&books) {
            client.poll(|event| {
                books.on(&event);
                log(&event, &mut events);
            });
            assert!(begun.elapsed() < Duration::from_secs(10), "{events:?}");
        }
        assert_eq!(client.by_symbol(&symbol), Some((0, id(5))), "names were read anew");
        generations.push(client.generation());
        let killed = Instant::now();
        other.child.kill().expect("kill");
        let mut noticed = None;
        while noticed.is_none() {
            client.poll(|event| {
                books.on(&event);
                log(&event, &mut events);
                if matches!(event, Event::ProducerDead { .. }) {
                    noticed = Some(killed.elapsed());
                }
            });
            assert!(killed.elapsed() < Duration::from_secs(5), "{events:?}");
        }
        let noticed = noticed.unwrap_or_default();
        // 100 ms are promised; the machine of a test may be busy with others.
        assert!(noticed < Duration::from_millis(400), "round {round}: {noticed:?}");
        println!("death noticed after {noticed:?}");
        assert!(!usable(&books), "a dead producer vouches for nothing");
    }
    generations.dedup();
    assert_eq!(generations.len(), 3);
    events.retain(|event| event != "stalled" && event != "resumed");
    assert_eq!(
        events,
        ["attached 0", "dead", "new", "attached 0", "dead", "new", "attached 0", "dead"]
    );
    assert_eq!(books.lane(0).map(|books| books.counts().total()), Some(0));
}

#[test]
fn a_stopped_heart_is_a_stall_until_it_beats_again() {
    let root = root();
    let mut handler = Handler::start(root.path(), "test", &Shape::default());
    let mut client = Client::attach(spec(root.path(), TRADES, Policy::Lose)).expect("a client");
    let mut events = Vec::new();
    join(&mut handler, &mut client, |event| log(event, &mut events));
    until(&mut client, &mut events, |_, events| events.len() == 2);
    handler.beat();
    until(&mut client, &mut events, |_, events| events.len() == 3);
    assert_eq!(events, ["attached 0", "stalled", "resumed"]);
}

#[test]
fn two_lanes_are_served_in_turn_and_end_together() {
    let root = root();
    let shape = Shape { lanes: vec!["one", "two"], capacity: 1024, ..Shape::default() };
    let mut handler = Handler::start(root.path(), "test", &shape);
    let mut client =
        Client::attach(spec(root.path(), ORDERS | TRADES, Policy::Lose)).expect("a client");
    let mut books = BookSet::new(BookSpec::default());
    let mut events = Vec::new();
    join(&mut handler, &mut client, |event| {
        books.on(event);
        log(event, &mut events);
    });
    assert_eq!(client.lanes().iter().map(|lane| lane.name()).collect::<Vec<_>>(), ["one", "two"]);
    for n in 0..200_u32 {
        handler.lanes[0].op(op(1 + n % 4, n as u8));
        handler.lanes[1].op(op(1 + n % 3, (n * 3) as u8));
    }
    (0..20).for_each(|_| handler.lanes.iter_mut().for_each(|lane| lane.end_poll(true)));
    let mut runs: Vec<(usize, usize)> = Vec::new();
    while client.poll(|event| {
        books.on(&event);
        if let Event::Record { lane, .. } = event {
            match runs.last_mut() {
                Some((last, count)) if *last == lane => *count += 1,
                _ => runs.push((lane, 1)),
            }
        }
    }) > 0
    {}
    assert!(runs.len() >= 4 && runs.iter().all(|(_, count)| *count <= 64), "{runs:?}");
    for (lane, producer) in handler.lanes.iter().enumerate() {
        let books = books.lane(lane).expect("books");
        for index in 1..5 {
            assert_eq!(producer.naive.difference(index, books), None, "lane {lane}");
        }
    }
    // One lane ends before the other: only that is said. Then the instance.
    handler.lanes[0].fanout.close();
    until(&mut client, &mut events, |_, events| events.len() > 2);
    handler.beat();
    handler.lanes[1].op(op(1, 1));
    handler.close();
    until(&mut client, &mut events, |_, events| events.last().is_some_and(|e| e == "closed"));
    events.sort();
    assert_eq!(events, ["attached 0", "attached 1", "closed", "detached 0 producer_closed"]);
}

#[test]
fn symbols_that_appear_later_are_asked_for() {
    let root = root();
    let mut handler = Handler::start(root.path(), "test", &Shape::default());
    let mut attach = spec(root.path(), ORDERS, Policy::Lose);
    attach.filter.instruments = Wanted::Symbols(vec!["S2".into(), "LATE.TEST".into()]);
    let mut client = Client::attach(attach).expect("a client");
    let mut books = BookSet::new(BookSpec::default());
    join(&mut handler, &mut client, |event| books.on(event));
    assert_eq!(client.unknown_symbols(), ["LATE.TEST"]);
    let mut run = |handler: &mut Handler, client: &mut Client| {
        for _ in 0..50 {
            handler.beat();
            handler.lanes[0].end_poll(true);
            client.poll(|event| {
                books.on(&event);
                if let Event::Record { record, .. } = event {
                    let index = record.instrument.index();
                    assert!([0, 2, 5].contains(&index), "{record:?}");
                }
            });
            std::thread::sleep(Duration::from_micros(300));
        }
        let books = books.lane(0).expect("books");
        (1..6).map(|index| books.usable(id(index))).collect::<Vec<_>>()
    };
    assert_eq!(run(&mut handler, &mut client), [false, true, false, false, false]);
    handler.lanes[0].define(5, "LATE");
    (0..10).for_each(|n| handler.lanes[0].op(op(5, n)));
    assert_eq!(run(&mut handler, &mut client), [false, true, false, false, true]);
    assert!(client.unknown_symbols().is_empty());
    let row = client.instrument(0, id(5)).copied().expect("a row");
    assert_eq!((row.symbol().as_str(), row.price_exp), ("LATE", -4));
    assert_eq!(client.by_symbol("LATE"), Some((0, id(5))));
    assert!(client.instrument(0, id(7)).is_none());
}

#[test]
fn seats_are_refused_taken_and_given_back() {
    let root = root();
    let shape = Shape { seats: 1, allow_wait: false, capacity: 64, ..Shape::default() };
    let mut handler = Handler::start(root.path(), "test", &shape);
    let mut events = Vec::new();
    let run = |handler: &mut Handler, client: &mut Client, events: &mut Vec<String>| {
        for _ in 0..60 {
            handler.beat();
            handler.lanes[0].end_poll(true);
            client.poll(|event| log(&event, events));
            std::thread::sleep(Duration::from_micros(200));
        }
    };
    let wait = spec(root.path(), TRADES, Policy::Wait);
    let mut refused = Client::attach(wait).expect("a client");
    run(&mut handler, &mut refused, &mut events);
    assert_eq!(events, ["detached 0 wait_on_live"]);
    assert_eq!(refused.lanes()[0].state(), LaneState::Refused(Reason::WaitOnLive));
    drop(refused);

    let mut first = Client::attach(spec(root.path(), TRADES, Policy::Detach)).expect("a client");
    events.clear();
    run(&mut handler, &mut first, &mut events);
    assert_eq!(events, ["attached 0"]);
    let mut second = Client::attach(spec(root.path(), TRADES, Policy::Lose)).expect("a client");
    events.clear();
    run(&mut handler, &mut second, &mut events);
    assert_eq!(events, ["detached 0 no_free_seat"]);
    let full = second.problem().map(ToString::to_string).unwrap_or_default();
    assert!(full.contains("none of 1 seats is free"), "{full}");

    // A seat that is too slow for its policy is closed, and may be taken again.
    events.clear();
    for n in 0..1000_u32 {
        handler.lanes[0].op(op(1, if n.is_multiple_of(2) { 0 } else { 3 }));
    }
    run(&mut handler, &mut first, &mut events);
    assert_eq!(events, ["detached 0 ring_full"]);
    first.reattach(0);
    run(&mut handler, &mut first, &mut events);
    assert_eq!(events[1..], ["attached 0"]);
    drop(first);
    events.clear();
    run(&mut handler, &mut second, &mut events);
    assert_eq!(events, ["attached 0"], "the seat is free again");
    assert!(matches!(Detached::NoFreeSeat.name(), "no_free_seat"));
}

#[test]
fn errors_say_what_to_do() {
    let root = root();
    let quick = Duration::from_millis(30);
    let attach = spec(root.path(), TRADES, Policy::Lose);
    let none = Client::attach_blocking(attach.clone(), quick).expect_err("no instance");
    assert!(none.is_absent() && none.to_string().contains("no such instance"), "{none}");
    let no_class = Client::attach(spec(root.path(), 0, Policy::Lose)).expect_err("no class");
    assert!(no_class.to_string().contains("orders,levels"), "{no_class}");
    let handler = Handler::start(root.path(), "test", &Shape::default());
    let mut named = attach.clone();
    named.lanes = Lanes::Named(vec!["six".into()]);
    let lane = Client::attach_blocking(named, quick).expect_err("no lane");
    assert!(lane.to_string().contains("no lane \"six\"; it has one"), "{lane}");
    // Nobody serves the lane, so nobody answers.
    let silent = Client::attach_blocking(attach, quick).expect_err("no answer");
    assert!(matches!(silent, Error::NoAnswer { .. }), "{silent}");
    drop(handler);
}

#[test]
fn a_blocking_attach_takes_no_record() {
    let root = root();
    let mut handler = Handler::start(root.path(), "test", &Shape::default());
    let attach = spec(root.path(), ORDERS, Policy::Wait);
    let path = root.path().to_path_buf();
    let consumer = std::thread::spawn(move || {
        let mut client = Client::attach_blocking(attach, Duration::from_secs(10)).expect("attach");
        assert!(client.is_attached(), "{}", path.display());
        let mut events = Vec::new();
        let mut books = BookSet::new(BookSpec::default());
        let begun = Instant::now();
        while !events.iter().any(|event| event == "closed") {
            // Slower than the producer: with `wait` it is the pace of both.
            client.poll(|event| {
                books.on(&event);
                log(&event, &mut events);
            });
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        (events, books)
    });
    let begun = Instant::now();
    while handler.lanes[0].fanout.active() == 0 {
        handler.beat();
        handler.lanes[0].end_poll(true);
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    // More than the ring holds, many times over, and not one record is lost.
    for n in 0..20_000_u32 {
        handler.lanes[0].op(op(1 + n % 4, (n * 11) as u8));
        handler.lanes[0].end_poll(n.is_multiple_of(16));
        if n.is_multiple_of(100) {
            handler.beat();
        }
    }
    while handler.lanes[0].fanout.refreshes_pending(0) > 0 {
        handler.beat();
        handler.lanes[0].end_poll(true);
    }
    assert_eq!(handler.lanes[0].fanout.counters(0)[shm::seat::Counter::LostAll.index()], 0);
    let naive = handler.lanes[0].naive.clone();
    handler.close();
    let (mut events, books) = consumer.join().expect("the consumer");
    events.retain(|event| event != "stalled" && event != "resumed");
    assert_eq!(events, ["attached 0", "closed"]);
    let books = books.lane(0).expect("books");
    for index in 1..5 {
        assert_eq!(naive.difference(index, books), None, "the last state stays after the end");
    }
}

#[test]
fn an_image_is_no_better_than_its_lane() {
    let root = root();
    let mut handler = Handler::start(root.path(), "test", &Shape::default());
    let mut client = Client::attach(spec(root.path(), TRADES, Policy::Lose)).expect("a client");
    join(&mut handler, &mut client, |_| {});
    let instance = handler.instance.as_ref().expect("running");
    let producer = instance.producer("one").expect("the lane");
    let region = producer.region("images").expect("images").clone();
    let mut writer = ImageWriter::new(region.body().clone());
    let mut write = |state: BookState| {
        let quality = Quality::new(state, Nature::Simulated);
        let image = Image { instrument: id(3), quality, sequence: 9, bids: 1, ..Image::EMPTY };
        writer
            .update(3, |words| {
                for (at, word) in image.as_words().iter().enumerate().skip(1) {
                    words.set(at - 1, *word);
                }
            })
            .expect("room");
    };
    let images: Images = client.images(0).expect("images").expect("a producer");
    assert!(images.read(id(3)).is_none() && images.read(id(99)).is_none());
    write(BookState::Live);
    let state = |images: &Images| images.read(id(3)).map(|view| view.state);
    instance.region().beat(monotonic_ns());
    assert_eq!(state(&images), Some(BookState::Live), "the lane has no heart of its own yet");
    region.beat(utc_ns() - 200_000_000);
    assert_eq!(state(&images), Some(BookState::Stale), "the lane hangs");
    write(BookState::Gapped);
    assert_eq!(state(&images), Some(BookState::Gapped));
    write(BookState::Live);
    region.beat(utc_ns());
    instance.region().beat(monotonic_ns());
    assert_eq!(state(&images), Some(BookState::Live));
    assert_eq!(images.read(id(3)).map(|view| view.image.sequence), Some(9));
    instance.region().beat(monotonic_ns() - 200_000_000);
    assert_eq!(state(&images), Some(BookState::Stale), "the process hangs");
    handler.close();
    assert_eq!(state(&images), Some(BookState::Stale), "nobody writes it any more");
}
