//! Turns: every contestant runs once in every round, in a rotating order, so that whatever the host
//! does to one round it does to all; their answers are compared; ratios are taken within a round.

use super::CompareError;

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
}

impl Series {
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
    let mut series: Vec<Series> = contestants
        .iter()
        .map(|c| Series { name: c.name(), ours: c.ours(), rounds: Vec::with_capacity(rounds) })
        .collect();
    let mut answer: Option<(String, u64)> = None;
    let count = contestants.len();
    for round in 0..rounds {
        for turn in 0..count {
            let at = (round + turn) % count;
            let result = contestants[at].round()?;
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

    #[test]
    fn another_answer_is_an_error() {
        let mut both: Vec<Box<dyn Contestant>> =
            vec![Box::new(Fixed("a", 10.0, 7)), Box::new(Fixed("b", 25.0, 8))];
        assert!(matches!(contest("test", 1, &mut both), Err(CompareError::Answers { .. })));
    }
}
