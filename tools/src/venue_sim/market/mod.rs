//! `market`: a venue that runs, with the true books beside it.
//!
//! `generate` writes a session and is done; here the same session is made while it is sent, so
//! that it can be as long as one likes, and whoever listens can ask for what it missed. The true
//! book of every instrument at every message number comes from the matching engine's own change
//! log, never from the messages.
//!
//! ```text
//! running.rs     the market: messages one by one, the books as of the last one
//! oracle.rs      the file of true books: written while the market runs
//! read.rs        the same file read: any book at any number
//! snapshot.rs    all books as messages, for a snapshot server
//! ```
//!
//! The same settings and seed give the same messages, however fast they are asked for.

mod oracle;
mod read;
mod running;
mod snapshot;

pub use oracle::OracleWriter;
pub use read::{Oracle, OracleError};
pub use running::Market;
pub use snapshot::MarketSnapshot;
