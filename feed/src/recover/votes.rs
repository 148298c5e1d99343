//! What servers said of messages, where one server alone is not believed.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use protocol::frame::moldudp64::MoldPacket;

use super::ranges::bit;

/// One version of a message, and who said it.
#[derive(Clone, Copy, Debug)]
struct Version {
    digest: u64,
    servers: u64,
}

/// Versions of messages by number.
#[derive(Debug, Default)]
pub struct Votes(BTreeMap<u64, Vec<Version>>);

/// What came of an answer.
#[derive(Debug, Default)]
pub struct Voted {
    /// Runs of numbers on which enough servers agree.
    pub agreed: Vec<Range<u64>>,
    /// Messages that are not what another server said.
    pub disagreed: u64,
}

impl Votes {
    /// A server's answer, as far as it is in `runs` (in order).
    pub fn vote(
        &mut self,
        packet: &MoldPacket<'_>,
        runs: &[Range<u64>],
        server: u8,
        enough: u8,
    ) -> Voted {
        let mut voted = Voted::default();
        let mut runs = runs.iter().peekable();
        for (number, message) in (packet.sequence..).zip(packet.messages()) {
            while runs.next_if(|run| run.end <= number).is_some() {}
            if runs.peek().is_none_or(|run| number < run.start) {
                continue;
            }
            let versions = self.0.entry(number).or_default();
            let digest = digest(message);
            let own = match versions.iter().position(|version| version.digest == digest) {
                Some(at) => at,
                None => {
                    voted.disagreed += u64::from(!versions.is_empty());
                    versions.push(Version { digest, servers: 0 });
                    versions.len() - 1
                }
            };
            let Some(version) = versions.get_mut(own) else { continue };
            version.servers |= bit(server);
            if version.servers.count_ones() >= u32::from(enough) {
                self.0.remove(&number);
                match voted.agreed.last_mut() {
                    Some(last) if last.end == number => last.end = number + 1,
                    _ => voted.agreed.push(number..number + 1),
                }
            }
        }
        voted
    }

    /// Forgets what was said of a range.
    pub fn forget(&mut self, range: Range<u64>) {
        let gone: Vec<u64> = self.0.range(range).map(|(&number, _)| number).collect();
        for number in &gone {
            self.0.remove(number);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// The same for the same bytes in any run, so that a simulation replays.
fn digest(message: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.hash(&mut hasher);
    hasher.finish()
}
