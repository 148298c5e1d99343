//! `latency-report` and `hotlane-top` against instances that this process makes: what they say
//! must be what was written, and what is wrong must be said first.

mod attach;
mod distribution;
mod handler;
mod latency;
mod tool;
mod top;
