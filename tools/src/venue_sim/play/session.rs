//! The name of the session, which says to every receiver that this is no live feed.
//!
//! Receivers take a session that begins `REC` for a recording and one that begins `SIM` for a
//! simulation, whatever their own configuration says, so a replay by mistake cannot be traded on.

use std::path::Path;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use protocol::frame::moldudp64::Session;

use super::error::PlayError;

const LENGTH: usize = size_of::<Session>();
const RECORDED: &str = "REC";
const SIMULATED: &str = "SIM";

/// A session name that says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionName(Session);

impl SessionName {
    /// The name of a session that begins now. Two that begin within the same second differ by the
    /// last digits of their process ids.
    #[must_use]
    pub fn now(simulated: bool) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let digits = since_1970.as_secs() % 100_000 * 100 + u64::from(std::process::id() % 100);
        let nature = if simulated { SIMULATED } else { RECORDED };
        Self(padded(&format!("{nature}{digits:07}")))
    }

    /// The ten bytes.
    #[must_use]
    pub const fn bytes(self) -> Session {
        self.0
    }

    /// Whether it says that the session is simulated.
    #[must_use]
    pub fn is_simulated(self) -> bool {
        self.0.starts_with(SIMULATED.as_bytes())
    }

    /// Refuses to call a generated file a recording.
    ///
    /// # Errors
    /// [`PlayError::Session`].
    pub fn require_honest(self, simulated: bool, file: &Path) -> Result<(), PlayError> {
        if simulated && !self.is_simulated() {
            return Err(PlayError::Session { session: self.to_string(), path: file.to_owned() });
        }
        Ok(())
    }
}

impl FromStr for SessionName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > LENGTH || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(format!("{text}: a session name has at most {LENGTH} ASCII characters"));
        }
        if !text.starts_with(RECORDED) && !text.starts_with(SIMULATED) {
            return Err(format!(
                "{text}: a session that is played must begin with {RECORDED} or {SIMULATED}, so \
                 that no receiver takes it for the live feed; for example {RECORDED}0000001"
            ));
        }
        Ok(Self(padded(text)))
    }
}

impl std::fmt::Display for SessionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(String::from_utf8_lossy(&self.0).trim_end())
    }
}

fn padded(text: &str) -> Session {
    let mut name = [b' '; LENGTH];
    for (to, from) in name.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    name
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::SessionName;

    #[test]
    fn names_say_what_they_are() {
        let text = SessionName::now(false).to_string();
        assert!(text.starts_with("REC") && text.len() == 10, "{text}");
        assert!(text.bytes().skip(3).all(|byte| byte.is_ascii_digit()), "{text}");
        assert!(SessionName::now(true).is_simulated());
        let short: SessionName = "SIM1".parse().expect("a name");
        assert_eq!(&short.bytes(), b"SIM1      ");
        assert_eq!(short.to_string(), "SIM1");
    }

    #[test]
    fn names_that_could_be_taken_for_live_are_refused() {
        for bad in ["", "000000123A", "rec0000001", "REC00000001", "RECé"] {
            assert!(bad.parse::<SessionName>().is_err(), "{bad}");
        }
        let recorded: SessionName = "REC1".parse().expect("a name");
        assert!(recorded.require_honest(false, Path::new("x")).is_ok());
        let refused = recorded.require_honest(true, Path::new("x")).expect_err("a generated file");
        assert!(refused.to_string().contains("SIM"), "{refused}");
    }
}
