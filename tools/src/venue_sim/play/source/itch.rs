//! Messages out of a file of ITCH messages: the venue's sample days and generated sessions.

use std::path::Path;

use protocol::venue::nasdaq::file::{Frame, SIMULATED_TRACKING, next};
use protocol::venue::nasdaq::{Header, decode};
use zerocopy::FromBytes;

use super::super::error::PlayError;
use super::window::Window;
use super::{InputCounts, Message};

/// A file of messages, each after its length.
#[derive(Debug)]
pub(super) struct Itch {
    window: Window,
    simulated: bool,
    time_ns: u64,
}

impl Itch {
    /// Checks that the file begins with an ITCH message.
    pub(super) fn open(path: &Path, mut window: Window) -> Result<Self, PlayError> {
        let not = |what: String| PlayError::NotPlayable { path: path.to_owned(), what };
        loop {
            let simulated = match next(window.bytes(), window.at_end()) {
                Frame::NeedMore(wanted) => {
                    window.fill(wanted).map_err(PlayError::io(path, "read"))?;
                    continue;
                }
                Frame::End => return Err(not("it is empty".into())),
                Frame::Message { bytes, .. } if decode(bytes).is_ok() => marked_simulated(bytes),
                Frame::Message { .. } | Frame::Truncated(_) => {
                    return Err(not(why(window.bytes())));
                }
            };
            return Ok(Self { window, simulated, time_ns: 0 });
        }
    }

    /// Whether the first message has the mark of a generated file.
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
        loop {
            match next(self.window.bytes(), self.window.at_end()) {
                Frame::Message { bytes, consumed } => {
                    message.bytes.clear();
                    message.bytes.extend_from_slice(bytes);
                    self.time_ns = stamp(bytes, counts).unwrap_or(self.time_ns);
                    message.time_ns = self.time_ns;
                    message.skipped = 0;
                    // Without packets each message is taken for one of its own.
                    message.begins_packet = true;
                    self.window.consume(consumed);
                    return Ok(true);
                }
                Frame::NeedMore(wanted) => {
                    self.window.fill(wanted).map_err(PlayError::io(path, "read"))?;
                }
                Frame::End => return Ok(false),
                Frame::Truncated(left) => {
                    counts.truncated_bytes += left as u64;
                    return Ok(false);
                }
            }
        }
    }
}

/// The venue's stamp of a message; `None`, and counted, if it is not ITCH.
pub(super) fn stamp(message: &[u8], counts: &mut InputCounts) -> Option<u64> {
    match decode(message) {
        Ok(message) => Some(message.timestamp()),
        Err(_) => {
            counts.undecoded += 1;
            None
        }
    }
}

/// Whether a message, the first of its session, has the mark of a generated file.
pub(super) fn marked_simulated(message: &[u8]) -> bool {
    Header::ref_from_prefix(message)
        .is_ok_and(|(header, _)| header.tracking.get() == SIMULATED_TRACKING)
}

fn why(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!(
        "it begins with {}, which is no ITCH 5.0 message after its length and no capture; give \
         the venue's file (u16 length + message, plain or gzip), or pcap or pcapng of MoldUDP64",
        hex.join(" ")
    )
}
