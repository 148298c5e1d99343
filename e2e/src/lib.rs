//! Tests that drive the built binaries.
#![forbid(unsafe_code)]
