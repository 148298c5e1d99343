//! The clock of a core: a counter reading converted by the instance's clock page.
//!
//! A calibration that is never renewed is off by milliseconds after a day. The control thread
//! re-measures once a second; the core adopts what it published, at most every so many readings,
//! because a look at the page costs a cache line.

use affinity::{Calibration, Clock, Now};
use shm::clock_page::ClockReader;
use shm::instance::CLOCK_LINE;
use shm::mapping::MappedLines;

use producer::Host;

/// Readings of the clock between two looks at the page.
const LOOK_READINGS: u32 = 1024;

/// A clock that follows the clock page of an instance.
#[derive(Debug)]
pub struct PageClock {
    clock: Clock,
    page: Option<ClockReader<MappedLines>>,
    readings: u32,
}

impl PageClock {
    /// The clock of `host`. It begins with `clock`, a calibration of this host.
    pub fn new(host: &Host, clock: Clock) -> PageClock {
        let lines = host.instance().region().body().clone();
        PageClock { clock, page: ClockReader::new(lines, CLOCK_LINE), readings: 0 }
    }

    #[cold]
    fn follow(&mut self) {
        let Some(Ok(Some(page))) = self.page.as_mut().map(ClockReader::page) else { return };
        let words = [
            page.tsc_base,
            page.utc_base,
            page.multiplier,
            page.error_ns,
            page.epoch,
            page.drift_ppb,
        ];
        // Our own page: words that are no calibration would be a defect, and the old one serves.
        if let Ok(calibration) = Calibration::from_words(words) {
            self.clock.adopt(calibration);
        }
    }
}

impl Now for PageClock {
    #[inline]
    fn now(&mut self) -> u64 {
        if self.readings.is_multiple_of(LOOK_READINGS) {
            self.follow();
        }
        self.readings = self.readings.wrapping_add(1);
        self.clock.now()
    }
}
