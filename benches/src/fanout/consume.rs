//! What a consumer pays for a record of ORDERS and TRADES: taking it, and its book.
//!
//! The records are those of real books: each order of the market is added, executed in part, reduced
//! or deleted, as the lane would say it. The ring is filled outside of the clock.

use std::hint::black_box;

use client::{BookSpec, Books};
use wire::codes::BookCause;
use wire::payload::{BookBegin, BookEnd, OrderAdd, OrderDelete, OrderReduce, Payload};
use wire::{BookState, Class, Header, InstrumentId, Nature, Origin, Quality, Record, Side, Venue};

use super::publish::everything;
use super::stand::{INSTRUMENTS, Nothing, Reader, Stand, sum};
use crate::harness::{CompareError, Contestant, Round, Setting, Table, contest, measured};

/// Records between two fillings of the ring.
const BATCH: usize = 4_096;

/// What is done with each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Do {
    /// Every word is read.
    Take,
    /// The book is kept.
    Book,
}

struct Consume {
    what: Do,
    records: usize,
    stand: Stand,
    reader: Reader,
}

/// A stream of records: its place in a market of adds, reductions and deletions.
struct Stream {
    step: u64,
}

fn record<P: Payload>(instrument: u32, side: Side, step: u64, payload: P) -> [u64; 8] {
    let header = Header {
        quality: Quality::new(BookState::Live, Nature::Simulated).side(side),
        origin: Origin::default(),
        instrument: InstrumentId::new(Venue::Nasdaq, instrument),
        sequence: step,
        ts_venue: step,
        ts_receive: step,
    };
    Record::new(header, payload).to_words()
}

impl Stream {
    /// The next record: an order is added, reduced 20,000 records later, deleted as much later.
    fn next(&mut self) -> (u32, [u64; 8]) {
        self.step += 1;
        let (turn, number) = (self.step % 3, self.step / 3);
        let age = [0, 20_000, 40_000][turn as usize];
        // Order 0 never comes: there is no step 0.
        let Some(order) = number.checked_sub(age).filter(|order| *order > 0) else {
            return self.next();
        };
        let (instrument, side, price) = Stream::order(order);
        let record = match turn {
            0 => {
                let add = OrderAdd { order_id: order, price, quantity: 300, ..OrderAdd::default() };
                record(instrument, side, self.step, add)
            }
            1 => {
                let reduce =
                    OrderReduce { order_id: order, price, reduced_by: 100, remaining: 200 };
                record(instrument, side, self.step, reduce)
            }
            _ => {
                let delete =
                    OrderDelete { order_id: order, price, removed: 200, ..OrderDelete::default() };
                record(instrument, side, self.step, delete)
            }
        };
        (instrument, record)
    }

    /// Where an order is, from its number.
    fn order(order: u64) -> (u32, Side, i64) {
        let mixed = order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let instrument = 1 + (mixed % (INSTRUMENTS as u64 - 1)) as u32;
        let side = if order.is_multiple_of(2) { Side::Bid } else { Side::Ask };
        let level = (mixed >> 24) as i64 % 10;
        let price = if side == Side::Bid { 1_000_000 - level } else { 1_000_001 + level };
        (instrument, side, price)
    }
}

impl Consume {
    fn new(what: Do, records: usize) -> Result<Consume, CompareError> {
        let mut stand = Stand::new(1)?;
        let reader = stand.join(0, everything())?;
        Ok(Consume { what, records, stand, reader })
    }
}

impl Contestant for Consume {
    fn name(&self) -> String {
        let what = match self.what {
            Do::Take => "taken, every word read",
            Do::Book => "taken and put into its book",
        };
        format!("hotlane client, {what}")
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let spec = BookSpec {
            classes: Class::Orders.bit() | Class::Trades.bit(),
            instruments: INSTRUMENTS as u32,
            orders: 1 << 17,
            levels: 0,
        };
        let mut books = Books::new(spec)
            .map_err(|error| CompareError::failed("make the consumer's books", error))?;
        for instrument in 1..INSTRUMENTS as u32 {
            let (begin, end) = (BookBegin::default(), BookEnd::default());
            let cause = BookCause::Refresh as u8;
            let begin = BookBegin { cause, ..begin };
            let end = BookEnd { cause, ..end };
            books.record(&Record::from_words(record(instrument, Side::Bid, 0, begin)));
            books.record(&Record::from_words(record(instrument, Side::Bid, 0, end)));
        }
        let mut stream = Stream { step: 0 };
        let (mut total, mut spent, mut counted) = (0_u64, 0.0, 0);
        let warm = 130_000;
        let mut done = 0;
        while done < warm + self.records {
            for _ in 0..BATCH {
                let (instrument, record) = stream.next();
                let class = Class::Orders as u8;
                let mask = self.stand.fanout.interest(instrument, class);
                self.stand.fanout.push(mask, class, instrument, &record);
                self.stand.fanout.end_step(stream.step);
            }
            self.stand.fanout.end_poll(false, done as u64, &mut Nothing);
            let (reader, what) = (&mut self.reader, self.what);
            let (ns, sums) = measured(|| take(reader, &mut books, what));
            total = total.wrapping_add(sums);
            if done >= warm {
                spent += ns;
                counted += BATCH;
            }
            done += BATCH;
        }
        let wrong = books.counts().total() + books.counts().ignored;
        if wrong != 0 {
            let why = format!("{:?}", books.counts());
            return Err(CompareError::failed("the consumer's books", why));
        }
        black_box(&books);
        Ok(Round { ns: spent / counted as f64, answer: total })
    }
}

/// Takes all that is there, as the client does: batches of 64.
#[inline(never)]
fn take(reader: &mut Reader, books: &mut Books, what: Do) -> u64 {
    let mut total = 0_u64;
    loop {
        let mut taken = 0;
        while taken < client::lane::BATCH {
            let Some(words) = reader.next() else { break };
            total = total.wrapping_add(sum(&words));
            if what == Do::Book {
                books.record(&Record::from_words(words));
            }
            taken += 1;
        }
        reader.release();
        if taken == 0 {
            return total;
        }
    }
}

/// The table of the section.
///
/// # Errors
/// If the seat cannot be made or the books are wrong.
pub fn table(setting: &Setting) -> Result<Table, CompareError> {
    let records = if setting.quick { 400_000 } else { 4_000_000 };
    let mut all: Vec<Box<dyn Contestant>> = vec![
        Box::new(Consume::new(Do::Book, records)?),
        Box::new(Consume::new(Do::Take, records)?),
    ];
    let series = contest("fanout consume", setting.rounds, &mut all)?;
    let mut table = Table::of("What a consumer pays for a record", "ns/record", &series);
    table.input = format!("{records} records of ORDERS: adds, reductions, deletions, 8,900 books");
    Ok(table)
}
