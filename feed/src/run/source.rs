//! Sockets, with damage and recording around them, as one source.
//!
//! A lane is compiled for one type of source, so the four combinations are one enumeration; the
//! branch is per poll, not per packet. A tap stands outside of chaos: it records what the lane got,
//! so that its file replays to the same records.

use serde::Serialize;

use crate::config::{LaneSection, LineSection};
use crate::error::{FeedError, Result};
use crate::net::chaos::{Chaos, ChaosSpec};
use crate::net::tap::{Tap, TapCounts, TapSpec};
use crate::net::udp::{Interface, UdpLine, UdpSource, UdpSpec};
use crate::net::{Packet, Polled, Source, SourceCounts};

/// A live source.
pub enum LiveSource {
    /// Sockets.
    Plain(Box<UdpSource>),
    /// Sockets whose packets are damaged.
    Damaged(Box<Chaos<UdpSource>>),
    /// Sockets whose packets are recorded.
    Tapped(Box<Tap<UdpSource>>),
    /// Sockets whose packets are damaged, then recorded.
    DamagedTapped(Box<Tap<Chaos<UdpSource>>>),
}

/// Sockets that were opened, and what is to be told of them.
pub struct Opened {
    udp: UdpSource,
    spec: UdpSpec,
    /// Whether any line can be fed from this host alone.
    pub loopback: bool,
    /// What they got, a line each.
    pub notes: Vec<String>,
    /// What is less than was asked for.
    pub warnings: Vec<String>,
}

/// Opens the sockets of a lane.
///
/// # Errors
/// Whatever keeps a socket or a group from being used, with what to do.
pub fn open(lane: &LaneSection) -> Result<Opened> {
    let spec = spec_of(lane);
    let udp = UdpSource::open(&spec)?;
    let loopback = udp.is_loopback();
    let mut notes = udp.describe();
    let warnings = udp.warnings().to_vec();
    if let Some(text) = &lane.chaos {
        notes.push(format!("packets are DAMAGED on purpose: {text}"));
    }
    if let Some(path) = &lane.tap {
        notes.push(format!("every packet is recorded to {}", path.display()));
    }
    Ok(Opened { udp, spec, loopback, notes, warnings })
}

impl Opened {
    /// The source, with what the configuration wants around the sockets. A recording's file is made
    /// here, when nothing else can fail any more.
    ///
    /// # Errors
    /// If the file exists already or cannot be made.
    pub fn wrap(self, lane: &LaneSection) -> Result<LiveSource> {
        let Opened { udp, spec, .. } = self;
        let chaos = lane.chaos.as_deref().map(str::parse::<ChaosSpec>).transpose()?;
        let tap = TapSpec::of(&spec);
        Ok(match (chaos, &lane.tap) {
            (None, None) => LiveSource::Plain(Box::new(udp)),
            (Some(chaos), None) => LiveSource::Damaged(Box::new(Chaos::new(udp, chaos))),
            (None, Some(path)) => LiveSource::Tapped(Box::new(Tap::create(udp, path, &tap)?)),
            (Some(chaos), Some(path)) => {
                let tapped = Tap::create(Chaos::new(udp, chaos), path, &tap)?;
                LiveSource::DamagedTapped(Box::new(tapped))
            }
        })
    }
}

/// What a recording came to.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// Packets in the file.
    pub written: u64,
    /// Not recorded because the queue was full, or they were too long.
    pub missed: u64,
    /// Taken by the writer and not in the file.
    pub unwritten: u64,
    /// What ended the recording before its time.
    pub error: Option<String>,
}

/// What was done to packets on purpose.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Damage {
    /// Dropped.
    pub dropped: u64,
    /// Given twice.
    pub duplicated: u64,
    /// Moved back behind later ones.
    pub reordered: u64,
    /// With flipped bits.
    pub corrupted: u64,
    /// Given later than they came.
    pub delayed: u64,
}

/// What a source came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceEnd {
    /// Errors of the sockets that passed.
    pub receive_errors: u64,
    /// Datagrams of each line from another sender than its own, not taken; the first is line A.
    pub foreign: Vec<u64>,
    /// The recording, if there was one.
    pub recorded: Option<Recorded>,
    /// The damage, if there was any on purpose.
    pub damage: Option<Damage>,
}

impl LiveSource {
    /// Ends the source: waits until a recording is in its file.
    pub fn finish(self, lines: u8) -> SourceEnd {
        match self {
            LiveSource::Plain(udp) => end_of(&udp, lines),
            LiveSource::Damaged(chaos) => end_of_damaged(&chaos, lines),
            LiveSource::Tapped(tap) => {
                let (udp, counts) = tap.finish();
                SourceEnd { recorded: Some(recorded(counts)), ..end_of(&udp, lines) }
            }
            LiveSource::DamagedTapped(tap) => {
                let (chaos, counts) = tap.finish();
                SourceEnd { recorded: Some(recorded(counts)), ..end_of_damaged(&chaos, lines) }
            }
        }
    }
}

fn end_of(udp: &UdpSource, lines: u8) -> SourceEnd {
    let foreign = (1..=lines).map(|line| udp.foreign(line)).collect();
    SourceEnd { receive_errors: udp.receive_errors(), foreign, ..SourceEnd::default() }
}

fn end_of_damaged(chaos: &Chaos<UdpSource>, lines: u8) -> SourceEnd {
    let done = chaos.total();
    let damage = Damage {
        dropped: done.dropped,
        duplicated: done.duplicated,
        reordered: done.reordered,
        corrupted: done.corrupted,
        delayed: done.delayed,
    };
    SourceEnd { damage: Some(damage), ..end_of(chaos.inner(), lines) }
}

fn recorded(counts: TapCounts) -> Recorded {
    let TapCounts { missed, written, unwritten, error, .. } = counts;
    Recorded { written, missed, unwritten, error }
}

fn spec_of(lane: &LaneSection) -> UdpSpec {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(&lane.lines) {
        for group in &line.groups {
            lines.push(UdpLine {
                line: number,
                group: *group.ip(),
                port: group.port(),
                interface: interface_of(line),
                source: line.source,
            });
        }
    }
    UdpSpec { lines, receive_buffer: lane.receive_buffer, stamps: lane.stamps }
}

fn interface_of(line: &LineSection) -> Interface {
    line.interface.as_deref().map_or(Interface::Any, Interface::parse)
}

/// Calls the same method of whichever source it is.
macro_rules! each {
    ($value:expr, $source:ident => $call:expr) => {
        match $value {
            LiveSource::Plain($source) => $call,
            LiveSource::Damaged($source) => $call,
            LiveSource::Tapped($source) => $call,
            LiveSource::DamagedTapped($source) => $call,
        }
    };
}

impl Source for LiveSource {
    #[inline]
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> std::result::Result<Polled, FeedError> {
        each!(self, source => source.poll(now, budget, sink))
    }

    #[inline]
    fn counts(&self, line: u8) -> SourceCounts {
        each!(self, source => Source::counts(&**source, line))
    }
}
