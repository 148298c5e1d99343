//! Raw ITCH files: messages without packets, framed into MoldUDP64 on the fly.
//!
//! Each message becomes a MoldUDP64 packet of one message, numbered from 1, in a session named
//! `REC` (a recording) or `SIM` (a generated file), the year, month and day, and the file's number:
//! everything downstream runs as on the wire. What the file does not hold is not made up: the
//! packets have no arrival time of their own, so `ts_receive` is the venue's stamp, and the
//! session's name says that this is no live feed.

use std::path::Path;

use protocol::frame::moldudp64::{MoldWriter, Session};
use protocol::venue::nasdaq::file::{Frame, SIMULATED_TRACKING, next};
use protocol::venue::nasdaq::{Header, message_length};
use wire::StampBy;
use zerocopy::FromBytes;

use super::window::Window;
use crate::error::Result;
use crate::net::{Layer, Packet};
use crate::venue::nasdaq::day::Day;

/// Header of a packet, length of its message, longest message.
const PACKET_MAX: usize = 20 + 2 + u16::MAX as usize;

/// Frames the messages of one file.
pub struct ItchFramer {
    day: Day,
    session: Session,
    sequence: u64,
    last_ts: u64,
    packet: Vec<u8>,
}

impl ItchFramer {
    /// A framer for the `file_number`-th file, whose messages are of `day`.
    pub fn new(day: Day, file_number: u32, simulated: bool) -> ItchFramer {
        ItchFramer {
            day,
            session: session_name(day, file_number, simulated),
            sequence: 1,
            last_ts: day.midnight_ns,
            packet: vec![0; PACKET_MAX],
        }
    }

    /// Hands out one message as a packet, or reads more of the file. `true` at the file's end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn step(
        &mut self,
        window: &mut Window,
        truncated: &mut u64,
        sink: &mut impl FnMut(Packet<'_>),
        handed: &mut usize,
    ) -> Result<bool> {
        match next(window.bytes(), window.at_end()) {
            Frame::Message { bytes, consumed } => {
                if let Ok((header, _)) = Header::ref_from_prefix(bytes) {
                    self.last_ts = self.day.midnight_ns.saturating_add(header.timestamp.get());
                }
                if let Some(packet) = frame(&mut self.packet, self.session, self.sequence, bytes) {
                    sink(Packet {
                        bytes: packet,
                        layer: Layer::Udp,
                        ts_receive: self.last_ts,
                        stamp: StampBy::Recording,
                        line: 1,
                    });
                    *handed += 1;
                }
                self.sequence += 1;
                window.consume(consumed);
                Ok(false)
            }
            Frame::NeedMore(wanted) => window.fill(wanted).map(|()| false),
            Frame::End => Ok(true),
            Frame::Truncated(_) => {
                *truncated += 1;
                Ok(true)
            }
        }
    }
}

fn frame<'a>(
    buffer: &'a mut [u8],
    session: Session,
    sequence: u64,
    message: &[u8],
) -> Option<&'a [u8]> {
    let mut writer = MoldWriter::begin(buffer, session, sequence)?;
    if writer.push(message) { Some(writer.finish()) } else { None }
}

fn session_name(day: Day, file_number: u32, simulated: bool) -> Session {
    let nature = if simulated { "SIM" } else { "REC" };
    let text = format!("{nature}{:06}{}", day.date % 1_000_000, file_number % 10);
    let mut name = [b' '; 10];
    for (to, from) in name.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    name
}

/// Why the beginning of a file does not look like raw ITCH; `None` if it does.
///
/// The first messages must have lengths that ITCH has. Damage further on is for the lane to count.
pub fn why_not_itch(bytes: &[u8], at_end: bool) -> Option<String> {
    let mut rest = bytes;
    for number in 1..=4 {
        match next(rest, at_end) {
            Frame::Message { bytes: message, consumed } => {
                let code = message.first().copied();
                let known = code.and_then(message_length);
                if number == 1 && known != Some(message.len()) {
                    return Some(first_bytes(bytes));
                }
                rest = rest.get(consumed..).unwrap_or_default();
            }
            Frame::Truncated(_) if number == 1 => return Some(first_bytes(bytes)),
            Frame::End if number == 1 => return Some("an empty file".to_owned()),
            Frame::NeedMore(_) | Frame::End | Frame::Truncated(_) => break,
        }
    }
    None
}

fn first_bytes(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("it begins with {}", hex.join(" "))
}

/// Whether a file says of itself that it was generated: by its name, or by its first message.
pub fn is_simulated(path: &Path, bytes: &[u8]) -> bool {
    let named = path.file_name().is_some_and(|name| name.to_string_lossy().contains("SIM"));
    let Frame::Message { bytes: message, .. } = next(bytes, true) else { return named };
    let marked = Header::ref_from_prefix(message)
        .is_ok_and(|(header, _)| header.tracking.get() == SIMULATED_TRACKING);
    named || marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_say_what_they_are() {
        let day = Day { date: 20_200_130, midnight_ns: 0 };
        assert_eq!(&session_name(day, 1, false), b"REC2001301");
        assert_eq!(&session_name(day, 12, true), b"SIM2001302");
    }

    #[test]
    fn files_that_are_not_itch_are_told_apart() {
        assert!(why_not_itch(b"", true).is_some());
        assert!(why_not_itch(b"hello, world", true).is_some_and(|why| why.contains("68 65")));
        let mut good = vec![0, 12, b'S'];
        good.extend([0; 11]);
        assert_eq!(why_not_itch(&good, true), None);
        good.push(9);
        assert_eq!(why_not_itch(&good, true), None, "a cut second message is for the lane");
        good[1] = 13;
        assert!(why_not_itch(&good, true).is_some(), "no ITCH message S has 13 bytes");
    }
}
