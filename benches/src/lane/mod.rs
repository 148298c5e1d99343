//! The whole lane: what the way from a packet to a record in a consumer's process costs, beside
//! decoding and the book alone.
//!
//! ```text
//! packets.rs    MoldUDP64 in memory       alone.rs    decode and book, nothing else
//! whole.rs      the lane of the handler   consumer.rs the process that reads every word
//! tally.rs      that every word came through
//! ```
//!
//! The lane is the handler's, with everything on: framing, lines, steps, states, counts, images,
//! histograms, the look at every seat. Its packets come out of memory. The consumer is a process on
//! the other core whose seat takes ORDERS and TRADES; the time of a round ends when it has read the
//! last record.

mod alone;
mod consumer;
mod packets;
mod tally;
mod whole;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use book::{L3Books, OrderIndex};
use feed::lane::BURST;
pub use feed::venue::nasdaq::Limits;

use self::alone::Alone;
pub use self::consumer::CHILD;
use self::packets::Packets;
use self::whole::{Way, Whole, expected};
use crate::data;
use crate::harness::{Bar, CompareError, Contestant, Row, Series, Setting, Table, Want, contest};
use crate::l3::ours::Way as Pass;

/// Messages in a packet, as a venue sends them in busy and in quiet times.
const SIZES: [u16; 3] = [30, 1, 8];
/// So many of them in the quick form: what is between the two is between them.
const QUICK_SIZES: usize = 2;

/// What all ways must agree on: the best prices and quantities of all books, and the live orders.
fn answer<I: OrderIndex>(books: &L3Books<I>) -> u64 {
    let bests = (0..books.limits().instruments).map(|instrument| {
        let top = books.best(instrument);
        [top.bid_price, top.bid_qty, top.ask_price, top.ask_qty]
            .iter()
            .enumerate()
            .fold(0_u64, |sum, (at, &word)| {
                sum.wrapping_add((word as u64).rotate_left(at as u32 * 7))
            })
    });
    bests.fold(books.live_orders() as u64, u64::wrapping_add)
}

/// Where instances are made: one folder for those with a consumer, one for those without.
fn roots() -> Result<[PathBuf; 2], CompareError> {
    let base = PathBuf::from(format!("/dev/shm/hotlane-compare-{}", std::process::id()));
    let roots = [base.join("read"), base.join("alone")];
    for root in &roots {
        std::fs::create_dir_all(root)
            .map_err(|e| CompareError::failed(root.display().to_string(), e))?;
    }
    Ok(roots)
}

/// Removes what a run leaves in shared memory, however it ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing more can be done about a folder that does not go.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the section.
///
/// # Errors
/// If a part fails, or answers differ.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let mut tables = vec![compare(setting, "gen3m", &data::gen3m(setting)?)?];
    if !setting.quick {
        tables.push(compare(setting, "the whole-market day", &data::day(setting)?)?);
    }
    Ok(tables)
}

/// Limits that fit an input.
fn limits() -> Limits {
    Limits { instruments: 16_384, orders: 2_000_000 }
}

/// All ways over one input.
fn compare(setting: &Setting, name: &str, itch: &[u8]) -> Result<Table, CompareError> {
    let [read, alone] = roots()?;
    let _folder = Folder(read.parent().map(PathBuf::from).unwrap_or_default());
    let sizes = SIZES.get(..QUICK_SIZES).filter(|_| setting.quick).unwrap_or(&SIZES);
    let mut inputs = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let mut packets = Packets::of(itch, size);
        // Before the lanes that are measured, which get the memory of this one.
        let tally = expected(&mut packets, limits())?;
        inputs.push((size, tally, RefCell::new(packets)));
    }
    let seated = Rc::new(RefCell::new(Whole::new(&read, limits(), Some(setting.cores[1]))?));
    let _pinned = affinity::pin(setting.cores[0]).map_err(|e| CompareError::failed("pin", e))?;
    let unread = Rc::new(RefCell::new(Whole::new(&alone, limits(), None)?));
    let mut all: Vec<Box<dyn Contestant + '_>> =
        vec![Box::new(Alone::new(itch, limits(), Pass::Ahead)?)];
    if !setting.quick {
        // Section `l3` has it too, and memory for one more set of books takes seconds to fetch.
        all.push(Box::new(Alone::new(itch, limits(), Pass::Single)?));
    }
    for (size, tally, packets) in &inputs {
        let way = |what: &str, whole: &Rc<RefCell<Whole>>, a_poll| Way {
            name: format!("lane, packets of {size}{what}"),
            whole: Rc::clone(whole),
            packets,
            a_poll,
            expected: *tally,
        };
        all.push(Box::new(way(", no seats", &unread, BURST)));
        all.push(Box::new(way(", one consumer", &seated, BURST)));
        if *size == 1 {
            all.push(Box::new(way(" and polls of 1, one consumer", &seated, 1)));
        }
    }
    let series = contest("lane", setting.rounds, &mut all)?;
    drop(all);
    let packets: Vec<String> =
        inputs.iter().map(|input| input.2.borrow().len().to_string()).collect();
    let messages = inputs.first().map_or(0, |input| input.2.borrow().messages);
    let input = format!("{name}: {messages} messages in {} packets", packets.join(", "));
    Ok(table(name, input, &series))
}

/// The table of a contest, whose first series is decode and book alone.
fn table(name: &str, input: String, series: &[Series]) -> Table {
    let rows = series.iter().map(Row::from).collect();
    let mut bars = Vec::new();
    if let Some((alone, ways)) = series.split_first() {
        for way in ways {
            let what = format!("{}: rate against decode + book alone", way.name);
            let ratio = way.times_as_fast_as(alone);
            bars.push(if way.name.contains("packets of 30, one") {
                Bar::ratio(what, ratio, Want::AtLeast(0.5), Some(Want::AtLeast(0.8)))
            } else {
                Bar::reported(what, ratio, "x")
            });
        }
    }
    Table {
        title: format!("the whole lane: packet to record, {name}"),
        unit: "ns/message",
        input,
        rows,
        bars,
        notes: vec![
            "the consumer is another process on the other core; it reads every word of ORDERS and \
             TRADES, and the round ends with its last record"
                .to_owned(),
        ],
    }
}
