//! What must hold of a lane, at every event.
//!
//! * Each number of the venue is published live, in order and at once; or inside a gap that was
//!   declared, in time, and nothing else is.
//! * A trade is published once, or not at all where a gap of that time says so.
//! * A book that is called live is the true one at that number.
//! * A line that is dead is called dead in time, and no other.

mod numbers;

use std::collections::BTreeMap;

use feed::lane::Lane;
use wire::codes::{ConnectionState, GapHow, SessionEvent};
use wire::payload::{Connection, GapBegin, GapEnd, Session as SessionRecord, Trade};
use wire::{BookState, Path, Record};

use crate::compare;
use crate::itch::stock_of;
use crate::line::Packet;
use crate::market::{Market, Session};
use crate::outlet::{Said, Tap};
use crate::truth::Books;
pub use numbers::{Bounds, Told, Totals};
use numbers::{NEVER, Numbers};

/// What a check found, in words.
pub type Found = Result<(), String>;

/// A hole may wait so many times as long while the source always has packets.
const BUSY_HOLDS: u64 = 16;

/// The checks of a lane.
pub struct Checks {
    bounds: Bounds,
    numbers: Vec<Numbers>,
    /// Session that the lane is in.
    session: Option<usize>,
    /// Number that comes next.
    expected: u64,
    /// How many messages have numbers before it.
    index: usize,
    /// When the message before it was published or declared.
    resolved: u64,
    /// The true books at that number.
    truth: Books,
    /// By step: session, and how many of its messages there were.
    pub steps: Vec<(u32, u32)>,
    records: Vec<Record>,
    /// Every gap, by its number.
    pub gaps: BTreeMap<u32, Told>,
    open: Vec<u32>,
    /// The last poll that found nothing.
    drained: u64,
    /// When each line was heard last.
    heard: [u64; 2],
    /// Lines that were called dead.
    down: [bool; 2],
    /// Stocks that were touched since the last comparison.
    touched: Vec<u16>,
    /// Match numbers: session and index.
    matches: BTreeMap<u64, (usize, usize)>,
    /// So many messages of the session are in `matches`.
    matched: (usize, usize),
    /// What was counted.
    pub totals: Totals,
}

impl Checks {
    /// Checks of a run that begins at `now`.
    pub fn new(bounds: Bounds, stocks: u16, now: u64) -> Checks {
        Checks {
            bounds,
            numbers: Vec::new(),
            session: None,
            expected: 1,
            index: 0,
            resolved: now,
            truth: Books::new(stocks),
            steps: vec![(0, 0)],
            records: Vec::new(),
            gaps: BTreeMap::new(),
            open: Vec::new(),
            drained: 0,
            heard: [now; 2],
            down: [false; 2],
            touched: Vec::new(),
            matches: BTreeMap::new(),
            matched: (0, 0),
            totals: Totals::default(),
        }
    }

    fn numbers(&mut self, session: usize) -> &mut Numbers {
        if self.numbers.len() <= session {
            self.numbers.resize_with(session + 1, Numbers::default);
        }
        &mut self.numbers[session]
    }

    /// A packet is about to be given to the lane.
    pub fn arrives(&mut self, packet: &Packet, session: &Session, now: u64) {
        if packet.damaged || self.session.is_some_and(|current| packet.session < current) {
            return;
        }
        self.heard[usize::from(packet.line) - 1] = now;
        let count = if packet.count == 0xFFFF { 0 } else { u64::from(packet.count) };
        let next = packet.first + count;
        let numbers = self.numbers(packet.session);
        numbers.shown = numbers.shown.max(next);
        let upto = session.index_before(next);
        for index in numbers.known..upto {
            numbers.at(index).known = now;
        }
        numbers.known = numbers.known.max(upto);
        if let Some(first) = session.index_of(packet.first) {
            for index in first..first + count as usize {
                let fate = numbers.at(index);
                fate.arrived = fate.arrived.min(now);
            }
        }
    }

    /// A poll is over: takes what the lane said and compares the books that it touched.
    pub fn polled(
        &mut self,
        lane: &mut Lane<Tap>,
        market: &Market,
        packets: usize,
        now: u64,
    ) -> Found {
        let mut said = std::mem::take(&mut lane.publisher.outlet.said);
        for what in said.drain(..) {
            self.said(what, market, now)?;
        }
        lane.publisher.outlet.said = said;
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        for &stock in &touched {
            self.compare(lane, stock)?;
        }
        touched.clear();
        self.touched = touched;
        if packets == 0 {
            self.drained = now;
        }
        self.lines(now)
    }

    /// A line whose silence is longer than it may be without being called dead.
    fn lines(&self, now: u64) -> Found {
        let limit = self.bounds.line_timeout_ns + self.bounds.idle_poll_ns;
        for line in 0..2 {
            let silent = now.saturating_sub(self.heard[line]);
            if self.bounds.line_timeout_ns > 0 && silent > limit && !self.down[line] {
                return Err(format!("line {}: silent for {silent} ns and no alarm", line + 1));
            }
        }
        Ok(())
    }

    fn said(&mut self, said: Said, market: &Market, now: u64) -> Found {
        match said {
            Said::Record(record) => self.records.push(record),
            Said::Step(step) => {
                let records = std::mem::take(&mut self.records);
                let found = self.step(step, &records, market, now);
                self.records = records;
                self.records.clear();
                self.steps.push((self.session.unwrap_or(0) as u32, self.index as u32));
                found?;
            }
            Said::Private(record) => self.private(&record, now)?,
            Said::Opened(gap) => {
                let session = self.session.unwrap_or(0);
                let told = Told { gap, session, ended: None, said: false, begun: false };
                if self.gaps.insert(gap.id, told).is_some() {
                    return Err(format!("gap {} was declared twice", gap.id));
                }
                self.open.push(gap.id);
            }
            Said::Closed(gap, how) => {
                let Some(told) = self.gaps.get_mut(&gap.id) else {
                    return Err(format!("gap {} is closed and was never declared", gap.id));
                };
                if let Some((before, _)) = told.ended.replace((how, now)) {
                    return Err(format!("gap {} was closed twice, {}", gap.id, before.name()));
                }
                self.open.retain(|&open| open != gap.id);
            }
        }
        Ok(())
    }

    fn private(&mut self, record: &Record, now: u64) -> Found {
        let Some(change) = record.get::<Connection>() else { return Ok(()) };
        let line = usize::from(change.line).wrapping_sub(1);
        let Some(down) = self.down.get_mut(line) else { return Ok(()) };
        *down = change.state == ConnectionState::Down as u8;
        let silent = now.saturating_sub(self.heard[line]);
        if *down {
            self.totals.alarms += 1;
            if silent < self.bounds.line_timeout_ns {
                return Err(format!("line {}: an alarm after {silent} ns", change.line));
            }
        }
        Ok(())
    }

    fn step(&mut self, step: u64, records: &[Record], market: &Market, now: u64) -> Found {
        if step != self.steps.len() as u64 {
            return Err(format!("step {step} follows step {}", self.steps.len() - 1));
        }
        if records.iter().any(|record| record.sequence != step) {
            return Err(format!("a record of step {step} has another number"));
        }
        let Some(first) = records.first() else { return self.message(records, market, now) };
        if let Some(begin) = first.get::<GapBegin>() {
            return self.gap_begins(&begin, market, now);
        }
        match first.origin.path() {
            Path::Handler => self.decision(records, market),
            Path::Retransmission | Path::Snapshot => self.late(records, market),
            Path::Live => self.message(records, market, now),
        }
    }

    /// A step of the handler itself.
    fn decision(&mut self, records: &[Record], market: &Market) -> Found {
        for record in records {
            if let Some(end) = record.get::<GapEnd>() {
                let Some(told) = self.gaps.get_mut(&end.gap_id) else {
                    return Err(format!("the end of gap {}, which is none", end.gap_id));
                };
                let same = (told.gap.first, told.gap.end) == (end.first, end.end);
                let how = told.ended.map(|(how, _)| how as u8);
                if !same || how != Some(end.how) || std::mem::replace(&mut told.said, true) {
                    return Err(format!("the end of gap {} does not fit: {end:?}", end.gap_id));
                }
            }
            let session = record.get::<SessionRecord>();
            let start = session.filter(|session| session.event == SessionEvent::Start as u8);
            if let Some(start) = start {
                self.begin_session(&start, market)?;
            }
        }
        Ok(())
    }

    fn begin_session(&mut self, start: &SessionRecord, market: &Market) -> Found {
        let named = |session: &Session| start.id.starts_with(&session.name);
        let Some(session) = market.sessions.iter().position(named) else {
            return Err(format!("a session begins that nobody sent: {:?}", start.id));
        };
        if self.session.is_some_and(|current| session <= current) {
            return Err(format!("session {session} begins again"));
        }
        if let Some(&open) = self.open.first() {
            return Err(format!("a session begins while gap {open} is open"));
        }
        self.finish_session(market)?;
        self.session = Some(session);
        (self.expected, self.index) = (start.first_sequence, 0);
        self.truth.clear();
        Ok(())
    }

    fn gap_begins(&mut self, begin: &GapBegin, market: &Market, now: u64) -> Found {
        let Some(at) = self.session else { return Err("a gap without a session".to_owned()) };
        let session = &market.sessions[at];
        if begin.lines == 0 && begin.end <= self.expected {
            return self.given_up(begin, at, session);
        }
        if begin.first != self.expected || begin.end <= begin.first {
            return Err(format!(
                "a gap from {} to {} where {} comes next",
                begin.first, begin.end, self.expected
            ));
        }
        if begin.end > self.numbers(at).shown {
            return Err(format!("a gap up to {}, which nobody showed", begin.end));
        }
        match self.gaps.get_mut(&begin.gap_id) {
            Some(told) if (told.gap.first, told.gap.end) == (begin.first, begin.end) => {
                told.begun = true;
            }
            _ => return Err(format!("gap {} is not that of the ledger", begin.gap_id)),
        }
        let (from, to) = (self.index, session.index_before(begin.end));
        let Bounds { hold_ns, busy_poll_ns, .. } = self.bounds;
        let drained = self.drained;
        for index in from..to {
            let fate = self.numbers(at).at(index);
            if fate.arrived < now {
                return Err(format!(
                    "number {} is declared missing, {} ns after it arrived",
                    session.number(index),
                    now - fate.arrived
                ));
            }
            // While the source always has packets, a late one may be among them: then it may take
            // sixteen times as long.
            let waited = now.saturating_sub(fate.known);
            let over = fate.known.saturating_add(hold_ns) <= drained;
            if over || waited > BUSY_HOLDS * hold_ns + busy_poll_ns {
                return Err(format!(
                    "number {} is declared missing {} ns after that was known",
                    session.number(index),
                    now - fate.known
                ));
            }
            (fate.resolved, fate.gap) = (now, begin.gap_id);
            self.truth.apply(session.messages[index].change);
        }
        self.totals.gaps += 1;
        (self.expected, self.index, self.resolved) = (begin.end, to, now);
        Ok(())
    }

    /// Messages that came and could not be used are declared missing after all: executions of
    /// orders that nobody knows any more.
    fn given_up(&mut self, begin: &GapBegin, at: usize, session: &Session) -> Found {
        if let Some(told) = self.gaps.get_mut(&begin.gap_id) {
            told.begun = true;
        }
        for index in session.index_before(begin.first)..session.index_before(begin.end) {
            let fate = self.numbers(at).at(index);
            if fate.resolved == NEVER || fate.trades > 0 {
                return Err(format!("number {} is given up", session.number(index)));
            }
            fate.given_up = true;
        }
        Ok(())
    }

    fn message(&mut self, records: &[Record], market: &Market, now: u64) -> Found {
        let Some(at) = self.session else { return Err("a message without a session".to_owned()) };
        let session = &market.sessions[at];
        let (number, index) = (self.expected, self.index);
        if session.index_of(number) != Some(index) {
            return Err(format!("number {number} is published, and was never sent"));
        }
        let message = &session.messages[index];
        let time = message.time + crate::scenario::MIDNIGHT_NS;
        let wrong = records.iter().find(|r| r.ts_venue != time && r.ts_venue != 0);
        if let Some(wrong) = wrong {
            return Err(format!("{:?} is not of number {number}, but of {time}", wrong.header()));
        }
        let open = (self.open.first().copied(), self.open.last().copied());
        let resolved = self.resolved;
        let fate = self.numbers(at).at(index);
        if fate.arrived == NEVER {
            return Err(format!("number {number} is published before it arrived"));
        }
        let due = fate.arrived.max(resolved);
        if now > due {
            return Err(format!("number {number} is published {} ns after it could be", now - due));
        }
        fate.resolved = now;
        fate.open = (open.0.unwrap_or(0), open.1.unwrap_or(0));
        let state = records.iter().find_map(|record| record.quality.state());
        fate.doubtful = state != Some(BookState::Live);
        self.totals.live += 1;
        self.truth.apply(message.change);
        self.touched.extend(message.stock);
        (self.expected, self.index, self.resolved) = (number + 1, index + 1, now);
        if session.jump.is_some_and(|(from, _)| from == index + 1) {
            // Nothing was ever sent under the numbers that follow.
            self.expected = number + 1;
        }
        self.trades(records, market, Some((at, index)))
    }

    /// What was missing comes after all: trades and what is said of stocks, never books.
    fn late(&mut self, records: &[Record], market: &Market) -> Found {
        if self.open.is_empty() {
            return Err("something comes late while no gap is open".to_owned());
        }
        self.trades(records, market, None)
    }

    fn trades(&mut self, records: &[Record], market: &Market, of: Option<(usize, usize)>) -> Found {
        for record in records {
            let Some(trade) = record.get::<Trade>() else { continue };
            self.match_up(market);
            let Some(&(session, index)) = self.matches.get(&trade.trade_id) else {
                return Err(format!("trade {} was never sent", trade.trade_id));
            };
            if of.is_some_and(|of| of != (session, index)) || Some(session) != self.session {
                return Err(format!("trade {} is published elsewhere", trade.trade_id));
            }
            let message = &market.sessions[session].messages[index];
            let fits = message.print.is_some_and(|print| {
                (i64::from(print.shares), i64::from(print.price)) == (trade.quantity, trade.price)
            });
            if !fits {
                return Err(format!("trade {trade:?} is not {:?}", message.print));
            }
            self.totals.trades += 1;
            let fate = self.numbers(session).at(index);
            fate.trades += 1;
            if fate.trades > 1 {
                return Err(format!("trade {} is published twice", trade.trade_id));
            }
            if of.is_none() && fate.resolved == NEVER {
                return Err(format!("trade {} is late before it was missed", trade.trade_id));
            }
        }
        Ok(())
    }

    /// Takes note of the matches that the market has printed since.
    fn match_up(&mut self, market: &Market) {
        let (mut at, mut index) = self.matched;
        while let Some(session) = market.sessions.get(at) {
            for (index, message) in session.messages.iter().enumerate().skip(index) {
                if let Some(print) = message.print {
                    self.matches.insert(print.number, (at, index));
                }
            }
            index = session.messages.len();
            if at + 1 == market.sessions.len() {
                break;
            }
            (at, index) = (at + 1, 0);
        }
        self.matched = (at, index);
    }

    /// Compares one stock's book with the true one, if it is called live.
    fn compare(&mut self, lane: &Lane<Tap>, stock: u16) -> Found {
        let rows = &lane.publisher.outlet.rows;
        let is = |row: &wire::InstrumentRow| stock_of(&row.native_symbol) == Some(stock);
        let Some(index) = rows.iter().position(is) else { return Ok(()) };
        if lane.venue.book_state(index as u32, &lane.gaps) != BookState::Live {
            return Ok(());
        }
        self.totals.compared += 1;
        compare::orders(&lane.venue.books, index as u32, &self.truth, stock).map_err(|what| {
            format!("the lane calls a book live that is not true before {}: {what}", self.expected)
        })
    }

    /// Compares every book that is called live. Gives back how many are not.
    pub fn compare_all(&mut self, lane: &Lane<Tap>) -> Result<usize, String> {
        let mut doubtful = 0;
        for index in 1..=lane.venue.directory.len() {
            let row = lane.publisher.outlet.rows.get(index as usize);
            let Some(stock) = row.and_then(|row| stock_of(&row.native_symbol)) else {
                return Err(format!("instrument {index} has no row"));
            };
            match lane.venue.book_state(index, &lane.gaps) {
                BookState::Live => self.compare(lane, stock)?,
                _ => doubtful += 1,
            }
        }
        Ok(doubtful)
    }

    /// Gaps that are open.
    pub fn open_gaps(&self) -> usize {
        self.open.len()
    }

    /// The number that comes next.
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// The session is over for the lane: every number that it heard of is accounted for.
    fn finish_session(&mut self, market: &Market) -> Found {
        let Some(at) = self.session else { return Ok(()) };
        let session = &market.sessions[at];
        let shown = session.index_before(self.numbers(at).shown);
        let gaps = std::mem::take(&mut self.gaps);
        let how = |gap: u32| gaps.get(&gap).and_then(|told| told.ended).map(|(how, _)| how);
        let refilled = |gap: u32| how(gap) == Some(GapHow::Retransmission);
        for index in 0..shown {
            let fate = *self.numbers(at).at(index);
            let number = session.number(index);
            self.totals.sent += 1;
            if fate.resolved == NEVER {
                return Err(format!("number {number} was sent, and is neither there nor missed"));
            }
            let print = session.messages[index].print;
            self.totals.trades_missing += u64::from(print.is_some() && fate.trades == 0);
            let recovered = fate.gap == 0 || refilled(fate.gap);
            if fate.gap != 0 {
                *if recovered { &mut self.totals.late } else { &mut self.totals.declared } += 1;
            }
            let excused = match fate.open {
                (0, _) => fate.doubtful && !gaps.is_empty() && fate.gap == 0,
                (from, to) => !(from..=to).all(refilled),
            };
            let excused = excused || fate.given_up;
            if print.is_some() && fate.trades == 0 && recovered && !excused {
                return Err(format!("the trade of number {number} is missing and not declared"));
            }
        }
        for told in gaps.values().filter(|told| told.session == at) {
            if !told.begun || told.ended.is_some() != told.said {
                return Err(format!("{told:?} was not told as it was"));
            }
        }
        self.gaps = gaps;
        Ok(())
    }

    /// The run is over.
    pub fn finish(&mut self, lane: &Lane<Tap>, market: &Market) -> Found {
        self.compare_all(lane)?;
        self.finish_session(market)
    }
}
