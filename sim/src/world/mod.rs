//! A run: the real state machines between a made venue and made consumers, in virtual time.

mod recovery;

use std::collections::VecDeque;

use book::L3Limits;
use feed::error::FeedError;
use feed::lane::{Lane, LaneConfig};
use feed::net::{Layer, Packet as NetPacket, Polled, Source};
use feed::publish::outlet::{Books, Outlet};
use feed::venue::nasdaq::day::{Day, Eastern};
use feed::venue::nasdaq::{Limits, Nasdaq};
use protocol::frame::{Checksums, LinkType};
use wire::{Nature, StampBy};

use crate::checks::{Bounds, Checks, Found, Totals};
use crate::consumer::{Around, Seat, SeatTotals};
use crate::itch::stock_of;
use crate::line::{Line, LineTotals, Packet};
use crate::market::Market;
use crate::mutant::Mutant;
use crate::outlet::Tap;
use crate::scenario::{DATE, MIDNIGHT_NS, START_NS, Scenario};
use crate::scheduler::Scheduler;
use crate::servers::RecoveryDraw;
use crate::trace::{Happened, Trace};
use recovery::{Side, with_recovery};

/// Orders that the lane has room for.
const ORDERS: u32 = 4_096;
/// Polls between two comparisons of every book.
const CHECKPOINT: u64 = 256;
/// Time from a poll that found packets to the next one, ns.
const AGAIN_NS: u64 = 300;
/// Ends of session that are sent on each line.
const ENDS: u64 = 12;
/// Virtual time in which everything must be quiet after the venue has said its last, in heartbeats.
const QUIET_BEATS: u64 = 4;
/// And so much more for what is to be healed, once servers answer.
const HEAL_NS: u64 = 20_000_000_000;

/// Something that is going to happen.
enum Event {
    /// The venue makes messages.
    Market,
    /// A line looks whether it has to send a heartbeat.
    Beat(usize),
    /// A packet comes to the lane's host.
    Arrive(Packet),
    /// The lane is polled.
    Poll,
    /// A consumer looks.
    Seat(usize),
    /// Recovery's thread looks.
    Recover,
    /// A datagram of a retransmission server comes.
    Answer(u8, Vec<u8>),
    /// The connection of this number is made.
    Connected(u64),
    /// Bytes of it come, or its end.
    Stream(u64, Option<Vec<u8>>),
    /// Its server may have something to send.
    Serve(u64),
    /// The run is over.
    End,
}

/// Where a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Virtual time, ns UTC.
    pub at: u64,
    /// What does not hold.
    pub what: String,
    /// The last events.
    pub trace: Vec<String>,
}

/// What a run that holds came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// What the lane did.
    pub lane: Totals,
    /// What the seats did, all together.
    pub seats: SeatTotals,
    /// What the lines did, both together.
    pub lines: LineTotals,
    /// Virtual time, ns.
    pub virtual_ns: u64,
    /// Events.
    pub events: u64,
    /// Polls.
    pub polls: u64,
}

/// Packets at the lane's host, in the order in which they came.
#[derive(Default)]
struct Inbox {
    waiting: VecDeque<(u64, Packet)>,
    most: usize,
}

impl Source for Inbox {
    fn poll(
        &mut self,
        _now: u64,
        budget: usize,
        sink: &mut impl FnMut(NetPacket<'_>),
    ) -> Result<Polled, FeedError> {
        let mut given = 0;
        while given < budget.min(self.most)
            && let Some((at, packet)) = self.waiting.pop_front()
        {
            let layer = match packet.damaged {
                true => Layer::Link(LinkType::RawIp),
                false => Layer::Udp,
            };
            let (bytes, line) = (&*packet.bytes, packet.line);
            sink(NetPacket { bytes, layer, ts_receive: at, stamp: StampBy::Kernel, line });
            given += 1;
        }
        Ok(if given == 0 { Polled::Nothing } else { Polled::Packets(given) })
    }
}

/// A run.
pub struct World {
    scenario: Scenario,
    scheduler: Scheduler<Event>,
    market: Market,
    lines: Vec<Line>,
    inbox: Inbox,
    lane: Lane<Tap>,
    checks: Checks,
    seats: Vec<Seat>,
    side: Option<Side>,
    trace: Trace,
    /// When the lane is polled next; other polls that were planned do not happen.
    poll_at: u64,
    /// Until when polls are close together.
    busy_until: u64,
    polls: u64,
    phase: usize,
    made: u64,
    ends: u64,
    calm: bool,
    over: bool,
    /// When everything must be healed.
    heal_until: u64,
    mutant: Option<Mutant>,
}

fn lane_of(scenario: &Scenario, mutant: Option<Mutant>, eastern: Eastern) -> Lane<Tap> {
    let instruments = u32::from(scenario.style.stocks) + 2;
    let limits = Limits { instruments, orders: ORDERS };
    let books = L3Limits { reference_max: 1 << 16, ..L3Limits::new(instruments + 1, ORDERS) };
    let books = Books::new(books).unwrap_or_else(|error| panic!("books: {error}"));
    let slow = u64::from(mutant == Some(Mutant::LongHold)) * scenario.hold_ns;
    let config = LaneConfig {
        nature: Nature::Simulated,
        checksums: Checksums::Verify,
        groups: Vec::new(),
        day: Some(Day { date: DATE, midnight_ns: MIDNIGHT_NS }),
        lines: 2,
        hold_ns: scenario.hold_ns + slow,
        line_timeout_ns: scenario.line_timeout_ns,
        divergence_sample: 1,
    };
    let tap = Tap::new(instruments + 1, scenario.ring, mutant);
    Lane::new(config, eastern, Nasdaq::with_books(limits, books), tap)
}

impl World {
    /// The run of a scenario, before its first event.
    pub fn new(scenario: Scenario, mutant: Option<Mutant>, print: bool) -> World {
        let eastern = Eastern::new().unwrap_or_else(|error| panic!("time zone: {error}"));
        let mut lane = lane_of(&scenario, mutant, eastern);
        let market = Market::new(scenario.seed, scenario.style);
        let side;
        (lane, side) = with_recovery(lane, &scenario, market.session().name, mutant);
        let tap = &lane.publisher.outlet;
        let seats = scenario.seats.iter().cloned().enumerate().map(|(number, spec)| {
            let mut seat = Seat::new(number, spec, tap, scenario.seed, scenario.style.stocks);
            seat.mutate(mutant);
            seat
        });
        let seats: Vec<Seat> = seats.collect();
        let bounds = Bounds {
            hold_ns: scenario.hold_ns,
            line_timeout_ns: scenario.line_timeout_ns,
            busy_poll_ns: 2 * scenario.busy_poll_ns,
            idle_poll_ns: 2 * scenario.idle_poll_ns,
        };
        let lines = (1..).zip(&scenario.lines);
        let lines = lines.map(|(n, spec)| Line::new(n, spec.clone(), scenario.seed)).collect();
        let mut world = World {
            scheduler: Scheduler::new(START_NS),
            market,
            lines,
            inbox: Inbox { most: scenario.burst, ..Inbox::default() },
            lane,
            checks: Checks::new(bounds, scenario.style.stocks, START_NS),
            seats,
            side,
            trace: Trace::new(print),
            poll_at: START_NS,
            busy_until: START_NS,
            polls: 0,
            phase: 0,
            made: 0,
            ends: 0,
            calm: false,
            over: false,
            heal_until: 0,
            mutant,
            scenario,
        };
        world.scheduler.at(START_NS, Event::Poll);
        world.scheduler.at(START_NS + 1, Event::Market);
        world.keep();
        if world.side.is_some() {
            world.scheduler.at(START_NS + 1, Event::Recover);
        }
        for line in 0..world.lines.len() {
            world.scheduler.at(START_NS + world.scenario.heartbeat_ns, Event::Beat(line));
        }
        for seat in 0..world.seats.len() {
            world.scheduler.at(world.seats[seat].joins(), Event::Seat(seat));
        }
        world
    }

    /// Lets everything happen.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn run(mut self) -> Result<Outcome, Box<Failure>> {
        while let Some(event) = self.scheduler.pop() {
            if let Err(what) = self.happen(event) {
                return Err(Box::new(self.failure(what)));
            }
            if self.over {
                break;
            }
        }
        if let Err(what) = self.finish() {
            return Err(Box::new(self.failure(what)));
        }
        Ok(self.outcome())
    }

    fn failure(&self, what: String) -> Failure {
        let trace = self.trace.lines();
        Failure { seed: self.scenario.seed, at: self.scheduler.now(), what, trace }
    }

    fn outcome(&self) -> Outcome {
        let mut outcome = Outcome {
            lane: self.checks.totals,
            virtual_ns: self.scheduler.now() - START_NS,
            events: self.scheduler.events(),
            polls: self.polls,
            ..Outcome::default()
        };
        for seat in &self.seats {
            outcome.seats.read += seat.totals.read;
            outcome.seats.lost += seat.totals.lost;
            outcome.seats.compared += seat.totals.compared;
            outcome.seats.lives += seat.totals.lives;
        }
        for line in &self.lines {
            outcome.lines.sent += line.totals.sent;
            outcome.lines.lost += line.totals.lost;
            outcome.lines.copies += line.totals.copies;
            outcome.lines.damaged += line.totals.damaged;
        }
        outcome
    }

    fn happen(&mut self, event: Event) -> Found {
        let now = self.scheduler.now();
        match event {
            Event::Market => self.make(now),
            Event::Beat(line) => self.beat(line, now),
            Event::Arrive(packet) => self.arrive(packet, now),
            Event::Poll if now == self.poll_at => self.poll(now)?,
            Event::Poll => {}
            Event::Seat(seat) => self.look(seat, now)?,
            Event::Recover => self.recover(now),
            Event::Answer(server, bytes) => self.answer(server, &bytes, now),
            Event::Connected(number) => self.connected(number, now),
            Event::Stream(number, bytes) => self.stream(number, bytes, now),
            Event::Serve(number) => self.serve(number, now),
            Event::End => self.end_if_healed(now)?,
        }
        Ok(())
    }

    /// The venue makes a message, or begins the next phase.
    fn make(&mut self, now: u64) {
        let Some(&phase) = self.scenario.phases.get(self.phase) else { return self.end(now) };
        if self.made >= phase.messages {
            return self.next_phase(now);
        }
        // Messages that are closer together than this are made together.
        let together = (2_000 / phase.apart_ns.max(1)).clamp(1, 16).min(phase.messages - self.made);
        for _ in 0..together {
            self.market.message(now - MIDNIGHT_NS);
            self.made += 1;
        }
        self.keep();
        self.send(phase.apart_ns > 20_000, now);
        self.scheduler.at(now + together * phase.apart_ns, Event::Market);
    }

    fn next_phase(&mut self, now: u64) {
        self.phase += 1;
        self.made = 0;
        if self.phase == self.scenario.faulty_phases {
            self.calm_down(now);
        }
        self.send(true, now);
        if self.scenario.jump.is_some_and(|(phase, _)| phase == self.phase)
            && let Some((_, by)) = self.scenario.jump.take()
        {
            self.market.jump(by);
            self.trace.note(now, Happened::Jump(by));
        }
        if self.scenario.sessions.contains(&self.phase) {
            if self.ends < ENDS {
                // The same phase begins again when the end has been said often enough.
                self.ends += 1;
                self.phase -= 1;
                self.made = u64::MAX;
                self.say_end(now);
                return self.scheduler.at(now + self.scenario.heartbeat_ns / 4, Event::Market);
            }
            self.ends = 0;
            self.market.begin_session(now - MIDNIGHT_NS);
            self.keep();
            self.trace.note(now, Happened::Session(self.market.sessions.len() - 1));
        }
        self.scheduler.at(now + 1_000, Event::Market);
    }

    fn calm_down(&mut self, now: u64) {
        if !std::mem::replace(&mut self.calm, true) {
            self.trace.note(now, Happened::Calm);
            self.seats.iter_mut().for_each(Seat::calm);
            if let Some(side) = &mut self.side {
                side.servers.calm();
                side.sockets.refuses = 0;
            }
        }
    }

    /// The venue has said everything: ends of session, then silence.
    fn end(&mut self, now: u64) {
        self.calm_down(now);
        self.send(true, now);
        if self.ends < ENDS {
            self.ends += 1;
            self.say_end(now);
            return self.scheduler.at(now + self.scenario.heartbeat_ns / 4, Event::Market);
        }
        let quiet = QUIET_BEATS * self.scenario.heartbeat_ns + 100_000_000;
        self.heal_until = now + quiet + HEAL_NS;
        self.scheduler.at(now + quiet, Event::End);
    }

    /// The run is over when everything is healed, and has failed when that takes too long.
    fn end_if_healed(&mut self, now: u64) -> Found {
        let must = self.scenario.recovery.as_ref().is_some_and(RecoveryDraw::must_heal);
        let open = self.checks.open_gaps();
        let doubtful = self.checks.compare_all(&self.lane)?;
        // The seats get what was healed a few books at a time.
        let told = self.complete(now);
        self.over = (!must || (open == 0 && doubtful == 0)) && told.is_ok();
        if self.over {
            return Ok(());
        }
        if now >= self.heal_until {
            told?;
            return Err(format!(
                "{open} gaps are open and {doubtful} books doubtful {} ms after the faults stopped",
                HEAL_NS / 1_000_000
            ));
        }
        self.scheduler.at(now + 100_000_000, Event::End);
        Ok(())
    }

    fn keep(&mut self) {
        if let Some(side) = &mut self.side {
            side.servers.keep(&self.market);
        }
    }

    fn send(&mut self, all: bool, now: u64) {
        let (market, calm) = (&self.market, self.calm);
        for line in &mut self.lines {
            line.send(market, all, now, calm, &mut |at, packet| {
                self.scheduler.at(at, Event::Arrive(packet));
            });
        }
    }

    fn say_end(&mut self, now: u64) {
        let (market, calm) = (&self.market, self.calm);
        for line in &mut self.lines {
            line.beat(market, true, now, calm, &mut |at, packet| {
                self.scheduler.at(at, Event::Arrive(packet));
            });
        }
    }

    /// A heartbeat goes out if nothing was sent since the last one was due.
    fn beat(&mut self, line: usize, now: u64) {
        let (market, calm, period) = (&self.market, self.calm, self.scenario.heartbeat_ns);
        let Some(line_of) = self.lines.get_mut(line) else { return };
        let due = line_of.sent_at + period;
        if now >= due {
            line_of.beat(market, false, now, calm, &mut |at, packet| {
                self.scheduler.at(at, Event::Arrive(packet));
            });
        }
        let next = if now >= due { now + period } else { due };
        self.scheduler.at(next, Event::Beat(line));
    }

    fn arrive(&mut self, mut packet: Packet, now: u64) {
        let renumber = self.mutant == Some(Mutant::RenumberLate);
        if renumber && packet.line == 2 && packet.first.is_multiple_of(50) && !packet.damaged {
            let mut bytes = packet.bytes.to_vec();
            bytes[10..18].copy_from_slice(&self.checks.expected().to_be_bytes());
            packet.bytes = bytes.into();
        }
        self.inbox.waiting.push_back((now, packet));
        self.busy_until = now + 2 * self.scenario.hold_ns + 10 * self.scenario.busy_poll_ns;
        self.plan_poll(now);
    }

    fn plan_poll(&mut self, at: u64) {
        if at < self.poll_at || self.poll_at < self.scheduler.now() {
            self.poll_at = at;
            self.scheduler.at(at, Event::Poll);
        }
    }

    fn poll(&mut self, now: u64) -> Found {
        self.polls += 1;
        let given = self.inbox.waiting.len().min(self.inbox.most).min(feed::lane::BURST);
        for (_, packet) in self.inbox.waiting.iter().take(given) {
            let (line, session, damaged) = (packet.line, packet.session, packet.damaged);
            let (first, count) = (packet.first, packet.count);
            self.trace.note(now, Happened::Packet { line, session, first, count, damaged });
            self.checks.arrives(packet, &self.market.sessions[session], now);
        }
        if let Err(error) = self.lane.poll(&mut self.inbox, now) {
            return Err(format!("the source ended: {error}"));
        }
        self.checks.polled(&mut self.lane, &self.market, given, now)?;
        if given > 0 {
            let (expected, open) = (self.checks.expected(), self.checks.open_gaps());
            let steps = self.checks.steps.len() as u64 - 1;
            self.trace.note(now, Happened::Poll { packets: given, expected, open, steps });
        }
        if self.polls.is_multiple_of(CHECKPOINT) {
            self.checks.compare_all(&self.lane)?;
        }
        let busy = now < self.busy_until
            || !self.inbox.waiting.is_empty()
            || self.lane.publisher.outlet.refreshes_pending();
        let gap = match () {
            // A core that spins looks again at once.
            () if given > 0 => AGAIN_NS,
            () if busy => self.scenario.busy_poll_ns,
            () => self.scenario.idle_poll_ns,
        };
        self.poll_at = now + gap;
        self.scheduler.at(now + gap, Event::Poll);
        Ok(())
    }

    fn look(&mut self, seat: usize, now: u64) -> Found {
        let around = Around {
            market: &self.market,
            steps: &self.checks.steps,
            tap: &self.lane.publisher.outlet,
            now,
            print: self.trace.prints(),
        };
        let Some(of) = self.seats.get_mut(seat) else { return Ok(()) };
        let before = of.totals.read;
        let next = of.look(&around)?;
        if of.totals.read != before {
            self.trace.note(now, Happened::Seat { seat, read: of.totals.read - before });
        }
        if self.polls.is_multiple_of(16) {
            of.compare_all(&around, false)?;
        }
        self.scheduler.at(next, Event::Seat(seat));
        Ok(())
    }

    fn finish(&mut self) -> Found {
        let now = self.scheduler.now();
        self.checks.finish(&self.lane, &self.market)?;
        for seat in &mut self.seats {
            let around = Around {
                market: &self.market,
                steps: &self.checks.steps,
                tap: &self.lane.publisher.outlet,
                now,
                print: self.trace.prints(),
            };
            // What is there is read; what the lane would still have to send is not waited for.
            seat.read(&around, usize::MAX)?;
            let quiet = !around.tap.refreshes_pending();
            seat.compare_all(&around, quiet)?;
            seat.check_life(&around, seat.is_drained())?;
        }
        self.complete(now)
    }

    /// Without any gap nothing may be doubtful at the end, in the lane and at the seats.
    fn complete(&mut self, _now: u64) -> Found {
        let doubtful = self.checks.compare_all(&self.lane)?;
        if self.checks.open_gaps() == 0 && doubtful > 0 {
            return Err(format!("no gap is open at the end, and {doubtful} books are not live"));
        }
        if doubtful > 0 {
            return Ok(());
        }
        for (number, seat) in self.seats.iter().enumerate() {
            for index in 1..=self.lane.venue.directory.len() {
                let state = seat.state(index);
                let row = self.lane.publisher.outlet.rows.get(index as usize);
                let stock = row.and_then(|row| stock_of(&row.native_symbol));
                // What this session has not listed has no book.
                let listed = stock.is_some_and(|stock| self.market.is_listed(stock));
                if listed && seat.wants(index) && state != Some(wire::BookState::Live) {
                    return Err(format!(
                        "seat {number}: instrument {index} is {state:?} at the end, {:?}: {:?}",
                        seat.doubts(),
                        seat.spec()
                    ));
                }
            }
        }
        Ok(())
    }
}
