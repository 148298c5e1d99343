//! The command line.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Where the publisher sends if its configuration does not say otherwise: live crypto, live
/// stock, and everything that is not live, by port.
pub const DEFAULT_GROUPS: [SocketAddrV4; 4] = [
    SocketAddrV4::new(Ipv4Addr::new(239, 255, 42, 99), 9001),
    SocketAddrV4::new(Ipv4Addr::new(239, 255, 42, 99), 9002),
    SocketAddrV4::new(Ipv4Addr::new(239, 255, 42, 98), 9001),
    SocketAddrV4::new(Ipv4Addr::new(239, 255, 42, 98), 9002),
];

/// How long `--once` listens where `--for` does not say: one period of everything that the
/// publisher repeats.
const ONCE: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Examples:
  udp_monitor                                    the default groups on loopback, until Ctrl-C
  udp_monitor --interface eth1                   the same on another interface
  udp_monitor --group 239.255.42.99:9002 --each  every datagram, one a line
  udp_monitor --symbol AAPL --symbol MSFT        these only
  udp_monitor --once --json                      what is there, for scripts
  udp_monitor --file capture.pcap                a capture instead of the network

Nothing is disturbed: listening to a group changes nothing for its publisher.
Exit codes: 0 done, 1 failed, 2 usage.";

/// Shows the datagrams of the multicast publisher: counts, rates, books, gaps, restarts.
#[derive(Clone, Debug, Parser)]
#[command(name = "udp_monitor", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Args {
    /// Group to listen to; repeat for several [default: 239.255.42.99 and .98, ports 9001 and
    /// 9002; with --file all].
    #[arg(long = "group", value_name = "ADDR:PORT", value_parser = parse_group)]
    pub groups: Vec<SocketAddrV4>,
    /// Interface to join the groups on, by address or name.
    #[arg(long, value_name = "ADDR|NAME", default_value = "127.0.0.1")]
    pub interface: String,
    /// Read a capture (pcap or pcapng, also gzip) instead of the network.
    #[arg(long, value_name = "CAPTURE")]
    pub file: Option<PathBuf>,
    /// Only this symbol; repeat for several.
    #[arg(long = "symbol", value_name = "SYMBOL")]
    pub symbols: Vec<String>,
    /// Only this exchange, with or without SIM. or REC.; repeat for several.
    #[arg(long = "exchange", value_name = "EXCHANGE")]
    pub exchanges: Vec<String>,
    /// Stop after so many seconds.
    #[arg(long = "for", value_name = "SECONDS", value_parser = parse_seconds)]
    pub duration: Option<Duration>,
    /// Stop after so many datagrams and text lines that the filters let through.
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// Only the summary at the end; listens 5 s where neither --for nor --count says how long.
    #[arg(long, conflicts_with = "each")]
    pub once: bool,
    /// Every datagram, one a line, instead of a view.
    #[arg(long)]
    pub each: bool,
    /// Print JSON: one object per interval, or per datagram with --each.
    #[arg(long)]
    pub json: bool,
    /// Seconds between two views.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = parse_seconds)]
    pub interval: Duration,
    /// Show the N busiest symbols [default: what fits on the terminal; JSON: all].
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    /// Levels a side in JSON and in the view of a single symbol.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub depth: usize,
    /// Remember at most so many symbols; others are counted.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub max_symbols: usize,
}

impl Args {
    /// Groups to listen to.
    #[must_use]
    pub fn listen_groups(&self) -> Vec<SocketAddrV4> {
        let mut groups =
            if self.groups.is_empty() { DEFAULT_GROUPS.to_vec() } else { self.groups.clone() };
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// How long to listen; `None`: until a signal.
    #[must_use]
    pub fn limit(&self) -> Option<Duration> {
        let default = (self.once && self.count.is_none()).then_some(ONCE);
        self.duration.or(default)
    }
}

fn parse_group(text: &str) -> Result<SocketAddrV4, String> {
    let group: SocketAddrV4 = text
        .parse()
        .map_err(|_| String::from("write an IPv4 group and a port, like 239.255.42.99:9001"))?;
    if !group.ip().is_multicast() {
        return Err(format!(
            "{} is not a multicast group; groups are 224.0.0.0 to 239.255.255.255",
            group.ip()
        ));
    }
    if group.port() == 0 {
        return Err(String::from("port 0 is none; the publisher uses 9001 and 9002"));
    }
    Ok(group)
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| String::from("not a number of seconds"))?;
    if !(0.01..=1e9).contains(&seconds) {
        return Err(String::from("from 0.01 to 1000000000 s"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_multicast_with_a_port() {
        assert_eq!(parse_group("239.255.42.99:9001"), Ok(DEFAULT_GROUPS[0]));
        for wrong in ["239.255.42.99", "10.0.0.1:9001", "239.1.1.1:0", "lo:9001", "[ff02::1]:1"] {
            assert!(parse_group(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn once_ends_by_itself() {
        let args = |line: &str| Args::try_parse_from(line.split(' ')).expect("usage");
        assert_eq!(args("udp_monitor").limit(), None);
        assert_eq!(args("udp_monitor --once").limit(), Some(ONCE));
        assert_eq!(args("udp_monitor --once --count 3").limit(), None);
        assert_eq!(args("udp_monitor --for 0.5").limit(), Some(Duration::from_millis(500)));
        assert!(Args::try_parse_from(["udp_monitor", "--for", "-1"]).is_err());
        assert!(Args::try_parse_from(["udp_monitor", "--once", "--each"]).is_err());
        assert_eq!(args("udp_monitor").listen_groups().len(), 4);
    }
}
