//! Snapshots: what a good one becomes, and each fault of a snapshot server by its name.

use feed::recover::mail::{Unfillable, Want};
use feed::recover::{RecoveryReject, RecoverySpec};
use proptest::prelude::*;

use crate::common::itch::{self, Add};
use crate::streams::{Act, S, Wisher, accepted, end, sends, soup, whole};
use crate::world::{BEGIN, MS, SESSION};

/// Reference, side, shares, price.
fn order(locate: u16, reference: u64, price: u32) -> Vec<u8> {
    let name = ["", "AAA", "BBB", "CCC"][usize::from(locate)];
    let add = Add { reference, side: b'B', shares: 100, stock: name, price };
    itch::add(locate, 7, add)
}

fn stocks() -> Vec<Vec<u8>> {
    vec![itch::directory(1, 5, "AAA"), itch::directory(2, 5, "BBB"), itch::directory(3, 5, "CCC")]
}

/// Orders of two instruments, mixed, that stand for everything before 1,000.
fn good() -> Vec<Vec<u8>> {
    let mut messages = stocks();
    messages.push(itch::action(1, 6, "AAA", b'T', b"    "));
    for (locate, reference, price) in [(2, 12, 50), (1, 9, 70), (2, 11, 50), (1, 10, 60)] {
        messages.push(order(locate, reference, price));
    }
    messages.push(end(1_000));
    messages
}

/// The same with a message in the place of another.
fn spoilt(at: usize, message: Vec<u8>) -> Vec<Vec<u8>> {
    let mut messages = good();
    messages[at] = message;
    messages
}

fn wisher(acts: Vec<Vec<Act>>) -> Wisher {
    let mut wisher = Wisher::new(RecoverySpec::default(), acts);
    wisher.wish(900);
    wisher
}

/// The first server does this, the second is good: the snapshot comes from the second, and the
/// first is refused by that name.
fn next_server_helps(act: Act, why: RecoveryReject) -> Wisher {
    let mut wisher = wisher(vec![vec![act], vec![sends(&good())]]);
    wisher.run(u64::MAX);
    let counts = *wisher.recovery.counts();
    assert_eq!(wisher.snapshots.len(), 1, "{counts:?}");
    assert_eq!(wisher.snapshots[0].1.next, 1_000);
    assert_eq!((counts.refused(why), counts.refused.iter().sum::<u64>()), (1, 1), "{why:?}");
    let servers: Vec<u8> = wisher.net.connects.iter().map(|connect| connect.1).collect();
    assert_eq!(servers, [0, 1]);
    assert!(wisher.refusals.is_empty());
    wisher
}

#[test]
fn orders_are_grouped_by_locate_in_the_order_of_their_queues() {
    let mut wisher = wisher(vec![vec![sends(&good())]]);
    wisher.run(u64::MAX);
    let (at, snapshot) = &wisher.snapshots[0];
    assert_eq!((snapshot.session, snapshot.next), (SESSION, 1_000));
    assert_eq!(snapshot.by_locate, [(1, 0..2), (2, 2..4)]);
    let orders: Vec<_> =
        snapshot.orders.iter().map(|o| (o.locate, o.reference, o.shares, o.price)).collect();
    assert_eq!(orders, [(1, 9, 100, 70), (1, 10, 100, 60), (2, 12, 100, 50), (2, 11, 100, 50)]);
    let mut others = Vec::new();
    for message in &good()[..4] {
        others.extend_from_slice(&(message.len() as u16).to_be_bytes());
        others.extend_from_slice(message);
    }
    assert_eq!(snapshot.messages, others);
    assert!(snapshot.ts_receive > BEGIN && snapshot.ts_receive <= *at);
    assert_eq!(wisher.recovery.deadline(), u64::MAX);
    assert_eq!(wisher.net.closes, 1);
}

#[test]
fn the_login_is_as_the_protocol_says() {
    let spec = RecoverySpec { login: (*b"me    ", *b"secret    "), ..RecoverySpec::default() };
    let mut wisher = Wisher::new(spec, vec![vec![sends(&good())]]);
    wisher.wish(1);
    wisher.run(u64::MAX);
    let login = &wisher.net.said[0].1;
    assert_eq!(login[..3], [0, 47, b'L']);
    assert_eq!(&login[3..29], b"me    secret              ");
    assert_eq!(login[29..].trim_ascii_start(), b"1");
    assert_eq!(login.len(), 49);
    assert_eq!(wisher.net.said.last().unwrap().1, [0, 1, b'O']);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_chop_of_the_stream_gives_the_same_snapshot(piece in 1_usize..400) {
        let act = Act::Say(whole(&SESSION, &good()), piece);
        let mut wisher = wisher(vec![vec![act]]);
        wisher.run(u64::MAX);
        prop_assert_eq!(wisher.snapshots.len(), 1);
        prop_assert_eq!(wisher.snapshots[0].1.orders.len(), 4);
    }

    /// No bytes make it panic, or believe a snapshot that has no end.
    #[test]
    fn any_bytes_are_refused_or_waited_for(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut all = accepted(&SESSION, 1);
        all.extend(bytes);
        let mut wisher = wisher(vec![vec![Act::SayAndClose(all)]]);
        wisher.run(u64::MAX);
        prop_assert_eq!(wisher.snapshots.len(), 0);
        prop_assert_eq!(wisher.refusals.len(), 1);
    }
}

#[test]
fn a_connection_that_is_refused() {
    next_server_helps(Act::Refuse, RecoveryReject::StreamClosed);
}

#[test]
fn a_server_that_is_not_there_is_given_up_after_15_seconds() {
    let wisher = next_server_helps(Act::Nothing, RecoveryReject::StreamSilent);
    assert_eq!(wisher.net.connects[1].0 - BEGIN, 15 * S);
}

#[test]
fn a_server_that_falls_silent_is_given_up_after_15_seconds_and_hears_a_heartbeat_each_second() {
    let bytes = whole(&SESSION, &good()[..5]);
    let wisher = next_server_helps(Act::Say(bytes, 1_000), RecoveryReject::StreamSilent);
    let beats = wisher.net.said.iter().filter(|said| said.1 == [0, 1, b'R']).count();
    assert_eq!(beats, 15);
}

#[test]
fn heartbeats_alone_do_not_make_a_snapshot() {
    let spec = RecoverySpec { snapshot_timeout_ns: 20 * S, ..RecoverySpec::default() };
    let mut wisher = Wisher::new(spec, vec![vec![Act::OnlyHeartbeats], vec![sends(&good())]]);
    wisher.wish(900);
    wisher.run(u64::MAX);
    assert_eq!(wisher.recovery.counts().refused(RecoveryReject::SnapshotTimeout), 1);
    assert_eq!(wisher.net.connects[1].0 - BEGIN, 20 * S);
    assert_eq!(wisher.snapshots.len(), 1);
}

#[test]
fn a_login_that_is_rejected() {
    next_server_helps(Act::Say(soup(b'J', b"A"), 50), RecoveryReject::LoginRejected);
}

#[test]
fn a_snapshot_of_another_session() {
    let bytes = whole(b"SIM9999999", &good());
    next_server_helps(Act::Say(bytes, 50), RecoveryReject::SnapshotSession);
}

#[test]
fn a_connection_cut_in_the_middle() {
    let bytes = whole(&SESSION, &good()[..6]);
    next_server_helps(Act::SayAndClose(bytes), RecoveryReject::StreamClosed);
}

#[test]
fn an_end_of_session_in_the_place_of_the_end() {
    let mut bytes = whole(&SESSION, &good()[..8]);
    bytes.extend(soup(b'Z', b""));
    next_server_helps(Act::Say(bytes, 50), RecoveryReject::SnapshotUnfinished);
}

#[test]
fn a_server_that_begins_in_the_middle() {
    let mut bytes = accepted(&SESSION, 4);
    good()[3..].iter().for_each(|message| bytes.extend(soup(b'S', message)));
    next_server_helps(Act::Say(bytes, 50), RecoveryReject::SnapshotUnfinished);
}

#[test]
fn garbage_in_the_stream() {
    let mut bytes = accepted(&SESSION, 1);
    bytes.extend([0, 0, 0, 0]);
    next_server_helps(Act::Say(bytes, 50), RecoveryReject::StreamMalformed);
    let messages_first = soup(b'S', &good()[0]);
    next_server_helps(Act::Say(messages_first, 50), RecoveryReject::StreamMalformed);
    let unknown = soup(b'?', b"what");
    next_server_helps(Act::Say(unknown, 50), RecoveryReject::StreamMalformed);
}

#[test]
fn a_message_that_is_no_itch_or_an_end_without_a_number() {
    let mut short = order(1, 77, 10);
    short.pop();
    for message in [short, b"?".to_vec(), Vec::new(), b"G         not a number".to_vec(), end(0)] {
        let act = sends(&spoilt(6, message));
        next_server_helps(act, RecoveryReject::SnapshotMalformed);
    }
}

#[test]
fn messages_that_belong_into_no_snapshot() {
    let wrong = [
        itch::executed(1, 7, 9, 10, 1),
        itch::cancel(1, 7, 9, 10),
        itch::delete(1, 7, 9),
        itch::replace((1, 7), (9, 99), 10, 10),
        itch::broken(1, 7, 3),
    ];
    for message in wrong {
        next_server_helps(sends(&spoilt(6, message)), RecoveryReject::SnapshotMessage);
    }
}

#[test]
fn an_order_of_an_unknown_locate_or_of_another_symbol() {
    let unknown = itch::with(&order(1, 77, 10), 1, &9_u16.to_be_bytes());
    let other = itch::with(&order(1, 77, 10), 24, b"BBB     ");
    for message in [unknown, other] {
        next_server_helps(sends(&spoilt(6, message)), RecoveryReject::SnapshotLocate);
    }
}

#[test]
fn a_locate_that_is_two_stocks() {
    let act = sends(&spoilt(3, itch::directory(1, 5, "ZZZ")));
    next_server_helps(act, RecoveryReject::SnapshotLocate);
}

#[test]
fn two_orders_of_one_reference() {
    let act = sends(&spoilt(6, order(3, 12, 10)));
    next_server_helps(act, RecoveryReject::SnapshotReference);
}

#[test]
fn an_order_of_nothing_or_of_no_side() {
    let none = itch::with(&order(1, 77, 10), 20, &[0; 4]);
    let free = itch::with(&order(1, 77, 10), 32, &[0; 4]);
    for message in [none, free] {
        next_server_helps(sends(&spoilt(6, message)), RecoveryReject::SnapshotOrder);
    }
    let sideless = itch::with(&order(1, 77, 10), 19, b"?");
    next_server_helps(sends(&spoilt(6, sideless)), RecoveryReject::SnapshotOrder);
}

#[test]
fn a_snapshot_that_is_too_old() {
    let act = sends(&spoilt(8, end(899)));
    next_server_helps(act, RecoveryReject::SnapshotTooOld);
}

#[test]
fn a_snapshot_of_numbers_that_cannot_be() {
    for next in [1_u64 << 40, u64::MAX] {
        next_server_helps(sends(&spoilt(8, end(next))), RecoveryReject::SnapshotTooNew);
    }
}

#[test]
fn a_younger_wish_while_one_is_on_its_way_holds_for_it() {
    let mut wisher = wisher(vec![vec![sends(&good())], vec![sends(&spoilt(8, end(2_000)))]]);
    wisher.run(BEGIN + 2 * MS);
    wisher.wish(1_500);
    wisher.run(u64::MAX);
    assert_eq!(wisher.recovery.counts().refused(RecoveryReject::SnapshotTooOld), 1);
    assert_eq!(wisher.snapshots.len(), 1, "one snapshot for both");
    assert_eq!(wisher.snapshots[0].1.next, 2_000);
}

#[test]
fn after_all_servers_failed_there_are_pauses_that_grow_and_an_end() {
    let mut wisher = wisher(vec![vec![Act::Refuse], vec![Act::Refuse]]);
    wisher.run(u64::MAX);
    assert_eq!(wisher.refusals.len(), 1);
    assert_eq!(wisher.refusals[0].1, Unfillable::NoAnswer);
    let at: Vec<u64> = wisher.net.connects.iter().map(|connect| connect.0 - BEGIN).collect();
    assert_eq!(at.len(), 6, "three rounds of two servers");
    assert!(at[1] - at[0] < 2 * MS, "the next server at once");
    let pauses = [at[2] - at[1], at[4] - at[3]];
    assert!((75 * MS..130 * MS).contains(&pauses[0]), "{pauses:?}");
    assert!((150 * MS..255 * MS).contains(&pauses[1]), "{pauses:?}");
    // A wish right after is not answered by a storm of connections.
    wisher.wish(900);
    wisher.run(u64::MAX);
    let again = wisher.net.connects[6].0 - wisher.refusals[0].0;
    assert!((300 * MS..500 * MS).contains(&again), "{again}");
}

#[test]
fn servers_that_lie_make_it_refused_and_one_that_comes_back_is_used() {
    let lie = sends(&spoilt(6, order(3, 12, 10)));
    let mut wisher = wisher(vec![vec![lie]]);
    wisher.run(u64::MAX);
    assert_eq!(wisher.refusals[0].1, Unfillable::Refused);
    let lie = sends(&spoilt(6, order(3, 12, 10)));
    let mut wisher = Wisher::new(RecoverySpec::default(), vec![vec![lie, sends(&good())]]);
    wisher.wish(900);
    wisher.run(u64::MAX);
    assert_eq!((wisher.snapshots.len(), wisher.refusals.len()), (1, 0));
}

#[test]
fn a_new_session_ends_the_connection() {
    let mut wisher = wisher(vec![vec![sends(&good())]]);
    wisher.run(BEGIN + 2 * MS);
    wisher.lane.wants.push(Want::Session { session: *b"SIM0000002" }).unwrap();
    wisher.run(u64::MAX);
    assert_eq!((wisher.snapshots.len(), wisher.refusals.len(), wisher.net.closes), (0, 0, 1));
}

#[test]
fn without_a_server_there_is_none() {
    let mut wisher = wisher(vec![]);
    wisher.run(u64::MAX);
    assert_eq!(wisher.refusals[0].1, Unfillable::NoServer);
}

#[test]
fn snapshots_that_come_back_are_freed() {
    let mut wisher = wisher(vec![vec![sends(&good())]]);
    wisher.run(u64::MAX);
    let (_, snapshot) = wisher.snapshots.pop().unwrap();
    wisher.lane.used.push(snapshot).unwrap();
    wisher.run(u64::MAX);
    assert!(!wisher.lane.used.is_full());
}
