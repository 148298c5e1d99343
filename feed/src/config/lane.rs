//! Lanes and their lines.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use jiff::civil::Date;
use toml::de::DeTable;

use crate::config::environment::LIMITED_SYMBOLS;
use crate::config::instance::{CoreConfig, DataNature};
use crate::config::parse::{Named, Parser, SectionSpec, Values, closest};
use crate::config::recovery::{RecoverySection, recovery};
use crate::config::schema;
use crate::net::chaos::ChaosSpec;
use crate::venue::nasdaq::Market;
use crate::venue::nasdaq::day::parse_date;

/// Most lines of a lane: a gap tells its lines in eight bits.
pub const LINES_MAX: usize = 8;

/// A lane: one market's lines and what they become.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneSection {
    /// Name of its section.
    pub name: String,
    /// The market.
    pub market: Market,
    /// Place of its core among the configured ones.
    pub core: usize,
    /// Symbols that are published; `None`: every one.
    pub symbols: Option<Vec<String>>,
    /// Publish only the first instruments that appear; 0: no limit.
    pub first: u32,
    /// How long packets behind a hole wait, ns.
    pub hold_ns: u64,
    /// Silence after which a line is down, ns.
    pub line_timeout_ns: u64,
    /// One packet in so many is compared.
    pub divergence_sample: u32,
    /// Room for instruments.
    pub instruments: u32,
    /// Room for orders.
    pub orders: u32,
    /// Seats.
    pub seats: u32,
    /// Records in each ring.
    pub ring: u64,
    /// Bytes asked for each socket.
    pub receive_buffer: usize,
    /// Whether the kernel takes the receive stamps.
    pub stamps: bool,
    /// File that every packet is recorded to.
    pub tap: Option<PathBuf>,
    /// Damage for tests, as text.
    pub chaos: Option<String>,
    /// Trading day of every session; `None`: the day on which its first packet comes.
    pub date: Option<Date>,
    /// Its lines, A first.
    pub lines: Vec<LineSection>,
    /// Servers that its gaps are filled from; `None`: gaps stay open until the session rolls.
    pub recovery: Option<RecoverySection>,
}

/// A line: destinations that carry one copy of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineSection {
    /// Its letter.
    pub name: String,
    /// Destinations.
    pub groups: Vec<SocketAddrV4>,
    /// Name or address of the interface.
    pub interface: Option<String>,
    /// The only sender.
    pub source: Option<Ipv4Addr>,
    /// Line of the section in the file.
    pub at: usize,
}

/// Reads `[lane.NAME]`.
pub fn lanes(
    parser: &mut Parser,
    document: &DeTable<'_>,
    cores: &[CoreConfig],
    environment: DataNature,
    limited: bool,
) -> Vec<LaneSection> {
    let sections = parser.named(document, "lane");
    if !document.contains_key("lane") {
        let text = "no lane: add a section [lane.nasdaq] with venue = \"nasdaq\" and a section \
                    [[lane.nasdaq.line]] with groups = [\"ADDRESS:PORT\"]";
        parser.problem(0, text);
    }
    let given = sections.len();
    let mut lanes: Vec<LaneSection> = Vec::new();
    for section in sections {
        let title = format!("[lane.{}]", section.name);
        let values = parser.section(
            section.table,
            &SectionSpec {
                title: &title,
                prefix: &format!("lane.{}.", section.name),
                line: section.line,
                keys: &schema::LANE,
                tables: &["line", "recovery"],
            },
        );
        let mut lane = lane(parser, &section.name, &values, cores);
        lane.lines = lines(parser, &section);
        lane.recovery = recovery(parser, &section);
        if let Some(Err(error)) = lane.chaos.as_deref().map(str::parse::<ChaosSpec>) {
            parser.problem(values.line_of("chaos"), format!("chaos in {title}: {error}"));
        }
        if lane.chaos.is_some() && environment == DataNature::Production {
            let text = format!(
                "chaos in {title} damages packets, and environment is \"production\"; remove \
                 chaos, or set environment = \"simulated\""
            );
            parser.problem(values.line_of("chaos"), text);
        }
        lane.date = date(parser, &title, &values, environment);
        if limited {
            limit(&mut lane);
        }
        if !values.flag("enabled") {
            continue;
        }
        check_against(parser, &lane, &values, &lanes);
        lanes.push(lane);
    }
    if lanes.is_empty() && given > 0 {
        parser.problem(0, "every lane has enabled = false; enable one");
    }
    lanes
}

/// `LIMITED_MODE`: the first symbols of the list, or the first that appear.
fn limit(lane: &mut LaneSection) {
    match &mut lane.symbols {
        Some(symbols) => symbols.truncate(LIMITED_SYMBOLS),
        None => lane.first = LIMITED_SYMBOLS as u32,
    }
}

fn lane(parser: &mut Parser, name: &str, values: &Values, cores: &[CoreConfig]) -> LaneSection {
    LaneSection {
        name: name.to_owned(),
        market: values.text("venue").and_then(Market::from_name).unwrap_or_default(),
        core: core_of(parser, name, values, cores),
        symbols: symbols(parser, name, values),
        first: 0,
        hold_ns: values.number::<u64>("hold_us").saturating_mul(1_000),
        line_timeout_ns: values.number::<u64>("line_timeout_ms").saturating_mul(1_000_000),
        divergence_sample: values.number("divergence_sample"),
        instruments: values.number("instruments"),
        orders: values.number("orders"),
        seats: values.number("seats"),
        ring: values.number("ring"),
        receive_buffer: values.number("receive_buffer"),
        stamps: values.flag("stamps"),
        tap: values.text("tap").map(PathBuf::from),
        chaos: values.text("chaos").map(str::to_owned),
        date: None,
        lines: Vec::new(),
        recovery: None,
    }
}

/// The day of a recording that is sent again. A live feed's day is the day.
fn date(
    parser: &mut Parser,
    title: &str,
    values: &Values,
    environment: DataNature,
) -> Option<Date> {
    let text = values.text("date")?;
    if environment == DataNature::Production {
        let text = format!(
            "date in {title} is for recordings, and environment is \"production\"; remove date, or \
             set environment = \"recorded\""
        );
        parser.problem(values.line_of("date"), text);
    }
    match parse_date(text) {
        Ok(date) => Some(date),
        Err(error) => {
            parser.problem(values.line_of("date"), format!("date in {title}: {error}"));
            None
        }
    }
}

fn core_of(parser: &mut Parser, lane: &str, values: &Values, cores: &[CoreConfig]) -> usize {
    let name = values.text("core").unwrap_or_default();
    if let Some(at) = cores.iter().position(|core| core.name == name) {
        return at;
    }
    let names = cores.iter().map(|core| core.name.as_str());
    let known: Vec<_> = names.clone().map(|name| format!("[core.{name}]")).collect();
    let fix = match closest(name, names) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("add it, or choose of {}", known.join(", ")),
    };
    let text = format!("[lane.{lane}] is to run on [core.{name}], which is not there; {fix}");
    parser.problem(values.line_of("core"), text);
    0
}

/// Symbols as ITCH has them: 1 to 8 printable characters.
fn symbols(parser: &mut Parser, lane: &str, values: &Values) -> Option<Vec<String>> {
    let mut symbols: Vec<String> = Vec::new();
    for (symbol, line) in values.list("symbols") {
        let fits =
            (1..=8).contains(&symbol.len()) && symbol.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            let text = format!(
                "symbol \"{symbol}\" in [lane.{lane}]: a symbol of this venue is 1 to 8 \
                 characters without spaces, for example \"AAPL\" or \"BRK.B\""
            );
            parser.problem(*line, text);
        } else if symbols.contains(symbol) {
            let text = format!("symbol \"{symbol}\" in [lane.{lane}] is listed twice; remove one");
            parser.problem(*line, text);
        } else {
            symbols.push(symbol.clone());
        }
    }
    if values.list("symbols").is_empty() { None } else { Some(symbols) }
}

fn lines(parser: &mut Parser, lane: &Named<'_, '_>) -> Vec<LineSection> {
    let owner = format!("lane.{}", lane.name);
    let title = format!("[[{owner}.line]]");
    let sections = parser.repeated(lane.table, &owner, "line");
    if sections.is_empty() {
        let text = format!(
            "[{owner}] has no line; add a section {title} with groups = [\"ADDRESS:PORT\"]"
        );
        parser.problem(lane.line, text);
    }
    let mut lines = Vec::new();
    for (at, section) in sections.into_iter().enumerate() {
        let values = parser.section(
            section.table,
            &SectionSpec {
                title: &title,
                prefix: &format!("{owner}.line.{}.", at + 1),
                line: section.line,
                keys: &schema::LINE,
                tables: &[],
            },
        );
        if at == LINES_MAX {
            let text = format!("[{owner}] has more than {LINES_MAX} lines; remove the others");
            parser.problem(section.line, text);
        }
        lines.push(line(parser, &title, &values, at));
    }
    lines
}

fn line(parser: &mut Parser, title: &str, values: &Values, at: usize) -> LineSection {
    let letter = letter(at);
    if let Some(name) = values.text("name").filter(|name| *name != letter) {
        let text = format!(
            "line \"{name}\" is number {}, so its name is \"{letter}\"; lines are named in order",
            at + 1
        );
        parser.problem(values.line_of("name"), text);
    }
    let interface = values.text("interface").map(str::to_owned);
    if let Some(name) = &interface {
        let address = name.parse::<Ipv4Addr>().is_ok();
        let fits = (1..=15).contains(&name.len()) && !name.contains(['/', ' ', ':']);
        if !address && !fits {
            let text = format!(
                "interface \"{name}\" in {title} is neither a name such as \"eth1\" nor an IPv4 \
                 address"
            );
            parser.problem(values.line_of("interface"), text);
        }
    }
    let source = values.text("source").and_then(|text| {
        let parsed = text.parse::<Ipv4Addr>();
        if parsed.is_err() {
            let text = format!("source \"{text}\" in {title} is no IPv4 address, such as 10.0.0.7");
            parser.problem(values.line_of("source"), text);
        }
        parsed.ok()
    });
    let groups = groups(parser, title, values);
    LineSection { name: letter, groups, interface, source, at: values.line() }
}

/// Letter of a line.
pub fn letter(at: usize) -> String {
    char::from(b'A'.saturating_add(at.min(25) as u8)).to_string()
}

fn groups(parser: &mut Parser, title: &str, values: &Values) -> Vec<SocketAddrV4> {
    let mut groups = Vec::new();
    for (text, line) in values.list("groups") {
        match text.parse::<SocketAddrV4>() {
            Ok(group) if group.port() != 0 && !group.ip().is_broadcast() => groups.push(group),
            _ => {
                let text = format!(
                    "group \"{text}\" in {title} is no IPv4 address and port; write for example \
                     \"233.54.12.111:26477\""
                );
                parser.problem(*line, text);
            }
        }
    }
    if groups.is_empty()
        && values.list("groups").is_empty()
        && values.line_of("groups") != values.line()
    {
        let text = format!("groups in {title} is empty; write groups = [\"ADDRESS:PORT\"]");
        parser.problem(values.line_of("groups"), text);
    }
    groups
}

/// What two lanes cannot share, and what two lines cannot.
fn check_against(parser: &mut Parser, lane: &LaneSection, values: &Values, before: &[LaneSection]) {
    if let Some(other) = before.iter().find(|other| other.market == lane.market) {
        let text = format!(
            "[lane.{}] has the venue of [lane.{}]; a venue is one lane of an instance, because \
             instruments are numbered by venue: put its lines into one lane, or run a second \
             instance",
            lane.name, other.name
        );
        parser.problem(values.line_of("venue"), text);
    }
    let mut taken: Vec<(SocketAddrV4, String)> = Vec::new();
    let others = before.iter().flat_map(|lane| lane.lines.iter().map(move |line| (lane, line)));
    for (owner, line) in others {
        let name = format!("line {} of [lane.{}]", line.name, owner.name);
        taken.extend(line.groups.iter().map(|&group| (group, name.clone())));
    }
    for line in &lane.lines {
        for &group in &line.groups {
            if let Some((_, other)) = taken.iter().find(|(known, _)| *known == group) {
                let text = format!(
                    "group {group} is {other}'s already; each line is its own copy of the feed, on \
                     groups of its own"
                );
                parser.problem(line.at, text);
            }
            taken.push((group, format!("line {} of [lane.{}]", line.name, lane.name)));
        }
    }
}
