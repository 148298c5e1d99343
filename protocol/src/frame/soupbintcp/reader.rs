//! Packets out of a stream.

use super::{HEADER_LEN, LENGTH_LEN, MAX_PAYLOAD, SoupPacket, SoupReject};

/// Cuts packets out of a stream that comes in any portions.
#[derive(Debug)]
pub struct SoupReader {
    /// Of a packet that went over an edge, its first bytes: `held` of them.
    buffer: Box<[u8]>,
    held: usize,
    broken: Option<SoupReject>,
}

impl SoupReader {
    /// A reader at the beginning of a stream, for payloads of up to `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let room = HEADER_LEN + limit.min(MAX_PAYLOAD);
        Self { buffer: vec![0; room].into_boxed_slice(), held: 0, broken: None }
    }

    /// Begins anew, for another stream.
    pub const fn reset(&mut self) {
        self.held = 0;
        self.broken = None;
    }

    /// Why the stream cannot be believed any more, and is to be closed.
    #[must_use]
    pub const fn broken(&self) -> Option<SoupReject> {
        self.broken
    }

    /// Bytes of a packet that has begun and not ended: what is lost if the stream ends here.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Takes the next packet from the front of `bytes`, the next portion of the stream.
    ///
    /// `None` once all of them were taken; the packet that they end within is kept. An error is
    /// told once; after it the rest of the stream is swallowed, see [`Self::broken`].
    pub fn next<'r, 'b: 'r>(
        &'r mut self,
        bytes: &mut &'b [u8],
    ) -> Option<Result<SoupPacket<'r>, SoupReject>> {
        if self.broken.is_some() {
            *bytes = &[];
            return None;
        }
        if self.held == 0
            && let Some((length, rest)) = bytes.split_first_chunk()
        {
            let length = match self.believe(*length) {
                Ok(length) => length,
                Err(reason) => return Some(Err(reason)),
            };
            if let Some((packet, rest)) = rest.split_at_checked(length) {
                *bytes = rest;
                return cut(packet).map(Ok);
            }
        }
        if !self.hold(bytes, LENGTH_LEN) {
            return None;
        }
        let length = match self.believe(*self.buffer.first_chunk()?) {
            Ok(length) => length,
            Err(reason) => return Some(Err(reason)),
        };
        let all = LENGTH_LEN + length;
        if !self.hold(bytes, all) {
            return None;
        }
        self.held = 0;
        cut(self.buffer.get(LENGTH_LEN..all)?).map(Ok)
    }

    fn believe(&mut self, length: [u8; LENGTH_LEN]) -> Result<usize, SoupReject> {
        let reason = match usize::from(u16::from_be_bytes(length)) {
            0 => SoupReject::Empty,
            length if length > self.buffer.len() - LENGTH_LEN => SoupReject::TooLong,
            length => return Ok(length),
        };
        self.broken = Some(reason);
        Err(reason)
    }

    /// Moves bytes into the buffer until it holds `wanted`; whether it does.
    fn hold(&mut self, bytes: &mut &[u8], wanted: usize) -> bool {
        let missing = wanted.saturating_sub(self.held).min(bytes.len());
        let (taken, rest) = bytes.split_at(missing);
        if let Some(to) = self.buffer.get_mut(self.held..self.held + missing) {
            to.copy_from_slice(taken);
            self.held += missing;
        }
        *bytes = rest;
        self.held >= wanted
    }
}

fn cut(packet: &[u8]) -> Option<SoupPacket<'_>> {
    packet.split_first().map(|(code, payload)| SoupPacket { code: *code, payload })
}
