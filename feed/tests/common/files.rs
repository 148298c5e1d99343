//! Captures byte by byte: link layers, IPv4 and UDP around a datagram, and files around packets.

use std::io::Write;
use std::path::Path;

use feed::lane::Lane;
use feed::net::Polled;
use feed::net::capture::CaptureSource;
use feed::publish::Outlet;

/// 233.54.12.111, where Nasdaq sends.
pub const GROUP: [u8; 4] = [233, 54, 12, 111];
/// Port there.
pub const PORT: u16 = 26_477;

/// Adds 16-bit words with end-around carry.
fn ones_sum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    sum as u16
}

/// UDP around a payload, with its checksum.
pub fn udp(payload: &[u8]) -> Vec<u8> {
    udp_to(PORT, payload)
}

/// The same to another port.
pub fn udp_to(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = 8 + payload.len() as u16;
    let mut packet = vec![0x30, 0x39];
    packet.extend(port.to_be_bytes());
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    let pseudo = [[10, 0, 0, 1], GROUP].concat();
    let tail = [0, 17, length.to_be_bytes()[0], length.to_be_bytes()[1]];
    let checksum = !ones_sum(&[&pseudo, &tail, &packet]);
    packet[6..8].copy_from_slice(&if checksum == 0 { 0xFFFF } else { checksum }.to_be_bytes());
    packet
}

/// IPv4 around a transport packet; `options` is a multiple of four bytes.
pub fn ipv4(transport: &[u8], options: &[u8]) -> Vec<u8> {
    let header = 20 + options.len();
    let total = (header + transport.len()) as u16;
    let mut packet = vec![0x40 | (header / 4) as u8, 0];
    packet.extend(total.to_be_bytes());
    packet.extend([0, 7, 0x40, 0, 16, 17, 0, 0, 10, 0, 0, 1]);
    packet.extend(GROUP);
    packet.extend(options);
    packet.extend(transport);
    seal(packet)
}

/// The packet with the right checksum of its IPv4 header.
pub fn seal(mut packet: Vec<u8>) -> Vec<u8> {
    let header = usize::from(packet[0] & 15) * 4;
    packet[10..12].fill(0);
    let checksum = !ones_sum(&[&packet[..header]]);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet
}

/// A link layer as captures have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    Vlan,
    QinQ,
    Sll,
    Sll2,
    /// Address family little-endian.
    Null,
    /// The same from a big-endian host.
    NullBig,
    Loop,
    Raw,
}

impl Link {
    pub const ALL: [Link; 9] = [
        Link::Ethernet,
        Link::Vlan,
        Link::QinQ,
        Link::Sll,
        Link::Sll2,
        Link::Null,
        Link::NullBig,
        Link::Loop,
        Link::Raw,
    ];

    /// Number in the registry of link types.
    pub fn number(self) -> u32 {
        match self {
            Link::Ethernet | Link::Vlan | Link::QinQ => 1,
            Link::Sll => 113,
            Link::Sll2 => 276,
            Link::Null | Link::NullBig => 0,
            Link::Loop => 108,
            Link::Raw => 101,
        }
    }

    /// What stands in front of the IPv4 header.
    pub fn header(self) -> Vec<u8> {
        let macs = [1, 0, 0x5e, 0x36, 0x0c, 0x6f, 2, 0, 0, 0, 0, 1];
        match self {
            Link::Ethernet => [&macs[..], &[8, 0]].concat(),
            Link::Vlan => [&macs[..], &[0x81, 0, 0x20, 5, 8, 0]].concat(),
            Link::QinQ => [&macs[..], &[0x88, 0xA8, 0, 7, 0x81, 0, 0, 5, 8, 0]].concat(),
            Link::Sll => vec![0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0],
            Link::Sll2 => vec![8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 2, 6, 2, 0, 0, 0, 0, 1, 0, 0],
            Link::Null => vec![2, 0, 0, 0],
            Link::NullBig | Link::Loop => vec![0, 0, 0, 2],
            Link::Raw => vec![],
        }
    }

    /// A datagram as it is captured.
    pub fn packet(self, payload: &[u8]) -> Vec<u8> {
        self.around(&ipv4(&udp(payload), &[]))
    }

    /// The link layer in front of an IPv4 packet.
    pub fn around(self, ip: &[u8]) -> Vec<u8> {
        [&self.header()[..], ip].concat()
    }
}

/// Bytes of numbers in the byte order of a file.
fn number(big: bool, value: u32) -> [u8; 4] {
    if big { value.to_be_bytes() } else { value.to_le_bytes() }
}

fn short(big: bool, value: u16) -> [u8; 2] {
    if big { value.to_be_bytes() } else { value.to_le_bytes() }
}

/// Bytes of the header of a pcap file.
pub const PCAP_HEADER: usize = 24;
/// Bytes in front of each packet of it.
pub const PCAP_RECORD: usize = 16;

/// A pcap file of packets with their times.
pub fn pcap(big: bool, nano: bool, link: u32, packets: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let magic = if nano { 0xA1B2_3C4D } else { 0xA1B2_C3D4 };
    let unit = if nano { 1 } else { 1_000 };
    let mut file = number(big, magic).to_vec();
    file.extend([short(big, 2), short(big, 4)].concat());
    file.extend([0, 0, 262_144, link].map(|word| number(big, word)).concat());
    for (ts, packet) in packets {
        let (seconds, fraction) = (ts / 1_000_000_000, ts % 1_000_000_000 / unit);
        let length = packet.len() as u32;
        let words = [seconds as u32, fraction as u32, length, length];
        file.extend(words.map(|word| number(big, word)).concat());
        file.extend(packet);
    }
    file
}

fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = number(big, padded as u32 + 12);
    let mut block = [number(big, kind), length].concat();
    block.extend(body);
    block.resize(8 + padded, 0);
    block.extend(length);
    block
}

/// A pcapng file of one interface with nanoseconds.
pub fn pcapng(big: bool, link: u32, packets: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut section = number(big, 0x1A2B_3C4D).to_vec();
    section.extend([short(big, 1), short(big, 0)].concat());
    section.extend([0xFF; 8]);
    let mut file = block(big, 0x0A0D_0D0A, &section);
    let mut interface = [short(big, link as u16), short(big, 0)].concat();
    interface.extend(number(big, 0));
    // if_tsresol: 10^-9, then the end of the options.
    interface.extend([short(big, 9), short(big, 1)].concat());
    interface.extend([9, 0, 0, 0, 0, 0, 0, 0]);
    file.extend(block(big, 1, &interface));
    for (ts, packet) in packets {
        let length = packet.len() as u32;
        let words = [0, (ts >> 32) as u32, *ts as u32, length, length];
        let mut body = words.map(|word| number(big, word)).concat();
        body.extend(packet);
        file.extend(block(big, 6, &body));
    }
    file
}

/// Raw ITCH: length, message, and so on.
pub fn raw_itch(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for message in messages {
        file.extend((message.len() as u16).to_be_bytes());
        file.extend(message);
    }
    file
}

/// The file, compressed.
pub fn gzip(file: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(file).expect("compress");
    encoder.finish().expect("compress")
}

/// Plays files through a lane to their end; gives the source, or what ended it.
pub fn play<O: Outlet>(lane: &mut Lane<O>, files: &[&Path]) -> feed::error::Result<CaptureSource> {
    let files: Vec<_> = files.iter().map(|path| path.to_path_buf()).collect();
    let mut source = CaptureSource::open(&files, None)?;
    while lane.poll(&mut source, 0)? != Polled::End {}
    Ok(source)
}
