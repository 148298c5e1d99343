//! Counters and histograms, as their own label table names them.

use std::io::{self, Write};

use serde::Serialize;
use shm::counter_reader::CounterReader;
use shm::histogram::Histogram;
use shm::mapping::MappedLines;

use crate::inspect::page::{Cell, Page, Table};
use crate::inspect::table::Depth;
use crate::inspect::words::span;

/// A counter.
#[derive(Debug, Serialize)]
pub struct Count {
    name: String,
    unit: String,
    /// Block: one writing thread each.
    block: u16,
    value: u64,
}

/// A histogram in a few numbers, in its unit.
#[derive(Debug, Serialize)]
pub struct Spread {
    name: String,
    unit: String,
    block: u16,
    count: u64,
    min: Option<u64>,
    p50: Option<u64>,
    p90: Option<u64>,
    p99: Option<u64>,
    p999: Option<u64>,
    max: Option<u64>,
    mean: Option<f64>,
}

/// All of a producer.
#[derive(Debug, Serialize)]
pub struct Counters {
    /// Labels that there are, shown or not.
    labels: usize,
    counters: Vec<Count>,
    histograms: Vec<Spread>,
}

/// Copies the table; in short, only what is not zero.
pub fn read(reader: &CounterReader<MappedLines>, depth: Depth) -> Counters {
    let labels = reader.labels();
    let mut found = Counters { labels: labels.len(), counters: Vec::new(), histograms: Vec::new() };
    for (at, label) in labels.iter().enumerate() {
        let (name, unit, block) = (label.name.clone(), label.unit.clone(), label.block);
        if let Some(value) = reader.value(at) {
            if depth == Depth::Full || value != 0 {
                found.counters.push(Count { name, unit, block, value });
            }
        } else if let Some(histogram) = reader.histogram(at) {
            let spread = spread(&histogram, name, unit, block);
            if depth == Depth::Full || spread.count != 0 {
                found.histograms.push(spread);
            }
        }
    }
    found
}

fn spread(histogram: &Histogram, name: String, unit: String, block: u16) -> Spread {
    Spread {
        name,
        unit,
        block,
        count: histogram.count(),
        min: histogram.least(),
        p50: histogram.at(0.5),
        p90: histogram.at(0.9),
        p99: histogram.at(0.99),
        p999: histogram.at(0.999),
        max: histogram.most(),
        mean: histogram.mean(),
    }
}

impl Spread {
    fn cell(&self, value: Option<u64>) -> Cell {
        match value {
            None => Cell::number("-"),
            Some(ns) if self.unit == "ns" => Cell::number(span(ns)),
            Some(value) => Cell::number(value),
        }
    }
}

impl Counters {
    /// Shows them.
    ///
    /// # Errors
    /// What the page says.
    pub fn print<W: Write>(&self, page: &mut Page<W>) -> io::Result<()> {
        let mut table = Table::new(&["counter", "value", "unit", "block"]);
        for count in &self.counters {
            let value = Cell::number(count.value);
            let block = Cell::number(count.block);
            table.row([Cell::text(&count.name), value, Cell::text(&count.unit), block]);
        }
        page.table(&table)?;
        let head = ["histogram", "count", "min", "p50", "p90", "p99", "p99.9", "max", "unit"];
        let mut table = Table::new(&head);
        for h in &self.histograms {
            let (name, count) = (Cell::text(&h.name), Cell::number(h.count));
            let [min, p50, p90, p99, p999, max] =
                [h.min, h.p50, h.p90, h.p99, h.p999, h.max].map(|value| h.cell(value));
            table.row([name, count, min, p50, p90, p99, p999, max, Cell::text(&h.unit)]);
        }
        page.table(&table)
    }
}
