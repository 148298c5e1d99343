//! The seeds: inputs that get past the first checks, made here and never taken from a recording.
//!
//! `cargo run --example seeds` writes them to `corpus/`; a test says that the committed ones are
//! these.

use protocol::capture::{Packet, write};
use protocol::frame::moldudp64::{MoldRequest, MoldWriter, end_of_session, heartbeat};
use protocol::frame::soupbintcp::{ClientPacket, LoginReject, LoginRequest, ServerPacket, append};
use protocol::frame::{LinkType, MAX_OVERHEAD, UdpPacket, emit};
use protocol::venue::nasdaq::glimpse::EndOfSnapshot;
use protocol::venue::nasdaq::{MESSAGES, file};
use wire::datagram::{
    BookItem, DefinitionItem, Envelope, HeartbeatItem, Item, MAX_DATAGRAM, OrderItem, RecordItem,
    StatusItem, TradeItem, datagram_exchange, datagram_symbol, sequence,
};
use wire::{InstrumentId, Nature};

/// A seed: target, name, bytes.
pub type Seed = (&'static str, String, Vec<u8>);

const SESSION: [u8; 10] = *b"SIM0000001";

/// All seeds of all targets.
pub fn all() -> Vec<Seed> {
    [frames(), molds(), soups(), itches(), captures(), attaches(), decimals(), datagrams()].concat()
}

fn seed(target: &'static str, name: &str, bytes: impl Into<Vec<u8>>) -> Seed {
    // Corpus files that begin with a hex digit are libFuzzer's own and not committed.
    (target, format!("seed-{name}"), bytes.into())
}

fn packet(link: LinkType, vlan: u16, payload: &[u8]) -> Vec<u8> {
    let packet = UdpPacket {
        source: 0x0a00_0001,
        destination: 0xe936_0c6f,
        source_port: 26_400,
        destination_port: 26_477,
        vlan,
        payload,
    };
    let mut out = vec![0; payload.len() + MAX_OVERHEAD];
    let used = emit(link, &packet, &mut out).unwrap_or(0);
    out.truncate(used);
    out
}

fn frames() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = LinkType::ALL
        .iter()
        .map(|&link| seed("frame", &format!("{link:?}").to_lowercase(), packet(link, 0, b"data")))
        .collect();
    let tagged = packet(LinkType::Ethernet, 12, b"data");
    // A second tag in front of the first.
    let double = [&tagged[..12], &[0x88, 0xa8, 0, 7], &tagged[12..]].concat();
    // Without a checksum, and with padding behind the datagram.
    let mut plain = packet(LinkType::RawIp, 0, b"odd");
    plain[26] = 0;
    plain[27] = 0;
    let padded = [packet(LinkType::Ethernet, 0, b"x"), vec![0; 17]].concat();
    // An option word: header of six words.
    let mut option = packet(LinkType::RawIp, 0, b"data");
    option[0] = 0x46;
    option.splice(20..20, [1, 1, 1, 0]);
    option[3] += 4;
    let mut fragment = packet(LinkType::RawIp, 0, b"data");
    fragment[6] = 0x20;
    seeds.extend([
        seed("frame", "vlan", tagged),
        seed("frame", "qinq", double),
        seed("frame", "no-checksum", plain),
        seed("frame", "padded", padded),
        seed("frame", "ip-option", option),
        seed("frame", "fragment", fragment),
    ]);
    seeds
}

/// A message of every type, its bytes counting up.
fn message(code: u8, length: usize) -> Vec<u8> {
    let body = (1..length).map(|at| at as u8);
    std::iter::once(code).chain(body).collect()
}

fn messages() -> Vec<Vec<u8>> {
    MESSAGES.iter().map(|&(code, _, length)| message(code, length)).collect()
}

fn mold(sequence: u64, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut buffer = [0; 1_500];
    let Some(mut writer) = MoldWriter::begin(&mut buffer, SESSION, sequence) else {
        return Vec::new();
    };
    for message in messages {
        let _ = writer.push(message);
    }
    writer.finish().to_vec()
}

fn molds() -> Vec<Seed> {
    let empty = [Vec::new(), message(b'D', 19), Vec::new()];
    let request = MoldRequest { session: SESSION, sequence: 7, count: 3 };
    let absurd = MoldRequest { session: SESSION, sequence: 1 << 40, count: u16::MAX };
    let nothing = MoldRequest { count: 0, ..request };
    let beyond = MoldRequest { sequence: u64::MAX, ..request };
    vec![
        seed("moldudp64", "request-absurd", absurd.encode()),
        seed("moldudp64", "request-nothing", nothing.encode()),
        seed("moldudp64", "request-overflow", beyond.encode()),
        seed("moldudp64", "request-long", [&request.encode()[..], &[0]].concat()),
        seed("moldudp64", "data", mold(1, &messages())),
        seed("moldudp64", "one", mold(9, &[message(b'A', 36)])),
        seed("moldudp64", "empty-messages", mold(u64::MAX - 3, &empty)),
        seed("moldudp64", "heartbeat", heartbeat(SESSION, 5)),
        seed("moldudp64", "end", end_of_session(SESSION, 6)),
        seed("moldudp64", "request", request.encode()),
    ]
}

/// What a snapshot server sends.
fn served() -> Vec<u8> {
    let mut out = Vec::new();
    let end = EndOfSnapshot { next: 258 }.encode();
    let add = message(b'A', 36);
    for packet in [
        ServerPacket::Debug(b"text"),
        ServerPacket::Accepted { session: SESSION, sequence: 1 },
        ServerPacket::Sequenced(&add),
        ServerPacket::Heartbeat,
        ServerPacket::Unsequenced(b"note"),
        ServerPacket::Sequenced(&end),
        ServerPacket::EndOfSession,
    ] {
        let _ = packet.encode(&mut out);
    }
    out
}

/// What its client says.
fn said() -> Vec<u8> {
    let mut out = Vec::new();
    let session = LoginRequest::CURRENT;
    let login = LoginRequest { user: *b"USER  ", password: *b"SECRET    ", session, sequence: 1 };
    for packet in [
        ClientPacket::Login(login),
        ClientPacket::Heartbeat,
        ClientPacket::Unsequenced(b"note"),
        ClientPacket::Debug(b""),
        ClientPacket::Logout,
    ] {
        let _ = packet.encode(&mut out);
    }
    out
}

fn soups() -> Vec<Seed> {
    let stream = |portion: u8, limit: u8, bytes: &[u8]| [&[portion, limit][..], bytes].concat();
    let mut rejected = Vec::new();
    for reason in LoginReject::ALL {
        let _ = ServerPacket::Rejected(reason).encode(&mut rejected);
    }
    let _ = append(&mut rejected, b'J', b"?");
    let mut numbers = Vec::new();
    for field in ["", "00000000000000000007", "18446744073709551616", "                  1 "] {
        let _ = append(&mut numbers, b'S', &[b"G", field.as_bytes()].concat());
        let _ = append(&mut numbers, b'A', &[&SESSION[..], field.as_bytes()].concat());
    }
    let served = served();
    vec![
        seed("soupbintcp", "served", stream(0, 50, &served)),
        seed("soupbintcp", "served-bytes", stream(1, 50, &served)),
        seed("soupbintcp", "served-cut", stream(7, 50, &served[..served.len() - 20])),
        seed("soupbintcp", "limit", stream(7, 30, &served)),
        seed("soupbintcp", "said", stream(0, 50, &said())),
        seed("soupbintcp", "said-portions", stream(3, 46, &said())),
        seed("soupbintcp", "rejected", stream(0, 1, &rejected)),
        seed("soupbintcp", "numbers", stream(5, 40, &numbers)),
        seed("soupbintcp", "nothing", stream(2, 9, &[0, 1, b'H', 0, 0, 0, 1, b'H'])),
        seed("soupbintcp", "longest", stream(2, 255, &[0xff, 0xff, b'S', 0])),
    ]
}

fn itches() -> Vec<Seed> {
    let mut file = Vec::new();
    let mut seeds = Vec::new();
    for message in messages() {
        let _ = file::append(&mut file, &message);
        // Upper and lower case are different types and, on some file systems, one name.
        let code = message[0];
        seeds.push(seed("itch", &format!("message-{code:03}"), message));
    }
    seeds.extend(sided());
    let cut = file[..file.len() - 3].to_vec();
    let end = [file.clone(), vec![0, 0]].concat();
    seeds.extend([seed("itch", "file", file), seed("itch", "cut", cut), seed("itch", "end", end)]);
    seeds
}

/// Add orders with a side, alone and one behind the other: where every message has bytes behind it
/// that are not its own.
fn sided() -> Vec<Seed> {
    let mut file = Vec::new();
    let mut seeds = Vec::new();
    for (code, length, side, name) in
        [(b'A', 36, b'B', "buy"), (b'F', 40, b'S', "sell"), (b'A', 36, b'b', "neither")]
    {
        let mut add = message(code, length);
        add[19] = side;
        for other in [&add, &message(b'D', 19), &message(b'P', 44)] {
            let _ = file::append(&mut file, other);
        }
        seeds.push(seed("itch", &format!("add-{name}"), add));
    }
    seeds.push(seed("itch", "adds", file));
    seeds
}

fn captured(link: LinkType, at: u64, data: &[u8]) -> Packet<'_> {
    Packet { ts_ns: at, link, data, original_length: data.len() as u32 }
}

fn captures() -> Vec<Seed> {
    const AT: u64 = 1_700_000_000_123_456_789;
    let link = LinkType::Ethernet;
    let data = packet(link, 0, &mold(1, &[message(b'D', 19)]));
    let mut pcap = vec![3];
    write::pcap_header(&mut pcap, link);
    let _ = write::pcap_packet(&mut pcap, &captured(link, AT, &data));
    let _ = write::pcap_packet(&mut pcap, &captured(link, AT + 1, &[]));
    let mut late = pcap.clone();
    // The fraction of the first record: the second that it is the last of, and one more.
    late[29..33].copy_from_slice(&999_999_999_u32.to_le_bytes());
    let mut later = pcap.clone();
    later[29..33].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    let mut pcapng = vec![200];
    write::pcapng_header(&mut pcapng);
    write::pcapng_interface(&mut pcapng, link);
    write::pcapng_interface(&mut pcapng, LinkType::LinuxSll2);
    let _ = write::pcapng_packet(&mut pcapng, 0, &captured(link, AT, &data));
    let _ = write::pcapng_packet(&mut pcapng, 1, &captured(link, AT + 5, b"odd"));
    let cut = pcapng[..pcapng.len() - 6].to_vec();
    vec![
        seed("capture", "pcap-big-endian", big_endian_pcap()),
        seed("capture", "pcap", pcap),
        seed("capture", "pcap-late", late),
        seed("capture", "pcap-later", later),
        seed("capture", "pcapng-blocks", other_blocks()),
        seed("capture", "pcapng-cut", cut),
        seed("capture", "pcapng", pcapng),
    ]
}

/// Microseconds, big-endian, as an old network device writes.
fn big_endian_pcap() -> Vec<u8> {
    let mut file = vec![0];
    let words: [u32; 6] = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 65_535, 101];
    let record: [u32; 4] = [1_700_000_000, 999_999, 4, 60];
    words.iter().chain(&record).for_each(|word| file.extend_from_slice(&word.to_be_bytes()));
    file.extend_from_slice(&[0x45, 0, 0, 4]);
    file
}

/// pcapng with a block that nobody knows, a simple packet, an obsolete one, and a second section in
/// the other byte order.
fn other_blocks() -> Vec<u8> {
    let mut file = vec![16];
    write::pcapng_header(&mut file);
    write::pcapng_interface(&mut file, LinkType::RawIp);
    let little: [&[u32]; 3] = [
        &[0x0bad, 16, 7, 16],
        &[3, 20, 4, 0x0001_0203, 20],
        &[2, 36, 0, 0, 1_000, 4, 4, 0x0405_0607, 36],
    ];
    little.concat().iter().for_each(|word| file.extend_from_slice(&word.to_le_bytes()));
    let big: [&[u32]; 2] = [
        &[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 0x0001_0000, u32::MAX, u32::MAX, 28],
        // A tick of 2^-10 s, and an offset of a day.
        &[1, 44, 101 << 16, 0, 9 << 16 | 1, 0x8a00_0000, 14 << 16 | 8, 0, 86_400, 0, 44],
    ];
    big.concat().iter().for_each(|word| file.extend_from_slice(&word.to_be_bytes()));
    file
}

/// A change of the `attach` script.
fn change(file: u8, at: u16, bytes: &[u8]) -> Vec<u8> {
    let [low, high] = at.to_le_bytes();
    [&[file, low, high, bytes.len() as u8], bytes].concat()
}

/// Where bodies begin behind this release's layout table; elsewhere the seeds are merely worse.
const BODY: u16 = 0x3000;

fn attaches() -> Vec<Seed> {
    let right = |changes: &[Vec<u8>]| [vec![1], changes.concat()].concat();
    // Offsets are those drawn in `shm::header`.
    let mut header = vec![0x80];
    header.extend_from_slice(b"HOTLANE1");
    header.resize(4_097, 0);
    vec![
        seed("attach", "untouched", []),
        seed("attach", "file", header),
        seed("attach", "magic", [vec![0], change(0, 0, b"HOTLANE2")].concat()),
        seed("attach", "generation", right(&[change(3, 64, &[9])])),
        seed("attach", "rows", right(&[change(1, 96, &[0xff; 8])])),
        seed("attach", "ring-capacity", right(&[change(7, 96, &[3]), change(8, 56, &[1])])),
        seed("attach", "producers", right(&[change(0, BODY + 128, &[33])])),
        seed("attach", "tail-mark", right(&[change(6, BODY + 128, &[0xff; 8])])),
        // Bodies: what every table keeps its number of rows in, and what points elsewhere.
        seed("attach", "instruments-count", right(&[change(1, BODY, &[0xff; 8])])),
        seed("attach", "instruments-row", right(&[change(1, BODY + 256 + 252, &[1])])),
        seed("attach", "images-row", right(&[change(2, BODY + 1024, &[1])])),
        seed("attach", "counters-labels", right(&[change(3, BODY, &[0xff; 2])])),
        seed("attach", "counters-lines", right(&[change(3, BODY + 8, &[0xff; 2])])),
        seed("attach", "counters-place", right(&[change(3, BODY + 64 + 56, &[0xf0; 4])])),
        seed("attach", "counters-shape", right(&[change(3, BODY + 128 + 50, &[2, 10, 64])])),
        seed("attach", "errors-count", right(&[change(4, BODY, &[0xff; 8])])),
        seed("attach", "errors-text", right(&[change(4, BODY + 128 + 40, &[0xff; 8])])),
        seed("attach", "gaps-written", right(&[change(5, BODY, &[0xfe; 8])])),
        seed("attach", "gaps-row", right(&[change(5, BODY + 128 + 16, &[0xff; 8])])),
        seed("attach", "tail-position", right(&[change(6, BODY, &[0xff; 8])])),
        seed("attach", "ring-position", right(&[change(7, BODY, &[0x7f; 8])])),
        seed("attach", "ring-status", right(&[change(7, BODY + 128 + 8, &[9])])),
        seed("attach", "clock", right(&[change(0, BODY, &[2]), change(0, BODY + 24, &[0xff; 8])])),
        seed("attach", "life", right(&[change(0, 256, &[3])])),
        seed("attach", "cut", [0, 2, 0, 1, 15]),
    ]
}

fn decimals() -> Vec<Seed> {
    let texts = [
        ("price", -4, "320.14"),
        ("exponent", -8, "2.50E-3"),
        ("greatest", 0, "9223372036854775807"),
        ("overflow", 0, "9223372036854775808"),
        ("least", 0, "-9223372036854775807"),
        ("none", 0, "-9223372036854775808"),
        ("inexact", -2, "0.001"),
        ("zeros", 3, "0000120000.000"),
        ("long", 0, "1000000000000000000000000000000000000000000e-40"),
        ("far", 127, "1e999999999999999999"),
        ("syntax", 0, "1.2.3"),
    ];
    let bytes = |exponent: i8, text: &str| [&[exponent as u8], text.as_bytes()].concat();
    texts
        .iter()
        .map(|&(name, exponent, text)| seed("decimal", name, bytes(exponent, text)))
        .collect()
}

/// A datagram of these items; empty where they do not fit, which the seeds' test would see.
fn datagram<I: Item>(symbol: &str, items: &[I]) -> Vec<u8> {
    let envelope = Envelope {
        sequence: sequence(1_700_000_000, 5),
        exchange_timestamp: 1_700_000_000_000_000_001,
        local_timestamp: 1_700_000_000_000_000_002,
        symbol: datagram_symbol(symbol, InstrumentId(0x0100_000d)),
        exchange: datagram_exchange("NASDAQ", Nature::Simulated).unwrap_or_default(),
        is_last: true,
        is_bid: I::TYPE == BookItem::TYPE,
    };
    let mut buffer = [0; MAX_DATAGRAM];
    let length = wire::datagram::write(&mut buffer, &envelope, items).unwrap_or(0);
    buffer[..length].to_vec()
}

fn datagrams() -> Vec<Seed> {
    let level = BookItem { price: 32_014_000_000.into(), quantity: 1.into() };
    let order = OrderItem { kind: 16, ..OrderItem::ZERO };
    let record = wire::Record::from_words([0x3000, 2, 3, 4, 5, 6, 7, 8]);
    vec![
        seed("datagram", "trade", datagram("AAPL", &[TradeItem::ZERO; 2])),
        seed("datagram", "book", datagram("AAPL", &[level; 7])),
        seed("datagram", "book-empty", datagram::<BookItem>("AAPL", &[])),
        seed("datagram", "status", datagram("AAPL", &[StatusItem::ZERO])),
        seed("datagram", "definition", datagram("A NAME TOO LONG FOR IT", &[DefinitionItem::ZERO])),
        seed("datagram", "heartbeat", datagram("X", &[HeartbeatItem::ZERO])),
        seed("datagram", "order", datagram("AAPL", &[order; 3])),
        seed("datagram", "record", datagram("AAPL", &[RecordItem::of(&record)])),
        seed("datagram", "text-exchange", b"EXCHANGE|SIM.NASDAQ|stock|20,3|1700000000".to_vec()),
        seed("datagram", "text-stats", b"STATS|NASDAQ|1|2|3".to_vec()),
        seed("datagram", "text-conn", b"CONN|BINANCE.UM|3|1|7|4\n".to_vec()),
    ]
}
