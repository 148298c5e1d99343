//! Recovery: what a gap lost is asked for again, and what nobody has any more comes as a snapshot.
//!
//! Recovery works beside the lane, never in it. The lane tells what is missing and goes on; another
//! thread (or a simulation) asks the venue's servers and hands over what came; the lane applies it
//! to its books in polls that found nothing. They meet in queues of fixed size only.
//!
//! ```text
//! mail.rs      the queues between lane and recovery, and what goes through them
//! snapshot.rs  all books at one number
//! repair.rs    the lane's side: what it keeps and wants
//! store.rs     what is kept, by number
//! gone.rs      which message took an order away
//! heal/        late messages and snapshots go into the books
//! ```

mod gone;
pub(crate) mod heal;
pub mod mail;
pub mod repair;
pub mod snapshot;
pub mod store;

pub use heal::Healed;
pub use repair::{Repair, RepairCounts, RepairSpec};
