//! Which instruments a lane publishes, and how that changes while it runs.
//!
//! The lane keeps the book of every instrument, listed or not, so that one that is added is live at
//! once. Only listed ones reach the outlet: no records, images or refreshes of the others.
//!
//! The control plane prepares a [`Listing`] and hands it over whole; the lane goes through its
//! instruments a few at a time in polls that have time for it. Nothing is allocated or freed on
//! the lane: the old listing goes back the way the new one came.

use crate::venue::nasdaq::Stock;

/// What is to be published, prepared by the control plane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Symbols in order; `None`: every one.
    pub symbols: Option<Vec<Stock>>,
    /// Only instruments up to this index; 0: all.
    pub first: u32,
    /// Version of the configuration that says so; 0: none does.
    pub version: u64,
    /// Versions that were refused so far, because the file had mistakes.
    pub refused: u64,
    /// Settings of the file that hold only after a restart.
    pub restart: u64,
}

impl Listing {
    /// These symbols, or every one; only the first `first` instruments that appear, if it is not 0.
    pub fn new(symbols: Option<&[String]>, first: u32) -> Listing {
        let symbols = symbols.map(|symbols| {
            let mut stocks: Vec<_> =
                symbols.iter().map(|symbol| stock(symbol.as_bytes())).collect();
            stocks.sort_unstable();
            stocks
        });
        Listing { symbols, first, ..Listing::default() }
    }

    fn lists_all(&self) -> bool {
        self.symbols.is_none() && self.first == 0
    }

    fn lists(&self, index: u32, stock: &Stock) -> bool {
        let named = self.symbols.as_ref().is_none_or(|all| all.binary_search(stock).is_ok());
        named && (self.first == 0 || index <= self.first)
    }
}

/// A symbol as ITCH writes it, from its text.
pub fn stock(text: &[u8]) -> Stock {
    let mut stock = [b' '; 8];
    for (to, &from) in stock.iter_mut().zip(text) {
        *to = if from == 0 { b' ' } else { from };
    }
    stock
}

/// What a seat is to know of an instrument's book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It as it is.
    Book,
    /// That there is none any more.
    Void,
    /// Nothing: it never was listed.
    Nothing,
}

/// What a new listing means for one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relisted {
    /// Nothing.
    Same,
    /// It is published from now on.
    Added,
    /// It is no longer.
    Removed,
}

/// The lane's side: a bit for each instrument.
#[derive(Debug)]
pub struct Listed {
    current: Box<Listing>,
    /// Every instrument is listed; the bits are not looked at.
    all: bool,
    bits: Vec<u64>,
    /// Instruments that were listed at any time: a seat may hold their books.
    ever: Vec<u64>,
    /// Next instrument of a change that is under way; 0: none is.
    next: u32,
    count: u64,
    added: u64,
    removed: u64,
}

impl Listed {
    /// Everything is listed. `slots` instruments have bits, index 0 included.
    pub fn everything(slots: u32) -> Listed {
        let words = slots as usize / 64 + 1;
        Listed {
            current: Box::default(),
            all: true,
            bits: vec![0; words],
            ever: vec![0; words],
            next: 0,
            count: 0,
            added: 0,
            removed: 0,
        }
    }

    /// Begins with a listing, before there are instruments. The old one comes back.
    pub fn begin(&mut self, listing: Box<Listing>) -> Box<Listing> {
        self.all = listing.lists_all();
        std::mem::replace(&mut self.current, listing)
    }

    /// Changes to another listing: what it means is taken up by [`Self::next`]. The old one comes
    /// back.
    pub fn change(&mut self, listing: Box<Listing>) -> Box<Listing> {
        if self.all {
            self.bits.fill(u64::MAX);
            self.ever.fill(u64::MAX);
            self.all = false;
        }
        self.next = 1;
        std::mem::replace(&mut self.current, listing)
    }

    /// The listing that holds.
    pub fn listing(&self) -> &Listing {
        &self.current
    }

    /// Whether a change is under way.
    #[inline(always)]
    pub fn is_changing(&self) -> bool {
        self.next != 0
    }

    /// Instruments listed, added and removed since the start, of the `instruments` that there are.
    pub fn totals(&self, instruments: u32) -> [u64; 3] {
        [if self.all { u64::from(instruments) } else { self.count }, self.added, self.removed]
    }

    /// Whether records of `index` are published. Index 0, the channel, always is.
    #[inline(always)]
    pub fn has(&self, index: u32) -> bool {
        self.all || index == 0 || bit(&self.bits, index)
    }

    /// What a refresh of `index` shows.
    pub fn shown(&self, index: u32) -> Shown {
        if self.has(index) {
            Shown::Book
        } else if bit(&self.ever, index) {
            Shown::Void
        } else {
            Shown::Nothing
        }
    }

    /// A new instrument: the listing says whether it is published.
    pub fn introduce(&mut self, index: u32, stock: &Stock) {
        if self.all {
            return;
        }
        if self.current.lists(index, stock) {
            self.set(index);
            self.count += 1;
        } else {
            // A change from "every one" has set the bits of those to come, too.
            clear(&mut self.bits, index);
            clear(&mut self.ever, index);
        }
    }

    /// The next instrument that a change has to look at, of `instruments`; at the end of the change
    /// `None`.
    pub fn next(&mut self, instruments: u32) -> Option<u32> {
        if self.next == 0 || self.next > instruments {
            self.finish(instruments);
            return None;
        }
        let index = self.next;
        self.next += 1;
        Some(index)
    }

    fn finish(&mut self, instruments: u32) {
        if self.next == 0 {
            return;
        }
        self.next = 0;
        self.all = self.current.lists_all();
        let listed = (1..=instruments).filter(|&index| bit(&self.bits, index));
        self.count = listed.count() as u64;
    }

    /// What the change means for `index`.
    pub fn decide(&self, index: u32, stock: &Stock) -> Relisted {
        match (self.has(index), self.current.lists(index, stock)) {
            (false, true) => Relisted::Added,
            (true, false) => Relisted::Removed,
            _ => Relisted::Same,
        }
    }

    /// `index` is published from now on.
    pub fn add(&mut self, index: u32) {
        self.set(index);
        self.added += 1;
    }

    /// `index` is no longer published.
    pub fn remove(&mut self, index: u32) {
        clear(&mut self.bits, index);
        self.removed += 1;
    }

    fn set(&mut self, index: u32) {
        for bits in [&mut self.bits, &mut self.ever] {
            if let Some(word) = bits.get_mut(index as usize / 64) {
                *word |= 1 << (index % 64);
            }
        }
    }
}

#[inline(always)]
fn bit(bits: &[u64], index: u32) -> bool {
    bits.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 != 0)
}

fn clear(bits: &mut [u64], index: u32) {
    if let Some(word) = bits.get_mut(index as usize / 64) {
        *word &= !(1 << (index % 64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(symbols: &[&str]) -> Box<Listing> {
        let symbols: Vec<_> = symbols.iter().map(|s| (*s).to_owned()).collect();
        Box::new(Listing::new(Some(&symbols), 0))
    }

    /// Goes through a change and says what it meant.
    fn changes(listed: &mut Listed, stocks: &[&str]) -> Vec<(u32, Relisted)> {
        let mut found = Vec::new();
        while let Some(index) = listed.next(stocks.len() as u32) {
            let name = stocks.get(index as usize - 1).copied().unwrap_or_default();
            match listed.decide(index, &stock(name.as_bytes())) {
                Relisted::Same => continue,
                Relisted::Added => {
                    listed.add(index);
                    found.push((index, Relisted::Added));
                }
                Relisted::Removed => {
                    listed.remove(index);
                    found.push((index, Relisted::Removed));
                }
            }
        }
        found
    }

    #[test]
    fn lists_change_both_ways() {
        let stocks = ["AAPL", "MSFT", "TSLA"];
        let mut listed = Listed::everything(70);
        for (index, name) in (1..).zip(stocks) {
            listed.introduce(index, &stock(name.as_bytes()));
        }
        assert!((0..=3).all(|index| listed.has(index)));
        listed.change(names(&["MSFT", "NVDA"]));
        let removed = [(1, Relisted::Removed), (3, Relisted::Removed)];
        assert_eq!(changes(&mut listed, &stocks), removed);
        assert!(!listed.is_changing());
        let shown = [1, 2, 3].map(|index| listed.shown(index));
        assert_eq!(shown, [Shown::Void, Shown::Book, Shown::Void]);
        assert!(listed.has(0), "the channel is always there");
        // One that comes later is listed by its name.
        listed.introduce(65, &stock(b"NVDA"));
        listed.introduce(66, &stock(b"INTC"));
        assert_eq!((listed.has(65), listed.has(66)), (true, false));
        listed.change(Box::default());
        let added = [(1, Relisted::Added), (3, Relisted::Added)];
        assert_eq!(changes(&mut listed, &stocks), added);
        assert_eq!(listed.totals(3), [3, 2, 2]);
    }

    #[test]
    fn what_never_was_listed_is_not_spoken_of() {
        let mut listed = Listed::everything(8);
        listed.begin(names(&["B"]));
        listed.introduce(1, &stock(b"A"));
        listed.introduce(2, &stock(b"B"));
        assert_eq!([1, 2].map(|index| listed.shown(index)), [Shown::Nothing, Shown::Book]);
        assert_eq!(listed.totals(2), [1, 0, 0]);
    }

    #[test]
    fn the_first_ones_only() {
        let mut listed = Listed::everything(8);
        listed.begin(Box::new(Listing::new(None, 2)));
        (1..5).for_each(|index| listed.introduce(index, &stock(b"X")));
        assert_eq!([1, 2, 3, 4].map(|index| listed.has(index)), [true, true, false, false]);
    }
}
