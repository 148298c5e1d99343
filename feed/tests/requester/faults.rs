//! Each fault of a request server, and what is made of it.

use feed::recover::mail::{Unfillable, Want};
use feed::recover::{RecoveryReject, RecoverySpec};

use crate::common::packets::mold;
use crate::world::{BEGIN, Faults, MS, SESSION, World, ignore, message, messages};

fn good() -> Faults {
    Faults { delay_ns: MS, goes_on: true, ..Faults::default() }
}

fn world(servers: &[Faults]) -> World {
    World::new(RecoverySpec::default(), servers.to_vec(), 1)
}

/// All of `1..end` comes, whatever the servers do, with this many refusals of that name.
fn heals(servers: &[Faults], why: Option<RecoveryReject>) -> World {
    let mut world = world(servers);
    world.want(1, 10, 300);
    world.run(u64::MAX);
    world.assert_all_told();
    assert_eq!(world.filled, 290, "{:?}", world.recovery.counts());
    if let Some(why) = why {
        assert!(world.recovery.counts().refused(why) > 0, "{:?}", world.recovery.counts());
    }
    world
}

#[test]
fn one_good_server_is_asked_once_for_each_number() {
    let world = heals(&[good()], None);
    let asked: u64 = world.net.seen.iter().map(|seen| u64::from(seen.count)).sum();
    assert_eq!((asked, world.net.seen.len()), (290, 290_usize.div_ceil(32)));
    let counts = world.recovery.counts();
    assert_eq!((counts.timeouts, counts.partial), (0, 0));
    assert_eq!(counts.refused.iter().sum::<u64>(), 0);
}

#[test]
fn servers_take_turns() {
    let world = heals(&[good(), good(), good()], None);
    for server in 0..3 {
        assert!(world.net.seen.iter().filter(|seen| seen.server == server).count() >= 1);
    }
}

#[test]
fn a_dead_server_is_not_waited_for_twice() {
    let world = heals(&[Faults { dead: true, ..good() }, good()], None);
    assert!(world.recovery.counts().timeouts > 0);
    // One timeout, then the other server: not one after the other.
    assert!(world.net.now - BEGIN < 60 * MS, "{}", world.net.now - BEGIN);
}

#[test]
fn a_server_that_stays_dead_is_hardly_asked_any_more() {
    let mut world = world(&[Faults { dead: true, ..good() }, good()]);
    for gap in 0..200 {
        let at = 1 + u64::from(gap) * 100;
        world.want(gap, at, at + 1);
        world.run(BEGIN + u64::from(gap) * 5 * MS);
    }
    world.run(u64::MAX);
    assert_eq!(world.filled, 200);
    let to_dead = world.net.seen.iter().filter(|seen| seen.server == 0).count();
    assert!(to_dead < 20, "{to_dead}");
}

#[test]
fn when_every_server_is_dead_the_gap_is_unfillable_in_bounded_time() {
    let dead = Faults { dead: true, ..good() };
    let mut world = world(&[dead.clone(), dead]);
    world.want(7, 10, 20);
    world.run(u64::MAX);
    assert_eq!(world.gaps[&7].unfillable, Some(Unfillable::NoAnswer));
    assert_eq!(world.net.seen.len(), 6, "three tries for each of two servers");
    assert_eq!(world.net.now - BEGIN, 6 * 20 * MS);
}

#[test]
fn a_slow_server_fills_late_and_nothing_comes_twice() {
    let slow = Faults { delay_ns: 35 * MS, ..good() };
    let dead = Faults { dead: true, ..good() };
    let world = heals(&[slow, dead], None);
    assert!(world.recovery.counts().late > 0);
    assert!(world.recovery.counts().timeouts > 0);
}

#[test]
fn a_duplicate_answer_is_counted_and_not_handed_over() {
    let twice = Faults { duplicates: 100, ..good() };
    let world = heals(&[twice], Some(RecoveryReject::AnswerDuplicate));
    assert_eq!(world.recovery.counts().filled, 290);
}

#[test]
fn the_rest_of_a_partial_answer_is_asked_for_again() {
    let partial = Faults { at_most: 5, goes_on: false, ..good() };
    let world = heals(&[partial], None);
    assert_eq!(world.recovery.counts().timeouts, 0, "progress is no failure");
    assert!(world.recovery.counts().partial >= 290 / 32);
}

#[test]
fn an_answer_in_several_packets_is_waited_for() {
    let world = heals(&[Faults { at_most: 5, goes_on: true, ..good() }], None);
    let counts = world.recovery.counts();
    assert_eq!((counts.partial, counts.requests), (0, 10));
}

#[test]
fn an_answer_of_another_session_is_refused() {
    let wrong = Faults { wrong_session: 60, ..good() };
    heals(&[wrong, good()], Some(RecoveryReject::AnswerSession));
}

#[test]
fn an_answer_to_something_else_is_refused() {
    let elsewhere = Faults { elsewhere: 60, ..good() };
    heals(&[elsewhere, good()], Some(RecoveryReject::AnswerUnasked));
}

#[test]
fn of_an_answer_that_goes_beyond_only_what_was_asked_is_taken() {
    // Nothing behind 300 was wanted: the world would say so.
    heals(&[Faults { beyond: 100, ..good() }], Some(RecoveryReject::AnswerUnasked));
}

#[test]
fn a_malformed_answer_is_refused() {
    heals(&[Faults { malformed: 60, ..good() }, good()], Some(RecoveryReject::AnswerMalformed));
}

#[test]
fn an_answer_with_a_message_that_is_none_is_refused() {
    heals(&[Faults { garbles: 60, ..good() }, good()], Some(RecoveryReject::AnswerMessage));
}

#[test]
fn where_two_must_agree_and_one_lies_the_gap_is_refused() {
    let spec = RecoverySpec { agree: 2, ..RecoverySpec::default() };
    let servers = vec![good(), Faults { lies: 100, ..good() }];
    let mut world = World::new(spec, servers, 1);
    world.want(1, 10, 20);
    world.run(u64::MAX);
    assert_eq!(world.gaps[&1].unfillable, Some(Unfillable::Refused));
    assert_eq!((world.filled, world.net.seen.len()), (0, 2));
    assert_eq!(world.recovery.counts().refused(RecoveryReject::AnswerDisagrees), 1);
}

#[test]
fn where_two_must_agree_both_are_asked_once() {
    let spec = RecoverySpec { agree: 2, ..RecoverySpec::default() };
    let mut world = World::new(spec, vec![good(), good()], 1);
    world.want(1, 10, 30);
    world.run(u64::MAX);
    let servers: Vec<u8> = world.net.seen.iter().map(|seen| seen.server).collect();
    assert_eq!((world.filled, servers), (20, vec![0, 1]));
}

#[test]
fn a_heartbeat_and_an_end_of_session_are_no_answers() {
    let beats = Faults { heartbeats: 60, ..good() };
    heals(&[beats, good()], Some(RecoveryReject::AnswerEmpty));
    let ends = Faults { ends: 60, ..good() };
    heals(&[ends, good()], Some(RecoveryReject::AnswerEmpty));
}

#[test]
fn servers_that_only_send_what_was_not_asked_make_the_gap_refused() {
    let wrong = Faults { wrong_session: 100, ..good() };
    let mut world = world(&[wrong]);
    world.want(1, 10, 20);
    world.run(u64::MAX);
    assert_eq!(world.gaps[&1].unfillable, Some(Unfillable::Refused));
}

#[test]
fn what_no_server_keeps_any_more_is_declared_and_the_rest_filled() {
    let window = Faults { oldest: 1_000, ..good() };
    let mut world = world(&[window.clone(), window]);
    world.want(1, 100, 110);
    world.want(2, 2_000, 2_010);
    world.run(u64::MAX);
    assert_eq!(world.gaps[&1].unfillable, Some(Unfillable::NoAnswer));
    assert!(world.gaps[&2].missing.is_empty() && world.gaps[&2].unfillable.is_none());
}

#[test]
fn an_absurd_range_is_one_news_and_no_request() {
    let mut world = world(&[good()]);
    world.want(1, 5, 5 + (1 << 40));
    world.want(2, 1, u64::MAX);
    world.run(u64::MAX);
    assert_eq!(world.gaps[&1].unfillable, Some(Unfillable::TooLarge));
    assert_eq!(world.gaps[&2].unfillable, Some(Unfillable::TooLarge));
    assert!(world.net.seen.is_empty());
}

#[test]
fn a_range_of_nothing_or_of_number_0_is_counted() {
    let mut world = world(&[good()]);
    for (first, end) in [(5, 5), (9, 2), (0, 4)] {
        world.lane.wants.push(Want::Range { gap: 1, session: SESSION, first, end }).unwrap();
    }
    world.run(u64::MAX);
    assert_eq!(world.recovery.counts().absurd, 3);
    assert!(world.net.seen.is_empty());
}

#[test]
fn without_a_server_every_gap_is_unfillable() {
    let mut world = world(&[]);
    world.want(1, 5, 9);
    world.run(u64::MAX);
    assert_eq!(world.gaps[&1].unfillable, Some(Unfillable::NoServer));
}

#[test]
fn gaps_that_lie_close_are_asked_for_at_once_and_only_they_are_handed_over() {
    let mut world = world(&[good()]);
    for gap in 0..10 {
        let at = 100 + u64::from(gap) * 3;
        world.want(gap, at, at + 2);
    }
    world.run(u64::MAX);
    world.assert_all_told();
    assert_eq!((world.net.seen.len(), world.filled), (1, 20));
}

#[test]
fn a_new_session_ends_what_was_wanted() {
    let mut world = world(&[Faults { delay_ns: 10 * MS, ..good() }]);
    world.want(1, 10, 20);
    world.run(BEGIN + MS);
    world.lane.wants.push(Want::Session { session: *b"SIM0000002" }).unwrap();
    world.run(u64::MAX);
    assert_eq!((world.filled, world.net.seen.len()), (0, 1));
    assert_eq!(world.recovery.counts().refused(RecoveryReject::AnswerSession), 1);
}

#[test]
fn a_forgotten_gap_is_not_asked_for_again() {
    let mut world = world(&[Faults { dead: true, ..good() }]);
    world.want(1, 10, 20);
    world.run(BEGIN + MS);
    world.forget(1);
    world.run(u64::MAX);
    assert_eq!(world.net.seen.len(), 1);
    assert_eq!(world.recovery.counts().forgotten, 1);
    assert_eq!(world.recovery.deadline(), u64::MAX);
}

#[test]
fn a_lane_that_does_not_look_loses_nothing() {
    let mut world = World::new(
        RecoverySpec { rate: 0, max_count: 1, ..RecoverySpec::default() },
        vec![good()],
        1,
    );
    // More packets than the queue holds.
    world.want(1, 10, 1_210);
    world.awake = false;
    world.run(BEGIN + 2_000 * MS);
    assert!(world.recovery.counts().fills_waited > 0);
    assert!(world.recovery.counts().requests < 1_200, "no more is asked for than can be taken");
    world.awake = true;
    world.run(u64::MAX);
    world.assert_all_told();
    assert_eq!(world.filled, 1_200);
}

#[test]
fn an_answer_from_nowhere_is_refused() {
    let mut world = world(&[good()]);
    world.recovery.datagram(0, &mold(&SESSION, 1, &messages(1, 2)), BEGIN);
    world.want(1, 10, 20);
    world.poll();
    world.recovery.datagram(9, &mold(&SESSION, 10, &messages(10, 20)), BEGIN);
    ignore(&mut world.recovery, &mut world.net);
    world.run(u64::MAX);
    assert_eq!(world.recovery.counts().refused(RecoveryReject::AnswerUnasked), 1);
    assert_eq!(world.recovery.counts().refused(RecoveryReject::UnknownServer), 1);
    assert_eq!(world.filled, 10);
}

#[test]
fn a_message_longer_than_a_packet_of_the_lane_is_refused() {
    let mut world = world(&[Faults { dead: true, ..good() }]);
    world.want(1, 10, 12);
    world.poll();
    let bytes = mold(&SESSION, 10, &[message(10), vec![7; 1_451]]);
    world.recovery.datagram(0, &bytes, world.net.now);
    world.collect();
    assert_eq!(world.recovery.counts().refused(RecoveryReject::AnswerTooLong), 1);
    assert_eq!(world.filled, 0);
}

#[test]
fn a_large_answer_is_handed_over_in_several_packets() {
    let spec = RecoverySpec { max_count: 1_000, ..RecoverySpec::default() };
    let mut world = World::new(spec, vec![Faults { at_most: 1_000, ..good() }], 1);
    world.want(1, 10, 1_010);
    world.run(u64::MAX);
    assert_eq!((world.filled, world.net.seen.len()), (1_000, 1));
    assert!(world.recovery.counts().fills > 10);
}
