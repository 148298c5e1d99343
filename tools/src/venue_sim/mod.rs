//! The venue simulator: ITCH session files with no venue behind them, and sessions on the wire.
//!
//! Recordings of a whole market are rarely to be had, and none comes with the answer. `generate`
//! makes a day from seeded agents that trade through a real matching engine, whose own books are
//! the answer at the end ([`oracle`]). `day` makes a whole market's day from published
//! statistics, without an engine, because it has to be large. `clone` lays a recorded slice of one symbol out over many
//! instruments, which keeps the real rhythm of one order book and is large.
//!
//! ```text
//! random.rs      numbers that are the same on every machine
//! half.rs        one side of a book: levels and queues
//! engine.rs      price-time matching, hidden orders, discretion
//! change.rs      the engine's change log, and books made of it
//! auction.rs     one price for all that pairs off most shares
//! instrument.rs  symbols and first prices
//! hours.rs       the phases of the day, and where in it the n-th message falls
//! plan.rs        what happens when: halts, auctions, listings
//! flow.rs        the agents: adds, cancels, replaces, marketable orders
//! tape.rs        events to ITCH messages in a file
//! session.rs     generate: all of these together
//! venue.rs       what the venue itself says: directory, halts, crosses
//! oracle.rs      the engine's books as JSON
//! slice.rs       clone: the recorded slice, checked and indexed
//! clones.rs      clone: many copies of it, merged by time
//! output.rs      files: gzip, never half of one under its final name
//! day/           a whole market's day by its statistics: large, quick to make
//! args.rs        the command line
//! market/        a venue that runs: messages while they are sent, the true book at every number
//! play/          a session sent onto multicast groups
//! serve/         retransmissions and snapshots for those who missed something
//! ```
//!
//! Everything made here says `SIM` in its file name.

pub mod args;
mod auction;
pub mod change;
mod clones;
pub mod day;
mod engine;
mod error;
mod flow;
mod half;
mod hours;
mod instrument;
pub mod market;
pub mod oracle;
mod output;
mod plan;
pub mod play;
pub mod random;
pub mod serve;
mod session;
mod slice;
mod tape;
mod venue;

pub use auction::{AuctionOrder, Indication};
pub use clones::{CloneSettings, clone_slice};
pub use engine::{Display, Engine, Event, Handle, Order, Phase};
pub use error::Error;
pub use hours::Hours;
pub use instrument::symbol;
pub use output::{Output, require_sim};
pub use session::{Finished, Session, Settings};
pub use slice::Slice;
pub use tape::{Summary, Tape};
