//! The books of all lanes of a client, kept by its events alone.

use wire::Record;

use super::{BookSpec, Books};
use crate::event::Event;

/// Books of every lane. Hand it every event of the client.
#[derive(Debug)]
pub struct BookSet {
    spec: BookSpec,
    lanes: Vec<Option<Books>>,
    problem: Option<book::LimitsError>,
}

impl BookSet {
    /// Books whose tables begin with the sizes of `spec`; its classes and instruments are those
    /// of each lane's seat.
    pub fn new(spec: BookSpec) -> BookSet {
        BookSet { spec, lanes: Vec::new(), problem: None }
    }

    /// Books of a lane; `None` before its first attach.
    pub fn lane(&self, lane: usize) -> Option<&Books> {
        self.lanes.get(lane)?.as_ref()
    }

    /// Why the books of a lane could not be built, if so.
    pub fn problem(&self) -> Option<book::LimitsError> {
        self.problem
    }

    /// Takes an event.
    #[inline]
    pub fn on(&mut self, event: &Event<'_>) {
        match event {
            Event::Record { lane, record } => self.record(*lane, record),
            other => self.other(other),
        }
    }

    #[inline(always)]
    fn record(&mut self, lane: usize, record: &Record) {
        if let Some(Some(books)) = self.lanes.get_mut(lane) {
            books.record(record);
        }
    }

    #[cold]
    fn other(&mut self, event: &Event<'_>) {
        match *event {
            Event::Attached { lane, instruments, filter, .. } => {
                self.attached(lane, instruments, filter.classes);
            }
            Event::Filtered { lane, filter } => {
                let room = self.lane(lane).map_or(0, Books::instruments);
                if self.lane(lane).is_some_and(|books| !books.suits(room, filter.classes)) {
                    self.attached(lane, room, filter.classes);
                } else if let Some(Some(books)) = self.lanes.get_mut(lane) {
                    books.retain(|index| filter.contains(index));
                }
            }
            Event::Resynced { lane, .. } | Event::Detached { lane, .. } => {
                if let Some(Some(books)) = self.lanes.get_mut(lane) {
                    books.forget_all();
                }
            }
            Event::ProducerDead { .. } | Event::NewGeneration { .. } => {
                self.lanes.iter_mut().flatten().for_each(Books::begin);
            }
            // After an orderly end the last state is the final one.
            Event::Closed { .. } | Event::Stalled { .. } | Event::Resumed => {}
            Event::Record { .. } => {}
        }
    }

    fn attached(&mut self, lane: usize, instruments: u32, classes: u8) {
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, || None);
        }
        let Some(slot) = self.lanes.get_mut(lane) else { return };
        if let Some(books) = slot.as_mut().filter(|books| books.suits(instruments, classes)) {
            return books.begin();
        }
        // The old tables go before the new ones come.
        *slot = None;
        match Books::new(BookSpec { classes, instruments, ..self.spec }) {
            Ok(books) => *slot = Some(books),
            Err(error) => self.problem = Some(error),
        }
    }
}
