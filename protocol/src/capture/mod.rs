//! Packets out of capture files: pcap and pcapng, and back into them.
//!
//! The [`Reader`] is sans-I/O. Its caller keeps a window of the file's bytes, asks [`Reader::next`]
//! what stands at its beginning, drops what was consumed, and reads more when told to. A window of
//! [`MAX_RECORD`] bytes always makes progress. The same reader therefore serves a mapped file, a
//! decompressing pipe and a fuzz target.
//!
//! A file may be cut off or damaged and the rest of it still be worth replaying, so what is wrong
//! with one packet is a [`Step::Reject`] that names its reason and tells how to go on. Only where
//! the place of the next packet can no longer be known does the file end in a [`Step::Fatal`].

mod interface;
mod pcap;
mod pcapng;
mod words;
pub mod write;

use crate::frame::LinkType;
use crate::reject::rejects;

/// The longest packet that is believed, in bytes: what capture tools allow as snap length.
pub const MAX_PACKET: usize = 262_144;
/// The most bytes one record or block can take, options included.
pub const MAX_RECORD: usize = MAX_PACKET + 65_536;

rejects! {
    /// What is wrong with a capture file or with a packet in it.
    CaptureReject {
        /// Neither pcap nor pcapng.
        UnknownFormat = "capture_unknown_format",
        /// The file ends within its header.
        HeaderTruncated = "capture_header_truncated",
        /// A link layer that [`LinkType`] does not know.
        LinkUnknown = "capture_link_unknown",
        /// The file ends within a packet.
        PacketTruncated = "capture_packet_truncated",
        /// A packet longer than [`MAX_PACKET`].
        PacketTooLarge = "capture_packet_too_large",
        /// The fraction of a second is a second or more.
        TimestampFraction = "capture_timestamp_fraction",
        /// The time does not fit into 64 bits of nanoseconds since 1970.
        TimestampRange = "capture_timestamp_range",
        /// The file ends within a block.
        BlockTruncated = "capture_block_truncated",
        /// A block shorter than its fixed part, or not a multiple of four bytes.
        BlockLength = "capture_block_length",
        /// A block longer than [`MAX_RECORD`].
        BlockTooLarge = "capture_block_too_large",
        /// The length at the end of a block differs from the one at its beginning.
        BlockTrailer = "capture_block_trailer",
        /// The byte-order magic of a section is neither of the two.
        ByteOrder = "capture_byte_order",
        /// A packet says it holds more bytes than its block.
        CapturedLength = "capture_captured_length",
        /// A packet names an interface that was not described.
        InterfaceUnknown = "capture_interface_unknown",
        /// The options of the packet's interface are damaged, so its times cannot be read.
        InterfaceOptions = "capture_interface_options",
    }
}

/// A captured packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was captured, ns since 1970 UTC; 0 where the file does not say.
    pub ts_ns: u64,
    /// What it begins with.
    pub link: LinkType,
    /// The bytes that were captured.
    pub data: &'a [u8],
    /// How many bytes it had on the wire.
    pub original_length: u32,
}

/// What stands at the beginning of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A packet, and how many bytes of the window it took.
    Packet {
        /// The packet.
        packet: Packet<'a>,
        /// Bytes to drop from the window.
        consumed: usize,
    },
    /// The window must hold at least so many bytes.
    NeedMore(usize),
    /// Nothing of interest; so many bytes are to be dropped.
    Skip(usize),
    /// A packet that cannot be used.
    Reject {
        /// Why.
        reason: CaptureReject,
        /// Bytes to drop from the window.
        consumed: usize,
    },
    /// The file ends here, as it should.
    End,
    /// Nothing after this place can be found again.
    Fatal(CaptureReject),
}

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// Classic pcap, any byte order, micro- or nanoseconds.
    Pcap,
    /// pcapng.
    PcapNg,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// None of these; ITCH files have no magic.
    Unknown,
}

/// What the file that begins with these bytes (at least four) is.
#[must_use]
pub fn detect(start: &[u8]) -> FileType {
    match start {
        [0x1F, 0x8B, ..] => FileType::Gzip,
        [0x28, 0xB5, 0x2F, 0xFD, ..] => FileType::Zstd,
        [0x0A, 0x0D, 0x0D, 0x0A, ..] => FileType::PcapNg,
        [a, b, c, d, ..] if pcap::Clock::of([*a, *b, *c, *d]).is_some() => FileType::Pcap,
        _ => FileType::Unknown,
    }
}

/// Cuts packets out of a capture file.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    /// Nothing was read.
    #[default]
    Start,
    Pcap(pcap::Reader),
    PcapNg(pcapng::Reader),
    Failed(CaptureReject),
}

impl Reader {
    /// A reader at the beginning of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the beginning of `window`; `at_end` says that the file has no more bytes.
    ///
    /// After [`Step::Fatal`] it keeps answering so.
    #[must_use]
    pub fn next<'a>(&mut self, window: &'a [u8], at_end: bool) -> Step<'a> {
        let step = match &mut self.state {
            State::Start => self.start(window, at_end),
            State::Pcap(reader) => reader.next(window, at_end),
            State::PcapNg(reader) => reader.next(window, at_end),
            State::Failed(reason) => Step::Fatal(*reason),
        };
        if let Step::Fatal(reason) = step {
            self.state = State::Failed(reason);
        }
        step
    }

    fn start<'a>(&mut self, window: &'a [u8], at_end: bool) -> Step<'a> {
        let wanted = match detect(window) {
            FileType::Pcap => pcap::HEADER_LEN,
            FileType::PcapNg => {
                let mut reader = pcapng::Reader::new();
                let step = reader.next(window, at_end);
                self.state = State::PcapNg(reader);
                return step;
            }
            _ if window.len() >= words::MAGIC_LEN => {
                return Step::Fatal(CaptureReject::UnknownFormat);
            }
            _ => words::MAGIC_LEN,
        };
        if window.len() < wanted {
            return if at_end {
                Step::Fatal(CaptureReject::HeaderTruncated)
            } else {
                Step::NeedMore(wanted)
            };
        }
        match pcap::Reader::open(window) {
            Ok(reader) => {
                self.state = State::Pcap(reader);
                Step::Skip(pcap::HEADER_LEN)
            }
            Err(reason) => Step::Fatal(reason),
        }
    }
}
