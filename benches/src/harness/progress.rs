//! What is being done, on stderr.
//!
//! No thread draws it: that would run beside what is measured. The line moves on between rounds,
//! and only on a terminal; elsewhere a section is one line when it begins and one when it ends.

use std::cell::RefCell;
use std::io::{IsTerminal, Write, stderr};

struct Line {
    section: String,
    turn: usize,
    /// Characters on the terminal's line.
    shown: usize,
}

thread_local! {
    static LINE: RefCell<Option<Line>> = const { RefCell::new(None) };
}

const SPINNER: [char; 4] = ['|', '/', '-', '\\'];

/// A section begins: the `at`th of `of`. Where no terminal shows the steps, this is a line.
pub fn begin(section: &str, at: usize, of: usize) {
    let section = format!("[{at}/{of}] {section}");
    if !stderr().is_terminal() {
        eprintln!("{section} ...");
    }
    LINE.with_borrow_mut(|slot| *slot = Some(Line { section, turn: 0, shown: 0 }));
    step("");
}

/// Something was done in the section, in few words; call it outside the measured time.
pub fn step(what: &str) {
    if !stderr().is_terminal() {
        return;
    }
    LINE.with_borrow_mut(|slot| {
        let Some(line) = slot else { return };
        line.turn += 1;
        let spinner = SPINNER[line.turn % SPINNER.len()];
        let text = format!("{spinner} {} {what}", line.section);
        let shown = text.chars().count();
        eprint!("\r{text}{:1$}", "", line.shown.saturating_sub(shown));
        line.shown = shown;
        // A terminal that is gone loses the progress, nothing else.
        let _ = stderr().flush();
    });
}

/// The section is over: told by the process that waited for it.
pub fn end(section: &str, how: &str, seconds: f64) {
    let wipe = if stderr().is_terminal() { "\r\x1b[K" } else { "" };
    eprintln!("{wipe}{section} {how}, {seconds:.1} s");
}
