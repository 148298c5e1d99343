//! Pinning the calling thread to one core, and back.
//!
//! The kernel answers a wrong core with `EINVAL` and nothing else, so everything that can be
//! known before is checked before, and the error names the core and what the host has instead.

use crate::allowed::Allowed;
use crate::cpu_set::{CpuSet, MAX_CPUS};
use crate::error::AffinityError;
use crate::topology::Topology;
use std::io;
use std::marker::PhantomData;
use std::mem::size_of_val;

const WORDS: usize = MAX_CPUS / 64;

/// A set of cores in the kernel's form: bit `n % 64` of word `n / 64`.
type Mask = [u64; WORDS];

/// The calling thread's pin. Dropping it leaves the thread pinned, as a lane's thread wants.
#[derive(Debug)]
pub struct Pinned {
    core: usize,
    previous: CpuSet,
    // Affinity belongs to the thread that pinned, so restoring elsewhere would be wrong.
    not_send: PhantomData<*const ()>,
}

impl Pinned {
    /// The core the thread runs on.
    pub fn core(&self) -> usize {
        self.core
    }

    /// The cores the thread had before.
    pub fn previous(&self) -> &CpuSet {
        &self.previous
    }

    /// Gives the thread back the cores it had before.
    ///
    /// # Errors
    /// Where none of them is left, because the cpuset changed meanwhile.
    pub fn restore(self) -> Result<(), AffinityError> {
        set_affinity(&self.previous)
    }
}

/// Pins the calling thread to a core.
///
/// # Errors
/// Where the core does not exist, is offline, is outside the process's cpuset, or the kernel
/// refuses for a reason of its own.
pub fn pin(core: usize) -> Result<Pinned, AffinityError> {
    Topology::read()?.check(core)?;
    let allowed = Allowed::read()?;
    if let Some(cpuset) = allowed.cpuset.as_ref().filter(|cpuset| !cpuset.contains(core)) {
        return Err(AffinityError::CoreNotAllowed { core, allowed: cpuset.clone() });
    }
    set_affinity(&CpuSet::single(core))?;
    Ok(Pinned { core, previous: allowed.affinity, not_send: PhantomData })
}

/// Lets the calling thread run on the given cores.
///
/// # Errors
/// Where none of them is online and allowed.
pub fn set_affinity(cpus: &CpuSet) -> Result<(), AffinityError> {
    let mut mask: Mask = [0; WORDS];
    for id in cpus.iter() {
        if let Some(word) = mask.get_mut(id / 64) {
            *word |= 1 << (id % 64);
        }
    }
    // SAFETY: the kernel reads `size_of_val(&mask)` bytes from the pointer, which are the mask's
    // own; a mask longer than `cpu_set_t` is what the call's size argument is for.
    let rc = unsafe { libc::sched_setaffinity(0, size_of_val(&mask), mask.as_ptr().cast()) };
    if rc != 0 {
        return Err(AffinityError::SetAffinity {
            cpus: cpus.clone(),
            source: io::Error::last_os_error(),
        });
    }
    Ok(())
}

/// The cores that the calling thread's affinity has now.
///
/// # Errors
/// Where the kernel has more cores than [`MAX_CPUS`].
pub fn current_affinity() -> Result<CpuSet, AffinityError> {
    let mut mask: Mask = [0; WORDS];
    // SAFETY: the kernel writes at most `size_of_val(&mask)` bytes through the pointer, which
    // are the mask's own, and any bit pattern is a valid `u64`.
    let rc = unsafe { libc::sched_getaffinity(0, size_of_val(&mask), mask.as_mut_ptr().cast()) };
    if rc != 0 {
        return Err(AffinityError::GetAffinity { source: io::Error::last_os_error() });
    }
    let bits = |(i, word): (usize, u64)| {
        (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| i * 64 + bit)
    };
    Ok(mask.into_iter().enumerate().flat_map(bits).collect())
}

/// The core that the calling thread runs on at this moment; `None` where the kernel cannot say.
pub fn current_core() -> Option<usize> {
    // SAFETY: the call takes no argument and touches no memory of ours.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// Runs on a thread of its own, because the test harness reuses its threads.
    fn on_own_thread(body: impl FnOnce() + Send + 'static) {
        thread::spawn(body).join().expect("the thread's assertions");
    }

    #[test]
    fn a_pinned_thread_is_on_its_core_and_comes_back() {
        on_own_thread(|| {
            let before = current_affinity().expect("affinity");
            for core in before.iter() {
                let pinned = pin(core).expect("an allowed core");
                assert_eq!(pinned.core(), core);
                assert_eq!(pinned.previous(), &before);
                assert_eq!(current_core(), Some(core));
                assert_eq!(current_affinity().expect("affinity"), CpuSet::single(core));
                pinned.restore().expect("what the thread had");
                assert_eq!(current_affinity().expect("affinity"), before);
            }
        });
    }

    #[test]
    fn a_core_that_does_not_exist_is_named() {
        on_own_thread(|| {
            let before = current_affinity().expect("affinity");
            let error = pin(MAX_CPUS - 1).expect_err("no such core");
            assert!(matches!(error, AffinityError::NoSuchCore { core: 8191, .. }), "{error}");
            assert!(pin(usize::MAX).is_err());
            assert_eq!(current_affinity().expect("affinity"), before);
        });
    }

    #[test]
    fn the_kernel_refuses_no_core_at_all() {
        on_own_thread(|| {
            let error = set_affinity(&CpuSet::new()).expect_err("no core");
            assert!(matches!(error, AffinityError::SetAffinity { .. }), "{error}");
        });
    }

    #[test]
    fn restoring_is_the_pinning_threads_own_matter() {
        on_own_thread(|| {
            let core = current_affinity().expect("affinity").first().expect("a core");
            let pinned = pin(core).expect("an allowed core");
            // Another thread's affinity is inherited at its start, not shared after it.
            let wide = pinned.previous().clone();
            let inherited = thread::spawn(move || {
                let inherited = current_affinity().expect("affinity");
                set_affinity(&wide).expect("what the process has");
                inherited
            });
            assert_eq!(inherited.join().expect("a thread"), CpuSet::single(core));
            assert_eq!(current_affinity().expect("affinity"), CpuSet::single(core));
            pinned.restore().expect("what the thread had");
        });
    }
}
