//! The list of all messages, and the step from bytes to one of them.

use zerocopy::{FromBytes, IntoBytes};

use super::{
    AddOrder, AddOrderAttributed, BrokenTrade, CrossTrade, DirectListing, Header, Imbalance,
    IpoQuoting, ItchMessage, LuldCollar, MwcbDecline, MwcbStatus, OperationalHalt, OrderCancel,
    OrderDelete, OrderExecuted, OrderExecutedWithPrice, OrderReplace, ParticipantPosition, RegSho,
    RetailInterest, StockDirectory, SystemEvent, Trade, TradingAction,
};
use crate::reject::rejects;

rejects! {
    /// Why bytes are not an ITCH 5.0 message.
    ItchReject {
        /// No bytes at all.
        Empty = "itch_empty",
        /// The first byte is no known type.
        UnknownType = "itch_unknown_type",
        /// The type is known but its length is another.
        WrongLength = "itch_wrong_length",
    }
}

macro_rules! message_list {
    ($($name:ident)+) => {
        /// A reference to one message in the bytes it arrived in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Message<'a> {
            $(#[doc = concat!("See [`", stringify!($name), "`].")] $name(&'a $name),)+
        }

        /// Code, name and length of every message type.
        pub const MESSAGES: [(u8, &str, usize); [$($name::CODE),+].len()] =
            [$(($name::CODE, $name::NAME, $name::LENGTH)),+];

        impl<'a> Message<'a> {
            /// What all messages begin with.
            #[inline]
            #[must_use]
            pub const fn header(&self) -> &'a Header {
                match self { $(Self::$name(message) => &message.header,)+ }
            }

            /// The bytes of the message.
            #[must_use]
            pub fn as_bytes(&self) -> &'a [u8] {
                match self { $(Self::$name(message) => message.as_bytes(),)+ }
            }
        }

        /// Reads one message of exactly these bytes.
        ///
        /// # Errors
        /// [`ItchReject`] if the type is unknown or the length is not the type's.
        #[inline]
        pub fn decode(bytes: &[u8]) -> Result<Message<'_>, ItchReject> {
            let Some(code) = bytes.first() else { return Err(ItchReject::Empty) };
            match *code {
                $($name::CODE => $name::ref_from_bytes(bytes)
                    .map(Message::$name)
                    .map_err(|_| ItchReject::WrongLength),)+
                _ => Err(ItchReject::UnknownType),
            }
        }
    };
}

message_list! {
    SystemEvent StockDirectory TradingAction RegSho ParticipantPosition MwcbDecline MwcbStatus
    IpoQuoting LuldCollar OperationalHalt AddOrder AddOrderAttributed OrderExecuted
    OrderExecutedWithPrice OrderCancel OrderDelete OrderReplace Trade CrossTrade BrokenTrade
    Imbalance RetailInterest DirectListing
}

const _: () = assert!(MESSAGES.len() == 23);

impl Message<'_> {
    /// The first byte.
    #[inline]
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.header().code
    }

    /// Index of the stock on this day; 0 for the whole system.
    #[inline]
    #[must_use]
    pub const fn locate(&self) -> u16 {
        self.header().locate.get()
    }

    /// The venue's internal number.
    #[inline]
    #[must_use]
    pub const fn tracking(&self) -> u16 {
        self.header().tracking.get()
    }

    /// Nanoseconds since midnight, US Eastern.
    #[inline]
    #[must_use]
    pub const fn timestamp(&self) -> u64 {
        self.header().timestamp.get()
    }
}

/// The length of a message type, `None` for an unknown one.
#[must_use]
pub fn message_length(code: u8) -> Option<usize> {
    MESSAGES.iter().find(|message| message.0 == code).map(|message| message.2)
}

/// The name of a message type, `None` for an unknown one.
#[must_use]
pub fn message_name(code: u8) -> Option<&'static str> {
    MESSAGES.iter().find(|message| message.0 == code).map(|message| message.1)
}
