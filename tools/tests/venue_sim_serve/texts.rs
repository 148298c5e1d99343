//! The texts of faults: what is read, and what is refused with the part.

use tools::venue_sim::serve::{GlimpseFaults, RetransmitFaults};

#[test]
fn a_re_request_servers_faults_are_read() {
    let text = "dead=1:2.5, dead,every=3,quota=10,delay=5,jitter=6,late=1%:7,drop=0.5,duplicate=1,\
                packets=2,partial=0.25,session=0.1,range=0.1,garble=0.1,lie=0.1,absurd=0.1,until=9.5";
    let faults: RetransmitFaults = text.parse().expect("faults");
    let windows: Vec<(u64, u64)> = faults.dead.iter().map(|w| (w.from, w.end)).collect();
    assert_eq!(windows, [(1_000_000_000, 3_500_000_000), (0, u64::MAX)]);
    assert_eq!((faults.every, faults.quota, faults.packets), (3, Some(10), 2));
    let times = [faults.delay_ns, faults.jitter_ns, faults.late_ns, faults.until];
    assert_eq!(times, [5_000, 6_000, 7_000, 9_500_000_000]);
    assert_eq!(faults.text, text);
    for chance in [faults.late, faults.drop, faults.duplicate, faults.partial, faults.session] {
        assert_ne!(chance, RetransmitFaults::default().late);
    }
    for chance in [faults.range, faults.garble, faults.lie, faults.absurd] {
        assert_ne!(chance, RetransmitFaults::default().late);
    }
    assert_eq!("".parse(), Ok(RetransmitFaults::default()));
    let usual: RetransmitFaults = "late=0.5".parse().expect("faults");
    assert_eq!(usual.late_ns, 500_000_000);
}

#[test]
fn a_snapshot_servers_faults_are_read() {
    let text = "dead=0:1,close=1,reject=1,think=5,slow=6,stall=1:7,cut=1,session=1,end=1,garbage=1,\
                nonsense=1,lie=1,until=2";
    let faults: GlimpseFaults = text.parse().expect("faults");
    assert_eq!((faults.think_ns, faults.slow, faults.stall_ns), (5_000, Some(6), 7_000));
    assert_eq!((faults.dead.len(), faults.until), (1, 2_000_000_000));
    let never = GlimpseFaults::default().cut;
    for chance in [faults.close, faults.reject, faults.stall, faults.cut, faults.session] {
        assert_ne!(chance, never);
    }
    for chance in [faults.end, faults.garbage, faults.nonsense, faults.lie] {
        assert_ne!(chance, never);
    }
    assert_eq!("".parse(), Ok(GlimpseFaults::default()));
}

#[test]
fn what_is_no_fault_is_refused_with_the_part() {
    for (text, why) in [
        ("loss=0.1", "loss=0.1: no such fault; there are dead, every"),
        ("drop", "drop: \"\" is no probability"),
        ("drop=2", "no probability from 0 to 1"),
        ("drop=NaN", "no probability"),
        ("every=0", "every=0: give a whole number from 1 on"),
        ("quota", "quota: give a whole number"),
        ("delay=60000001", "from 0 to 60000000"),
        ("late=0.1:x", "microseconds"),
        ("dead=1", "for example 2.0:1.0"),
        ("dead=-1:1", "for example 2.0:1.0"),
        ("until", "until: give seconds"),
        ("until=1e20", "give seconds"),
    ] {
        let error = text.parse::<RetransmitFaults>().expect_err(text);
        assert!(error.contains(why), "{text}: {error}");
    }
    let error = "drop=1".parse::<GlimpseFaults>().expect_err("no such fault");
    assert!(error.contains("there are dead, close"), "{error}");
}
