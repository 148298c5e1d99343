//! At most so many datagrams a second, however bursts fall.

/// Least burst: what a round may need at once.
const BURST_MIN: u64 = 128;

/// Credit of a cap. Time is the caller's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Datagrams a second; 0 = no cap.
    cap: u64,
    /// Credit, in datagrams times 10^9.
    credit: u128,
    last: u64,
}

const SECOND: u128 = 1_000_000_000;

impl Pace {
    pub(super) fn new(cap: u64, now: u64) -> Pace {
        Pace { cap, credit: 0, last: now }
    }

    /// A burst is a hundredth of a second's, or what a round needs.
    fn most(&self) -> u64 {
        (self.cap / 100).max(BURST_MIN)
    }

    /// Datagrams that may leave now.
    pub(super) fn allowance(&mut self, now: u64) -> usize {
        if self.cap == 0 {
            return usize::MAX;
        }
        let passed = u128::from(now.saturating_sub(self.last));
        self.last = self.last.max(now);
        let most = u128::from(self.most()) * SECOND;
        self.credit = (self.credit + passed * u128::from(self.cap)).min(most);
        usize::try_from(self.credit / SECOND).unwrap_or(usize::MAX)
    }

    /// So many have left.
    pub(super) fn spend(&mut self, datagrams: usize) {
        self.credit = self.credit.saturating_sub(datagrams as u128 * SECOND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_never_has_more_than_the_cap_and_one_burst() {
        let (mut pace, mut sent) = (Pace::new(10_000, 0), 0);
        for step in 1..=1_000_000u64 {
            let allowed = pace.allowance(step * 1_000);
            let take = allowed.min(step as usize % 700);
            pace.spend(take);
            sent += take;
        }
        assert!((9_900..=10_128).contains(&sent), "{sent}");
        assert_eq!(Pace::new(0, 0).allowance(5), usize::MAX);
    }
}
