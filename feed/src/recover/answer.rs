//! An answer: what of it was asked for and is missing, packed anew for the lane.

use std::ops::Range;

use protocol::frame::moldudp64::{MoldKind, MoldPacket, MoldWriter};
use protocol::venue::nasdaq::{BookEvent, EventKind};

use super::counts::RecoveryReject;
use super::mail::{Fill, PACKET_MAX, SessionName};

/// Bytes of a fill before its first message, and before each.
const HEADER: usize = 20;
const LENGTH: usize = 2;

/// Reads an answer.
///
/// # Errors
/// Why it is none of this session's.
pub fn read(bytes: &[u8], session: SessionName) -> Result<MoldPacket<'_>, RecoveryReject> {
    let packet = MoldPacket::parse(bytes).map_err(|_| RecoveryReject::AnswerMalformed)?;
    if packet.session != session {
        return Err(RecoveryReject::AnswerSession);
    }
    match packet.kind {
        MoldKind::Heartbeat | MoldKind::EndOfSession => return Err(RecoveryReject::AnswerEmpty),
        MoldKind::Data(_) => {}
    }
    // Whatever is longer could be handed over in no packet of the lane's.
    if packet.messages().any(|message| HEADER + LENGTH + message.len() > PACKET_MAX) {
        return Err(RecoveryReject::AnswerTooLong);
    }
    // A message of no type, or of a wrong length, would be refused by the lane, and with it what it
    // did to a book. One without bytes is one: it has a number.
    let is_none = |message: &[u8]| BookEvent::read(message).kind == EventKind::Refused;
    if packet.messages().any(|message| !message.is_empty() && is_none(message)) {
        return Err(RecoveryReject::AnswerMessage);
    }
    Ok(packet)
}

/// Sorts ranges and joins those that touch.
pub fn join(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Packs the messages of `runs` (in order, inside of the packet, not overlapping) for the lane.
pub fn pack(
    packet: &MoldPacket<'_>,
    runs: &[Range<u64>],
    ts_receive: u64,
    mut give: impl FnMut(Fill),
) {
    let mut numbered = (packet.sequence..).zip(packet.messages()).peekable();
    for run in runs {
        while numbered.next_if(|&(number, _)| number < run.start).is_some() {}
        while let Some(&(first, _)) = numbered.peek().filter(|&&(number, _)| number < run.end) {
            let mut bytes = [0; PACKET_MAX];
            let Some(mut writer) = MoldWriter::begin(&mut bytes, packet.session, first) else {
                return;
            };
            let mut fits =
                |&(number, message): &(u64, &[u8])| number < run.end && writer.push(message);
            while numbered.next_if(&mut fits).is_some() {}
            if writer.count() == 0 {
                // `read` let no message pass that does not fit.
                return;
            }
            let len = writer.finish().len() as u16;
            give(Fill { ts_receive, len, bytes });
        }
    }
}
