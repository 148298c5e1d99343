//! Names and exponents of instruments, read from the table as ids turn up.

use std::collections::HashMap;

use shm::instruments::InstrumentReader;
use shm::mapping::MappedLines;
use wire::InstrumentRow;
use wire::instrument::InstrumentId;
use wire::text::Exponents;

/// What a record's instrument number stands for.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// The venue's name.
    pub name: String,
    /// Exponents of its prices and quantities.
    pub exponents: Exponents,
}

/// Instruments of one producer by their number.
#[derive(Debug, Default)]
pub struct Symbols {
    reader: Option<InstrumentReader<MappedLines>>,
    known: HashMap<u32, Symbol>,
    read: u32,
}

impl Symbols {
    /// Of a table in this release's layout; `None` knows no names.
    pub fn new(reader: Option<InstrumentReader<MappedLines>>) -> Symbols {
        let mut symbols = Symbols { reader, ..Symbols::default() };
        symbols.renew();
        symbols
    }

    /// Reads the rows that were appended since the last time.
    fn renew(&mut self) {
        let Some(reader) = &self.reader else { return };
        for index in self.read..reader.count() {
            // A row that is being rewritten at this moment is read the next time.
            let Ok(words) = reader.read(index) else { return };
            let row = InstrumentRow::from_words(words);
            let exponents = Exponents { price: row.price_exp, quantity: row.quantity_exp };
            self.known.insert(row.instrument.0, Symbol { name: row.symbol(), exponents });
            self.read = index + 1;
        }
    }

    /// The instrument of that number, if the table has it.
    pub fn get(&mut self, id: InstrumentId) -> Option<&Symbol> {
        if !self.known.contains_key(&id.0) && self.has_more() {
            self.renew();
        }
        self.known.get(&id.0)
    }

    fn has_more(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.count() > self.read)
    }

    /// How the instrument is called in a line: its symbol, the venue's name for index 0 (whose row
    /// has no symbol), else its number.
    pub fn label(&mut self, id: InstrumentId) -> String {
        let named = self.get(id).filter(|symbol| !symbol.name.is_empty());
        if let Some(symbol) = named {
            return symbol.name.clone();
        }
        match (id.index(), id.venue()) {
            (0, Some(venue)) => venue.name().to_string(),
            _ => format!("#{}.{}", id.0 >> 24, id.index()),
        }
    }
}
