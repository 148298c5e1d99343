//! Recordings of real exchanges through the lane. They lie in the folder HOTLANE_DATA; where it is
//! not set, each test says that it was skipped.

mod common;

use std::path::{Path, PathBuf};

use common::collect::Collect;
use common::files::play;
use common::packets::{SESSION, give, mold};
use common::twin::Twin;
use common::{Sizes, itch};
use feed::lane::{Lane, LaneConfig};
use protocol::frame::Checksums;
use wire::{BookState, Nature, Side};

/// The folder of recordings.
fn data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HOTLANE_DATA").map(|folder| Path::new(&folder).join("packets"));
    if folder.is_none() {
        println!("SKIPPED {test}: HOTLANE_DATA is not set");
    }
    folder
}

/// Captures below a folder, sorted.
fn captures(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of recordings") {
            let path = entry.expect("an entry").path();
            let ending = path.extension().map(|e| e.to_string_lossy().into_owned());
            if path.is_dir() {
                folders.push(path);
            } else if ending.is_some_and(|e| e.starts_with("pcap")) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no captures in {}", folder.display());
    found
}

/// References of the recording are numbers of a whole market's day.
const MARKET: Sizes = Sizes { instruments: 4, orders: 16_384, reference_max: 1 << 28 };

const AAPL: &str = "nasdaq/AAPL_locate13_first10k_01302020.NASDAQ_ITCH50";

fn lane(nature: Nature, checksums: Checksums, day: bool, sizes: Sizes) -> Lane<Collect> {
    let usual = common::config();
    let day = usual.day.filter(|_| day);
    common::lane_with(LaneConfig { nature, checksums, day, ..usual }, sizes)
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[test]
fn a_recorded_morning_gives_the_known_counts_and_book() {
    let Some(data) = data("a_recorded_morning_gives_the_known_counts_and_book") else { return };
    let mut lane = lane(Nature::Recorded, Checksums::Verify, false, MARKET);
    let source = play(&mut lane, &[&data.join(AAPL)]).expect("played");
    assert_eq!(source.rejects(), []);
    let counts = &lane.publisher.counts;
    let messages: Vec<(char, u64)> = counts.messages().map(|(c, n)| (char::from(c), n)).collect();
    let known = [
        ('A', 4758),
        ('D', 4083),
        ('E', 849),
        ('F', 2),
        ('H', 1),
        ('L', 52),
        ('P', 240),
        ('R', 1),
        ('U', 7),
        ('X', 6),
        ('Y', 1),
    ];
    assert_eq!(messages, known);
    assert_eq!(counts.messages_total(), 10_000);
    assert_eq!(common::refusals(&lane), []);
    assert_eq!((counts.unknown_references(), counts.crossed, counts.locked), (0, 0, 0));
    assert_eq!((lane.gaps.declared(), counts.copies, counts.sessions), (0, 0, 1));
    let books = &lane.venue.books;
    let top = books.best(1);
    assert_eq!((top.bid_price, top.ask_price), (3_201_400, 3_203_000));
    assert_eq!((books.depth(1, Side::Bid), books.depth(1, Side::Ask)), (79, 63));
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Live);
    assert_eq!(lane.publisher.outlet.rows[&1].symbol(), "AAPL");
    // Prints: every E and P; each record of a print is in the image's volume.
    let trades = lane.publisher.outlet.of::<wire::payload::Trade>();
    assert_eq!(trades.len(), 849 + 240);
    lane.flush_images();
    let image = lane.publisher.outlet.images[&1];
    assert_eq!(image.volume, trades.iter().map(|t| t.quantity).sum::<i64>());
    assert_eq!(image.trades, 1_089);
    assert_eq!(image.quality.nature(), Some(Nature::Recorded));
}

/// Messages of a raw file, cut by hand.
fn messages(path: &Path) -> Vec<Vec<u8>> {
    let file = std::fs::read(path).expect("the recording");
    let (mut messages, mut at) = (Vec::new(), 0);
    while at < file.len() {
        let length = usize::from(file[at]) << 8 | usize::from(file[at + 1]);
        messages.push(file[at + 2..at + 2 + length].to_vec());
        at += 2 + length;
    }
    messages
}

#[test]
fn a_recorded_morning_equals_the_naive_twin_after_every_message() {
    let Some(data) = data("a_recorded_morning_equals_the_naive_twin_after_every_message") else {
        return;
    };
    let mut lane = lane(Nature::Live, Checksums::Verify, true, MARKET);
    let (mut twin, mut view) = (Twin::default(), common::view::View::default());
    for (number, message) in (1..).zip(messages(&data.join(AAPL))) {
        twin.message(&message);
        give(&mut lane, &mold(SESSION, number, &[message]), number);
        let books = &lane.venue.books;
        for (side, code) in [(Side::Bid, b'B'), (Side::Ask, b'S')] {
            let orders = books.orders(1, side).map(|o| (o.reference, o.price, o.quantity));
            assert!(orders.eq(twin.queue("AAPL", code)), "message {number}");
        }
        let seat = std::mem::take(&mut lane.publisher.outlet.seat);
        view.take(&seat);
        if number % 100 == 0 {
            view.assert_is(books, 1);
        }
        assert!(twin.contradictions == 0 && twin.strangers == 0);
    }
    view.assert_is(&lane.venue.books, 1);
    assert_eq!(lane.publisher.counts.messages_total(), 10_000);
    let prints = lane.publisher.outlet.of::<wire::payload::Trade>();
    let prints: Vec<_> = prints.iter().map(|t| (t.price, t.quantity, t.trade_id)).collect();
    let wanted = twin.prints.iter().map(|(_, price, shares, number)| (*price, *shares, *number));
    assert_eq!(prints, wanted.collect::<Vec<_>>());
}

#[test]
fn real_nasdaq_packets_are_walked_without_residue() {
    let Some(data) = data("real_nasdaq_packets_are_walked_without_residue") else { return };
    let (mut packets, mut messages) = (0, 0);
    for path in captures(&data.join("vectors/nasdaq")) {
        // Headers of some are rewritten: that is what `Ignore` is for.
        let mut lane = lane(Nature::Recorded, Checksums::Ignore, false, Sizes::default());
        let source = play(&mut lane, &[&path]).expect("played");
        let counts = &lane.publisher.counts;
        assert_eq!(source.rejects(), [], "{}", name(&path));
        let framing: Vec<_> = common::refusals(&lane)
            .into_iter()
            .filter(|(n, _)| n.starts_with("mold_") || n.starts_with("itch_"))
            .collect();
        assert_eq!(framing, [], "{}", name(&path));
        packets += counts.packets - common::refused(&lane, "sequence_zero");
        messages += counts.messages_total();
        if path.to_string_lossy().contains("20230822") {
            // Numbered 0, as no venue numbers: walked, and then refused.
            assert_eq!(common::refusals(&lane), [("sequence_zero", counts.packets)]);
        } else {
            // Each is from the middle of a session, and no two follow each other: it is said.
            assert_eq!(lane.gaps.declared(), counts.packets, "{}", name(&path));
        }
        assert_eq!(common::refused(&lane, "unknown_code"), 0, "{}", name(&path));
    }
    assert!(packets >= 5 && messages >= packets, "{packets} packets, {messages} messages");
}

#[test]
fn rewritten_nasdaq_headers_are_caught_by_their_checksum() {
    let Some(data) = data("rewritten_nasdaq_headers_are_caught_by_their_checksum") else { return };
    let mut rewritten = 0;
    for path in captures(&data.join("vectors/nasdaq")) {
        let mut lane = lane(Nature::Recorded, Checksums::Verify, false, Sizes::default());
        play(&mut lane, &[&path]).expect("played");
        let packets = lane.publisher.counts.packets;
        if path.to_string_lossy().contains("20230822") {
            assert_eq!(common::refusals(&lane), [("ip_checksum", packets)], "{}", name(&path));
            assert_eq!(lane.publisher.counts.messages_total(), 0);
            rewritten += 1;
        } else {
            assert_eq!(common::refused(&lane, "ip_checksum"), 0, "{}", name(&path));
            assert_eq!(common::refused(&lane, "udp_checksum"), 0, "{}", name(&path));
        }
    }
    assert!(rewritten > 0);
}

/// A packet of Nasdaq's among those of MEMX: sent to Nasdaq's group, about SHYG.
const MISFILED: &str = "memx/Equities.MemiorDepth.v1.3/StockTradingActionMessage.pcap";

#[test]
fn a_packet_of_nasdaq_is_known_wherever_it_is_filed() {
    let Some(data) = data("a_packet_of_nasdaq_is_known_wherever_it_is_filed") else { return };
    let mut lane = lane(Nature::Recorded, Checksums::Verify, false, Sizes::default());
    play(&mut lane, &[&data.join("vectors").join(MISFILED)]).expect("played");
    assert_eq!(lane.publisher.counts.messages().collect::<Vec<_>>(), [(b'H', 1)]);
    assert_eq!(lane.publisher.outlet.rows[&1].symbol(), "SHYG");
    assert_eq!(lane.gaps.missing(), 0x73c0 - 1);
}

#[test]
fn captures_of_other_venues_are_counted_and_named_and_never_fatal() {
    let Some(data) = data("captures_of_other_venues_are_counted_and_named_and_never_fatal") else {
        return;
    };
    let folders = ["iex", "deribit", "vectors/cme", "vectors/memx", "vectors/nyse", "vectors/cboe"];
    for folder in folders {
        for path in captures(&data.join(folder)) {
            if path.ends_with(MISFILED) {
                continue;
            }
            for checksums in [Checksums::Verify, Checksums::Ignore] {
                let mut lane = lane(Nature::Recorded, checksums, false, Sizes::default());
                let source = play(&mut lane, &[&path]).expect("never fatal");
                let counts = &lane.publisher.counts;
                let refused: u64 = common::refusals(&lane).iter().map(|(_, n)| n).sum();
                let of_file: u64 = source.rejects().iter().map(|(_, n)| n).sum();
                let about = format!("{} {:?}", name(&path), common::refusals(&lane));
                assert!(counts.packets + of_file > 0, "{about}");
                // Not one of them is MoldUDP64: each packet is refused once, by name.
                assert_eq!(refused, counts.packets, "{about}");
                assert_eq!(counts.messages_total(), 0, "{about}");
                assert_eq!((lane.venue.books.live_orders(), counts.sessions), (0, 0), "{about}");
                assert_eq!(lane.publisher.outlet.records, [], "{about}");
            }
        }
    }
}

/// The twin itself knows the sample message of the venue's documentation.
#[test]
fn the_twin_reads_the_documented_sample() {
    let mut twin = Twin::default();
    twin.message(&itch::add(
        1,
        0x0A2D_2F6C_3A00,
        itch::Add { reference: 1001, side: b'B', shares: 100, stock: "AAPL", price: 1_500_000 },
    ));
    assert_eq!(twin.queue("AAPL", b'B'), [(1001, 1_500_000, 100)]);
    let bytes = itch::add(
        1,
        0x0A2D_2F6C_3A00,
        itch::Add { reference: 1001, side: b'B', shares: 100, stock: "AAPL", price: 1_500_000 },
    );
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(hex, "41000100000A2D2F6C3A0000000000000003E942000000644141504C202020200016E360");
}
