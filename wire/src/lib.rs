//! Hotlane's own bytes: the 64-byte record, instrument rows and images, tables of every layout, exact decimals.
#![forbid(unsafe_code)]
