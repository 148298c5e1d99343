//! Tools that look at a running Hotlane and that make test sessions.
#![forbid(unsafe_code)]

pub mod inspect;
pub mod shm_dump;
pub mod udp_monitor;
pub mod venue_sim;
