//! The control-plane thread of an instance: keeps the clock page true and passes a stop on.
//!
//! Every process of the instance converts time-stamp counter readings with the clock page, so it
//! is re-measured once a second and slewed, never stepped. The lanes themselves read no page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use affinity::{Calibration, SlewLimits, Slewer};
use shm::clock_page::{ClockPage, ClockWriter};
use shm::fanout::Signals;
use shm::instance::{CLOCK_LINE, Instance};
use shm::mapping::MappedLines;

use crate::error::{ProducerError, Result};

/// Between two looks at the stop flag.
const LOOK: Duration = Duration::from_millis(10);
/// Between two measurements of the clock.
const CLOCK_PERIOD: Duration = Duration::from_secs(1);

fn page(calibration: &Calibration) -> ClockPage {
    let [tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb] = calibration.to_words();
    ClockPage { tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb }
}

/// The running thread; it ends, and is waited for, when dropped.
#[derive(Debug)]
pub struct Control {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread holds.
struct Task {
    seats: Vec<Arc<Signals>>,
    stop: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    slewer: Slewer,
    clock: ClockWriter<MappedLines>,
    passed_on: bool,
}

impl Control {
    /// Publishes the clock page and starts the thread.
    ///
    /// # Errors
    /// If the clock cannot be measured or no thread can be started.
    pub fn start(
        instance: &Instance,
        seats: Vec<Arc<Signals>>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Control> {
        let slewer = Slewer::start(SlewLimits::default())?;
        let lines = instance.region().body().clone();
        let Some(mut clock) = ClockWriter::new(lines, CLOCK_LINE) else {
            return Err(ProducerError::Missing { path: instance.dir().to_path_buf() });
        };
        // The first page joins nothing, so it cannot be a step.
        let _ = clock.publish(&page(slewer.calibration()));
        let over = Arc::new(AtomicBool::new(false));
        let (stop, task_over) = (stop.clone(), over.clone());
        let task = Task { seats, stop, over: task_over, slewer, clock, passed_on: false };
        let thread = std::thread::Builder::new()
            .name("control".into())
            .spawn(move || task.run())
            .map_err(|source| ProducerError::Thread { source })?;
        Ok(Control { over, thread: Some(thread) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Release: partner is the thread's look; nothing else is handed over.
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that panicked has nothing more to say than its panic message.
            let _ = thread.join();
        }
    }
}

impl Task {
    fn run(mut self) {
        let mut measured = Instant::now();
        // Acquire: partner is `Control`'s drop; nothing else comes with it.
        while !self.over.load(Ordering::Acquire) {
            // Acquire: partner is the signal handler's store; nothing else comes with it.
            if !self.passed_on && self.stop.load(Ordering::Acquire) {
                self.seats.iter().for_each(|seats| seats.stop());
                self.passed_on = true;
            }
            if measured.elapsed() >= CLOCK_PERIOD {
                measured = Instant::now();
                self.measure();
            }
            std::thread::park_timeout(LOOK);
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
