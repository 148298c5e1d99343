//! The feed handler.
#![forbid(unsafe_code)]
