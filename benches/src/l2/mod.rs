//! Books of price levels on the recorded depth streams of two futures: one level update, then the
//! best bid and ask, price and quantity, are read.
//!
//! Every book gets the updates in its own type before the clock starts, plays the stream once to have
//! its memory, forgets the levels and plays it again. The best prices and quantities at the end of
//! every message are the answer, and must be those of all others.

mod barter;
mod hftbacktest;
mod nautilus;
mod ninjabook;
mod ours;
mod player;
mod polyfill;
mod stream;

use crate::harness::{Bar, CompareError, Contestant, Row, Series, Setting, Table, Want, contest};
use player::{LevelBook, Player};
use stream::{RECORDINGS, Recording, Stream};

/// A peer and what ours must be and should be times as fast.
const BARS: [(&str, f64, f64); 6] = [
    (<hftbacktest::InHashMap as LevelBook>::NAME, 1.5, 4.0),
    (<nautilus::Nautilus as LevelBook>::NAME, 6.0, 15.0),
    (<barter::Barter as LevelBook>::NAME, 10.0, 25.0),
    (<hftbacktest::InVector as LevelBook>::NAME, 1.5, 2.0),
    (<ninjabook::Ninjabook as LevelBook>::NAME, 3.0, 7.0),
    (<polyfill::Polyfill as LevelBook>::NAME, 6.0, 15.0),
];

/// Runs both streams.
///
/// # Errors
/// If there is no recording, or books disagree.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    RECORDINGS.iter().map(|recording| one(setting, recording)).collect()
}

fn note(name: &str) -> &'static str {
    let notes = [
        (ours::Ours::NAME, ours::Ours::NOTE),
        (ours::WithPosition::NAME, ours::WithPosition::NOTE),
        (hftbacktest::InHashMap::NAME, hftbacktest::InHashMap::NOTE),
        (hftbacktest::InVector::NAME, hftbacktest::InVector::NOTE),
        (nautilus::Nautilus::NAME, nautilus::Nautilus::NOTE),
        (barter::Barter::NAME, barter::Barter::NOTE),
        (ninjabook::Ninjabook::NAME, ninjabook::Ninjabook::NOTE),
        (polyfill::Polyfill::NAME, polyfill::Polyfill::NOTE),
    ];
    notes.iter().find(|(of, _)| *of == name).map_or("", |(_, note)| note)
}

fn one(setting: &Setting, recording: &'static Recording) -> Result<Table, CompareError> {
    let stream = Stream::read(setting, recording)?;
    let mut players: Vec<Box<dyn Contestant + '_>> = vec![
        Box::new(Player::<ours::Ours>::new(&stream)?),
        Box::new(Player::<ours::WithPosition>::new(&stream)?),
        Box::new(Player::<hftbacktest::InHashMap>::new(&stream)?),
        Box::new(Player::<hftbacktest::InVector>::new(&stream)?),
        Box::new(Player::<nautilus::Nautilus>::new(&stream)?),
        Box::new(Player::<barter::Barter>::new(&stream)?),
        Box::new(Player::<ninjabook::Ninjabook>::new(&stream)?),
        Box::new(Player::<polyfill::Polyfill>::new(&stream)?),
    ];
    let series = contest("l2", setting.rounds, &mut players)?;
    let rows = series.iter().map(|series| Row { note: note(&series.name).into(), ..series.into() });
    Ok(Table {
        title: format!("level update and best prices, {}", recording.name),
        unit: "ns/update",
        input: format!(
            "{}: {} updates in {} messages, at most {} levels, ticks {} to {}",
            recording.path,
            stream.updates.len(),
            stream.ends.len(),
            stream.levels,
            stream.ticks[0],
            stream.ticks[1],
        ),
        rows: rows.collect(),
        bars: bars(&series),
        notes: vec!["answer: best price and quantity of both sides after every message".into()],
    })
}

fn bars(series: &[Series]) -> Vec<Bar> {
    let find = |name: &str| series.iter().find(|series| series.name == name);
    let Some(ours) = find(ours::Ours::NAME) else { return Vec::new() };
    let bar = |(peer, must, aim): &(&str, f64, f64)| {
        let ratio = ours.times_as_fast_as(find(peer)?);
        let (must, aim) = (Want::AtLeast(*must), Want::AtLeast(*aim));
        Some(Bar::ratio(format!("as fast as {peer}, times"), ratio, must, Some(aim)))
    };
    BARS.iter().filter_map(bar).collect()
}
