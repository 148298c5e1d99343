//! What is published: feature numbers, the meaning of each value, and how values become records.
//!
//! An output is one step: as many `feature` records as it has pairs of values, numbered by `part`.
//! Its reference time, the time that the values are valid for, is in `ts_venue`; `ts_receive` is
//! that of the message that caused it, and `cause_sequence` the last step of the source that is
//! in it. The one macro call here is the table: numbers, names, values and documentation are all
//! made from it.

use wire::payload::Feature as Payload;
use wire::{BookState, Header, InstrumentId, Nature, Origin, Path, Quality, Record};

/// When an output is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emission {
    /// When its input changes.
    Event,
    /// At every whole step of the grid, 1 s by default.
    Grid,
}

/// What the 8 bytes of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// An i64, in the exponents of the instrument where it is a price or quantity.
    Integer,
    /// An f64; prices in units of the quote currency.
    Real,
}

/// A value of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name.
    pub name: &'static str,
    /// What its bytes are.
    pub ty: Type,
    /// Unit.
    pub unit: &'static str,
}

macro_rules! features {
    ($(
        $(#[$doc:meta])*
        $id:literal $name:ident $text:literal $emission:ident $block:literal {
            $( $field:literal $ty:ident $unit:literal; )*
        }
    )*) => {
        /// A feature.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Feature { $( $(#[$doc])* $name = $id, )* }

        impl Feature {
            /// Every feature, in order of its number.
            pub const ALL: &'static [Feature] = &[$(Feature::$name),*];

            /// The feature of that number.
            pub const fn from_id(id: u16) -> Option<Feature> {
                match id { $($id => Some(Feature::$name),)* _ => None }
            }

            /// Name in counters and tables.
            pub const fn name(self) -> &'static str {
                match self { $(Feature::$name => $text),* }
            }

            /// Block of the specification.
            pub const fn block(self) -> &'static str {
                match self { $(Feature::$name => $block),* }
            }

            /// When it is made.
            pub const fn emission(self) -> Emission {
                match self { $(Feature::$name => Emission::$emission),* }
            }

            /// Its values, two a part.
            pub const fn fields(self) -> &'static [Field] {
                match self { $(Feature::$name => &[
                    $( Field { name: $field, ty: Type::$ty, unit: $unit } ),*
                ]),* }
            }
        }
    };
}

features! {
    /// Best prices, middle and spread.
    110 Bbo "bbo" Event "1.1" {
        "bid_price" Integer "price"; "bid_quantity" Integer "quantity";
        "ask_price" Integer "price"; "ask_quantity" Integer "quantity";
        "mid2" Integer "price"; "spread" Integer "price";
        "spread_ticks" Integer "ticks"; "spread_bps" Real "10^-4";
    }
    /// Time-weighted spread.
    111 Spread "spread" Grid "1.1" {
        "tw_spread_ticks_1s" Real "ticks"; "tw_spread_ticks_60s" Real "ticks";
    }
    /// Weighted average price and the one of 200 ms ago.
    130 Wap "wap" Event "1.3" {
        "wap" Real "price"; "wap_lag" Real "price";
        "wap_drift_bps" Real "10^-4"; "age" Integer "ns";
    }
    /// The same on the grid, with the mean over the 200 ms.
    131 WapGrid "wap_grid" Grid "1.3" {
        "wap" Real "price"; "wap_lag" Real "price";
        "wap_drift_bps" Real "10^-4"; "age" Integer "ns";
        "wap_twa" Real "price"; "lag" Integer "ns";
    }
    /// Microprice.
    140 Microprice "microprice" Event "1.4" {
        "micro_price" Real "price"; "g_ticks" Real "ticks";
        "state_id" Integer ""; "table_version" Integer "";
    }
    /// Imbalance of the book.
    150 Imbalance "imbalance" Event "1.5" {
        "i1" Real "-1 to 1"; "i5" Real "-1 to 1";
        "i10" Real "-1 to 1"; "i20" Real "-1 to 1";
        "iw" Real "-1 to 1"; "levels" Integer "bids x 2^32 + asks";
    }
    /// Order flow imbalance of our own book's best prices.
    210 Ofi "ofi" Event "2.1" {
        "ofi_1s" Integer "quantity"; "ofi_10s" Integer "quantity";
        "ofi_60s" Integer "quantity"; "ofi_cum" Integer "quantity";
        "ofi_norm_10s" Real ""; "n_events_10s" Integer "";
    }
    /// The same on the grid.
    211 OfiGrid "ofi_grid" Grid "2.1" {
        "ofi_1s" Integer "quantity"; "ofi_10s" Integer "quantity";
        "ofi_60s" Integer "quantity"; "ofi_cum" Integer "quantity";
        "ofi_norm_10s" Real ""; "n_events_10s" Integer "";
    }
    /// Trade flow imbalance.
    230 Tfi "tfi" Event "2.3" {
        "dv_1s" Integer "quantity"; "tfi_1s" Real "-1 to 1";
        "ntfi_1s" Real "-1 to 1"; "vol_1s" Integer "quantity";
        "dv_5s" Integer "quantity"; "tfi_5s" Real "-1 to 1";
        "ntfi_5s" Real "-1 to 1"; "vol_5s" Integer "quantity";
        "dv_10s" Integer "quantity"; "tfi_10s" Real "-1 to 1";
        "ntfi_10s" Real "-1 to 1"; "vol_10s" Integer "quantity";
        "dv_60s" Integer "quantity"; "tfi_60s" Real "-1 to 1";
        "ntfi_60s" Real "-1 to 1"; "vol_60s" Integer "quantity";
    }
    /// The same on the grid.
    231 TfiGrid "tfi_grid" Grid "2.3" {
        "dv_1s" Integer "quantity"; "tfi_1s" Real "-1 to 1";
        "ntfi_1s" Real "-1 to 1"; "vol_1s" Integer "quantity";
        "dv_5s" Integer "quantity"; "tfi_5s" Real "-1 to 1";
        "ntfi_5s" Real "-1 to 1"; "vol_5s" Integer "quantity";
        "dv_10s" Integer "quantity"; "tfi_10s" Real "-1 to 1";
        "ntfi_10s" Real "-1 to 1"; "vol_10s" Integer "quantity";
        "dv_60s" Integer "quantity"; "tfi_60s" Real "-1 to 1";
        "ntfi_60s" Real "-1 to 1"; "vol_60s" Integer "quantity";
    }
    /// Volume-weighted average price since the anchor.
    250 Vwap "vwap" Event "2.5" {
        "vwap_px" Integer "price"; "vwap" Real "price";
        "sigma" Real "price"; "quantity" Integer "quantity";
        "anchor_ts" Integer "ns UTC"; "trades" Integer "";
    }
}

/// Number of features.
pub const FEATURES: usize = Feature::ALL.len();

impl Feature {
    /// Number in records.
    pub const fn id(self) -> u16 {
        self as u16
    }

    /// Place in [`Feature::ALL`].
    pub const fn index(self) -> usize {
        let mut at = 0;
        while at < FEATURES {
            if Feature::ALL[at].id() == self.id() {
                return at;
            }
            at += 1;
        }
        0
    }

    /// Records of one output.
    pub const fn parts(self) -> usize {
        self.fields().len().div_ceil(2)
    }
}

/// An integer as a value of a record.
#[inline(always)]
pub const fn integer(value: i64) -> u64 {
    value as u64
}

/// A real number as a value of a record. There is one NaN, so that equal runs have equal bytes.
#[inline(always)]
pub const fn real(value: f64) -> u64 {
    if value.is_nan() { crate::inputs::UNDEFINED.to_bits() } else { value.to_bits() }
}

/// Where an output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Lane of the source.
    pub lane: u8,
    /// Last step of the source that is in the values.
    pub sequence: u64,
    /// Receive time of the message that caused the output, ns UTC.
    pub ts_receive: u64,
    /// Origin of that message: the taker of its time.
    pub origin: Origin,
}

/// One output of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output<'a> {
    /// Which feature.
    pub feature: Feature,
    /// Bits of [`crate::flags`].
    pub flags: u32,
    /// Instrument of the source.
    pub instrument: InstrumentId,
    /// State of its book.
    pub state: BookState,
    /// Nature of what went in.
    pub nature: Nature,
    /// Time that the values are valid for, ns UTC.
    pub ts_reference: i64,
    /// What caused it.
    pub cause: Cause,
    /// Values, in the order of [`Feature::fields`].
    pub values: &'a [u64],
}

impl Output<'_> {
    /// Calls `each` for every record of the output, as step `sequence`.
    #[inline]
    pub fn records(&self, sequence: u64, mut each: impl FnMut(&Record)) {
        let quality = Quality::new(self.state, self.nature);
        let origin = Origin::new(0, Path::Live, self.cause.origin.stamp());
        let parts = self.values.chunks(2);
        let last = parts.len().saturating_sub(1);
        for (part, pair) in parts.enumerate() {
            let header = Header {
                quality: if part == last { quality.end_of_event() } else { quality },
                origin,
                instrument: self.instrument,
                sequence,
                ts_venue: self.ts_reference.max(0) as u64,
                ts_receive: self.cause.ts_receive,
            };
            let payload = Payload {
                feature_id: self.feature.id(),
                part: part as u8,
                cause_lane: self.cause.lane,
                flags: self.flags,
                cause_sequence: self.cause.sequence,
                value_0: pair.first().copied().unwrap_or(0),
                value_1: pair.get(1).copied().unwrap_or(0),
            };
            each(&Record::new(header, payload));
        }
    }
}

/// Where outputs go.
pub trait Sink {
    /// Takes an output of an instrument of the source's lane `lane`.
    fn output(&mut self, lane: usize, output: &Output<'_>);
}

/// The table of features as the README shows it.
pub fn markdown() -> String {
    let mut out = String::from(
        "| id | name | block | when | part | value 0 | value 1 |\n|--|--|--|--|--|--|--|\n",
    );
    let value = |field: Option<&Field>| match field {
        None => "0".to_owned(),
        Some(field) => {
            let ty = if field.ty == Type::Integer { "i64" } else { "f64" };
            let unit =
                if field.unit.is_empty() { String::new() } else { format!(", {}", field.unit) };
            format!("`{}` {ty}{unit}", field.name)
        }
    };
    for feature in Feature::ALL {
        let when = if feature.emission() == Emission::Event { "event" } else { "grid" };
        for (part, pair) in feature.fields().chunks(2).enumerate() {
            out.push_str(&format!(
                "| {} | `{}` | {} | {when} | {part} | {} | {} |\n",
                feature.id(),
                feature.name(),
                feature.block(),
                value(pair.first()),
                value(pair.get(1)),
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_places_are_distinct() {
        let mut before = 0;
        for (at, feature) in Feature::ALL.iter().enumerate() {
            assert!(feature.id() > before);
            before = feature.id();
            assert_eq!((feature.index(), Feature::from_id(feature.id())), (at, Some(*feature)));
            assert!(feature.fields().len() % 2 == 0 && feature.parts() <= 255);
        }
        assert_eq!(Feature::from_id(1), None);
    }

    #[test]
    fn values_become_parts_of_one_step() {
        let cause = Cause { lane: 2, sequence: 77, ts_receive: 9, origin: Origin(0b1100_0001) };
        let output = Output {
            feature: Feature::Wap,
            flags: 5,
            instrument: InstrumentId(0x0100_0003),
            state: BookState::Live,
            nature: Nature::Recorded,
            ts_reference: 8,
            cause,
            values: &[real(1.5), real(f64::NAN), real(-f64::NAN), integer(-4)],
        };
        let mut records = Vec::new();
        output.records(31, |record| records.push(*record));
        assert_eq!(records.len(), 2);
        for (part, record) in records.iter().enumerate() {
            let payload: Payload = record.get().expect("a feature");
            assert_eq!((payload.feature_id, usize::from(payload.part)), (130, part));
            assert_eq!((payload.cause_lane, payload.cause_sequence, payload.flags), (2, 77, 5));
            assert_eq!((record.sequence, record.ts_venue, record.ts_receive), (31, 8, 9));
            assert_eq!(record.quality.nature(), Some(Nature::Recorded));
            assert_eq!(record.quality.is_end_of_event(), part == 1);
            assert_eq!(record.origin, Origin(0b1100_0000));
        }
        let [first, second] = [0, 1].map(|at| records[at].get::<Payload>().expect("a feature"));
        assert_eq!((first.value_0, first.value_1), (1.5_f64.to_bits(), f64::NAN.to_bits()));
        assert_eq!((second.value_0, second.value_1 as i64), (f64::NAN.to_bits(), -4));
    }
}
