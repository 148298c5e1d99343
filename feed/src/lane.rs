//! The lane: one venue's state machine. Frames in, records out.
//!
//! `poll(now)` takes packets from a source, walks link layer, IP, UDP and MoldUDP64, keeps the
//! first copy of each numbered message, declares what is missing, hands messages to the venue and
//! serves the seats. It has no clock, thread or I/O of its own: `now` is an argument, the source is
//! borrowed, the outlet is a type parameter.

use protocol::frame::moldudp64::{MoldKind, MoldPacket};
use protocol::frame::{Checksums, udp};
use wire::codes::{GapHow, SessionEvent};
use wire::payload::{GapBegin, GapEnd, Heartbeat, Session};
use wire::{BookState, Nature, Origin, Path, StampBy};

use crate::counts::LaneReject;
use crate::error::FeedError;
use crate::gap::{Gaps, OPEN_GAPS_MAX};
use crate::line::{Sequencer, Verdict};
use crate::net::{Layer, Packet, Polled, Source};
use crate::publish::outlet::Outlet;
use crate::publish::refresh::BookRefresh;
use crate::publish::step::{HANDLER, Publisher, Stamp};
use crate::venue::nasdaq::day::{Day, Eastern};
use crate::venue::nasdaq::{Nasdaq, session_id};

/// Packets taken from a source in one poll.
pub const BURST: usize = 32;
/// Sessions that are remembered as over, so that a late line does not bring one back.
const OLD_SESSIONS: usize = 8;
/// A silent lane says so this often.
const HEARTBEAT_NS: u64 = 100_000_000;
/// Images and counters are brought up to date at least every so many polls.
const UPKEEP_POLLS: u32 = 64;
/// Images written in one poll.
const IMAGES_A_POLL: usize = 8;
/// The only channel of this venue: one sequence for the whole feed.
const CHANNEL: u16 = 0;

/// A UDP destination: address and port.
pub type Group = (u32, u16);

/// How a lane reads its packets.
#[derive(Clone, Debug)]
pub struct LaneConfig {
    /// What the data is, unless a session's name says less.
    pub nature: Nature,
    /// Whether IP and UDP checksums are compared.
    pub checksums: Checksums,
    /// Destinations that are taken; empty = all. The first is line A, the second B, ...
    pub groups: Vec<Group>,
    /// Trading day of every session; `None`: the day on which its first packet was received.
    pub day: Option<Day>,
}

/// The session that is being received.
struct Current {
    id: [u8; 10],
    sequencer: Sequencer,
    ended: bool,
}

/// One venue's state machine.
pub struct Lane<O> {
    config: LaneConfig,
    eastern: Eastern,
    /// The venue's part: books, symbols, session.
    pub venue: Nasdaq,
    /// Gaps of the channel.
    pub gaps: Gaps,
    /// Steps, records, counts, outlet.
    pub publisher: Publisher<O>,
    current: Option<Current>,
    old_sessions: [[u8; 10]; OLD_SESSIONS],
    old_count: usize,
    seen_groups: Vec<Group>,
    /// Bit n: line n + 1 has brought a packet.
    lines_seen: u16,
    polls: u32,
    heartbeat_at: u64,
    heartbeat_step: u64,
}

impl<O: Outlet> Lane<O> {
    /// A lane whose tables have been allocated.
    pub fn new(config: LaneConfig, eastern: Eastern, venue: Nasdaq, outlet: O) -> Lane<O> {
        let nature = config.nature;
        let mut seen_groups = Vec::with_capacity(15);
        seen_groups.extend(config.groups.iter().take(15));
        Lane {
            config,
            eastern,
            publisher: Publisher::new(venue.market().venue(), nature, outlet),
            venue,
            gaps: Gaps::default(),
            current: None,
            old_sessions: [[0; 10]; OLD_SESSIONS],
            old_count: 0,
            seen_groups,
            lines_seen: 0,
            polls: 0,
            heartbeat_at: 0,
            heartbeat_step: 0,
        }
    }

    /// Takes what the source has, at most [`BURST`] packets, and serves the seats.
    ///
    /// # Errors
    /// Only what ends the source.
    #[inline]
    pub fn poll(&mut self, source: &mut impl Source, now: u64) -> Result<Polled, FeedError> {
        let polled = source.poll(now, BURST, &mut |packet| self.packet(&packet, now))?;
        self.end_poll(!matches!(polled, Polled::Packets(_)), now);
        Ok(polled)
    }

    /// Takes one packet.
    #[inline]
    pub fn packet(&mut self, packet: &Packet<'_>, now: u64) {
        // A recording has its own clock, so that two replays decide alike.
        let now = if packet.stamp == StampBy::Recording { packet.ts_receive } else { now };
        let counts = &mut self.publisher.counts;
        counts.packets += 1;
        counts.bytes += packet.bytes.len() as u64;
        match packet.layer {
            Layer::Udp => self.datagram(packet.bytes, packet.line, packet, now),
            Layer::Link(link) => match udp(link, packet.bytes, self.config.checksums) {
                Ok(datagram) => {
                    let group = (datagram.destination, datagram.destination_port);
                    match self.line_of(group) {
                        Some(line) => self.datagram(datagram.payload, line, packet, now),
                        None => {
                            self.refuse(LaneReject::OtherGroup.name(), packet.ts_receive, |c| {
                                c.lane(LaneReject::OtherGroup);
                            })
                        }
                    }
                }
                Err(reject) => {
                    self.refuse(reject.name(), packet.ts_receive, |c| c.frame(reject));
                }
            },
        }
    }

    /// Line of a destination: its place among the configured ones, else in order of appearance.
    #[inline]
    fn line_of(&mut self, group: Group) -> Option<u8> {
        if let Some(at) = self.seen_groups.iter().position(|&seen| seen == group) {
            return Some(at as u8 + 1);
        }
        if !self.config.groups.is_empty() {
            return None;
        }
        if self.seen_groups.len() < self.seen_groups.capacity() {
            self.seen_groups.push(group);
            return Some(self.seen_groups.len() as u8);
        }
        Some(0)
    }

    #[cold]
    fn refuse(
        &mut self,
        name: &'static str,
        at: u64,
        count: impl FnOnce(&mut crate::counts::Counts),
    ) {
        count(&mut self.publisher.counts);
        self.publisher.outlet.refused(name, at);
    }

    #[inline]
    fn datagram(&mut self, bytes: &[u8], line: u8, packet: &Packet<'_>, now: u64) {
        let mold = match MoldPacket::parse(bytes) {
            Ok(mold) => mold,
            Err(reject) => {
                return self.refuse(reject.name(), packet.ts_receive, |c| c.mold(reject));
            }
        };
        if mold.sequence == 0 && mold.count() > 0 {
            return self.refuse(LaneReject::SequenceZero.name(), packet.ts_receive, |c| {
                c.lane(LaneReject::SequenceZero);
            });
        }
        if !self.enter_session(&mold, packet, now) {
            return;
        }
        self.lines_seen |= 1u16.checked_shl(u32::from(line.wrapping_sub(1))).unwrap_or(0);
        let Some(current) = &mut self.current else { return };
        let verdict = current.sequencer.take(mold.sequence, mold.count());
        let skip = match verdict {
            Verdict::InOrder { skip } => usize::from(skip),
            Verdict::Copy => usize::from(mold.count()),
            Verdict::Ahead { missing_from } => {
                self.declare_gap(missing_from, mold.sequence, line, now, packet.ts_receive);
                0
            }
        };
        self.publisher.counts.copies += skip as u64;
        let origin = Origin::new(line, Path::Live, packet.stamp);
        for (at, message) in mold.messages().enumerate().skip(skip) {
            // The parser has refused numbers that do not fit; a range would count one too far.
            let number = mold.sequence.saturating_add(at as u64);
            self.message(message, number, origin, packet.ts_receive);
        }
        match mold.kind {
            MoldKind::Data(_) => {}
            MoldKind::Heartbeat => self.publisher.counts.heartbeats += 1,
            MoldKind::EndOfSession => self.end_session(mold.sequence, packet.ts_receive),
        }
    }

    #[inline]
    fn message(&mut self, bytes: &[u8], number: u64, origin: Origin, ts_receive: u64) {
        // The time of day stands at the same place in every message.
        let ts_venue = match bytes.get(5..11) {
            Some(&[a, b, c, d, e, f]) => {
                self.venue.ts_venue(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
            }
            _ => 0,
        };
        self.publisher.begin_step(Stamp { ts_venue, ts_receive, origin });
        let taken = self.venue.message(bytes, number, &self.gaps, &mut self.publisher);
        self.publisher.end_step();
        if let Err(reject) = taken {
            self.refuse(reject.name(), ts_receive, |c| c.itch(reject));
        }
    }

    /// `false` if the packet belongs to a session that is over.
    #[inline]
    fn enter_session(&mut self, mold: &MoldPacket<'_>, packet: &Packet<'_>, now: u64) -> bool {
        match &self.current {
            Some(current) if current.id == mold.session => true,
            _ => self.change_session(mold.session, packet, now),
        }
    }

    #[cold]
    fn change_session(&mut self, id: [u8; 10], packet: &Packet<'_>, now: u64) -> bool {
        if self.old_sessions.iter().take(self.old_count).any(|old| *old == id) {
            self.refuse(LaneReject::OldSession.name(), packet.ts_receive, |c| {
                c.lane(LaneReject::OldSession);
            });
            return false;
        }
        if !is_session_name(&id) {
            // 20 bytes of another protocol look like a heartbeat; they must not empty the books.
            self.refuse(LaneReject::SessionName.name(), packet.ts_receive, |c| {
                c.lane(LaneReject::SessionName);
            });
            return false;
        }
        if let Some(over) = self.current.take() {
            self.old_sessions.rotate_right(1);
            self.old_sessions[0] = over.id;
            self.old_count = (self.old_count + 1).min(OLD_SESSIONS);
        }
        self.close_gaps(GapHow::SessionRoll, now);
        let day = self.config.day.unwrap_or_else(|| self.eastern.day_of(packet.ts_receive));
        self.publisher.set_nature(nature_of(self.config.nature, &id));
        self.venue.roll(id, day, &self.gaps);
        self.current = Some(Current { id, sequencer: Sequencer::new(1), ended: false });
        self.publisher.counts.sessions += 1;
        // Consumers drop all books of the lane at this record: what follows builds them anew.
        self.session_record(SessionEvent::Start, 1, packet.ts_receive);
        self.publisher.outlet.session_began(self.venue.directory.len());
        true
    }

    fn session_record(&mut self, event: SessionEvent, first_sequence: u64, ts_receive: u64) {
        let id = session_id(&self.venue.session());
        self.publisher.outlet.session(&id);
        let session = Session {
            id,
            first_sequence,
            date: self.venue.day().date,
            channel: CHANNEL,
            event: event as u8,
            _pad0: 0,
        };
        self.publisher.begin_step(Stamp { ts_venue: 0, ts_receive, origin: HANDLER });
        let quality = self.publisher.quality(BookState::None).end_of_event();
        self.publisher.emit(0, quality, session);
        self.publisher.end_step();
    }

    /// The venue repeats the end of a session for a while; it is said once.
    fn end_session(&mut self, next: u64, ts_receive: u64) {
        self.publisher.counts.session_ends += 1;
        let Some(current) = &mut self.current else { return };
        if !current.ended {
            current.ended = true;
            self.session_record(SessionEvent::End, next, ts_receive);
        }
    }

    #[cold]
    fn declare_gap(&mut self, first: u64, end: u64, line: u8, now: u64, ts_receive: u64) {
        let lines = if line == 0 { 0 } else { 1u8.checked_shl(u32::from(line) - 1).unwrap_or(0) };
        if self.gaps.open().len() >= OPEN_GAPS_MAX {
            // The oldest makes room, and says so: every gap that begins has an end.
            self.close_oldest_gap(GapHow::Abandoned, now);
        }
        let gap = self.gaps.declare(first, end, lines, now);
        self.publisher.outlet.gap_opened(CHANNEL, &gap);
        self.publisher.begin_step(Stamp { ts_venue: 0, ts_receive, origin: HANDLER });
        let begin = GapBegin {
            first,
            end,
            gap_id: gap.id,
            channel: CHANNEL,
            lines,
            how: GapHow::Open as u8,
            open_ns: 0,
        };
        let quality = self.publisher.quality(BookState::Gapped).end_of_event();
        self.publisher.emit(0, quality, begin);
        self.publisher.end_step();
        self.venue.touch_all_images();
    }

    /// Closes every open gap without healing it: what was missing stays lost.
    fn close_gaps(&mut self, how: GapHow, now: u64) {
        while self.close_oldest_gap(how, now) {}
    }

    fn close_oldest_gap(&mut self, how: GapHow, now: u64) -> bool {
        let Some(gap) = self.gaps.close_oldest() else { return false };
        self.publisher.outlet.gap_closed(CHANNEL, &gap, how, now);
        self.publisher.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        let end = GapEnd {
            first: gap.first,
            end: gap.end,
            gap_id: gap.id,
            channel: CHANNEL,
            lines: gap.lines,
            how: how as u8,
            open_ns: now.saturating_sub(gap.declared_ns),
        };
        let quality = self.publisher.quality(BookState::Gapped).end_of_event();
        self.publisher.emit(0, quality, end);
        self.publisher.end_step();
        true
    }

    /// Serves the seats after a poll: positions, refreshes, images, heartbeat.
    #[inline]
    pub fn end_poll(&mut self, found_nothing: bool, now: u64) {
        self.polls = self.polls.wrapping_add(1);
        if found_nothing || self.polls.is_multiple_of(UPKEEP_POLLS) {
            self.upkeep(now);
        }
        let (venue, gaps) = (&self.venue, &self.gaps);
        let stamp = self.publisher.stamp();
        let mut refresh = BookRefresh {
            books: &venue.books,
            channel: if gaps.open().is_empty() { BookState::Live } else { BookState::Gapped },
            instruments: venue.directory.len(),
            state: &|index| venue.book_state(index, gaps),
            venue: venue.market().venue(),
            nature: self.publisher.nature(),
            step: self.publisher.step(),
            ts_venue: stamp.ts_venue,
            ts_receive: stamp.ts_receive,
        };
        self.publisher.outlet.end_poll(found_nothing, now, &mut refresh);
    }

    fn upkeep(&mut self, now: u64) {
        for _ in 0..IMAGES_A_POLL {
            if !self.venue.write_image(&self.gaps, &mut self.publisher) {
                break;
            }
        }
        self.publisher.outlet.counts(&self.publisher.counts);
        if now.saturating_sub(self.heartbeat_at) < HEARTBEAT_NS {
            return;
        }
        self.heartbeat_at = now;
        if self.heartbeat_step == self.publisher.step() {
            let next = self.current.as_ref().map_or(1, |c| c.sequencer.expected());
            let heartbeat = Heartbeat {
                lane_now: now,
                venue_sequence: next.saturating_sub(1),
                channel: CHANNEL,
                lines_up: self.lines_seen.count_ones() as u8,
                ..Heartbeat::default()
            };
            self.publisher.emit_private(now, heartbeat);
        }
        self.heartbeat_step = self.publisher.step();
    }

    /// Writes every image that is out of date.
    pub fn flush_images(&mut self) {
        while self.venue.write_image(&self.gaps, &mut self.publisher) {}
        self.publisher.outlet.counts(&self.publisher.counts);
    }
}

/// Names of sessions are text, padded with spaces; some captures have them blanked with zeros.
fn is_session_name(id: &[u8; 10]) -> bool {
    id.iter().all(|&byte| byte == 0 || byte == b' ' || byte.is_ascii_graphic())
}

/// A session's name can only make the data less than the configuration says: `SIM` simulated,
/// `REC` a recording.
fn nature_of(configured: Nature, session: &[u8; 10]) -> Nature {
    match session {
        [b'S', b'I', b'M', ..] => Nature::Simulated,
        [b'R', b'E', b'C', ..] if configured == Nature::Live => Nature::Recorded,
        _ => configured,
    }
}
