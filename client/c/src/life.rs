//! Opening, polling, events, closing.

use std::ffi::c_char;
use std::time::Duration;

use wire::Record;

use crate::error::{Code, argument, count, guarded, status};
use crate::handle::Handle;
use crate::options::Request;
use crate::types::{Event, Options};

/// The client of a handle.
///
/// # Safety
/// `client` is NULL, or was returned by `hotlane_open`, was not closed, and is used by one thread
/// at a time.
pub(crate) unsafe fn handle<'a>(client: *mut Handle) -> Result<&'a mut Handle, Code> {
    // SAFETY: by this function's contract nobody else uses what it leads to.
    unsafe { client.as_mut() }.ok_or_else(|| argument("client is NULL"))
}

/// Number of the ABI.
#[unsafe(no_mangle)]
pub extern "C" fn hotlane_abi_version() -> u32 {
    crate::ABI_VERSION
}

/// Hash of the record layouts: `HOTLANE_LAYOUT_HASH` of the header that fits this library.
#[unsafe(no_mangle)]
pub extern "C" fn hotlane_layout_hash() -> u64 {
    wire::table::LAYOUT_HASH
}

/// Release of the library, for ever valid.
#[unsafe(no_mangle)]
pub extern "C" fn hotlane_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Attaches to an instance and stores the client in `*client`; NULL there on an error.
///
/// # Safety
/// `options` is NULL or leads to options whose texts are NULL or end with NUL; `client` is NULL or
/// may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_open(options: *const Options, client: *mut *mut Handle) -> i32 {
    if client.is_null() {
        return argument("client is NULL") as i32;
    }
    // SAFETY: not NULL, and by this function's contract it may be written.
    unsafe { client.write(std::ptr::null_mut()) };
    // SAFETY: by this function's contract it is NULL or leads to options.
    let Some(options) = (unsafe { options.as_ref() }) else {
        return argument("options is NULL") as i32;
    };
    status(guarded(|| {
        // SAFETY: by this function's contract the texts are NULL or end with NUL.
        let request = unsafe { Request::new(options) }?;
        let opened = Box::new(Handle::open(request)?);
        // SAFETY: as above; the box is given to C until `hotlane_close`.
        unsafe { client.write(Box::into_raw(opened)) };
        Ok(())
    }))
}

/// Copies at most `capacity` records to `records` and, unless it is NULL, the number of each
/// one's lane to `lanes`. Returns how many, or a negative code. Waits for the first at most
/// `timeout_ns`, and not if something happened (`hotlane_next_event`).
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `records` and `lanes` have room for
/// `capacity` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_poll(
    client: *mut Handle,
    records: *mut Record,
    lanes: *mut u32,
    capacity: usize,
    timeout_ns: u64,
) -> i64 {
    count(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        if records.is_null() {
            return Err(argument("records is NULL"));
        }
        let taken = handle.poll(capacity, Duration::from_nanos(timeout_ns), |at, lane, record| {
            if at >= capacity {
                return;
            }
            // SAFETY: `at` is below the capacity that the caller has room for. C may have placed
            // the buffer at any address, so nothing is assumed of its alignment.
            unsafe { records.add(at).write_unaligned(*record) };
            if !lanes.is_null() {
                // SAFETY: as above, for the lanes.
                unsafe { lanes.add(at).write_unaligned(lane) };
            }
        });
        Ok(taken)
    }))
}

/// Copies the oldest event that was not asked for yet to `*event`. 1: there was one, 0: none, or
/// a negative code.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time; `event` is NULL or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_next_event(client: *mut Handle, event: *mut Event) -> i32 {
    let told = guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        if event.is_null() {
            return Err(argument("event is NULL"));
        }
        let Some(next) = handle.next_event() else { return Ok(0) };
        // SAFETY: not NULL, and by this function's contract it may be written.
        unsafe { event.write_unaligned(next) };
        Ok(1)
    });
    told.unwrap_or_else(|code| code as i32)
}

/// Gives up everything unread and asks for refreshes of all books. Returns the records skipped, or
/// a negative code.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_resync(client: *mut Handle) -> i64 {
    count(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        Ok(usize::try_from(handle.client.resync()).unwrap_or(usize::MAX))
    }))
}

/// Records behind the producer, all lanes together, or a negative code.
///
/// # Safety
/// `client` is NULL or open and used by one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_lag(client: *mut Handle) -> i64 {
    count(guarded(|| {
        // SAFETY: by this function's contract.
        let handle = unsafe { handle(client) }?;
        Ok(usize::try_from(handle.client.lag()).unwrap_or(usize::MAX))
    }))
}

/// Gives the seats back and ends the client. NULL is nothing to close.
///
/// # Safety
/// `client` is NULL, or open; nobody uses it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hotlane_close(client: *mut Handle) {
    if client.is_null() {
        return;
    }
    let closed = guarded(|| {
        // SAFETY: by this function's contract it is a box that `hotlane_open` gave away, and this
        // is the only time that it comes back.
        drop(unsafe { Box::from_raw(client) });
        Ok(())
    });
    // A defect while closing is remembered; there is nobody to return it to.
    let _ = closed;
}
