//! The control-plane thread of an instance: keeps the clock page true and passes a stop on.
//!
//! Every process of the instance converts time-stamp counter readings with the clock page, so it
//! is re-measured once a second and slewed, never stepped. The lane itself reads no page.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use affinity::{Calibration, SlewLimits, Slewer};
use shm::clock_page::{ClockPage, ClockWriter};
use shm::fanout::Signals;
use shm::instance::{CLOCK_LINE, Instance};
use shm::mapping::MappedLines;

use crate::error::{FeedError, Result};

/// Between two looks at the stop flag.
const LOOK: Duration = Duration::from_millis(10);
/// Between two measurements of the clock.
const CLOCK_PERIOD: Duration = Duration::from_secs(1);

fn page(calibration: &Calibration) -> ClockPage {
    let [tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb] = calibration.to_words();
    ClockPage { tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb }
}

/// What the thread holds. It ends when the seats are gone.
struct Control {
    seats: Weak<Signals>,
    stop: Arc<AtomicBool>,
    slewer: Slewer,
    clock: ClockWriter<MappedLines>,
    passed_on: bool,
}

/// Publishes the clock page and starts the thread.
///
/// # Errors
/// If the clock cannot be measured or no thread can be started.
pub fn start(instance: &Instance, seats: &Arc<Signals>, stop: &Arc<AtomicBool>) -> Result<()> {
    let slewer = Slewer::start(SlewLimits::default())?;
    let lines = instance.region().body().clone();
    let Some(mut clock) = ClockWriter::new(lines, CLOCK_LINE) else {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(FeedError::io(instance.dir(), missing));
    };
    // The first page joins nothing, so it cannot be a step.
    let _ = clock.publish(&page(slewer.calibration()));
    let (seats, stop) = (Arc::downgrade(seats), stop.clone());
    let control = Control { seats, stop, slewer, clock, passed_on: false };
    std::thread::Builder::new()
        .name("control".into())
        .spawn(move || control.run())
        .map(drop)
        .map_err(|e| FeedError::io("control thread", e))
}

impl Control {
    fn run(mut self) {
        let mut measured = Instant::now();
        while let Some(seats) = self.seats.upgrade() {
            // Acquire: partner is the signal handler's store; nothing else comes with it.
            if !self.passed_on && self.stop.load(Ordering::Acquire) {
                seats.stop();
                self.passed_on = true;
            }
            drop(seats);
            if measured.elapsed() >= CLOCK_PERIOD {
                measured = Instant::now();
                self.measure();
            }
            std::thread::sleep(LOOK);
        }
    }

    /// A measurement that fails, or a page that would step, leaves the old page: its error bound
    /// grows with its age, which is what readers see.
    fn measure(&mut self) {
        if let Ok(report) = self.slewer.run_once() {
            let _ = self.clock.publish(&page(&report.calibration));
        }
    }
}
