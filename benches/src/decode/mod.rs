//! ITCH decode: every book field of every A F E C X D U, ours and three libraries.
//!
//! All sum the same fields ([`fields`]) over the same bytes in memory. Input is a file of blocks,
//! a length before each message. What is different is said in each row's note: ours refuses a
//! message whose length is not its type's and a side that is none, and bounds every load.

pub mod fields;
mod itch5;
mod itchy;
mod lunary;
mod ours;

use crate::data;
use crate::harness::{
    Bar, CompareError, Contestant, Round, Series, Setting, Table, Want, contest, measured,
};
use fields::Fields;
use protocol::venue::nasdaq::file::{Frame, next};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

/// Messages of a round, at least: small inputs are played several times.
const MESSAGES: u64 = 1_000_000;
/// Bytes of a portion: into the second-level cache, with room.
const PORTION: usize = 256 << 10;

type Pass<'a> = Box<dyn FnMut(&[u8]) -> Result<Fields, CompareError> + 'a>;
type Feed<'a> = Box<dyn FnMut(&[u8]) -> Result<(), CompareError> + 'a>;

/// What is decoded.
#[derive(Clone, Copy)]
struct Input<'a> {
    /// Whole blocks.
    portions: &'a [&'a [u8]],
    messages: u64,
    /// Whether each portion is read once before it is measured, as a network card leaves packets
    /// in the cache. Otherwise the memory of the host is measured too.
    warm: bool,
}

/// One way to go through the input.
struct Way<'a> {
    name: &'static str,
    ours: bool,
    note: &'static str,
    input: Input<'a>,
    /// Before each portion, outside the measured time.
    feed: Option<Feed<'a>>,
    pass: Pass<'a>,
}

impl Contestant for Way<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn ours(&self) -> bool {
        self.ours
    }

    fn round(&mut self) -> Result<Round, CompareError> {
        let Input { portions, messages, warm } = self.input;
        let passes = MESSAGES.div_ceil(messages.max(1)).min(1_000);
        let (mut ns, mut fields) = (0.0, Fields::default());
        for _ in 0..passes {
            fields = Fields::default();
            for portion in portions {
                if warm {
                    black_box(portion.iter().step_by(64).fold(0, |sum: u8, byte| sum ^ byte));
                }
                if let Some(feed) = &mut self.feed {
                    feed(portion)?;
                }
                let (took, part) = measured(|| (self.pass)(black_box(portion)));
                ns += took;
                fields.and(&part?);
            }
        }
        Ok(Round { ns: ns / (passes * messages.max(1)) as f64, answer: fields.answer() })
    }
}

fn way<'a>(
    (name, ours, note): (&'static str, bool, &'static str),
    input: Input<'a>,
    pass: impl FnMut(&[u8]) -> Result<Fields, CompareError> + 'a,
) -> Way<'a> {
    Way { name, ours, note, input, feed: None, pass: Box::new(pass) }
}

/// Messages of the input, and that nothing is left over.
fn messages(bytes: &[u8]) -> Result<u64, CompareError> {
    let (mut rest, mut count) = (bytes, 0);
    loop {
        match next(rest, true) {
            Frame::Message { consumed, .. } => rest = rest.get(consumed..).unwrap_or_default(),
            Frame::End => return Ok(count),
            other => return Err(CompareError::failed("input of `decode`", format!("{other:?}"))),
        }
        count += 1;
    }
}

/// The input without the messages that some peer cannot read: operational halts (itchy, lunary's
/// `Parser`) and direct listings (itchy; lunary's `Parser` wants another length). Neither changes
/// the book.
fn without_unreadable(bytes: &[u8]) -> Vec<u8> {
    let (mut rest, mut kept) = (bytes, Vec::with_capacity(bytes.len()));
    while let Frame::Message { bytes: message, consumed } = next(rest, true) {
        let (block, behind) = rest.split_at(consumed);
        if !matches!(message.first(), Some(b'h' | b'O')) {
            kept.extend_from_slice(block);
        }
        rest = behind;
    }
    kept.extend_from_slice(rest);
    kept
}

/// The input in portions of whole blocks.
fn portions(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut portion, mut at) = (bytes, bytes, 0);
    let mut portions = Vec::new();
    while let Frame::Message { consumed, .. } = next(rest, true) {
        rest = rest.get(consumed..).unwrap_or_default();
        at += consumed;
        if at >= PORTION || rest.is_empty() {
            let (whole, behind) = portion.split_at(at);
            portions.push(whole);
            (portion, at) = (behind, 0);
        }
    }
    portions
}

const OURS: &str = "length of the type, side letter and every bound checked";

fn decoders(input: Input<'_>) -> Vec<Way<'_>> {
    let parser = Rc::new(RefCell::new(lunary::parser(input.portions)));
    let fed = parser.clone();
    let mut owned = way(
        ("lunary 0.2.5 Parser", false, "owned messages; copying the input in is not measured"),
        input,
        move |_| lunary::owned(&mut parser.borrow_mut()),
    );
    owned.feed = Some(Box::new(move |bytes| lunary::feed(&mut fed.borrow_mut(), bytes)));
    vec![
        way(("hotlane, one at a time", true, OURS), input, |b| Ok(ours::single(b))),
        way(("hotlane, 32 events in memory", true, OURS), input, |b| Ok(ours::batch(b))),
        way(
            (
                "lunary 0.2.5 ZeroCopyParser",
                false,
                "checks neither the length of the type nor, in its field readers, bounds",
            ),
            input,
            |b| Ok(lunary::zero_copy(b)),
        ),
        owned,
        way(("itch5 0.1.5 visitor", false, "checks length and bounds"), input, itch5::visit),
        way(
            ("itchy 0.3.4 MessageStream", false, "owned messages out of a reader"),
            input,
            itchy::stream,
        ),
    ]
}

/// Lets all ways run in turns; the table with their notes, and the series for its bars.
fn table(
    title: String,
    setting: &Setting,
    ways: Vec<Way<'_>>,
) -> Result<(Table, Vec<Series>), CompareError> {
    let notes: Vec<&str> = ways.iter().map(|way| way.note).collect();
    let mut contestants: Vec<Box<dyn Contestant + '_>> = Vec::with_capacity(ways.len());
    for way in ways {
        contestants.push(Box::new(way));
    }
    let series = contest(&title, setting.rounds, &mut contestants)?;
    let mut table = Table::of(title, "ns/message", &series);
    for (row, note) in table.rows.iter_mut().zip(notes) {
        note.clone_into(&mut row.note);
    }
    Ok((table, series))
}

fn bars(input: &str, series: &[Series]) -> Vec<Bar> {
    let mut bars = Vec::new();
    for ours in series.iter().filter(|series| series.ours) {
        for peer in series.iter().filter(|series| !series.ours) {
            let what = format!("decode, {input}: {} against {}", ours.name, peer.name);
            let ratio = ours.times_as_fast_as(peer);
            bars.push(match peer.name.as_str() {
                "lunary 0.2.5 Parser" => Bar::reported(what, ratio, "x"),
                "itchy 0.3.4 MessageStream" => {
                    Bar::ratio(what, ratio, Want::AtLeast(6.0), Some(Want::AtLeast(9.0)))
                }
                _ => Bar::ratio(what, ratio, Want::AtLeast(2.0), Some(Want::AtLeast(3.0))),
            });
        }
    }
    bars
}

fn decode(setting: &Setting, name: &str, bytes: &[u8], warm: bool) -> Result<Table, CompareError> {
    let kept = without_unreadable(bytes);
    let portions = if warm { portions(&kept) } else { vec![kept.as_slice()] };
    let input = Input { portions: &portions, messages: messages(&kept)?, warm };
    let place = if warm { "in cache" } else { "out of memory" };
    let title = format!("ITCH decode, every book field, {name} {place}");
    let (mut table, series) = table(title, setting, decoders(input))?;
    let (messages, left_out) = (input.messages, messages(bytes)? - input.messages);
    table.input = format!(
        "{name}: {messages} messages, {} bytes; {left_out} O and h, which not every peer reads, \
         were left out",
        kept.len()
    );
    if warm {
        table.notes.push(format!(
            "Portions of {} KiB, each read once before it is measured: decoding is measured, not \
             the memory of this host.",
            PORTION >> 10
        ));
        table.bars.extend(bars(name, &series));
    } else {
        table.notes.push("Bound by how fast this host streams memory into one core.".into());
    }
    Ok(table)
}

fn framing(setting: &Setting, name: &str, bytes: &[u8]) -> Result<Table, CompareError> {
    let (portions, count) = (portions(bytes), messages(bytes)?);
    let input = Input { portions: &portions, messages: count, warm: true };
    let ways = vec![
        way(("hotlane file::next", true, ""), input, move |b| Ok(Fields::of_count(messages(b)?))),
        way(("lunary 0.2.5 count_messages_fast", false, ""), input, move |b| {
            Ok(Fields::of_count(::lunary::count_messages_fast(b) as u64))
        }),
        way(("itch5 0.1.5 parse_one", false, "checks the type too"), input, move |b| {
            Ok(Fields::of_count(itch5::count(b)?))
        }),
    ];
    let (mut table, _) = table(format!("framing only, {name} in cache"), setting, ways)?;
    table.input = format!("{name}: {count} messages, {} bytes", bytes.len());
    table.notes.push("Counting messages reads none of their fields: this is not decoding.".into());
    Ok(table)
}

/// Runs the section.
///
/// # Errors
/// If an input is missing or two contestants disagree.
pub fn run(setting: &Setting) -> Result<Vec<Table>, CompareError> {
    let generated = data::gen3m(setting)?;
    let mut tables = vec![decode(setting, "gen3m", &generated, true)?];
    if setting.data.is_some() {
        tables.push(decode(setting, "AAPL", &data::aapl(setting)?, true)?);
    }
    tables.push(decode(setting, "gen3m", &generated, false)?);
    tables.push(framing(setting, "gen3m", &generated)?);
    Ok(tables)
}
