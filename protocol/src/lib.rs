//! The venues' bytes: capture files, framing and messages, decode and encode, sans-I/O.
#![forbid(unsafe_code)]
