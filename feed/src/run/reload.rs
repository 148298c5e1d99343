//! A reload: the file is read again, symbols are changed, everything else is named.
//!
//! A file with mistakes changes nothing. What is told to the lanes is told to all of them, so that
//! each counts the same version of the configuration.

use crate::config::{self, Config, Environment, LaneSection};
use crate::publish::listing::Listing;
use crate::run::body::ControlMail;

/// What the watching thread knows of the configuration that holds.
pub struct Reloader {
    running: Config,
    environment: Environment,
    version: u64,
    refused: u64,
    restart: u64,
    /// The lanes' mail, in the order of the configuration.
    mails: Vec<ControlMail>,
    /// Listings that a lane could not take yet.
    waiting: Vec<Option<Listing>>,
}

/// The listing that a lane's section asks for.
pub fn listing_of(lane: &LaneSection) -> Listing {
    Listing { version: 1, ..Listing::new(lane.symbols.as_deref(), lane.first) }
}

impl Reloader {
    /// A configuration that has just been started.
    pub fn new(running: Config, environment: Environment, mails: Vec<ControlMail>) -> Reloader {
        let waiting = mails.iter().map(|_| None).collect();
        Reloader { running, environment, version: 1, refused: 0, restart: 0, mails, waiting }
    }

    /// Version that holds: 1, and one more with each reload.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Reads the file again and hands the lanes what changed.
    pub fn reload(&mut self, tell: &mut dyn FnMut(&str)) {
        match config::load(&self.running.path, &self.environment) {
            Ok(file) => self.apply(file, tell),
            Err(error) => {
                self.refused += 1;
                tell(&format!("reload refused, nothing changed:\n{error}"));
            }
        }
        self.send_all();
    }

    fn apply(&mut self, file: Config, tell: &mut dyn FnMut(&str)) {
        let change = config::change::between(&self.running, &file);
        self.version += 1;
        self.restart = change.restart.len() as u64;
        tell(&format!("reload: configuration version {}", self.version));
        change.applied.iter().for_each(|line| tell(&format!("reload: applied {line}")));
        for line in &change.restart {
            tell(&format!("reload: needs a restart: {line}"));
        }
        if change.is_empty() {
            tell("reload: nothing changed");
        }
        for lane in &mut self.running.lanes {
            if let Some(new) = file.lanes.iter().find(|new| new.name == lane.name) {
                lane.symbols.clone_from(&new.symbols);
                lane.first = new.first;
            }
        }
        // What needs a restart is compared with what runs, at the next reload too.
        for value in &mut self.running.effective {
            let new = file.effective.iter().find(|new| value.reload && new.key == value.key);
            if let Some(new) = new {
                value.clone_from(new);
            }
        }
    }

    fn send_all(&mut self) {
        for (lane, waiting) in self.running.lanes.iter().zip(&mut self.waiting) {
            *waiting = Some(Listing {
                version: self.version,
                refused: self.refused,
                restart: self.restart,
                ..listing_of(lane)
            });
        }
        self.pass_on();
    }

    /// Hands over what a lane could not take before, and frees what came back.
    pub fn pass_on(&mut self) {
        for (mail, waiting) in self.mails.iter_mut().zip(&mut self.waiting) {
            mail.collect();
            if let Some(listing) = waiting.take()
                && !mail.send(listing.clone())
            {
                *waiting = Some(listing);
            }
        }
    }
}
