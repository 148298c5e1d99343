//! Instruments that begin or cease to be published while the lane runs.
//!
//! One that is added is defined, and every seat that wants it gets its book by a refresh: the lane
//! has kept it. One that is removed is defined as removed; its book's state becomes none in every
//! seat, and so does its image.

use wire::codes::{BookCause, DefinitionAction};
use wire::payload::{BookStateChange, Definition};
use wire::{BookState, Image, InstrumentRow, Quality};

use super::Nasdaq;
use crate::gap::Gaps;
use crate::publish::listing::{Relisted, stock};
use crate::publish::step::{HANDLER, Stamp};
use crate::publish::{Outlet, Publisher};

/// The definition that a row tells.
pub(super) fn definition(row: &InstrumentRow, action: DefinitionAction) -> Definition {
    Definition {
        action: action as u8,
        class: row.class,
        price_exp: row.price_exp,
        quantity_exp: row.quantity_exp,
        multiplier_exp: row.multiplier_exp,
        tick: row.tick,
        lot: row.lot,
        multiplier: row.multiplier,
        ..Definition::default()
    }
}

impl Nasdaq {
    /// Goes on with a change of what is published, for at most `limit` instruments.
    pub fn relist<O: Outlet>(
        &mut self,
        limit: usize,
        now: u64,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) {
        for _ in 0..limit {
            let Some(index) = out.listed.next(self.directory.len()) else { return };
            let Some(row) = self.directory.row(index).copied() else { continue };
            match out.listed.decide(index, &stock(&row.native_symbol)) {
                Relisted::Same => {}
                Relisted::Added => self.add_listed(index, &row, now, gaps, out),
                Relisted::Removed => self.remove_listed(index, &row, now, gaps, out),
            }
        }
    }

    fn add_listed<O: Outlet>(
        &mut self,
        index: u32,
        row: &InstrumentRow,
        now: u64,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) {
        out.listed.add(index);
        out.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        let quality = out.quality(self.book_state(index, gaps)).end_of_event();
        out.emit(index, quality, definition(row, DefinitionAction::Add));
        out.end_step();
        out.outlet.request_refresh(index);
        self.dirty.mark(index);
    }

    fn remove_listed<O: Outlet>(
        &mut self,
        index: u32,
        row: &InstrumentRow,
        now: u64,
        gaps: &Gaps,
        out: &mut Publisher<O>,
    ) {
        let change = BookStateChange {
            new: BookState::None as u8,
            old: self.book_state(index, gaps) as u8,
            cause: BookCause::None as u8,
            ..BookStateChange::default()
        };
        out.begin_step(Stamp { ts_venue: 0, ts_receive: now, origin: HANDLER });
        let quality = out.quality(BookState::None).end_of_event();
        out.emit(index, quality, definition(row, DefinitionAction::Remove));
        out.emit(index, quality, change);
        out.end_step();
        out.listed.remove(index);
        let void = Image {
            instrument: out.id(index),
            quality: Quality::new(BookState::None, out.nature()),
            sequence: out.step(),
            ts_receive: now,
            ..Image::EMPTY
        };
        out.outlet.image(index, &void);
    }
}
