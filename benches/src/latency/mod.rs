//! One message at a time: how long each takes, and how long the host takes for nothing.
//!
//! Every message of the day is stamped before it is decoded and after its book has changed. Both
//! stamps wait for what stands before them, as a lane's would that answers each message, so nothing
//! is looked ahead and nothing overlaps. The same loop with nothing between its stamps tells what
//! the clock itself and the host's interruptions are: no tail of ours can be shorter.

mod passes;

use crate::data;
use crate::harness::{Bar, CompareError, Row, Setting, Spent, Table, median, progress};
use crate::l3::ours::Books;
use affinity::Clock;
use book::L3Limits;
use hdrhistogram::Histogram;
use passes::{Times, applied, empty};

/// Limits of a whole market: those of the product.
const MARKET: L3Limits = L3Limits::new(16_385, 2_000_000);
/// Passes, whose percentiles' median is shown: the tail of one pass is an accident.
const QUICK_PASSES: usize = 2;
const PASSES: usize = 3;
/// What is shown.
const QUANTILES: [(&str, f64); 4] =
    [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// Percentiles of every pass, ns, by quantile.
type Percentiles = [Vec<f64>; QUANTILES.len()];

/// The section.
///
/// # Errors
/// If the day cannot be made, or a message is refused.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let bytes = if setting.quick { data::gen3m(setting)? } else { data::day(setting)? };
    let clock = Clock::measure().map_err(|e| CompareError::failed("the clock", e))?;
    let calibration = clock.calibration();
    let mut books = Books::new(MARKET).map_err(|e| CompareError::failed("our books", e))?;
    let mut times = Times::new().map_err(|e| CompareError::failed("a histogram", e))?;
    let mut ours = Percentiles::default();
    let mut host = Percentiles::default();
    let mut spent = Spent::default();
    let mut messages = 0;
    let passes = if setting.quick { QUICK_PASSES } else { PASSES };
    // The first pass fetches what set-up left, and does not count.
    for pass in 0..=passes {
        progress::step(&format!("pass {pass}/{passes}"));
        books.clear_all();
        times.clear();
        let before = Spent::now();
        let passed = applied(&mut books, &bytes, calibration.counter, &mut times);
        let paid = Spent::now().since(before);
        if passed.refused > 0 || passed.messages == 0 {
            return Err(CompareError::failed("latency", format!("{passed:?}")));
        }
        messages = passed.messages;
        let mine = times.histogram(calibration);
        times.clear();
        empty(messages, calibration.counter, &mut times);
        let theirs = times.histogram(calibration);
        if pass > 0 {
            spent = spent.and(paid);
            note(&mut ours, &mine);
            note(&mut host, &theirs);
        }
    }
    Ok(vec![table(&ours, &host, spent, messages, passes)])
}

fn note(percentiles: &mut Percentiles, times: &Histogram<u64>) {
    for (values, (_, quantile)) in percentiles.iter_mut().zip(QUANTILES) {
        values.push(times.value_at_quantile(quantile) as f64);
    }
}

fn row(name: String, values: &[f64], ours: bool, note: &str) -> Row {
    Row {
        name,
        ours,
        median: median(values),
        least: values.iter().copied().fold(f64::INFINITY, f64::min),
        most: values.iter().copied().fold(0.0, f64::max),
        note: note.to_owned(),
        ..Row::default()
    }
}

fn table(
    ours: &Percentiles,
    host: &Percentiles,
    spent: Spent,
    messages: usize,
    passes: usize,
) -> Table {
    let mut table = Table {
        title: "Apply one message".into(),
        unit: "ns",
        input: format!("generated, {messages} messages of a market's day, {passes} passes"),
        ..Table::default()
    };
    for ((name, _), (mine, theirs)) in QUANTILES.iter().zip(ours.iter().zip(host)) {
        let mut both = [
            row(format!("{name} decode + L3Books"), mine, true, "stamps included"),
            row(format!("{name} of the empty loop"), theirs, false, "the clock and the host"),
        ];
        let [of_mine, of_host] = &mut both;
        of_mine.ratio = Some(1.0);
        of_host.ratio = Some(of_host.median / of_mine.median);
        let what = format!("apply one message, {name} (empty loop: {} ns)", of_host.median);
        table.bars.push(Bar::reported(what, of_mine.median, "ns"));
        table.rows.extend(both);
    }
    table.bars.extend(Bar::nothing_spent("apply one message", spent));
    table
}
