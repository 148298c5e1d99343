//! Two ends that share a page and nothing else: a forked process, or a thread where the ring knows
//! no processes. Both are pinned, the caller to the first core and the other end to the second.

use crate::harness::CompareError;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A word on lines of its own: processors fetch lines in pairs.
#[repr(C, align(128))]
struct Lone(AtomicU64);

const PAGE: usize = 4096;
const LONES: usize = PAGE / size_of::<Lone>();
/// How long an end may wait for the other before the round is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// The words of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Word {
    /// How far the first end is.
    Here,
    /// How far the other end is.
    There,
    /// The other end's answer.
    Answer,
    /// The other end's first figure.
    Figure,
    /// Its second figure.
    Second,
    /// Not zero: the other end gave up.
    Failed,
    /// The line of the raw ping-pong.
    Ping,
    /// The line of the raw pong.
    Pong,
}

/// A page that both ends see.
pub struct Page {
    base: NonNull<Lone>,
}

// SAFETY: the page is reached through atomics only and unmapped by its one owner, who outlives the
// other end.
unsafe impl Send for Page {}
// SAFETY: as above.
unsafe impl Sync for Page {}

impl Page {
    /// A page of zeros.
    ///
    /// # Errors
    /// Where the kernel has no memory.
    pub fn new() -> Result<Page, CompareError> {
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice replaces nothing.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, access, flags, -1, 0) };
        match NonNull::new(base.cast::<Lone>()) {
            Some(base) if base.as_ptr().cast() != libc::MAP_FAILED => Ok(Page { base }),
            _ => Err(CompareError::failed("map a page", std::io::Error::last_os_error())),
        }
    }

    /// One of its words.
    #[inline(always)]
    #[must_use]
    pub fn word(&self, word: Word) -> &AtomicU64 {
        const { assert!((Word::Pong as usize) < LONES) };
        // SAFETY: the index is below LONES, checked above, and the page lives as long as `self`;
        // zero bytes are an `AtomicU64`, and only atomics touch it.
        unsafe { &self.base.add(word as usize).as_ref().0 }
    }

    /// Sets a word: what was done before is seen by who waits for it.
    pub fn set(&self, word: Word, value: u64) {
        self.word(word).store(value, Ordering::Release);
    }

    /// The word's value.
    #[must_use]
    pub fn get(&self, word: Word) -> u64 {
        self.word(word).load(Ordering::Acquire)
    }

    /// Waits until a word has reached a value.
    ///
    /// # Errors
    /// Where the other end gave up, or takes too long.
    pub fn wait(&self, word: Word, value: u64) -> Result<(), CompareError> {
        let mut patience = Patience::new(self);
        while self.get(word) < value {
            patience.tick()?;
        }
        Ok(())
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: exactly what `new` mapped; nobody borrows it any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), PAGE) };
    }
}

/// Ends a wait that would have no end.
pub struct Patience<'a> {
    page: &'a Page,
    turns: u64,
    since: Option<Instant>,
}

impl<'a> Patience<'a> {
    /// Begins to wait.
    #[must_use]
    pub fn new(page: &'a Page) -> Patience<'a> {
        Patience { page, turns: 0, since: None }
    }

    /// One more turn of a busy wait, without a pause: the raw ping-pong makes none either.
    ///
    /// # Errors
    /// Where the other end gave up, or takes too long.
    #[inline(always)]
    pub fn tick(&mut self) -> Result<(), CompareError> {
        self.turns += 1;
        if self.turns & 0xf_ffff == 0 { self.look() } else { Ok(()) }
    }

    #[cold]
    fn look(&mut self) -> Result<(), CompareError> {
        let failed = self.page.get(Word::Failed) != 0;
        let late = self.since.get_or_insert_with(Instant::now).elapsed() > PATIENCE;
        match (failed, late) {
            (true, _) => Err(CompareError::failed("wait for the other end", "it gave up")),
            (_, true) => Err(CompareError::failed("wait for the other end", "it says nothing")),
            _ => Ok(()),
        }
    }
}

/// Lets both ends run: `there` on the second core, as a process or a thread, `here` on the first.
///
/// # Errors
/// What either end returns, or where it cannot be pinned.
pub fn apart<T>(
    processes: bool,
    cores: [usize; 2],
    there: impl FnOnce(&Page) -> Result<(), CompareError> + Send,
    here: impl FnOnce(&Page) -> Result<T, CompareError>,
) -> Result<T, CompareError> {
    let page = Page::new()?;
    let pinned = affinity::pin(cores[0]).map_err(|e| CompareError::failed("pin", e))?;
    let end = |page: &Page| -> Result<(), CompareError> {
        let done = affinity::pin(cores[1])
            .map_err(|e| CompareError::failed("pin", e))
            .and_then(|_| there(page));
        page.set(Word::Failed, u64::from(done.is_err()));
        done
    };
    let result = if processes {
        forked(&page, end, here)
    } else {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| end(&page));
            let result = here(&page);
            let other = other.join();
            let lost = || CompareError::failed("join the other end", "it panicked");
            result.and_then(|value| other.map_err(|_| lost())?.map(|()| value))
        })
    };
    pinned.restore().map_err(|e| CompareError::failed("unpin", e))?;
    result
}

fn forked<T>(
    page: &Page,
    there: impl FnOnce(&Page) -> Result<(), CompareError>,
    here: impl FnOnce(&Page) -> Result<T, CompareError>,
) -> Result<T, CompareError> {
    // SAFETY: this program has no other thread while it compares, and the child leaves by `_exit`
    // without unwinding into what the parent owns.
    let child = unsafe { libc::fork() };
    if child < 0 {
        return Err(CompareError::failed("fork", std::io::Error::last_os_error()));
    }
    if child == 0 {
        // SAFETY: plain system calls on this process, which dies with its parent.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        let done = there(page);
        if let Err(error) = &done {
            eprintln!("{error}");
        }
        // SAFETY: ends this process without running what the parent will run itself.
        unsafe { libc::_exit(i32::from(done.is_err())) };
    }
    let result = here(page);
    let mut status = 0;
    // SAFETY: our own child, not waited for yet; `status` is writable.
    unsafe {
        if result.is_err() {
            libc::kill(child, libc::SIGKILL);
        }
        libc::waitpid(child, &raw mut status, 0);
    }
    match (result, status) {
        (Ok(_), status) if status != 0 => {
            Err(CompareError::failed("the other process", format!("wait status {status}")))
        }
        (result, _) => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_other_end_answer_and_fail() {
        for processes in [false, true] {
            let echo = |page: &Page| {
                page.wait(Word::Here, 7)?;
                page.set(Word::Answer, 49);
                page.set(Word::There, 1);
                Ok(())
            };
            let ask = |page: &Page| {
                page.set(Word::Here, 7);
                page.wait(Word::There, 1)?;
                Ok(page.get(Word::Answer))
            };
            assert_eq!(apart(processes, [0, 0], echo, ask).unwrap(), 49);
            let refuse = |_: &Page| Err(CompareError::failed("test", "refused"));
            let wait = |page: &Page| page.wait(Word::There, 1);
            assert!(apart(processes, [0, 0], refuse, wait).is_err());
        }
    }
}
