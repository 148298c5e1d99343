//! Every function takes NULL and nonsense, and says what was wrong.

use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};

use hotlane::error::{Code, hotlane_error_text, hotlane_last_error};
use hotlane::handle::Handle;
use hotlane::life::*;
use hotlane::read::*;
use hotlane::types::Options;

fn last() -> String {
    // SAFETY: always a string, valid until the next call on this thread.
    unsafe { CStr::from_ptr(hotlane_last_error()) }.to_string_lossy().into_owned()
}

fn options(instance: *const c_char) -> Options {
    Options {
        size: size_of::<Options>() as u32,
        classes: 0,
        instance,
        root: null(),
        lanes: null(),
        symbols: null(),
        attach_timeout_ns: 0,
        seat: 0,
        book_orders: 0,
        depth: 0,
        policy: 0,
        books: 0,
        reserved: 0,
    }
}

fn open(options: &Options) -> (i32, *mut Handle) {
    let mut client = std::ptr::dangling_mut();
    // SAFETY: options and client are ours; the texts are literals or NULL.
    (unsafe { hotlane_open(options, &mut client) }, client)
}

#[test]
fn null_is_an_error_with_a_name() {
    const E: i32 = Code::Argument as i32;
    let none: *mut Handle = null_mut();
    let (mut a, mut b) = (0, 0);
    // SAFETY: NULL is what these calls are about; everything else is ours.
    unsafe {
        assert_eq!(hotlane_open(null(), null_mut()), E);
        let mut client = none;
        assert_eq!(hotlane_open(null(), &mut client), E);
        assert_eq!((client, last().as_str()), (none, "options is NULL"));
        assert_eq!(hotlane_poll(none, null_mut(), null_mut(), 0, 0), i64::from(E));
        assert_eq!(last(), "client is NULL");
        assert_eq!(hotlane_next_event(none, null_mut()), E);
        assert_eq!(hotlane_resync(none), i64::from(E));
        assert_eq!(hotlane_lag(none), i64::from(E));
        assert_eq!(hotlane_symbol(none, 0, 0, null_mut(), 0), i64::from(E));
        assert_eq!(hotlane_find(none, null(), &mut a, &mut b), E);
        assert_eq!(hotlane_instrument_info(none, 0, 0, null_mut()), E);
        assert_eq!(hotlane_best(none, 0, 0, null_mut()), E);
        assert_eq!(hotlane_levels(none, 0, 0, 0, null_mut(), 0), i64::from(E));
        hotlane_close(none);
    }
}

#[test]
fn options_are_checked_one_by_one() {
    let name = c"no-such-instance";
    assert_eq!(open(&options(null())).0, Code::Argument as i32);
    assert_eq!(last(), "instance is NULL");
    assert_eq!(open(&options(c"\xff".as_ptr())).0, Code::Argument as i32);
    assert_eq!(last(), "instance is not UTF-8");
    let good = options(name.as_ptr());
    for (bad, code) in [
        (Options { size: 60, ..good }, Code::Size),
        (Options { classes: 256, ..good }, Code::Argument),
        (Options { policy: 4, ..good }, Code::Argument),
        (Options { books: 2, ..good }, Code::Argument),
        (Options { instance: c"../up".as_ptr(), ..good }, Code::Argument),
        (Options { attach_timeout_ns: 1, ..good }, Code::Absent),
    ] {
        let (found, client) = open(&bad);
        assert_eq!((found, client), (code as i32, null_mut()), "{}", last());
        assert!(!last().is_empty());
    }
}

#[test]
fn a_client_without_a_producer_answers_everything() {
    let (code, client) = open(&options(c"no-such-instance".as_ptr()));
    assert_eq!(code, 0, "{}", last());
    let (mut lane, mut instrument) = (0, 0);
    // SAFETY: the client is open, the pointers are NULL where said, else ours.
    unsafe {
        assert_eq!(hotlane_poll(client, null_mut(), null_mut(), 1, 0), Code::Argument as i64);
        let mut record = [wire::Record::from_words([0; 8])];
        assert_eq!(hotlane_poll(client, record.as_mut_ptr(), null_mut(), 1, 1_000_000), 0);
        assert_eq!(hotlane_next_event(client, null_mut()), Code::Argument as i32);
        assert_eq!((hotlane_lag(client), hotlane_resync(client)), (0, 0));
        assert_eq!(hotlane_symbol(client, 7, 7, null_mut(), 0), Code::Unknown as i64);
        let found = hotlane_find(client, c"X".as_ptr(), &mut lane, &mut instrument);
        assert_eq!(
            (found, last().as_str()),
            (Code::Unknown as i32, "no lane has an instrument \"X\"")
        );
        let mut level = hotlane::types::Level { price: 0, quantity: 0, orders: 0, reserved: 0 };
        assert_eq!(hotlane_levels(client, 0, 1, 2, &mut level, 1), Code::Argument as i64);
        assert_eq!(hotlane_levels(client, 0, 1, 1, &mut level, 1), Code::NoBook as i64);
        assert!(last().contains("books = 1"), "{}", last());
        hotlane_close(client);
    }
}

#[test]
fn every_code_has_a_text() {
    for code in Code::ALL {
        // SAFETY: always a string that lives for ever.
        let text = unsafe { CStr::from_ptr(hotlane_error_text(*code as i32)) };
        assert_eq!(text, code.text());
    }
    // SAFETY: as above.
    let none = unsafe { CStr::from_ptr(hotlane_error_text(77)) };
    assert_eq!(none, c"no such error code");
}
