//! The memory of books, shown to whoever wants to ask the system for larger pages or to fetch it.
//!
//! A book forbids unsafe code and makes no system calls; who starts it knows what the host offers.
//! Books touch many lines far apart, and with pages of 4 KiB each of them costs a second miss, that
//! of its translation.

/// Something that is shown every table of a book.
pub trait MemoryVisitor {
    /// One table, named by what it holds.
    fn table<T>(&mut self, name: &'static str, memory: &mut [T]);
}
