//! Recovery: what a gap lost is asked for again, and what nobody has any more comes as a snapshot.
//!
//! Recovery works beside the lane, never in it. The lane tells what is missing and goes on; another
//! thread (or a simulation) asks the venue's servers and hands over what came; the lane applies it
//! to its books in polls that found nothing. They meet in queues of fixed size only.
//!
//! ```text
//! mail.rs      the queues between lane and recovery, and what goes through them
//! snapshot.rs  all books at one number
//! ```

pub mod mail;
pub mod snapshot;
