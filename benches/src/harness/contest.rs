//! Turns: every contestant runs once in every round, in a rotating order, so that whatever the host
//! does to one round it does to all; their answers are compared; ratios are taken within a round.

use super::memory::{Spent, take_noted};
use super::{CompareError, progress};

/// What one round of one contestant gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    /// Nanoseconds per operation.
    pub ns: f64,
    /// The answer, which must be the same for all contestants and rounds.
    pub answer: u64,
}

/// Something that is measured.
pub trait Contestant {
    /// Its name, with the version for a peer.
    fn name(&self) -> String;
    /// Whether it is ours.
    fn ours(&self) -> bool {
        false
    }
    /// One round over the whole input. Set-up and warming happen outside the measured time.
    ///
    /// # Errors
    /// Whatever keeps it from an answer.
    fn round(&mut self) -> Result<Round, CompareError>;
}

/// All rounds of one contestant, ns per operation.
#[derive(Clone, Debug)]
pub struct Series {
    /// Whose.
    pub name: String,
    /// Whether it is ours.
    pub ours: bool,
    /// One figure per round, in the order of the rounds.
    pub rounds: Vec<f64>,
    /// Page faults and allocations in measured time, after the first round; `None` where the
    /// rounds did not count them (see [`super::measured`]).
    pub spent: Option<Spent>,
}

impl Series {
    /// A series without rounds yet.
    pub fn new(name: impl Into<String>, ours: bool) -> Series {
        Series { name: name.into(), ours, rounds: Vec::new(), spent: None }
    }

    /// Median over the rounds, ns.
    #[must_use]
    pub fn median(&self) -> f64 {
        median(&self.rounds)
    }

    /// Median over the rounds of `other / self`: how many times as fast as `other` this is.
    #[must_use]
    pub fn times_as_fast_as(&self, other: &Series) -> f64 {
        let ratios: Vec<f64> = other.rounds.iter().zip(&self.rounds).map(|(o, s)| o / s).collect();
        median(&ratios)
    }
}

/// The median; NaN of nothing.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    (sorted[last / 2] + sorted[last.div_ceil(2)]) / 2.0
}

/// Lets all contestants run `rounds` times, in turns.
///
/// # Errors
/// If one fails, or two answers differ.
pub fn contest(
    section: &str,
    rounds: usize,
    contestants: &mut [Box<dyn Contestant + '_>],
) -> Result<Vec<Series>, CompareError> {
    let mut series: Vec<Series> =
        contestants.iter().map(|c| Series::new(c.name(), c.ours())).collect();
    let mut answer: Option<(String, u64)> = None;
    let count = contestants.len();
    for round in 0..rounds {
        for turn in 0..count {
            let at = (round + turn) % count;
            progress::step(&format!("round {}/{rounds}, {}", round + 1, series[at].name));
            let _ = take_noted();
            let result = contestants[at].round()?;
            // The first round fetches what set-up left.
            if let (Some(spent), 1..) = (take_noted(), round) {
                series[at].spent = Some(series[at].spent.unwrap_or_default().and(spent));
            }
            let name = &series[at].name;
            match &answer {
                None => answer = Some((name.clone(), result.answer)),
                Some((first, expected)) if *expected != result.answer => {
                    return Err(CompareError::Answers {
                        section: section.to_owned(),
                        first: first.clone(),
                        first_answer: *expected,
                        second: name.clone(),
                        second_answer: result.answer,
                    });
                }
                Some(_) => {}
            }
            series[at].rounds.push(result.ns);
        }
    }
    Ok(series)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(&'static str, f64, u64);

    impl Contestant for Fixed {
        fn name(&self) -> String {
            self.0.to_owned()
        }
        fn round(&mut self) -> Result<Round, CompareError> {
            Ok(Round { ns: self.1, answer: self.2 })
        }
    }

    #[test]
    fn ratios_are_of_rounds_and_medians_of_ratios() {
        let mut both: Vec<Box<dyn Contestant>> =
            vec![Box::new(Fixed("a", 10.0, 7)), Box::new(Fixed("b", 25.0, 7))];
        let series = contest("test", 3, &mut both).unwrap();
        assert_eq!(series[0].times_as_fast_as(&series[1]), 2.5);
        assert_eq!(series[0].rounds.len(), 3);
        assert_eq!(median(&[1.0, 9.0, 2.0, 4.0]), 3.0);
        assert!(median(&[]).is_nan());
    }

    /// Allocates in every round, or only in the first.
    struct Greedy(bool, usize);

    impl Contestant for Greedy {
        fn name(&self) -> String {
            "greedy".to_owned()
        }
        fn ours(&self) -> bool {
            true
        }
        fn round(&mut self) -> Result<Round, CompareError> {
            let first = std::mem::replace(&mut self.1, 1) == 0;
            let (ns, _) = crate::harness::measured(|| {
                (first || self.0).then(|| std::hint::black_box(vec![1_u8; 40]))
            });
            Ok(Round { ns, answer: 0 })
        }
    }

    #[test]
    fn what_is_allocated_after_the_first_round_misses_a_bar() {
        for (always, expected) in [(false, 0), (true, 2)] {
            let mut one: Vec<Box<dyn Contestant>> = vec![Box::new(Greedy(always, 0))];
            let series = contest("test", 3, &mut one).unwrap();
            assert_eq!(series[0].spent.map(|spent| spent.allocations), Some(expected));
            let table = crate::harness::Table::of("test", "ns", &series);
            assert_eq!(table.bars.iter().all(|bar| bar.met()), !always);
        }
    }

    #[test]
    fn another_answer_is_an_error() {
        let mut both: Vec<Box<dyn Contestant>> =
            vec![Box::new(Fixed("a", 10.0, 7)), Box::new(Fixed("b", 25.0, 8))];
        assert!(matches!(contest("test", 1, &mut both), Err(CompareError::Answers { .. })));
    }
}
