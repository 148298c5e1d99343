//! What is known of one instrument and of one exchange.

use wire::codes::TradingState;
use wire::datagram::{Datagram, DefinitionItem, Items, PacketType, TextLine, TradeItem};
use wire::instrument::text_of;
use wire::payload::Level;
use wire::quality::{BookState, Side};

use super::book::BookSide;
use super::counts::{Counts, Rate};
use super::stream::Seen;

/// An instrument, by its exchange and symbol.
#[derive(Clone, Debug)]
pub struct SymbolState {
    /// Exchange with its prefix.
    pub exchange: String,
    /// Symbol as in the header.
    pub symbol: String,
    /// The venue's name, once a definition has come.
    pub name: Option<String>,
    /// Exponents of price and quantity, and steps, once a definition has come.
    pub definition: Option<DefinitionItem>,
    /// Which of the monitor's groups it came from.
    pub group: usize,
    /// Counts by type.
    pub counts: Counts,
    /// Datagrams a second.
    pub rate: Rate,
    /// Trades a second.
    pub trade_rate: Rate,
    /// Last trade and the venue's time of it.
    pub last_trade: Option<(TradeItem, u64)>,
    /// Sum of the quantities of its trades, 10^-8; exact.
    pub volume: i128,
    /// Bid side.
    pub bid: BookSide,
    /// Ask side.
    pub ask: BookSide,
    /// State of its book, where one was said; whole sides say that it is live.
    pub book_state: Option<BookState>,
    /// State of its trading, where one was said.
    pub trading_state: Option<TradingState>,
    /// When anything of it was last received, Unix ns.
    pub last_ns: u64,
}

impl SymbolState {
    /// An instrument that nothing is known of.
    #[must_use]
    pub fn new(exchange: &str, symbol: &str, group: usize) -> SymbolState {
        SymbolState {
            exchange: exchange.to_owned(),
            symbol: symbol.to_owned(),
            name: None,
            definition: None,
            group,
            counts: Counts::default(),
            rate: Rate::default(),
            trade_rate: Rate::default(),
            last_trade: None,
            volume: 0,
            bid: BookSide::default(),
            ask: BookSide::default(),
            book_state: None,
            trading_state: None,
            last_ns: 0,
        }
    }

    /// Takes a datagram of the instrument. What came again is not counted twice, and what came
    /// late does not replace what is newer.
    pub fn take(&mut self, datagram: &Datagram<'_>, seen: Seen, breaks: u64, at_ns: u64) {
        if matches!(seen, Seen::Repeat | Seen::Old) {
            return;
        }
        self.counts.add(datagram);
        self.last_ns = at_ns;
        if let Items::Trades(items) = datagram.items {
            self.volume += items.iter().map(|item| i128::from(item.quantity.get())).sum::<i128>();
        }
        if !seen.is_new() {
            return;
        }
        match datagram.items {
            Items::Trades(items) => {
                let last = items.last().map(|item| (*item, datagram.exchange_timestamp()));
                self.last_trade = last.or(self.last_trade);
            }
            Items::Book(items) => {
                let is_bid = datagram.is_bid();
                let side = if is_bid { &mut self.bid } else { &mut self.ask };
                side.take(is_bid, datagram.is_last(), items, breaks);
                self.book_state = Some(BookState::Live);
            }
            Items::Statuses(items) => {
                for item in items {
                    self.state(item.book_state, item.trading_state);
                }
            }
            Items::Definition(item) => {
                self.name = Some(text_of(&item.native_symbol));
                self.definition = Some(*item);
            }
            Items::Records(items) => {
                let records = items.iter().map(|item| item.to_record());
                records.filter(|one| one.get::<Level>().is_some()).for_each(|level| {
                    // The side goes out in its own exponents now; what was shown is old.
                    match level.quality.get_side() {
                        Side::Bid => self.bid.clear(),
                        Side::Ask => self.ask.clear(),
                    }
                });
            }
            Items::Heartbeat(_) | Items::Orders(_) => {}
        }
    }

    fn state(&mut self, book: u8, trading: u8) {
        if let Some(state) = BookState::from_bits(book).filter(|&state| state != BookState::None) {
            self.book_state = Some(state);
            if state != BookState::Live {
                self.forget_book();
            }
        }
        let said = TradingState::from_bits(trading).filter(|&state| state != TradingState::Unsaid);
        self.trading_state = said.or(self.trading_state);
    }

    /// Forgets both sides: they must not be taken for live.
    pub fn forget_book(&mut self) {
        self.bid.clear();
        self.ask.clear();
    }

    /// Trades of it.
    #[must_use]
    pub fn trades(&self) -> u64 {
        self.counts.items(PacketType::Trade)
    }
}

/// What the last text lines said of an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said {
    /// `EXCHANGE`: instruments, live books.
    pub exchange: Option<(u64, u64)>,
    /// `STATS`: trades, datagrams of books.
    pub stats: Option<(u64, u64)>,
    /// `CONN`: connected, disconnected, reconnects, total.
    pub conn: Option<[u64; 4]>,
}

/// An exchange with its prefix.
#[derive(Clone, Debug)]
pub struct ExchangeState {
    /// Name.
    pub name: String,
    /// Counts by type.
    pub counts: Counts,
    /// Datagrams a second.
    pub rate: Rate,
    /// Trades a second.
    pub trade_rate: Rate,
    /// Instruments seen.
    pub symbols: u64,
    /// Text lines.
    pub text_lines: u64,
    /// What they said.
    pub said: Said,
    /// When anything of it was last received, Unix ns.
    pub last_ns: u64,
}

impl ExchangeState {
    /// An exchange that nothing was received from.
    #[must_use]
    pub fn new(name: &str) -> ExchangeState {
        ExchangeState {
            name: name.to_owned(),
            counts: Counts::default(),
            rate: Rate::default(),
            trade_rate: Rate::default(),
            symbols: 0,
            text_lines: 0,
            said: Said::default(),
            last_ns: 0,
        }
    }

    /// Takes a text line.
    pub fn text(&mut self, line: &TextLine<'_>, at_ns: u64) {
        self.text_lines += 1;
        self.last_ns = at_ns;
        match *line {
            TextLine::Exchange { instruments, live_books, .. } => {
                self.said.exchange = Some((instruments, live_books));
            }
            TextLine::Stats { trades, orderbooks, .. } => {
                self.said.stats = Some((trades, orderbooks));
            }
            TextLine::Conn { connected, disconnected, reconnect_count, total, .. } => {
                self.said.conn = Some([connected, disconnected, reconnect_count, total]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::datagram::{BookItem, Envelope, Item, MAX_DATAGRAM, RecordItem, StatusItem, write};
    use wire::{Header, Nature, Quality, Record};

    use super::*;

    fn take<I: Item>(state: &mut SymbolState, is_bid: bool, item: I, seen: Seen) {
        let mut name = [0; 20];
        name[0] = b'A';
        let mut buffer = [0; MAX_DATAGRAM];
        let envelope =
            Envelope { symbol: name, exchange: name, is_last: true, is_bid, ..Envelope::default() };
        let length = write(&mut buffer, &envelope, &[item]).expect("fits");
        let datagram = Datagram::parse(&buffer[..length]).expect("right");
        state.take(&datagram, seen, 0, 1);
    }

    fn level(price: i64) -> BookItem {
        BookItem { price: price.into(), quantity: 1.into() }
    }

    fn state_with_book() -> SymbolState {
        let mut state = SymbolState::new("A", "A", 0);
        take(&mut state, true, level(9), Seen::Next);
        take(&mut state, false, level(10), Seen::Next);
        assert!(state.bid.is_certain() && state.ask.is_certain());
        assert_eq!(state.book_state, Some(BookState::Live));
        state
    }

    #[test]
    fn what_is_late_or_repeated_changes_no_book() {
        let mut state = state_with_book();
        take(&mut state, true, level(7), Seen::Late);
        take(&mut state, true, level(6), Seen::Repeat);
        assert_eq!(state.bid.levels(), [(9, 1)]);
        // A late one was not counted before, a repeated one was.
        assert_eq!(state.counts.total(), 3);
    }

    #[test]
    fn a_book_that_is_not_live_is_not_shown() {
        let mut state = state_with_book();
        let item = StatusItem { book_state: BookState::Gapped as u8, ..StatusItem::ZERO };
        take(&mut state, false, item, Seen::Next);
        assert!(!state.bid.is_known() && !state.ask.is_known());
        assert_eq!(state.book_state, Some(BookState::Gapped));
    }

    #[test]
    fn a_trading_status_that_says_nothing_of_the_book_leaves_it() {
        let mut state = state_with_book();
        let item = StatusItem { trading_state: TradingState::Halted as u8, ..StatusItem::ZERO };
        take(&mut state, false, item, Seen::Next);
        assert!(state.bid.is_certain());
        assert_eq!(state.trading_state, Some(TradingState::Halted));
    }

    #[test]
    fn a_side_that_goes_out_as_records_is_not_shown_as_it_was() {
        let mut state = state_with_book();
        let quality = Quality::new(BookState::Live, Nature::Live).side(Side::Ask);
        let header = Header { quality, ..Header::default() };
        let record = Record::new(header, Level { price: 1, quantity: 2, ..Level::default() });
        take(&mut state, false, RecordItem::of(&record), Seen::Next);
        assert!(state.bid.is_known() && !state.ask.is_known());
    }
}
