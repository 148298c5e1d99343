//! The multicast publisher's section.

use std::net::{Ipv4Addr, SocketAddrV4};

use toml::de::DeTable;

use crate::config::parse::{Parser, SectionSpec, Values};
use crate::config::schema;

/// What the publisher sends, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublisherConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Interface that datagrams leave by: its name, or an IPv4 address of it.
    pub interface: String,
    /// Group of live crypto data.
    pub crypto: SocketAddrV4,
    /// Group of live stock data.
    pub stock: SocketAddrV4,
    /// Address for data that is not live, on the ports of the other two.
    pub not_live: Ipv4Addr,
    /// Levels a side.
    pub depth: u16,
    /// Whether trades are sent.
    pub trades: bool,
    /// Whether books are sent.
    pub books: bool,
    /// Whether order events are sent.
    pub orders: bool,
    /// Whether every record is sent.
    pub records: bool,
    /// Routers that a datagram may pass, plus one.
    pub ttl: u8,
    /// Most datagrams a second; 0 = no limit.
    pub cap: u64,
    /// Whether datagrams of one size leave in trains (UDP_SEGMENT) where the kernel can.
    pub segment: bool,
}

impl Default for PublisherConfig {
    fn default() -> Self {
        PublisherConfig {
            enabled: false,
            interface: "127.0.0.1".to_owned(),
            crypto: SocketAddrV4::new(Ipv4Addr::new(239, 255, 42, 99), 9001),
            stock: SocketAddrV4::new(Ipv4Addr::new(239, 255, 42, 99), 9002),
            not_live: Ipv4Addr::new(239, 255, 42, 98),
            depth: 10,
            trades: true,
            books: true,
            orders: false,
            records: false,
            ttl: 1,
            cap: 0,
            segment: true,
        }
    }
}

/// Reads `[publisher]`; without it there is none.
pub fn read(parser: &mut Parser, document: &DeTable<'_>) -> PublisherConfig {
    let empty = DeTable::new();
    let (table, line) = parser.table(document, "publisher").unwrap_or((&empty, 0));
    let spec = SectionSpec {
        title: "[publisher]",
        prefix: "publisher.",
        line,
        keys: &schema::PUBLISHER,
        tables: &[],
    };
    let values = parser.section(table, &spec);
    let config = PublisherConfig::default();
    let read = PublisherConfig {
        enabled: values.flag("enabled"),
        interface: values.text("interface").map_or(config.interface, str::to_owned),
        crypto: group(parser, &values, "crypto", config.crypto),
        stock: group(parser, &values, "stock", config.stock),
        not_live: address(parser, &values, "not_live", config.not_live),
        depth: values.number("depth"),
        trades: values.flag("trades"),
        books: values.flag("books"),
        orders: values.flag("orders"),
        records: values.flag("records"),
        ttl: values.number("ttl"),
        cap: values.number("cap"),
        segment: values.flag("segment"),
    };
    for (key, wanted) in read.problems() {
        parser.problem(values.line_of(key), format!("{key} in [publisher]: expected {wanted}"));
    }
    read
}

fn address(parser: &mut Parser, values: &Values, key: &str, fallback: Ipv4Addr) -> Ipv4Addr {
    let Some(text) = values.text(key) else { return fallback };
    text.parse().unwrap_or_else(|_| {
        let text = format!(
            "{key} = \"{text}\" in [publisher] is no IPv4 address; write for example \"{fallback}\""
        );
        parser.problem(values.line_of(key), text);
        fallback
    })
}

fn group(parser: &mut Parser, values: &Values, key: &str, fallback: SocketAddrV4) -> SocketAddrV4 {
    let Some(text) = values.text(key) else { return fallback };
    match text.parse::<SocketAddrV4>() {
        Ok(group) if group.port() != 0 => group,
        _ => {
            let text = format!(
                "{key} = \"{text}\" in [publisher] is no IPv4 address and port; write for example \
                 \"{fallback}\""
            );
            parser.problem(values.line_of(key), text);
            fallback
        }
    }
}
