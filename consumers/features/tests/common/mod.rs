//! What several tests need.
#![allow(dead_code)]

pub mod binance;
pub mod feed;
pub mod source;
