//! Sockets, with damage and recording around them, as one source.
//!
//! A lane is compiled for one type of source, so the four combinations are one enumeration; the
//! branch is per poll, not per packet. A tap stands outside of chaos: it records what the lane got,
//! so that its file replays to the same records.

use std::net::Ipv4Addr;

use crate::config::{LaneSection, LineSection};
use crate::error::{FeedError, Result};
use crate::net::chaos::{Chaos, ChaosSpec};
use crate::net::udp::{Interface, UdpLine, UdpSource, UdpSpec};
use crate::net::{Packet, Polled, Source, SourceCounts};

/// A live source.
pub enum LiveSource {
    /// Sockets.
    Plain(UdpSource),
    /// Sockets whose packets are damaged.
    Damaged(Box<Chaos<UdpSource>>),
}

/// A source that was opened, and what is to be told of it.
pub struct Opened {
    /// The source.
    pub source: LiveSource,
    /// Whether any line can be fed from this host alone.
    pub loopback: bool,
    /// What it got, a line each.
    pub notes: Vec<String>,
    /// What is less than was asked for.
    pub warnings: Vec<String>,
}

/// Opens the sockets of a lane.
///
/// # Errors
/// Whatever keeps a socket, a group or the tap's file from being used, with what to do.
pub fn open(lane: &LaneSection) -> Result<Opened> {
    let udp = UdpSource::open(&spec_of(lane))?;
    let loopback = udp.is_loopback();
    let mut notes = udp.describe();
    let warnings = udp.warnings().to_vec();
    let chaos = lane.chaos.as_deref().map(str::parse::<ChaosSpec>).transpose()?;
    if let Some(text) = &lane.chaos {
        notes.push(format!("packets are DAMAGED on purpose: {text}"));
    }
    if let Some(path) = &lane.tap {
        notes.push(format!("every packet is recorded to {}", path.display()));
    }
    let source = match chaos {
        None => LiveSource::Plain(udp),
        Some(chaos) => LiveSource::Damaged(Box::new(Chaos::new(udp, chaos))),
    };
    Ok(Opened { source, loopback, notes, warnings })
}

fn spec_of(lane: &LaneSection) -> UdpSpec {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(&lane.lines) {
        for group in &line.groups {
            lines.push(UdpLine {
                line: number,
                group: *group.ip(),
                port: group.port(),
                interface: interface_of(line, *group.ip()),
                source: line.source,
            });
        }
    }
    UdpSpec { lines, receive_buffer: lane.receive_buffer, stamps: lane.stamps }
}

fn interface_of(line: &LineSection, _group: Ipv4Addr) -> Interface {
    line.interface.as_deref().map_or(Interface::Any, Interface::parse)
}

/// Calls the same method of whichever source it is.
macro_rules! each {
    ($value:expr, $source:ident => $call:expr) => {
        match $value {
            LiveSource::Plain($source) => $call,
            LiveSource::Damaged($source) => $call,
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
        each!(self, source => source.counts(line))
    }
}
