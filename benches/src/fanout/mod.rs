//! Seats and fan-out: what each further consumer costs the lane, what nobody wants costs, what a
//! consumer that has stopped costs, and what joining costs while records flow.
//!
//! ```text
//! publish    records to 0 to 8 seats          unwanted   a record that no seat wants
//! stopped    a consumer that has stopped      join       8,900 books to one that joins
//! iceoryx2   the peer                         consume    what a consumer pays for a record
//! stand      seats, fan-out, records          other      the process on the second core
//! ```

mod consume;
mod iceoryx2;
mod join;
mod other;
mod publish;
mod stand;
mod stopped;
mod unwanted;

use crate::harness::{
    Bar, CompareError, Contestant, Row, Series, Setting, Table, Want, contest, median,
};
use join::{Cycle, Times};
use publish::{Readers, Seats};
use unwanted::Unwanted;

/// Seats of the rows.
const SEATS: [usize; 5] = [0, 1, 2, 4, 8];

/// Runs all of it.
///
/// # Errors
/// If memory, seats or a process cannot be made, or two answers differ.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let pinned = affinity::pin(setting.cores[0]);
    let pinned = pinned.map_err(|error| CompareError::failed("pin", error))?;
    let mut tables = Vec::new();
    for readers in [Readers::After, Readers::Between, Readers::Process] {
        tables.push(seats(setting, readers)?);
    }
    tables.push(peers(setting)?);
    tables.push(unwanted(setting)?);
    tables.push(stopped::table(setting, bursts(setting))?);
    tables.push(joining(setting)?);
    tables.push(consume::table(setting)?);
    let restored = pinned.restore();
    restored.map_err(|error| CompareError::failed("unpin", error))?;
    Ok(tables)
}

fn bursts(setting: &Setting) -> u64 {
    if setting.quick { 30 } else { 200 }
}

/// Slope of the least-squares line through the rounds' medians, seats against ns.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
    let over = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>();
    over / points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum::<f64>()
}

fn seats(setting: &Setting, readers: Readers) -> Result<Table, CompareError> {
    let mut all: Vec<Box<dyn Contestant>> = Vec::new();
    for seats in SEATS {
        all.push(Box::new(Seats::new(seats, readers, bursts(setting), setting.cores[1])));
    }
    let series = contest("fanout", setting.rounds, &mut all)?;
    let (title, note) = match readers {
        Readers::After => (
            "A record to n seats, read by a process on the other core between the bursts",
            "every line has to come back from the other core's cache",
        ),
        Readers::Between => (
            "A record to n seats, read by the same core between the bursts",
            "the producer's own work",
        ),
        Readers::Process => (
            "A record to n seats, all read by one process that polls without a pause",
            "one core cannot keep up with eight seats: it and the lane wait for the same lines",
        ),
    };
    // Further seats: from the first one on. The first also pays for the building of the record.
    let further = |values: &dyn Fn(&Series) -> f64| {
        let points = SEATS.iter().zip(&series).filter(|(seats, _)| **seats > 0);
        slope(&points.map(|(seats, one)| (*seats as f64, values(one))).collect::<Vec<_>>())
    };
    let rounds = (0..setting.rounds).map(|round| further(&|one| one.rounds[round]));
    let figure = median(&rounds.collect::<Vec<_>>());
    let what = format!("each further seat ({readers:?})").to_lowercase();
    let bar = match readers {
        Readers::Process => Bar::reported(what, figure, "ns"),
        _ => Bar {
            what,
            figure,
            unit: "ns",
            must: Some(Want::AtMost(4.0)),
            aim: Some(Want::AtMost(3.0)),
        },
    };
    Ok(Table {
        title: title.into(),
        unit: "ns/record",
        input: format!(
            "bursts of {} records, a step each, a poll every 8; rings of {} slots",
            publish::BURST,
            stand::CAPACITY
        ),
        rows: series.iter().map(Row::from).collect(),
        bars: vec![bar],
        notes: vec![note.into()],
    })
}

fn peers(setting: &Setting) -> Result<Table, CompareError> {
    let bursts = bursts(setting).min(60);
    let mut all: Vec<Box<dyn Contestant>> = Vec::new();
    for seats in [8, 1] {
        all.push(Box::new(Seats::new(seats, Readers::Between, bursts, setting.cores[1])));
    }
    for subscribers in [8, 1] {
        all.push(Box::new(iceoryx2::Iceoryx2::new(subscribers, bursts)));
    }
    let series = contest("fanout peers", setting.rounds, &mut all)?;
    let each = |many: &Series, one: &Series| {
        let pairs = many.rounds.iter().zip(&one.rounds);
        median(&pairs.map(|(many, one)| (many - one) / 7.0).collect::<Vec<_>>())
    };
    let (ours, theirs) = (each(&series[0], &series[1]), each(&series[2], &series[3]));
    let mut table = Table::of("A record to eight, beside iceoryx2", "ns/record", &series);
    table.input = "64-byte records, taken by everybody between the bursts".into();
    table.bars.push(Bar::reported("a further subscriber of iceoryx2", theirs, "ns"));
    table.bars.push(Bar::reported("a further seat of ours, the same run", ours, "ns"));
    table.notes.push(
        "iceoryx2 shares one sample among its subscribers; its subscribers have no filter, and a \
         full one stops the publisher or loses without a word"
            .into(),
    );
    Ok(table)
}

fn unwanted(setting: &Setting) -> Result<Table, CompareError> {
    let mut all: Vec<Box<dyn Contestant>> =
        vec![Box::new(Unwanted::new(true)?), Box::new(Unwanted::new(false)?)];
    let series = contest("fanout unwanted", setting.rounds, &mut all)?;
    let mut table = Table::of("A record that no seat wants", "ns/record", &series);
    table.input = "65,536 instruments in no order, eight seats that want others".into();
    table.bars.push(Bar {
        what: "a record that no seat wants, the loop around it included".into(),
        figure: series[0].median(),
        unit: "ns",
        must: Some(Want::AtMost(1.0)),
        aim: Some(Want::AtMost(0.5)),
    });
    Ok(table)
}

fn joining(setting: &Setting) -> Result<Table, CompareError> {
    let (messages, cycles) = if setting.quick { (20_000, 5) } else { (50_000, 10) };
    let mut lane = join::Lane::new(setting.cores[1])?;
    // The first cycle fetches what is not there yet.
    lane.cycle(messages)?;
    let all = (0..setting.rounds * cycles).map(|_| lane.cycle(messages));
    let cycles = all.collect::<Result<Vec<Cycle>, _>>()?;
    let each = |of: &dyn Fn(&Cycle) -> f64| cycles.iter().map(of).collect::<Vec<_>>();
    let mut series = Vec::new();
    let whens = ["before", "while a consumer joins", "with both"];
    for (at, quantile) in ["p50", "p99"].iter().enumerate() {
        for (when, name) in whens.iter().enumerate() {
            let mut one = Series::new(format!("service {quantile}, {name}"), true);
            one.rounds = each(&|cycle| cycle.times[when].service[at]);
            series.push(one);
            let mut one = Series::new(format!("from due {quantile}, {name}"), true);
            one.rounds = each(&|cycle| cycle.times[when].due[at]);
            series.push(one);
        }
    }
    // Two consumers cost more than one, join or not: the bar is against the same two.
    let ratio = |when: usize, of: &dyn Fn(&Times) -> f64| {
        median(&each(&|cycle| of(&cycle.times[1]) / of(&cycle.times[when])))
    };
    let service = |times: &Times| times.service[1];
    let p99 = "p99 of a message from taking it up, while a consumer joins";
    let due = "p99 of a message from when it was due, while a consumer joins";
    Ok(Table {
        title: "A consumer joins 8,900 books while records flow to another one".into(),
        unit: "ns/message",
        input: format!(
            "one message a microsecond, {messages} before and after each join; 40 orders a book"
        ),
        rows: series.iter().map(Row::from).collect(),
        bars: vec![
            Bar::reported("the join", median(&each(&|cycle| cycle.join_ns / 1e6)), "ms"),
            Bar {
                what: format!("{p99}, against both without a join"),
                figure: ratio(2, &service),
                unit: "x",
                must: Some(Want::AtMost(1.1)),
                aim: None,
            },
            Bar::reported(format!("{p99}, against one consumer before"), ratio(0, &service), "x"),
            Bar::reported(
                format!("{due}, against both without a join"),
                ratio(2, &|times| times.due[1]),
                "x",
            ),
        ],
        notes: vec![format!(
            "{} joins, {} records of refreshes each; polls that found nothing during one: p99 {} \
             ns, longest {} ns (medians)",
            cycles.len(),
            median(&each(&|cycle| cycle.records as f64)),
            median(&each(&|cycle| cycle.idle[0])),
            median(&each(&|cycle| cycle.idle[1])),
        )],
    })
}
