//! The writer's thread: packets of the queue into a pcapng file.
//!
//! Whole blocks only: when the system takes no more (a full disk), the file is cut back to its last
//! whole block and the rest is counted. What a crash leaves behind is a file with a torn last
//! block, which readers count and pass over.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use protocol::capture;
use protocol::capture::write::{pcapng_header, pcapng_interface, pcapng_packet};
use protocol::frame::{self, LinkType, UdpPacket};

use super::queue::{Outlet, Taken};
use super::{LINES, TapLine};
use crate::net::Layer;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 1 << 18;
/// How long the writer sleeps when there is nothing to do.
const IDLE: Duration = Duration::from_micros(500);
/// Longest UDP payload of IPv4 with its headers.
const FRAME_MAX: usize = 65_535 + frame::MAX_OVERHEAD;

/// Where a recording goes.
pub trait TapOutput: Write + Send + 'static {
    /// Cuts what was written to its first `length` bytes.
    ///
    /// # Errors
    /// What the system says.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl TapOutput for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// What the lane and the writer tell each other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The lane puts nothing more in.
    pub(super) over: AtomicBool,
    /// Packets that the lane saw, and those that found no room.
    pub(super) seen: AtomicU64,
    pub(super) missed: AtomicU64,
    /// Packets in the file, and those that could not be written.
    pub(super) written: AtomicU64,
    pub(super) unwritten: AtomicU64,
    /// What first went wrong.
    pub(super) error: OnceLock<String>,
}

pub(super) struct Writer<W> {
    pub(super) queue: Outlet,
    pub(super) output: W,
    /// What the output is called, for messages.
    pub(super) name: String,
    pub(super) lines: [TapLine; LINES],
    pub(super) shared: Arc<Shared>,
    blocks: Blocks,
    /// Bytes of the output that are whole blocks.
    whole: u64,
    failed: bool,
}

/// Blocks that are not written yet.
struct Blocks {
    bytes: Vec<u8>,
    /// Packets among them.
    packets: u64,
    /// Link layers that have an interface, in the order of their numbers.
    interfaces: Vec<LinkType>,
    /// A UDP payload with its headers.
    frame: Vec<u8>,
    last_ns: u64,
}

impl<W: TapOutput> Writer<W> {
    pub(super) fn new(
        queue: Outlet,
        output: W,
        name: String,
        lines: [TapLine; LINES],
        shared: Arc<Shared>,
    ) -> Writer<W> {
        let blocks = Blocks::new();
        Writer { queue, output, name, lines, shared, blocks, whole: 0, failed: false }
    }

    /// Writes until the lane is over and the queue is empty.
    pub(super) fn run(mut self) {
        self.flush();
        loop {
            // Acquire: partner is the Release store of the lane's end; all that it put into the
            // queue before is then seen by the rounds that follow.
            let over = self.shared.over.load(Ordering::Acquire);
            let mut found = false;
            while let Some(taken) = self.queue.take() {
                found = true;
                if !self.blocks.packet(&taken, &self.lines) {
                    count(&self.shared.unwritten, 1);
                }
                if self.blocks.bytes.len() >= GATHERED {
                    self.flush();
                }
            }
            self.flush();
            if !found && over {
                break;
            }
            if !found {
                std::thread::sleep(IDLE);
            }
        }
        // Relaxed: the lane is over, and its end of the queue was seen above.
        let seen = self.shared.seen.load(Ordering::Relaxed);
        let missed = self.shared.missed.load(Ordering::Relaxed);
        self.blocks.statistics(seen, missed);
        self.flush();
    }

    fn flush(&mut self) {
        let packets = std::mem::take(&mut self.blocks.packets);
        if self.failed {
            count(&self.shared.unwritten, packets);
        } else if !self.blocks.bytes.is_empty() {
            let done = self.output.write_all(&self.blocks.bytes);
            match done.and_then(|()| self.output.flush()) {
                Ok(()) => {
                    self.whole += self.blocks.bytes.len() as u64;
                    count(&self.shared.written, packets);
                }
                Err(error) => {
                    count(&self.shared.unwritten, packets);
                    self.fail(&error);
                }
            }
        }
        self.blocks.bytes.clear();
    }

    #[cold]
    fn fail(&mut self, error: &io::Error) {
        self.failed = true;
        let cut = match self.output.cut(self.whole) {
            Ok(()) => String::new(),
            Err(error) => format!("; its last block may be torn: {error}"),
        };
        // Relaxed: only this thread writes it.
        let written = self.shared.written.load(Ordering::Relaxed);
        let text = format!(
            "{}: {error}: the recording ends after {written} packets{cut}; make room and record \
             to another file",
            self.name
        );
        // Only the first is kept, and there is only one.
        let _ = self.shared.error.set(text);
    }
}

/// Relaxed: a statistic with one writer; partner is `Tap::counts`, which orders nothing by it.
fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl Blocks {
    fn new() -> Blocks {
        let mut blocks = Blocks {
            bytes: Vec::with_capacity(GATHERED + capture::MAX_RECORD),
            packets: 0,
            interfaces: Vec::with_capacity(LinkType::ALL.len()),
            frame: vec![0; FRAME_MAX],
            last_ns: 0,
        };
        pcapng_header(&mut blocks.bytes);
        // UDP payloads are recorded as Ethernet frames, which every tool reads.
        blocks.interface(LinkType::Ethernet);
        blocks
    }

    /// Number of the interface of a link layer; it is described at its first packet.
    fn interface(&mut self, link: LinkType) -> u32 {
        let known = self.interfaces.iter().position(|one| *one == link);
        let number = known.unwrap_or_else(|| {
            pcapng_interface(&mut self.bytes, link);
            self.interfaces.push(link);
            self.interfaces.len() - 1
        });
        number as u32
    }

    /// Appends a packet. `false` if it is none that a file can have.
    fn packet(&mut self, taken: &Taken<'_>, lines: &[TapLine; LINES]) -> bool {
        self.last_ns = self.last_ns.max(taken.ts_receive);
        let done = match taken.layer {
            Layer::Link(link) => self.append(link, taken.ts_receive, taken.bytes),
            Layer::Udp => {
                let Some(line) = lines.get(usize::from(taken.line).min(LINES - 1)) else {
                    return false;
                };
                let packet = UdpPacket {
                    source: u32::from(line.source),
                    destination: u32::from(line.group),
                    source_port: line.port,
                    destination_port: line.port,
                    vlan: 0,
                    payload: taken.bytes,
                };
                let mut frame = std::mem::take(&mut self.frame);
                let length = frame::emit(LinkType::Ethernet, &packet, &mut frame);
                let bytes = length.and_then(|length| frame.get(..length));
                let done = bytes
                    .is_some_and(|bytes| self.append(LinkType::Ethernet, taken.ts_receive, bytes));
                self.frame = frame;
                done
            }
        };
        self.packets += u64::from(done);
        done
    }

    fn append(&mut self, link: LinkType, ts_ns: u64, data: &[u8]) -> bool {
        let interface = self.interface(link);
        let original_length = data.len() as u32;
        let packet = capture::Packet { ts_ns, link, data, original_length };
        pcapng_packet(&mut self.bytes, interface, &packet)
    }

    /// Appends the statistics of interface 0: packets seen (`isb_ifrecv`) and not recorded
    /// (`isb_ifdrop`), so that the file itself says whether it is whole.
    fn statistics(&mut self, seen: u64, missed: u64) {
        const STATISTICS: u32 = 5;
        const LENGTH: u32 = 12 + 8 + 2 * 12 + 4 + 4;
        const RECEIVED: u16 = 4;
        const DROPPED: u16 = 5;
        let [high, low] = [self.last_ns >> 32, self.last_ns & u64::from(u32::MAX)];
        for word in [STATISTICS, LENGTH, 0, high as u32, low as u32] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        for (option, value) in [(RECEIVED, seen), (DROPPED, missed)] {
            self.bytes.extend_from_slice(&option.to_le_bytes());
            self.bytes.extend_from_slice(&8u16.to_le_bytes());
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&LENGTH.to_le_bytes());
    }
}

/// Addresses of a line that has none in the specification: a group and a sender of its own, from
/// the ranges for private groups and for documentation.
pub(super) fn unnamed(line: u8) -> TapLine {
    TapLine {
        line,
        group: Ipv4Addr::new(239, 255, 255, line),
        port: 26_400 + u16::from(line),
        source: Ipv4Addr::new(192, 0, 2, line.max(1)),
    }
}
