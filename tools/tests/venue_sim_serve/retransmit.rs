//! A good re-request server, and clients good and bad.

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::frame::moldudp64::{HEADER_LEN, MoldKind, MoldPacket, MoldRequest};
use tools::venue_sim::serve::{Delayed, History, RetransmitFaults, Retransmitter};

use super::{SESSION, history, messages, session};

pub fn request(first: u64, count: u16) -> [u8; 20] {
    MoldRequest { session: SESSION, sequence: first, count }.encode()
}

/// One request to a server.
pub fn ask(
    server: &mut Retransmitter,
    history: &History,
    bytes: &[u8],
    now: u64,
) -> Vec<Delayed<u8>> {
    let mut out = Vec::new();
    server.request(history, bytes, 7, now, &mut out);
    assert!(out.iter().all(|datagram| datagram.to == 7 && datagram.at >= now));
    out
}

/// The messages of datagrams by number; panics where one is no packet of data, or says something
/// else about a number than another.
pub fn contents(datagrams: &[Delayed<u8>]) -> BTreeMap<u64, Vec<u8>> {
    let mut numbers = BTreeMap::new();
    for datagram in datagrams {
        let packet = MoldPacket::parse(&datagram.bytes).expect("a packet");
        assert!(matches!(packet.kind, MoldKind::Data(_)));
        for (number, message) in (packet.sequence..).zip(packet.messages()) {
            let before = numbers.insert(number, message.to_vec());
            assert!(before.is_none_or(|before| before == message), "two truths of {number}");
        }
    }
    numbers
}

fn good() -> Retransmitter {
    Retransmitter::new(RetransmitFaults::default(), 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is there of the range is answered, once, at once, in packets that fit.
    #[test]
    fn a_good_server_gives_what_it_has(
        lengths in prop::collection::vec(0..60_usize, 0..400),
        window in prop_oneof![Just(u64::MAX >> 1), 1..500_u64],
        payload in HEADER_LEN + 62..1_473_usize,
        first in 0..500_u64,
        count in 1..500_u16,
    ) {
        let mut history = History::new(SESSION).with_window(window);
        for (index, length) in lengths.iter().enumerate() {
            history.append(&vec![index as u8; *length]);
        }
        let mut server = good().with_payload(payload);
        let out = ask(&mut server, &history, &request(first, count), 42);
        let wanted: BTreeMap<u64, Vec<u8>> = (first..first + u64::from(count))
            .filter_map(|number| Some((number, history.get(number)?.to_vec())))
            .collect();
        prop_assert_eq!(&contents(&out), &wanted);
        let sent: usize = out.iter().map(|d| MoldPacket::parse(&d.bytes).map_or(0, |p| usize::from(p.count()))).sum();
        prop_assert_eq!(sent, wanted.len(), "each once");
        prop_assert!(out.iter().all(|datagram| datagram.bytes.len() <= payload));
        prop_assert!(out.iter().all(|datagram| datagram.at == 42));
        let counts = server.counts();
        prop_assert!(counts.balances());
        prop_assert_eq!((counts.requests, counts.asked), (1, u64::from(count)));
        prop_assert_eq!(counts.answered, u64::from(!wanted.is_empty()));
        prop_assert_eq!((counts.messages, counts.packets), (sent as u64, out.len() as u64));
        prop_assert_eq!(counts.bytes, out.iter().map(|d| d.bytes.len() as u64).sum::<u64>());
        prop_assert_eq!(counts.partial, 0);
    }

    /// No datagram makes a server panic, and each is accounted for.
    #[test]
    fn any_datagram(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..20),
        requests in prop::collection::vec((any::<u64>(), 0..9_u16, any::<bool>()), 0..40),
        seed in any::<u64>(),
        faults in prop::sample::select(vec![
            "", "drop=0.5,duplicate=0.5,late=0.5", "absurd=0.9", "garble=0.5,lie=0.5",
            "range=1,partial=1", "session=0.5,packets=1", "every=3,quota=2", "dead=0:0.00001",
        ]),
    ) {
        let mut history = History::new(SESSION).with_window(100);
        (0..300_u16).for_each(|k| { history.append(&k.to_be_bytes()); });
        let mut server = Retransmitter::new(faults.parse().expect("faults"), seed);
        let mut asked = 0;
        for (now, bytes) in datagrams.iter().enumerate() {
            ask(&mut server, &history, bytes, now as u64 * 1_000);
            asked += 1;
        }
        for (now, (number, count, near)) in requests.into_iter().enumerate() {
            let number = if near { number % 320 } else { number };
            ask(&mut server, &history, &request(number, count), now as u64 * 1_000);
            asked += 1;
        }
        let counts = server.counts();
        prop_assert!(counts.balances(), "{:?}", counts);
        prop_assert_eq!(counts.requests, asked);
    }
}

#[test]
fn a_request_of_a_real_session() {
    let file = session(41, 3, 2_000);
    let all = messages(&file);
    let history = history(&all);
    let mut server = good();
    let out = ask(&mut server, &history, &request(101, 500), 0);
    assert!(out.len() > 5, "several packets");
    assert!(out.iter().all(|datagram| datagram.bytes.len() <= 1_472));
    let contents = contents(&out);
    assert!(contents.keys().copied().eq(101..601));
    assert!(contents.iter().all(|(number, message)| message == all[*number as usize - 1]));
}

#[test]
fn what_is_not_there_is_met_with_silence() {
    let mut history = History::new(SESSION).with_window(10);
    (0..20_u8).for_each(|k| {
        history.append(&[k]);
    });
    let mut server = good();
    let other = MoldRequest { session: *b"SIM0000002", sequence: 15, count: 1 }.encode();
    let cases = [
        request(1, 5).to_vec(),
        request(21, 5).to_vec(),
        request(1 << 40, 5).to_vec(),
        other.to_vec(),
        request(15, 0).to_vec(),
        request(u64::MAX, 1).to_vec(),
        request(15, 1)[..19].to_vec(),
    ];
    for bytes in &cases {
        assert!(ask(&mut server, &history, bytes, 0).is_empty(), "{bytes:?}");
    }
    let counts = server.counts();
    assert!(counts.balances());
    assert_eq!((counts.unavailable, counts.other_session, counts.malformed), (3, 1, 3));
    let each = [counts.malformed_length, counts.malformed_empty, counts.malformed_overflow];
    assert_eq!(each, [1, 1, 1]);
    assert_eq!((counts.answered, counts.packets), (0, 0));
    // Of a range that is there in part, the part.
    let out = ask(&mut server, &history, &request(5, 8), 0);
    assert!(contents(&out).keys().copied().eq(11..13));
}
