//! The venue's servers: who missed something asks here.
//!
//! Two machines without sockets or a clock, so that the running market puts them behind real
//! sockets and the simulation behind virtual ones, with the same answers. Each can be told to be a
//! bad server: what goes wrong is a text, drawn from a seed, and counted one by one, so that a test
//! knows what its handler was up against.
//!
//! ```text
//! history.rs       the messages of a session by number; all of them or the latest
//! retransmit.rs    datagrams with messages by number, for whoever asks
//! retransmit/      what goes wrong with them, and how much of it
//! glimpse.rs       one connection of the snapshot server
//! glimpse/         what goes wrong with it, and how much of it
//! books.rs         books out of a session's messages, as a source of snapshots
//! standing.rs      what a snapshot tells beside orders
//! delay.rs         datagrams that are sent later
//! script.rs        how the texts of faults are read
//! ```

pub mod books;
pub mod delay;
pub mod glimpse;
pub mod history;
pub mod retransmit;
mod script;
pub mod standing;

pub use delay::{Delayed, Outbox};
pub use glimpse::{Connection, GlimpseCounts, GlimpseFaults, Service, SnapshotSource};
pub use history::History;
pub use retransmit::{RetransmitCounts, RetransmitFaults, Retransmitter};
pub use standing::Standing;
