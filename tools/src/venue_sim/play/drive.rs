//! Playing a session: messages into packets, packets onto lines, each at its time.
//!
//! ```text
//! start_delay                      data                                    end
//! heartbeats only      packets by plan, heartbeats where idle    end of session, repeated
//! ```
//!
//! Time, messages and sockets are given, so a whole session runs in a test without any of the
//! three. Packets are planned a little ahead of what is sent: far enough that a delayed line and a
//! prompt one are served in the order of time, one packet at least. An interruption takes no more
//! messages, sends what was planned and ends the session properly; the summary is then that of a
//! shorter session and as exact.

use super::clock::Clock;
use super::error::PlayError;
use super::lines::Lines;
use super::pace::Pace;
use super::packets::{Packet, Packetiser};
use super::source::{Message, Messages};
use super::throttle::Throttle;

/// How often the end of the session is repeated at least, ns.
const END_EVERY_NS: u64 = 250_000_000;
/// How many packets of a line may go out at once after a pause of the host.
const BURST: u64 = 32;
/// How much faster than the cap a line may go until it has caught up with its plan: a quarter.
const CATCH_UP: (u64, u64) = (5, 4);

/// Sends a datagram on a line.
pub trait Transmit {
    /// Hands the payload to the network.
    ///
    /// # Errors
    /// If the network does not take it.
    fn send(&mut self, line: usize, payload: &[u8]) -> Result<(), PlayError>;
}

/// Times of a session, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Heartbeats only, before the first message.
    pub start_delay_ns: u64,
    /// Idle time of a line before a heartbeat.
    pub heartbeat_ns: u64,
    /// How long the end of the session is repeated.
    pub end_ns: u64,
    /// Most packets a second of a line.
    pub packets_per_second: u64,
}

/// Packets of one packetiser, for the lines that carry them.
#[derive(Debug)]
pub struct Stream {
    packetiser: Packetiser,
    pace: Pace,
    /// Which lines, by their places.
    lines: Vec<usize>,
    /// When the newest packet is due.
    planned: Option<u64>,
}

impl Stream {
    /// Packets for these lines.
    #[must_use]
    pub fn new(packetiser: Packetiser, pace: Pace, lines: Vec<usize>) -> Self {
        Self { packetiser, pace, lines, planned: None }
    }

    fn plan(&mut self, packet: &Packet, lines: &mut Lines, packets: &mut PacketCounts) {
        let due = self.pace.due(packet);
        self.planned = Some(due);
        packets.count(packet);
        lines.packet(|index| self.lines.contains(&index), packet, due);
    }
}

/// How large the venue's packets were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// Packets, by the number of messages they carry.
    pub by_messages: std::collections::BTreeMap<u16, u64>,
    /// The largest payload, bytes.
    pub largest: usize,
}

impl PacketCounts {
    fn count(&mut self, packet: &Packet) {
        *self.by_messages.entry(packet.count).or_default() += 1;
        self.largest = self.largest.max(packet.bytes.len());
    }
}

/// What a session was, beside its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Messages of the venue.
    pub messages: u64,
    /// The number after the last message.
    pub end: u64,
    /// Sizes of the packets of all streams.
    pub packets: PacketCounts,
    /// From the first packet to the last, ns.
    pub data_ns: u64,
    /// The longest that handing a datagram to the network took, ns.
    pub slowest_send_ns: u64,
    /// The most that a packet went out after its time, ns.
    pub latest_ns: u64,
    /// Whether it was ended before the last message.
    pub interrupted: bool,
}

/// A session being played.
#[derive(Debug)]
pub struct Player<'a, M, C, T> {
    messages: &'a mut M,
    clock: &'a mut C,
    network: &'a mut T,
    timing: Timing,
    lines: Lines,
    streams: Vec<Stream>,
    throttles: Vec<Throttle>,
    /// When each line had its last packet or heartbeat, by the clock; `None` before the first.
    active: Vec<Option<u64>>,
    /// When the first message is due, by the clock.
    origin: u64,
    exhausted: bool,
    message: Message,
    played: Played,
}

impl<'a, M: Messages, C: Clock, T: Transmit> Player<'a, M, C, T> {
    /// A session of `messages` on these lines, each of which is in one stream.
    pub fn new(
        messages: &'a mut M,
        clock: &'a mut C,
        network: &'a mut T,
        timing: Timing,
        lines: Lines,
        streams: Vec<Stream>,
    ) -> Self {
        let count = lines.lines().len();
        let fastest = timing.packets_per_second.saturating_mul(CATCH_UP.0) / CATCH_UP.1;
        Self {
            messages,
            clock,
            network,
            timing,
            lines,
            streams,
            throttles: vec![Throttle::new(fastest, BURST); count],
            active: vec![None; count],
            origin: 0,
            exhausted: false,
            message: Message::default(),
            played: Played::default(),
        }
    }

    /// Plays it to its end; `progress` hears of it now and then.
    ///
    /// # Errors
    /// If the messages cannot be read, or the network does not take them.
    pub fn play(mut self, progress: &mut dyn FnMut(&M, u64)) -> Result<(Played, Lines), PlayError> {
        self.origin = self.clock.now().saturating_add(self.timing.start_delay_ns);
        if self.timing.start_delay_ns > 0 {
            self.idle_until(self.origin)?;
        }
        // A slow start, or none at all, does not make the first packets late.
        self.origin = self.clock.now();
        let mut packets = 0_u64;
        loop {
            self.plan_ahead()?;
            let Some((line, at)) = self.lines.head() else { break };
            self.wait_for(line, at)?;
            self.send_next(line, at)?;
            packets += 1;
            if packets.is_multiple_of(1_024) {
                progress(self.messages, self.played.messages);
            }
        }
        self.played.data_ns = self.clock.now().saturating_sub(self.origin);
        self.end()?;
        self.played.end =
            self.streams.first().map_or(0, |stream| stream.packetiser.next_sequence());
        Ok((self.played, self.lines))
    }

    /// Plans packets until each stream has one beyond the head of the queues.
    fn plan_ahead(&mut self) -> Result<(), PlayError> {
        while !self.exhausted {
            let head = self.lines.head().map(|(_, at)| at);
            let ahead = |stream: &Stream| stream.planned.is_some_and(|due| Some(due) > head);
            if head.is_some() && self.streams.iter().all(ahead) {
                break;
            }
            let more = !self.clock.is_interrupted() && self.messages.next(&mut self.message)?;
            if more {
                self.take_message()?;
            } else {
                self.played.interrupted = self.clock.is_interrupted();
                self.flush();
            }
        }
        Ok(())
    }

    fn take_message(&mut self) -> Result<(), PlayError> {
        self.played.messages += 1;
        for stream in &mut self.streams {
            let sequence = stream.packetiser.next_sequence();
            let closed = stream
                .packetiser
                .push(&self.message)
                .map_err(|source| PlayError::TooLong { sequence, source })?;
            if let Some(packet) = closed {
                stream.plan(&packet, &mut self.lines, &mut self.played.packets);
            }
            if self.message.skipped > 0 {
                let end = sequence.saturating_add(self.message.skipped);
                self.lines.skip(|index| stream.lines.contains(&index), sequence, end);
            }
        }
        Ok(())
    }

    fn flush(&mut self) {
        self.exhausted = true;
        for stream in &mut self.streams {
            if let Some(packet) = stream.packetiser.flush() {
                stream.plan(&packet, &mut self.lines, &mut self.played.packets);
            }
        }
        self.lines.finish();
    }

    /// Waits until a line's next packet may go out, with heartbeats meanwhile. An interruption
    /// sends it at once, as far as the cap allows.
    fn wait_for(&mut self, line: usize, at: u64) -> Result<(), PlayError> {
        let due = self.origin.saturating_add(at);
        let allowed = self.throttles.get(line).map_or(0, Throttle::ready_at);
        self.idle_until(due.max(allowed))?;
        let left = allowed.saturating_sub(self.clock.now());
        if left > 0 {
            self.clock.pause(left);
        }
        Ok(())
    }

    fn send_next(&mut self, line: usize, at: u64) -> Result<(), PlayError> {
        let now = self.clock.now();
        let Some(next) = self.lines.pop(line) else { return Ok(()) };
        if let Some(throttle) = self.throttles.get_mut(line) {
            throttle.take(now);
        }
        if let Some(active) = self.active.get_mut(line) {
            *active = Some(now);
        }
        let late = now.saturating_sub(self.origin.saturating_add(at));
        self.played.latest_ns = self.played.latest_ns.max(late);
        let Some(bytes) = next.bytes else { return Ok(()) };
        self.network.send(line, &bytes)?;
        let took = self.clock.now().saturating_sub(now);
        self.played.slowest_send_ns = self.played.slowest_send_ns.max(took);
        Ok(())
    }

    /// Waits, and sends each line's heartbeats.
    fn idle_until(&mut self, until: u64) -> Result<(), PlayError> {
        loop {
            let now = self.clock.now();
            let mut wake = until;
            for line in 0..self.active.len() {
                wake = wake.min(self.beat(line, now)?);
            }
            if now >= until || self.clock.is_interrupted() {
                return Ok(());
            }
            self.clock.wait_until(wake);
        }
    }

    /// Sends a line's heartbeat if it is due, and tells when the next one is.
    fn beat(&mut self, line: usize, now: u64) -> Result<u64, PlayError> {
        let Some(active) = self.active.get_mut(line) else { return Ok(u64::MAX) };
        let due = active.map_or(now, |active| active.saturating_add(self.timing.heartbeat_ns));
        if due > now {
            return Ok(due);
        }
        *active = Some(now);
        let at = now.cast_signed().saturating_sub(self.origin.cast_signed());
        if let Some(payload) = self.lines.heartbeat(line, at) {
            self.network.send(line, &payload)?;
        }
        Ok(now.saturating_add(self.timing.heartbeat_ns))
    }

    /// Says on every line that the session is over, for as long as wanted, once at least.
    fn end(&mut self) -> Result<(), PlayError> {
        let every = self.timing.heartbeat_ns.clamp(1, END_EVERY_NS);
        let wanted = self.timing.end_ns;
        // Who interrupts wants to go, but a single datagram may be lost.
        let length = if self.played.interrupted { wanted.min(END_EVERY_NS) } else { wanted };
        for number in 0..=length / every {
            if number > 0 {
                self.clock.pause(every);
            }
            let at = self.clock.now().cast_signed().saturating_sub(self.origin.cast_signed());
            for line in 0..self.active.len() {
                if let Some(payload) = self.lines.end_of_session(line, at) {
                    self.network.send(line, &payload)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
