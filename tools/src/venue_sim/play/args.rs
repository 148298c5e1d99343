//! The command line of `venue-sim play`.

use std::net::SocketAddrV4;
use std::path::PathBuf;

use clap::Args;

use super::fault::Faults;
use super::pace::Speed;
use super::session::SessionName;
use super::socket::Group;

/// Shown below the options.
pub const EXAMPLES: &str = "\
Examples:
  A recording as the venue sent it, on two groups of the loopback interface:
    venue-sim play AAPL.itch --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477
  A hundred times as fast, line A without every 7th packet, line B 200 us late:
    venue-sim play AAPL.itch --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477 \\
      --speed 100x --fault-a drop=every:7 --fault-b delay=200
  The same messages missing on both lines, and what must be found missing beside it:
    venue-sim play AAPL.itch --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477 \\
      --rate 5000 --fault-a drop=seqs:100-120 --fault-b drop=seqs:100-120 --oracle gaps.json
  Line A silent for a second, two seconds after the first message, and damaged at random:
    venue-sim play SIM_day.itch.gz --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477 \\
      --speed max --fault-a stop=2.0:1.0,drop=0.1%,burst=0.0001:50,reorder=0.01:4
  To one receiver, three lines:
    venue-sim play day.pcapng --keep-packets --group-a 10.0.0.5:30001 --group-b 10.0.0.5:30002 \\
      --group C=10.0.0.5:30003 --interface eth0

Faults of a line, separated by commas; `drop` and `stop` may be given several times:
  drop=every:N[:FIRST]   every N-th packet is lost, from packet FIRST on
  drop=P                 each with probability P, 0.01 or 1%
  drop=seqs:A-B+C        packets with one of these message numbers
  drop=packets:A-B+C     these packets of the line, counted from 1
  burst=P:MAX            with probability P, 1 to MAX packets from here on are lost
  duplicate=P            sent twice
  reorder=P[:DEPTH]      sent after 1 to DEPTH packets that follow
  corrupt=P              one byte of one message is another; the packet stays well-formed
  delay=US, jitter=US    the whole line late, and each packet up to so much later, in microseconds
  stop=FROM:FOR          silent for FOR seconds, FROM seconds after the first message

What is missing on every line is what a receiver must report as a gap. With reorder it may report
more: a packet that lost its turn on one line and is overtaken on the other counts as late.
The same seed, files and options send the same bytes and lose the same ones, whatever the timing.
The file's messages are real or generated as the file is; packets, lines and timing are synthetic.";

/// What every sender of a session needs to know of its lines.
#[derive(Args, Clone, Debug)]
pub struct LineOptions {
    /// Where line A goes: a multicast group, or the address of one receiver.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub group_a: SocketAddrV4,
    /// Where line B goes; without it there is one line.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub group_b: Option<SocketAddrV4>,
    /// Where a further line goes; may be given several times.
    #[arg(long = "group", value_name = "NAME=ADDR:PORT", value_parser = named_group)]
    pub groups: Vec<Group>,
    /// Interface that multicast leaves by, its name or its IPv4 address.
    #[arg(long, value_name = "NAME|ADDR", default_value = "127.0.0.1")]
    pub interface: String,
    /// Most packets a second on each line, a quarter more while it catches up after a pause of the
    /// host; the usual socket buffer of 208 KiB holds about 14 ms of the default.
    #[arg(long, value_name = "N", default_value_t = 20_000,
        value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub max_packets_per_second: u64,
    /// Seconds of heartbeats only, before the first message: time for receivers to join.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub start_delay: u64,
    /// Milliseconds without a packet after which a line sends a heartbeat.
    #[arg(long, value_name = "MS", default_value_t = 1_000,
        value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub heartbeat_ms: u64,
    /// Seconds for which the end of the session is repeated; a venue does it for 30.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub end_seconds: u64,
    /// Messages in each packet, as far as they fit [default: as on the wire, mostly one].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=38))]
    pub packet_messages: Option<u16>,
    /// Fill the packets of every line by a draw of its own, so that their borders differ.
    #[arg(long, conflicts_with = "packet_messages")]
    pub split_b: bool,
    /// What goes wrong on line A; see below.
    #[arg(long, value_name = "FAULTS")]
    pub fault_a: Option<Faults>,
    /// What goes wrong on line B.
    #[arg(long, value_name = "FAULTS")]
    pub fault_b: Option<Faults>,
    /// What goes wrong on a further line; may be given several times.
    #[arg(long = "fault", value_name = "NAME:FAULTS", value_parser = named_faults)]
    pub faults: Vec<(String, Faults)>,
    /// Seed of all random decisions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print the summary as JSON and show no progress.
    #[arg(long)]
    pub json: bool,
}

/// Options of `play`.
#[derive(Args, Debug)]
pub struct Play {
    /// ITCH files (u16 length + message, plain or gzip), or pcap or pcapng of MoldUDP64.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The lines.
    #[command(flatten)]
    pub line: LineOptions,
    /// recorded, a factor such as 10x or 0.5x, or max; by the venue's stamps.
    #[arg(long, default_value = "recorded", conflicts_with = "rate")]
    pub speed: Speed,
    /// Messages a second, whatever the stamps say.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub rate: Option<u64>,
    /// Keep the packets of a capture; a file without packets has one for each message.
    #[arg(long, conflicts_with_all = ["packet_messages", "split_b"])]
    pub keep_packets: bool,
    /// Session name; must begin with REC or SIM [default: that and seven digits].
    #[arg(long, value_name = "NAME")]
    pub session: Option<SessionName>,
    /// Number of the first message.
    #[arg(long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..=1 << 62))]
    pub first_sequence: u64,
    /// Write the summary as JSON to this file as well.
    #[arg(long, value_name = "FILE")]
    pub oracle: Option<PathBuf>,
}

impl LineOptions {
    /// The lines, A first.
    #[must_use]
    pub fn lines(&self) -> Vec<Group> {
        let of = |name: &str, address| Group { name: name.to_owned(), address };
        let mut lines = vec![of("A", self.group_a)];
        lines.extend(self.group_b.map(|address| of("B", address)));
        lines.extend(self.groups.iter().cloned());
        lines
    }

    /// The faults of each line that has some.
    pub fn all_faults(&self) -> impl Iterator<Item = (&str, &Faults)> {
        let a = self.fault_a.iter().map(|faults| ("A", faults));
        let b = self.fault_b.iter().map(|faults| ("B", faults));
        a.chain(b).chain(self.faults.iter().map(|(name, faults)| (name.as_str(), faults)))
    }
}

pub(in crate::venue_sim) fn address(text: &str) -> Result<SocketAddrV4, String> {
    let address: SocketAddrV4 = text
        .parse()
        .map_err(|_| "give an IPv4 address and a port, for example 239.255.1.1:26477".to_owned())?;
    if address.port() == 0 {
        return Err("port 0 is no port; give one from 1 to 65535".into());
    }
    if address.ip().is_unspecified() || address.ip().is_broadcast() {
        return Err("give a multicast group (224.0.0.0 to 239.255.255.255) or one receiver".into());
    }
    Ok(address)
}

fn named_group(text: &str) -> Result<Group, String> {
    let (name, rest) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()))
        .ok_or("give NAME=ADDR:PORT, for example C=239.255.1.3:26477")?;
    Ok(Group { name: name.to_owned(), address: address(rest)? })
}

fn named_faults(text: &str) -> Result<(String, Faults), String> {
    let (name, rest) =
        text.split_once(':').ok_or("give NAME:FAULTS, for example C:drop=every:7")?;
    Ok((name.to_owned(), rest.parse()?))
}

/// Seconds, whole or not, as nanoseconds.
fn seconds(text: &str) -> Result<u64, String> {
    let seconds: f64 = text.parse().map_err(|_| "give seconds, for example 0.5".to_owned())?;
    if (0.0..=86_400.0).contains(&seconds) {
        Ok((seconds * 1e9) as u64)
    } else {
        Err("give from 0 to 86400 seconds".into())
    }
}
