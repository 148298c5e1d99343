//! What the kernel counted of a thread: page faults and context switches.
//!
//! These counters are how a test, or a report, knows that a hot path neither touched memory that
//! was not there nor gave up its core: the counts before and after must be the same.

/// Counters of one thread since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadUsage {
    /// Page faults that needed no I/O.
    pub minor_faults: u64,
    /// Page faults that needed I/O.
    pub major_faults: u64,
    /// Times the thread gave up its core: slept, waited, yielded to another.
    pub voluntary_switches: u64,
    /// Times the kernel took the core away.
    pub involuntary_switches: u64,
}

impl ThreadUsage {
    /// The calling thread's counters now; one system call.
    pub fn now() -> Self {
        // SAFETY: `rusage` is a struct of integers, for which all-zero bytes are valid.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel writes one `rusage` through the pointer, which is exclusive here.
        let rc = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
        if rc != 0 {
            // Only an unknown `who` or a bad pointer fails, and neither is given.
            return Self::default();
        }
        let count = |n: libc::c_long| u64::try_from(n).unwrap_or(0);
        Self {
            minor_faults: count(usage.ru_minflt),
            major_faults: count(usage.ru_majflt),
            voluntary_switches: count(usage.ru_nvcsw),
            involuntary_switches: count(usage.ru_nivcsw),
        }
    }

    /// What was counted since an earlier reading of the same thread.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            minor_faults: self.minor_faults.saturating_sub(earlier.minor_faults),
            major_faults: self.major_faults.saturating_sub(earlier.major_faults),
            voluntary_switches: self.voluntary_switches.saturating_sub(earlier.voluntary_switches),
            involuntary_switches: self
                .involuntary_switches
                .saturating_sub(earlier.involuntary_switches),
        }
    }

    /// Page faults of both sorts.
    pub fn faults(self) -> u64 {
        self.minor_faults.saturating_add(self.major_faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sleeping_is_a_voluntary_switch() {
        let before = ThreadUsage::now();
        std::thread::sleep(Duration::from_millis(2));
        assert!(ThreadUsage::now().since(before).voluntary_switches >= 1);
    }

    #[test]
    fn an_earlier_reading_never_goes_negative() {
        let late = ThreadUsage { minor_faults: 3, major_faults: 1, ..ThreadUsage::default() };
        assert_eq!(late.faults(), 4);
        assert_eq!(ThreadUsage::default().since(late), ThreadUsage::default());
    }
}
