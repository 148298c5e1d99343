//! More instruments: what each costs in memory, and what they cost each message in time.
//!
//! The recorded slice is copied onto one, a thousand and ten thousand instruments, with the same
//! number of messages altogether. So what differs between the rows is only how many books the
//! messages go to: how much memory is touched in turns, and how well the caches hold it.

use crate::data;
use crate::harness::{Bar, CompareError, Contestant, Series, Setting, Table, contest};
use crate::l3::ops::Ops;
use crate::l3::ours::{Books, Ours, Way};
use book::{L3Limits, MemoryVisitor};

/// Numbers of instruments.
const INSTRUMENTS: [u16; 3] = [1, 1_000, 10_000];
/// Messages of each file.
const QUICK_MESSAGES: u64 = 500_000;
const MESSAGES: u64 = 5_000_000;

/// Adds up what books hold.
struct Bytes(usize);

impl MemoryVisitor for Bytes {
    fn table<T>(&mut self, _: &'static str, memory: &mut [T]) {
        self.0 += size_of_val(memory);
    }
}

/// One number of instruments.
struct Scaled {
    series: Series,
    bytes: usize,
    live: usize,
}

/// The section.
///
/// # Errors
/// If there is no recording, a file cannot be made, or books refuse what the venue sent.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let messages = if setting.quick { QUICK_MESSAGES } else { MESSAGES };
    let mut all = Vec::new();
    for instruments in INSTRUMENTS {
        all.push(scaled(setting, instruments, messages)?);
    }
    let series: Vec<Series> = all.iter().map(|one| one.series.clone()).collect();
    let mut table = Table::of("Decode + L3 book by instruments", "ns/message", &series);
    table.input = format!("the recorded slice on so many instruments, {messages} messages");
    for (row, (one, instruments)) in table.rows.iter_mut().zip(all.iter().zip(INSTRUMENTS)) {
        let each = one.bytes as f64 / f64::from(instruments) / 1024.0;
        row.note = format!(
            "books of {:.1} MiB, {each:.1} KiB an instrument; at most {} orders at once",
            one.bytes as f64 / 1_048_576.0,
            one.live
        );
        let what = format!("{}: memory", one.series.name);
        table.bars.push(Bar::reported(what, one.bytes as f64 / 1_048_576.0, "MiB"));
    }
    if let [first, .., last] = series.as_slice() {
        let what = format!("time per message, {} / {}", last.name, first.name);
        table.bars.push(Bar::reported(what, last.median() / first.median(), "x"));
    }
    Ok(vec![table])
}

fn scaled(setting: &Setting, instruments: u16, messages: u64) -> Result<Scaled, CompareError> {
    let bytes = data::clones(setting, instruments, messages)?;
    let Ops { messages, locates, live_most: live, .. } = Ops::read(&bytes)?;
    let orders = u32::try_from(live + live / 8 + 1_024);
    let orders = orders.map_err(|e| CompareError::failed("size the books", e))?;
    // Before the market opens nearly every order of the slice has a price of its own.
    let limits = L3Limits { levels: orders, ..L3Limits::new(u32::from(locates) + 1, orders) };
    let mut books = Books::new(limits).map_err(|e| CompareError::failed("our books", e))?;
    let mut held = Bytes(0);
    books.memory(&mut held);
    drop(books);
    let ours = Ours::new(&bytes, (messages, locates), limits, Way::Ahead)?;
    let mut one: Vec<Box<dyn Contestant + '_>> = vec![Box::new(ours)];
    let mut series = contest("scale", setting.rounds, &mut one)?;
    let mut series = series.remove(0);
    series.name = match instruments {
        1 => "1 instrument".to_owned(),
        many => format!("{many} instruments"),
    };
    Ok(Scaled { series, bytes: held.0, live })
}
