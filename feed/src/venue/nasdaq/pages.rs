//! The pages under a lane's tables.
//!
//! A message touches some ten lines far apart. On pages of 4 KiB most of them also miss the
//! processor's table of translations, which in a virtual machine costs more than the line itself. So
//! whoever starts a lane asks for pages of 2 MiB under its large tables, and tells what came of it.

use affinity::huge::{HUGE_PAGE, advise_huge};
use book::MemoryVisitor;
use serde::Serialize;

use super::Nasdaq;

/// What a lane's large tables lie on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TablePages {
    /// Bytes of tables that were asked for; those of less than 2 MiB are left out.
    pub bytes: u64,
    /// Bytes of them on pages of 2 MiB.
    pub huge_bytes: u64,
}

impl MemoryVisitor for TablePages {
    fn table<T>(&mut self, _name: &'static str, memory: &mut [T]) {
        if size_of_val(memory) < HUGE_PAGE {
            return;
        }
        let outcome = advise_huge(memory);
        self.bytes += outcome.bytes as u64;
        self.huge_bytes += outcome.huge_bytes as u64;
    }
}

impl Nasdaq {
    /// Asks for pages of 2 MiB under the large tables and fetches them. Takes some tenths of a
    /// second and calls the system: before the lane runs.
    pub fn advise_huge(&mut self) {
        let mut pages = TablePages::default();
        self.books.memory(&mut pages);
        pages.table("states", &mut self.states);
        pages.table("shown", &mut self.shown);
        self.pages = pages;
    }

    /// What came of [`Nasdaq::advise_huge`]; zeros if nobody asked.
    pub fn pages(&self) -> TablePages {
        self.pages
    }
}
