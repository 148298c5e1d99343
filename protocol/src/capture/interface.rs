//! The interface description block of pcapng: link layer, snap length, and what a tick is.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 2 | link_type | |
//! | 2 | 2 | reserved | |
//! | 4 | 4 | snap_length | 0 = no limit |
//! | 8 | | options | code u16, length u16, value padded to four bytes |
//!
//! Two options matter. 9, `if_tsresol`, one byte: with bit 7 clear a tick is 10^-n s, with bit 7
//! set 2^-n s, n in the other bits; without the option it is a microsecond. 14, `if_tsoffset`,
//! i64: seconds to add.

use super::CaptureReject;
use super::words::Order;
use crate::frame::LinkType;

const OPTIONS_OFFSET: usize = 8;
const END_OF_OPTIONS: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;
const OPTION_HEADER_LEN: usize = 4;
const NS_DECIMALS: u32 = 9;
const NS_PER_S: i128 = 1_000_000_000;

/// The length of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolution {
    /// 10^-n s.
    Decimal(u32),
    /// 2^-n s.
    Binary(u32),
}

/// What packets of an interface need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// What its packets begin with.
    pub(crate) link: LinkType,
    /// The most bytes that were kept of a packet; 0 = all.
    pub(crate) snap_length: usize,
    resolution: Resolution,
    offset_s: i64,
}

impl Interface {
    /// Reads the body of the block.
    pub(crate) fn parse(body: &[u8], order: Order) -> Result<Self, CaptureReject> {
        let short = CaptureReject::BlockLength;
        let link = order.u16(body, 0).ok_or(short)?;
        let snap_length = order.length(body, 4).ok_or(short)?;
        let link = LinkType::from_pcap(link).ok_or(CaptureReject::LinkUnknown)?;
        let options = body.get(OPTIONS_OFFSET..).ok_or(short)?;
        let mut interface =
            Self { link, snap_length, resolution: Resolution::Decimal(6), offset_s: 0 };
        interface.options(options, order).ok_or(CaptureReject::InterfaceOptions)?;
        Ok(interface)
    }

    fn options(&mut self, mut bytes: &[u8], order: Order) -> Option<()> {
        while !bytes.is_empty() {
            let code = order.u16(bytes, 0)?;
            let length = usize::from(order.u16(bytes, 2)?);
            let rest = bytes.get(OPTION_HEADER_LEN..)?;
            let value = rest.get(..length)?;
            match (code, value) {
                (END_OF_OPTIONS, _) => break,
                (TIME_RESOLUTION, [exponent]) => {
                    let power = u32::from(exponent & 0x7F);
                    self.resolution = if exponent & 0x80 == 0 {
                        Resolution::Decimal(power)
                    } else {
                        Resolution::Binary(power)
                    };
                }
                (TIME_OFFSET, _) if length == size_of::<i64>() => {
                    self.offset_s = order.i64(value, 0)?;
                }
                (TIME_RESOLUTION | TIME_OFFSET, _) => return None,
                _ => {}
            }
            // The padding of the last option may be missing.
            bytes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Some(())
    }

    /// Nanoseconds since 1970 UTC of a tick count; `None` beyond 64 bits or before 1970.
    pub(crate) fn time_ns(&self, high: u32, low: u32) -> Option<u64> {
        let ticks = (u128::from(high) << 32) | u128::from(low);
        let ns = match self.resolution {
            Resolution::Decimal(power) if power <= NS_DECIMALS => {
                ticks.checked_mul(10_u128.checked_pow(NS_DECIMALS - power)?)?
            }
            // Ticks so short that even 2^64 of them are no nanosecond: the division gives 0.
            Resolution::Decimal(power) => {
                10_u128.checked_pow(power - NS_DECIMALS).map_or(0, |divisor| ticks / divisor)
            }
            Resolution::Binary(power) => ticks.checked_mul(10_u128.pow(NS_DECIMALS))? >> power,
        };
        let total = i128::try_from(ns).ok()? + i128::from(self.offset_s) * NS_PER_S;
        u64::try_from(total).ok()
    }
}
