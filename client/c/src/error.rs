//! Error codes, the last error's text, and the guard against panics.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};

macro_rules! codes {
    ($( $(#[$doc:meta])+ $name:ident = $value:literal $c:literal $text:literal; )+) => {
        /// What a function answers when it could not do what it was asked to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        pub enum Code { $( $(#[$doc])+ $name = $value, )+ }

        impl Code {
            /// All codes.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// Name of the constant in the header.
            pub const fn constant(self) -> &'static str {
                match self { $(Code::$name => $c),+ }
            }

            /// What it means.
            pub const fn text(self) -> &'static CStr {
                match self { $(Code::$name => $text),+ }
            }
        }
    };
}

codes! {
    /// Done.
    Ok = 0 "HOTLANE_OK" c"done";
    /// A pointer is NULL, a number is out of range, or a text is not UTF-8.
    Argument = -1 "HOTLANE_E_ARGUMENT" c"an argument is NULL, out of range or not UTF-8";
    /// `size` of the options is not that of this library.
    Size = -2 "HOTLANE_E_SIZE" c"options of another size: compile against this library's header";
    /// There is no such instance, or none that lives.
    Absent = -3 "HOTLANE_E_ABSENT" c"no such instance, or its producer is dead";
    /// Producer and library were built with different layouts.
    Layout = -4 "HOTLANE_E_LAYOUT" c"producer and library were built with different layouts";
    /// Every seat has a consumer.
    NoSeat = -5 "HOTLANE_E_NO_SEAT" c"every seat of a lane is taken";
    /// The producer refused the request, or did not answer.
    Refused = -6 "HOTLANE_E_REFUSED" c"the producer refused the request or did not answer";
    /// Files or memory could not be used.
    System = -7 "HOTLANE_E_SYSTEM" c"files or memory could not be used";
    /// No such lane or instrument.
    Unknown = -8 "HOTLANE_E_UNKNOWN" c"no such lane, instrument or symbol";
    /// No book is kept of it, or none that is complete now.
    NoBook = -9 "HOTLANE_E_NO_BOOK" c"no book, or none that is complete now";
    /// A defect of this library. The handle may only be closed.
    Internal = -10 "HOTLANE_E_INTERNAL" c"a defect of the library; close the client";
}

thread_local! {
    static LAST: RefCell<CString> = RefCell::new(CString::default());
}

/// Remembers what went wrong for [`last_error`].
pub(crate) fn remember(text: &str) {
    // A NUL inside would cut the text short in C anyway.
    let text = text.replace('\0', " ");
    LAST.with(|last| {
        if let (Ok(mut last), Ok(text)) = (last.try_borrow_mut(), CString::new(text)) {
            *last = text;
        }
    });
}

/// The code of a client's error; its text is remembered.
pub(crate) fn of_client(error: &client::Error) -> Code {
    remember(&error.to_string());
    match error {
        error if error.is_absent() => Code::Absent,
        client::Error::NoFreeSeat { .. } => Code::NoSeat,
        client::Error::Refused { .. } | client::Error::NoAnswer { .. } => Code::Refused,
        client::Error::NoLane { .. } => Code::Unknown,
        client::Error::NoClass => Code::Argument,
        client::Error::Shm(shm::error::Error::LayoutMismatch { .. }) => Code::Layout,
        client::Error::Shm(shm::error::Error::BadName { .. }) => Code::Argument,
        _ => Code::System,
    }
}

/// An argument that cannot be used.
pub(crate) fn argument(what: &str) -> Code {
    remember(what);
    Code::Argument
}

/// Runs `body`; a panic becomes [`Code::Internal`]. Where the program aborts on panic, as this
/// library's release build does, it ends there; in neither case does a panic reach C.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T, Code>) -> Result<T, Code> {
    // What a panic leaves behind is only closed, as the code's description says.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(done) => done,
        Err(_) => {
            remember("a defect of the library; please report it");
            Err(Code::Internal)
        }
    }
}

/// A code as a function returns it.
pub(crate) fn status(done: Result<(), Code>) -> i32 {
    match done {
        Ok(()) => Code::Ok as i32,
        Err(code) => code as i32,
    }
}

/// A count, or a code.
pub(crate) fn count(done: Result<usize, Code>) -> i64 {
    match done {
        Ok(count) => i64::try_from(count).unwrap_or(i64::MAX),
        Err(code) => code as i64,
    }
}

/// Text of a code, for ever valid; a text that says so for a number that is no code.
#[unsafe(no_mangle)]
pub extern "C" fn hotlane_error_text(code: i32) -> *const std::ffi::c_char {
    let found = Code::ALL.iter().find(|known| **known as i32 == code);
    found.map_or(c"no such error code", |code| code.text()).as_ptr()
}

/// What went wrong last on this thread, in a sentence; valid until the next call on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn hotlane_last_error() -> *const std::ffi::c_char {
    LAST.with(|last| last.try_borrow().map_or(c"".as_ptr(), |last| last.as_ptr()))
}
