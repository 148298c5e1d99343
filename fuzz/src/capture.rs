//! `capture`: any bytes as a pcap or pcapng file, whole and in portions.
//!
//! The first byte chooses the portions. What holds: each step makes progress within its window, a
//! file falls into the same packets and rejects however it is cut, it ends at its end or in a fatal
//! reject that stays, and its packets written to a new file read back as they were.

use protocol::capture::{CaptureReject, MAX_PACKET, MAX_RECORD, Packet, Reader, Step, write};
use protocol::frame::LinkType;

use crate::offset_in;

/// Most packets that are written again.
const WRITTEN: usize = 64;

/// Checks one input.
pub fn check(data: &[u8]) {
    let Some((&choice, file)) = data.split_first() else { return };
    let whole = read(file, file.len());
    let portion = 1 + usize::from(choice);
    assert_eq!(read(file, portion), whole, "portions of {portion} bytes");
    check_written(&whole);
    check_pcap(file, &whole);
}

/// Reads a little-endian pcap file with nanoseconds by arithmetic of its own, as far as its records
/// are whole, and compares.
fn check_pcap(file: &[u8], items: &[Item]) {
    let word = |at: usize| {
        let bytes = file.get(at..at + 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    };
    let link = word(20).and_then(|link| LinkType::from_pcap(link as u16));
    let (Some(0xa1b2_3c4d), Some(link)) = (word(0), link) else { return };
    let (mut at, mut wanted) = (24, Vec::new());
    while let Some(captured) = word(at + 8).map(|captured| captured as usize) {
        let (Some(seconds), Some(fraction)) = (word(at), word(at + 4)) else { break };
        let Some(original_length) = word(at + 12) else { break };
        let Some(data) = file.get(at + 16..).and_then(|rest| rest.get(..captured)) else { break };
        if captured > MAX_PACKET {
            break;
        }
        let ts_ns = u64::from(seconds) * 1_000_000_000 + u64::from(fraction);
        wanted.push(if fraction > 999_999_999 {
            Item::Reject(CaptureReject::TimestampFraction)
        } else {
            Item::Packet { ts_ns, link, data: data.to_vec(), original_length }
        });
        at += 16 + captured;
    }
    let rest = file.get(at..).unwrap_or_default();
    let too_large = word(at + 8).is_some_and(|captured| captured as usize > MAX_PACKET);
    if too_large && rest.len() >= 16 {
        wanted.push(Item::Fatal(CaptureReject::PacketTooLarge));
    } else if rest.is_empty() {
        wanted.push(Item::End);
    } else {
        wanted.extend([Item::Reject(CaptureReject::PacketTruncated), Item::End]);
    }
    assert_eq!(items, wanted, "a naive reader reads otherwise");
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
enum Item {
    Packet { ts_ns: u64, link: LinkType, data: Vec<u8>, original_length: u32 },
    Reject(CaptureReject),
    Fatal(CaptureReject),
    End,
}

/// Reads a file whose bytes come in portions.
fn read(file: &[u8], portion: usize) -> Vec<Item> {
    let (mut reader, mut items) = (Reader::new(), Vec::new());
    let (mut at, mut end) = (0, 0);
    // Each step takes a byte, asks for more, or is the one reject of nothing at the end.
    let mut steps = 2 * file.len() + 8;
    loop {
        steps = steps.checked_sub(1).expect("no progress");
        let (window, at_end) = (&file[at..end], end == file.len());
        let took = match reader.next(window, at_end) {
            Step::NeedMore(wanted) => {
                assert!(!at_end, "wants more of a file that has no more");
                assert!(wanted > window.len(), "wants {wanted}, has {}", window.len());
                assert!(wanted <= MAX_RECORD, "wants {wanted}, more than any window");
                end = file.len().min(end + portion.max(1));
                0
            }
            Step::Packet { packet, consumed } => {
                items.push(item(window, &packet, consumed));
                consumed
            }
            Step::Skip(consumed) => {
                assert!(consumed > 0, "skipped nothing");
                consumed
            }
            Step::Reject { reason, consumed } => {
                assert_eq!(CaptureReject::ALL.get(reason.index()), Some(&reason));
                assert!(consumed > 0 || (window.is_empty() && at_end), "rejected nothing");
                items.push(Item::Reject(reason));
                consumed
            }
            Step::End => {
                assert!(at_end && window.is_empty(), "ended before its end");
                items.push(Item::End);
                return items;
            }
            Step::Fatal(reason) => {
                assert_eq!(reader.next(window, at_end), Step::Fatal(reason), "not fatal for long");
                items.push(Item::Fatal(reason));
                return items;
            }
        };
        assert!(took <= window.len(), "took {took} of {}", window.len());
        at += took;
    }
}

fn item(window: &[u8], packet: &Packet<'_>, consumed: usize) -> Item {
    let at = offset_in(window, packet.data).expect("data from somewhere else");
    assert!(consumed > 0 && at + packet.data.len() <= consumed, "data beyond what was taken");
    assert!(packet.data.len() <= MAX_PACKET);
    Item::Packet {
        ts_ns: packet.ts_ns,
        link: packet.link,
        data: packet.data.to_vec(),
        original_length: packet.original_length,
    }
}

/// Writes the packets to new files and reads those.
fn check_written(items: &[Item]) {
    let packets = || {
        let packets = items.iter().filter(|item| matches!(item, Item::Packet { .. }));
        packets.take(WRITTEN)
    };
    let mut file = Vec::new();
    write::pcapng_header(&mut file);
    for link in LinkType::ALL {
        write::pcapng_interface(&mut file, link);
    }
    for packet in packets() {
        let (packet, number) = borrowed(packet);
        assert!(write::pcapng_packet(&mut file, number, &packet), "a packet that does not fit");
    }
    let mut again = read(&file, file.len());
    assert_eq!(again.pop(), Some(Item::End));
    assert!(again.iter().eq(packets()), "pcapng: written otherwise");

    for link in LinkType::ALL {
        let mut file = Vec::new();
        write::pcap_header(&mut file, link);
        let of_link = packets().filter(|item| borrowed(item).0.link == link);
        // pcap counts seconds in 32 bits: later packets are refused, and not half written.
        let fits: Vec<&Item> =
            of_link.filter(|item| write::pcap_packet(&mut file, &borrowed(item).0)).collect();
        let mut again = read(&file, file.len());
        assert_eq!(again.pop(), Some(Item::End));
        assert!(again.iter().eq(fits), "pcap: written otherwise");
    }
}

/// A packet, and the number of its interface among all link layers.
fn borrowed(item: &Item) -> (Packet<'_>, u32) {
    let Item::Packet { ts_ns, link, data, original_length } = item else {
        panic!("not a packet: {item:?}");
    };
    let packet = Packet { ts_ns: *ts_ns, link: *link, data, original_length: *original_length };
    let number = LinkType::ALL.iter().position(|other| other == link);
    (packet, number.map_or(0, |at| at as u32))
}
