//! For programs.
//!
//! ```text
//! { "host": {..., "grade", "because"}, "quick", "rounds",
//!   "sections": [{ "section", "about", "outcome", "why"?, "seconds", "tables" }],
//!   "bars": [{ "section", "what", "figure", "unit", "must", "aim", "verdict" }] }
//! ```

use crate::harness::run::Report;
use serde_json::{Value, json};

/// The whole report.
///
/// # Errors
/// Only if a value of it had no form in JSON; a figure that is no number is `null`.
pub fn json(report: &Report) -> serde_json::Result<Value> {
    let mut bars = Vec::new();
    for (section, bar) in report.bars() {
        let mut value = serde_json::to_value(bar)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("section".into(), section.into());
            fields.insert("verdict".into(), serde_json::to_value(bar.verdict())?);
        }
        bars.push(value);
    }
    Ok(json!({
        "host": serde_json::to_value(&report.host)?,
        "quick": report.quick,
        "rounds": report.rounds,
        "sections": serde_json::to_value(&report.results)?,
        "bars": bars,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::run::Result;
    use crate::harness::{Bar, Host, Outcome, Table, Want};

    #[test]
    fn a_program_finds_every_bar_and_how_a_section_ended() {
        let bar = Bar::ratio("rtt", 1.1, Want::AtMost(1.25), Some(Want::AtMost(1.1)));
        let table = Table { bars: vec![bar], ..Table::default() };
        let of =
            |section, outcome, tables| Result { section, about: "", outcome, seconds: 0.5, tables };
        let results = vec![
            of("ring", Outcome::Done, vec![table]),
            of("l2", Outcome::Failed("why not".into()), vec![]),
        ];
        let report = Report { host: Host::default(), quick: false, rounds: 11, results };
        let value = json(&report).unwrap();
        assert_eq!(value["bars"][0]["section"], "ring");
        assert_eq!(value["bars"][0]["verdict"], "aim");
        assert_eq!(value["bars"][0]["must"]["at_most"], 1.25);
        assert_eq!(value["sections"][0]["outcome"], "done");
        assert_eq!(value["sections"][1]["outcome"], "failed");
        assert_eq!(value["sections"][1]["why"], "why not");
        assert_eq!(value["host"]["grade"], "shared");
    }
}
