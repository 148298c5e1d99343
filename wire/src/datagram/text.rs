//! The text lines on the same groups: what people and simple scripts read.
//!
//! | line | |
//! |--|--|
//! | `EXCHANGE\|name\|type\|counts\|timestamp` | what there is of an exchange |
//! | `STATS\|exchange\|trades\|orderbooks\|timestamp` | what was sent of it since the start |
//! | `CONN\|exchange\|connected\|disconnected\|reconnect_count\|total` | how it is connected |
//!
//! `type` is `stock` or `crypto`, `counts` are instruments and live books as `n,n`, `orderbooks`
//! are datagrams of books, a timestamp is Unix ns. All are sent periodically, CONN on change too.
//!
//! One line a datagram, ASCII, without a line feed (a reader forgives one at the end). The first
//! byte is a capital letter, which no version of the header is.

use std::fmt::{self, Write};

use super::NAME_CHARACTERS;

/// Bytes of the longest line.
pub const TEXT_BYTES: usize = 128;

/// Whether a datagram that begins with this byte is a text line.
#[inline]
#[must_use]
pub const fn is_text(first: u8) -> bool {
    first.is_ascii_uppercase()
}

/// A text line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLine<'a> {
    /// What there is of an exchange.
    Exchange {
        /// Exchange with its prefix.
        name: &'a str,
        /// `stock` or `crypto`.
        product: &'a str,
        /// Instruments.
        instruments: u64,
        /// Books among them that are live.
        live_books: u64,
        /// When, Unix ns.
        timestamp: u64,
    },
    /// What was sent of an exchange since the publisher's start.
    Stats {
        /// Exchange with its prefix.
        exchange: &'a str,
        /// Trades.
        trades: u64,
        /// Datagrams of books.
        orderbooks: u64,
        /// When, Unix ns.
        timestamp: u64,
    },
    /// How the handler is connected to an exchange.
    Conn {
        /// Exchange with its prefix.
        exchange: &'a str,
        /// Connections, or lines, that are up.
        connected: u64,
        /// Those that are not.
        disconnected: u64,
        /// Reconnects since the start.
        reconnect_count: u64,
        /// All of them.
        total: u64,
    },
}

/// Why bytes are not a text line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TextReject {
    /// Longer than a line can be.
    Long,
    /// A byte that is not printable ASCII.
    Ascii,
    /// An unknown first word.
    Tag,
    /// Not as many fields as the first word wants.
    Fields,
    /// A name that is empty or longer than 19 characters.
    Name,
    /// A field that must be a number and is not, or is greater than 64 bits hold.
    Number,
}

impl TextReject {
    /// Every reason, in the order of [`Self::index`].
    pub const ALL: [TextReject; 6] = [
        TextReject::Long,
        TextReject::Ascii,
        TextReject::Tag,
        TextReject::Fields,
        TextReject::Name,
        TextReject::Number,
    ];

    /// The name that counters and reports print.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            TextReject::Long => "text_long",
            TextReject::Ascii => "text_ascii",
            TextReject::Tag => "text_tag",
            TextReject::Fields => "text_fields",
            TextReject::Name => "text_name",
            TextReject::Number => "text_number",
        }
    }

    /// The position in [`Self::ALL`], for an array of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for TextReject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::error::Error for TextReject {}

/// Only what this crate writes: digits, no sign, no leading zero.
fn number(text: &str) -> Result<u64, TextReject> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    if !is_plain {
        return Err(TextReject::Number);
    }
    text.parse().map_err(|_| TextReject::Number)
}

fn name(text: &str) -> Result<&str, TextReject> {
    let is_name = (1..=NAME_CHARACTERS).contains(&text.len()) && !text.contains(' ');
    if is_name { Ok(text) } else { Err(TextReject::Name) }
}

impl<'a> TextLine<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// [`TextReject`].
    pub fn parse(bytes: &'a [u8]) -> Result<TextLine<'a>, TextReject> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if bytes.len() > TEXT_BYTES {
            return Err(TextReject::Long);
        }
        if !bytes.iter().all(|&byte| byte.is_ascii_graphic() || byte == b' ') {
            return Err(TextReject::Ascii);
        }
        let line = std::str::from_utf8(bytes).map_err(|_| TextReject::Ascii)?;
        let mut fields = [""; 6];
        let mut count = 0;
        for part in line.split('|') {
            *fields.get_mut(count).ok_or(TextReject::Fields)? = part;
            count += 1;
        }
        let [tag, first, second, third, fourth, fifth] = fields;
        let wants = |wanted| if count == wanted { Ok(()) } else { Err(TextReject::Fields) };
        match tag {
            "EXCHANGE" => {
                wants(5)?;
                let (instruments, live) = third.split_once(',').ok_or(TextReject::Number)?;
                Ok(TextLine::Exchange {
                    name: name(first)?,
                    product: name(second)?,
                    instruments: number(instruments)?,
                    live_books: number(live)?,
                    timestamp: number(fourth)?,
                })
            }
            "STATS" => {
                wants(5)?;
                Ok(TextLine::Stats {
                    exchange: name(first)?,
                    trades: number(second)?,
                    orderbooks: number(third)?,
                    timestamp: number(fourth)?,
                })
            }
            "CONN" => {
                wants(6)?;
                Ok(TextLine::Conn {
                    exchange: name(first)?,
                    connected: number(second)?,
                    disconnected: number(third)?,
                    reconnect_count: number(fourth)?,
                    total: number(fifth)?,
                })
            }
            _ => Err(TextReject::Tag),
        }
    }

    /// Writes the line into a buffer without allocation; its length, or `None` where it does not
    /// fit. [`TEXT_BYTES`] are enough for names of 19 characters.
    #[must_use]
    pub fn write(&self, buffer: &mut [u8]) -> Option<usize> {
        let mut out = Cursor { buffer, used: 0 };
        write!(out, "{self}").ok()?;
        Some(out.used)
    }

    /// The exchange that it is about.
    #[must_use]
    pub const fn exchange(&self) -> &'a str {
        match self {
            TextLine::Exchange { name, .. } => name,
            TextLine::Stats { exchange, .. } | TextLine::Conn { exchange, .. } => exchange,
        }
    }
}

impl fmt::Display for TextLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TextLine::Exchange { name, product, instruments, live_books, timestamp } => {
                write!(f, "EXCHANGE|{name}|{product}|{instruments},{live_books}|{timestamp}")
            }
            TextLine::Stats { exchange, trades, orderbooks, timestamp } => {
                write!(f, "STATS|{exchange}|{trades}|{orderbooks}|{timestamp}")
            }
            TextLine::Conn { exchange, connected, disconnected, reconnect_count, total } => {
                write!(f, "CONN|{exchange}|{connected}|{disconnected}|{reconnect_count}|{total}")
            }
        }
    }
}

/// Writes text into bytes.
struct Cursor<'a> {
    buffer: &'a mut [u8],
    used: usize,
}

impl Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.used + text.len();
        let room = self.buffer.get_mut(self.used..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.used = end;
        Ok(())
    }
}
