//! What a bad re-request server does, each fault by itself.

use std::collections::BTreeSet;

use protocol::frame::moldudp64::{MoldKind, MoldPacket, MoldReject};
use protocol::venue::nasdaq::decode;
use tools::venue_sim::serve::{Delayed, History, RetransmitCounts, Retransmitter};

use super::retransmit::{ask, contents, request};
use super::{SESSION, history, messages, session};

const SECOND: u64 = 1_000_000_000;

fn recorded() -> History {
    let file = session(51, 3, 5_000);
    history(&messages(&file))
}

fn bad(faults: &str, seed: u64) -> Retransmitter {
    Retransmitter::new(faults.parse().expect("faults"), seed)
}

/// Many requests, one after the other, each 1 ms after the one before; their answers.
fn answers(server: &mut Retransmitter, history: &History) -> Vec<(u64, Vec<Delayed<u8>>)> {
    let range = 1..400;
    let answers = range.map(|k| {
        let first = 1 + k * 11;
        (first, ask(server, history, &request(first, 10), k * 1_000_000))
    });
    let answers = answers.collect();
    assert!(server.counts().balances(), "{:?}", server.counts());
    answers
}

fn is_share(part: u64, of: u64, probability: f64) -> bool {
    let wanted = of as f64 * probability;
    // Five standard deviations and a little.
    (part as f64 - wanted).abs() < 5.0 * (wanted * (1.0 - probability)).sqrt() + 1.0
}

#[test]
fn dead_and_bad_until() {
    let history = recorded();
    let mut server = bad("dead=1:2,drop=1,until=5", 1);
    let at = |server: &mut Retransmitter, now| {
        let answered = !ask(server, &history, &request(5, 5), now).is_empty();
        (answered, server.counts().dead)
    };
    assert_eq!(at(&mut server, SECOND - 1), (false, 0), "lost");
    assert_eq!(at(&mut server, SECOND), (false, 1));
    assert_eq!(at(&mut server, 3 * SECOND - 1), (false, 2));
    assert_eq!(at(&mut server, 3 * SECOND), (false, 2), "lost");
    assert_eq!(at(&mut server, 5 * SECOND), (true, 2));
    let mut server = bad("dead", 1);
    assert!(answers(&mut server, &history).iter().all(|(_, out)| out.is_empty()));
    assert_eq!(server.counts().dead, 399);
}

#[test]
fn every_n_th_and_quota() {
    let history = recorded();
    let mut server = bad("every=4", 1);
    let answered: Vec<bool> =
        answers(&mut server, &history).iter().map(|(_, out)| !out.is_empty()).collect();
    let wanted: Vec<bool> = (1..400).map(|k| k % 4 == 0).collect();
    assert_eq!(answered, wanted);
    assert_eq!((server.counts().ignored, server.counts().answered), (300, 99));

    let mut server = bad("quota=3", 1);
    let mut answered = Vec::new();
    for now in [0, 1, 2, 3, SECOND - 1, SECOND, 2 * SECOND - 1, 2 * SECOND - 1, 2 * SECOND - 1] {
        answered.push(!ask(&mut server, &history, &request(5, 5), now).is_empty());
    }
    assert_eq!(answered, [true, true, true, false, false, true, true, true, false]);
    assert_eq!(server.counts().over_quota, 3);
}

#[test]
fn delay_jitter_and_late() {
    let history = recorded();
    let mut server = bad("delay=200", 1);
    for (index, (_, out)) in answers(&mut server, &history).iter().enumerate() {
        let asked = (index as u64 + 1) * 1_000_000;
        assert!(out.iter().all(|datagram| datagram.at == asked + 200_000));
    }
    let mut server = bad("delay=200,jitter=50,late=0.25:7000", 1);
    let mut late = 0;
    for (index, (_, out)) in answers(&mut server, &history).iter().enumerate() {
        for datagram in out {
            let after = datagram.at - (index as u64 + 1) * 1_000_000;
            late += u64::from(after >= 7_000_000);
            let after = after % 7_000_000;
            assert!((200_000..=250_000).contains(&after), "{after}");
        }
    }
    assert_eq!(late, server.counts().late);
    assert!(is_share(late, server.counts().packets, 0.25), "{late}");
}

#[test]
fn drop_and_duplicate() {
    let history = recorded();
    let mut server = bad("drop=0.2,duplicate=0.3", 1);
    let mut datagrams = 0;
    for (first, out) in answers(&mut server, &history) {
        datagrams += out.len() as u64;
        let numbers = contents(&out);
        assert!(numbers.is_empty() || numbers.keys().copied().eq(first..first + 10));
    }
    let counts = *server.counts();
    assert_eq!(counts.packets, datagrams);
    assert_eq!(counts.packets - counts.duplicated + counts.lost, 399, "one datagram an answer");
    assert!(is_share(counts.lost, 399, 0.2) && is_share(counts.duplicated, 399 - counts.lost, 0.3));
}

#[test]
fn partial_answers_are_the_first_messages() {
    let history = recorded();
    let mut server = bad("partial=0.5", 1);
    let mut partial = 0;
    for (first, out) in answers(&mut server, &history) {
        let numbers = contents(&out);
        let count = numbers.len() as u64;
        assert!(count > 0 && numbers.keys().copied().eq(first..first + count));
        partial += u64::from(count < 10);
    }
    assert_eq!(partial, server.counts().partial);
    // Of those drawn, one in nine keeps nine; none keeps all ten.
    assert!(is_share(partial, 399, 0.5), "{partial}");
    let mut server = bad("packets=2", 1);
    let out = ask(&mut server, &history, &request(1, 500), 0);
    assert_eq!((out.len(), server.counts().partial), (2, 1));
    let numbers = contents(&out);
    assert!(numbers.keys().copied().eq(1..1 + numbers.len() as u64) && numbers.len() > 20);
}

#[test]
fn another_session_and_another_range() {
    let history = recorded();
    let mut server = bad("session=0.5", 1);
    let mut wrong = 0;
    for (_, out) in answers(&mut server, &history) {
        for datagram in &out {
            let session = MoldPacket::parse(&datagram.bytes).expect("a packet").session;
            wrong += u64::from(session != SESSION);
        }
    }
    assert_eq!(wrong, server.counts().wrong_session);
    assert!(is_share(wrong, 399, 0.5), "{wrong}");

    let mut server = bad("range=0.5", 1);
    let mut wrong = 0;
    for (first, out) in answers(&mut server, &history) {
        let numbers = contents(&out);
        wrong += u64::from(!numbers.keys().copied().eq(first..first + 10));
        let truth = |number: &u64| history.get(*number).map(<[u8]>::to_vec);
        assert!(numbers.iter().all(|(number, message)| truth(number).as_ref() == Some(message)));
    }
    assert_eq!(wrong, server.counts().wrong_range);
    assert!(is_share(wrong, 399, 0.5), "{wrong}");
}

#[test]
fn garbled_messages_are_none_and_lies_are_others() {
    let history = recorded();
    let mut server = bad("garble=0.1,lie=0.1", 1);
    let (mut garbled, mut lied, mut sent) = (0, BTreeSet::new(), 0);
    for (_, out) in answers(&mut server, &history) {
        for (number, message) in contents(&out) {
            sent += 1;
            let truth = history.get(number).expect("a message") == message;
            if decode(&message).is_err() {
                garbled += 1;
            } else if !truth {
                lied.insert(number);
            }
        }
    }
    assert_eq!(garbled, server.counts().garbled);
    assert_eq!((&lied, lied.len() as u64), (server.lied(), server.counts().lied));
    assert!(is_share(garbled, sent, 0.1) && is_share(lied.len() as u64, sent, 0.09));
}

/// Every absurd answer occurs, and each is refused or carries nothing.
#[test]
fn absurd_answers() {
    let history = recorded();
    let mut server = bad("absurd=1", 1);
    let (mut refused, mut idle, mut ended) = (0, 0, 0);
    let mut reasons = [0; MoldReject::ALL.len()];
    for (_, out) in answers(&mut server, &history) {
        assert_eq!(out.len(), 1);
        match MoldPacket::parse(&out[0].bytes).map(|packet| packet.kind) {
            Ok(MoldKind::Heartbeat) => idle += 1,
            Ok(MoldKind::EndOfSession) => ended += 1,
            Ok(MoldKind::Data(_)) => panic!("that is an answer"),
            Err(reason) => {
                refused += 1;
                reasons[reason.index()] += 1;
            }
        }
    }
    assert_eq!((server.counts().absurd, server.counts().messages), (399, 0));
    assert!(idle > 20 && ended > 20 && refused > 200, "{idle} {ended} {refused}");
    assert!(reasons.iter().all(|count| *count > 5), "{reasons:?}");
}

/// A fault more changes nothing about what the others do.
#[test]
fn faults_are_drawn_apart() {
    let history = recorded();
    let lost = |faults: &str| -> Vec<bool> {
        let mut server = bad(faults, 9);
        answers(&mut server, &history).iter().map(|(_, out)| out.is_empty()).collect()
    };
    let alone = lost("drop=0.3");
    for faults in ["duplicate=1", "late=0.5", "garble=0.5", "partial=0.5", "session=0.5", "lie=0.5"]
    {
        assert_eq!(lost(&format!("drop=0.3,{faults}")), alone, "{faults}");
    }
}

#[test]
fn the_same_seed_does_the_same() {
    let history = recorded();
    let faults = "drop=0.1,duplicate=0.1,late=0.1,jitter=100,partial=0.1,session=0.1,range=0.1,\
                  garble=0.05,lie=0.05,absurd=0.1,every=2";
    let run = |seed| {
        let mut server = bad(faults, seed);
        let answers = answers(&mut server, &history);
        (answers, *server.counts())
    };
    assert!(run(3) == run(3));
    assert!(run(3) != run(4));
    let counts: RetransmitCounts = run(3).1;
    assert_eq!(counts.answered, 199);
    for count in [counts.lost, counts.duplicated, counts.late, counts.partial, counts.absurd] {
        assert!(count > 3, "{counts:?}");
    }
}
