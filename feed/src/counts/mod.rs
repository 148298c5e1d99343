//! What a lane counts. Plain numbers of its own; [`crate::publish`] copies them to shared memory.
//!
//! ```text
//! mod.rs      the lane's counts               line.rs    those of each line
//! recovery.rs  repairs, and recovery beside    table.rs   names in shared memory
//! ```

mod line;
mod recovery;
mod table;

pub use line::LineCounts;
pub use table::{CounterPlaces, Interval, counter_table};

use book::BookError;
use protocol::frame::FrameReject;
use protocol::frame::moldudp64::MoldReject;
use protocol::venue::nasdaq::ItchReject;
use wire::{Class, Kind};

use crate::line::LINES_MAX;
use crate::recover::{RecoveryCounts, RepairCounts};

/// What a lane decides against, beyond the rejects of the parsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LaneReject {
    /// A packet of a session that is over.
    OldSession,
    /// A datagram to a group or port that the lane does not take.
    OtherGroup,
    /// A message of an instrument that neither a directory message nor its own symbol names.
    UnknownLocate,
    /// A side that is neither buy nor sell.
    UnknownSide,
    /// A code that the specification does not list, in a field that only informs.
    UnknownCode,
    /// More instruments than the table holds.
    InstrumentTableFull,
    /// A price or quantity that 64 bits of the instrument's exponent cannot hold.
    ValueOverflow,
    /// A directory message that gives a locate of this session to another symbol.
    LocateMoved,
    /// Messages numbered 0: the first of a session is 1.
    SequenceZero,
    /// A new session whose name is no text: a datagram of something else.
    SessionName,
    /// A packet whose bytes differ from those that another line brought under the same numbers.
    LineDivergence,
}

impl LaneReject {
    /// Every reject, in the order of its number.
    pub const ALL: [LaneReject; 11] = [
        LaneReject::OldSession,
        LaneReject::OtherGroup,
        LaneReject::UnknownLocate,
        LaneReject::UnknownSide,
        LaneReject::UnknownCode,
        LaneReject::InstrumentTableFull,
        LaneReject::ValueOverflow,
        LaneReject::LocateMoved,
        LaneReject::SequenceZero,
        LaneReject::SessionName,
        LaneReject::LineDivergence,
    ];

    /// Name in tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            LaneReject::OldSession => "old_session",
            LaneReject::OtherGroup => "other_group",
            LaneReject::UnknownLocate => "unknown_locate",
            LaneReject::UnknownSide => "unknown_side",
            LaneReject::UnknownCode => "unknown_code",
            LaneReject::InstrumentTableFull => "instrument_table_full",
            LaneReject::ValueOverflow => "value_overflow",
            LaneReject::LocateMoved => "locate_moved",
            LaneReject::SequenceZero => "sequence_zero",
            LaneReject::SessionName => "session_name",
            LaneReject::LineDivergence => "line_divergence",
        }
    }
}

/// Kind numbers fit below this.
const KINDS: usize = 128;

/// Counts of a lane since its start.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Packets handed over by the source.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// MoldUDP64 heartbeats.
    pub heartbeats: u64,
    /// Ends of session.
    pub session_ends: u64,
    /// Sessions that began.
    pub sessions: u64,
    /// Messages that were not taken: they came again, on another line or on the same, or late.
    pub copies: u64,
    /// Steps: venue messages and decisions of the handler.
    pub steps: u64,
    /// Steps that left a book crossed: a buyer offers more than a seller asks.
    pub crossed: u64,
    /// Steps that left a book locked: a buyer offers exactly what a seller asks.
    pub locked: u64,
    /// Packets that waited behind a hole.
    pub held: u64,
    /// Holes that were given up because their time was over.
    pub hold_expired: u64,
    /// Holes that were given up because a packet could not wait: slab full, or packet too large.
    pub hold_overflow: u64,
    /// Gaps declared.
    pub gaps_declared: u64,
    /// Gaps that are open.
    pub gaps_open: u64,
    /// Messages that the gaps say are missing.
    pub messages_missed: u64,
    /// Polls of the core's loop; whoever polls the lane sets these four.
    pub polls: u64,
    /// Polls that found packets.
    pub polls_found: u64,
    /// The longest poll, ns.
    pub poll_longest_ns: u64,
    /// Polls that took longer than they may.
    pub poll_breaches: u64,
    /// Version of the configuration that holds; 0 where none is run.
    pub config_version: u64,
    /// Versions that were refused because the file had mistakes.
    pub config_refused: u64,
    /// Settings of the file that hold only after a restart.
    pub config_restart: u64,
    /// Instruments that are published.
    pub symbols_listed: u64,
    /// Instruments that a reload added.
    pub symbols_added: u64,
    /// Instruments that a reload removed.
    pub symbols_removed: u64,
    /// What the lane repaired; brought up to date when counters are published.
    pub repair: RepairCounts,
    /// What recovery beside it did, see [`RecoveryCounts::values`]; whoever polls the lane copies
    /// it.
    pub recovery: [u64; RecoveryCounts::LEN],
    /// Lines by number, from 1; brought up to date when counters are published.
    pub lines: [LineCounts; LINES_MAX],
    /// How many of the lines have names.
    named_lines: u8,
    messages: [u64; 256],
    records: [u64; KINDS],
    frame: [u64; FrameReject::ALL.len()],
    mold: [u64; MoldReject::ALL.len()],
    itch: [u64; ItchReject::ALL.len()],
    book: [u64; BookError::ALL.len()],
    lane: [u64; LaneReject::ALL.len()],
}

/// Lines that have names where the configuration does not say how many there are.
const USUAL_LINES: u8 = 2;

impl Default for Counts {
    fn default() -> Self {
        Counts::new(USUAL_LINES)
    }
}

impl Counts {
    /// Counts of a lane with so many lines; 0 where that is not known.
    pub fn new(lines: u8) -> Counts {
        let named = if lines == 0 { USUAL_LINES } else { lines.min(LINES_MAX as u8) };
        Counts {
            packets: 0,
            bytes: 0,
            heartbeats: 0,
            session_ends: 0,
            sessions: 0,
            copies: 0,
            steps: 0,
            crossed: 0,
            locked: 0,
            held: 0,
            hold_expired: 0,
            hold_overflow: 0,
            gaps_declared: 0,
            gaps_open: 0,
            messages_missed: 0,
            polls: 0,
            polls_found: 0,
            poll_longest_ns: 0,
            poll_breaches: 0,
            config_version: 0,
            config_refused: 0,
            config_restart: 0,
            symbols_listed: 0,
            symbols_added: 0,
            symbols_removed: 0,
            repair: RepairCounts::default(),
            recovery: [0; RecoveryCounts::LEN],
            lines: [LineCounts::default(); LINES_MAX],
            named_lines: named,
            messages: [0; 256],
            records: [0; KINDS],
            frame: [0; FrameReject::ALL.len()],
            mold: [0; MoldReject::ALL.len()],
            itch: [0; ItchReject::ALL.len()],
            book: [0; BookError::ALL.len()],
            lane: [0; LaneReject::ALL.len()],
        }
    }

    /// A venue message of that type.
    #[inline(always)]
    pub fn message(&mut self, code: u8) {
        self.messages[usize::from(code)] += 1;
    }

    /// A record of that kind, wanted by a seat or not.
    #[inline(always)]
    pub fn record(&mut self, kind: Kind) {
        self.records[kind as usize & (KINDS - 1)] += 1;
    }

    /// A packet without a datagram.
    pub fn frame(&mut self, reject: FrameReject) {
        self.frame[reject.index()] += 1;
    }

    /// A datagram that is no MoldUDP64 packet.
    pub fn mold(&mut self, reject: MoldReject) {
        self.mold[reject.index()] += 1;
    }

    /// A message that is no ITCH.
    pub fn itch(&mut self, reject: ItchReject) {
        self.itch[reject.index()] += 1;
    }

    /// An event that the book refused.
    pub fn book(&mut self, error: BookError) {
        self.book[error.index()] += 1;
    }

    /// Something that the lane decided against.
    pub fn lane(&mut self, reject: LaneReject) {
        self.lane[reject as usize] += 1;
    }

    /// References of orders that the book does not know.
    pub fn unknown_references(&self) -> u64 {
        self.book[BookError::UnknownReference.index()]
    }

    /// Venue messages in all.
    pub fn messages_total(&self) -> u64 {
        self.messages.iter().sum()
    }

    /// Venue messages by type; only types that occurred.
    pub fn messages(&self) -> impl Iterator<Item = (u8, u64)> + '_ {
        let typed = self.messages.iter().enumerate().map(|(code, &n)| (code as u8, n));
        typed.filter(|&(_, n)| n > 0)
    }

    /// Records by kind; only kinds that occurred.
    pub fn records(&self) -> impl Iterator<Item = (Kind, u64)> + '_ {
        Kind::ALL.iter().map(|&k| (k, self.records[k as usize])).filter(|&(_, n)| n > 0)
    }

    /// Records of a class.
    pub fn records_of(&self, class: Class) -> u64 {
        self.records().filter(|(kind, _)| kind.class() == class).map(|(_, n)| n).sum()
    }

    /// Every count with its name and unit, always the same ones in the same order: what the
    /// counters region shows.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        let lane = [
            ("packets", "packets", self.packets),
            ("bytes", "bytes", self.bytes),
            ("messages", "messages", self.messages_total()),
            ("steps", "steps", self.steps),
            ("copies", "messages", self.copies),
            ("heartbeats_received", "packets", self.heartbeats),
            ("sessions", "sessions", self.sessions),
            ("session_ends", "packets", self.session_ends),
            ("crossed", "steps", self.crossed),
            ("locked", "steps", self.locked),
            ("held", "packets", self.held),
            ("hold_expired", "holes", self.hold_expired),
            ("hold_overflow", "holes", self.hold_overflow),
            ("gaps_declared", "gaps", self.gaps_declared),
            ("gaps_open", "gaps", self.gaps_open),
            ("messages_missed", "messages", self.messages_missed),
            ("polls", "polls", self.polls),
            ("polls_found", "polls", self.polls_found),
            ("poll_longest_ns", "ns", self.poll_longest_ns),
            ("poll_breaches", "polls", self.poll_breaches),
            ("config_version", "", self.config_version),
            ("config_refused", "versions", self.config_refused),
            ("config_restart", "settings", self.config_restart),
            ("symbols_listed", "symbols", self.symbols_listed),
            ("symbols_added", "symbols", self.symbols_added),
            ("symbols_removed", "symbols", self.symbols_removed),
        ];
        let kinds = Kind::ALL.iter().map(|&k| (k.name(), "records", self.records[k as usize]));
        let refused = self.rejects().map(|(name, n)| (name, "refused", n));
        let recovery = recovery::named(&self.repair, &self.recovery);
        lane.into_iter().chain(kinds).chain(refused).chain(recovery).chain(self.named_lines())
    }

    /// Counts of the lines that have names.
    fn named_lines(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        let lines = line::NAMES.iter().zip(&self.lines).take(usize::from(self.named_lines));
        lines.flat_map(|(names, counts)| {
            let values = counts.values();
            (0..line::FIELDS).map(move |at| (names[at], line::UNITS[at], values[at]))
        })
    }

    /// Everything that was refused, by name, with zeros.
    pub fn rejects(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let frame = FrameReject::ALL.iter().map(|r| (r.name(), self.frame[r.index()]));
        let mold = MoldReject::ALL.iter().map(|r| (r.name(), self.mold[r.index()]));
        let itch = ItchReject::ALL.iter().map(|r| (r.name(), self.itch[r.index()]));
        let book = BookError::ALL.iter().map(|r| (r.name(), self.book[r.index()]));
        let lane = LaneReject::ALL.iter().map(|&r| (r.name(), self.lane[r as usize]));
        frame.chain(mold).chain(itch).chain(book).chain(lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reject_has_its_own_name_and_cell() {
        let mut counts = Counts::default();
        FrameReject::ALL.iter().for_each(|&r| counts.frame(r));
        MoldReject::ALL.iter().for_each(|&r| counts.mold(r));
        ItchReject::ALL.iter().for_each(|&r| counts.itch(r));
        BookError::ALL.iter().for_each(|&r| counts.book(r));
        LaneReject::ALL.iter().for_each(|&r| counts.lane(r));
        let mut names: Vec<_> = counts.rejects().collect();
        assert!(names.iter().all(|&(_, n)| n == 1), "{names:?}");
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn kinds_fit_their_table() {
        assert!(Kind::ALL.iter().all(|&k| (k as usize) < KINDS));
    }
}
