//! Row 15: servers that fill gaps are dead, slow, wrong, or answer only so often.

use std::collections::{BTreeSet, VecDeque};

use feed::lane::Lane;
use feed::recover::mail::{SessionName, mail};
use feed::recover::{Network, Recovery, RecoverySpec, RepairSpec};
use wire::BookState;

use crate::common::packets::{SESSION, give, mold};
use crate::common::{self, DAY, Sizes};
use crate::ear::Ear;
use crate::stage::{packet, runs, stream};

const MS: u64 = 1_000_000;

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Good,
    Dead,
    /// Answers after so many ns.
    Slow(u64),
    /// Answers with another session, another range, cut bytes, or no ITCH.
    Wrong,
    /// Answers so many requests in a second, and not one more.
    Quota(usize),
}

/// Servers in virtual time.
pub struct Servers {
    messages: Vec<Vec<u8>>,
    modes: Vec<Mode>,
    due: VecDeque<(u64, u8, Vec<u8>)>,
    now: u64,
    /// Server and time of each request.
    pub asked: Vec<(u8, u64)>,
}

impl Servers {
    pub fn new(messages: &[Vec<u8>], mode: Mode) -> Servers {
        Servers::of(messages, &[mode])
    }

    pub fn of(messages: &[Vec<u8>], modes: &[Mode]) -> Servers {
        let (messages, modes) = (messages.to_vec(), modes.to_vec());
        Servers { messages, modes, due: VecDeque::new(), now: 0, asked: Vec::new() }
    }

    /// The machine has its turn, and gets what is due.
    pub fn turn(&mut self, recovery: &mut Recovery, now: u64) {
        self.now = now;
        let due = std::mem::take(&mut self.due);
        for (at, server, bytes) in due {
            if at <= now {
                recovery.datagram(server, &bytes, now);
            } else {
                self.due.push_back((at, server, bytes));
            }
        }
        recovery.poll(now, self);
    }

    fn answer(&self, session: &SessionName, first: u64, count: u64) -> Vec<u8> {
        let from = (first as usize - 1).min(self.messages.len());
        let to = (from + count.min(20) as usize).min(self.messages.len());
        mold(session, first, &self.messages[from..to])
    }
}

impl Network for Servers {
    fn request(&mut self, server: u8, datagram: &[u8]) -> bool {
        let number = |at: std::ops::Range<usize>| {
            datagram[at].iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte))
        };
        let (first, count) = (number(10..18), number(18..20));
        self.asked.push((server, self.now));
        let second = self.now / (1_000 * MS);
        let in_second = |&&(of, at): &&(u8, u64)| of == server && at / (1_000 * MS) == second;
        let used = self.asked.iter().filter(in_second).count();
        let good = self.answer(SESSION, first, count);
        let mode = self.modes[usize::from(server)];
        let (delay, bytes) = match mode {
            Mode::Dead => return true,
            Mode::Quota(most) if used > most => return true,
            Mode::Good | Mode::Quota(_) => (MS, good),
            Mode::Slow(delay) => (delay, good),
            Mode::Wrong => (
                MS,
                match self.asked.len() % 4 {
                    0 => self.answer(b"SIM9999999", first, count),
                    1 => self.answer(SESSION, first + 500, count),
                    2 => good[..good.len() - 1].to_vec(),
                    _ => {
                        mold(SESSION, first, &vec![b"?no message".to_vec(); count.min(20) as usize])
                    }
                },
            ),
        };
        self.due.push_back((self.now + delay, server, bytes));
        true
    }

    fn connect(&mut self, _: u8) {}
    fn write(&mut self, _: &[u8]) {}
    fn close(&mut self) {}
}

/// What a run came to.
struct Run {
    lane: Lane<Ear>,
    net: Servers,
    recovery: Recovery,
}

impl Run {
    fn live(&self) -> usize {
        let state = |index| self.lane.venue.book_state(index, &self.lane.gaps);
        (1..=8).filter(|&index| state(index) == BookState::Live).count()
    }
}

const MESSAGES: u64 = 4_000;

/// A session with holes; live data goes through in its own poll whatever the servers do.
fn run(modes: &[Mode], spec: RecoverySpec) -> Run {
    let messages = stream(15, MESSAGES as usize);
    // 190 to 194 and so on: holes of 5.
    let lost = |n: u64| n > 100 && n < MESSAGES - 100 && n % 190 < 5;
    let (lane_end, end) = mail();
    let repair = RepairSpec { messages: 1 << 13, ..RepairSpec::default() };
    let lane = common::lane_into(common::config(), Sizes::default(), Ear::new(15, 1));
    let mut lane = lane.with_recovery(Some(lane_end), repair);
    let mut net = Servers::of(&messages, modes);
    let spec = RecoverySpec { request_servers: modes.len() as u8, ..spec };
    let mut recovery = Recovery::new(spec, end);
    let mut now = DAY.midnight_ns;
    let mut holes = BTreeSet::new();
    for number in 1..=MESSAGES {
        now += 100_000;
        if lost(number) {
            holes.insert(number);
        } else {
            give(&mut lane, &packet(&messages, number), now);
            assert_eq!(lane.expected(), number + 1, "a live message is through in its own poll");
        }
        net.turn(&mut recovery, now);
        lane.end_poll(true, now);
    }
    // No line saw a gap of one: an execution whose order nobody brings back, said to be lost.
    let opened = lane.publisher.outlet.opened.iter().filter(|gap| gap.lines != 0);
    let ranges: Vec<_> = opened.map(|gap| (gap.first, gap.end)).collect();
    assert_eq!(ranges, runs(&holes));
    for _ in 0..20_000 {
        now += MS;
        net.turn(&mut recovery, now);
        lane.end_poll(true, now);
    }
    assert_eq!(lane.publisher.outlet.contradictions(), []);
    Run { lane, net, recovery }
}

#[test]
fn row_15_a_bad_fill_server_never_blocks_live_data() {
    let usual = RecoverySpec::default;
    // Nobody answers: in bounded time nothing is asked any more, and the books stay gapped.
    for mode in [Mode::Dead, Mode::Wrong] {
        let dead = run(&[mode], usual());
        let gaps = dead.lane.gaps.open().len();
        assert!(gaps >= 1 && dead.live() == 0, "{mode:?}: stale, and said so");
        assert!(
            dead.net.asked.len() <= 21 * usize::from(usual().tries),
            "{}",
            dead.net.asked.len()
        );
        assert_eq!(dead.lane.repaired().filled, 0);
        let refused: u64 = dead.recovery.counts().refused.iter().sum();
        assert_eq!(refused > 0, mode == Mode::Wrong);
        println!(
            "row 15: {mode:?}: {} requests, {refused} answers refused, {gaps} gaps open, \
            0 books live",
            dead.net.asked.len()
        );
    }
    // One that is no use beside one that is: all is filled.
    for mode in [Mode::Dead, Mode::Wrong, Mode::Slow(500 * MS), Mode::Good] {
        let both = run(&[mode, Mode::Good], usual());
        assert_eq!(both.lane.gaps.open(), [], "{mode:?}");
        assert_eq!((both.live(), both.lane.repaired().filled), (8, both.lane.gaps.missing()));
        println!(
            "row 15: {mode:?} beside a good one: {} of {} filled, 8 books live",
            both.lane.repaired().filled,
            both.lane.gaps.missing()
        );
    }
    // Slow, but within the timeout that was configured.
    let patient = RecoverySpec { timeout_ns: 1_000 * MS, ..usual() };
    let slow = run(&[Mode::Slow(500 * MS)], patient);
    assert_eq!((slow.live(), slow.lane.gaps.open().len()), (8, 0));
    // A quota that is known is kept, and all is filled within it.
    let spec = RecoverySpec { rate: 10, burst: 1, timeout_ns: 50 * MS, ..usual() };
    let quota = run(&[Mode::Quota(11)], spec);
    let times: Vec<u64> = quota.net.asked.iter().map(|&(_, at)| at).collect();
    let least = times.windows(2).map(|pair| pair[1] - pair[0]).min();
    assert!(least >= Some(99 * MS), "{least:?} ns between two requests at 10 a second");
    assert_eq!((quota.live(), quota.lane.gaps.open().len()), (8, 0));
    println!(
        "row 15: 10 requests a second allowed: {} sent, least {} ms apart, all filled",
        times.len(),
        least.unwrap_or(0) / MS
    );
}
