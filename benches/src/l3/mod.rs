//! Order by order books: decode and book, against books that get their operations decoded.
//!
//! Ours reads ITCH bytes and checks every length, type, side, reference and state; it keeps the
//! queue of every price. Peers get operations in their own types, made before the clock starts. All
//! answer with the best prices of every book at the end.
//!
//! ```text
//! ops            the file as operations, for the peers
//! ours           bytes to books, with look-ahead and one message per call
//! nautilus       nautilus-model, one book per instrument
//! hftbacktest    hftbacktest, one market depth per instrument
//! answer         what must be equal
//! ```

pub mod answer;
pub mod hftbacktest;
pub mod nautilus;
pub mod ops;
pub mod ours;
#[cfg(test)]
mod tests;

use crate::data;
use crate::harness::{Bar, CompareError, Contestant, Row, Series, Setting, Table, Want, contest};
use ::hftbacktest::depth::{BTreeMarketDepth, HashMapMarketDepth};
use book::L3Limits;
use hftbacktest::Hftbacktest;
use nautilus::Nautilus;
use ops::Ops;
use ours::{Ours, Way};

/// Limits of a whole market, whatever the file: those of the product.
const MARKET: L3Limits = L3Limits::new(16_385, 2_000_000);

/// The section.
///
/// # Errors
/// If a file cannot be made, or a contestant fails, or answers differ.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let (first, ours_first) = small(setting)?;
    let mut tables = vec![first];
    if !setting.quick {
        tables.push(whole(setting, ours_first)?);
    }
    Ok(tables)
}

/// gen3m: ours in both ways, and the peers.
fn small(setting: &Setting) -> Result<(Table, f64), CompareError> {
    let bytes = data::gen3m(setting)?;
    let ops = Ops::read(&bytes)?;
    let of = (ops.messages, ops.locates);
    let mut contestants: Vec<Box<dyn Contestant + '_>> = vec![
        Box::new(Ours::new(&bytes, of, MARKET, Way::Ahead)?),
        Box::new(Ours::new(&bytes, of, MARKET, Way::Single)?),
        Box::new(Nautilus::new(&ops)?),
        Box::new(Hftbacktest::<HashMapMarketDepth>::new(&ops)),
    ];
    let mut series = contest("l3", setting.rounds, &mut contestants)?;
    drop(contestants);
    // Its best prices differ from all others', so it answers to itself.
    let mut tree: Vec<Box<dyn Contestant>> =
        vec![Box::new(Hftbacktest::<BTreeMarketDepth>::new(&ops))];
    series.extend(contest("l3, BTree", setting.rounds.min(3), &mut tree)?);
    let mut table = Table::of("Decode + L3 book, gen3m", "ns/message", &series);
    table.input = format!(
        "generated, the first {} messages of a market's day, {} books, at most {} orders",
        ops.messages, ops.locates, ops.live_most
    );
    notes(&mut table);
    let [ours, single, nautilus, hash, ..] = series.as_slice() else {
        return Err(CompareError::failed("l3", "a contestant is missing"));
    };
    let ratio = |what: &str, peer: &Series, must, aim| {
        let aim = Some(Want::AtLeast(aim));
        Bar::ratio(what, ours.times_as_fast_as(peer), Want::AtLeast(must), aim)
    };
    table.bars.push(ratio("L3, gen3m: nautilus-model / ours", nautilus, 12.0, 20.0));
    table.bars.push(ratio("L3, gen3m: hftbacktest HashMap / ours", hash, 6.0, 9.0));
    let times = ours.times_as_fast_as(single);
    let what = "L3, gen3m: one message per call / with look-ahead";
    table.bars.push(Bar::ratio(what, times, Want::AtMost(1.6), None));
    Ok((table, ours.median()))
}

fn notes(table: &mut Table) {
    for row in &mut table.rows {
        row.note = match row.name.as_str() {
            name if name.starts_with("nautilus") => "operations decoded before; queues",
            name if name.contains("BTree") => {
                "operations decoded before; no queues; its best prices differ"
            }
            name if name.starts_with("hftbacktest") => "operations decoded before; no queues",
            _ => "from bytes; queues, every check",
        }
        .into();
    }
}

/// The whole day: ours only, peers take minutes.
fn whole(setting: &Setting, small_ns: f64) -> Result<Table, CompareError> {
    let bytes = data::day(setting)?;
    let (messages, locates) = count(&bytes);
    let rounds = setting.rounds.min(3);
    let mut series = Vec::new();
    for way in [Way::Ahead, Way::Single] {
        let mut one: Vec<Box<dyn Contestant + '_>> =
            vec![Box::new(Ours::new(&bytes, (messages, locates), MARKET, way)?)];
        series.extend(contest("l3, whole day", rounds, &mut one)?);
    }
    let mut table = Table::of("Decode + L3 book, whole day", "ns/message", &series);
    table.input = format!("generated, {messages} messages of a market's day, {locates} books");
    for one in &series {
        let what = format!("L3, whole day / gen3m: {}", one.name);
        let times = one.median() / small_ns;
        table.bars.push(Bar::ratio(what, times, Want::AtMost(1.6), None));
    }
    table.rows = series.iter().map(Row::from).collect();
    Ok(table)
}

/// Messages of a file, and the highest locate.
fn count(bytes: &[u8]) -> (usize, u16) {
    protocol::venue::nasdaq::Blocks::new(bytes)
        .fold((0, 0), |(count, most), event| (count + 1, most.max(event.locate)))
}
