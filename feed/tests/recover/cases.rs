//! One mechanism at a time, by hand.

use feed::lane::Lane;
use feed::recover::RepairSpec;
use feed::recover::mail::{RecoveryEnd, Want, mail};
use wire::codes::GapHow;
use wire::{BookState, Side};

use crate::common::itch::{ask, bid, delete, executed, replace};
use crate::common::packets::{SESSION, give, mold};
use crate::common::{self, Sizes};
use crate::ear::Ear;

fn lane() -> (Lane<Ear>, RecoveryEnd) {
    let (lane_end, end) = mail();
    let spec = RepairSpec { messages: 256, ..RepairSpec::default() };
    let lane = common::lane_into(common::config(), Sizes::default(), Ear::new(1, 1));
    (lane.with_recovery(Some(lane_end), spec), end)
}

fn queue(lane: &Lane<Ear>, side: Side) -> Vec<(u64, i64, i64)> {
    let orders = lane.venue.books.orders(1, side);
    orders.map(|order| (order.reference, order.price, order.quantity)).collect()
}

fn fill(lane: &mut Lane<Ear>, end: &mut RecoveryEnd, first: u64, messages: &[Vec<u8>], now: u64) {
    let packet = mold(SESSION, first, messages);
    let mut bytes = [0; feed::recover::mail::PACKET_MAX];
    bytes[..packet.len()].copy_from_slice(&packet);
    let fill = feed::recover::mail::Fill { ts_receive: now, len: packet.len() as u16, bytes };
    assert!(end.fills.push(fill).is_ok());
    lane.end_poll(true, now);
}

#[test]
fn an_order_of_the_fill_stands_before_those_that_came_later() {
    let (mut lane, mut end) = lane();
    give(&mut lane, &mold(SESSION, 1, &[bid(1, 10, 100, 500), ask(1, 11, 100, 600)]), 1);
    // Missing: 3 adds order 20, 4 executes 5 of order 10.
    let late = [bid(1, 20, 200, 500), executed(13, 1, 10, 5, 900)];
    let live = [
        bid(1, 30, 300, 500),
        executed(13, 1, 20, 50, 901),
        replace((13, 1), (11, 12), 70, 601),
        delete(13, 1, 10),
    ];
    give(&mut lane, &mold(SESSION, 5, &live), 2);
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Gapped);
    assert_eq!(queue(&lane, Side::Bid), [(30, 500, 300)]);
    assert_eq!(end.wants.pop(), Ok(Want::Session { session: *SESSION }));
    let want = Want::Range { gap: 1, session: *SESSION, first: 3, end: 5 };
    assert_eq!(end.wants.pop(), Ok(want));
    fill(&mut lane, &mut end, 4, &late[1..], 4);
    fill(&mut lane, &mut end, 3, &late[..1], 5);
    lane.end_poll(true, 6);
    assert_eq!(queue(&lane, Side::Bid), [(20, 500, 150), (30, 500, 300)]);
    assert_eq!(queue(&lane, Side::Ask), [(12, 601, 70)]);
    assert_eq!(lane.venue.book_state(1, &lane.gaps), BookState::Live);
    assert_eq!(end.wants.pop(), Ok(Want::Forget { gap: 1 }));
    let ear = &lane.publisher.outlet;
    assert_eq!(ear.prints, [(1, 500, 5, 900, true), (1, 500, 50, 901, true)]);
    assert_eq!(
        ear.closed.iter().map(|(_, how)| *how).collect::<Vec<_>>(),
        [GapHow::Retransmission]
    );
}
