//! A lane with shared memory and a consumer at its seat, both in this thread.
//!
//! They take turns, so that the counts do not depend on when who runs: some packets into the lane,
//! then the consumer until its ring is empty. Only one of the two is counted.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use client::{AttachSpec, Client, Event, FilterSpec, Lanes, Policy, Wanted};
use feed::error::FeedError;
use feed::lane::{Lane, LaneConfig};
use feed::net::{Layer, Packet, Polled, Source};
use feed::publish::Outlet;
use feed::publish::region::{RegionSpec, Regions};
use feed::venue::nasdaq::day::{Day as Date, Eastern};
use feed::venue::nasdaq::{Limits, Nasdaq};
use protocol::frame::Checksums;
use protocol::frame::moldudp64::MoldWriter;
use tempfile::TempDir;
use wire::{Class, Nature, StampBy};

use super::book::{INSTRUMENTS, ORDERS, answer};
use super::{Day, counted_by_callgrind, mix, split};
use crate::error::Error;

/// Which of the two is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Packets to records.
    Lane,
    /// Records to words that were read.
    Consumer,
}

const NAME: &str = "budgets";
/// Any day serves.
const DATE: Date = Date { date: 20_200_130, midnight_ns: 1_580_360_400_000_000_000 };
/// Records of the seat's ring, the handler's own default.
const RING: u64 = 16_384;
/// Polls of the lane between two turns of the consumer; their records fit into the ring.
const TURN: usize = 16;
/// Messages per packet: mostly one, now and then several, two on average.
const SIZES: [u16; 8] = [1, 1, 3, 1, 1, 2, 1, 6];
/// ns between two polls of the lane.
const POLL_NS: u64 = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Both ends.
struct Pair {
    lane: Lane<Regions>,
    client: Client,
    now: u64,
    /// Records read, and their words.
    records: u64,
    words: u64,
    _root: TempDir,
}

/// Units that were counted, and what came out at both ends.
pub(super) fn run(day: &Day, side: Side) -> Result<(u64, u64), Error> {
    let (warm, counted) = day.halves();
    let mut pair = Pair::new()?;
    let (warm, counted) = (Packets::of(warm, 1), Packets::of(counted, day.messages + 1));
    pair.play(&mut warm.source(), None)?;
    let records = pair.records;
    pair.play(&mut counted.source(), Some(side))?;
    let refused: u64 = pair.lane.publisher.counts.rejects().map(|(_, count)| count).sum();
    let lost = pair.lost();
    if refused > 0 || lost > 0 {
        let why = format!("{refused} messages refused, {lost} records lost");
        return Err(Error::program("lane", why));
    }
    match side {
        Side::Lane => Ok((day.messages, answer(&pair.lane.venue.books))),
        Side::Consumer => Ok((pair.records - records, pair.words)),
    }
}

fn failed(error: impl ToString) -> Error {
    Error::program("lane", error)
}

impl Pair {
    fn new() -> Result<Pair, Error> {
        let root = root().map_err(failed)?;
        let limits = Limits { instruments: INSTRUMENTS, orders: ORDERS };
        let spec = RegionSpec {
            root: root.path().to_path_buf(),
            name: NAME.to_owned(),
            seats: 1,
            ring_capacity: RING,
            allow_wait: false,
            gid: None,
            lines: 1,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let regions = Regions::create(Some(&spec), limits, &stop).map_err(failed)?;
        let config = LaneConfig {
            nature: Nature::Simulated,
            checksums: Checksums::Verify,
            groups: Vec::new(),
            day: Some(DATE),
            lines: 1,
            hold_ns: 0,
            line_timeout_ns: 0,
            divergence_sample: 0,
        };
        let venue = Nasdaq::new(limits).map_err(failed)?;
        let eastern = Eastern::new().map_err(failed)?;
        let mut lane = Lane::new(config, eastern, venue, regions);
        let client = attach(root.path().to_path_buf(), &mut lane)?;
        let now = DATE.midnight_ns;
        Ok(Pair { lane, client, now, records: 0, words: 0, _root: root })
    }

    /// Plays all packets; counts one side of it.
    fn play(&mut self, source: &mut Playing<'_>, side: Option<Side>) -> Result<(), Error> {
        loop {
            let polled = match side {
                Some(Side::Lane) => counted_by_callgrind(|| self.lane_turn(source)),
                _ => self.lane_turn(source),
            };
            while self.client.lag() > 0 {
                match side {
                    Some(Side::Consumer) => counted_by_callgrind(|| self.consumer_turn()),
                    _ => self.consumer_turn(),
                }
            }
            if polled.map_err(failed)? == Polled::End {
                return Ok(());
            }
        }
    }

    #[inline(always)]
    fn lane_turn(&mut self, source: &mut Playing<'_>) -> Result<Polled, FeedError> {
        let mut polled = Polled::Nothing;
        for _ in 0..TURN {
            self.now += POLL_NS;
            polled = self.lane.poll(source, self.now)?;
            if polled == Polled::End {
                break;
            }
        }
        Ok(polled)
    }

    #[inline(always)]
    fn consumer_turn(&mut self) {
        let Pair { client, records, words, .. } = self;
        client.poll(|event| {
            if let Event::Record { record, .. } = event {
                *records += 1;
                *words = record.to_words().iter().fold(*words, |words, word| mix(words, *word));
            }
        });
    }

    /// Records that the seat was told it lost.
    fn lost(&self) -> u64 {
        self.client.lanes().iter().map(|lane| lane.stats().lost_records).sum()
    }
}

/// A folder in memory where the host has one.
fn root() -> std::io::Result<TempDir> {
    let shared = std::path::Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("hotlane-budgets-");
    if shared.is_dir() { builder.tempdir_in(shared) } else { builder.tempdir() }
}

/// Attaches a consumer, while the lane answers.
fn attach(root: PathBuf, lane: &mut Lane<Regions>) -> Result<Client, Error> {
    let spec = AttachSpec {
        root,
        instance: NAME.to_owned(),
        lanes: Lanes::All,
        filter: FilterSpec {
            classes: Class::Orders.bit() | Class::Trades.bit(),
            instruments: Wanted::All,
            depth: 0,
            policy: Policy::Lose,
        },
        seat: Some(0),
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let attaching = scope.spawn(|| {
            let client = Client::attach_blocking(spec, PATIENCE);
            // Release: partner is the load below; the client itself comes through the join.
            done.store(true, Ordering::Release);
            client
        });
        // Acquire: partner is the store above.
        while !done.load(Ordering::Acquire) || lane.publisher.outlet.refreshes_pending() {
            lane.end_poll(true, DATE.midnight_ns);
            std::thread::yield_now();
        }
        match attaching.join() {
            Ok(client) => client.map_err(failed),
            Err(_) => Err(failed("the consumer's thread ended")),
        }
    })
}

/// MoldUDP64 packets one behind the other. `benches` packs too, into packets of one size and sessions
/// of many names: its workspace has peers in its lock file, so nothing here can depend on it, and what
/// two tools alone would use is not put into a library that ships.
struct Packets {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Packets {
    /// The messages of raw ITCH; the first has the number `sequence`.
    fn of(itch: &[u8], mut sequence: u64) -> Packets {
        let mut packets = Packets { bytes: Vec::new(), ends: Vec::new() };
        let mut sizes = SIZES.iter().cycle();
        let mut buffer = [0; 1_472];
        let mut rest = itch;
        while !rest.is_empty() {
            let size = *sizes.next().unwrap_or(&1);
            let Some(mut writer) = MoldWriter::begin(&mut buffer, *b"SIMBUDGET1", sequence) else {
                break;
            };
            while writer.count() < size
                && let Some((message, behind)) = split(rest)
                && writer.push(message)
            {
                rest = behind;
            }
            if writer.count() == 0 {
                break;
            }
            sequence = writer.next_sequence();
            packets.bytes.extend_from_slice(writer.finish());
            packets.ends.push(packets.bytes.len());
        }
        packets
    }

    fn source(&self) -> Playing<'_> {
        Playing { packets: self, next: 0, from: 0 }
    }
}

/// Hands packets out of memory.
struct Playing<'a> {
    packets: &'a Packets,
    next: usize,
    from: usize,
}

impl Source for Playing<'_> {
    #[inline(always)]
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled, FeedError> {
        let mut handed = 0;
        while handed < budget {
            let Some(&end) = self.packets.ends.get(self.next) else { break };
            let Some(bytes) = self.packets.bytes.get(self.from..end) else { break };
            self.next += 1;
            self.from = end;
            handed += 1;
            sink(Packet {
                bytes,
                layer: Layer::Udp,
                ts_receive: now,
                stamp: StampBy::Poll,
                line: 1,
            });
        }
        Ok(if handed == 0 { Polled::End } else { Polled::Packets(handed) })
    }
}
