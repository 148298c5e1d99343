//! The venues' bytes: capture files, framing and messages, decode and encode.
//!
//! Everything here is sans-I/O: functions take byte slices that somebody else received and
//! return views into them, or write into buffers that somebody else owns. The same code
//! therefore serves the lane, the replay, the simulator, the tools and the fuzz targets.
//!
//! * [`capture`] cuts packets out of pcap and pcapng files.
//! * [`frame`] walks from the link layer to the UDP payload, and through MoldUDP64.
//! * [`venue`] holds one folder per venue with its messages.
//!
//! # What malformed input does
//!
//! No function here panics on any input. What does not fit its layout is answered with a small
//! `Copy` reject, an enum with `ALL`, `name()` and `index()`, so that a caller can keep one
//! counter per reason in a plain array. A reject is never fatal for the next packet; the one
//! exception is a capture file whose block lengths can no longer be believed
//! ([`capture::Step::Fatal`]).
#![forbid(unsafe_code)]

mod reject;

pub mod capture;
pub mod frame;
pub mod venue;
