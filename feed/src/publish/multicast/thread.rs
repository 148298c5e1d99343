//! The publisher's thread: seats in, a socket out.
//!
//! It spins while there is something to do and naps when there is not; it shares no lock with a
//! lane. It ends when the instance ends in order, after everything in its rings was sent.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use client::{AttachSpec, BookSet, BookSpec, Client, Detached, Event, FilterSpec, Policy, Wanted};
use shm::instruments::InstrumentReader;
use shm::mapping::MappedLines;
use shm::seat::Reason;
use wire::InstrumentRow;

use super::counts::{PublisherReport, SharedCounts};
use super::machine::{Machine, Rows};
use super::pace::Pace;
use crate::config::PublisherConfig;
use crate::error::{FeedError, Result};
use crate::net::send::Sender;

/// Datagrams in a batch.
const ROOM: usize = 1024;
/// Rounds without anything to do before the thread naps between them.
const SPINS: u32 = 200;
/// Between two rounds of a publisher that has nothing to do.
const NAP: Duration = Duration::from_micros(100);
/// How long the end waits for room for the last books.
const LAST_BOOKS: Duration = Duration::from_millis(500);
/// Records behind the lanes from which on books wait for each other.
const BEHIND: u64 = 2_048;

/// A publisher whose socket is open, and that has no instance yet.
#[derive(Debug)]
pub struct Publisher {
    config: PublisherConfig,
    sender: Sender,
}

/// A publisher that runs.
#[derive(Debug)]
pub struct PublisherHandle {
    /// `None` once it was waited for.
    thread: Option<JoinHandle<PublisherReport>>,
    stop: Arc<AtomicBool>,
    counts: Arc<SharedCounts>,
    ready: Arc<AtomicBool>,
    socket: String,
}

impl Publisher {
    /// Checks the configuration and opens the socket: everything that can be wrong is said here,
    /// before any shared memory is made.
    ///
    /// # Errors
    /// The first thing that is wrong, with the way out.
    pub fn open(config: &PublisherConfig) -> Result<Publisher> {
        if let Some((key, reason)) = config.problems().into_iter().next() {
            return Err(FeedError::Argument { text: format!("publisher.{key}"), reason });
        }
        let sender = Sender::open(&config.send_spec())?;
        Ok(Publisher { config: config.clone(), sender })
    }

    /// Groups, interface, and how datagrams are sent, in words.
    pub fn describe(&self) -> String {
        self.sender.describe()
    }

    /// Starts the thread: it attaches to `instance` under `root` as soon as that is there.
    ///
    /// # Errors
    /// If the instance's name is none, or no thread can be had.
    pub fn start(self, root: &Path, instance: &str, policy: Policy) -> Result<PublisherHandle> {
        let plan = self.config.plan(unix_ns(), ROOM);
        let spec = AttachSpec {
            root: root.to_path_buf(),
            filter: FilterSpec {
                classes: plan.classes(),
                instruments: Wanted::All,
                // A book of limited depth is not filled up from below when levels go.
                depth: 0,
                policy,
            },
            ..AttachSpec::new(instance)
        };
        let client = Client::attach(spec)?;
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::<SharedCounts>::default());
        let (socket, ready) = (self.sender.describe(), Arc::new(AtomicBool::new(false)));
        let running = Running {
            client,
            books: BookSet::new(BookSpec::default()),
            machine: Machine::new(plan),
            tables: Tables::default(),
            sender: self.sender,
            pace: Pace::new(self.config.cap, plan.start_ns),
            stop: stop.clone(),
            counts: counts.clone(),
            ready: ready.clone(),
            attached: Vec::new(),
            ended: None,
        };
        let thread = std::thread::Builder::new()
            .name("publisher".into())
            .spawn(move || running.run())
            .map_err(|e| FeedError::io("publisher thread", e))?;
        Ok(PublisherHandle { thread: Some(thread), stop, counts, ready, socket })
    }
}

impl PublisherHandle {
    /// Counts by name, as of now.
    pub fn counts(&self) -> std::collections::BTreeMap<&'static str, u64> {
        self.counts.load()
    }

    /// Whether it has its seats and reads them. A lane that ends before that was never read.
    pub fn is_ready(&self) -> bool {
        // Acquire: partner is the thread's store; nothing else is handed over with it.
        self.ready.load(Ordering::Acquire)
    }

    /// Groups, interface, and how datagrams are sent, in words.
    pub fn describe(&self) -> &str {
        &self.socket
    }

    /// Waits until everything that was published is sent, which it is soon after the instance was
    /// closed, but not longer than `patience`; then ends the thread.
    pub fn finish(mut self, patience: Duration) -> PublisherReport {
        let begun = Instant::now();
        let running = |thread: &JoinHandle<_>| !thread.is_finished();
        while self.thread.as_ref().is_some_and(running) && begun.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.ask_to_stop();
        let ended = self.thread.take().and_then(|thread| thread.join().ok());
        ended.unwrap_or_else(|| PublisherReport {
            socket: self.socket.clone(),
            ended: "panicked",
            counts: self.counts.load(),
        })
    }

    fn ask_to_stop(&self) {
        // Release: partner is the thread's load; nothing else is handed over with it.
        self.stop.store(true, Ordering::Release);
    }
}

impl Drop for PublisherHandle {
    /// A publisher that nobody waits for ends by itself.
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

/// The instrument tables of the lanes, read in shared memory.
#[derive(Debug, Default)]
struct Tables(Vec<Option<InstrumentReader<MappedLines>>>);

impl Rows for Tables {
    fn count(&self, lane: usize) -> u32 {
        self.0.get(lane).and_then(Option::as_ref).map_or(0, InstrumentReader::count)
    }

    fn row(&self, lane: usize, place: u32) -> Option<InstrumentRow> {
        let words = self.0.get(lane)?.as_ref()?.read(place).ok()?;
        Some(InstrumentRow::from_words(words))
    }
}

impl Tables {
    fn open(&mut self, client: &Client, lane: usize) {
        let name = client.lanes().get(lane).map(|lane| lane.name());
        let view = name.and_then(|name| client.instance()?.producer(name).ok());
        let reader = view.and_then(|view| view.instruments().ok());
        if self.0.len() <= lane {
            self.0.resize_with(lane + 1, || None);
        }
        if let Some(slot) = self.0.get_mut(lane) {
            *slot = reader;
        }
    }
}

struct Running {
    client: Client,
    books: BookSet,
    machine: Machine,
    tables: Tables,
    sender: Sender,
    pace: Pace,
    stop: Arc<AtomicBool>,
    counts: Arc<SharedCounts>,
    ready: Arc<AtomicBool>,
    /// Lanes whose seats have become active since the last round.
    attached: Vec<usize>,
    ended: Option<&'static str>,
}

impl Running {
    fn run(mut self) -> PublisherReport {
        let mut idle = 0u32;
        loop {
            let (taken, sent) = self.round();
            if let Some(ended) = self.ended {
                return self.end(ended);
            }
            // Acquire: partner is `finish`; nothing else comes with it.
            if self.stop.load(Ordering::Acquire) {
                return self.end("stopped");
            }
            idle = if taken + sent > 0 { 0 } else { idle.saturating_add(1) };
            if idle > SPINS {
                std::thread::sleep(NAP);
            }
        }
    }

    /// Takes records, sends what they and the time make.
    fn round(&mut self) -> (usize, usize) {
        let now = unix_ns();
        let allowance = self.pace.allowance(now);
        let records = self.machine.begin(allowance);
        let taken = self.poll(records);
        let behind = self.client.lag() > BEHIND;
        self.machine.periodic(now, &self.books, &self.tables);
        self.machine.books(&self.books, behind);
        (taken, self.flush())
    }

    fn poll(&mut self, records: usize) -> usize {
        let mut taken = 0;
        while taken < records {
            self.open_tables();
            match self.take(records - taken) {
                0 => break,
                more => taken += more,
            }
        }
        taken
    }

    /// Seats that have become active are told of before their first records, because the tables
    /// of their instruments are opened in between.
    fn open_tables(&mut self) {
        self.take(0);
        for lane in std::mem::take(&mut self.attached) {
            self.tables.open(&self.client, lane);
            if self.client.is_attached() {
                // Release: partner is `is_ready`.
                self.ready.store(true, Ordering::Release);
            }
        }
    }

    fn take(&mut self, records: usize) -> usize {
        let Running { client, books, machine, tables, attached, ended, .. } = self;
        client.poll_at_most(records, |event| {
            match event {
                Event::Attached { lane, .. } => attached.push(lane),
                Event::Closed { .. } => *ended = Some("instance closed"),
                Event::ProducerDead { .. } => *ended = Some("instance died"),
                Event::Detached { reason: Detached::Refused(reason), .. } => {
                    *ended = Some(refusal(reason));
                }
                _ => {}
            }
            books.on(&event);
            machine.event(&event, tables);
        })
    }

    fn flush(&mut self) -> usize {
        let sent = self.machine.finish(unix_ns());
        if sent > 0 {
            self.sender.send(self.machine.datagrams());
            self.machine.sent(self.sender.counts().lost());
            self.pace.spend(sent);
            self.counts.store(self.machine.counts(), self.sender.counts());
        }
        sent
    }

    /// Sends what is left: the books as they ended, and the last counts.
    fn end(mut self, ended: &'static str) -> PublisherReport {
        // A cap may have left no room just now; a book whose event never ended stays unsaid.
        let mut last = Instant::now();
        while self.machine.is_behind() && last.elapsed() < LAST_BOOKS {
            self.machine.begin(self.pace.allowance(unix_ns()));
            self.machine.books(&self.books, false);
            if self.flush() > 0 {
                last = Instant::now();
            } else {
                std::thread::sleep(NAP);
            }
        }
        self.machine.begin(usize::MAX);
        self.machine.last_words(unix_ns());
        self.flush();
        self.counts.store(self.machine.counts(), self.sender.counts());
        PublisherReport { socket: self.sender.describe(), ended, counts: self.counts.load() }
    }
}

fn refusal(reason: Reason) -> &'static str {
    match reason {
        Reason::WaitOnLive => "seat refused: the policy `wait` is granted by replays only",
        _ => "seat refused",
    }
}

fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
