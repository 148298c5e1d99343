use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::frame::moldudp64::{MoldKind, MoldPacket};

use super::{MAX_MESSAGE, MAX_NATURAL, MAX_PAYLOAD, Message, Packet, Packetiser, Rule, TooLong};

const SESSION: [u8; 10] = *b"REC0000001";

fn message(time_ns: u64, bytes: Vec<u8>) -> Message {
    Message { bytes, time_ns, skipped: 0, begins_packet: true }
}

fn packets(rule: Rule, first: u64, seed: u64, messages: &[Message]) -> Vec<Packet> {
    let mut packetiser = Packetiser::new(rule, SESSION, first, seed);
    let mut out = vec![];
    for message in messages {
        out.extend(packetiser.push(message).expect("room"));
    }
    out.extend(packetiser.flush());
    assert_eq!(packetiser.flush(), None, "nothing is open after a flush");
    out
}

/// Every message by its number, through the parser of receivers.
fn carried(packets: &[Packet]) -> BTreeMap<u64, Vec<u8>> {
    let mut all = BTreeMap::new();
    for packet in packets {
        let parsed = MoldPacket::parse(&packet.bytes).expect("well-formed");
        assert_eq!(parsed.session, SESSION);
        assert_eq!((parsed.sequence, parsed.kind), (packet.first, MoldKind::Data(packet.count)));
        for (sequence, message) in (parsed.sequence..).zip(parsed.messages()) {
            assert_eq!(all.insert(sequence, message.to_vec()), None, "{sequence} twice");
        }
    }
    all
}

fn some_messages() -> impl Strategy<Value = Vec<Message>> {
    let one = (0_u64..60_000, prop::collection::vec(any::<u8>(), 0..60), 0_u64..4, any::<bool>());
    prop::collection::vec(one, 0..400).prop_map(|all| {
        let mut time_ns = 0;
        all.into_iter()
            .map(|(pause, bytes, hole, begins_packet)| {
                time_ns += pause;
                // One hole in a hundred messages or so.
                let skipped = if pause % 97 == 0 { hole } else { 0 };
                Message { bytes, time_ns, skipped, begins_packet }
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn every_message_once_in_packets_within_limits(
        messages in some_messages(),
        rule in prop_oneof![
            Just(Rule::Natural), Just(Rule::Kept), (1_u16..60).prop_map(Rule::Fixed),
        ],
        first in 1_u64..1_000_000,
        seed: u64,
    ) {
        let made = packets(rule, first, seed, &messages);
        let mut expected = BTreeMap::new();
        let mut next = first;
        for message in &messages {
            next += message.skipped;
            expected.insert(next, message.bytes.clone());
            next += 1;
        }
        prop_assert_eq!(carried(&made), expected);
        for packet in &made {
            prop_assert!(packet.bytes.len() <= MAX_PAYLOAD);
            prop_assert!(packet.first_ns <= packet.last_ns);
            let most = match rule {
                Rule::Natural => MAX_NATURAL,
                Rule::Fixed(most) => most,
                Rule::Kept => u16::MAX,
            };
            prop_assert!((1..=most).contains(&packet.count));
        }
        prop_assert_eq!(packets(rule, first, seed, &messages), made, "the same seed");
    }
}

#[test]
fn fixed_packets_are_full() {
    let messages: Vec<_> = (0..100).map(|n| message(n * 1_000_000_000, vec![b'x'; 30])).collect();
    let counts: Vec<u16> =
        packets(Rule::Fixed(7), 1, 1, &messages).iter().map(|packet| packet.count).collect();
    assert_eq!(counts, [vec![7; 14], vec![2]].concat());
    // 1,452 bytes hold 45 blocks of 32 bytes.
    let largest = packets(Rule::Fixed(50), 1, 1, &messages);
    assert_eq!(largest[0].count, 45);
}

#[test]
fn kept_packets_have_the_recordings_borders() {
    let begins = [true, false, false, true, true, false];
    let messages: Vec<_> = begins
        .map(|begins_packet| Message { begins_packet, ..message(5, vec![b'x'; 9]) })
        .into_iter()
        .collect();
    let counts: Vec<u16> =
        packets(Rule::Kept, 1, 1, &messages).iter().map(|packet| packet.count).collect();
    assert_eq!(counts, [3, 1, 2]);
}

/// A dense minute: mostly one message, some with many, none beyond what the wire was seen to do.
#[test]
fn natural_packets_are_mostly_single() {
    let mut random = crate::venue_sim::random::Random::new(5);
    let mut time_ns = 0;
    let messages: Vec<_> = (0..100_000)
        .map(|_| {
            // A quarter within microseconds of the one before, the rest milliseconds apart.
            time_ns += if random.chance(2_500) { random.below(4_000) } else { 2_000_000 };
            message(time_ns, vec![b'x'; 36])
        })
        .collect();
    let made = packets(Rule::Natural, 1, 9, &messages);
    let single = made.iter().filter(|packet| packet.count == 1).count();
    assert!(single * 2 > made.len(), "{single} of {} carry one message", made.len());
    let largest = made.iter().map(|packet| packet.count).max();
    assert!(largest.is_some_and(|count| count >= 4), "{largest:?}");
    assert_ne!(packets(Rule::Natural, 1, 10, &messages), made, "another seed, the same packets");
    // All at one instant: as many as a packet may hold.
    let burst: Vec<_> = (0..380).map(|_| message(7, vec![b'x'; 19])).collect();
    assert!(packets(Rule::Natural, 1, 9, &burst).iter().all(|packet| packet.count == MAX_NATURAL));
}

#[test]
fn a_message_that_fits_nowhere_is_refused() {
    let mut packetiser = Packetiser::new(Rule::Natural, SESSION, 1, 1);
    assert_eq!(packetiser.push(&message(0, vec![0; MAX_MESSAGE])), Ok(None));
    let length = MAX_MESSAGE + 1;
    assert_eq!(packetiser.push(&message(0, vec![0; length])), Err(TooLong { length }));
    assert_eq!(packetiser.next_sequence(), 2, "the refused one has no number");
    let packet = packetiser.flush().expect("the first one");
    assert_eq!((packet.bytes.len(), packet.count), (MAX_PAYLOAD, 1));
}
