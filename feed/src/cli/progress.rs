//! Progress of a replay, for people who look at a terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::net::capture::Progress;
use crate::replay::run::Watch;

/// A bar appears when a run takes longer than this.
const PATIENCE: Duration = Duration::from_millis(700);
/// Between two changes of the bar.
const PERIOD: Duration = Duration::from_millis(100);

/// A bar on a terminal, lines about consumers on standard error, or nothing.
pub struct TerminalWatch {
    begun: Instant,
    drawn: Instant,
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl TerminalWatch {
    /// Says nothing if `quiet`.
    pub fn new(quiet: bool) -> TerminalWatch {
        let now = Instant::now();
        TerminalWatch { begun: now, drawn: now, bar: None, quiet }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&mut self, total: u64) -> &ProgressBar {
        self.bar.get_or_insert_with(|| {
            let template = "{bar:40} {percent:>3} %  {msg}  {eta} left";
            let style = ProgressStyle::with_template(template);
            let bar = ProgressBar::new(total);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        })
    }
}

impl Watch for TerminalWatch {
    fn progress(&mut self, read: Progress, messages: u64) {
        let now = Instant::now();
        let too_soon = now - self.begun < PATIENCE || now - self.drawn < PERIOD;
        if self.quiet || too_soon || !std::io::stderr().is_terminal() {
            return;
        }
        self.drawn = now;
        let seconds = (now - self.begun).as_secs_f64();
        let rate = messages as f64 / seconds / 1e6;
        let bar = self.bar(read.total);
        bar.set_position(read.read);
        bar.set_message(format!("{} steps, {rate:.2} million/s", HumanCount(messages)));
    }

    fn waiting(&mut self, instance: &str, wanted: usize) {
        if !self.quiet {
            eprintln!("instance {instance}: waiting for {wanted} consumer(s)");
        }
    }

    fn lingering(&mut self, instance: &str) {
        self.finish();
        if !self.quiet {
            eprintln!("instance {instance}: all played; seats stay open until Ctrl-C");
        }
    }
}
