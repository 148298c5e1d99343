//! MoldUDP64: Nasdaq's framing of numbered messages in UDP datagrams.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 10 | session | ASCII, padded with spaces |
//! | 10 | 8 | sequence | number of the first message; the first of a session is 1 |
//! | 18 | 2 | count | messages that follow; 0 heartbeat, 0xFFFF end of session |
//! | 20 | | blocks | `count` times: u16 length, then so many bytes |
//!
//! All integers big-endian. Heartbeat and end of session have no blocks and carry the number that
//! comes next, which is how the loss of the last packets shows. A block of length 0 is a message:
//! it has a number. The same 20 bytes, sent to a re-request server, ask for `count` messages from
//! `sequence` on.
//!
//! [`MoldPacket::parse`] walks all blocks before it returns, so a packet that is cut short or has
//! bytes left over is rejected as a whole: half of its messages would be a gap nobody knows of.

use zerocopy::byteorder::big_endian::{U16, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::reject::rejects;

/// Name of a session, ASCII padded with spaces.
pub type Session = [u8; 10];

/// The header, and the whole of a request.
#[derive(Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Header {
    session: Session,
    sequence: U64,
    count: U16,
}

/// Bytes before the first block; also the size of a request.
pub const HEADER_LEN: usize = size_of::<Header>();
/// The most messages one packet can number; 65,535 means the end of the session.
pub const MAX_MESSAGES: u16 = END_OF_SESSION - 1;
const LENGTH_LEN: usize = 2;
const HEARTBEAT: u16 = 0;
const END_OF_SESSION: u16 = 0xFFFF;

const _: () = {
    assert!(HEADER_LEN == 20);
    assert!(core::mem::offset_of!(Header, sequence) == 10);
    assert!(core::mem::offset_of!(Header, count) == 18);
};

rejects! {
    /// Why a datagram is not a MoldUDP64 packet.
    MoldReject {
        /// Shorter than the header.
        HeaderTruncated = "mold_header_truncated",
        /// The length of a block is cut short.
        LengthTruncated = "mold_length_truncated",
        /// The message of a block is cut short.
        MessageTruncated = "mold_message_truncated",
        /// Bytes are left after the last block.
        Residue = "mold_residue",
        /// The numbers of the messages do not fit into 64 bits.
        SequenceOverflow = "mold_sequence_overflow",
    }
}

rejects! {
    /// Why a datagram is not a request.
    RequestReject {
        /// Not 20 bytes long.
        Length = "request_length",
        /// It asks for no messages.
        Empty = "request_empty",
        /// The last number wanted does not fit into 64 bits.
        SequenceOverflow = "request_sequence_overflow",
    }
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoldKind {
    /// So many messages, 1 to 65,534.
    Data(u16),
    /// The line is idle; `sequence` comes next.
    Heartbeat,
    /// Nothing follows in this session; `sequence` would have come next.
    EndOfSession,
}

/// A packet whose blocks have all been walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoldPacket<'a> {
    /// Name of the session.
    pub session: Session,
    /// Number of the first message, or of the next one where there is none.
    pub sequence: u64,
    /// Data, heartbeat or end of session.
    pub kind: MoldKind,
    blocks: &'a [u8],
}

impl<'a> MoldPacket<'a> {
    /// Checks the header, every length and that nothing is left over.
    ///
    /// # Errors
    /// The first thing that is wrong, as a [`MoldReject`].
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MoldReject> {
        let (header, blocks) =
            Header::ref_from_prefix(bytes).map_err(|_| MoldReject::HeaderTruncated)?;
        let kind = match header.count.get() {
            HEARTBEAT => MoldKind::Heartbeat,
            END_OF_SESSION => MoldKind::EndOfSession,
            count => MoldKind::Data(count),
        };
        let packet =
            MoldPacket { session: header.session, sequence: header.sequence.get(), kind, blocks };
        if packet.sequence.checked_add(u64::from(packet.count())).is_none() {
            return Err(MoldReject::SequenceOverflow);
        }
        let mut rest = blocks;
        for _ in 0..packet.count() {
            rest = split(rest)?.1;
        }
        if rest.is_empty() { Ok(packet) } else { Err(MoldReject::Residue) }
    }

    /// How many messages the packet carries.
    #[inline]
    #[must_use]
    pub const fn count(&self) -> u16 {
        match self.kind {
            MoldKind::Data(count) => count,
            MoldKind::Heartbeat | MoldKind::EndOfSession => 0,
        }
    }

    /// The number that comes after this packet.
    #[inline]
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        // `parse` rejected what would overflow; saturation is not reached.
        self.sequence.saturating_add(self.count() as u64)
    }

    /// The messages in order, those of length 0 included.
    #[inline]
    #[must_use]
    pub const fn messages(&self) -> Messages<'a> {
        Messages { left: self.count(), rest: self.blocks }
    }
}

#[inline]
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), MoldReject> {
    let (length, rest) = bytes.split_first_chunk().ok_or(MoldReject::LengthTruncated)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or(MoldReject::MessageTruncated)
}

/// Iterator over the messages of a [`MoldPacket`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    left: u16,
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        let (message, rest) = split(self.rest).ok()?;
        self.rest = rest;
        Some(message)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Messages<'_> {}

/// Writes one packet into the caller's buffer.
#[derive(Debug)]
pub struct MoldWriter<'a> {
    buffer: &'a mut [u8],
    used: usize,
    session: Session,
    sequence: u64,
    count: u16,
}

impl<'a> MoldWriter<'a> {
    /// Begins a packet whose first message has the number `sequence`.
    ///
    /// `None` if `buffer` is shorter than the header. The buffer's length is the limit of the
    /// packet: hand over as much as the MTU allows.
    pub fn begin(buffer: &'a mut [u8], session: Session, sequence: u64) -> Option<Self> {
        (buffer.len() >= HEADER_LEN).then_some(MoldWriter {
            buffer,
            used: HEADER_LEN,
            session,
            sequence,
            count: 0,
        })
    }

    /// Adds a message; `false` if it does not fit, and the packet is as before.
    #[must_use]
    pub fn push(&mut self, message: &[u8]) -> bool {
        self.try_push(message).is_some()
    }

    fn try_push(&mut self, message: &[u8]) -> Option<()> {
        let length = u16::try_from(message.len()).ok()?;
        let count = self.count.checked_add(1).filter(|count| *count <= MAX_MESSAGES)?;
        self.sequence.checked_add(u64::from(count))?;
        let body = self.used + LENGTH_LEN;
        let end = body + message.len();
        let block = self.buffer.get_mut(self.used..end)?;
        let (prefix, rest) = block.split_first_chunk_mut()?;
        *prefix = length.to_be_bytes();
        rest.copy_from_slice(message);
        self.used = end;
        self.count = count;
        Some(())
    }

    /// How many messages were added.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// The number of the next message.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.sequence.saturating_add(self.count as u64)
    }

    /// Writes the header and returns the packet. Without messages it is a heartbeat.
    #[must_use]
    pub fn finish(self) -> &'a [u8] {
        let Self { buffer, used, session, sequence, count } = self;
        if let Some(header) = buffer.first_chunk_mut() {
            *header = encode(session, sequence, count);
        }
        buffer.get(..used).unwrap_or_default()
    }
}

fn encode(session: Session, sequence: u64, count: u16) -> [u8; HEADER_LEN] {
    let header = Header { session, sequence: U64::new(sequence), count: U16::new(count) };
    zerocopy::transmute!(header)
}

/// A heartbeat: `next` is the number that comes next.
#[must_use]
pub fn heartbeat(session: Session, next: u64) -> [u8; HEADER_LEN] {
    encode(session, next, HEARTBEAT)
}

/// The end of the session: `next` is the number that would have come next.
#[must_use]
pub fn end_of_session(session: Session, next: u64) -> [u8; HEADER_LEN] {
    encode(session, next, END_OF_SESSION)
}

/// A request to a re-request server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoldRequest {
    /// Name of the session.
    pub session: Session,
    /// Number of the first message wanted.
    pub sequence: u64,
    /// How many messages are wanted; the answer may hold fewer.
    pub count: u16,
}

impl MoldRequest {
    /// The 20 bytes to send.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        encode(self.session, self.sequence, self.count)
    }

    /// Reads a request.
    ///
    /// # Errors
    /// The first thing that is wrong, as a [`RequestReject`]. Whether the session has such numbers
    /// is for the server to say.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestReject> {
        let header = Header::ref_from_bytes(bytes).map_err(|_| RequestReject::Length)?;
        let (sequence, count) = (header.sequence.get(), header.count.get());
        if count == 0 {
            return Err(RequestReject::Empty);
        }
        if sequence.checked_add(u64::from(count)).is_none() {
            return Err(RequestReject::SequenceOverflow);
        }
        Ok(Self { session: header.session, sequence, count })
    }
}
