//! `--attach`: being a consumer for a while, and measuring what a consumer sees.
//!
//! The tool takes a seat on every lane, with the policy that loses rather than hold up the lane,
//! and polls as a consumer does. The clock is the instance's own clock page, by which the lane
//! stamps too, so that a stamp of the poll loop is subtracted on one and the same line. A stamp of
//! the kernel is of the kernel's clock, which the page follows: how far the two are apart is
//! measured before and after. A network card's clock is its own, so that only the bound of the
//! page against UTC says anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use affinity::sample::ClockSample;
use affinity::{Calibration, Idle, PollMode};
use client::{AttachSpec, Client, Event, FilterSpec, Policy, Wanted};
use shm::clock_page::{ClockPage, ClockReader};
use shm::mapping::MappedLines;

use super::tally::Tally;
use std::path::Path;

/// How long a producer may take to grant the seats.
const GRANT: Duration = Duration::from_secs(2);
/// Polls after which the clock page is looked at, and whether the time is over.
const ROUND: u32 = 256;

/// What was measured at one instance.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Lanes with what was measured of each.
    pub lanes: Vec<(String, Tally)>,
    /// How long was measured, ns.
    pub duration_ns: u64,
    /// Records declared lost to our seats.
    pub lost: u64,
    /// Bound of the error of the instance's clock against UTC at the end, ns.
    pub clock_error_ns: u64,
    /// The clock page and the kernel's clock were at most so far apart, ns.
    pub kernel_apart_ns: u64,
    /// Counter that the instance's clock reads.
    pub counter: &'static str,
    /// Whether the producer ended, died or was replaced before the time was over.
    pub cut_short: Option<&'static str>,
}

/// Why nothing was measured at an instance.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// No seat.
    #[error("no seat: {0}")]
    Client(#[from] client::Error),
    /// The instance has no clock to measure with.
    #[error(
        "the instance publishes no clock page, so nothing can be measured with its clock: it is a \
         replay at full speed or of another release"
    )]
    NoClock,
}

/// The instance's clock, as this process reads it.
#[derive(Debug)]
struct PageClock {
    reader: ClockReader<MappedLines>,
    calibration: Calibration,
}

/// A clock page as a calibration: the words are the same.
pub fn calibration(page: &ClockPage) -> Option<Calibration> {
    let ClockPage { tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb } = *page;
    Calibration::from_words([tsc_base, utc_base, multiplier, error_ns, epoch, drift_ppb]).ok()
}

impl PageClock {
    fn new(mut reader: ClockReader<MappedLines>) -> Option<PageClock> {
        let calibration = calibration(&reader.page().ok()??)?;
        Some(PageClock { reader, calibration })
    }

    /// Takes over a new calibration; a page that is being written is taken the next time.
    fn renew(&mut self) {
        if let Some(page) = self.reader.page().ok().flatten().as_ref().and_then(calibration) {
            self.calibration = page;
        }
    }

    #[inline]
    fn now(&self) -> u64 {
        self.calibration.now_ns(self.calibration.counter.read())
    }

    /// How far the page and the kernel's clock are apart, at most; where the kernel's clock cannot
    /// be read, as far as each may be from UTC.
    fn apart_ns(&self) -> u64 {
        let Ok(sample) = ClockSample::take(self.calibration.counter) else {
            return self.error_ns();
        };
        let apart = self.calibration.now_ns(sample.ticks).abs_diff(sample.utc_ns);
        let doubt = self.calibration.duration_ns(sample.uncertainty_ticks).saturating_add(1);
        apart.saturating_add(doubt)
    }

    fn error_ns(&self) -> u64 {
        self.calibration.error_at(self.calibration.counter.read())
    }
}

/// Takes the seats and measures until the time is over, the producer ends or `stop` is set.
///
/// # Errors
/// [`AttachError`].
pub fn measure(
    root: &Path,
    instance: &str,
    classes: u8,
    duration: Duration,
    poll: PollMode,
    stop: &AtomicBool,
) -> Result<Measured, AttachError> {
    let filter = FilterSpec { classes, instruments: Wanted::All, depth: 1, policy: Policy::Lose };
    let spec = AttachSpec { root: root.to_path_buf(), filter, ..AttachSpec::new(instance) };
    let mut client = Client::attach_blocking(spec, GRANT)?;
    let reader = client.instance().and_then(|view| view.clock());
    let mut clock = reader.and_then(PageClock::new).ok_or(AttachError::NoClock)?;
    let mut tallies = vec![Tally::default(); client.lanes().len()];
    let apart_ns = clock.apart_ns();
    let mut idle = Idle::new(poll);
    let (begun, mut cut_short) = (Instant::now(), None);
    // Partner: the signal handler's store. A flag that stands alone.
    while begun.elapsed() < duration && cut_short.is_none() && !stop.load(Ordering::Relaxed) {
        clock.renew();
        for _ in 0..ROUND {
            let taken =
                client.poll(|event| cut_short = cut_short.or(note(event, &clock, &mut tallies)));
            if taken > 0 {
                idle.found();
            } else {
                idle.idle();
                break;
            }
        }
    }
    let duration_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let lost = client.lanes().iter().map(|lane| lane.stats().lost_records).sum();
    let names = client.lanes().iter().map(|lane| lane.name().to_string());
    Ok(Measured {
        lanes: names.zip(tallies).collect(),
        duration_ns,
        lost,
        clock_error_ns: clock.error_ns(),
        kernel_apart_ns: apart_ns.max(clock.apart_ns()),
        counter: clock.calibration.counter.name(),
        cut_short,
    })
}

/// Takes an event; returns why measuring ends, if it does.
#[inline]
fn note(event: Event<'_>, clock: &PageClock, tallies: &mut [Tally]) -> Option<&'static str> {
    match event {
        Event::Record { lane, record } => {
            if let Some(tally) = tallies.get_mut(lane) {
                tally.note(record, clock.now());
            }
            None
        }
        Event::ProducerDead { .. } => Some("the producer died"),
        Event::Closed { .. } => Some("the producer ended"),
        Event::NewGeneration { .. } => Some("the producer was restarted"),
        Event::Detached { .. } => Some("the producer closed the seat"),
        _ => None,
    }
}
