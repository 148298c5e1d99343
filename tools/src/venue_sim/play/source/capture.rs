//! Messages out of a capture of MoldUDP64 packets.

use std::path::Path;

use protocol::capture::{CaptureReject, Reader, Step};
use protocol::frame::{Checksums, udp};
use protocol::venue::nasdaq::file::{Frame, next};

use super::super::error::PlayError;
use super::itch::{marked_simulated, stamp};
use super::splice::{Splice, Turn};
use super::window::Window;
use super::{InputCounts, Message};

/// A pcap or pcapng file.
#[derive(Debug)]
pub(super) struct Captured {
    window: Window,
    reader: Reader,
    splice: Splice,
    /// The packet whose messages are handed out, and how far.
    turn: Turn,
    offset: usize,
    time_ns: u64,
    at_end: bool,
    simulated: bool,
    /// Counted while the beginning was looked at, before anybody asked for a message.
    early: InputCounts,
}

impl Captured {
    /// Reads up to the first MoldUDP64 packet with messages.
    pub(super) fn open(path: &Path, window: Window) -> Result<Self, PlayError> {
        let mut capture = Self {
            window,
            reader: Reader::new(),
            splice: Splice::default(),
            turn: Turn::default(),
            offset: 0,
            time_ns: 0,
            at_end: false,
            simulated: false,
            early: InputCounts::default(),
        };
        let mut counts = InputCounts::default();
        if !capture.advance(path, &mut counts)? {
            return Err(PlayError::NotPlayable {
                path: path.to_owned(),
                what: format!(
                    "the capture holds no message in a MoldUDP64 packet, only {} other packets; \
                     give a capture of a MoldUDP64 feed",
                    counts.other_packets + counts.idle_packets
                ),
            });
        }
        let named = capture.splice.session().is_some_and(|session| session.starts_with(b"SIM"));
        let first = match next(&capture.turn.blocks, true) {
            Frame::Message { bytes, .. } => marked_simulated(bytes),
            _ => false,
        };
        capture.simulated = named || first;
        capture.early = counts;
        Ok(capture)
    }

    /// Whether its session or its first message says that it was generated.
    pub(super) const fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// The next message; `false` at the end of the file.
    pub(super) fn next(
        &mut self,
        path: &Path,
        message: &mut Message,
        counts: &mut InputCounts,
    ) -> Result<bool, PlayError> {
        merge(counts, &std::mem::take(&mut self.early));
        loop {
            let rest = self.turn.blocks.get(self.offset..).unwrap_or_default();
            if let Frame::Message { bytes, consumed } = next(rest, true) {
                message.bytes.clear();
                message.bytes.extend_from_slice(bytes);
                self.time_ns = stamp(bytes, counts).unwrap_or(self.time_ns);
                message.time_ns = self.time_ns;
                message.skipped = std::mem::take(&mut self.turn.skipped);
                message.begins_packet = self.offset == 0;
                self.offset += consumed;
                return Ok(true);
            }
            if !self.advance(path, counts)? {
                return Ok(false);
            }
        }
    }

    /// Goes on to the next packet whose turn it is; `false` at the end of the file.
    fn advance(&mut self, path: &Path, counts: &mut InputCounts) -> Result<bool, PlayError> {
        loop {
            if let Some(turn) = self.splice.take(self.at_end, counts) {
                (self.turn, self.offset) = (turn, 0);
                return Ok(true);
            }
            if self.at_end {
                return Ok(false);
            }
            self.read(path, counts)?;
        }
    }

    /// Looks at one packet of the file.
    fn read(&mut self, path: &Path, counts: &mut InputCounts) -> Result<(), PlayError> {
        match self.reader.next(self.window.bytes(), self.window.at_end()) {
            Step::Packet { packet, consumed } => {
                match udp(packet.link, packet.data, Checksums::Ignore) {
                    Ok(datagram) => self.splice.offer(datagram.payload, counts),
                    Err(_) => counts.other_packets += 1,
                }
                self.window.consume(consumed);
            }
            Step::NeedMore(wanted) => {
                self.window.fill(wanted).map_err(PlayError::io(path, "read"))?;
            }
            Step::Skip(consumed) => self.window.consume(consumed),
            Step::Reject { reason, consumed } => {
                // A file that is cut off is played to where it is.
                match reason {
                    CaptureReject::PacketTruncated | CaptureReject::BlockTruncated => {
                        counts.truncated_bytes += consumed as u64;
                    }
                    _ => counts.other_packets += 1,
                }
                self.window.consume(consumed);
            }
            Step::End => self.at_end = true,
            Step::Fatal(reason) => {
                return Err(PlayError::NotPlayable {
                    path: path.to_owned(),
                    what: format!("{reason}: the packets after it cannot be found; cut it there"),
                });
            }
        }
        Ok(())
    }
}

fn merge(into: &mut InputCounts, from: &InputCounts) {
    into.undecoded += from.undecoded;
    into.truncated_bytes += from.truncated_bytes;
    into.other_packets += from.other_packets;
    into.other_sessions += from.other_sessions;
    into.duplicate_packets += from.duplicate_packets;
    into.idle_packets += from.idle_packets;
    into.missing_messages += from.missing_messages;
}
