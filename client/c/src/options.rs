//! From what C passes to what the client takes.

use std::ffi::{CStr, c_char};
use std::path::PathBuf;
use std::time::Duration;

use client::{AttachSpec, BookSpec, Lanes, Policy, Wanted};

use crate::error::{Code, argument, remember};
use crate::types::Options;

/// What `hotlane_open` needs.
pub(crate) struct Request {
    pub spec: AttachSpec,
    pub books: Option<BookSpec>,
    pub timeout: Duration,
}

/// A text of C.
///
/// # Safety
/// `text` is NULL or leads to a NUL-terminated string that lives as long as the result is used.
pub(crate) unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<Option<&'a str>, Code> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so by this function's contract a string that ends with NUL.
    let found = unsafe { CStr::from_ptr(text) };
    match found.to_str() {
        Ok(found) => Ok(Some(found)),
        Err(_) => Err(argument(&format!("{what} is not UTF-8"))),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

impl Request {
    /// Checks options and takes copies of their texts.
    ///
    /// # Safety
    /// Each text is NULL or leads to a NUL-terminated string.
    pub(crate) unsafe fn new(options: &Options) -> Result<Request, Code> {
        if options.size as usize != size_of::<Options>() {
            let (found, wanted) = (options.size, size_of::<Options>());
            remember(&format!("options of {found} bytes, this library has {wanted}"));
            return Err(Code::Size);
        }
        // SAFETY: by this function's contract.
        let instance = unsafe { text(options.instance, "instance") }?;
        // SAFETY: as above.
        let root = unsafe { text(options.root, "root") }?;
        // SAFETY: as above.
        let lanes = unsafe { text(options.lanes, "lanes") }?;
        // SAFETY: as above.
        let symbols = unsafe { text(options.symbols, "symbols") }?;
        let Some(instance) = instance else { return Err(argument("instance is NULL")) };
        let mut spec = AttachSpec::new(instance);
        if let Some(root) = root {
            spec.root = PathBuf::from(root);
        }
        if let Some(lanes) = lanes {
            spec.lanes = Lanes::Named(list(lanes));
        }
        if let Some(symbols) = symbols {
            spec.filter.instruments = Wanted::Symbols(list(symbols));
        }
        if options.classes != 0 {
            let classes = u8::try_from(options.classes);
            spec.filter.classes = classes.map_err(|_| argument("no such class"))?;
        }
        let policy = Policy::from_code(options.policy);
        spec.filter.policy = policy.ok_or_else(|| argument("no such policy"))?;
        spec.filter.depth = options.depth;
        spec.seat = options.seat.checked_sub(1).map(|seat| seat as usize);
        let books = match options.books {
            0 => None,
            1 => Some(book_spec(options.book_orders)),
            _ => return Err(argument("books is neither 0 nor 1")),
        };
        Ok(Request { spec, books, timeout: Duration::from_nanos(options.attach_timeout_ns) })
    }
}

fn book_spec(orders: u32) -> BookSpec {
    let default = BookSpec::default();
    if orders == 0 { default } else { BookSpec { orders, ..default } }
}
