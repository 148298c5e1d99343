//! Deliberate faults: what the checks must find, or they check nothing.

use wire::codes::ConnectionState;
use wire::payload::{Connection, GapBegin, GapEnd, Trade};
use wire::{Path, Record};

/// A fault that is built into a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// One refresh in four that the lane asks for is not requested.
    SkipRefresh,
    /// The end of a gap is not told.
    ForgetGapEnd,
    /// The beginning of a gap is not told.
    ForgetGapBegin,
    /// One trade in sixteen is not told.
    LoseTrade,
    /// The death of a line is not told.
    SilentAlarm,
    /// A hole waits longer than it may.
    LongHold,
    /// A consumer leaves out one record in a hundred.
    ConsumerSkips,
    /// A lane gets each packet that comes late as if it were the next one.
    RenumberLate,
    /// Recovery hands over other bytes than it was sent.
    CorruptFill,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 9] = [
        Mutant::SkipRefresh,
        Mutant::ForgetGapEnd,
        Mutant::ForgetGapBegin,
        Mutant::LoseTrade,
        Mutant::SilentAlarm,
        Mutant::LongHold,
        Mutant::ConsumerSkips,
        Mutant::RenumberLate,
        Mutant::CorruptFill,
    ];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Mutant::SkipRefresh => "skip-refresh",
            Mutant::ForgetGapEnd => "forget-gap-end",
            Mutant::ForgetGapBegin => "forget-gap-begin",
            Mutant::LoseTrade => "lose-trade",
            Mutant::SilentAlarm => "silent-alarm",
            Mutant::LongHold => "long-hold",
            Mutant::ConsumerSkips => "consumer-skips",
            Mutant::RenumberLate => "renumber-late",
            Mutant::CorruptFill => "corrupt-fill",
        }
    }

    /// The mutant of a name.
    pub fn of_name(name: &str) -> Option<Mutant> {
        Mutant::ALL.into_iter().find(|mutant| mutant.name() == name)
    }

    /// Whether the lane's outlet does not get this record.
    pub fn swallows(self, record: &Record) -> bool {
        match self {
            Mutant::ForgetGapEnd => record.get::<GapEnd>().is_some(),
            Mutant::ForgetGapBegin => record.get::<GapBegin>().is_some(),
            Mutant::LoseTrade => {
                let trade = record.get::<Trade>();
                trade.is_some_and(|trade| trade.trade_id.is_multiple_of(16))
                    && record.origin.path() == Path::Live
            }
            Mutant::SilentAlarm => record
                .get::<Connection>()
                .is_some_and(|change| change.state == ConnectionState::Down as u8),
            _ => false,
        }
    }
}
