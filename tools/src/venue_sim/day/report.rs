//! What a day turned out to be, beside what it is calibrated to.

use comfy_table::{CellAlignment, Table, presets};

use super::{Calibration, Spec, Statistics};

/// A table of the measured statistics beside the calibration, scaled to the size of the day. A day
/// that was cut off is beside nothing: a market that has just begun is no small one.
#[must_use]
pub fn table(spec: &Spec, day: &Statistics) -> String {
    let whole = Calibration::WHOLE;
    let scale = spec.messages as f64 / Spec::WHOLE.messages as f64;
    let symbols = f64::from(spec.symbols) / f64::from(Spec::WHOLE.symbols);
    let cut = spec.written() < spec.messages;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["", "calibration", "this day"]);
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    let count = |count: f64| grouped(count as u64);
    let rows: [(&str, Option<String>, String); 12] = [
        ("messages", None, count(day.summary.messages as f64)),
        ("adds (A F)", Some(percent(whole.adds)), percent(day.share(&['A', 'F']))),
        ("deletes (D)", Some(percent(whole.deletes)), percent(day.share(&['D']))),
        ("replaces (U)", Some(percent(whole.replaces)), percent(day.share(&['U']))),
        ("takes (E C X)", Some(percent(whole.takes)), percent(day.share(&['E', 'C', 'X']))),
        ("trades (P)", None, percent(day.share(&['P']))),
        ("Zipf exponent", Some(format!("{:.2}", whole.zipf)), format!("{:.2}", day.zipf)),
        ("busiest 100 symbols", None, percent(day.busiest_100)),
        (
            "median lifetime, messages",
            Some(count(whole.lifetime * scale)),
            count(day.median_lifetime as f64),
        ),
        ("most orders", Some(count(whole.orders * scale)), count(day.peak_orders as f64)),
        ("most prices", levels(whole.levels, scale, symbols), count(day.peak_levels as f64)),
        ("references", Some(count(whole.references * scale)), count(day.references as f64)),
    ];
    for (name, calibration, measured) in rows {
        let calibration = calibration.filter(|_| !cut).unwrap_or_default();
        table.add_row([name.to_owned(), calibration, measured]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Prices grow with the size of a day, but slower than it; only the whole day has a figure.
fn levels(whole: f64, scale: f64, symbols: f64) -> Option<String> {
    (scale == 1.0 && symbols == 1.0).then(|| grouped(whole as u64))
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
