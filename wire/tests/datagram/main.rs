//! The datagrams against bytes packed by another language, against each other, and against
//! bytes that are none.

mod golden;
mod properties;
mod rejects;
mod text;
