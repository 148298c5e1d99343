//! Whatever servers do: every number that was wanted is filled once, or its gap is declared.

use feed::recover::mail::Unfillable;
use feed::recover::{RecoveryReject, RecoverySpec};
use proptest::prelude::*;

use crate::world::{BEGIN, Faults, MS, World};

fn share() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0_u64), 2 => 0..40_u64, 1 => Just(100_u64)]
}

prop_compose! {
    fn faults()(
        dead in prop::bool::weighted(0.15),
        goes_on in any::<bool>(),
        drops in share(),
        (delay_ns, spread_ns) in (0..30 * MS, 0..30 * MS),
        at_most in prop_oneof![Just(0_u64), 1..10_u64],
        duplicates in share(),
        wrong_session in share(),
        (beyond, elsewhere) in (share(), share()),
        malformed in share(),
        (heartbeats, ends, garbles) in (share(), share(), share()),
    ) -> Faults {
        Faults {
            dead, drops, delay_ns, spread_ns, at_most, goes_on, duplicates, wrong_session, beyond,
            elsewhere, malformed, heartbeats, ends, oldest: 0, garbles, lies: 0,
        }
    }
}

prop_compose! {
    fn spec()(
        tries in 1..4_u8,
        rate in prop_oneof![Just(0_u32), 50..5_000_u32],
        burst in 1..40_u32,
        in_flight in 1..20_u8,
        max_count in prop_oneof![1..200_u16, Just(65_535_u16)],
        timeout_ms in 1..40_u64,
        max_request in 50..5_000_u64,
        agree in 1..3_u8,
    ) -> RecoverySpec {
        let timeout_ns = timeout_ms * MS;
        RecoverySpec {
            tries, rate, burst, in_flight, max_count, timeout_ns, max_request, agree,
            ..RecoverySpec::default()
        }
    }
}

/// A gap: numbers taken since the one before, its length, when it is wanted after that, and
/// whether it is forgotten.
type Wanted = (u64, u64, u64, bool);

fn wanted() -> impl Strategy<Value = Vec<Wanted>> {
    let length = prop_oneof![6 => 1..20_u64, 3 => 1..400_u64, 1 => 1..6_000_u64];
    prop::collection::vec((1..100_u64, length, 0..20 * MS, prop::bool::weighted(0.1)), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn every_number_is_filled_or_declared_exactly_once(
        spec in spec(),
        servers in prop::collection::vec(faults(), 1..4),
        wanted in wanted(),
        refuses in share().prop_map(|share| share.min(60)),
        sleepy in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let (rate, burst) = (spec.rate, spec.burst);
        let most = u64::from(spec.max_count.min(65_534));
        let mut world = World::new(spec.clone(), servers, seed);
        world.net.refuses = refuses;
        let (mut at, mut now) = (1, BEGIN);
        for (gap, &(skip, length, wait, forget)) in (0_u32..).zip(&wanted) {
            at += skip;
            world.want(gap, at, at + length);
            at += length;
            now += wait;
            world.awake = !sleepy || gap % 3 == 0;
            world.run(now);
            if forget {
                world.forget(gap);
            }
        }
        world.awake = true;
        world.run(u64::MAX);
        world.assert_all_told();
        world.assert_rate(rate, burst);
        for (gap, state) in &world.gaps {
            let length = wanted[*gap as usize].1;
            let too_large = state.unfillable == Some(Unfillable::TooLarge);
            prop_assert_eq!(too_large, length > spec.max_request);
        }
        for seen in &world.net.seen {
            prop_assert!(seen.count > 0 && u64::from(seen.count) <= most);
            prop_assert!(world.wanted.contains(&seen.first), "{:?}", seen);
        }
        let counts = world.recovery.counts();
        prop_assert_eq!(counts.filled, world.filled);
        prop_assert_eq!(counts.requests, world.net.seen.len() as u64);
        let refused: u64 = counts.refused.iter().sum();
        prop_assert_eq!(refused, counts.refused_all);
        prop_assert!(refused <= 2 * counts.answers);
    }

    /// Servers that lose much, but not all, and lie about nothing: all is filled.
    #[test]
    fn lossy_servers_fill_everything_in_the_end(
        wanted in wanted(),
        drops in 0..40_u64,
        partial in 0..6_u64,
        seed in any::<u64>(),
    ) {
        let spec = RecoverySpec { tries: 40, max_request: 10_000, ..RecoverySpec::default() };
        let server = Faults {
            drops, delay_ns: MS, spread_ns: 3 * MS, at_most: partial, duplicates: 10,
            ..Faults::default()
        };
        let mut world = World::new(spec, vec![server.clone(), server], seed);
        let mut at = 1;
        for (gap, &(skip, length, ..)) in (0_u32..).zip(&wanted) {
            at += skip;
            world.want(gap, at, at + length);
            at += length;
        }
        world.run(u64::MAX);
        let total: u64 = wanted.iter().map(|gap| gap.1).sum();
        prop_assert_eq!(world.filled, total);
        prop_assert_eq!(world.recovery.counts().refused(RecoveryReject::AnswerUnasked), 0);
    }

    /// One server of three lies in every answer: what two say is believed, and no lie is (the world
    /// compares every message that is handed over).
    #[test]
    fn a_liar_among_three_is_outvoted(
        wanted in wanted(),
        drops in 0..30_u64,
        at_most in 0..9_u64,
        liar in 0..3_usize,
        seed in any::<u64>(),
    ) {
        let spec =
            RecoverySpec { tries: 60, agree: 2, max_request: 10_000, ..RecoverySpec::default() };
        let good = Faults { drops, at_most, delay_ns: MS, spread_ns: 3 * MS, ..Faults::default() };
        let mut servers = vec![good.clone(), good.clone(), good.clone()];
        servers[liar] = Faults { lies: 100, ..good };
        let mut world = World::new(spec, servers, seed);
        let mut at = 1;
        for (gap, &(skip, length, ..)) in (0_u32..).zip(&wanted) {
            at += skip;
            world.want(gap, at, at + length);
            at += length;
        }
        world.run(u64::MAX);
        let total: u64 = wanted.iter().map(|gap| gap.1).sum();
        prop_assert_eq!(world.filled, total);
    }
}
