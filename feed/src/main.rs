//! `hotlane`.
fn main() {}
