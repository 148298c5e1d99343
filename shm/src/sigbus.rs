//! A producer survives a consumer that truncates its control file.
//!
//! A seat's control file must be writable by its consumer, and whoever may write a file may
//! truncate it; the kernel has no seal for files opened by path. The producer's next look at the
//! lost page would be a SIGBUS, the end of every lane for the fault of one consumer. So the
//! producer may guard its control mappings: the handler puts a private page of zeros in the place
//! of the lost one and lets the access go on. Zeros are an unclaimed seat, so the lane closes it;
//! the seat stays without use until the next generation (a consumer that comes is refused because
//! of the file's length), and all others never notice.
//!
//! A SIGBUS anywhere else is given to whoever handled it before, which normally ends the process.

use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::instance::Instance;
use crate::mapping::PAGE;
use crate::region::Region;
use crate::sync::{AtomicU64, Ordering};

/// Most mappings guarded in a process: the seats of an instance, and room for a second one.
const ROWS: usize = 512;
/// Bits of a row that count pages; the others are the number of its first page.
const COUNT_BITS: u32 = 28;

/// What the handler looks at: nothing that allocates or locks.
struct Table {
    /// First page's number << 28 | pages; 0 = free. One word, so that no half row is ever seen.
    rows: [AtomicU64; ROWS],
    hits: AtomicU64,
    before: libc::sigaction,
}

static TABLE: OnceLock<Option<Table>> = OnceLock::new();

/// Guards the control mappings of an instance for as long as it lives.
#[derive(Debug)]
pub struct SigbusGuard {
    words: Vec<u64>,
    /// Kept mapped, so that no other mapping can come to lie where the table points.
    _regions: Vec<Region>,
}

impl SigbusGuard {
    /// Guards all seats of an instance. Call it before the lanes run.
    ///
    /// # Errors
    /// [`Error::Io`] where the handler cannot be installed, [`Error::BadSpec`] where more
    /// mappings are guarded than there is room for.
    pub fn new(instance: &Instance) -> Result<SigbusGuard> {
        let table = TABLE.get_or_init(install).as_ref().ok_or_else(|| {
            let source = std::io::Error::last_os_error();
            Error::io("install the SIGBUS handler for", instance.dir(), source)
        })?;
        let mut guard = SigbusGuard { words: Vec::new(), _regions: Vec::new() };
        for producer in instance.producers() {
            for seat in 0..producer.seats() {
                let Some((_, control)) = producer.seat(seat) else { continue };
                let word = word_of(control)?;
                table.add(word)?;
                guard.words.push(word);
                guard._regions.push(control.clone());
            }
        }
        Ok(guard)
    }
}

impl Drop for SigbusGuard {
    fn drop(&mut self) {
        if let Some(Some(table)) = TABLE.get() {
            self.words.iter().for_each(|&word| table.remove(word));
        }
    }
}

/// Lost pages replaced in this process so far: each is a consumer that cut its control file.
pub fn hits() -> u64 {
    // Partner: the handler. A count that stands alone.
    TABLE.get().and_then(Option::as_ref).map_or(0, |table| table.hits.load(Ordering::Relaxed))
}

fn word_of(control: &Region) -> Result<u64> {
    let (address, bytes) = control.mapping().place();
    let (first, pages) = (address / PAGE, bytes.div_ceil(PAGE));
    if pages == 0 || pages >> COUNT_BITS != 0 || first >> (64 - COUNT_BITS) != 0 {
        let wanted = "1 to 2^28 - 1 pages in user space";
        return Err(Error::BadSpec { what: "guarded mapping", found: pages, wanted });
    }
    Ok(first << COUNT_BITS | pages)
}

impl Table {
    fn add(&self, word: u64) -> Result<()> {
        for row in &self.rows {
            // Partner: `covers`. The lane that may fault here starts later, or was handed the
            // mapping later; either orders this store before its access.
            if row.compare_exchange(0, word, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return Ok(());
            }
        }
        let (found, wanted) = (ROWS as u64 + 1, "at most 512");
        Err(Error::BadSpec { what: "guarded mappings", found, wanted })
    }

    fn remove(&self, word: u64) {
        for row in &self.rows {
            // Partner: `covers`. The mapping outlives this store.
            if row.compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }

    fn covers(&self, address: u64) -> bool {
        let page = address / PAGE;
        self.rows.iter().any(|row| {
            // Partner: `add` and `remove`.
            let word = row.load(Ordering::Relaxed);
            let (first, pages) = (word >> COUNT_BITS, word & ((1 << COUNT_BITS) - 1));
            page >= first && page - first < pages
        })
    }
}

fn install() -> Option<Table> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks for the present action only; `before` is writable.
    if unsafe { libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut before) } != 0 {
        return None;
    }
    // SAFETY: as above; then the fields that matter are set.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) = on_sigbus;
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler has the signature that SA_SIGINFO asks for, and does only what a signal
    // handler may: atomic loads, mmap and sigaction. Until the table is published it changes
    // nothing.
    if unsafe { libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut()) } != 0 {
        return None;
    }
    let rows = std::array::from_fn(|_| AtomicU64::new(0));
    Some(Table { rows, hits: AtomicU64::new(0), before })
}

extern "C" fn on_sigbus(
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    // SAFETY: the kernel hands a valid siginfo to a SA_SIGINFO handler, with an address for SIGBUS.
    let address = unsafe { (*info).si_addr() } as u64;
    let table = TABLE.get().and_then(Option::as_ref);
    if let Some(table) = table.filter(|table| table.covers(address))
        && replace_page(address - address % PAGE)
    {
        // Partner: `hits`.
        table.hits.fetch_add(1, Ordering::Relaxed);
        return;
    }
    // Not ours. With the old action back in place the access faults again, and finds it.
    // SAFETY: all-zero is the default action.
    let default: libc::sigaction = unsafe { std::mem::zeroed() };
    let before = table.map_or(&default, |table| &table.before);
    // SAFETY: both are valid actions; sigaction may be called from a handler.
    unsafe { libc::sigaction(signal, before, std::ptr::null_mut()) };
}

/// Puts a private page of zeros at `page`. The interrupted code's errno stays as it was.
fn replace_page(page: u64) -> bool {
    // SAFETY: the C library's pointer to this thread's errno is always valid.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    // SAFETY: the page lies in a mapping that a `SigbusGuard` keeps alive and that holds only
    // atomics: their values change to zero, as any other process could have changed them. The
    // later unmapping of the whole range covers this page too.
    let made = unsafe {
        libc::mmap(
            page as *mut libc::c_void,
            PAGE as usize,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    // SAFETY: as above.
    unsafe { *errno = before };
    made != libc::MAP_FAILED
}
