//! From capture files, which need no group and no clock.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use protocol::capture::{Packet, write};
use protocol::frame::{LinkType, MAX_OVERHEAD, UdpPacket, emit};
use serde_json::json;
use tempfile::TempDir;
use wire::Nature;

use crate::publisher::{Publisher, START, session};
use crate::tool::run;

const GROUP: u32 = 0xefff_2a62;
const LINK: LinkType = LinkType::Ethernet;

/// A pcap of these payloads, 1 ms apart, sent to 239.255.42.98.
fn pcap(payloads: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    write::pcap_header(&mut file, LINK);
    for (at, (port, payload)) in payloads.iter().enumerate() {
        let packet = UdpPacket {
            source: 0x7f00_0001,
            destination: GROUP,
            source_port: 40_000,
            destination_port: *port,
            vlan: 0,
            payload,
        };
        let mut data = vec![0; payload.len() + MAX_OVERHEAD];
        let used = emit(LINK, &packet, &mut data).expect("fits");
        let ts_ns = 1_700_000_000_000_000_000 + at as u64 * 1_000_000;
        let data = &data[..used];
        let packet = Packet { ts_ns, link: LINK, data, original_length: used as u32 };
        assert!(write::pcap_packet(&mut file, &packet));
    }
    file
}

fn saved(dir: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    path.display().to_string()
}

#[test]
fn a_capture_is_read_as_if_it_were_received() {
    let dir = tempfile::tempdir().expect("a directory");
    let payloads: Vec<(u16, Vec<u8>)> = session().into_iter().map(|one| (9_002, one)).collect();
    let plain = pcap(&payloads);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&plain).expect("memory");
    let packed = packed.finish().expect("memory");
    for (name, bytes) in [("plain.pcap", &plain), ("packed.pcap.gz", &packed)] {
        let path = saved(&dir, name, bytes);
        let done = run(&format!("--file {path} --json"));
        assert_eq!(done.code, Some(0), "{done:?}");
        let all = done.json().remove(0);
        assert_eq!(all["capture"]["packets"], 14);
        assert_eq!(all["groups"][0]["group"], "239.255.42.98:9002");
        assert_eq!((&all["groups"][0]["missing"], &all["seconds"]), (&json!(2), &json!(0.013)));
        assert_eq!(all["groups"][0]["kernel_drops"], json!(null));
        assert_eq!(all["symbols_known"], 2);
        let each = run(&format!("--file {path} --each"));
        assert!(each.out.contains("REC.NASDAQ AAPL book bid (more) [price=320 quantity=1]"));
        assert!(each.out.contains("(2 missing before)") && each.out.contains("REJECTED text_tag"));
    }
}

#[test]
fn groups_choose_and_joined_datagrams_are_cut_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut of = Publisher::new(START, "NASDAQ", Nature::Simulated);
    // What UDP_SEGMENT sends by one call and a capture on the same host may show as one packet.
    let joined: Vec<u8> = (0..3).flat_map(|n| of.trades("AAPL", &[(n, 1)])).collect();
    let payloads = [(9_001, joined), (9_002, of.trades("MSFT", &[(1, 1)]))];
    let path = saved(&dir, "joined.pcap", &pcap(&payloads));
    let done = run(&format!("--file {path} --json --group 239.255.42.98:9001"));
    let all = done.json().remove(0);
    assert_eq!((&all["capture"]["joined"], &all["capture"]["elsewhere"]), (&json!(1), &json!(1)));
    assert_eq!((&all["groups"][0]["trades"], &all["groups"][0]["missing"]), (&json!(3), &json!(0)));
    assert_eq!(all["symbols_known"], 1);
}

#[test]
fn what_is_no_capture_is_said_with_the_place() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = saved(&dir, "text.pcap", b"this is not a capture");
    let done = run(&format!("--file {path}"));
    assert_eq!(done.code, Some(1));
    assert!(done.err.contains("text.pcap, byte 0: capture_unknown_format"), "{done:?}");
    let missing = dir.path().join("none.pcap");
    let done = run(&format!("--file {} --json", missing.display()));
    assert_eq!((done.code, done.err.as_str()), (Some(1), ""));
    assert_eq!(done.json()[0]["error"]["kind"], "file");
    assert!(!Path::new(&missing).exists());
}
