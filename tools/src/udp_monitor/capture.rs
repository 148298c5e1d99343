//! Datagrams out of a capture file.

use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use protocol::capture::{FileType, MAX_RECORD, Packet, Reader, Step, detect};
use protocol::frame::{Checksums, udp};
use wire::datagram::announced_length;

use super::MonitorError;

/// A datagram with where and when it was captured.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Group and port it was sent to.
    pub group: SocketAddrV4,
    /// Sender.
    pub source: SocketAddrV4,
    /// When it was received or captured, Unix ns.
    pub at_ns: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What a capture held besides the publisher's datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureCounts {
    /// Packets.
    pub packets: u64,
    /// Packets that are no UDP datagrams, or damaged.
    pub not_udp: u64,
    /// Datagrams to other addresses than those asked for.
    pub elsewhere: u64,
    /// Records of the file that could not be used.
    pub damaged: u64,
    /// Packets that held several datagrams in one piece.
    pub joined: u64,
}

struct Window {
    input: Box<dyn Read>,
    bytes: Vec<u8>,
    start: usize,
    at_end: bool,
    offset: u64,
}

impl Window {
    fn open(path: &Path) -> Result<Window, MonitorError> {
        let failed =
            |action| move |source| MonitorError::File { path: path.to_owned(), action, source };
        let mut file = File::open(path).map_err(failed("open"))?;
        let mut start = Vec::new();
        Read::by_ref(&mut file).take(4).read_to_end(&mut start).map_err(failed("read"))?;
        let kind = detect(&start);
        let whole = std::io::Cursor::new(start).chain(file);
        let input: Box<dyn Read> = match kind {
            FileType::Gzip => Box::new(MultiGzDecoder::new(whole)),
            _ => Box::new(whole),
        };
        Ok(Window { input, bytes: Vec::new(), start: 0, at_end: false, offset: 0 })
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn skip(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
    }

    /// Reads on until `wanted` bytes are there, or the file ends.
    fn fill(&mut self, wanted: usize) -> std::io::Result<()> {
        self.bytes.drain(..self.start.min(self.bytes.len()));
        self.start = 0;
        let missing = wanted.max(MAX_RECORD).saturating_sub(self.bytes.len());
        let read = self.input.by_ref().take(missing as u64).read_to_end(&mut self.bytes)?;
        self.at_end = read < missing;
        Ok(())
    }
}

/// Hands over every datagram to one of `groups` (all, where there are none); `take` says whether
/// to go on.
///
/// # Errors
/// [`MonitorError::File`], [`MonitorError::Capture`], and what `take` says.
pub fn read(
    path: &Path,
    groups: &[SocketAddrV4],
    take: &mut dyn FnMut(Arrival<'_>) -> Result<bool, MonitorError>,
) -> Result<CaptureCounts, MonitorError> {
    let mut window = Window::open(path)?;
    let mut reader = Reader::new();
    let mut counts = CaptureCounts::default();
    loop {
        let step = reader.next(window.rest(), window.at_end);
        let consumed = match step {
            Step::Packet { packet, consumed } => {
                counts.packets += 1;
                if !packet_of(&packet, groups, &mut counts, take)? {
                    return Ok(counts);
                }
                consumed
            }
            Step::NeedMore(wanted) => {
                window.fill(wanted).map_err(|source| MonitorError::File {
                    path: path.to_owned(),
                    action: "read",
                    source,
                })?;
                0
            }
            Step::Skip(count) => count,
            Step::Reject { consumed, .. } => {
                counts.damaged += 1;
                consumed
            }
            Step::End => return Ok(counts),
            Step::Fatal(reason) => {
                let offset = window.offset;
                return Err(MonitorError::Capture { path: path.to_owned(), offset, reason });
            }
        };
        window.skip(consumed);
    }
}

fn packet_of(
    packet: &Packet<'_>,
    groups: &[SocketAddrV4],
    counts: &mut CaptureCounts,
    take: &mut dyn FnMut(Arrival<'_>) -> Result<bool, MonitorError>,
) -> Result<bool, MonitorError> {
    // A capture on the sending host has checksums that the card was still to fill in.
    let Ok(inner) = udp(packet.link, packet.data, Checksums::Ignore) else {
        counts.not_udp += 1;
        return Ok(true);
    };
    let address = |ip: u32, port| SocketAddrV4::new(Ipv4Addr::from(ip), port);
    let group = address(inner.destination, inner.destination_port);
    if !groups.is_empty() && !groups.contains(&group) {
        counts.elsewhere += 1;
        return Ok(true);
    }
    let source = address(inner.source, inner.source_port);
    let mut rest = inner.payload;
    if announced_length(rest).is_some_and(|length| length < rest.len()) {
        counts.joined += 1;
    }
    loop {
        // One call for many datagrams shows in a capture as one packet; each says its length.
        let length = announced_length(rest).unwrap_or(rest.len()).min(rest.len());
        let (bytes, after) = rest.split_at(length);
        if !take(Arrival { group, source, at_ns: packet.ts_ns, bytes })? {
            return Ok(false);
        }
        rest = after;
        if rest.is_empty() {
            return Ok(true);
        }
    }
}
