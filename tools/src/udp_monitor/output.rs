//! Which of the forms of output a run has: views, lines, JSON, every datagram, or the end only.

use std::io::Write;

use super::capture::{Arrival, CaptureCounts};
use super::snapshot::{Capture, Scope, Snapshot};
use super::state::{Monitor, Taken};
use super::{Args, MonitorError, each, view};
use crate::inspect::page::Page;

/// Symbols of a summary that is read by people.
const SUMMARY_SYMBOLS: usize = 20;

/// Symbols of the largest terminal.
const MOST_ROWS: usize = 200;

/// Where and how to show.
#[derive(Debug)]
pub struct Output<W: Write> {
    page: Page<W>,
    args: Args,
    /// A terminal is redrawn; its size is asked for each time.
    is_terminal: bool,
    interface: Option<String>,
}

impl<W: Write> Output<W> {
    /// What these arguments ask for.
    pub fn new(out: W, args: &Args, is_terminal: bool) -> Output<W> {
        let colour = is_terminal && !args.json && std::env::var_os("NO_COLOR").is_none();
        Output { page: Page::new(out, colour), args: args.clone(), is_terminal, interface: None }
    }

    /// Listens on that interface.
    pub fn on_interface(&mut self, name: String) {
        self.interface = Some(name);
    }

    /// The page, for what belongs to no view.
    pub fn page(&mut self) -> &mut Page<W> {
        &mut self.page
    }

    /// Hands over what is buffered.
    ///
    /// # Errors
    /// [`MonitorError::Output`].
    pub fn flush(&mut self) -> Result<(), MonitorError> {
        Ok(self.page.flush()?)
    }

    /// Shows an arrival, where every one is asked for; true if it was.
    ///
    /// # Errors
    /// [`MonitorError::Output`].
    pub fn each(&mut self, arrival: &Arrival<'_>, taken: &Taken<'_>) -> Result<bool, MonitorError> {
        if self.args.each {
            each::show(&mut self.page, arrival, taken, self.args.json)?;
        }
        Ok(self.args.each)
    }

    /// An interval has passed.
    ///
    /// # Errors
    /// [`MonitorError::Output`].
    pub fn view(
        &mut self,
        monitor: &Monitor,
        now_ns: u64,
        seconds: f64,
    ) -> Result<(), MonitorError> {
        // At the start nothing is known; only someone in front of a terminal wants to see that.
        let is_early = seconds == 0.0 && (self.args.json || !self.is_terminal);
        if self.args.each || self.args.once || is_early {
            return Ok(());
        }
        let mut snapshot = self.snapshot(monitor, now_ns, seconds, false);
        if self.args.json {
            self.page.json_line(&snapshot)?;
        } else if self.is_terminal {
            let ladder = self.wants_ladder();
            // By name, so that rows stay where they are while rates change.
            snapshot
                .symbols
                .sort_by(|a, b| (&a.exchange, &a.symbol).cmp(&(&b.exchange, &b.symbol)));
            self.page.redraw()?;
            view::tables(&mut self.page, &snapshot, ladder)?;
            self.page.drawn()?;
        } else {
            view::lines(&mut self.page, &snapshot)?;
        }
        self.flush()
    }

    /// The run is over.
    ///
    /// # Errors
    /// [`MonitorError::Output`].
    pub fn summary(
        &mut self,
        monitor: &Monitor,
        now_ns: u64,
        seconds: f64,
        capture: Option<CaptureCounts>,
    ) -> Result<(), MonitorError> {
        let mut snapshot = self.snapshot(monitor, now_ns, seconds, true);
        snapshot.capture = capture.map(Capture::from);
        match (self.args.json, self.args.each) {
            // What reads datagrams would take a summary for one.
            (true, true) => {}
            (true, false) => self.page.json_line(&snapshot)?,
            (false, _) => {
                if self.is_terminal && !self.args.each && !self.args.once {
                    self.page.redraw()?;
                    self.page.drawn()?;
                }
                let ladder = self.wants_ladder();
                view::tables(&mut self.page, &snapshot, ladder)?;
            }
        }
        self.flush()
    }

    /// All levels are shown where few symbols are asked for.
    fn wants_ladder(&self) -> bool {
        (1..=2).contains(&self.args.symbols.len())
    }

    fn snapshot(&self, monitor: &Monitor, now_ns: u64, seconds: f64, is_final: bool) -> Snapshot {
        let of_people = if self.args.json { usize::MAX } else { SUMMARY_SYMBOLS };
        let fits = self.is_terminal && !self.args.json && !is_final && self.args.top.is_none();
        let top = self.args.top.unwrap_or(if fits { MOST_ROWS } else { of_people });
        let scope = Scope { now_ns, seconds, is_final, top, depth: self.args.depth };
        let mut snapshot = Snapshot::of(monitor, scope);
        snapshot.interface.clone_from(&self.interface);
        if fits {
            let (_, lines) = ratatui::crossterm::terminal::size().unwrap_or((80, 24));
            let rows = view::rows(&snapshot, usize::from(lines));
            snapshot.symbols.truncate(rows);
        }
        snapshot
    }
}
