//! Recovery in a run: its machine, its sockets, and the servers behind them.

use feed::lane::Lane;
use feed::recover::mail::mail;
use feed::recover::{Recovery, StreamEvent};

use super::{Event, World};
use crate::mutant::Mutant;
use crate::outlet::Tap;
use crate::scenario::Scenario;
use crate::servers::{Action, Servers, Sockets};
use crate::trace::Happened;

/// Recovery, beside the lane.
pub(super) struct Side {
    pub(super) machine: Recovery,
    pub(super) sockets: Sockets,
    pub(super) servers: Servers,
    /// The connection that recovery believes to have.
    current: Option<u64>,
    every_ns: u64,
    way_ns: u64,
}

/// The lane with its side of recovery, and recovery itself, as drawn.
pub(super) fn with_recovery(
    lane: Lane<Tap>,
    scenario: &Scenario,
    session: [u8; 10],
    mutant: Option<Mutant>,
) -> (Lane<Tap>, Option<Side>) {
    let Some(draw) = &scenario.recovery else { return (lane, None) };
    let Some(spec) = &draw.requests else { return (lane.with_recovery(None, draw.repair), None) };
    let (lane_end, recovery_end) = mail();
    let lie = mutant == Some(Mutant::CorruptFill);
    let side = Side {
        machine: Recovery::new(spec.clone(), recovery_end),
        sockets: Sockets { refuses: scenario.seed % 7, ..Sockets::default() },
        servers: Servers::new(draw, scenario.seed, session, lie),
        current: None,
        every_ns: draw.every_ns,
        way_ns: draw.way_ns,
    };
    (lane.with_recovery(Some(lane_end), draw.repair), Some(side))
}

impl World {
    pub(super) fn recover(&mut self, now: u64) {
        let Some(side) = &mut self.side else { return };
        side.machine.poll(now, &mut side.sockets);
        let next = side.machine.deadline().clamp(now + 1_000, now + side.every_ns);
        self.scheduler.at(next, Event::Recover);
        self.act(now);
    }

    pub(super) fn answer(&mut self, server: u8, bytes: &[u8], now: u64) {
        let Some(side) = &mut self.side else { return };
        self.trace.note(now, Happened::Recovery("answer", u64::from(server), bytes.len() as u64));
        side.machine.datagram(server, bytes, now);
        side.machine.poll(now, &mut side.sockets);
        self.act(now);
    }

    pub(super) fn connected(&mut self, number: u64, now: u64) {
        let Some(side) = &mut self.side else { return };
        if side.current == Some(number) {
            side.machine.stream(StreamEvent::Connected, now, &mut side.sockets);
            self.act(now);
        }
    }

    pub(super) fn stream(&mut self, number: u64, bytes: Option<Vec<u8>>, now: u64) {
        let Some(side) = &mut self.side else { return };
        if side.current != Some(number) {
            return;
        }
        let event = match &bytes {
            Some(bytes) => StreamEvent::Bytes(bytes),
            None => {
                side.current = None;
                self.trace.note(now, Happened::Recovery("closed", number, 0));
                StreamEvent::Closed
            }
        };
        side.machine.stream(event, now, &mut side.sockets);
        self.act(now);
    }

    pub(super) fn serve(&mut self, number: u64, now: u64) {
        let Some(side) = &mut self.side else { return };
        let mut pieces = Vec::new();
        let next = side.servers.serve(number, now, &mut pieces);
        for (at, bytes) in pieces {
            self.scheduler.at(at, Event::Stream(number, bytes));
        }
        if let Some(at) = next {
            self.scheduler.at(at, Event::Serve(number));
        }
    }

    /// Does what recovery did to its sockets.
    fn act(&mut self, now: u64) {
        let Some(side) = &mut self.side else { return };
        let mut answers = Vec::new();
        while let Some(action) = side.sockets.actions.pop_front() {
            match action {
                Action::Request(server, bytes) => {
                    let name = u64::from(server);
                    self.trace.note(now, Happened::Recovery("request", name, 0));
                    side.servers.request(server, &bytes, now, &mut answers);
                }
                Action::Connect(server) => {
                    let number = side.servers.connect(server, now);
                    side.current = Some(number);
                    self.trace.note(now, Happened::Recovery("connect", u64::from(server), number));
                    self.scheduler.at(now + side.way_ns, Event::Connected(number));
                    self.scheduler.at(now + side.way_ns + 1_000, Event::Serve(number));
                }
                Action::Write(bytes) => {
                    side.servers.received(&bytes, now, &self.market);
                    if let Some(number) = side.servers.connected() {
                        self.scheduler.at(now + side.way_ns, Event::Serve(number));
                    }
                }
                Action::Close => {
                    side.servers.close();
                    side.current = None;
                }
            }
        }
        for answer in answers {
            self.scheduler.at(answer.at, Event::Answer(answer.to, answer.bytes));
        }
    }
}
