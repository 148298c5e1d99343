//! The live view: a picture every interval, drawn on the whole terminal.
//!
//! One thread waits for keys until the next look is due. Looking takes a few milliseconds; the
//! view never writes to what it looks at.

mod draw;
mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use view::{Do, View};

use super::picture::Picture;
use super::sample::Sample;
use super::{Args, TopError};

/// Longest wait for a key: a signal is seen within this.
const PATIENCE: Duration = Duration::from_millis(100);
/// The first picture comes after this, so that nobody waits an interval for it.
const FIRST: Duration = Duration::from_millis(250);

/// Shows the live view until it is left.
///
/// # Errors
/// [`TopError::Terminal`] where the terminal cannot be used; [`TopError::Look`] where the folder
/// of all instances cannot be listed.
pub fn run(args: &Args) -> Result<(), TopError> {
    let root = args.root();
    // Before the screen is taken, so that a mistake is told on the plain terminal.
    let first = Sample::take(&root, &args.instances, false)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(TopError::Terminal)?;
    }
    let mut terminal = ratatui::try_init().map_err(TopError::Terminal)?;
    let done = follow(&mut terminal, args, first, &stop);
    ratatui::restore();
    done
}

fn follow(
    terminal: &mut DefaultTerminal,
    args: &Args,
    mut before: Sample,
    stop: &AtomicBool,
) -> Result<(), TopError> {
    let root = args.root();
    let mut view = View::new();
    let mut picture = Picture::new(&before, None);
    let mut due = Instant::now() + FIRST.min(args.interval);
    // Partner: the signal handler's store. A flag that stands alone.
    while !stop.load(Ordering::Relaxed) {
        terminal.draw(|frame| draw::all(frame, &picture, &mut view)).map_err(TopError::Terminal)?;
        let wait = due.saturating_duration_since(Instant::now()).min(PATIENCE);
        if event::poll(wait).map_err(TopError::Terminal)?
            && let Event::Key(key) = event::read().map_err(TopError::Terminal)?
            && view.key(key) == Do::Quit
        {
            return Ok(());
        }
        if Instant::now() < due {
            continue;
        }
        due = Instant::now() + args.interval;
        if !view.is_held() {
            let now = Sample::take(&root, &args.instances, false)?;
            picture = Picture::new(&now, Some(&before));
            before = now;
        }
    }
    Ok(())
}
