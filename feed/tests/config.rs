//! Configurations: what holds, where it came from, and every mistake told with its line and fix.

use std::path::{Path, PathBuf};

use feed::config::{self, ConfigError, DataNature, Environment, Origin, schema};

const FILE: &str = "x.toml";

fn parse(text: &str) -> Result<config::Config, ConfigError> {
    config::parse(Path::new(FILE), text, &Environment::default())
}

/// What is said about a text that cannot be used.
fn wrong(text: &str) -> String {
    parse(text).expect_err("refused").to_string()
}

/// The least that can be used.
const LEAST: &str = "\
[lane.nasdaq]
venue = \"nasdaq\"
[[lane.nasdaq.line]]
groups = [\"239.1.1.1:1000\"]
";

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name)
}

#[test]
fn the_examples_can_be_used() {
    let production = config::load(&example("nasdaq.toml"), &Environment::default());
    let production = production.expect("config/nasdaq.toml");
    assert_eq!(production.environment, DataNature::Production);
    assert_eq!((production.lanes.len(), production.lanes[0].lines.len()), (1, 2));
    assert_eq!(production.lanes[0].lines[1].interface.as_deref(), Some("eth2"));
    assert_eq!(production.lanes[0].receive_buffer, 64 << 20);
    assert_eq!(production.lanes[0].symbols, None);
    let recovery = production.lanes[0].recovery.as_ref().expect("recovery");
    assert_eq!((recovery.requests.len(), recovery.snapshots.len()), (2, 2));
    assert_eq!((recovery.limits.timeout_ns, recovery.limits.rate), (20_000_000, 1_000));
    assert_eq!((recovery.limits.max_count, recovery.keep), (32, 1 << 18));
    let loopback = config::load(&example("loopback.toml"), &Environment::default());
    let loopback = loopback.expect("config/loopback.toml");
    assert_eq!(loopback.environment, DataNature::Simulated);
    let groups: Vec<_> = loopback.lanes[0].lines.iter().flat_map(|l| l.groups.clone()).collect();
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().all(|group| group.ip().is_multicast()), "{groups:?}");
}

#[test]
fn every_built_in_value_is_one_that_its_key_takes() {
    for (title, keys) in schema::SECTIONS {
        for key in keys {
            let schema::Fallback::Value(value) = key.fallback else { continue };
            let fits = match key.kind {
                schema::Kind::Integer(least, most) | schema::Kind::PowerOfTwo(least, most) => {
                    value.parse::<i64>().is_ok_and(|n| (least..=most).contains(&n))
                }
                schema::Kind::Bool => value.parse::<bool>().is_ok(),
                schema::Kind::Choice(words) => words.contains(&value),
                schema::Kind::Text | schema::Kind::Name => true,
                schema::Kind::List => false,
            };
            assert!(fits, "{title} {} = {value}", key.name);
        }
    }
}

/// Texts with `{lane}`, `{line}` and `{least}` in them, and how what is said of them begins.
const MISTAKES: &[(&str, &str)] = &[
    (
        "{lane}{line}[lane.nasdaq.recovery]\n",
        "x.toml:5: [lane.nasdaq.recovery] has no server; add requests = [\"HOST:PORT\"] or \
             snapshots = [\"HOST:PORT\"], or remove the section",
    ),
    (
        "{lane}{line}[lane.nasdaq.recovery]\nrequest = [\"10.0.0.9:17000\"]\n",
        "x.toml:5: [lane.nasdaq.recovery] has no server; add",
    ),
    (
        "{lane}{line}[lane.nasdaq.recovery]\nrequests = [\"10.0.0.9\"]\n",
        "x.toml:6: server \"10.0.0.9\" in [lane.nasdaq.recovery] is no host and port; write",
    ),
    (
        "{lane}{line}[lane.nasdaq.recovery]\nsnapshots = [\"a:1\", \"a:1\"]\n",
        "x.toml:6: server \"a:1\" in [lane.nasdaq.recovery] is listed twice; remove one",
    ),
    (
        "{lane}{line}[lane.nasdaq.recovery]\nsnapshots = [\"a:1\"]\nuser = \"a-much-too-long\"\n",
        "x.toml:7: user \"a-much-too-long\" in [lane.nasdaq.recovery]: a name of this venue is up \
             to 6 letters and digits",
    ),
    (
        "{lane}{line}[lane.nasdaq.recovery]\nrequests = [\"a:1\"]\nmax_count = 65535\n",
        "x.toml:7: max_count in [lane.nasdaq.recovery] = 65535 is out of range; it takes a whole \
             number from 1 to 65534 (messages)",
    ),
    (
        "{lane}{line}[lane.nasdaq.recovery]\nrequests = [\"a:1\"]\nagree = 2\n",
        "x.toml:7: agree = 2 in [lane.nasdaq.recovery], and there are 1 request servers: they could \
             never agree",
    ),
    ("{lane}recovery = 5\n{line}", "x.toml:3: recovery is no section; write [recovery]"),
    (
        "{lane}holdus = 5\n{line}",
        "x.toml:3: unknown key \"holdus\" in [lane.nasdaq]; did you mean \"hold_us\"?",
    ),
    (
        "hold_us = 5\n{lane}{line}",
        "x.toml:1: unknown key \"hold_us\" at the top level; it belongs to [lane.NAME]",
    ),
    (
        "{lane}hold_us = \"5\"\n{line}",
        "x.toml:3: hold_us in [lane.nasdaq] is a string; it takes a whole number from 0 to \
             1000000 (us)",
    ),
    (
        "{lane}seats = 9\n{line}",
        "x.toml:3: seats in [lane.nasdaq] = 9 is out of range; it takes a whole number from 1 \
             to 8 (seats)",
    ),
    (
        "{lane}ring = 1000\n{line}",
        "x.toml:3: ring in [lane.nasdaq] = 1000 is no power of two; it takes a power of two \
             from 64 to 67108864 (records)",
    ),
    (
        "[lane.nasdaq]\nvenue = \"nasdak\"\n{line}",
        "x.toml:2: venue in [lane.nasdaq] = \"nasdak\" is not known (\"nasdaq\"?); it takes \
             \"nasdaq\", \"nasdaq_bx\" or \"nasdaq_psx\"",
    ),
    (
        "[lane.nasdaq]\nhold_us = 1\n{line}",
        "x.toml:1: [lane.nasdaq] has no venue: market that the lines carry; it takes \
             \"nasdaq\", \"nasdaq_bx\" or \"nasdaq_psx\"",
    ),
    (
        "{lane}hold_us = 1\nhold_us = 2\n{line}",
        "x.toml:4: hold_us is given twice; keep one of the two",
    ),
    (
        "{lane}core = \"1\"\n{line}",
        "x.toml:3: [lane.nasdaq] is to run on [core.1], which is not there; did you mean \
             \"0\"?",
    ),
    (
        "{lane}symbols = [\"AAPL\", \"AAPL\"]\n{line}",
        "x.toml:3: symbol \"AAPL\" in [lane.nasdaq] is listed twice; remove one",
    ),
    (
        "{lane}symbols = [\"TOO LONG A NAME\"]\n{line}",
        "x.toml:3: symbol \"TOO LONG A NAME\" in [lane.nasdaq]: a symbol of this venue is 1 \
             to 8 characters without spaces, for example \"AAPL\" or \"BRK.B\"",
    ),
    (
        "{lane}symbols = [1]\n{line}",
        "x.toml:3: symbols in [lane.nasdaq] holds an integer; it takes a list of texts, for \
             example [\"AAPL\", \"MSFT\"]",
    ),
    (
        "{lane}",
        "x.toml:1: [lane.nasdaq] has no line; add a section [[lane.nasdaq.line]] with groups \
             = [\"ADDRESS:PORT\"]",
    ),
    (
        "{lane}[[lane.nasdaq.line]]\ngroups = [\"239.1.1.1\"]\n",
        "x.toml:4: group \"239.1.1.1\" in [[lane.nasdaq.line]] is no IPv4 address and port; \
             write for example \"233.54.12.111:26477\"",
    ),
    (
        "{lane}[[lane.nasdaq.line]]\ngroups = []\n",
        "x.toml:4: groups in [[lane.nasdaq.line]] is empty; write groups = [\"ADDRESS:PORT\"]",
    ),
    (
        "{lane}{line}{line}",
        "x.toml:5: group 239.1.1.1:1000 is line A of [lane.nasdaq]'s already; each line is \
             its own copy of the feed, on groups of its own",
    ),
    (
        "{lane}{line}name = \"B\"\n",
        "x.toml:5: line \"B\" is number 1, so its name is \"A\"; lines are named in order",
    ),
    (
        "{lane}{line}source = \"here\"\n",
        "x.toml:5: source \"here\" in [[lane.nasdaq.line]] is no IPv4 address, such as \
             10.0.0.7",
    ),
    (
        "{lane}{line}interface = \"eth1/0\"\n",
        "x.toml:5: interface \"eth1/0\" in [[lane.nasdaq.line]] is neither a name such as \
             \"eth1\" nor an IPv4 address",
    ),
    (
        "environment = \"production\"\n{lane}chaos = \"seed=1\"\n{line}",
        "x.toml:4: chaos in [lane.nasdaq] damages packets, and environment is \"production\"; \
             remove chaos, or set environment = \"simulated\"",
    ),
    ("{lane}chaos = \"seed=1,drop=2\"\n{line}", "x.toml:3: chaos in [lane.nasdaq]: "),
    (
        "[core.0]\ncpu = 1\n[core.1]\ncpu = 1\n{lane}{line}",
        "x.toml:4: cpu 1 is [core.0]'s already; give each core its own processor, or put its \
             lanes on one core",
    ),
    ("instance = \"a/b\"\n{lane}{line}", "x.toml:1: instance: bad instance name \"a/b\""),
    (
        "{lane}{line}[publisher]\nstock = \"9002\"\n",
        "x.toml:6: stock = \"9002\" in [publisher] is no IPv4 address and port; write for \
             example \"239.255.42.99:9002\"",
    ),
    ("{lane}enabled = false\n{line}", "x.toml: every lane has enabled = false; enable one"),
    ("lane = 5\n", "x.toml:1: lane is no section; write [lane.NAME]"),
    ("instance = \"x\"\n", "x.toml: no lane: add a section [lane.nasdaq]"),
    ("publisher = 5\n{LEAST}", "x.toml:1: publisher is no section"),
];

#[test]
fn each_mistake_is_told_with_its_line_and_what_to_do() {
    for (text, expected) in MISTAKES {
        let lane = "[lane.nasdaq]\nvenue = \"nasdaq\"\n";
        let line = "[[lane.nasdaq.line]]\ngroups = [\"239.1.1.1:1000\"]\n";
        let text = text.replace("{lane}", lane).replace("{line}", line).replace("{LEAST}", LEAST);
        let told = wrong(&text);
        assert!(told.starts_with(*expected), "{text}\n  told: {told}\n  expected: {expected}");
    }
}

#[test]
fn a_second_lane_of_a_venue_is_refused_with_the_reason() {
    let second = LEAST.replace("lane.nasdaq", "lane.again").replace("239.1.1.1", "239.1.1.2");
    let told = wrong(&format!("{LEAST}{second}"));
    let expected = "x.toml:6: [lane.again] has the venue of [lane.nasdaq]; a venue is one lane of \
                    an instance, because instruments are numbered by venue";
    assert!(told.starts_with(expected), "{told}");
    let sister = second.replace("\"nasdaq\"", "\"nasdaq_bx\"");
    let both = parse(&format!("{LEAST}{sister}")).expect("two venues");
    let markets: Vec<_> = both.lanes.iter().map(|lane| lane.market.venue().name()).collect();
    assert_eq!(markets, ["nasdaq", "nasdaq_bx"]);
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = "\
instanse = \"x\"
[core.0]
poll = \"sleepy\"
[lane.nasdaq]
hold_us = -1
[[lane.nasdaq.line]]
groups = [\"nowhere\"]
";
    let told = wrong(text);
    let lines: Vec<_> = told.lines().map(|l| l.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(lines, ["x.toml:1", "x.toml:3", "x.toml:4", "x.toml:5", "x.toml:7"], "{told}");
}

#[test]
fn a_text_that_is_no_toml_is_told_by_its_line() {
    let told = wrong(&format!("{LEAST}tap = day.pcapng\n"));
    assert!(told.starts_with("x.toml:5: not TOML"), "{told}");
    assert!(told.contains("text stands in quotes"), "{told}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = config::load(Path::new("/no/such/x.toml"), &Environment::default());
    let told = missing.expect_err("refused").to_string();
    assert!(told.starts_with("/no/such/x.toml: ") && told.contains("config/nasdaq.toml"), "{told}");
}

#[test]
fn values_say_where_they_came_from() {
    let environment = Environment {
        shm: Some("/tmp/elsewhere".into()),
        limited: Some("true".to_owned()),
        ..Environment::default()
    };
    let symbols: Vec<_> = (0..12).map(|n| format!("\"S{n}\"")).collect();
    let lane = format!("venue = \"nasdaq\"\nsymbols = [{}]", symbols.join(", "));
    let text = LEAST.replace("venue = \"nasdaq\"", &lane);
    let config = config::parse(Path::new(FILE), &text, &environment).expect("usable");
    let origin = |key: &str| {
        let found = config.effective.iter().find(|value| value.key == key);
        let found = found.unwrap_or_else(|| panic!("{key} is not explained"));
        (found.value.clone(), found.unit, found.origin.clone())
    };
    let variable = |variable| Origin::Environment { variable };
    assert_eq!(origin("lane.nasdaq.hold_us"), ("1000".to_owned(), "us", Origin::Default));
    let venue = ("\"nasdaq\"".to_owned(), "", Origin::File { line: 2 });
    assert_eq!(origin("lane.nasdaq.venue"), venue);
    assert_eq!(origin("shm"), ("\"/tmp/elsewhere\"".to_owned(), "", variable("HOTLANE_SHM")));
    assert_eq!(origin("limited").2, variable("LIMITED_MODE"));
    assert_eq!(config.shm_root, Path::new("/tmp/elsewhere"));
    let symbols = config.lanes[0].symbols.clone().expect("a list");
    assert_eq!((symbols.len(), symbols[9].as_str()), (10, "S9"));
    // Every key of every section that stands there, no more; a lane without recovery has none.
    let there = schema::SECTIONS.iter().filter(|section| section.0 != "[lane.NAME.recovery]");
    let count: usize = there.map(|(_, keys)| keys.len()).sum();
    assert_eq!(config.effective.len(), count + 1, "and the limit");
    let every = config::parse(Path::new(FILE), LEAST, &environment).expect("usable");
    assert_eq!((every.lanes[0].symbols.clone(), every.lanes[0].first), (None, 10));
}

#[test]
fn a_strange_limited_mode_is_refused() {
    let environment = Environment { limited: Some("maybe".to_owned()), ..Environment::default() };
    let told = config::parse(Path::new(FILE), LEAST, &environment).expect_err("refused");
    let told = told.to_string();
    assert!(told.contains("LIMITED_MODE=maybe: write LIMITED_MODE=true or unset it"), "{told}");
}

#[test]
fn a_reload_applies_symbols_and_names_what_needs_a_restart() {
    let with = |symbols: &str, hold: &str| {
        let lane = format!("venue = \"nasdaq\"\nsymbols = {symbols}\nhold_us = {hold}");
        parse(&LEAST.replace("venue = \"nasdaq\"", &lane)).expect("usable")
    };
    let before = with("[\"AAPL\"]", "5");
    assert!(config::change::between(&before, &before).is_empty());
    let change = config::change::between(&before, &with("[\"MSFT\"]", "6"));
    assert_eq!(change.applied, ["lane.nasdaq.symbols: [\"AAPL\"] -> [\"MSFT\"]"]);
    assert_eq!(change.restart, ["lane.nasdaq.hold_us: 5 -> 6"]);
}

#[test]
fn the_reference_is_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATIONS.md");
    let page = std::fs::read_to_string(&path).expect("docs/OPERATIONS.md");
    let (begin, end) = ("<!-- keys -->\n", "<!-- end of keys -->");
    let (before, rest) = page.split_once(begin).expect("where the keys begin");
    let (found, after) = rest.split_once(end).expect("where they end");
    let wanted = format!("{}\n", config::explain::reference().trim_end());
    if std::env::var_os("HOTLANE_BLESS").is_some() {
        let page = format!("{before}{begin}{wanted}{end}{after}");
        std::fs::write(&path, page).expect("docs/OPERATIONS.md can be written");
        return;
    }
    assert!(found == wanted, "out of date: HOTLANE_BLESS=1 cargo test -p feed --test config");
}
