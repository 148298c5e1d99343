//! The books of all lanes of a client, kept by its events alone.

use shm::seat::Filter;
use wire::Record;

use super::{BookSpec, Books};
use crate::event::Event;

/// Books of every lane. Hand it every event of the client.
#[derive(Debug)]
pub struct BookSet {
    spec: BookSpec,
    lanes: Vec<Option<Books>>,
    /// Depth asked for on each lane.
    depths: Vec<u16>,
    problem: Option<book::LimitsError>,
}

impl BookSet {
    /// Books whose tables begin with the sizes of `spec`; its classes and instruments are those
    /// of each lane's seat.
    pub fn new(spec: BookSpec) -> BookSet {
        BookSet { spec, lanes: Vec::new(), depths: Vec::new(), problem: None }
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
                self.attached(lane, instruments, filter);
            }
            Event::Filtered { lane, filter } => self.filtered(lane, filter),
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

    fn attached(&mut self, lane: usize, instruments: u32, filter: &Filter) {
        if self.lanes.len() <= lane {
            self.lanes.resize_with(lane + 1, || None);
            self.depths.resize(lane + 1, 0);
        }
        if let Some(depth) = self.depths.get_mut(lane) {
            *depth = filter.depth;
        }
        let Some(slot) = self.lanes.get_mut(lane) else { return };
        let kept = slot.take().filter(|books| books.suits(instruments, filter.classes));
        // The old tables go before the new ones come.
        let books = match kept {
            Some(mut books) => {
                books.begin();
                Ok(books)
            }
            None => Books::new(BookSpec { classes: filter.classes, instruments, ..self.spec }),
        };
        match books {
            Ok(mut books) => {
                books.want(filter);
                *slot = Some(books);
            }
            Err(error) => self.problem = Some(error),
        }
    }

    /// Other book classes or another depth make the producer refresh everything.
    fn filtered(&mut self, lane: usize, filter: &Filter) {
        let Some(Some(books)) = self.lanes.get_mut(lane) else { return };
        let room = books.instruments();
        if !books.suits(room, filter.classes) {
            return self.attached(lane, room, filter);
        }
        if let Some(depth) = self.depths.get_mut(lane)
            && *depth != filter.depth
        {
            *depth = filter.depth;
            books.forget_all();
        }
        books.want(filter);
    }
}
