//! Every key of a configuration: where it stands, what it takes, what holds without it.

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number in this range.
    Integer(i64, i64),
    /// A power of two in this range.
    PowerOfTwo(i64, i64),
    /// `true` or `false`.
    Bool,
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    List,
    /// The name of a section: text, or a whole number.
    Name,
}

/// What holds where a key is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// It must be given.
    Required,
    /// This, as TOML would have it.
    Value(&'static str),
    /// Nothing; these words say what that means.
    Nothing(&'static str),
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Unit of the value; empty where there is none.
    pub unit: &'static str,
    /// What holds without it.
    pub fallback: Fallback,
    /// Whether a running process can take a new value on reload.
    pub reload: bool,
    /// What it means.
    pub help: &'static str,
}

const fn key(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    fallback: Fallback,
    help: &'static str,
) -> Key {
    Key { name, kind, unit, fallback, reload: false, help }
}

use Fallback::{Nothing, Required, Value};
use Kind::{Bool, Choice, Integer, List, Name, PowerOfTwo, Text};

/// Keys before the first section.
pub const TOP: [Key; 4] = [
    key("instance", Text, "", Value("hotlane"), "name under which consumers attach"),
    key(
        "environment",
        Choice(&["production", "recorded", "simulated"]),
        "",
        Value("simulated"),
        "what the data may be called at most; only production data is called live",
    ),
    key("shm", Text, "", Value("/dev/shm"), "directory under which instances live"),
    key(
        "gid",
        Integer(0, u32::MAX as i64 - 1),
        "",
        Nothing("this user's own group"),
        "group whose members may attach",
    ),
];

/// Sections that may follow.
pub const TABLES: [&str; 3] = ["core", "lane", "publisher"];

/// Keys of `[core.NAME]`.
pub const CORE: [Key; 3] = [
    key(
        "cpu",
        Integer(0, 8_191),
        "",
        Nothing("not pinned: the scheduler decides"),
        "processor that the thread is pinned to",
    ),
    key(
        "poll",
        Choice(&["auto", "busy", "backoff"]),
        "",
        Value("auto"),
        "what the thread does when there is nothing; auto: busy where every spinning thread has \
         a processor",
    ),
    key("lock_memory", Bool, "", Value("false"), "keep the process's memory from being paged out"),
];

/// Keys of `[lane.NAME]`.
pub const LANE: [Key; 16] = [
    key(
        "venue",
        Choice(&["nasdaq", "nasdaq_bx", "nasdaq_psx"]),
        "",
        Required,
        "market that the lines carry",
    ),
    key("core", Name, "", Value("0"), "section [core.NAME] whose thread polls the lane"),
    Key {
        reload: true,
        ..key(
            "symbols",
            List,
            "",
            Nothing("every instrument"),
            "instruments that are published, by the venue's symbol; an empty list: every one",
        )
    },
    key(
        "hold_us",
        Integer(0, 1_000_000),
        "us",
        Value("1000"),
        "how long packets behind a hole wait for the other line; of no effect with one line",
    ),
    key(
        "line_timeout_ms",
        Integer(10, 600_000),
        "ms",
        Value("2000"),
        "silence after which a line counts as down",
    ),
    key(
        "divergence_sample",
        Integer(1, 1_000_000),
        "packets",
        Value("64"),
        "one packet in so many is compared with its copy on the other line",
    ),
    key(
        "instruments",
        Integer(1, 1 << 20),
        "instruments",
        Value("16384"),
        "instruments that the tables have room for",
    ),
    key(
        "orders",
        Integer(1, 1 << 27),
        "orders",
        Value("2000000"),
        "orders alive at a time that the books have room for",
    ),
    key("seats", Integer(1, 8), "seats", Value("8"), "consumers that can attach at a time"),
    key("ring", PowerOfTwo(64, 1 << 26), "records", Value("16384"), "records in each seat's ring"),
    key(
        "receive_buffer",
        Integer(4_096, 1 << 30),
        "bytes",
        Value("16777216"),
        "receive buffer asked of the kernel for each socket",
    ),
    key("stamps", Bool, "", Value("true"), "receive times taken by the kernel, not by the poll"),
    key("tap", Text, "", Nothing("nothing is recorded"), "pcapng file of every packet received"),
    key(
        "chaos",
        Text,
        "",
        Nothing("packets pass unharmed"),
        "seeded damage for tests, for example seed=1,drop=0.01; never with production",
    ),
    key(
        "date",
        Text,
        "",
        Nothing("the day on which a session's first packet came"),
        "trading day YYYY-MM-DD of a recording that is sent again; never with production",
    ),
    key("enabled", Bool, "", Value("true"), "false: the lane is left out"),
];

/// Keys of `[[lane.NAME.line]]`: the first is line A, the second line B.
pub const LINE: [Key; 4] = [
    key("name", Text, "", Nothing("A, B, ... in order"), "the line's letter, for readers"),
    key("groups", List, "", Required, "destinations ADDRESS:PORT that carry the line"),
    key(
        "interface",
        Text,
        "",
        Nothing("what the routing table says"),
        "interface on which the groups are joined: a name such as eth1, or its address",
    ),
    key(
        "source",
        Text,
        "",
        Nothing("any sender"),
        "the only sender that is believed: source-specific multicast",
    ),
];

/// Keys of `[lane.NAME.recovery]`. Limits are those of one lane.
pub const RECOVERY: [Key; 15] = [
    key(
        "requests",
        List,
        "",
        Nothing("nothing is requested: a gap waits for a snapshot"),
        "servers HOST:PORT (UDP) that send missing messages again, asked by turns",
    ),
    key(
        "snapshots",
        List,
        "",
        Nothing("no snapshots: what cannot be requested stays missing"),
        "servers HOST:PORT (SoupBinTCP) that send all books, for gaps that cannot be filled",
    ),
    key("user", Text, "", Value(""), "name for the login at snapshot servers"),
    key(
        "password_file",
        Text,
        "",
        Nothing("an empty password"),
        "file with the password for it; nobody but its owner may read it",
    ),
    key(
        "keep",
        Integer(1 << 10, 1 << 24),
        "messages",
        Value("262144"),
        "messages that are kept while a gap is open; more of them, and a snapshot is wanted",
    ),
    key("timeout_ms", Integer(1, 60_000), "ms", Value("20"), "how long an answer may take"),
    key("tries", Integer(1, 100), "times", Value("3"), "how often each server is asked"),
    key(
        "agree",
        Integer(1, 16),
        "servers",
        Value("1"),
        "servers that must send the same message before it is believed",
    ),
    key(
        "rate",
        Integer(0, 1_000_000),
        "requests/s",
        Value("1000"),
        "most requests a second, all servers together; 0: no limit",
    ),
    key("burst", Integer(1, 10_000), "requests", Value("32"), "requests that may go out at once"),
    key("in_flight", Integer(1, 255), "requests", Value("8"), "requests that wait for an answer"),
    key(
        "max_count",
        Integer(1, 65_534),
        "messages",
        Value("32"),
        "most messages that one request asks for: what fits into one datagram",
    ),
    key(
        "max_request",
        Integer(1, 100_000_000),
        "messages",
        Value("100000"),
        "a larger gap is not requested but healed by a snapshot",
    ),
    key(
        "snapshot_timeout_ms",
        Integer(100, 3_600_000),
        "ms",
        Value("30000"),
        "how long a snapshot may take, from the connection to its end",
    ),
    key(
        "backoff_ms",
        Integer(1, 60_000),
        "ms",
        Value("100"),
        "pause after every snapshot server failed; it doubles with each round",
    ),
];

/// Keys of `[publisher]`.
pub const PUBLISHER: [Key; 13] = [
    key("enabled", Bool, "", Value("false"), "publish datagrams"),
    key(
        "interface",
        Text,
        "",
        Value("127.0.0.1"),
        "interface they leave by: its name, or an address of it",
    ),
    key("crypto", Text, "", Value("239.255.42.99:9001"), "group of live crypto data"),
    key("stock", Text, "", Value("239.255.42.99:9002"), "group of live stock data"),
    key(
        "not_live",
        Text,
        "",
        Value("239.255.42.98"),
        "address for recorded or simulated data, on the same ports",
    ),
    key("depth", Integer(1, 100), "levels", Value("10"), "levels a side in a book"),
    key("trades", Bool, "", Value("true"), "send trades"),
    key("books", Bool, "", Value("true"), "send books"),
    key("orders", Bool, "", Value("false"), "send order events"),
    key("records", Bool, "", Value("false"), "send every record as it is"),
    key(
        "ttl",
        Integer(0, 255),
        "hops",
        Value("1"),
        "routers that a datagram may pass, plus one; 1 stays on the link",
    ),
    key(
        "cap",
        Integer(0, 100_000_000),
        "datagrams/s",
        Value("0"),
        "most datagrams a second, at least 1000; 0: no limit",
    ),
    key(
        "segment",
        Bool,
        "",
        Value("true"),
        "send equal sizes in one go (UDP_SEGMENT) where the kernel can",
    ),
];

/// Sections with their keys, as a reference lists them.
pub const SECTIONS: [(&str, &[Key]); 6] = [
    ("", &TOP),
    ("[core.NAME]", &CORE),
    ("[lane.NAME]", &LANE),
    ("[[lane.NAME.line]]", &LINE),
    ("[lane.NAME.recovery]", &RECOVERY),
    ("[publisher]", &PUBLISHER),
];

impl Kind {
    /// The value in words: type and range.
    pub fn wanted(self) -> String {
        match self {
            Kind::Integer(least, most) => format!("a whole number from {least} to {most}"),
            Kind::PowerOfTwo(least, most) => format!("a power of two from {least} to {most}"),
            Kind::Bool => "true or false".to_owned(),
            Kind::Text => "a text in quotes".to_owned(),
            Kind::Choice(words) => {
                let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
                match quoted.split_last() {
                    Some((last, rest)) if !rest.is_empty() => {
                        format!("{} or {last}", rest.join(", "))
                    }
                    _ => quoted.concat(),
                }
            }
            Kind::List => "a list of texts, for example [\"AAPL\", \"MSFT\"]".to_owned(),
            Kind::Name => "the name of a section".to_owned(),
        }
    }
}
