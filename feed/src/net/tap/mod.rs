//! Tap: a source whose packets are also recorded, while the lane neither waits nor allocates.
//!
//! ```text
//! queue.rs   from the lane to the writer      writer.rs   the thread that writes pcapng
//! ```
//!
//! Each packet is copied into a queue that was made at the start; a thread of its own writes the
//! file. With a full queue a packet is not recorded but counted, and the file's own statistics say
//! so at its end. A file that cannot be written any more (a full disk) ends the recording, never
//! the lane.
//!
//! Packets with a link layer are recorded as they are. UDP payloads get Ethernet, IPv4 and UDP
//! headers with the group and port of their line, so that the file replays like any capture; where
//! a line has several groups they all get its first one. Stamps are those of the packets, in
//! nanoseconds.

mod queue;
mod writer;

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use self::queue::Inlet;
pub use self::writer::TapOutput;
use self::writer::{Shared, Writer, unnamed};
use crate::error::{FeedError, Result};
use crate::net::udp::UdpSpec;
use crate::net::{Packet, Polled, Source, SourceCounts};

/// Lines that have addresses of their own; higher ones share the last.
const LINES: usize = 16;

/// What the headers of recorded UDP payloads say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TapLine {
    /// Line: 1 A, 2 B, ...
    pub line: u8,
    /// Group or address that the line is received on.
    pub group: Ipv4Addr,
    /// Port there.
    pub port: u16,
    /// Sender.
    pub source: Ipv4Addr,
}

/// How to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapSpec {
    /// Bytes of the queue between lane and writer.
    pub queue_bytes: usize,
    /// Addresses of the lines; others get addresses that no network uses.
    pub lines: Vec<TapLine>,
}

impl Default for TapSpec {
    /// A queue of 16 MiB: more than a tenth of a second of a full gigabit line.
    fn default() -> TapSpec {
        TapSpec { queue_bytes: 16 << 20, lines: Vec::new() }
    }
}

impl TapSpec {
    /// Addresses of a UDP source; senders that it does not know are from 192.0.2.0/24.
    pub fn of(spec: &UdpSpec) -> TapSpec {
        let mut lines: Vec<TapLine> = Vec::new();
        for line in &spec.lines {
            if lines.iter().all(|known| known.line != line.line) {
                let source = line.source.unwrap_or(unnamed(line.line).source);
                lines.push(TapLine { line: line.line, group: line.group, port: line.port, source });
            }
        }
        TapSpec { lines, ..TapSpec::default() }
    }
}

/// What became of the packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TapCounts {
    /// Packets that passed.
    pub seen: u64,
    /// Not recorded because the queue was full, or they were too long.
    pub missed: u64,
    /// In the file.
    pub written: u64,
    /// Taken by the writer and not in the file.
    pub unwritten: u64,
    /// What ended the recording before its time.
    pub error: Option<String>,
}

/// A source that is recorded.
pub struct Tap<S> {
    inner: S,
    recorder: Recorder,
}

/// The lane's end of a recording; dropped, it waits until everything is in the file.
struct Recorder {
    queue: Inlet,
    shared: Arc<Shared>,
    seen: u64,
    missed: u64,
    writer: Option<JoinHandle<()>>,
}

impl<S: Source> Tap<S> {
    /// Records `inner` to a new file.
    ///
    /// # Errors
    /// If the file exists already or cannot be made.
    pub fn create(inner: S, path: &Path, spec: &TapSpec) -> Result<Tap<S>> {
        let file = File::create_new(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => FeedError::Argument {
                text: path.display().to_string(),
                reason: "the name of a new file: this one exists, and a recording is never \
                         overwritten"
                    .to_owned(),
            },
            _ => FeedError::io(path, error),
        })?;
        Tap::start(inner, file, path, spec)
    }

    /// Records `inner` to `output`, which messages call `name`.
    ///
    /// # Errors
    /// If no thread can be had.
    pub fn start(inner: S, output: impl TapOutput, name: &Path, spec: &TapSpec) -> Result<Tap<S>> {
        let (queue, outlet) = queue::queue(spec.queue_bytes);
        let mut lines: [TapLine; LINES] = std::array::from_fn(|n| unnamed(n as u8));
        for line in &spec.lines {
            if let Some(slot) = lines.get_mut(usize::from(line.line)) {
                *slot = *line;
            }
        }
        let shared = Arc::new(Shared::default());
        let text = name.display().to_string();
        let writer = Writer::new(outlet, output, text, lines, shared.clone());
        let thread = std::thread::Builder::new().name("hotlane-tap".to_owned());
        let writer = thread.spawn(|| writer.run()).map_err(|e| FeedError::io(name, e))?;
        let recorder = Recorder { queue, shared, seen: 0, missed: 0, writer: Some(writer) };
        Ok(Tap { inner, recorder })
    }

    /// What became of the packets so far; those in the queue are neither written nor unwritten.
    pub fn counts(&self) -> TapCounts {
        self.recorder.counts()
    }

    /// The source inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The source inside, to be changed.
    pub fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Ends the recording: waits until all is in the file. Gives the source back.
    pub fn finish(mut self) -> (S, TapCounts) {
        self.recorder.finish();
        let counts = self.recorder.counts();
        (self.inner, counts)
    }
}

impl Recorder {
    #[inline]
    fn record(&mut self, packet: &Packet<'_>) {
        self.seen += 1;
        self.missed += u64::from(!self.queue.put(packet));
    }

    /// Tells the writer what it puts into the statistics.
    #[inline]
    fn publish(&self) {
        // Relaxed: partner is the writer's load after `over`, whose Release orders them.
        self.shared.seen.store(self.seen, Ordering::Relaxed);
        self.shared.missed.store(self.missed, Ordering::Relaxed);
    }

    fn counts(&self) -> TapCounts {
        TapCounts {
            seen: self.seen,
            missed: self.missed,
            // Relaxed: statistics; partner is the writer's `count`.
            written: self.shared.written.load(Ordering::Relaxed),
            unwritten: self.shared.unwritten.load(Ordering::Relaxed),
            error: self.shared.error.get().cloned(),
        }
    }

    fn finish(&mut self) {
        self.publish();
        // Release: partner is the writer's Acquire load; it sees all of the queue and the counts.
        self.shared.over.store(true, Ordering::Release);
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has written what it could; there is nobody to tell here.
            let _ = writer.join();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.finish();
    }
}

impl<S: Source> Source for Tap<S> {
    fn poll(
        &mut self,
        now: u64,
        budget: usize,
        sink: &mut impl FnMut(Packet<'_>),
    ) -> std::result::Result<Polled, FeedError> {
        let Tap { inner, recorder } = self;
        // First to the lane, then to the queue: recording must not make a packet late.
        inner.poll(now, budget, &mut |packet: Packet<'_>| {
            sink(packet);
            recorder.record(&packet);
        })
    }

    #[inline]
    fn counts(&self, line: u8) -> SourceCounts {
        self.inner.counts(line)
    }
}
