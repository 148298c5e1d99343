//! Reads pcapng by the offsets of its specification: little-endian, nanoseconds, whole blocks.

use std::net::Ipv4Addr;

/// A captured packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    pub ts_ns: u64,
    pub link: u16,
    pub data: Vec<u8>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Recording {
    pub packets: Vec<Captured>,
    /// Link types of the interfaces.
    pub links: Vec<u16>,
    /// Packets received and dropped, by each statistics block.
    pub statistics: Vec<(u64, u64)>,
}

/// A datagram in an Ethernet frame.
pub struct Udp<'a> {
    pub destination_mac: [u8; 6],
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub port: u16,
    pub payload: &'a [u8],
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"))
}

/// Type, end and body of each block.
fn blocks(bytes: &[u8]) -> Vec<(u32, usize, &[u8])> {
    let (mut blocks, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let length = u32_at(bytes, at + 4) as usize;
        assert!(length >= 12 && length.is_multiple_of(4), "a block of {length} bytes at {at}");
        assert_eq!(u32_at(bytes, at + length - 4) as usize, length, "both lengths at {at}");
        blocks.push((u32_at(bytes, at), at + length, &bytes[at + 8..at + length - 4]));
        at += length;
    }
    blocks
}

/// Where the packet blocks end.
pub fn ends(bytes: &[u8]) -> Vec<usize> {
    blocks(bytes).iter().filter(|block| block.0 == 6).map(|block| block.1).collect()
}

/// Reads a file.
pub fn read(bytes: &[u8]) -> Recording {
    let mut recording = Recording::default();
    for (n, (kind, _, body)) in blocks(bytes).into_iter().enumerate() {
        match kind {
            0x0A0D_0D0A => {
                assert_eq!(n, 0, "one section, at the beginning");
                assert_eq!(u32_at(body, 0), 0x1A2B_3C4D);
                assert_eq!((u16_at(body, 4), u16_at(body, 6)), (1, 0), "version");
            }
            1 => {
                recording.links.push(u16_at(body, 0));
                // if_tsresol, one byte, 10^-9.
                assert_eq!((u16_at(body, 8), u16_at(body, 10), body[12]), (9, 1, 9));
            }
            5 => {
                assert_eq!(u32_at(body, 0), 0, "interface");
                let wide = |at| u64::from(u32_at(body, at)) | u64::from(u32_at(body, at + 4)) << 32;
                assert_eq!((u16_at(body, 12), u16_at(body, 14)), (4, 8), "isb_ifrecv");
                assert_eq!((u16_at(body, 24), u16_at(body, 26)), (5, 8), "isb_ifdrop");
                assert_eq!(u32_at(body, 36), 0, "end of options");
                recording.statistics.push((wide(16), wide(28)));
            }
            6 => {
                let interface = u32_at(body, 0) as usize;
                let ts_ns = u64::from(u32_at(body, 4)) << 32 | u64::from(u32_at(body, 8));
                let captured = u32_at(body, 12) as usize;
                assert_eq!(captured, u32_at(body, 16) as usize, "nothing is cut");
                let data = body[20..20 + captured].to_vec();
                recording.packets.push(Captured { ts_ns, link: recording.links[interface], data });
            }
            other => panic!("a block of type {other}"),
        }
    }
    recording
}

/// Sum of 16-bit words with end-around carry.
fn ones_sum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
    let sum: u32 = words.sum();
    let sum = (sum & 0xFFFF) + (sum >> 16);
    ((sum & 0xFFFF) + (sum >> 16)) as u16
}

impl Captured {
    /// The datagram in it, its lengths and checksums checked.
    pub fn udp(&self) -> Udp<'_> {
        assert_eq!(self.link, 1);
        let (ethernet, ip) = self.data.split_at(14);
        assert_eq!(ethernet[12..], [8, 0]);
        assert_eq!((ip[0], ip[9]), (0x45, 17), "IPv4 without options, UDP");
        let be = |at: usize| u16::from_be_bytes([ip[at], ip[at + 1]]);
        assert_eq!(usize::from(be(2)), ip.len());
        assert_eq!(ones_sum(&ip[..20]), 0xFFFF, "checksum of the IPv4 header");
        let udp = &ip[20..];
        assert_eq!(usize::from(be(24)), udp.len());
        let pseudo = [&ip[12..20], &[0, 17], &ip[24..26], udp].concat();
        assert!(be(26) == 0 || ones_sum(&pseudo) == 0xFFFF, "checksum of UDP");
        let address = |at: usize| Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]);
        Udp {
            destination_mac: ethernet[..6].try_into().expect("six"),
            source: address(12),
            destination: address(16),
            port: be(22),
            payload: &udp[8..],
        }
    }
}
