//! The keeper: a producer's housekeeping thread. It beats the heart and finds dead consumers.
//!
//! The lane makes no system calls, so it can neither test a lock nor be trusted to have time for
//! the heartbeat of the *process* (its own heartbeat says that the lane polls). Every 10 ms the
//! keeper stores the heartbeat and tests the lock of every claimed seat. A consumer takes the lock
//! of its control file before it claims the seat, and gives the claim back before the lock; so a
//! claim without a lock is a dead consumer's. The keeper tells the lane, which frees the seat.
//!
//! The verdict names the seat, not the claim, so it must never come late: the claim is looked at
//! again after the lock was found free, and each claim is reported once. In between it could not
//! have changed hands, because only the lane frees a dead consumer's claim, and only when told.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::claim;
use crate::error::{Error, Result};
use crate::fanout::Signals;
use crate::instance::Instance;
use crate::liveness::{is_write_locked, monotonic_ns};
use crate::region::Region;
use crate::seat::layout::CTL_CLAIM;
use crate::sync::{AtomicU64, Ordering};

/// Time between heartbeats.
pub const PERIOD: Duration = Duration::from_millis(10);

/// What to do with a dead consumer's seat, for one producer: normally [`tell`].
pub type OnDeath = Box<dyn FnMut(usize) + Send>;

/// Tells a fan-out, which frees the seat in its next poll.
pub fn tell(signals: Arc<Signals>) -> OnDeath {
    Box::new(move |seat| signals.seat_died(seat))
}

/// A running keeper; it ends, and is waited for, when dropped.
pub struct Keeper {
    stop: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// A seat under watch.
struct Watched {
    control: Region,
    producer: usize,
    seat: usize,
    /// Claim word that was reported last.
    reported: u64,
}

impl Watched {
    /// Is the present holder dead, and not reported yet?
    fn died(&mut self) -> bool {
        let holder = || claim::holder(self.control.body(), CTL_CLAIM).map_or(0, |c| c.word());
        let found = holder();
        if found == 0 || found == self.reported {
            return false;
        }
        // A lock that cannot be tested proves no death.
        let locked = is_write_locked(self.control.mapping().file()).unwrap_or(true);
        if locked || holder() != found {
            return false;
        }
        self.reported = found;
        true
    }
}

impl Keeper {
    /// Starts the keeper of an instance. `on_death` has one entry per producer, in their order;
    /// producers beyond its end have no seats watched.
    ///
    /// # Errors
    /// [`Error::Io`] where no thread can be started.
    pub fn start(instance: &Instance, on_death: Vec<OnDeath>) -> Result<Keeper> {
        let heart = instance.region().clone();
        let watched = seats_of(instance, on_death.len());
        let stop = Arc::new(AtomicU64::new(0));
        let stopped = Arc::clone(&stop);
        // The first beat is there before any consumer can look.
        heart.beat(monotonic_ns());
        let thread = std::thread::Builder::new()
            .name("shm-keeper".into())
            .spawn(move || keep(&heart, watched, on_death, &stopped))
            .map_err(|e| Error::io("start the keeper of", instance.dir(), e))?;
        Ok(Keeper { stop, thread: Some(thread) })
    }
}

fn seats_of(instance: &Instance, producers: usize) -> Vec<Watched> {
    let mut watched = Vec::new();
    for (number, producer) in instance.producers().iter().enumerate().take(producers) {
        for seat in 0..producer.seats() {
            if let Some((_, control)) = producer.seat(seat) {
                let control = control.clone();
                watched.push(Watched { control, producer: number, seat, reported: 0 });
            }
        }
    }
    watched
}

fn keep(heart: &Region, mut seats: Vec<Watched>, mut on_death: Vec<OnDeath>, stop: &AtomicU64) {
    // Partner: `drop`. A flag by itself: nothing is read on account of it.
    while stop.load(Ordering::Relaxed) == 0 {
        heart.beat(monotonic_ns());
        for watched in &mut seats {
            if watched.died()
                && let Some(tell) = on_death.get_mut(watched.producer)
            {
                tell(watched.seat);
            }
        }
        std::thread::park_timeout(PERIOD);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Partner: `keep`.
        self.stop.store(1, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A keeper that panicked has nothing more to say than its panic message.
            let _ = thread.join();
        }
    }
}
