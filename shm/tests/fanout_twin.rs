//! Random lives of a fan-out and its consumers. Whatever happens: what was sent to a seat is what
//! it got plus what it was told it lost, steps are whole, and after the dust has settled every
//! book is the producer's.
#![cfg(not(loom))]

mod market;

use market::{Market, Player, STREAM};
use proptest::prelude::*;
use shm::seat::{Filter, Policy};

const INSTRUMENTS: usize = 70;

#[derive(Clone, Debug)]
enum Op {
    /// A step of so many records, the numbers chosen by the seed.
    Step(u16, u64),
    Poll(bool),
    Take(usize, u16),
    Filter(usize, u64),
    Resync(usize),
    Leave(usize, u64),
    Kill(usize, u64),
    Heal(u32),
    /// Books of so many records more, and whether they are written whole or in parts.
    Books(u64, bool),
}

fn op() -> impl Strategy<Value = Op> {
    let seat = 0_usize..3;
    prop_oneof![
        8 => (0_u16..12, any::<u64>()).prop_map(|(n, seed)| Op::Step(n, seed)),
        1 => (100_u16..4_096, any::<u64>()).prop_map(|(n, seed)| Op::Step(n, seed)),
        6 => any::<bool>().prop_map(Op::Poll),
        8 => (seat.clone(), 0_u16..40).prop_map(|(seat, n)| Op::Take(seat, n)),
        1 => (seat.clone(), any::<u64>()).prop_map(|(seat, seed)| Op::Filter(seat, seed)),
        1 => seat.clone().prop_map(Op::Resync),
        1 => (seat.clone(), any::<u64>()).prop_map(|(seat, seed)| Op::Leave(seat, seed)),
        1 => (seat, any::<u64>()).prop_map(|(seat, seed)| Op::Kill(seat, seed)),
        1 => (0_u32..80).prop_map(Op::Heal),
        1 => (0_u64..11, any::<bool>()).prop_map(|(padding, whole)| Op::Books(padding, whole)),
    ]
}

/// A small generator that belongs to the test: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

fn filter(seed: u64) -> Filter {
    let mut numbers = Numbers(seed);
    let policy = if numbers.below(3) == 0 { Policy::Conflate } else { Policy::Lose };
    let mut classes = (numbers.below(62) as u8 + 2) & 0x3e;
    if policy == Policy::Conflate {
        classes &= !0b110;
    }
    classes = if classes == 0 { 1 << market::TRADES } else { classes };
    let filter = if numbers.below(3) == 0 {
        Filter::all(classes)
    } else {
        let few = numbers.below(INSTRUMENTS as u64);
        let chosen: Vec<u32> =
            (0..few).map(|_| numbers.below(INSTRUMENTS as u64 + 5) as u32).collect();
        Filter::of(classes, chosen)
    };
    filter.policy(policy).depth(numbers.below(2) as u16)
}

/// Takes what is there, polls idle, until nothing is pending any more.
fn settle(market: &mut Market, players: &mut [Player]) {
    for _ in 0..20_000 {
        market.poll(true);
        let mut quiet = market.fanout.silent() == 0;
        for player in players.iter_mut() {
            quiet &= player.take(usize::MAX);
            quiet &= market.fanout.refreshes_pending(player.seat) == 0;
        }
        if quiet {
            return;
        }
    }
    panic!("the refreshes do not end");
}

/// A resync or a changed filter ends exact accounting (the skipped records are the consumer's own
/// doing), so what they skip is given to the consumer's side of the account.
struct Life {
    player: Player,
    exact: bool,
}

fn replace(market: &mut Market, lives: &mut Vec<Life>, seat: usize, nonce: u32, seed: u64) {
    let player = market.claim(seat, nonce, filter(seed));
    lives.insert(seat, Life { player, exact: true });
    market.poll(false);
    lives[seat].player.take(0);
}

fn run(ops: Vec<Op>, seeds: [u64; 3]) {
    let mut market = Market::new(INSTRUMENTS, &[16, 256, 8_192], false);
    let mut lives: Vec<Life> = (0..3)
        .map(|seat| Life { player: market.join(seat, 1, filter(seeds[seat])), exact: true })
        .collect();
    let mut nonce = 1;
    for op in ops {
        nonce += 1;
        match op {
            Op::Step(records, seed) => {
                let mut numbers = Numbers(seed);
                for _ in 0..records {
                    let class = numbers.below(6) as u8;
                    let whole = class == STREAM && numbers.below(2) == 0;
                    let at = if whole { 0 } else { 1 + numbers.below(INSTRUMENTS as u64 - 1) };
                    market.push(class, at as u32, numbers.next());
                }
                market.end_step();
            }
            Op::Poll(idle) => {
                market.poll(idle);
            }
            Op::Take(seat, most) => {
                lives[seat].player.take(usize::from(most));
            }
            Op::Filter(seat, seed) => lives[seat].player.consumer.set_filter(filter(seed)),
            Op::Resync(seat) => {
                let life = &mut lives[seat];
                let skipped = life.player.consumer.resync();
                life.player.skipped += skipped;
                life.exact &= skipped == 0;
                life.player.forget_refresh();
            }
            Op::Leave(seat, seed) => {
                lives.remove(seat);
                replace(&mut market, &mut lives, seat, nonce, seed);
            }
            Op::Kill(seat, seed) => {
                assert!(market.fanout.kill_seat(seat));
                assert!(!market.fanout.kill_seat(seat));
                // The dead one's memory goes when its successor is already there.
                let dead = lives.remove(seat);
                replace(&mut market, &mut lives, seat, nonce, seed);
                drop(dead);
            }
            Op::Heal(instrument) => {
                market.fanout.request_refresh(instrument, 0xff);
            }
            Op::Books(padding, whole) => {
                (market.books.padding, market.books.whole) = (padding, whole);
            }
        }
    }
    let (mut players, exact): (Vec<_>, Vec<_>) =
        lives.into_iter().map(|life| (life.player, life.exact)).unzip();
    settle(&mut market, &mut players);
    for (player, exact) in players.iter().zip(exact) {
        player.check_books(&market);
        if exact {
            player.check_against(&market);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn sent_is_got_plus_declared(
        ops in prop::collection::vec(op(), 1..250),
        seeds in any::<[u64; 3]>(),
    ) {
        run(ops, seeds);
    }
}
