//! Nature: what is not live says so, and a session's name can only make it less.

use feed::lane::LaneConfig;
use wire::{Kind, Nature};

use crate::common::packets::{SESSION, give, mold};
use crate::common::{self, Sizes, itch};

/// Nature of all records of a session of this name.
fn said(configured: Nature, session: &[u8; 10]) -> Nature {
    let config = LaneConfig { nature: configured, ..common::config() };
    let mut lane = common::lane_with(config, Sizes::default());
    give(&mut lane, &mold(session, 2, &[itch::bid(1, 1, 1, 1)]), 1);
    let kinds = lane.publisher.outlet.kinds();
    assert_eq!(kinds[..2], [Kind::Session, Kind::GapBegin]);
    let natures = lane.publisher.outlet.records.iter().map(|r| r.quality.nature());
    let natures: Vec<Nature> = natures.map(|n| n.expect("a nature")).collect();
    assert!(natures.iter().all(|&n| n == natures[0]), "{natures:?}");
    natures[0]
}

#[test]
fn the_name_of_a_session_only_takes_away() {
    use Nature::{Live, Recorded, Simulated};
    for configured in [Live, Recorded, Simulated] {
        assert_eq!(said(configured, SESSION), configured);
        assert_eq!(said(configured, b"SIM2001301"), Simulated);
    }
    assert_eq!(said(Live, b"REC2001301"), Recorded);
    assert_eq!(said(Recorded, b"REC2001301"), Recorded);
    assert_eq!(said(Simulated, b"REC2001301"), Simulated);
    // Only a name that begins so, and only in capitals.
    for name in [b"0000000SIM", b"sim2001301", b" REC200130"] {
        assert_eq!(said(Live, name), Live);
    }
}

#[test]
fn nature_follows_the_session() {
    let mut lane = common::lane();
    let mut natures = Vec::new();
    for name in [SESSION, b"SIM0000001", b"0000000003"] {
        lane.publisher.outlet.take();
        give(&mut lane, &mold(name, 1, &[itch::bid(1, 1, 1, 1)]), 1);
        let last = lane.publisher.outlet.records.last().map(|r| r.quality.nature());
        natures.push(last.expect("a record"));
        lane.flush_images();
        assert_eq!(Some(lane.publisher.outlet.images[&1].quality.nature()), last);
    }
    assert_eq!(natures, [Some(Nature::Live), Some(Nature::Simulated), Some(Nature::Live)]);
}
