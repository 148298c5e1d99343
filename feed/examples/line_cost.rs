//! What choosing between lines costs a packet: the arbiter alone, without decoding or books.
//!
//! ```text
//! cargo run --release -p feed --example line_cost
//! ```
//!
//! Prints ns a packet, the best of several rounds, beside a bare comparison of sequence numbers as
//! the least that any handler must do.

use std::hint::black_box;
use std::time::Instant;

use feed::counts::Interval;
use feed::line::{
    Arbiter, ArbiterSpec, Arrival, HOLD_NS, LINE_TIMEOUT_NS, LineChange, Missing, Part, Sink,
    SlabSpec,
};
use wire::StampBy;

const PACKETS: u64 = 400_000;
const ROUNDS: usize = 15;

/// Adds up what it is told, so that nothing can be left out.
#[derive(Default)]
struct Sum(u64);

impl Sink for Sum {
    fn take(&mut self, part: &Part<'_>) {
        self.0 += part.first + u64::from(part.take);
    }
    fn missing(&mut self, missing: &Missing) {
        self.0 += missing.end;
    }
    fn line(&mut self, change: &LineChange) {
        self.0 += change.since;
    }
    fn diverged(&mut self, line: u8, _ts_receive: u64) {
        self.0 += u64::from(line);
    }
    fn interval(&mut self, _interval: Interval, ns: u64) {
        self.0 += ns;
    }
}

/// One message a packet on `lines` lines; each line lacks one packet in `lacks`.
fn arrivals(lines: u8, lacks: u64) -> Vec<Arrival> {
    let packet = |first: u64, line: u8| {
        let at = 1_000_000 + first * 1_000 + u64::from(line) * 300;
        Arrival { first, count: 1, line, ts_receive: at, stamp: StampBy::Kernel, now: at }
    };
    let all = (1..=PACKETS).flat_map(|n| (1..=lines).map(move |line| (n, line)));
    let kept = all.filter(|&(n, line)| lacks == 0 || (n + 3 * u64::from(line)) % lacks != 0);
    kept.map(|(n, line)| packet(n, line)).collect()
}

fn spec(lines: u8, divergence_sample: u32) -> ArbiterSpec {
    ArbiterSpec {
        lines,
        hold_ns: if lines == 1 { 0 } else { HOLD_NS },
        line_timeout_ns: LINE_TIMEOUT_NS,
        divergence_sample,
        slab: SlabSpec::default(),
    }
}

/// The best of several rounds, ns a packet.
fn best(packets: usize, mut round: impl FnMut() -> u64) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        black_box(round());
        begun.elapsed().as_nanos() as f64 / packets as f64
    });
    rounds.fold(f64::INFINITY, f64::min)
}

fn arbitrated(spec: ArbiterSpec, arrivals: &[Arrival]) -> f64 {
    let bytes = [7u8; 58];
    best(arrivals.len(), || {
        let (mut arbiter, mut sum) = (Arbiter::new(spec), Sum::default());
        for a in arrivals {
            arbiter.brings(a.line, bytes.len(), a.ts_receive);
            arbiter.hears(a.line, a.now, &mut sum);
            if arbiter.in_order(a, &bytes) {
                sum.0 += a.first;
            } else {
                arbiter.arrive(a, &bytes, &mut sum);
            }
            if a.now >= arbiter.deadline() {
                arbiter.pass_time(a.now, true, &mut sum);
            }
        }
        sum.0
    })
}

/// The number that comes next, compared.
fn bare(arrivals: &[Arrival]) -> f64 {
    best(arrivals.len(), || {
        let (mut expected, mut sum) = (1, 0);
        for a in arrivals {
            if black_box(a.first) == expected {
                expected = a.next();
                sum += a.first;
            }
        }
        sum
    })
}

fn main() {
    let show = |what: &str, ns: f64| println!("{ns:8.2} ns a packet   {what}");
    show("a bare comparison, one line", bare(&arrivals(1, 0)));
    show("one line", arbitrated(spec(1, 64), &arrivals(1, 0)));
    show("two lines, nothing compared", arbitrated(spec(2, 0), &arrivals(2, 0)));
    show("two lines, one packet in 64 compared", arbitrated(spec(2, 64), &arrivals(2, 0)));
    show("two lines, every packet compared", arbitrated(spec(2, 1), &arrivals(2, 0)));
    show("two lines, each lacks one packet in 100", arbitrated(spec(2, 64), &arrivals(2, 100)));
    show("two lines, each lacks one packet in 7", arbitrated(spec(2, 64), &arrivals(2, 7)));
}
