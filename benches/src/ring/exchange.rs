//! The three ways in which a ring is used: one record to and fro, one record per microsecond, and
//! as many as it takes.

use super::apart::{Page, Patience, Word, apart};
use super::link::{BATCH, Digest, Link, Receive64, Send64, WORDS, words};
use crate::harness::{CompareError, Round};
use affinity::Counter;
use std::path::Path;
use std::time::Instant;

/// Where and how a ring is run.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Folder for its files.
    pub folder: &'a Path,
    /// Its size in records.
    pub capacity: usize,
    /// Core of the sender and core of the receiver.
    pub cores: [usize; 2],
}

#[inline(always)]
fn send_one(page: &Page, tx: &mut impl Send64, words: &[u64; WORDS]) -> Result<(), CompareError> {
    let mut patience = Patience::new(page);
    while !tx.send_words(words) {
        patience.tick()?;
    }
    Ok(())
}

#[inline(always)]
fn receive_one(page: &Page, rx: &mut impl Receive64) -> Result<[u64; WORDS], CompareError> {
    let mut patience = Patience::new(page);
    loop {
        if let Some(words) = rx.receive() {
            return Ok(words);
        }
        patience.tick()?;
    }
}

/// Round trips of one record through two rings, mean ns; every word of every reply is the answer.
///
/// # Errors
/// Where the ring fails.
pub fn round_trips<L: Link>(place: Place<'_>, exchanges: u64) -> Result<Round, CompareError> {
    let Place { folder, capacity, cores } = place;
    let (there_tx, there_rx) = L::open(folder, "there", capacity)?;
    let (back_tx, back_rx) = L::open(folder, "back", capacity)?;
    // Two laps first: every page and line has been touched by both.
    let warm = capacity as u64 * 2;
    let there = move |page: &Page| {
        let (mut tx, mut rx) = (back_tx()?, there_rx()?);
        page.set(Word::There, 1);
        for _ in 0..warm + exchanges {
            let words = receive_one(page, &mut rx)?;
            send_one(page, &mut tx, &words)?;
        }
        // A ring may take what is unread with it.
        page.wait(Word::Here, 1)
    };
    let here = move |page: &Page| {
        let mut tx = there_tx()?;
        page.wait(Word::There, 1)?;
        let mut rx = back_rx()?;
        let mut digest = Digest::default();
        let mut since = Instant::now();
        for n in 0..warm + exchanges {
            if n == warm {
                digest = Digest::default();
                since = Instant::now();
            }
            send_one(page, &mut tx, &words(n))?;
            digest.take(&receive_one(page, &mut rx)?);
        }
        let ns = since.elapsed().as_nanos() as f64 / exchanges as f64;
        page.set(Word::Here, 1);
        Ok(Round { ns, answer: digest.sum })
    };
    apart(L::PROCESSES, cores, there, here)
}

/// As many records as the ring takes, ns per record from the first send to the last word read.
///
/// # Errors
/// Where the ring fails.
pub fn stream<L: Link>(
    place: Place<'_>,
    records: u64,
    batches: bool,
) -> Result<Round, CompareError> {
    let Place { folder, capacity, cores } = place;
    let (tx, rx) = L::open(folder, "stream", capacity)?;
    let warm = (capacity as u64 * 4).next_multiple_of(BATCH as u64);
    let records = records.next_multiple_of(BATCH as u64);
    let there = move |page: &Page| {
        let mut rx = rx()?;
        page.set(Word::There, 1);
        for (stage, wanted) in [(2, warm), (3, records)] {
            let mut digest = Digest::default();
            let mut patience = Patience::new(page);
            while digest.count < wanted {
                let before = digest.count;
                rx.drain(&mut digest);
                if digest.count == before {
                    patience.tick()?;
                }
            }
            page.set(Word::Answer, digest.sum);
            page.set(Word::There, stage);
        }
        page.wait(Word::Here, 1)
    };
    let here = move |page: &Page| {
        let mut tx = tx()?;
        page.wait(Word::There, 1)?;
        send_all(page, &mut tx, warm, batches)?;
        page.wait(Word::There, 2)?;
        let since = Instant::now();
        send_all(page, &mut tx, records, batches)?;
        page.wait(Word::There, 3)?;
        let ns = since.elapsed().as_nanos() as f64 / records as f64;
        page.set(Word::Here, 1);
        Ok(Round { ns, answer: page.get(Word::Answer) })
    };
    apart(L::PROCESSES, cores, there, here)
}

#[inline(always)]
fn send_all(
    page: &Page,
    tx: &mut impl Send64,
    records: u64,
    batches: bool,
) -> Result<(), CompareError> {
    let mut patience = Patience::new(page);
    let mut n = 0;
    if batches {
        while n < records {
            let took = tx.send_batch(n);
            n += took as u64;
            // What a ring without a batch left over goes one by one, so that batches stay whole.
            while !n.is_multiple_of(BATCH as u64) {
                if tx.send(n) { n += 1 } else { patience.tick()? }
            }
            if took == 0 {
                patience.tick()?;
            }
        }
        return Ok(());
    }
    while n < records {
        if tx.send(n) { n += 1 } else { patience.tick()? }
    }
    Ok(())
}

/// ns from send to receipt of records that come one per microsecond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneWay {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The numbers of the records, summed.
    pub answer: u64,
}

/// One record per microsecond, stamped before it is sent.
///
/// # Errors
/// Where the ring fails.
pub fn one_way<L: Link>(place: Place<'_>, records: u64) -> Result<OneWay, CompareError> {
    let Place { folder, capacity, cores } = place;
    let (tx, rx) = L::open(folder, "oneway", capacity)?;
    let counter = Counter::detect().counter;
    let warm = capacity as u64 * 2;
    let there = move |page: &Page| {
        let mut rx = rx()?;
        let mut took = vec![0_u64; records as usize];
        page.set(Word::There, 1);
        let mut answer = 0_u64;
        for n in 0..warm + records {
            let words = receive_one(page, &mut rx)?;
            let now = counter.read();
            if let Some(slot) = n.checked_sub(warm).and_then(|n| took.get_mut(n as usize)) {
                *slot = now.saturating_sub(words[1]);
                answer = answer.wrapping_add(words[2]);
            }
        }
        took.sort_unstable();
        let at = |share: u64| took.get((records * share / 100) as usize).copied().unwrap_or(0);
        page.set(Word::Answer, answer);
        page.set(Word::Figure, at(50));
        page.set(Word::Second, at(99));
        page.set(Word::There, 2);
        page.wait(Word::Here, 1)
    };
    let here = move |page: &Page| {
        let mut tx = tx()?;
        page.wait(Word::There, 1)?;
        let (began, first) = (Instant::now(), counter.read());
        while began.elapsed().as_micros() < 2_000 {}
        let ticks = (counter.read() - first) as f64 / began.elapsed().as_nanos() as f64;
        let (mut due, step) = (counter.read(), (ticks * 1_000.0) as u64);
        for n in 0..warm + records {
            due += step;
            while counter.read() < due {}
            send_one(page, &mut tx, &[n << 8, counter.read(), n, n, n, n, n, n])?;
        }
        page.wait(Word::There, 2)?;
        let ns = |word| page.get(word) as f64 / ticks;
        let (p50, p99, answer) = (ns(Word::Figure), ns(Word::Second), page.get(Word::Answer));
        page.set(Word::Here, 1);
        Ok(OneWay { p50, p99, answer })
    };
    apart(L::PROCESSES, cores, there, here)
}
