//! ITCH messages in a file: Nasdaq's sample days, and what the simulator writes.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | length | big-endian, of the message alone |
//! | 2 | length | message | |
//!
//! Nothing else: no packets, no arrival times. A record of length 0 is what the venue's file format
//! ends with; it is handed out as an empty message, and the caller decides.
//!
//! The reader is sans-I/O. Keep a window of the file's bytes, call [`next`] on it, drop what was
//! consumed, and read more when it says so.

/// Tracking number of the first message of a generated file: it says `SI`, simulated. A file that
/// is renamed says it still.
pub const SIMULATED_TRACKING: u16 = 0x5349;

/// What stands at the beginning of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// One message, and how many bytes of the window it took.
    Message {
        /// The message without its length.
        bytes: &'a [u8],
        /// Bytes to drop from the window.
        consumed: usize,
    },
    /// The window must hold at least so many bytes.
    NeedMore(usize),
    /// The file ends here, as it should.
    End,
    /// The file ends within a record; so many bytes are left.
    Truncated(usize),
}

/// Bytes of the length before each message.
pub const LENGTH_LEN: usize = 2;
/// The most bytes a record can take: a window of this size always makes progress.
pub const MAX_RECORD: usize = LENGTH_LEN + u16::MAX as usize;

/// Looks at the beginning of `window`; `at_end` says that the file has no more bytes.
#[inline]
#[must_use]
pub fn next(window: &[u8], at_end: bool) -> Frame<'_> {
    let mut wanted = LENGTH_LEN;
    if let Some((length, rest)) = window.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        wanted = LENGTH_LEN + length;
        if let Some(bytes) = rest.get(..length) {
            return Frame::Message { bytes, consumed: wanted };
        }
    }
    match (at_end, window.is_empty()) {
        (false, _) => Frame::NeedMore(wanted),
        (true, true) => Frame::End,
        (true, false) => Frame::Truncated(window.len()),
    }
}

/// Appends one record to `out`; `false` if the message is longer than a length can say.
#[must_use]
pub fn append(out: &mut Vec<u8>, message: &[u8]) -> bool {
    let Ok(length) = u16::try_from(message.len()) else { return false };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(message);
    true
}
