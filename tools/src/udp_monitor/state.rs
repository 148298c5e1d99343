//! Everything that was received, taken one datagram at a time, in bounded memory.

use std::collections::HashMap;
use std::net::SocketAddrV4;

use wire::datagram::{
    Datagram, DatagramReject, Items, NAME_BYTES, PacketType, TextLine, TextReject, is_text,
};

use super::capture::Arrival;
use super::counts::Rate;
use super::filter::Filter;
use super::group::GroupState;
use super::stream::Seen;
use super::symbol::{ExchangeState, SymbolState};

/// Most groups and exchanges that are remembered: there are a handful, unless someone floods.
const MAX_GROUPS: usize = 64;
const MAX_EXCHANGES: usize = 256;

type Name = [u8; NAME_BYTES];

/// What an arrival was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<'a> {
    /// A datagram, and what its number said.
    Datagram(Datagram<'a>, Seen),
    /// A text line.
    Text(TextLine<'a>),
    /// Neither: no datagram.
    Rejected(DatagramReject),
    /// Neither: no text line.
    RejectedText(TextReject),
    /// From one group more than can be remembered.
    Beyond,
}

/// What did not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Datagrams of groups that are not remembered.
    pub groups: u64,
    /// Datagrams of exchanges that are not remembered.
    pub exchanges: u64,
    /// Datagrams of symbols that are not remembered.
    pub symbols: u64,
}

/// The state of the monitor.
#[derive(Debug)]
pub struct Monitor {
    /// Groups.
    pub groups: Vec<GroupState>,
    /// Exchanges, as they came.
    pub exchanges: Vec<ExchangeState>,
    /// Symbols, as they came; only those that the filter lets through.
    pub symbols: Vec<SymbolState>,
    /// What did not fit.
    pub beyond: Beyond,
    /// Datagrams and text lines that the filter let through.
    pub passed: u64,
    filter: Filter,
    max_symbols: usize,
    by_exchange: HashMap<String, usize>,
    by_symbol: HashMap<(Name, Name), usize>,
}

impl Monitor {
    /// A monitor of these groups.
    #[must_use]
    pub fn new(groups: Vec<GroupState>, filter: Filter, max_symbols: usize) -> Monitor {
        Monitor {
            groups,
            exchanges: Vec::new(),
            symbols: Vec::new(),
            beyond: Beyond::default(),
            passed: 0,
            filter,
            max_symbols,
            by_exchange: HashMap::new(),
            by_symbol: HashMap::new(),
        }
    }

    /// The place of a group; `None` where too many are known.
    fn group(&mut self, address: SocketAddrV4) -> Option<usize> {
        if let Some(at) = self.groups.iter().position(|group| group.address == address) {
            return Some(at);
        }
        if self.groups.len() == MAX_GROUPS {
            return None;
        }
        self.groups.push(GroupState::new(address));
        Some(self.groups.len() - 1)
    }

    /// Takes what has arrived; the bool says whether the filter lets it through.
    pub fn take<'a>(&mut self, arrival: &Arrival<'a>) -> (Taken<'a>, bool) {
        let Some(at) = self.group(arrival.group) else {
            self.beyond.groups += 1;
            return (Taken::Beyond, false);
        };
        let bytes = arrival.bytes;
        self.groups[at].last_ns = arrival.at_ns;
        if bytes.first().copied().is_some_and(is_text) {
            return self.text(at, arrival);
        }
        let datagram = match Datagram::parse(bytes) {
            Ok(datagram) => datagram,
            Err(reason) => {
                self.groups[at].reject(reason);
                return (Taken::Rejected(reason), !self.filter.names_symbols());
            }
        };
        let group = &mut self.groups[at];
        let seen = group.observe(arrival.source, datagram.sequence());
        group.counts.add(&datagram);
        group.timed(datagram.local_timestamp(), arrival.at_ns);
        if let Items::Heartbeat(item) = datagram.items {
            group.heartbeat = Some(*item);
        }
        let breaks = group.breaks;
        if matches!(seen, Seen::Restart(_)) {
            // What the life before said may be long untrue.
            self.symbols.iter_mut().filter(|of| of.group == at).for_each(SymbolState::forget_book);
        }
        if !self.filter.wants(datagram.exchange(), datagram.symbol()) {
            return (Taken::Datagram(datagram, seen), false);
        }
        self.passed += 1;
        self.known(at, &datagram, seen, breaks, arrival.at_ns);
        (Taken::Datagram(datagram, seen), true)
    }

    fn known(&mut self, at: usize, datagram: &Datagram<'_>, seen: Seen, breaks: u64, now: u64) {
        let Some(place) = self.exchange(datagram.exchange()) else { return };
        let exchange = &mut self.exchanges[place];
        exchange.last_ns = now;
        if !matches!(seen, Seen::Repeat | Seen::Old) {
            exchange.counts.add(datagram);
        }
        if datagram.symbol().is_empty() {
            return;
        }
        let key = (datagram.header.exchange, datagram.header.symbol);
        let symbol = match self.by_symbol.get(&key) {
            Some(&symbol) => symbol,
            None if self.symbols.len() >= self.max_symbols => {
                self.beyond.symbols += 1;
                return;
            }
            None => {
                let state = SymbolState::new(datagram.exchange(), datagram.symbol(), at);
                self.symbols.push(state);
                self.by_symbol.insert(key, self.symbols.len() - 1);
                self.exchanges[place].symbols += 1;
                self.symbols.len() - 1
            }
        };
        self.symbols[symbol].take(datagram, seen, breaks, now);
    }

    fn exchange(&mut self, name: &str) -> Option<usize> {
        if let Some(&at) = self.by_exchange.get(name) {
            return Some(at);
        }
        if self.exchanges.len() == MAX_EXCHANGES {
            self.beyond.exchanges += 1;
            return None;
        }
        self.exchanges.push(ExchangeState::new(name));
        self.by_exchange.insert(name.to_owned(), self.exchanges.len() - 1);
        Some(self.exchanges.len() - 1)
    }

    fn text<'a>(&mut self, at: usize, arrival: &Arrival<'a>) -> (Taken<'a>, bool) {
        let line = match TextLine::parse(arrival.bytes) {
            Ok(line) => line,
            Err(reason) => {
                self.groups[at].reject_text(reason);
                return (Taken::RejectedText(reason), !self.filter.names_symbols());
            }
        };
        self.groups[at].text_lines += 1;
        let passes = self.filter.wants(line.exchange(), "");
        if passes {
            self.passed += 1;
        }
        if self.filter.wants_exchange(line.exchange())
            && let Some(place) = self.exchange(line.exchange())
        {
            self.exchanges[place].text(&line, arrival.at_ns);
        }
        (Taken::Text(line), passes)
    }

    /// An interval has passed: rates are those of it.
    pub fn tick(&mut self, seconds: f64) {
        self.each_rate(|rate, count| rate.tick(count, seconds));
    }

    /// The run is over: rates are those of all of it.
    pub fn whole(&mut self, seconds: f64) {
        self.each_rate(|rate, count| rate.whole(count, seconds));
    }

    fn each_rate(&mut self, set: impl Fn(&mut Rate, u64)) {
        for group in &mut self.groups {
            let received = group.received();
            set(&mut group.rate, received);
        }
        for exchange in &mut self.exchanges {
            set(&mut exchange.rate, exchange.counts.total());
            set(&mut exchange.trade_rate, exchange.counts.items(PacketType::Trade));
        }
        for symbol in &mut self.symbols {
            let trades = symbol.trades();
            set(&mut symbol.rate, symbol.counts.total());
            set(&mut symbol.trade_rate, trades);
        }
    }
}
