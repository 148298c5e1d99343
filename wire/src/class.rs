//! Classes: what a seat asks for.
//!
//! A seat's class set is one byte, a bit for each class. The classes `ORDERS`, `LEVELS` and `TOP`
//! are three views of the same book, and are what a refresh repairs.

/// A class of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// Gaps, sessions, heartbeats, book boundaries and states: sent to every seat.
    Stream = 0,
    /// Order by order: `order_add` to `order_delete`.
    Orders = 1,
    /// Price levels that changed.
    Levels = 2,
    /// Best bid and ask of our own book, when they changed.
    Top = 3,
    /// Trades and broken trades.
    Trades = 4,
    /// Definitions, status, auctions, bands, statistics, marks, funding, open interest.
    Reference = 5,
    /// The venue's own best bid and ask feed.
    Quotes = 6,
    /// What consumers compute: features and signals.
    Derived = 7,
}

impl Class {
    /// All classes, in order of their number.
    pub const ALL: [Class; 8] = [
        Class::Stream,
        Class::Orders,
        Class::Levels,
        Class::Top,
        Class::Trades,
        Class::Reference,
        Class::Quotes,
        Class::Derived,
    ];

    /// The bit of this class in a class set.
    #[inline(always)]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Name in configuration, tables and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Stream => "stream",
            Class::Orders => "orders",
            Class::Levels => "levels",
            Class::Top => "top",
            Class::Trades => "trades",
            Class::Reference => "reference",
            Class::Quotes => "quotes",
            Class::Derived => "derived",
        }
    }

    /// The class of that name.
    pub fn from_name(name: &str) -> Option<Class> {
        Class::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The classes that carry a book and that a refresh repairs.
    pub const BOOK: u8 = Class::Orders.bit() | Class::Levels.bit() | Class::Top.bit();
}

/// Names of the classes in `set`, joined by commas.
pub fn set_names(set: u8) -> String {
    let names: Vec<&str> =
        Class::ALL.into_iter().filter(|c| set & c.bit() != 0).map(Class::name).collect();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_are_distinct() {
        let mut seen = 0u8;
        for class in Class::ALL {
            assert_eq!(seen & class.bit(), 0);
            seen |= class.bit();
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
        assert_eq!(seen, 0xff);
        assert_eq!(set_names(Class::BOOK), "orders,levels,top");
    }
}
