//! Names in the 20 bytes that the header has for them.
//!
//! A name is 1 to 19 printable ASCII characters without a space, then NUL to the end: the last
//! byte is always NUL, so a C reader can use it as it is. A venue's symbol that does not fit
//! becomes `~` and the eight hex digits of its instrument number, which is unique where a cut
//! name would not be; the definition of that instrument has the full one.

use crate::instrument::InstrumentId;
use crate::quality::Nature;

/// Bytes of the two name fields of the header.
pub const NAME_BYTES: usize = 20;
/// Most characters of a name.
pub const NAME_CHARACTERS: usize = NAME_BYTES - 1;

/// Marks a symbol that stands for a longer one.
const SUBSTITUTE: u8 = b'~';

/// The first bytes of an exchange whose data is not live.
const PREFIXES: [(Nature, &str); 2] = [(Nature::Simulated, "SIM."), (Nature::Recorded, "REC.")];

fn put(parts: [&[u8]; 2]) -> [u8; NAME_BYTES] {
    let mut field = [0; NAME_BYTES];
    let bytes = parts.into_iter().flatten().take(NAME_CHARACTERS);
    field.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    field
}

/// The symbol field of an instrument: its name, or `~` and its number where that does not fit.
#[must_use]
pub fn datagram_symbol(name: &str, instrument: InstrumentId) -> [u8; NAME_BYTES] {
    let bytes = name.as_bytes();
    let fits = (1..=NAME_CHARACTERS).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_graphic)
        && bytes.first() != Some(&SUBSTITUTE);
    if fits {
        return put([bytes, b""]);
    }
    let mut digits = [0; 9];
    digits[0] = SUBSTITUTE;
    for (at, digit) in digits[1..].iter_mut().enumerate() {
        let nibble = (instrument.0 >> (28 - 4 * at)) as u8 & 0x0f;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    }
    put([&digits, b""])
}

/// The exchange field of a product: its name, behind `SIM.` or `REC.` where it is not live.
///
/// `None` where the name with its prefix is longer than 19 characters, empty, or not printable
/// ASCII: an exchange is named by this program, so that is a mistake of configuration.
#[must_use]
pub fn datagram_exchange(product: &str, nature: Nature) -> Option<[u8; NAME_BYTES]> {
    let prefix = PREFIXES.iter().find(|(of, _)| *of == nature).map_or("", |(_, prefix)| prefix);
    let length = prefix.len() + product.len();
    let fits = !product.is_empty()
        && length <= NAME_CHARACTERS
        && product.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'|');
    fits.then(|| put([prefix.as_bytes(), product.as_bytes()]))
}

/// The text of a name field; `None` where it is not one. The empty name is one.
#[inline]
#[must_use]
pub fn name_text(field: &[u8; NAME_BYTES]) -> Option<&str> {
    let end = field.iter().position(|&byte| byte == 0)?;
    let (name, padding) = field.split_at(end);
    let is_name = name.iter().all(u8::is_ascii_graphic) && padding.iter().all(|&byte| byte == 0);
    if is_name { std::str::from_utf8(name).ok() } else { None }
}

/// Where the data of an exchange comes from, by its prefix.
#[must_use]
pub fn nature_of(exchange: &str) -> Nature {
    let found = PREFIXES.iter().find(|(_, prefix)| exchange.starts_with(prefix));
    found.map_or(Nature::Live, |(nature, _)| *nature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Venue;

    #[test]
    fn a_symbol_that_fits_is_itself() {
        let id = InstrumentId::new(Venue::Nasdaq, 13);
        assert_eq!(&datagram_symbol("AAPL", id), b"AAPL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(&datagram_symbol("ABCDEFGHIJKLMNOPQRS", id), b"ABCDEFGHIJKLMNOPQRS\0");
    }

    #[test]
    fn a_symbol_that_does_not_fit_is_its_number() {
        let id = InstrumentId(0x0a00_beef);
        for name in ["ABCDEFGHIJKLMNOPQRST", "", "A B", "KRW-\u{20bf}", "~x"] {
            assert_eq!(name_text(&datagram_symbol(name, id)), Some("~0a00beef"), "{name}");
        }
    }

    #[test]
    fn an_exchange_says_what_is_not_live() {
        let name = |product, nature| datagram_exchange(product, nature);
        assert_eq!(&name("NASDAQ", Nature::Live).expect("fits")[..7], b"NASDAQ\0");
        assert_eq!(&name("NASDAQ", Nature::Recorded).expect("fits")[..11], b"REC.NASDAQ\0");
        assert_eq!(
            &name("BINANCE.UM", Nature::Simulated).expect("fits")[..15],
            b"SIM.BINANCE.UM\0"
        );
        assert_eq!(name("SIXTEEN.LETTERS.", Nature::Recorded), None);
        assert_eq!(name("", Nature::Live), None);
        assert_eq!(name("A|B", Nature::Live), None);
        assert_eq!(nature_of("REC.NASDAQ"), Nature::Recorded);
        assert_eq!(nature_of("SIM.X"), Nature::Simulated);
        assert_eq!(nature_of("NASDAQ"), Nature::Live);
    }

    #[test]
    fn fields_that_are_no_names() {
        let field = |text: &[u8]| {
            let mut field = [0; NAME_BYTES];
            field[..text.len()].copy_from_slice(text);
            field
        };
        assert_eq!(name_text(&field(b"")), Some(""));
        assert_eq!(name_text(&field(b"A\0B")), None);
        assert_eq!(name_text(&field(b"A\x80")), None);
        assert_eq!(name_text(&field(b"A B")), None);
        assert_eq!(name_text(&[b'A'; NAME_BYTES]), None);
    }
}
