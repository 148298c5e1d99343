//! What a consumer asks for: which instance, which lanes, which records.

use std::path::PathBuf;

use shm::paths::DEFAULT_ROOT;
use shm::seat::Policy;
use wire::Class;

/// Which lanes of the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lanes {
    /// All that it has.
    #[default]
    All,
    /// These, in this order; each must exist.
    Named(Vec<String>),
}

/// Which instruments of a lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// Every one, also those that come later.
    #[default]
    All,
    /// Those with one of these native or canonical symbols. A symbol that no lane knows yet is
    /// asked for as soon as its row appears.
    Symbols(Vec<String>),
}

impl Wanted {
    /// Whether an instrument of these two names is wanted.
    pub fn names(&self, native: &str, canonical: &str) -> bool {
        match self {
            Wanted::All => true,
            Wanted::Symbols(symbols) => symbols.iter().any(|s| s == native || s == canonical),
        }
    }
}

/// What records a seat gets. May be changed while it is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterSpec {
    /// Bits of [`wire::Class`]. Stream records come to every seat, asked for or not.
    pub classes: u8,
    /// Which instruments.
    pub instruments: Wanted,
    /// Levels a side in a refresh; 0 = all.
    pub depth: u16,
    /// What happens when the consumer is too slow.
    pub policy: Policy,
}

impl Default for FilterSpec {
    fn default() -> Self {
        FilterSpec {
            classes: Class::Top.bit() | Class::Trades.bit() | Class::Reference.bit(),
            instruments: Wanted::All,
            depth: 0,
            policy: Policy::Lose,
        }
    }
}

/// An attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachSpec {
    /// Directory under which instances live.
    pub root: PathBuf,
    /// Name of the instance.
    pub instance: String,
    /// Which lanes.
    pub lanes: Lanes,
    /// Which records.
    pub filter: FilterSpec,
    /// The number of the seat, the same on every lane; `None`: any that is free.
    pub seat: Option<usize>,
}

impl AttachSpec {
    /// All lanes of `instance` under /dev/shm: best prices, trades and reference data of every
    /// instrument, any free seat, losses declared.
    pub fn new(instance: &str) -> AttachSpec {
        AttachSpec {
            root: PathBuf::from(DEFAULT_ROOT),
            instance: instance.to_string(),
            lanes: Lanes::All,
            filter: FilterSpec::default(),
            seat: None,
        }
    }
}
