//! Recovery: what a gap lost is asked for again, and what nobody has any more comes as a snapshot.
//!
//! Recovery works beside the lane, never in it. The lane tells what is missing and goes on; another
//! thread (or a simulation) asks the venue's servers and hands over what came; the lane applies it
//! to its books in polls that found nothing. They meet in queues of fixed size only.
//!
//! ```text
//! mail.rs      the queues between lane and recovery, and what goes through them
//! snapshot.rs  all books at one number
//! machine.rs   recovery without I/O: wishes and time in, requests out
//!   spec.rs             servers and limits; the sockets it asks for
//!   ranges.rs           which numbers are missing, of which gap
//!   requests.rs         requests that wait for an answer, servers by turns
//!   rate.rs             requests a second
//!   answer.rs           what of an answer was asked for and is missing
//!   votes.rs            what several servers say of one message
//!   snapshot_client.rs  GLIMPSE over SoupBinTCP     backoff.rs  its pauses
//!   assemble.rs         its messages into a snapshot, or refused as a whole
//!   counts.rs           what is counted, what is refused by name
//! worker.rs    the thread that runs it            sockets.rs  its sockets
//! repair.rs    the lane's side: what it keeps and wants
//! store.rs     what is kept, by number
//! gone.rs      which message took an order away
//! heal/        late messages and snapshots go into the books
//! ```

mod answer;
mod assemble;
mod backoff;
mod counts;
mod gone;
pub(crate) mod heal;
mod machine;
pub mod mail;
mod ranges;
mod rate;
pub mod repair;
mod requests;
pub mod snapshot;
mod snapshot_client;
mod sockets;
mod spec;
pub mod store;
mod votes;
pub mod worker;

pub use counts::{RecoveryCounts, RecoveryReject};
pub use heal::Healed;
pub use machine::Recovery;
pub use repair::{Repair, RepairCounts, RepairSpec};
pub use spec::{Network, RecoverySpec, StreamEvent};
