//! Rows 9, 10, 12 and 13: sessions, jumps of numbers, copies that differ, copies that come late.

use std::time::Instant;

use feed::lane::LaneConfig;
use feed::recover::mail::mail;
use feed::recover::{Recovery, RecoverySpec, RepairSpec};
use wire::codes::{GapHow, SessionEvent};
use wire::payload::{GapEnd, Session};
use wire::record::first_difference;
use wire::{BookState, Side};

use crate::common::market::STOCKS;
use crate::common::packets::{SESSION, end_of_session, give, mold};
use crate::common::{self, DAY, Sizes, itch, seats};
use crate::ear::Ear;
use crate::servers::{Mode, Servers};
use crate::stage::{
    self, APART, Sent, Timed, assert_accounts, packet, play, ranges, stream, truth,
};

const NEXT: &[u8; 10] = b"0000000002";

#[test]
fn row_09_a_new_session_begins_with_empty_books() {
    let (first, second) = (stream(91, 3_000), stream(92, 3_000));
    let mut lane = stage::lane(1);
    for number in (1..=first.len() as u64).filter(|n| !(1_000..1_010).contains(n)) {
        give(&mut lane, &packet(&first, number), DAY.midnight_ns + number);
    }
    // Repeated ends are said once.
    for at in 0..5 {
        give(&mut lane, &end_of_session(SESSION, 3_001), DAY.midnight_ns + 4_000 + at);
    }
    assert!(lane.venue.books.live_orders() > 0);
    lane.publisher.outlet.take();
    let mut refused = 0;
    for (number, message) in (1u64..).zip(&second) {
        let at = DAY.midnight_ns + 10_000 + number;
        give(&mut lane, &mold(NEXT, number, std::slice::from_ref(message)), at);
        // Stragglers of the old session, all the way through.
        if number % 10 == 0 {
            give(&mut lane, &packet(&first, number), at);
            refused += 1;
        }
    }
    let said = lane.publisher.outlet.take();
    let start = said
        .iter()
        .position(|r| r.get::<Session>().is_some_and(|s| s.event == SessionEvent::Start as u8));
    let start = start.expect("a start");
    let ended: Vec<GapEnd> = said[..start].iter().filter_map(|r| r.get()).collect();
    assert_eq!(
        ended.iter().map(|g| (g.first, g.end, g.how)).collect::<Vec<_>>(),
        [(1_000, 1_010, GapHow::SessionRoll as u8)]
    );
    assert_eq!(common::refused(&lane, "old_session"), refused);
    assert_eq!((lane.publisher.counts.sessions, lane.publisher.counts.session_ends), (2, 5));
    // The books are those of the second session alone, to each place of each queue.
    let alone = truth(&second);
    for name in STOCKS {
        let of = |lane: &feed::lane::Lane<common::collect::Collect>, side| {
            let index = lane.venue.directory.index_of(&itch::stock(name)).expect("listed");
            assert_eq!(lane.venue.book_state(index, &lane.gaps), BookState::Live);
            let orders = lane.venue.books.orders(index, side);
            orders.map(|o| (o.reference, o.price, o.quantity)).collect::<Vec<_>>()
        };
        for side in [Side::Bid, Side::Ask] {
            assert_eq!(of(&lane, side), of(&alone, side), "{name}");
        }
    }
    println!("row 9: {refused} packets of the old session refused; 8 books equal the new one's");
}

#[test]
fn row_10_a_jump_of_2_to_the_40_is_one_gap_and_no_loop() {
    let messages = stream(10, 200);
    let begun = Instant::now();
    for jump in [1u64 << 40, 1 << 63, u64::MAX - 1_000] {
        let mut lane = stage::lane(1);
        for number in 1..=100 {
            give(&mut lane, &packet(&messages, number), number);
        }
        for (number, message) in (jump..).zip(&messages[100..]) {
            give(&mut lane, &mold(SESSION, number, std::slice::from_ref(message)), number);
        }
        assert_eq!(ranges(&lane), [(101, jump)], "one declaration");
        assert_eq!(lane.gaps.missing(), jump - 101);
        assert_eq!(lane.expected(), jump + 100);
        // Numbers that would run over are refused, not wrapped.
        give(&mut lane, &mold(SESSION, u64::MAX, &messages[..2]), 9);
        assert_eq!(common::refused(&lane, "mold_sequence_overflow"), 1);
        assert_eq!(lane.gaps.declared(), 1);
    }
    let took = begun.elapsed();
    assert!(took.as_millis() < 2_000, "{took:?}: a loop over 2^40 takes minutes");

    // With recovery: no request for 2^40 messages, but one wish for a snapshot.
    let (lane_end, end) = mail();
    let spec = RepairSpec { messages: 1 << 12, ..RepairSpec::default() };
    let lane = common::lane_into(common::config(), Sizes::default(), Ear::new(1, 1));
    let mut lane = lane.with_recovery(Some(lane_end), spec);
    let mut net = Servers::new(&messages, Mode::Good);
    let spec = RecoverySpec { request_servers: 1, ..RecoverySpec::default() };
    let mut recovery = Recovery::new(spec, end);
    for number in 1..=100 {
        give(&mut lane, &packet(&messages, number), number);
    }
    let jumped = mold(SESSION, 1 << 40, &messages[100..101]);
    for now in 1_000..1_200 {
        give(&mut lane, &jumped, now);
        net.turn(&mut recovery, now);
        lane.end_poll(true, now);
    }
    assert_eq!(lane.gaps.declared(), 1);
    assert_eq!(net.asked.len(), 0, "nothing of it is requested");
    let snapshot = recovery.counts();
    println!("row 10: 3 jumps in {took:?}, one declaration each; 0 requests; {snapshot:?}");
}

#[test]
fn row_12_divergence_is_an_alarm_and_never_both() {
    let messages = stream(12, 20_000);
    let whole = truth(&messages);
    for (sample, least, most) in [(1, 200, 200), (64, 1, 20)] {
        let mut timed = Timed::of(&messages, 2);
        let mut changed = 0;
        for sent in timed.sent.iter_mut().filter(|sent| sent.line == 2) {
            let number = (sent.at - DAY.midnight_ns) / APART;
            if number.is_multiple_of(100) {
                // Another time in the message: it decodes, and only a comparison tells.
                sent.bytes[22 + 10] ^= 1;
                changed += 1;
            }
        }
        assert_eq!(changed, 200);
        let config = LaneConfig { divergence_sample: sample, ..stage::config(2) };
        let mut lane = common::lane_with(config, Sizes::default());
        play(&mut lane, &mut timed);
        let alarms = common::refused(&lane, "line_divergence");
        assert!((least..=most).contains(&alarms), "{alarms} of 200 at 1/{sample}");
        assert_eq!(lane.publisher.outlet.refused.len() as u64, alarms, "each is an alarm");
        lane.flush_images();
        assert_eq!(lane.publisher.counts.lines[1].diverged, alarms);
        let (got, wanted) = (&lane.publisher.outlet.records, &whole.publisher.outlet.records);
        assert_eq!(first_difference(got, wanted), None, "only A's");
        println!("row 12: 200 packets of B differ, one in {sample} compared: {alarms} alarms");
    }
}

#[test]
fn row_13_skew_is_measured_and_changes_nothing() {
    let messages = stream(13, 6_000);
    let whole = truth(&messages);
    // B is 0 to 50 ms late, in order, as a longer path is.
    let mut timed = Timed::of(&messages, 2);
    let (mut last, mut skews) = (0, Vec::new());
    for Sent { at, line, .. } in &mut timed.sent {
        let number = (*at - DAY.midnight_ns) / APART;
        // Ten times as slow, so that the session outlasts the skew.
        *at = DAY.midnight_ns + number * 10 * APART;
        if *line == 2 {
            let begin = *at;
            *at = (begin + number * 37_000 % 50_000_000).max(last + 1);
            last = *at;
            skews.push(*at - begin);
        }
    }
    skews.sort_unstable();
    let timed = timed.sorted();
    let mut lane = stage::lane(2);
    play(&mut lane, &mut timed.clone());
    let (got, wanted) = (&lane.publisher.outlet.records, &whole.publisher.outlet.records);
    assert_eq!(first_difference(got, wanted), None);
    assert_accounts(&lane, &messages);
    assert_eq!(lane.publisher.counts.copies, messages.len() as u64);
    // And the histogram is where any tool can read it.
    let root = seats::root();
    let mut lane = seats::lane_of(root.path(), 1, 1_024, stage::config(2));
    let now = play(&mut lane, &mut timed.clone());
    lane.published(now);
    lane.end_poll(true, now + 20_000_000);
    lane.flush_images();
    let counters = seats::producer(root.path()).counters().expect("counters");
    let found = counters.histogram_of("line2.skew").expect("a histogram of B");
    assert_eq!(found.count(), messages.len() as u64);
    let near = |got: Option<u64>, wanted: u64| {
        let got = got.expect("values");
        assert!(got.abs_diff(wanted) <= wanted / 16 + 1, "{got} for {wanted}");
        got
    };
    near(found.least(), skews[0]);
    let half = near(found.at(0.5), skews[skews.len() / 2]);
    let most = near(found.most(), skews[skews.len() - 1]);
    lane.publisher.outlet.close().expect("closed");
    println!("row 13: skew of B: half under {} us, most {} us", half / 1_000, most / 1_000);
}
