//! Receive stamps of the kernel: made sure of before the first real packet.
//!
//! The kernel stamps packets on arrival only while some socket asks for it. The first such socket
//! turns a switch that takes effect a little later; until then a packet gets its stamp when it is
//! read, which looks like a latency of a few hundred nanoseconds whatever it was. So datagrams are
//! sent to ourselves and left lying for a moment, until a stamp tells when they came and not when
//! they were read.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::batch::Batch;
use super::control::Control;
use super::options;

/// How long a datagram lies before it is read.
const LYING: Duration = Duration::from_micros(300);
/// How long warming up may take.
const LIMIT: Duration = Duration::from_millis(500);

fn utc_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns whether stamps are those of arrival.
pub(super) fn stamps(batch: &mut Batch) -> io::Result<bool> {
    let inbox = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    options::set(&inbox, libc::SO_TIMESTAMPNS, 1)?;
    let outbox = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    outbox.connect(inbox.local_addr()?)?;
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        outbox.send(b"hotlane: are stamps on?")?;
        std::thread::sleep(LYING);
        let read = utc_ns();
        if batch.receive(inbox.as_fd(), 1).is_err() {
            continue;
        }
        let Some(message) = batch.message(0) else { continue };
        let ours = outbox.local_addr()?;
        if message.sender.map(SocketAddrV4::into) != Some(ours) {
            continue;
        }
        let stamp = Control::parse(message.control).stamp_ns;
        // Before it was read by at least half of the time that it lay there.
        if stamp.is_some_and(|stamp| stamp + LYING.as_nanos() as u64 / 2 <= read) {
            return Ok(true);
        }
    }
    Ok(false)
}
