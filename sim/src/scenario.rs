//! What a seed draws: market, lines, lane, consumers, and when the faults stop.

use shm::seat::Policy;
use wire::Class;

use crate::consumer::SeatSpec;
use crate::line::{LineSpec, MESSAGES_MAX};
use crate::market::Style;
use crate::outlet::SEATS;
use crate::random::Random;
use crate::servers::{self, RecoveryDraw};

/// Midnight of the trading day, ns UTC: 2020-01-30 in New York.
pub const MIDNIGHT_NS: u64 = 1_580_360_400_000_000_000;
/// Its date.
pub const DATE: u32 = 20_200_130;
/// When runs begin: 09:30.
pub const START_NS: u64 = MIDNIGHT_NS + 34_200_000_000_000;

const MS: u64 = 1_000_000;

/// A stretch of time with one rate.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// Messages.
    pub messages: u64,
    /// Time between two of them, ns.
    pub apart_ns: u64,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed that it was drawn from.
    pub seed: u64,
    /// The market.
    pub style: Style,
    /// Rates.
    pub phases: Vec<Phase>,
    /// Time between heartbeats of an idle venue.
    pub heartbeat_ns: u64,
    /// How long the lane waits at a hole.
    pub hold_ns: u64,
    /// Silence after which a line is down: two heartbeats.
    pub line_timeout_ns: u64,
    /// Lines A and B.
    pub lines: [LineSpec; 2],
    /// Before which of the phases a new session begins.
    pub sessions: Vec<usize>,
    /// Before which phase numbers jump, and by how much.
    pub jump: Option<(usize, u64)>,
    /// Size of each seat's ring.
    pub ring: usize,
    /// Consumers.
    pub seats: Vec<SeatSpec>,
    /// Recovery; `None`: what is declared stays missing.
    pub recovery: Option<RecoveryDraw>,
    /// Packets that a poll is given at most.
    pub burst: usize,
    /// Time between two polls while there is something to do.
    pub busy_poll_ns: u64,
    /// Time between two polls while there is not.
    pub idle_poll_ns: u64,
    /// When the faults stop: so many phases from the beginning.
    pub faulty_phases: usize,
}

fn line(number: u8, heartbeat_ns: u64, random: &mut Random) -> LineSpec {
    let calm = random.chance(0.15);
    let reorder = random.pick(&[0, 0, 30_000, 400_000, 4 * MS]);
    let skew = random.pick(&[0, 0, 20_000, 300_000, 5 * MS, 50 * MS]);
    let dead = random.chance(0.25).then(|| {
        let from = START_NS + random.below(heartbeat_ns * 4);
        (from, from + random.between(heartbeat_ns / 2, heartbeat_ns * 6))
    });
    let burst_most = random.pick(&[10, 100, 1_000]);
    LineSpec {
        most: random.pick(&[1, 1, 2, 4, 12, MESSAGES_MAX]),
        loss: if calm { 0.0 } else { random.pick(&[0.0001, 0.001, 0.01, 0.02, 0.05]) },
        burst: (random.pick(&[0.0, 0.0, 0.000_5, 0.003]), burst_most),
        duplicate: random.pick(&[0.0, 0.01, 0.1]),
        reorder: (if reorder == 0 { 0.0 } else { random.pick(&[0.01, 0.1]) }, reorder),
        corrupt: random.pick(&[0.0, 0.0, 0.005, 0.03]),
        truncate: random.pick(&[0.0, 0.0, 0.01]),
        skew_ns: 5_000 + if number == 2 { skew } else { 0 },
        jitter_ns: random.pick(&[1, 2_000, 100_000]),
        dead,
    }
}

fn some_instruments(stocks: u16, random: &mut Random) -> Vec<u32> {
    let all = 1..=u32::from(stocks);
    match random.below(3) {
        0 => Vec::new(),
        _ => all.filter(|_| random.chance(0.5)).chain([1]).collect(),
    }
}

fn seat(number: usize, stocks: u16, end: u64, random: &mut Random) -> SeatSpec {
    let (orders, levels, top) = (Class::Orders.bit(), Class::Levels.bit(), Class::Top.bit());
    let rest = Class::Trades.bit() | Class::Reference.bit();
    // The first seat takes everything and keeps up, so that every run has one complete reader.
    let policy = match number {
        0 => Policy::Lose,
        _ => random.pick(&[Policy::Lose, Policy::Lose, Policy::Conflate, Policy::Detach]),
    };
    let classes = match (number, policy) {
        (0, _) => orders | levels | top | rest,
        (_, Policy::Conflate) => top | random.pick(&[0, rest]),
        _ => random.pick(&[orders, levels, top, orders | rest, levels | rest, orders | top | rest]),
    };
    let when = |random: &mut Random| START_NS + random.below(end - START_NS);
    let joins = if number < 2 { START_NS } else { when(random) };
    let slow = number > 0 && random.chance(0.3);
    let stops = (number > 0 && random.chance(0.3)).then(|| {
        let from = when(random);
        (from, from + random.between(MS, 400 * MS))
    });
    let changes = if number > 1 && random.chance(0.4) {
        let mut at: Vec<u64> = (0..1 + random.below(3)).map(|_| when(random)).collect();
        at.sort_unstable();
        at.into_iter().map(|at| (at, some_instruments(stocks, random))).collect()
    } else {
        Vec::new()
    };
    let framed = classes & (orders | levels) != 0 && classes & orders == 0;
    SeatSpec {
        classes,
        depth: if framed { random.pick(&[0, 0, 5]) } else { 0 },
        policy,
        instruments: if number == 0 { Vec::new() } else { some_instruments(stocks, random) },
        joins,
        every_ns: if slow { random.between(MS, 20 * MS) } else { random.between(5_000, 400_000) },
        batch: if slow { random.pick(&[16, 64, 256]) } else { 4_096 },
        stops,
        dies: (number > 1 && random.chance(0.25)).then(|| when(random)),
        changes,
        resyncs: (number > 0 && random.chance(0.1)).then(|| when(random)),
    }
}

impl Scenario {
    /// The run of a seed.
    pub fn draw(seed: u64) -> Scenario {
        let mut random = Random::new(seed, 0);
        let random = &mut random;
        let heartbeat_ns = random.pick(&[20 * MS, 100 * MS, 1_000 * MS]);
        let stocks = random.pick(&[1, 3, 8, 24]);
        let style = Style {
            stocks,
            resting: random.pick(&[30, 150, 400]),
            prices: random.pick(&[3, 20, 60]),
            listed: 1 + random.below(u64::from(stocks)) as u16,
        };
        let count = 3 + random.below(4) as usize;
        let total = random.pick(&[600, 1_500, 3_000]);
        let phase = |random: &mut Random| Phase {
            messages: 1 + random.below(2 * total / count as u64),
            apart_ns: random.pick(&[1_000, 10_000, 10_000, 100_000, MS, heartbeat_ns / 20]),
        };
        let phases: Vec<Phase> = (0..count).map(|_| phase(random)).collect();
        let end = START_NS + phases.iter().map(|p| p.messages * p.apart_ns).sum::<u64>();
        let lines = [line(1, heartbeat_ns, random), line(2, heartbeat_ns, random)];
        let sessions = (1..count).filter(|_| random.chance(0.12)).collect();
        let jump =
            random.chance(0.08).then(|| (1 + random.below(count as u64 - 1) as usize, 1 << 40));
        let hold_ns = random.pick(&[200_000, MS, MS, 5 * MS]);
        let seats = (0..SEATS).map(|number| seat(number, stocks, end, random)).collect();
        Scenario {
            seed,
            style,
            phases,
            heartbeat_ns,
            hold_ns,
            line_timeout_ns: 2 * heartbeat_ns,
            lines,
            sessions,
            jump,
            ring: random.pick(&[2_048, 4_096, 16_384]),
            seats,
            recovery: servers::draw(&mut Random::new(seed, 2)),
            burst: random.pick(&[1, 4, 32]),
            busy_poll_ns: hold_ns / random.pick(&[100, 50, 20]),
            idle_poll_ns: random.pick(&[500_000, MS, 2 * MS]),
            faulty_phases: count - 1,
        }
    }
}

impl Scenario {
    /// A run without any fault, to which a test adds its own: 2,000 messages on two good lines,
    /// 10 us apart, a consumer that takes everything, servers that answer.
    pub fn calm(seed: u64) -> Scenario {
        let good = LineSpec {
            most: 2,
            loss: 0.0,
            burst: (0.0, 0),
            duplicate: 0.0,
            reorder: (0.0, 0),
            corrupt: 0.0,
            truncate: 0.0,
            skew_ns: 5_000,
            jitter_ns: 1,
            dead: None,
        };
        let every = SeatSpec {
            classes: Class::BOOK | Class::Trades.bit() | Class::Reference.bit(),
            depth: 0,
            policy: Policy::Lose,
            instruments: Vec::new(),
            joins: START_NS,
            every_ns: 20_000,
            batch: usize::MAX,
            stops: None,
            dies: None,
            changes: Vec::new(),
            resyncs: None,
        };
        Scenario {
            seed,
            style: Style { stocks: 8, resting: 150, prices: 20, listed: 8 },
            phases: vec![Phase { messages: 1_000, apart_ns: 10_000 }; 2],
            heartbeat_ns: 20 * MS,
            hold_ns: MS,
            line_timeout_ns: 40 * MS,
            lines: [good.clone(), good],
            sessions: Vec::new(),
            jump: None,
            ring: 16_384,
            seats: vec![every],
            recovery: Some(servers::good()),
            burst: 32,
            busy_poll_ns: 10_000,
            idle_poll_ns: MS,
            faulty_phases: usize::MAX,
        }
    }
}
