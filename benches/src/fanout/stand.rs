//! Seats as they ship: files under /dev/shm, mapped and prefaulted, a real fan-out over them, and
//! consumers that have joined.

use std::sync::Arc;

use producer::RULES;
use shm::claim::Claim;
use shm::fanout::{Fanout, FanoutSpec, LostReport, Refresh, RefreshOut, SeatMemory, SeatWant};
use shm::lines::LINE_BYTES;
use shm::mapping::{Access, MappedLines, Mapping, Ownership, PAGE, create_file};
use shm::seat::layout::{ctl_lines, ring_lines};
use shm::seat::{Attach, Consumer, Filter};

use crate::harness::CompareError;

/// Instruments of every stand: those of a whole market, and the channel.
pub const INSTRUMENTS: usize = 8_901;
/// Slots of a seat's ring, the product's default.
pub const CAPACITY: usize = 16_384;

/// A consumer over mapped files.
pub type Reader = Consumer<MappedLines, MappedLines>;

/// A fan-out and what it is made in.
pub struct Stand {
    /// The producer's side.
    pub fanout: Fanout<MappedLines>,
    memories: Vec<[MappedLines; 2]>,
    /// Kept for its name only: the files are gone once they are mapped.
    now: u64,
}

/// A refresh that has nothing to write, and a plain record for a loss.
pub struct Nothing;

impl Refresh for Nothing {
    fn refresh(&mut self, _instrument: u32, _want: SeatWant, _out: &mut RefreshOut) {}

    fn lost(&mut self, report: LostReport) -> [u64; 8] {
        [3 << 8, report.last_step, 0, 0, report.first_step, report.last_step, report.records, 0]
    }
}

/// A file of `lines` lines under /dev/shm, mapped; its name is removed at once.
fn lines(lines: usize) -> Result<MappedLines, CompareError> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // A number by itself, no partner.
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("/dev/shm/hotlane-compare-{}-{number}", std::process::id());
    let path = std::path::Path::new(&name);
    let failed = |error| CompareError::failed("make a seat's memory", error);
    let bytes = ((lines * LINE_BYTES) as u64).next_multiple_of(PAGE);
    let owner = Ownership { mode: 0o600, gid: None };
    let file = create_file(path, bytes, owner).map_err(failed)?;
    let mapping = Mapping::new(file, path, bytes, Access::ReadWrite);
    let removed = std::fs::remove_file(path);
    removed.map_err(|error| CompareError::failed("remove a seat's file", error))?;
    Ok(MappedLines::new(Arc::new(mapping.map_err(failed)?)))
}

impl Stand {
    /// `seats` seats of the default size.
    ///
    /// # Errors
    /// If there is no room in /dev/shm.
    pub fn new(seats: usize) -> Result<Stand, CompareError> {
        Stand::with_capacity(seats, CAPACITY)
    }

    /// The same with rings of `capacity` slots.
    ///
    /// # Errors
    /// As [`Stand::new`].
    pub fn with_capacity(seats: usize, capacity: usize) -> Result<Stand, CompareError> {
        let mut memories = Vec::with_capacity(seats);
        for _ in 0..seats {
            memories.push([lines(ring_lines(capacity, 1))?, lines(ctl_lines(INSTRUMENTS))?]);
        }
        let of_seats = memories.iter().map(|[ring, ctl]| SeatMemory {
            ring: ring.clone(),
            ctl: ctl.clone(),
            capacity,
        });
        let spec =
            FanoutSpec { instruments: INSTRUMENTS, rules: RULES, allow_wait: false, generation: 1 };
        let fanout = Fanout::new(spec, of_seats.collect())
            .map_err(|error| CompareError::failed("make a fan-out", error))?;
        Ok(Stand { fanout, memories, now: 1 })
    }

    /// Claims seat `seat` for `filter` without waiting for the answer.
    ///
    /// # Errors
    /// If the seat is taken.
    pub fn claim(&self, seat: usize, filter: Filter) -> Result<Reader, CompareError> {
        let [ring, ctl] = &self.memories[seat];
        let capacity = ring.mapping().bytes() as usize / LINE_BYTES;
        let capacity = 1 << capacity.ilog2();
        let claim = Claim::new(std::process::id(), seat as u32 + 1)
            .ok_or_else(|| CompareError::failed("claim a seat", "no such claim"))?;
        Consumer::claim(ring.clone(), ctl.clone(), capacity, INSTRUMENTS, filter, claim)
            .map_err(|error| CompareError::failed("claim a seat", error))
    }

    /// Claims seat `seat`, and polls until it is active and nothing of it waits for a refresh.
    ///
    /// # Errors
    /// If the seat is not granted.
    pub fn join(&mut self, seat: usize, filter: Filter) -> Result<Reader, CompareError> {
        let mut reader = self.claim(seat, filter)?;
        for _ in 0..INSTRUMENTS {
            self.poll();
            if reader.poll_attach() == Attach::Active && self.fanout.refreshes_pending(seat) == 0 {
                return Ok(reader);
            }
        }
        Err(CompareError::failed("join a seat", "the fan-out does not answer"))
    }

    /// A poll that found nothing.
    pub fn poll(&mut self) {
        self.now += 1_000;
        self.fanout.end_poll(true, self.now, &mut Nothing);
    }

    /// A poll that found something.
    #[inline(always)]
    pub fn busy_poll(&mut self) {
        self.now += 1_000;
        self.fanout.end_poll(false, self.now, &mut Nothing);
    }
}

/// What a record of the benches holds, so that a consumer can prove that it read every word.
#[inline(always)]
pub fn record(step: u64, instrument: u32) -> [u64; 8] {
    let head = 16 << 8 | u64::from(instrument) << 32;
    [head, step, step ^ 1, step ^ 2, step ^ 3, step ^ 4, step ^ 5, step ^ 6]
}

/// The sum of all words of a record.
#[inline(always)]
pub fn sum(record: &[u64; 8]) -> u64 {
    record.iter().fold(0, |sum, word| sum.wrapping_add(*word))
}
