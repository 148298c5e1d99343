//! From a lane's decisions to its outlets.
//!
//! ```text
//! outlet.rs   what a lane can write to     step.rs     the records of one step
//! refresh.rs  a whole book to one seat, in parts: refresh_parts.rs
//! images.rs   latest state for random readers
//! listing.rs  which instruments are published
//! told.rs     which books seats were told are gapped
//! region/     the shared-memory outlet of a lane, over the parts that `producer` made
//! multicast/  datagrams to other hosts, by a thread and seat of its own
//! ```

pub mod images;
pub mod listing;
pub mod multicast;
pub mod outlet;
pub mod refresh;
pub mod refresh_parts;
pub mod region;
pub mod step;
pub mod told;

pub use outlet::{NoOutlet, Outlet};
pub use step::Publisher;
