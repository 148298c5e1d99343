//! Sources on real sockets, and what is put around sources: chaos and a tap.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod chaos;
mod chaos_text;
mod sockets;
mod udp;
mod udp_errors;
