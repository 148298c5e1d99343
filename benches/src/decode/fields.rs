//! What every contestant reads of every A F E C X D U, and the answer it gives.

/// Sums over all fields, wrapping. Every contestant adds up the same ones, so that nobody can leave
/// one unread, and the sums are the proof that all read the same. Fields share a sum at different
/// bits, so that the sums stay in registers for everybody and no two fields can change places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// References (U: of the order that is replaced), and rotated by half, new references of U and
    /// match numbers of E and C.
    orders: u64,
    /// Shares (of the order, executed or taken off), and above, limits and execution prices.
    amounts: u64,
    /// Nanoseconds since midnight, and above, indices of stocks.
    moments: u64,
    /// Messages that change the book, and above, add orders that sell.
    counts: u64,
}

/// The fields of one message that every type has.
#[derive(Clone, Copy)]
pub struct Head {
    /// Index of the stock.
    pub locate: u16,
    /// Nanoseconds since midnight.
    pub timestamp: u64,
    /// Reference of the order.
    pub reference: u64,
}

impl Fields {
    /// Adds one message; 0 where its type has no such field. `sell` is 1 for an order that sells.
    #[inline(always)]
    pub fn add(&mut self, head: Head, linked: u64, shares: u32, price: u32, sell: u8) {
        let Head { locate, timestamp, reference } = head;
        let add = |sum: &mut u64, part| *sum = sum.wrapping_add(part);
        add(&mut self.orders, reference.wrapping_add(linked.rotate_left(32)));
        add(&mut self.amounts, u64::from(shares) | u64::from(price) << 32);
        add(&mut self.moments, timestamp.wrapping_add(u64::from(locate) << 48));
        add(&mut self.counts, 1 + (u64::from(sell) << 32));
    }

    /// A number of messages that were only counted.
    #[must_use]
    pub fn of_count(messages: u64) -> Fields {
        Fields { counts: messages, ..Fields::default() }
    }

    /// Adds the sums of another part of the input.
    pub fn and(&mut self, other: &Fields) {
        self.orders = self.orders.wrapping_add(other.orders);
        self.amounts = self.amounts.wrapping_add(other.amounts);
        self.moments = self.moments.wrapping_add(other.moments);
        self.counts = self.counts.wrapping_add(other.counts);
    }

    /// All sums in one number.
    #[must_use]
    pub fn answer(&self) -> u64 {
        // A multiplication that spreads, so that two sums that swap places show.
        [self.orders, self.amounts, self.moments, self.counts].iter().fold(0, |mixed: u64, sum| {
            (mixed.rotate_left(23) ^ sum).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        })
    }
}
