//! What a new version of a configuration changes: what a running process can take, and what
//! needs a restart.

use crate::config::{Config, Effective};

/// The difference of two configurations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Values that a reload applies, in words.
    pub applied: Vec<String>,
    /// Values that hold only after a restart, in words.
    pub restart: Vec<String>,
}

/// Compares what holds now with what a file says.
pub fn between(running: &Config, file: &Config) -> Change {
    let mut change = Change::default();
    for new in &file.effective {
        let old = running.effective.iter().find(|old| old.key == new.key);
        match old {
            Some(old) if old.value == new.value => {}
            Some(old) => change.note(new, format!("{}: {} -> {}", new.key, old.value, new.value)),
            None => change.restart.push(format!("{} = {} is new", new.key, new.value)),
        }
    }
    for old in &running.effective {
        if !file.effective.iter().any(|new| new.key == old.key) {
            change.restart.push(format!("{} is gone", old.key));
        }
    }
    change
}

impl Change {
    fn note(&mut self, value: &Effective, text: String) {
        if value.reload { &mut self.applied } else { &mut self.restart }.push(text);
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.restart.is_empty()
    }
}
