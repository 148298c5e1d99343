//! The whole lane: packets in, records out.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use affinity::Clock;
use feed::lane::{Lane, LaneConfig};
use feed::net::Polled;
use feed::publish::Outlet;
use feed::publish::region::{RegionSpec, Regions};
use feed::venue::nasdaq::Nasdaq;
use feed::venue::nasdaq::day::{Day, Eastern};
use protocol::frame::Checksums;
use wire::Nature;

use super::consumer::{Consumer, INSTANCE};
use super::packets::{AtMost, Packets, packet};
use super::tally::{Adder, Tally};
use super::{Limits, answer};
use crate::harness::{CompareError, Contestant, Round};

/// The day of the data; any day serves.
const DAY: Day = Day { date: 20_200_130, midnight_ns: 1_580_360_400_000_000_000 };
/// Records of a ring: the handler's own default.
const RING: u64 = 16_384;
/// How long a seat may take to become active.
const PATIENCE: Duration = Duration::from_secs(20);

/// A lane into an outlet, over tables of a size.
///
/// # Errors
/// If they cannot be had.
pub fn lane<O: Outlet>(limits: Limits, outlet: O) -> Result<Lane<O>, CompareError> {
    let venue = Nasdaq::new(limits).map_err(|e| CompareError::failed("lane", e))?;
    let eastern = Eastern::new().map_err(|e| CompareError::failed("lane", e))?;
    let config = LaneConfig {
        nature: Nature::Simulated,
        checksums: Checksums::Verify,
        groups: Vec::new(),
        day: Some(DAY),
        lines: 1,
        hold_ns: 0,
        line_timeout_ns: 0,
        divergence_sample: 0,
    };
    Ok(Lane::new(config, eastern, venue, outlet))
}

/// A lane with shared memory, and perhaps a consumer of it.
pub struct Whole {
    lane: Lane<Regions>,
    clock: Clock,
    consumer: Option<Consumer>,
}

impl Whole {
    /// A lane whose instance is below `root`. With a core for it, a consumer takes a seat.
    ///
    /// # Errors
    /// What was refused, or did not come in time.
    pub fn new(root: &Path, limits: Limits, core: Option<usize>) -> Result<Whole, CompareError> {
        let consumer = core.map(|core| Consumer::start(root, core)).transpose()?;
        let spec = RegionSpec {
            root: root.to_path_buf(),
            name: INSTANCE.to_owned(),
            seats: 1,
            ring_capacity: RING,
            allow_wait: true,
            gid: None,
            lines: 1,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let regions = Regions::create(Some(&spec), limits, &stop);
        let regions = regions.map_err(|e| CompareError::failed("instance", e))?;
        let clock = Clock::measure().map_err(|e| CompareError::failed("clock", e))?;
        let mut whole = Whole { lane: lane(limits, regions)?, clock, consumer };
        whole.settle()?;
        Ok(whole)
    }

    /// Polls without packets until the consumer has its seat and waits for no book.
    fn settle(&mut self) -> Result<(), CompareError> {
        let wanted = usize::from(self.consumer.is_some());
        let begun = Instant::now();
        loop {
            self.lane.end_poll(true, self.clock.now());
            let outlet = &self.lane.publisher.outlet;
            if outlet.consumers() >= wanted && !outlet.refreshes_pending() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(CompareError::failed("the consumer", "it took no seat"));
            }
        }
    }

    /// Plays a session, `a_poll` packets at most in a poll. Gives the time back, and what the
    /// consumer has read of it.
    ///
    /// # Errors
    /// If the consumer does not keep up at all.
    fn play(
        &mut self,
        packets: &mut Packets,
        a_poll: usize,
        expected: Tally,
    ) -> Result<(Duration, Tally), CompareError> {
        let heartbeat = packets.begin_session();
        self.lane.packet(&packet(&heartbeat, 1), self.clock.now());
        self.settle()?;
        let before = self.consumer.as_ref().map(Consumer::tally).unwrap_or_default();
        let steps = self.lane.publisher.step();
        let mut source = AtMost(packets.play(), a_poll);
        let begun = Instant::now();
        let mut now = self.clock.now();
        loop {
            let polled = self.lane.poll(&mut source, now);
            now = self.clock.now();
            self.lane.published(now);
            if polled.map_err(|e| CompareError::failed("lane", e))? == Polled::End {
                break;
            }
        }
        let Some(consumer) = &self.consumer else {
            // Without a reader, that every message was a step of its own is all there is to see.
            let took = begun.elapsed();
            let whole = self.lane.publisher.step() - steps == packets.messages;
            let read = if whole { expected } else { Tally::default() };
            return Ok((took, read.with_steps_from(steps)));
        };
        let tally = consumer.wait_for(before.records + expected.records)?;
        Ok((begun.elapsed(), tally.since(before)))
    }
}

/// One way of playing, to one lane that several ways share.
pub struct Way<'a> {
    /// What it is called.
    pub name: String,
    /// The lane.
    pub whole: Rc<RefCell<Whole>>,
    /// The packets.
    pub packets: &'a RefCell<Packets>,
    /// Packets in a poll at most.
    pub a_poll: usize,
    /// What comes of them.
    pub expected: Tally,
}

impl Contestant for Way<'_> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let mut whole = self.whole.borrow_mut();
        let mut packets = self.packets.borrow_mut();
        let steps = whole.lane.publisher.step() + 1;
        let (took, tally) = whole.play(&mut packets, self.a_poll, self.expected)?;
        let expected = self.expected.with_steps_from(steps);
        if tally != expected {
            let why = format!("read {tally:?} where {expected:?} was published");
            return Err(CompareError::failed("the consumer", why));
        }
        let ns = took.as_nanos() as f64 / packets.messages.max(1) as f64;
        Ok(Round { ns, answer: answer(&whole.lane.venue.books) })
    }
}

/// What a seat for ORDERS and TRADES gets of these packets, with steps numbered from 1.
///
/// # Errors
/// If no lane can be had.
pub fn expected(packets: &mut Packets, limits: Limits) -> Result<Tally, CompareError> {
    let mut lane = lane(limits, Adder::default())?;
    let heartbeat = packets.begin_session();
    lane.packet(&packet(&heartbeat, 1), 1);
    let steps = lane.publisher.step();
    let mut source = packets.play();
    let refused = loop {
        match lane.poll(&mut source, 1) {
            Ok(Polled::End) => break lane.publisher.counts.rejects().map(|(_, n)| n).sum::<u64>(),
            Ok(_) => {}
            Err(error) => return Err(CompareError::failed("lane", error)),
        }
    };
    if refused != 0 {
        return Err(CompareError::failed("lane", format!("{refused} messages refused")));
    }
    let Adder(tally) = lane.publisher.outlet;
    Ok(tally.with_steps_from(steps.wrapping_neg()))
}
