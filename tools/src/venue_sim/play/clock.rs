//! Waiting for a deadline: sleep most of the way, then spin the last of it.
//!
//! The kernel wakes a sleeper tens of microseconds late, so a deadline is met by waking early and
//! spinning. Where deadlines follow each other faster than that, spinning would take a processor
//! from the receivers that are to be fed; then one sleep covers several deadlines, and each is met
//! to a third of a millisecond or so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::PlayError;

/// How early a sleep ends, to be spun to its end.
const SPIN: Duration = Duration::from_micros(60);
/// Deadlines that are nearer than this, when what was due before has been sent, are not spun for.
const DENSE: Duration = Duration::from_micros(150);
/// The shortest sleep where they are dense.
const COARSE: Duration = Duration::from_micros(250);
/// The longest sleep without a look at the signals.
const SLICE: Duration = Duration::from_millis(50);

/// Time, as the sender of a session needs it.
pub trait Clock {
    /// Nanoseconds since some moment.
    fn now(&mut self) -> u64;
    /// Returns at this time, or earlier if the session is to end.
    fn wait_until(&mut self, at: u64);
    /// Returns after so many nanoseconds, even if the session is to end.
    fn pause(&mut self, ns: u64);
    /// Whether the session is to end now.
    fn is_interrupted(&self) -> bool;
}

/// The clock of the host, and its signals.
#[derive(Debug)]
pub struct HostClock {
    start: Instant,
    interrupted: Arc<AtomicBool>,
}

impl HostClock {
    /// A clock that begins now; `interrupted` ends every wait.
    #[must_use]
    pub fn new(interrupted: Arc<AtomicBool>) -> Self {
        Self { start: Instant::now(), interrupted }
    }

    /// A flag that SIGINT and SIGTERM set. A second one of them ends the process at once.
    ///
    /// # Errors
    /// [`PlayError::Signals`] if the system does not allow it.
    pub fn signals() -> Result<Arc<AtomicBool>, PlayError> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        use signal_hook::flag::{register, register_conditional_shutdown};
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag clear and sets it.
            register_conditional_shutdown(signal, 128 + signal, Arc::clone(&flag))
                .and_then(|_| register(signal, Arc::clone(&flag)))
                .map_err(PlayError::Signals)?;
        }
        Ok(flag)
    }
}

impl Clock for HostClock {
    fn now(&mut self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn wait_until(&mut self, at: u64) {
        let deadline = Duration::from_nanos(at);
        let dense = deadline.saturating_sub(self.start.elapsed()) < DENSE;
        while !self.is_interrupted() {
            let left = deadline.saturating_sub(self.start.elapsed());
            if left.is_zero() {
                return;
            }
            if dense {
                std::thread::sleep(left.clamp(COARSE, SLICE));
            } else if left > SPIN {
                std::thread::sleep((left - SPIN).min(SLICE));
            } else {
                std::hint::spin_loop();
            }
        }
    }

    fn pause(&mut self, ns: u64) {
        std::thread::sleep(Duration::from_nanos(ns));
    }

    fn is_interrupted(&self) -> bool {
        // Partner: the signal handler's store. Nothing else is published by it.
        self.interrupted.load(Ordering::Relaxed)
    }
}
