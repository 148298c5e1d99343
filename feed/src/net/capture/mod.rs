//! Capture files as a source: pcap, pcapng and raw ITCH, plain or gzip, one after the other.
//!
//! ```text
//! window.rs   a file's bytes through a sliding window      itch.rs   raw ITCH framed on the fly
//! ```
//!
//! Packets come as fast as they are asked for; whoever wants them as recorded holds the source
//! back ([`crate::replay::pace`]). What is wrong with one packet is counted by name and passed
//! over; what makes the rest of a file unreadable ends it with an error.

mod itch;
mod window;

use std::collections::VecDeque;
use std::path::PathBuf;

use jiff::civil::Date;
use protocol::capture::{CaptureReject, FileType, Reader, Step, detect};
use wire::StampBy;

use self::itch::ItchFramer;
use self::window::Window;
use crate::error::{FeedError, Result};
use crate::net::{Layer, Packet, Polled, Source};
use crate::venue::nasdaq::day::{Eastern, date_in_name};

/// What a file is read as.
enum Format {
    Packets(Reader),
    Itch(Box<ItchFramer>),
}

struct OpenFile {
    window: Window,
    format: Format,
}

/// Bytes on disk, read and in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read from the files so far.
    pub read: u64,
    /// Bytes of all files.
    pub total: u64,
}

/// One or several capture files.
pub struct CaptureSource {
    waiting: VecDeque<PathBuf>,
    open: Option<OpenFile>,
    eastern: Eastern,
    date: Option<Date>,
    opened: u32,
    rejects: [u64; CaptureReject::ALL.len()],
    truncated_messages: u64,
    done_bytes: u64,
    total_bytes: u64,
}

impl CaptureSource {
    /// Opens the first of `files`; checks that every one can be opened.
    ///
    /// `date` is the trading day of raw ITCH whose name does not tell it.
    ///
    /// # Errors
    /// If a file cannot be read, is no capture, or is raw ITCH without a date.
    pub fn open(files: &[PathBuf], date: Option<Date>) -> Result<CaptureSource> {
        let mut total_bytes = 0;
        for path in files {
            total_bytes += std::fs::metadata(path).map_err(|e| FeedError::io(path, e))?.len();
        }
        let mut source = CaptureSource {
            waiting: files.iter().cloned().collect(),
            open: None,
            eastern: Eastern::new()?,
            date,
            opened: 0,
            rejects: [0; CaptureReject::ALL.len()],
            truncated_messages: 0,
            done_bytes: 0,
            total_bytes,
        };
        source.open_next()?;
        Ok(source)
    }

    fn open_next(&mut self) -> Result<bool> {
        if let Some(done) = self.open.take() {
            self.done_bytes += done.window.progress().1;
        }
        let Some(path) = self.waiting.pop_front() else { return Ok(false) };
        let window = Window::open(&path)?;
        let format = match detect(window.bytes()) {
            FileType::Pcap | FileType::PcapNg => Format::Packets(Reader::new()),
            FileType::Unknown => Format::Itch(Box::new(self.itch_framer(&window)?)),
            FileType::Gzip | FileType::Zstd => {
                let found = "compressed data inside, or a compression other than gzip".to_owned();
                return Err(FeedError::Format { path, found });
            }
        };
        self.opened += 1;
        self.open = Some(OpenFile { window, format });
        Ok(true)
    }

    fn itch_framer(&self, window: &Window) -> Result<ItchFramer> {
        let path = window.path().to_owned();
        if let Some(found) = itch::why_not_itch(window.bytes(), window.at_end()) {
            return Err(FeedError::Format { path, found });
        }
        let Some(date) = self.date.or_else(|| date_in_name(&path)) else {
            return Err(FeedError::NoDate { path });
        };
        let simulated = itch::is_simulated(&path, window.bytes());
        Ok(ItchFramer::new(self.eastern.day(date)?, self.opened, simulated))
    }

    /// Rejects of the capture reader by name; only those that occurred.
    pub fn rejects(&self) -> Vec<(&'static str, u64)> {
        let named = CaptureReject::ALL.iter().map(|r| (r.name(), self.rejects[r.index()]));
        named
            .chain([("itch_file_truncated", self.truncated_messages)])
            .filter(|&(_, count)| count > 0)
            .collect()
    }

    /// How much has been read.
    pub fn progress(&self) -> Progress {
        let read = self.open.as_ref().map_or(0, |file| file.window.progress().0);
        Progress { read: (self.done_bytes + read).min(self.total_bytes), total: self.total_bytes }
    }

    /// Hands out one packet, or moves one step towards it. `false` at the end of all files.
    fn step(&mut self, sink: &mut impl FnMut(Packet<'_>), handed: &mut usize) -> Result<bool> {
        let Some(file) = &mut self.open else { return Ok(false) };
        let ended = match &mut file.format {
            Format::Packets(reader) => {
                step_packets(&mut file.window, reader, &mut self.rejects, sink, handed)?
            }
            Format::Itch(framer) => {
                framer.step(&mut file.window, &mut self.truncated_messages, sink, handed)?
            }
        };
        if ended { self.open_next() } else { Ok(true) }
    }
}

fn step_packets(
    window: &mut Window,
    reader: &mut Reader,
    rejects: &mut [u64; CaptureReject::ALL.len()],
    sink: &mut impl FnMut(Packet<'_>),
    handed: &mut usize,
) -> Result<bool> {
    let consumed = match reader.next(window.bytes(), window.at_end()) {
        Step::Packet { packet, consumed } => {
            sink(Packet {
                bytes: packet.data,
                layer: Layer::Link(packet.link),
                ts_receive: packet.ts_ns,
                stamp: StampBy::Recording,
                line: 0,
            });
            *handed += 1;
            consumed
        }
        Step::Skip(consumed) => consumed,
        Step::Reject { reason, consumed } => {
            rejects[reason.index()] += 1;
            consumed
        }
        Step::NeedMore(wanted) => {
            window.fill(wanted)?;
            0
        }
        Step::End => return Ok(true),
        Step::Fatal(reason) => {
            return Err(FeedError::Capture {
                path: window.path().to_owned(),
                offset: window.offset(),
                reason: format!("{}: the rest of the file cannot be read", reason.name()),
            });
        }
    };
    window.consume(consumed);
    Ok(false)
}

impl Source for CaptureSource {
    fn poll(
        &mut self,
        _now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> Result<Polled> {
        let mut handed = 0;
        while handed < budget {
            if !self.step(sink, &mut handed)? {
                return Ok(if handed == 0 { Polled::End } else { Polled::Packets(handed) });
            }
        }
        Ok(Polled::Packets(handed))
    }
}
