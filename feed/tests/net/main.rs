//! Sources on real sockets, and what is put around sources: chaos and a tap.

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod chaos;
mod chaos_text;
mod namespace;
mod pcapng;
mod sockets;
mod system_calls;
mod tap;
mod udp;
mod udp_errors;
