//! What the publisher knows of a lane: its instruments, and what was last said of each.

use wire::codes::ConnectionState;
use wire::datagram::{NAME_BYTES, NAME_CHARACTERS, StatusItem, datagram_symbol};
use wire::instrument::text_of;
use wire::payload::Connection;
use wire::{BookState, InstrumentId, InstrumentRow, NONE, Nature, Side};

use super::exchange::{ExchangeId, UNNAMED};

/// Lines of a lane that a connection record can name.
const LINES: usize = 16;
/// No place in the instrument table.
pub(super) const NO_ROW: u32 = u32::MAX;

/// What was last said of an instrument.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instrument {
    pub(super) id: InstrumentId,
    /// Place of its row; [`NO_ROW`] while there is none.
    pub(super) row: u32,
    /// Version of that row when it was read.
    pub(super) version: u32,
    pub(super) exchange: ExchangeId,
    pub(super) symbol: [u8; NAME_BYTES],
    pub(super) price_exp: i8,
    pub(super) quantity_exp: i8,
    /// State of its book as it was said; `None` if nothing was.
    pub(super) told: Option<BookState>,
    /// Why the book last changed its state.
    pub(super) cause: u8,
    /// A change of its book waits to be sent.
    pub(super) dirty: bool,
    /// It is published by the lane: a record of it has come.
    pub(super) listed: bool,
    /// It was taken out of the lane's symbols.
    pub(super) removed: bool,
    /// Trading state as it was said, and the venue's time of it.
    pub(super) trading: Option<(StatusItem, u64)>,
    /// Its last datagram in the batch that is being composed: batch, slot.
    pub(super) last: (u64, u32),
    /// Event time of the last change of its book, and the step.
    pub(super) changed: (u64, u64),
}

const UNKNOWN: Instrument = Instrument {
    id: InstrumentId(0),
    row: NO_ROW,
    version: 0,
    exchange: UNNAMED,
    symbol: [0; NAME_BYTES],
    price_exp: 0,
    quantity_exp: 0,
    told: None,
    cause: 0,
    dirty: false,
    listed: false,
    removed: false,
    trading: None,
    last: (0, 0),
    changed: (0, 0),
};

/// A level as the lane has it.
pub(super) type RawLevel = (i64, i64);

/// A lane.
#[derive(Debug, Default)]
pub(super) struct LaneState {
    /// Key of its instrument 0.
    pub(super) base: u32,
    /// By index; 0 is the channel.
    pub(super) instruments: Vec<Instrument>,
    /// Rows of the table that have been read.
    pub(super) rows: u32,
    /// Instruments that the lane publishes, in the order in which they became known.
    pub(super) listed: Vec<u32>,
    /// How many of those have been defined.
    pub(super) defined: usize,
    /// Nature of its last record.
    pub(super) nature: Option<Nature>,
    /// Instrument whose book is in the middle of an event.
    pub(super) open: Option<u32>,
    /// Instrument whose book is in the middle of a refresh; events of others stand between.
    pub(super) refreshing: Option<u32>,
    /// Books are to be compared with what was said of them.
    pub(super) sweep: bool,
    /// Last step.
    pub(super) step: u64,
    lines: [Option<(ConnectionState, u32)>; LINES],
    /// Sides as they were sent: depth levels a side, two sides an instrument.
    sent: Vec<RawLevel>,
    lengths: Vec<[u16; 2]>,
    depth: usize,
}

/// Length of a side that was never sent.
const NEVER: u16 = u16::MAX;

impl LaneState {
    /// A generation begins, with room for so many instruments.
    pub(super) fn begin(&mut self, base: u32, instruments: u32, depth: usize) {
        let count = instruments as usize;
        *self = LaneState {
            base,
            instruments: vec![UNKNOWN; count],
            listed: Vec::with_capacity(count),
            sent: vec![(NONE, 0); count * 2 * depth],
            lengths: vec![[NEVER; 2]; count],
            depth,
            ..LaneState::default()
        };
    }

    pub(super) fn get(&self, index: u32) -> Option<&Instrument> {
        self.instruments.get(index as usize)
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Instrument> {
        self.instruments.get_mut(index as usize)
    }

    /// Takes a row of the table; false if the table has no such instrument.
    pub(super) fn learn(&mut self, place: u32, row: &InstrumentRow) -> bool {
        let index = row.instrument.index();
        let Some(known) = self.instruments.get_mut(index as usize) else { return false };
        (known.id, known.row, known.version) = (row.instrument, place, row.version);
        known.price_exp = row.price_exp;
        known.quantity_exp = row.quantity_exp;
        if index != 0 {
            known.symbol = symbol_of(row);
        }
        true
    }

    /// The lane publishes this instrument. Returns whether that is news.
    pub(super) fn list(&mut self, index: u32) -> bool {
        let Some(known) = self.instruments.get_mut(index as usize) else { return false };
        if index == 0 || known.listed || known.row == NO_ROW {
            return false;
        }
        known.listed = true;
        self.listed.push(index);
        true
    }

    /// The side as it was last sent; `None` if it never was.
    pub(super) fn sent(&self, index: u32, side: Side) -> Option<&[RawLevel]> {
        let length = self.lengths.get(index as usize).map_or(NEVER, |l| l[side as usize]);
        if length == NEVER {
            return None;
        }
        let first = self.first(index, side);
        self.sent.get(first..first + usize::from(length))
    }

    fn first(&self, index: u32, side: Side) -> usize {
        (index as usize * 2 + side as usize) * self.depth
    }

    /// Remembers a side that is sent now.
    pub(super) fn remember(&mut self, index: u32, side: Side, levels: &[RawLevel]) {
        let first = self.first(index, side);
        if let Some(to) = self.sent.get_mut(first..first + levels.len()) {
            to.copy_from_slice(levels);
        }
        if let Some(lengths) = self.lengths.get_mut(index as usize) {
            lengths[side as usize] = levels.len() as u16;
        }
    }

    /// The book is to be sent whole, whatever was sent before.
    pub(super) fn forget_sides(&mut self, index: u32) {
        if let Some(lengths) = self.lengths.get_mut(index as usize) {
            *lengths = [NEVER; 2];
        }
    }

    /// A connection changed its state.
    pub(super) fn connection(&mut self, m: &Connection) {
        let state = ConnectionState::from_bits(m.state).unwrap_or(ConnectionState::Down);
        if let Some(line) = self.lines.get_mut(usize::from(m.line)) {
            *line = Some((state, m.reconnects));
        }
    }

    /// Connections that are up, that are not, and reconnects; `None` if the lane never said.
    pub(super) fn connections(&self) -> Option<(u64, u64, u64)> {
        let known = || self.lines.iter().flatten();
        let all = known().count() as u64;
        let up = known().filter(|(state, _)| *state == ConnectionState::Up).count() as u64;
        let reconnects = known().map(|(_, reconnects)| u64::from(*reconnects)).sum();
        (all > 0).then_some((up, all - up, reconnects))
    }
}

/// The name in datagrams: the row's own, else the venue's symbol.
fn symbol_of(row: &InstrumentRow) -> [u8; NAME_BYTES] {
    let own = text_of(&row.datagram_symbol);
    let native = row.symbol();
    // A field of twenty letters that begins a longer name was cut: it is not the name.
    let cut = own.is_empty() || (own.len() >= NAME_CHARACTERS && native.starts_with(&own));
    datagram_symbol(if cut { &native } else { &own }, row.instrument)
}
