//! The floor: a cache line that two processes hand to and fro, and nothing else.

use super::apart::{Page, Patience, Word, apart};
use crate::harness::CompareError;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// ns of a round trip of a bare line between the two cores, over `exchanges`.
///
/// # Errors
/// Where the other process cannot run.
pub fn round_trip(cores: [usize; 2], exchanges: u64) -> Result<f64, CompareError> {
    let warm = exchanges / 8 + 1;
    let last = warm + exchanges;
    let there = move |page: &Page| {
        page.set(Word::There, 1);
        for n in 1..=last {
            let mut patience = Patience::new(page);
            // Partner: the store of the other loop; the number is all there is.
            while page.word(Word::Ping).load(Ordering::Acquire) != n {
                patience.tick()?;
            }
            page.word(Word::Pong).store(n, Ordering::Release);
        }
        Ok(())
    };
    let here = move |page: &Page| {
        page.wait(Word::There, 1)?;
        let mut since = Instant::now();
        for n in 1..=last {
            page.word(Word::Ping).store(n, Ordering::Release);
            let mut patience = Patience::new(page);
            // Partner: the store of the other loop.
            while page.word(Word::Pong).load(Ordering::Acquire) != n {
                patience.tick()?;
            }
            if n == warm {
                since = Instant::now();
            }
        }
        Ok(since.elapsed().as_nanos() as f64 / exchanges as f64)
    };
    apart(true, cores, there, here)
}
