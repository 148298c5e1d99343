//! Ours: ITCH bytes to books, every length, type, reference and state checked.

use super::answer::fold;
use crate::harness::{CompareError, Contestant, Round, measured};
use affinity::huge::{HUGE_PAGE, advise_huge};
use book::{L3Books, L3Limits, MemoryVisitor, NONE, PagedIndex, Side, Top, Trail};
use protocol::venue::nasdaq::{Blocks, BookEvent, EventKind};

/// Events that are decoded before they are applied, a power of two.
const WINDOW: usize = 64;
/// Events that go from one hint to the next together.
const STEP: usize = 8;

/// Books of the whole file.
pub type Books = L3Books<PagedIndex>;

/// How the events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As from a file or large packets: what comes is known some messages ahead.
    Ahead,
    /// One message per call, applied before the next one is seen.
    Single,
}

/// Ours on one file.
#[derive(Debug)]
pub struct Ours<'a> {
    bytes: &'a [u8],
    messages: usize,
    books: Books,
    locates: u16,
    way: Way,
}

/// What came out of a pass, to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Messages.
    pub messages: usize,
    /// Events that were refused.
    pub refused: usize,
    /// Positions of the levels that changed, so that they are worked out.
    pub positions: u64,
}

/// Asks for pages of 2 MiB under the large tables, as a lane does when it starts.
struct LargePages;

impl MemoryVisitor for LargePages {
    fn table<T>(&mut self, _name: &'static str, memory: &mut [T]) {
        if size_of_val(memory) >= HUGE_PAGE {
            advise_huge(memory);
        }
    }
}

impl<'a> Ours<'a> {
    /// Books for a whole market.
    ///
    /// # Errors
    /// If there is no memory.
    pub fn new(
        bytes: &'a [u8],
        (messages, locates): (usize, u16),
        limits: L3Limits,
        way: Way,
    ) -> Result<Ours<'a>, CompareError> {
        let mut books = Books::new(limits).map_err(|e| CompareError::failed("our books", e))?;
        books.memory(&mut LargePages);
        Ok(Ours { bytes, messages, books, locates, way })
    }

    /// One pass over the file into empty books.
    #[inline(never)]
    pub fn pass(&mut self) -> Passed {
        match self.way {
            Way::Ahead => ahead(&mut self.books, self.bytes),
            Way::Single => single(&mut self.books, self.bytes),
        }
    }

    /// Empties the books.
    pub fn clear(&mut self) {
        self.books.clear_all();
    }

    /// The books.
    #[must_use]
    pub fn books(&self) -> &Books {
        &self.books
    }
}

impl Contestant for Ours<'_> {
    fn name(&self) -> String {
        match self.way {
            Way::Ahead => "hotlane decode + L3Books".into(),
            Way::Single => "hotlane, one message per call".into(),
        }
    }

    fn ours(&self) -> bool {
        true
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        self.books.clear_all();
        let (ns, passed) = measured(|| self.pass());
        if passed.messages != self.messages || passed.refused > 0 {
            return Err(CompareError::failed(self.name(), format!("{passed:?}")));
        }
        let best = |top: Top| [top.bid_price, top.ask_price].map(|p| (p != NONE).then_some(p));
        let books = (0..=u32::from(self.locates)).map(|locate| best(self.books.best(locate)));
        Ok(Round { ns: ns / self.messages as f64, answer: fold(books) })
    }
}

#[inline(always)]
fn side(event: &BookEvent) -> Side {
    if event.side == 0 { Side::Bid } else { Side::Ask }
}

/// The eight events of the ring from number `start` on.
#[inline(always)]
fn of(window: &[BookEvent; WINDOW], start: usize) -> &[BookEvent] {
    let from = start % WINDOW;
    window.get(from..from + STEP).unwrap_or_default()
}

/// Applies one event. Adds up the position of the level that changed.
#[inline(always)]
pub fn apply(books: &mut Books, event: &BookEvent, passed: &mut Passed) {
    let instrument = u32::from(event.locate);
    let (reference, quantity) = (event.reference, i64::from(event.shares));
    let done = match event.kind {
        EventKind::Add => {
            let price = i64::from(event.price);
            books.add(instrument, reference, side(event), price, quantity).map(|done| done.level)
        }
        EventKind::Delete => books.delete(instrument, reference).map(|done| done.level),
        EventKind::Replace => {
            let price = i64::from(event.price);
            let done = books.replace(instrument, reference, event.linked, price, quantity);
            done.map(|done| done.to)
        }
        EventKind::Execute | EventKind::ExecuteAt => {
            books.execute(instrument, reference, quantity).map(|done| done.level)
        }
        EventKind::Reduce => books.reduce(instrument, reference, quantity).map(|done| done.level),
        EventKind::Other => return,
        EventKind::Refused => {
            passed.refused += 1;
            return;
        }
    };
    match done {
        Ok(level) => passed.positions += u64::from(level.position),
        Err(_) => passed.refused += 1,
    }
}

fn single(books: &mut Books, bytes: &[u8]) -> Passed {
    let mut passed = Passed::default();
    for event in Blocks::new(bytes) {
        passed.messages += 1;
        apply(books, &event, &mut passed);
    }
    passed
}

/// A ring of decoded events: each step decodes eight, gives the hints that those of eight, sixteen
/// and twenty-four events later have become due for, and applies the oldest eight.
fn ahead(books: &mut Books, bytes: &[u8]) -> Passed {
    let mut passed = Passed::default();
    let mut window = [BookEvent::NONE; WINDOW];
    let mut trails = [Trail::default(); WINDOW];
    let mut blocks = Blocks::new(bytes);
    let mut decoded = 0;
    let mut applied = 0;
    loop {
        let from = decoded % WINDOW;
        let fresh = window.get_mut(from..from + STEP).unwrap_or_default();
        let count = blocks.fill(fresh).count;
        let after_first = trails.get_mut(from..from + STEP).unwrap_or_default();
        for (event, trail) in fresh.iter().zip(after_first) {
            *trail = books.approach(u32::from(event.locate), event.reference, side(event));
        }
        decoded += count;
        let last = count < STEP;
        if !last && decoded < 4 * STEP {
            continue;
        }
        let from = decoded.wrapping_sub(2 * STEP) % WINDOW;
        let after_second = trails.get_mut(from..from + STEP).unwrap_or_default();
        for (event, trail) in of(&window, from).iter().zip(after_second) {
            *trail = books.approach_order(*trail, event.reference);
        }
        let from = decoded.wrapping_sub(3 * STEP) % WINDOW;
        for trail in trails.get(from..from + STEP).unwrap_or_default() {
            books.approach_level(*trail);
        }
        let due = if last { decoded } else { decoded - 3 * STEP };
        while applied < due {
            if let Some(event) = window.get(applied % WINDOW) {
                apply(books, event, &mut passed);
            }
            applied += 1;
        }
        if last {
            passed.messages = applied;
            return passed;
        }
    }
}
