//! Watching a producer from a consumer: is it alive, stalled, dead, closed or replaced?
//!
//! The usual answer must be cheap enough for a poll loop: two loads say that the life word and
//! the heartbeat are as they should be. Only a heartbeat that stood still for [`SILENCE_NS`] is
//! worth a system call, and that call decides: a held lock is a living process that does not get to run
//! (stopped, starved, or its heartbeat thread stuck), a free one is death. With a heartbeat every
//! 10 ms, death is known within 70 ms, however the process died.
//!
//! Times are the caller's own, in ns of any clock that does not step; they are never compared with
//! the producer's.

use std::path::PathBuf;

use crate::attach::InstanceView;
use crate::generation::Observed;
use crate::header::{Expect, Header};
use crate::liveness::is_write_locked;
use crate::mapping::{Access, open_file};
use crate::paths::INSTANCE_FILE;
use crate::region::Region;

/// How long a heartbeat may stand still before the lock is tested, ns.
pub const SILENCE_NS: u64 = 50_000_000;
/// How often system calls are made while something is wrong, ns.
pub const PROBE_NS: u64 = 10_000_000;

/// How a producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// Its heart beats.
    Alive,
    /// It lives, but its heart has not beaten for this long, ns.
    Stalled(u64),
    /// It died; nobody has replaced it yet.
    Dead,
    /// It ended in order (or was buried by its successor, which is not ready to be seen yet).
    Closed,
    /// This generation is over and this one has begun: attach again.
    NewGeneration(u64),
}

/// One consumer's watch over one instance.
#[derive(Debug)]
pub struct ProducerWatch {
    region: Region,
    path: PathBuf,
    beat: u64,
    /// When the heartbeat last changed; `None` before the first look.
    changed_at: Option<u64>,
    probed_at: u64,
    /// What the last system calls said.
    last: Liveness,
}

impl ProducerWatch {
    /// Watches the generation that `view` is attached to.
    pub fn new(view: &InstanceView) -> Self {
        ProducerWatch {
            region: view.region().clone(),
            path: view.dir().join(INSTANCE_FILE),
            beat: 0,
            changed_at: None,
            probed_at: 0,
            last: Liveness::Alive,
        }
    }

    /// How the producer is, at the caller's time `now_ns`.
    #[inline]
    pub fn check(&mut self, now_ns: u64) -> Liveness {
        let ended = !matches!(self.region.observe(), Observed::Ready(_));
        let beat = self.region.last_beat();
        let changed_at = self.changed_at.unwrap_or(now_ns);
        let beats = beat != self.beat || self.changed_at.is_none();
        if !ended && beats {
            (self.beat, self.changed_at, self.last) = (beat, Some(now_ns), Liveness::Alive);
            return Liveness::Alive;
        }
        let silent = now_ns.saturating_sub(changed_at);
        if !ended && silent < SILENCE_NS {
            return Liveness::Alive;
        }
        self.slow(ended, silent, now_ns)
    }

    #[cold]
    fn slow(&mut self, ended: bool, silent: u64, now_ns: u64) -> Liveness {
        let recent = now_ns.saturating_sub(self.probed_at) < PROBE_NS && self.probed_at != 0;
        match self.last {
            Liveness::NewGeneration(_) => return self.last,
            Liveness::Stalled(_) if recent && !ended => return Liveness::Stalled(silent),
            Liveness::Dead | Liveness::Closed if recent => return self.last,
            _ => {}
        }
        self.probed_at = now_ns;
        self.last = match self.successor() {
            Some(generation) => Liveness::NewGeneration(generation),
            None if ended => Liveness::Closed,
            // A lock that cannot be tested is not a sign of life.
            None if !is_write_locked(self.region.mapping().file()).unwrap_or(false) => {
                Liveness::Dead
            }
            None => Liveness::Stalled(silent),
        };
        self.last
    }

    /// The generation that stands at the instance's path, if it is another one.
    fn successor(&self) -> Option<u64> {
        let file = open_file(&self.path, Access::ReadOnly).ok()?;
        let (header, _) = Header::read(&file, &self.path, &Expect::INSTANCE).ok()?;
        (header.generation != self.region.header().generation).then_some(header.generation)
    }

    /// Is the `instance` file as long as it was when it was mapped? One system call.
    pub fn still_whole(&self) -> bool {
        self.region.mapping().still_whole()
    }
}
