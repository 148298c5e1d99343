//! `play`: a recording sent onto real multicast groups, as the venue would send it.
//!
//! What decides is sans-I/O, and the same from run to run; what waits and sends is thin:
//!
//! ```text
//! source/        messages, one at a time, from ITCH files and captures
//! packets.rs     messages into MoldUDP64 packets
//! pace.rs        when each packet is due
//! fault/         what goes wrong on a line, and what the line then carries
//! lines.rs       all lines: what is sent next, heartbeats, the end of the session
//! ranges.rs      sets of message numbers: what no line carried
//! throttle.rs    the cap on packets
//! drive.rs       a session: these together with a clock and a network
//! clock.rs       sleep, then spin
//! socket.rs      one UDP socket for each line      interface.rs   which way they leave
//! session.rs     the name, which says REC or SIM
//! report.rs      what was sent, and what must be found missing
//! setup.rs       from the options of the lines to the parts above
//! command.rs     all of it from the command line   args.rs        the options
//! ```
//!
//! A simulated market that feeds [`Messages`] is sent by the same lines.

pub mod args;
pub mod clock;
mod command;
pub mod drive;
mod error;
pub mod fault;
pub mod interface;
pub mod lines;
pub mod pace;
pub mod packets;
pub mod ranges;
pub mod report;
pub mod session;
pub(in crate::venue_sim) mod setup;
pub mod socket;
pub mod source;
pub mod throttle;

pub use command::play;
pub use error::PlayError;
pub use source::{Message, Messages};
