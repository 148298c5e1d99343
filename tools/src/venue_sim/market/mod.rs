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
//! feed.rs        from the market to the lines, past history and oracle
//! retransmit.rs  the re-request server on a socket
//! snapshots.rs   the snapshot server on a socket
//! clock.rs       the servers' time, and how they wait
//! report.rs      what was sent, lost and served
//! command.rs     all of it from the command line   args.rs   the options
//! ```
//!
//! The same settings and seed give the same messages, however fast they are asked for.

pub mod args;
mod clock;
mod command;
mod feed;
mod oracle;
mod read;
mod report;
mod retransmit;
mod running;
mod snapshot;
mod snapshots;

pub use command::market;
pub use oracle::OracleWriter;
pub use read::{Oracle, OracleError};
pub use report::MarketReport;
pub use retransmit::RetransmitReport;
pub use running::Market;
pub use snapshot::MarketSnapshot;
pub use snapshots::SnapshotReport;
