//! Taking a seat on a lane.
//!
//! A seat is free if nobody holds the lock of its control file and its claim word is zero. Both are
//! needed: a consumer that died leaves a claim without a lock until the producer has noticed.

use std::sync::atomic::{AtomicU32, Ordering};

use shm::claim::Claim;
use shm::mapping::MappedLines;
use shm::producer_view::{HeldSeat, ProducerView};
use shm::seat::{AttachError, Consumer, Filter};

use crate::error::{Error, Result};

/// A seat of ours. The claim is given back before the lock: fields are dropped in this order.
#[derive(Debug)]
pub(crate) struct Seat {
    pub consumer: Consumer<MappedLines, MappedLines>,
    pub held: HeldSeat,
    pub number: usize,
}

/// A claim that no other of this process has.
fn fresh_claim() -> Option<Claim> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // A number by itself, no partner: only its being different counts.
    let nonce = NEXT.fetch_add(1, Ordering::Relaxed);
    Claim::new(std::process::id(), nonce.max(1))
}

/// Takes seat `wanted`, or any that is free, and asks for `filter`.
pub(crate) fn take(view: &ProducerView, wanted: Option<usize>, filter: &Filter) -> Result<Seat> {
    let seats = view.info().seats;
    let range = match wanted {
        Some(number) => number..number.saturating_add(1),
        None => 0..seats,
    };
    for number in range {
        let held = match view.hold_seat(number) {
            Ok(held) => held,
            Err(shm::error::Error::SeatTaken { .. }) => continue,
            Err(other) => return Err(other.into()),
        };
        match claim(view, held, number, filter) {
            Err(Error::Seat { source: AttachError::Taken(_), .. }) => {}
            done => return done,
        }
    }
    Err(Error::NoFreeSeat { path: view.dir().to_path_buf(), seats })
}

fn claim(view: &ProducerView, held: HeldSeat, number: usize, filter: &Filter) -> Result<Seat> {
    let path = || view.dir().to_path_buf();
    if held.seat.slot_lines != 1 {
        return Err(Error::SlotSize { path: path(), found: held.seat.slot_lines });
    }
    let (ring, ctl) = (held.seat.ring.body().clone(), held.seat.control.body().clone());
    let capacity = usize::try_from(held.seat.capacity).unwrap_or(usize::MAX);
    let instruments = held.seat.instruments as usize;
    let Some(claim) = fresh_claim() else {
        return Err(Error::NoFreeSeat { path: path(), seats: view.info().seats });
    };
    let consumer = Consumer::claim(ring, ctl, capacity, instruments, filter.clone(), claim)
        .map_err(|source| Error::Seat { path: path(), seat: number, source })?;
    Ok(Seat { consumer, held, number })
}
