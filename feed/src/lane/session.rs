//! Sessions: numbers, books and locates begin anew with each.

use protocol::frame::moldudp64::MoldPacket;
use wire::codes::{GapHow, SessionEvent};
use wire::payload::Session;
use wire::{BookState, Nature};

use super::{CHANNEL, Lane};
use crate::counts::LaneReject;
use crate::net::Packet;
use crate::publish::outlet::Outlet;
use crate::publish::step::{HANDLER, Stamp};
use crate::venue::nasdaq::session_id;

/// Sessions that are remembered as over, so that a late line does not bring one back.
const OLD_SESSIONS: usize = 8;

/// The session that is being received.
pub(super) struct Current {
    id: [u8; 10],
    /// The number before which the venue said it ends.
    end: Option<u64>,
    /// Whether that was published.
    ended: bool,
}

/// What proves empty books complete: only the start of a session makes it.
#[derive(Debug)]
pub struct SessionStart(());

/// Sessions that are over, the latest first.
#[derive(Default)]
pub(super) struct OldSessions {
    ids: [[u8; 10]; OLD_SESSIONS],
    count: usize,
}

impl OldSessions {
    fn contains(&self, id: &[u8; 10]) -> bool {
        self.ids.iter().take(self.count).any(|old| old == id)
    }

    fn push(&mut self, id: [u8; 10]) {
        self.ids.rotate_right(1);
        self.ids[0] = id;
        self.count = (self.count + 1).min(OLD_SESSIONS);
    }
}

impl<O: Outlet> Lane<O> {
    /// `false` if the packet belongs to a session that is over.
    #[inline]
    pub(super) fn enter_session(
        &mut self,
        mold: &MoldPacket<'_>,
        packet: &Packet<'_>,
        now: u64,
    ) -> bool {
        match &self.current {
            Some(current) if current.id == mold.session => true,
            _ => self.change_session(mold.session, packet, now),
        }
    }

    #[cold]
    fn change_session(&mut self, id: [u8; 10], packet: &Packet<'_>, now: u64) -> bool {
        if self.old_sessions.contains(&id) {
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
        // What still waits belongs to the session that is over now.
        self.end_holds(now);
        if let Some(over) = self.current.take() {
            self.old_sessions.push(over.id);
        }
        let (arbiter, mut output) = self.split();
        output.heal().give_up(now);
        output.close_gaps(GapHow::SessionRoll, now);
        output.repair.begin_session(id, output.gaps);
        let proof = output.gaps.begin_session(&SessionStart(()));
        arbiter.begin_session();
        let day = self.config.day.unwrap_or_else(|| self.eastern.day_of(packet.ts_receive));
        self.publisher.set_nature(nature_of(self.config.nature, &id));
        self.venue.roll(id, day, proof);
        self.publisher.told.clear();
        self.current = Some(Current { id, end: None, ended: false });
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

    /// The venue repeats the end of a session for a while; it is said once, behind all messages
    /// before it, of which some may still wait.
    #[cold]
    pub(super) fn end_session(&mut self, next: u64, ts_receive: u64) {
        self.publisher.counts.session_ends += 1;
        if let Some(current) = &mut self.current {
            current.end.get_or_insert(next);
        }
        self.end_session_if_due(ts_receive);
    }

    pub(super) fn end_session_if_due(&mut self, ts_receive: u64) {
        let expected = self.arbiter.expected();
        let Some(current) = &mut self.current else { return };
        if let Some(end) = current.end.filter(|&end| end <= expected && !current.ended) {
            current.ended = true;
            self.session_record(SessionEvent::End, end, ts_receive);
        }
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
