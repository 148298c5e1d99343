//! Tools that look at a running Hotlane and that make test sessions.
#![forbid(unsafe_code)]

pub mod inspect;
pub mod latency_report;
pub mod shm_dump;
pub mod top;
pub mod udp_monitor;
pub mod venue_sim;
