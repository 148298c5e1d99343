//! The venue's servers: what a client gets, whatever it sends, and that every fault is what it says.

#[path = "../support/mod.rs"]
mod support;

mod books;
mod glimpse;
mod glimpse_faults;
mod history;
mod reader;
mod recovery;
mod retransmit;
mod retransmit_faults;
mod texts;

use protocol::venue::nasdaq::file::{Frame, next};
use tools::venue_sim::serve::History;
use tools::venue_sim::{Hours, Session, Settings};

const SESSION: [u8; 10] = *b"SIM0000001";

/// A generated session as a file of messages.
fn session(seed: u64, instruments: u16, messages: u64) -> Vec<u8> {
    let hours = Hours::new(4 * 3_600, 16 * 3_600).expect("a day");
    let settings = Settings { seed, instruments, messages, hours };
    Session::generate(&settings, Vec::new(), &mut |_| {}).expect("a session").out
}

/// The messages of a file.
fn messages(file: &[u8]) -> Vec<&[u8]> {
    let (mut messages, mut rest) = (Vec::new(), file);
    while let Frame::Message { bytes, consumed } = next(rest, true) {
        messages.push(bytes);
        rest = &rest[consumed..];
    }
    messages
}

/// A history of all of them.
fn history(messages: &[&[u8]]) -> History {
    let mut history = History::new(SESSION);
    messages.iter().for_each(|message| {
        history.append(message);
    });
    history
}
