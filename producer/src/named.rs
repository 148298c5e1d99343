//! Errors and counters by name, found once.
//!
//! The tables of `shm` are searched by text. A lane does not search: it keeps the place of each
//! name after the first time.

use shm::counters::{CounterId, CounterWriter};
use shm::errors::{ErrorId, ErrorWriter};
use shm::mapping::MappedLines;

/// Distinct names whose place is kept; further ones are searched for each time.
const NAMES: usize = 256;

/// The error table, told by constant names.
#[derive(Debug)]
pub struct NamedErrors {
    writer: ErrorWriter<MappedLines>,
    ids: Vec<(&'static str, ErrorId)>,
}

impl NamedErrors {
    /// Over a lane's table. All memory is taken here.
    pub fn new(writer: ErrorWriter<MappedLines>) -> NamedErrors {
        NamedErrors { writer, ids: Vec::with_capacity(NAMES) }
    }

    /// Counts one occurrence of `name` at `now_ns`. A repetition searches no text: names are found
    /// by address, because each is a constant in one place.
    pub fn report(&mut self, code: u32, name: &'static str, now_ns: u64) {
        let known = self.ids.iter().find(|(known, _)| std::ptr::eq(*known, name));
        if let Some(&(_, id)) = known {
            self.writer.again(id, now_ns);
        } else if let Some(id) = self.writer.report(code, 0, name, now_ns)
            && self.ids.len() < self.ids.capacity()
        {
            self.ids.push((name, id));
        }
    }
}

/// Counters of a block, set together from a list in a fixed order.
#[derive(Debug)]
pub struct NamedCounters {
    ids: Vec<Option<CounterId>>,
}

impl NamedCounters {
    /// Finds the names. One that the block does not have is passed over when values are set.
    pub fn new<I>(writer: &CounterWriter<MappedLines>, names: I) -> NamedCounters
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let ids = names.into_iter().map(|name| writer.counter(name.as_ref()));
        NamedCounters { ids: ids.collect() }
    }

    /// Sets every counter, in the order of the names. No search, no allocation.
    pub fn set_all(
        &self,
        writer: &mut CounterWriter<MappedLines>,
        values: impl IntoIterator<Item = u64>,
    ) {
        for (id, value) in self.ids.iter().zip(values) {
            if let Some(id) = *id {
                writer.set(id, value);
            }
        }
    }
}
