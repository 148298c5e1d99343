//! The text form of chaos: what is written is read, and what is wrong is said.

use feed::net::chaos::{Chance, ChaosSpec};
use proptest::prelude::*;

#[test]
fn every_part_is_read() {
    let text = "seed=7, drop=0.01,burst=0.1%x1000,duplicate=2%,reorder=0.01x8,corrupt=0.001x3,\
                delay=50us..2ms,lines=A+3";
    let spec: ChaosSpec = text.parse().expect("it is right");
    let want = ChaosSpec {
        seed: 7,
        drop: 0.01,
        burst: Chance { probability: 0.001, most: 1_000 },
        duplicate: 0.02,
        reorder: Chance { probability: 0.01, most: 8 },
        corrupt: Chance { probability: 0.001, most: 3 },
        delay_ns: (50_000, 2_000_000),
        lines: vec![1, 3],
    };
    assert_eq!(spec, want);
    assert_eq!("".parse::<ChaosSpec>().expect("nothing"), ChaosSpec::default());
    assert!(ChaosSpec::default().is_nothing() && !spec.is_nothing());
    let fixed: ChaosSpec = "delay=3ns".parse().expect("one time");
    assert_eq!(fixed.delay_ns, (3, 3));
}

#[test]
fn what_is_wrong_is_said_with_what_is_right() {
    for (text, hint) in [
        ("drop", "drop=0.01"),
        ("drop=1.5", "0 to 1"),
        ("drop=-0.1", "0 to 1"),
        ("drop=nan", "0 to 1"),
        ("drop=101%", "0% to 100%"),
        ("drop=0.1,drop=0.2", "only once"),
        ("burst=0.1", "0.01x8"),
        ("burst=0.1x1001", "1 to 1000"),
        ("burst=0.1x0", "1 to 1000"),
        ("corrupt=0.1x65", "1 to 64"),
        ("reorder=x5", "0 to 1"),
        ("delay=5", "unit"),
        ("delay=2ms..1ms", "range"),
        ("delay=11s", "10s"),
        ("delay=99999999999999999999s", "10s"),
        ("lines=P", "A to O"),
        ("lines=0", "from 1"),
        ("lines=", "A+B"),
        ("seed=-1", "seed=7"),
        ("dorp=0.1", "seed, drop, burst"),
    ] {
        let error = text.parse::<ChaosSpec>().expect_err(text).to_string();
        assert!(error.contains(hint) && !error.contains('\n'), "{text}: {error}");
        assert!(error.starts_with(text), "{text}: {error}");
    }
}

prop_compose! {
    fn chance(limit: u32)(probability in 0.000_1..=1.0f64, most in 1..=limit, on: bool) -> Chance {
        if on { Chance { probability, most } } else { Chance::default() }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        seed: u64,
        drop in 0.0..=1.0f64,
        duplicate in 0.0..=1.0f64,
        burst in chance(1_000),
        reorder in chance(1_000),
        corrupt in chance(64),
        delay in (0..=10_000_000_000u64, 0..=10_000_000_000u64),
        lines in proptest::collection::vec(1..=15u8, 0..4),
    ) {
        let delay_ns = (delay.0.min(delay.1), delay.0.max(delay.1));
        let spec = ChaosSpec { seed, drop, burst, duplicate, reorder, corrupt, delay_ns, lines };
        let text = spec.to_string();
        prop_assert_eq!(text.parse::<ChaosSpec>().map_err(|e| e.to_string()), Ok(spec), "{}", text);
    }

    #[test]
    fn no_text_breaks_it(text in "[a-z0-9=,.x%+]{0,40}") {
        let _ = text.parse::<ChaosSpec>();
    }
}
