//! Instruments: their number in a record and their row in the instrument table.
//!
//! A number is `venue << 24 | index`; index 0 means the whole venue or one of its channels. It
//! holds for one generation of the handler: whatever persists stores (venue, native symbol).
//!
//! Row of the instrument table, 256 bytes:
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 64 | native_symbol | the venue's name, utf-8, NUL-padded |
//! | 64 | 48 | canonical | our name |
//! | 112 | 20 | datagram_exchange | product name in multicast datagrams |
//! | 132 | 20 | datagram_symbol | name in multicast datagrams |
//! | 152 | 12 | base | |
//! | 164 | 12 | quote | |
//! | 176 | 12 | settle | |
//! | 188 | 4 | zero | |
//! | 192 | 8 | venue_id | the venue's own number |
//! | 200 | 2 | channel | |
//! | 202 | 1 | class | [`crate::codes::InstrumentClass`] |
//! | 203 | 3 | price_exp, quantity_exp, multiplier_exp | |
//! | 206 | 2 | flags | [`crate::codes::instrument_flags`] |
//! | 208 | 8 | tick | |
//! | 216 | 8 | lot | |
//! | 224 | 8 | multiplier | |
//! | 232 | 8 | strike | NONE where there is none |
//! | 240 | 8 | expiry | ns UTC; 0 none |
//! | 248 | 4 | instrument | number of this row |
//! | 252 | 4 | version | seqlock of the row: odd while it is written |

use std::mem::{offset_of, size_of};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::quality::small_enum;

small_enum! {
    /// A venue: byte 3 of an instrument number.
    Venue {
        /// NASDAQ TotalView-ITCH 5.0.
        Nasdaq = 1 "nasdaq",
        /// Binance spot.
        BinanceSpot = 2 "binance_spot",
        /// Binance USD-margined futures.
        BinanceUsdm = 3 "binance_usdm",
        /// Binance coin-margined futures.
        BinanceCoinm = 4 "binance_coinm",
        /// Bybit spot.
        BybitSpot = 5 "bybit_spot",
        /// Bybit linear contracts.
        BybitLinear = 6 "bybit_linear",
        /// Bybit inverse contracts.
        BybitInverse = 7 "bybit_inverse",
        /// OKX.
        Okx = 8 "okx",
        /// Coinbase.
        Coinbase = 9 "coinbase",
        /// Deribit.
        Deribit = 10 "deribit",
        /// Upbit.
        Upbit = 11 "upbit",
        /// Bithumb.
        Bithumb = 12 "bithumb",
        /// LS Securities (Korea).
        Ls = 13 "ls",
        /// IEX.
        Iex = 14 "iex",
        /// Cboe PITCH.
        Cboe = 15 "cboe",
        /// CME MDP 3.0.
        Cme = 16 "cme",
        /// NASDAQ BX: the protocol of NASDAQ, a market of its own.
        NasdaqBx = 17 "nasdaq_bx",
        /// NASDAQ PSX: the same.
        NasdaqPsx = 18 "nasdaq_psx",
        /// The best of several venues.
        Consolidated = 255 "consolidated",
    }
}

/// Number of an instrument: `venue << 24 | index`.
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Debug,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
)]
#[repr(transparent)]
pub struct InstrumentId(pub u32);

impl InstrumentId {
    /// Greatest index of a venue.
    pub const INDEX_MAX: u32 = 0x00ff_ffff;

    /// Instrument `index` of a venue; index 0 is the venue itself. Higher bits of the index are cut.
    #[inline(always)]
    pub const fn new(venue: Venue, index: u32) -> InstrumentId {
        InstrumentId((venue as u32) << 24 | (index & Self::INDEX_MAX))
    }

    /// Index within the venue; 0 = the venue or a channel of it.
    #[inline(always)]
    pub const fn index(self) -> u32 {
        self.0 & Self::INDEX_MAX
    }

    /// The venue, if this version knows it.
    #[inline]
    pub const fn venue(self) -> Option<Venue> {
        Venue::from_bits((self.0 >> 24) as u8)
    }
}

/// Size of an [`InstrumentRow`].
pub const INSTRUMENT_ROW_BYTES: usize = 256;

/// Row of the instrument table. See the module's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InstrumentRow {
    /// The venue's name, utf-8, NUL-padded.
    pub native_symbol: [u8; 64],
    /// Our name, NUL-padded.
    pub canonical: [u8; 48],
    /// Product name in multicast datagrams, NUL-padded.
    pub datagram_exchange: [u8; 20],
    /// Name in multicast datagrams, NUL-padded.
    pub datagram_symbol: [u8; 20],
    /// Base currency or asset, NUL-padded.
    pub base: [u8; 12],
    /// Quote currency, NUL-padded.
    pub quote: [u8; 12],
    /// Settlement currency, NUL-padded.
    pub settle: [u8; 12],
    /// Zero.
    pub _pad0: [u8; 4],
    /// The venue's own number.
    pub venue_id: u64,
    /// Channel of the venue.
    pub channel: u16,
    /// [`crate::codes::InstrumentClass`].
    pub class: u8,
    /// Prices are multiples of 10 to this power.
    pub price_exp: i8,
    /// Quantities are multiples of 10 to this power.
    pub quantity_exp: i8,
    /// The multiplier is a multiple of 10 to this power.
    pub multiplier_exp: i8,
    /// [`crate::codes::instrument_flags`].
    pub flags: u16,
    /// Smallest price step.
    pub tick: i64,
    /// Round lot or smallest quantity step.
    pub lot: i64,
    /// Contract multiplier.
    pub multiplier: i64,
    /// Strike price; NONE.
    pub strike: i64,
    /// Expiry, ns UTC; 0 none.
    pub expiry: u64,
    /// Number of this row.
    pub instrument: InstrumentId,
    /// Seqlock of the row: odd while it is written.
    pub version: u32,
}

const _: () = {
    assert!(size_of::<InstrumentRow>() == INSTRUMENT_ROW_BYTES);
    assert!(offset_of!(InstrumentRow, canonical) == 64);
    assert!(offset_of!(InstrumentRow, datagram_exchange) == 112);
    assert!(offset_of!(InstrumentRow, datagram_symbol) == 132);
    assert!(offset_of!(InstrumentRow, base) == 152);
    assert!(offset_of!(InstrumentRow, quote) == 164);
    assert!(offset_of!(InstrumentRow, settle) == 176);
    assert!(offset_of!(InstrumentRow, venue_id) == 192);
    assert!(offset_of!(InstrumentRow, channel) == 200);
    assert!(offset_of!(InstrumentRow, class) == 202);
    assert!(offset_of!(InstrumentRow, price_exp) == 203);
    assert!(offset_of!(InstrumentRow, quantity_exp) == 204);
    assert!(offset_of!(InstrumentRow, multiplier_exp) == 205);
    assert!(offset_of!(InstrumentRow, flags) == 206);
    assert!(offset_of!(InstrumentRow, tick) == 208);
    assert!(offset_of!(InstrumentRow, lot) == 216);
    assert!(offset_of!(InstrumentRow, multiplier) == 224);
    assert!(offset_of!(InstrumentRow, strike) == 232);
    assert!(offset_of!(InstrumentRow, expiry) == 240);
    assert!(offset_of!(InstrumentRow, instrument) == 248);
    assert!(offset_of!(InstrumentRow, version) == 252);
};

impl InstrumentRow {
    /// A row of zeros.
    pub const ZERO: InstrumentRow = InstrumentRow {
        native_symbol: [0; 64],
        canonical: [0; 48],
        datagram_exchange: [0; 20],
        datagram_symbol: [0; 20],
        base: [0; 12],
        quote: [0; 12],
        settle: [0; 12],
        _pad0: [0; 4],
        venue_id: 0,
        channel: 0,
        class: 0,
        price_exp: 0,
        quantity_exp: 0,
        multiplier_exp: 0,
        flags: 0,
        tick: 0,
        lot: 0,
        multiplier: 0,
        strike: 0,
        expiry: 0,
        instrument: InstrumentId(0),
        version: 0,
    };

    /// The row as words of shared memory.
    pub fn to_words(self) -> [u64; 32] {
        zerocopy::transmute!(self)
    }

    /// The row in words of shared memory. Any words are a row.
    pub fn from_words(words: [u64; 32]) -> InstrumentRow {
        zerocopy::transmute!(words)
    }

    /// The venue's name of the instrument.
    pub fn symbol(&self) -> String {
        text_of(&self.native_symbol)
    }
}

/// Copies `text` into a NUL-padded field; what does not fit is cut.
pub fn put_text(field: &mut [u8], text: &str) {
    field.fill(0);
    for (to, from) in field.iter_mut().zip(text.bytes()) {
        *to = from;
    }
}

/// Text of a field padded with NUL or spaces. Bytes that are not utf-8 show as U+FFFD.
pub fn text_of(field: &[u8]) -> String {
    let end = field.iter().rposition(|&b| b != 0 && b != b' ').map_or(0, |at| at + 1);
    String::from_utf8_lossy(&field[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_venue_and_index() {
        let id = InstrumentId::new(Venue::Nasdaq, 13);
        assert_eq!(id.0, 0x0100_000d);
        assert_eq!((id.venue(), id.index()), (Some(Venue::Nasdaq), 13));
        assert_eq!(InstrumentId(0).venue(), None);
        assert_eq!(InstrumentId::new(Venue::Consolidated, 1).0, 0xff00_0001);
    }

    #[test]
    fn text_is_padded_cut_and_read_back() {
        let mut field = [0xaa; 8];
        put_text(&mut field, "AAPL");
        assert_eq!(&field, b"AAPL\0\0\0\0");
        assert_eq!(text_of(&field), "AAPL");
        put_text(&mut field, "LONGERNAME");
        assert_eq!(text_of(&field), "LONGERNA");
        assert_eq!(text_of(b"A B     "), "A B");
        assert_eq!(text_of(b"\0\0"), "");
    }
}
