//! What every ITCH message begins with.
//!
//! | offset | size | field | |
//! |--|--|--|--|
//! | 0 | 1 | code | the message type |
//! | 1 | 2 | locate | index of the stock on this day; 0 for the whole system |
//! | 3 | 2 | tracking | the venue's internal number |
//! | 5 | 6 | timestamp | ns since midnight, US Eastern |

use zerocopy::byteorder::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// A 48-bit big-endian number.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(transparent)]
pub struct U48([u8; 6]);

impl U48 {
    /// The lower 48 bits of `value`. A day has 86,400 x 10^9 ns, which needs 47.
    #[inline]
    #[must_use]
    pub const fn new(value: u64) -> Self {
        let [_, _, a, b, c, d, e, f] = value.to_be_bytes();
        Self([a, b, c, d, e, f])
    }

    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

/// The first eleven bytes of a message.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned,
)]
#[repr(C)]
pub struct Header {
    /// The message type.
    pub code: u8,
    /// Index of the stock on this day, from its directory message; 0 for the whole system.
    pub locate: U16,
    /// The venue's internal number.
    pub tracking: U16,
    /// Nanoseconds since midnight, US Eastern.
    pub timestamp: U48,
}

const _: () = {
    assert!(size_of::<Header>() == 11);
    assert!(core::mem::offset_of!(Header, locate) == 1);
    assert!(core::mem::offset_of!(Header, tracking) == 3);
    assert!(core::mem::offset_of!(Header, timestamp) == 5);
};

impl Header {
    /// The header of an `M`.
    #[must_use]
    pub const fn of<M: ItchMessage>(locate: u16, tracking: u16, timestamp_ns: u64) -> Self {
        Self {
            code: M::CODE,
            locate: U16::new(locate),
            tracking: U16::new(tracking),
            timestamp: U48::new(timestamp_ns),
        }
    }
}

/// What is known of a message type before any byte of it.
pub trait ItchMessage: FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy {
    /// The first byte.
    const CODE: u8;
    /// The name in the venue's specification, lower case.
    const NAME: &'static str;
    /// The length in bytes, always the same for a type.
    const LENGTH: usize = size_of::<Self>();
}

/// Declares a message: code, name, length, then fields with their documented offsets, all asserted.
macro_rules! message {
    (
        $(#[$meta:meta])*
        $name:ident, $code:literal, $title:literal, $length:literal {
            $($(#[$doc:meta])+ $offset:literal $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, zerocopy::FromBytes, zerocopy::IntoBytes,
            zerocopy::KnownLayout, zerocopy::Immutable, zerocopy::Unaligned,
        )]
        #[repr(C)]
        pub struct $name {
            /// Type, locate, tracking number and time.
            pub header: $crate::venue::nasdaq::Header,
            $($(#[$doc])+ pub $field: $type,)+
        }

        const _: () = {
            assert!(size_of::<$name>() == $length);
            assert!(core::mem::offset_of!($name, header) == 0);
            $(assert!(core::mem::offset_of!($name, $field) == $offset);)+
        };

        impl $crate::venue::nasdaq::ItchMessage for $name {
            const CODE: u8 = $code;
            const NAME: &'static str = $title;
        }
    };
}

/// Declares the accessor of a code field: `None` for a byte that the enum does not know.
macro_rules! code_fields {
    ($name:ident { $($(#[$doc:meta])+ $method:ident: $field:ident as $code:ty,)+ }) => {
        impl $name {
            $(
                $(#[$doc])+
                #[inline]
                #[must_use]
                pub const fn $method(&self) -> Option<$code> {
                    <$code>::from_byte(self.$field)
                }
            )+
        }
    };
}

pub(crate) use {code_fields, message};
