//! The C ABI of the client.
//!
//! A thin coat: every function checks its pointers, calls the client, and turns what comes back
//! into plain structs and numbers. No panic crosses it. What C sees is in `include/hotlane.h`,
//! which is made from [`header::text`] and the layouts of `wire`; a test compares the two.
//!
//! ```text
//! types.rs    structs that C sees       options.rs  from options to an attach
//! handle.rs   the client behind the handle, its events
//! life.rs     open, poll, events, close         read.rs  symbols, instruments, books
//! error.rs    codes, texts, the guard against panics     header.rs  the header
//! ```

pub mod error;
pub mod handle;
pub mod header;
pub mod life;
pub mod options;
pub mod read;
pub mod types;

/// Number of the ABI: changes when a function or struct of it changes incompatibly.
pub const ABI_VERSION: u32 = 1;
