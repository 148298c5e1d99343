//! The command line of `venue-sim market`.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use jiff::civil::Time;

use crate::venue_sim::args::seconds;
use crate::venue_sim::play::args::{LineOptions, address};
use crate::venue_sim::play::fault::Faults;
use crate::venue_sim::play::pace::Speed;
use crate::venue_sim::play::session::SessionName;
use crate::venue_sim::serve::{GlimpseFaults, RetransmitFaults};

/// Shown below the options.
pub const EXAMPLES: &str = "\
Examples:
  A minute of a small market on two groups of the loopback interface:
    venue-sim market --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477
  20,000 messages a second with 1 % loss on each line, both servers, and the true books:
    venue-sim market --symbols 500 --rate 20000 --duration 1m --loss 1% \\
      --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477 \\
      --retransmit 127.0.0.1:26400 --glimpse 127.0.0.1:26401 \\
      --oracle SIM_books.bin --report SIM_report.json
  Two bad re-request servers, one that is slow and one that lies; line A dies after ten seconds:
    venue-sim market --group-a 239.255.1.1:26477 --group-b 239.255.1.2:26477 \\
      --fault-a stop=10:3600 --fault-b drop=1% \\
      --retransmit 127.0.0.1:26400,delay=300000 --retransmit 127.0.0.1:26410,lie=5%
  A day of 16 hours in ten minutes, everything as busy as it is at that time of the day:
    venue-sim market --symbols 3000 --duration 16h --messages 5000000 --speed 96x \\
      --group-a 239.255.1.1:26477

What is sent depends on --seed, --symbols, --messages, --duration and --session-start only: with
these given, every --rate and --speed sends the same messages. --duration is how long the venue's
day is; at the usual speed it takes as long on the wire, and a sixteenth more around it.

Faults of lines are those of `venue-sim play --help`. Faults of servers, separated by commas, after
the address; with P a probability (0.01 or 1%) and US microseconds:
  --retransmit  dead[=FROM:FOR] every=N quota=N delay=US jitter=US late=P[:US] drop=P duplicate=P
                packets=N partial=P session=P range=P garble=P lie=P absurd=P until=S
  --glimpse     dead[=FROM:FOR] close=P reject=P think=US slow=BYTES stall=P[:US] cut=P session=P
                end=P garbage=P nonsense=P lie=P until=S

Exit codes: 0 sent to its end or until a signal, 1 it could not be sent, 2 wrong options.";

/// A server's address and what goes wrong with it: `ADDR:PORT[,FAULTS]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server<F> {
    /// Where it listens.
    pub address: SocketAddrV4,
    /// What goes wrong.
    pub faults: F,
}

impl<F: FromStr<Err = String> + Default> FromStr for Server<F> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, faults) = match text.split_once(',') {
            Some((place, faults)) => (place, faults.parse()?),
            None => (text, F::default()),
        };
        Ok(Self { address: address(place)?, faults })
    }
}

/// Who may have snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// User, padded with spaces.
    pub user: [u8; 6],
    /// Password, padded with spaces.
    pub password: [u8; 10],
}

impl FromStr for Login {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "give USER:PASSWORD, at most 6 and 10 letters and digits".to_owned();
        let (user, password) = text.split_once(':').ok_or_else(wrong)?;
        let (user, password) = padded(user).zip(padded(password)).ok_or_else(wrong)?;
        Ok(Self { user, password })
    }
}

fn padded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [b' '; N];
    let fits = text.len() <= N && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    bytes.get_mut(..text.len()).filter(|_| fits)?.copy_from_slice(text.as_bytes());
    Some(bytes)
}

/// Options of `market`.
#[derive(Args, Debug)]
pub struct MarketOptions {
    /// Symbols, 1 to 65,534.
    #[arg(long, default_value_t = 100)]
    pub symbols: u16,
    /// How long the venue's day is: 60s, 10m, 16h.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    pub duration: u64,
    /// Messages of the day [default: the rate times the duration, or 10 a second and symbol].
    #[arg(long, value_name = "N")]
    pub messages: Option<u64>,
    /// Messages a second on the wire, whatever the stamps say.
    #[arg(long, value_name = "N", conflicts_with = "speed",
        value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub rate: Option<u64>,
    /// A factor such as 10x or 0.5x, or max; by the venue's stamps.
    #[arg(long, default_value = "1x")]
    pub speed: Speed,
    /// Start of the venue's system hours, US Eastern: what the stamps begin with.
    #[arg(long, default_value = "04:00", value_name = "HH:MM[:SS]")]
    pub session_start: Time,
    /// The lines.
    #[command(flatten)]
    pub line: LineOptions,
    /// Each packet of each line is lost with this probability, 0.01 or 1%, beside what else goes
    /// wrong with it.
    #[arg(long, value_name = "P", value_parser = loss)]
    pub loss: Option<Faults>,
    /// Session name; must begin with SIM [default: that and seven digits].
    #[arg(long, value_name = "NAME", value_parser = simulated)]
    pub session: Option<SessionName>,
    /// A re-request server for this session listens here; may be given several times.
    #[arg(long = "retransmit", value_name = "ADDR:PORT[,FAULTS]")]
    pub retransmit: Vec<Server<RetransmitFaults>>,
    /// Messages that can be requested again, the latest so many.
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub window: u64,
    /// A snapshot server for this session listens here; may be given several times.
    #[arg(long = "glimpse", value_name = "ADDR:PORT[,FAULTS]")]
    pub glimpse: Vec<Server<GlimpseFaults>>,
    /// Who may have snapshots [default: everybody].
    #[arg(long, value_name = "USER:PASSWORD")]
    pub login: Option<Login>,
    /// Write the true books at every number to this file; its name must contain SIM.
    #[arg(long, value_name = "FILE")]
    pub oracle: Option<PathBuf>,
    /// Write the summary as JSON to this file as well.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

fn loss(text: &str) -> Result<Faults, String> {
    if text.contains([',', ':']) {
        return Err("give a probability, 0.01 or 1%".into());
    }
    format!("drop={text}").parse()
}

fn simulated(text: &str) -> Result<SessionName, String> {
    let name: SessionName = text.parse()?;
    let honest = name.is_simulated();
    if honest { Ok(name) } else { Err("the session of a simulated market begins with SIM".into()) }
}

#[cfg(test)]
mod tests {
    use super::{Login, RetransmitFaults, Server, loss, simulated};

    #[test]
    fn servers_have_an_address_and_faults() {
        let server: Server<RetransmitFaults> = "127.0.0.1:1,drop=5%,every=3".parse().expect("ok");
        assert_eq!((server.address.port(), server.faults.every), (1, 3));
        let plain: Server<RetransmitFaults> = "127.0.0.1:1".parse().expect("ok");
        assert_eq!(plain.faults, RetransmitFaults::default());
        for bad in ["127.0.0.1", "127.0.0.1:0", "x:1,drop=1%", "127.0.0.1:1,nothing=1"] {
            assert!(bad.parse::<Server<RetransmitFaults>>().is_err(), "{bad}");
        }
    }

    #[test]
    fn logins_are_padded() {
        let login: Login = "me:secret1".parse().expect("ok");
        assert_eq!((&login.user, &login.password), (b"me    ", b"secret1   "));
        for bad in ["me", "toolong:x", "me:elevenchars", "m e:x"] {
            assert!(bad.parse::<Login>().is_err(), "{bad}");
        }
    }

    #[test]
    fn losses_and_names() {
        assert_eq!(loss("1%").expect("ok").losses.len(), 1);
        assert!(loss("every:3").is_err() && loss("1%,delay=3").is_err() && loss("2").is_err());
        assert!(simulated("SIM1").is_ok() && simulated("REC1").is_err());
    }
}
