//! Where the messages come from: recordings, one message at a time.
//!
//! The files of a session are read one after the other through a `window::Window` of a few
//! hundred kilobytes, so a day of 10 GB takes no more memory than a minute of it. The line senders
//! know only [`Message`]: a simulated market, which makes messages as it goes, can feed them too.

mod capture;
mod itch;
mod open;
mod splice;
mod window;

use std::collections::VecDeque;
use std::path::PathBuf;

use serde::Serialize;

pub use self::open::Progress;
use self::open::{Contents, open};
use super::error::PlayError;

/// One message of the venue, with what the recording knows of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The message, without a length.
    pub bytes: Vec<u8>,
    /// The venue's stamp, ns since midnight; that of the message before where it has none.
    pub time_ns: u64,
    /// How many numbers of the session the recording lacks right before it.
    pub skipped: u64,
    /// Whether it was the first message of a packet of the recording.
    pub begins_packet: bool,
}

/// What was found in the files, beside the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InputCounts {
    /// Messages that are not ITCH 5.0; they are sent all the same, as the venue would.
    pub undecoded: u64,
    /// Bytes after the last whole message or packet of a file.
    pub truncated_bytes: u64,
    /// Captured packets that hold no UDP datagram, or one that is no MoldUDP64 packet.
    pub other_packets: u64,
    /// MoldUDP64 packets of another session than the first.
    pub other_sessions: u64,
    /// MoldUDP64 packets whose messages had all been seen: the other line of a captured pair.
    pub duplicate_packets: u64,
    /// Heartbeats and ends of session.
    pub idle_packets: u64,
    /// Messages that no packet of the capture holds.
    pub missing_messages: u64,
}

/// Something that gives messages in the order of the session.
pub trait Messages {
    /// Puts the next message into `message`; `false` at the end, and `message` is then unspecified.
    ///
    /// # Errors
    /// If the source cannot be read, or what it holds cannot be played.
    fn next(&mut self, message: &mut Message) -> Result<bool, PlayError>;
}

/// Recorded or generated files, one after the other.
#[derive(Debug)]
pub struct Recording {
    files: VecDeque<PathBuf>,
    open: Option<(PathBuf, Contents)>,
    progress: Progress,
    counts: InputCounts,
    simulated: bool,
}

impl Recording {
    /// Opens the first file and looks into all of them, so that what cannot be played is said
    /// before anything was sent.
    ///
    /// # Errors
    /// If a file cannot be read, or is neither ITCH nor a capture.
    pub fn open(files: &[PathBuf]) -> Result<Self, PlayError> {
        let mut simulated = false;
        let mut progress = Progress::default();
        for path in files {
            let contents = open(path, &Progress::default())?;
            simulated |= contents.is_simulated(path);
            progress.add_total(path)?;
        }
        Ok(Self {
            files: files.iter().cloned().collect(),
            open: None,
            progress,
            counts: InputCounts::default(),
            simulated,
        })
    }

    /// Whether one of the files says, by its name or in its first message, that it was generated.
    #[must_use]
    pub const fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// What was found so far, beside the messages.
    #[must_use]
    pub const fn counts(&self) -> InputCounts {
        self.counts
    }

    /// How far reading is, in bytes of the files as they lie on disk.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Messages for Recording {
    fn next(&mut self, message: &mut Message) -> Result<bool, PlayError> {
        loop {
            if let Some((path, contents)) = &mut self.open {
                if contents.next(path, message, &mut self.counts)? {
                    return Ok(true);
                }
                self.open = None;
            }
            let Some(path) = self.files.pop_front() else { return Ok(false) };
            let contents = open(&path, &self.progress)?;
            self.open = Some((path, contents));
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
