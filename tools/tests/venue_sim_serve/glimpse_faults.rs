//! What a bad snapshot server does, each fault by itself.

use protocol::frame::soupbintcp::SoupReject;
use protocol::venue::nasdaq::glimpse::{EndOfSnapshot, GlimpseReject};
use protocol::venue::nasdaq::{Message, decode};
use tools::venue_sim::serve::books::Books;
use tools::venue_sim::serve::{Connection, GlimpseCounts, Service, SnapshotSource};

use super::reader::{Got, Told, drive, login};
use super::{SESSION, messages, session};

const SECOND: u64 = 1_000_000_000;

fn books() -> Books {
    let file = session(31, 4, 3_000);
    let mut books = Books::new(SESSION);
    messages(&file).iter().take(2_000).for_each(|message| books.apply(message));
    books
}

fn told(faults: &str, seed: u64) -> Told {
    let service = Service { login: None, faults: faults.parse().expect("faults") };
    drive(&service, seed, &books(), &[(0, login())], usize::MAX)
}

fn good() -> Vec<Vec<u8>> {
    told("", 0).messages().iter().map(|message| message.to_vec()).collect()
}

#[test]
fn dead_takes_and_never_answers() {
    let told = told("dead", 1);
    assert!(told.packets.is_empty());
    assert_eq!((told.counts.dead, told.counts.logins, told.closed), (1, 0, u64::MAX));
}

#[test]
fn dead_for_a_while_and_bad_until() {
    for (faults, at, dead, rejected) in [
        ("dead=1:2", 0, 0, 0),
        ("dead=1:2", SECOND, 1, 0),
        ("dead=1:2", 3 * SECOND, 0, 0),
        ("dead,until=5", 5 * SECOND, 0, 0),
        ("reject=1,until=5", 4 * SECOND, 0, 1),
        ("reject=1,until=5", 5 * SECOND, 0, 0),
    ] {
        let service = Service { login: None, faults: faults.parse().expect("faults") };
        let mut connection = Connection::new(&service, 1, at);
        connection.received(&login(), at, &books());
        let length = connection.output(at).len();
        connection.wrote(length, at);
        let counts = connection.counts();
        assert_eq!((counts.dead, counts.rejected_falsely), (dead, rejected), "{faults} at {at}");
        assert_eq!(counts.complete, u64::from(dead + rejected == 0), "{faults} at {at}");
    }
}

#[test]
fn close_and_reject() {
    let told_closed = told("close=1", 1);
    assert!(told_closed.packets.is_empty());
    assert_eq!((told_closed.closed, told_closed.counts.closed), (0, 1));
    let mut reasons = [0; 2];
    for seed in 0..64 {
        let told = told("reject=1", seed);
        let [(0, Got::Rejected(reason))] = told.packets[..] else { panic!("{:?}", told.packets) };
        reasons[usize::from(reason == b'S')] += 1;
        assert_eq!((told.counts.rejected_falsely, told.counts.begun), (1, 0));
    }
    assert!(reasons.iter().all(|count| *count > 10), "both reasons: {reasons:?}");
}

#[test]
fn slow_is_as_slow_as_it_says() {
    let quick = told("", 1);
    let slow = told("slow=4000", 1);
    assert_eq!(slow.messages(), quick.messages());
    let length = quick.bytes - 33;
    let wanted = length * SECOND / 4_000;
    assert!(slow.closed.abs_diff(wanted) < SECOND / 10, "{} for {wanted}", slow.closed);
    assert!(wanted > SECOND, "long enough to see it");
}

#[test]
fn a_stall_is_silent_and_goes_on() {
    let quick = told("", 1);
    for seed in 0..16 {
        let stalled = told("stall=1:4000000", seed);
        assert_eq!(stalled.messages(), quick.messages());
        assert_eq!((stalled.closed, stalled.counts.stalled), (4 * SECOND, 1));
        assert_eq!(stalled.counts.heartbeats, 0, "silent");
        assert!(stalled.packets.iter().all(|(at, _)| *at == 0 || *at == 4 * SECOND));
    }
    // What a slow server would have sent meanwhile waits too.
    let slow = told("stall=1:4000000,slow=4000", 1);
    assert_eq!(slow.messages(), quick.messages());
    assert!(slow.closed >= 4 * SECOND && slow.counts.stalled == 1);
    // Usually longer than a peer may be silent.
    assert_eq!(told("stall=1", 1).closed, 20 * SECOND);
}

#[test]
fn a_cut_snapshot_is_a_part_of_it() {
    let quick = told("", 1);
    let mut bytes = Vec::new();
    for seed in 0..32 {
        let cut = told("cut=1", seed);
        let got = cut.messages();
        assert_eq!(got, quick.messages()[..got.len()]);
        assert!(!cut.others().contains(&Got::End));
        assert_eq!((cut.counts.cut, cut.counts.complete), (1, 0));
        bytes.push(cut.bytes);
    }
    bytes.sort_unstable();
    bytes.dedup();
    assert!(bytes.len() > 20, "somewhere: {bytes:?}");
}

#[test]
fn another_session_is_named() {
    let told = told("session=1", 1);
    let Some((0, Got::Accepted(session, 1))) = told.packets.first() else { panic!("accepted") };
    assert_ne!(*session, SESSION);
    assert_eq!(told.counts.wrong_session, 1);
}

/// Every kind of wrong end occurs, and each is one that a client can see.
#[test]
fn wrong_ends() {
    let good = good();
    let next = books().next();
    let (orders, end) = good.split_at(good.len() - 1);
    let mut kinds = [0; 5];
    for seed in 0..100 {
        let told = told("end=1", seed);
        let got = told.messages();
        assert_eq!(got[..orders.len()], *orders);
        let kind = match got.get(orders.len()).map(|last| EndOfSnapshot::parse(last)) {
            None => 0,
            Some(Err(GlimpseReject::Number)) if got[orders.len()].ends_with(b" 0") => 1,
            Some(Err(GlimpseReject::Number)) => 2,
            Some(Err(GlimpseReject::WrongLength)) => 3,
            Some(Ok(end)) if end.next > next + (1 << 39) => 4,
            other => panic!("{other:?}"),
        };
        kinds[kind] += 1;
        assert_ne!(got.last().map(|last| last.to_vec()), end.first().cloned());
        assert_eq!(told.counts.wrong_end, 1);
    }
    assert!(kinds.iter().all(|count| *count > 5), "{kinds:?}");
}

#[test]
fn a_lie_is_near_the_truth() {
    let (good, next) = (good(), books().next());
    let (mut below, mut above) = (0, 0);
    for seed in 0..64 {
        let told = told("lie=1", seed);
        let (end, rest) =
            told.messages().split_last().map(|(e, r)| (*e, r.to_vec())).expect("an end");
        assert_eq!(rest, good[..good.len() - 1]);
        let end = EndOfSnapshot::parse(end).expect("an end that looks right").next;
        assert!(end != next && end.abs_diff(next) <= 100, "{end} for {next}");
        below += u32::from(end < next);
        above += u32::from(end > next);
        assert_eq!(told.counts.lied, 1);
    }
    assert!(below > 10 && above > 10, "{below} {above}");
}

/// A message that cannot be is seen by whoever looks at locates, references, types and lengths.
#[test]
fn nonsense_is_one_message() {
    let good = good();
    let mut kinds = [0; 5];
    for seed in 0..100 {
        let told = told("nonsense=1", seed);
        let got = told.messages();
        assert_eq!(told.counts.nonsense, 1);
        if got.len() == good.len() + 1 {
            let at = got.iter().zip(&good).position(|(a, b)| a != b).expect("a difference");
            assert_eq!(got[at], got[at - 1], "the same order twice");
            kinds[0] += 1;
            continue;
        }
        assert_eq!(got.len(), good.len());
        let different: Vec<usize> = (0..good.len()).filter(|at| got[*at] != good[*at]).collect();
        let [at] = different[..] else { panic!("{different:?}") };
        kinds[match decode(got[at]) {
            Err(_) if got[at].len() == good[at].len() => 1,
            Err(_) => 2,
            Ok(message) if message.locate() == u16::MAX => 3,
            Ok(Message::AddOrder(add)) if add.side().is_none() => 4,
            Ok(Message::AddOrderAttributed(add)) if add.side().is_none() => 4,
            Ok(other) => panic!("{other:?}"),
        }] += 1;
    }
    assert!(kinds.iter().all(|count| *count > 5), "{kinds:?}");
}

#[test]
fn garbage_breaks_the_stream_or_is_no_known_packet() {
    let good = good();
    let mut reasons = [0; SoupReject::ALL.len()];
    for seed in 0..100 {
        let told = told("garbage=1", seed);
        assert_eq!(told.counts.garbage, 1);
        let complete = told.messages() == good;
        for (_, got) in &told.packets {
            if let Got::Wrong(reason) = got {
                reasons[reason.index()] += 1;
            }
        }
        let wrong = told.packets.iter().any(|(_, got)| matches!(got, Got::Wrong(_)));
        assert!(wrong || !complete, "nobody would see it: seed {seed}");
    }
    for reason in [SoupReject::Empty, SoupReject::TooLong, SoupReject::UnknownType] {
        assert!(reasons[reason.index()] > 5, "{reason}: {reasons:?}");
    }
}

#[test]
fn the_same_seed_does_the_same_and_counts_add_up() {
    let faults =
        "close=0.1,reject=0.1,cut=0.2,end=0.2,garbage=0.1,nonsense=0.2,lie=0.1,stall=0.2:9";
    let mut sum = GlimpseCounts::default();
    for seed in 0..200 {
        let (one, other) = (told(faults, seed), told(faults, seed));
        assert_eq!((one.packets, one.counts), (other.packets, other.counts));
        sum += one.counts;
    }
    assert!(sum.balances());
    assert_eq!(sum.connections, 200);
    assert_eq!(sum.connections, sum.closed + sum.logins);
    assert_eq!(sum.begun, sum.complete + sum.cut);
    for count in [sum.closed, sum.rejected_falsely, sum.cut, sum.stalled, sum.wrong_end, sum.lied] {
        assert!((5..80).contains(&count), "{sum:?}");
    }
}
