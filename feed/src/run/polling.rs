//! How each core polls, and why.
//!
//! A thread that spins without a processor of its own stops the thread that it waits for. So if
//! there are more spinning threads than processors, all cores back off, whatever the configuration
//! says, and the report says so.

use affinity::{Allowed, PollMode};

use crate::config::{CoreConfig, PollChoice};
use crate::error::Result;

/// How a core polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polling {
    /// The mode.
    pub mode: PollMode,
    /// Why, in words.
    pub why: String,
}

/// Chooses for all cores together.
///
/// # Errors
/// If the host cannot say what this process may use.
pub fn choose(cores: &[CoreConfig]) -> Result<Vec<Polling>> {
    Ok(choose_for(cores, Allowed::read()?.spinnable()))
}

/// The same for a host on which `processors` threads can spin.
pub fn choose_for(cores: &[CoreConfig], processors: usize) -> Vec<Polling> {
    let spinning = cores.iter().filter(|core| core.poll != PollChoice::Backoff).count();
    // Where the handler chooses, one consumer is expected to spin too.
    let with_consumer = spinning + 1;
    cores.iter().map(|core| one(core.poll, spinning, with_consumer, processors)).collect()
}

fn one(choice: PollChoice, spinning: usize, with_consumer: usize, processors: usize) -> Polling {
    let backoff = |why: String| Polling { mode: PollMode::Backoff, why };
    match choice {
        PollChoice::Backoff => backoff("as configured".to_owned()),
        PollChoice::Busy if spinning > processors => backoff(format!(
            "busy was configured, but spinning cores ({spinning}) are more than processors \
             ({processors}); give the process more, or put lanes on one core"
        )),
        PollChoice::Busy => Polling { mode: PollMode::Busy, why: "as configured".to_owned() },
        PollChoice::Auto if with_consumer > processors => backoff(format!(
            "spinning cores: {spinning}; with a consumer more than the processors, {processors}"
        )),
        PollChoice::Auto => Polling {
            mode: PollMode::Busy,
            why: format!(
                "spinning cores: {spinning}; with a consumer within the processors, {processors}"
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core(poll: PollChoice) -> CoreConfig {
        CoreConfig { name: "0".to_owned(), cpu: None, poll, lock_memory: false }
    }

    #[test]
    fn nobody_spins_without_a_processor() {
        use PollChoice::{Auto, Backoff, Busy};
        let cases: [(&[PollChoice], usize, &[PollMode]); 6] = [
            (&[Auto], 2, &[PollMode::Busy]),
            (&[Auto], 1, &[PollMode::Backoff]),
            (&[Busy], 1, &[PollMode::Busy]),
            (&[Busy, Busy], 1, &[PollMode::Backoff, PollMode::Backoff]),
            (&[Busy, Backoff], 1, &[PollMode::Busy, PollMode::Backoff]),
            (&[Auto, Auto], 2, &[PollMode::Backoff, PollMode::Backoff]),
        ];
        for (choices, processors, expected) in cases {
            let cores: Vec<_> = choices.iter().map(|&choice| core(choice)).collect();
            let modes: Vec<_> =
                choose_for(&cores, processors).into_iter().map(|polling| polling.mode).collect();
            assert_eq!(modes, expected, "{choices:?} on {processors}");
        }
    }
}
