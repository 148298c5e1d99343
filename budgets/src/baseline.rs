//! The committed counts.

use std::fmt::Write as _;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::program::Program;

/// Instructions per unit of each program, and under which conditions they were counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The instruction set that was chosen.
    pub isa: String,
    /// Messages that were counted.
    pub messages: u64,
    /// By program; one that is newer than the baseline has none.
    pub counts: Vec<(Program, f64)>,
}

const HEAD: &str = "\
# Instructions per message (of consume: per record), counted by callgrind on the release build.
# `cargo run -p budgets --release -- update` writes this file; `-- check` fails where a count is
# more than 2 % above it.
";

impl Baseline {
    /// The count of a program.
    #[must_use]
    pub fn of(&self, program: Program) -> Option<f64> {
        self.counts.iter().find(|(one, _)| *one == program).map(|(_, count)| *count)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// If it cannot be read or understood.
    pub fn read(path: &Path) -> Result<Baseline, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file(path, "read"))?;
        Baseline::parse(&text).map_err(|why| Error::Baseline { path: path.to_owned(), why })
    }

    /// Reads its text.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let table = DeTable::parse(text).map_err(|error| error.message().to_owned())?;
        let table = table.get_ref();
        let isa = match value(table, "isa") {
            Some(DeValue::String(isa)) => isa.into_owned(),
            _ => return Err("isa is missing".into()),
        };
        let messages = match value(table, "messages") {
            Some(DeValue::Integer(count)) => count.as_str().parse().ok(),
            _ => None,
        };
        let messages = messages.ok_or("messages is missing")?;
        let Some(DeValue::Table(found)) = value(table, "instructions") else {
            return Err("[instructions] is missing".into());
        };
        let mut counts = Vec::new();
        for program in Program::ALL {
            let count: Option<f64> = match value(&found, program.name()) {
                Some(DeValue::Float(count)) => count.as_str().parse().ok(),
                Some(DeValue::Integer(count)) => count.as_str().parse().ok(),
                Some(_) => None,
                None => continue,
            };
            let count = count.filter(|count| count.is_finite() && *count > 0.0);
            let count = count.ok_or_else(|| format!("{}: no count", program.name()))?;
            counts.push((program, count));
        }
        Ok(Baseline { isa, messages, counts })
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from(HEAD);
        // Writing to a string does not fail.
        let _ = write!(text, "isa = \"{}\"\nmessages = {}\n", self.isa, self.messages);
        text.push_str("\n[instructions]\n");
        for (program, count) in &self.counts {
            let _ = writeln!(text, "{} = {count:.2}", program.name());
        }
        text
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If that fails.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        std::fs::write(path, self.text()).map_err(Error::file(path, "write"))
    }
}

fn value<'a>(table: &DeTable<'a>, key: &str) -> Option<DeValue<'a>> {
    table.get(key).map(|value| value.get_ref().clone())
}

#[cfg(test)]
mod tests {
    use super::Baseline;
    use crate::program::Program;

    #[test]
    fn what_is_written_is_read() {
        let counts = vec![(Program::Decode, 41.25), (Program::Consume, 9.5)];
        let baseline = Baseline { isa: "avx2".into(), messages: 100_000, counts };
        assert_eq!(Baseline::parse(&baseline.text()), Ok(baseline.clone()));
        assert_eq!((baseline.of(Program::Consume), baseline.of(Program::Book)), (Some(9.5), None));
    }

    #[test]
    fn what_is_no_baseline_is_refused() {
        let good = "isa = \"avx2\"\nmessages = 5\n[instructions]\nbook = 7\n";
        assert_eq!(Baseline::parse(good).map(|b| b.counts), Ok(vec![(Program::Book, 7.0)]));
        for (from, to, why) in [
            ("isa", "is", "isa is missing"),
            ("= 5", "= true", "messages is missing"),
            ("[instructions]", "[other]", "[instructions] is missing"),
            ("= 7", "= 0", "book: no count"),
            ("= 7", "= \"7\"", "book: no count"),
            ("= 7", "= nan", "book: no count"),
        ] {
            assert_eq!(Baseline::parse(&good.replace(from, to)), Err(why.into()), "{to}");
        }
        assert!(Baseline::parse("isa = ").is_err());
    }
}
