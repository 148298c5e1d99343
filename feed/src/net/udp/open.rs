//! Opens the socket of a line: checks, options, address, membership.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, Socket, Type};

use super::error::UdpError;
use super::interface::{Chosen, Interface, Interfaces};
use super::membership::Memberships;
use super::{LINES, UdpLine, UdpSpec, holder, options};

/// A socket that receives one line.
pub(super) struct Opened {
    pub(super) socket: Socket,
    /// Bytes of the receive buffer as the system granted it.
    pub(super) buffer: usize,
    /// The interface that the system's routes chose for the group, if it was they.
    pub(super) by_route: Option<String>,
}

/// Checks what can be checked without the system.
pub(super) fn check(lines: &[UdpLine]) -> Result<(), UdpError> {
    if lines.is_empty() {
        return Err(UdpError::NoLines);
    }
    lines.iter().try_for_each(check_line)
}

fn check_line(line: &UdpLine) -> Result<(), UdpError> {
    let address = line.address();
    if line.line == 0 || usize::from(line.line) >= LINES {
        return Err(UdpError::Line { line: line.line, group: address });
    }
    let reason = match line.group.octets() {
        _ if line.port == 0 => "it has no port",
        [0, ..] => "it is no address",
        [255, 255, 255, 255] => "broadcast carries no feed",
        [240..=255, ..] => "it is reserved",
        _ => "",
    };
    if !reason.is_empty() {
        return Err(UdpError::Address { address, reason });
    }
    let is_sender = |ip: Ipv4Addr| !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast();
    match line.source.filter(|source| !is_sender(*source)) {
        Some(source_address) => Err(UdpError::Source { source_address, group: address }),
        None => Ok(()),
    }
}

/// Opens the socket of `line` on its interface.
pub(super) fn open(
    line: &UdpLine,
    chosen: &Chosen,
    spec: &UdpSpec,
    interfaces: &Interfaces,
) -> Result<Opened, UdpError> {
    let address = line.address();
    let fail = |doing| move |source| UdpError::System { address, doing, source };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
        .map_err(|error| opening(address, error))?;
    socket.set_nonblocking(true).map_err(fail("making the socket non-blocking"))?;
    let overflow = options::set(&socket, libc::SO_RXQ_OVFL, 1);
    overflow.map_err(fail("asking for the count of dropped datagrams"))?;
    if spec.stamps {
        let stamps = options::set(&socket, libc::SO_TIMESTAMPNS, 1);
        stamps.map_err(fail("asking for receive stamps"))?;
    }
    let buffer = receive_buffer(&socket, spec.receive_buffer);
    let buffer = buffer.map_err(fail("setting the receive buffer"))?;
    if address.ip().is_multicast() {
        // Several programs may listen to a group; each gets its own copy.
        socket.set_reuse_address(true).map_err(fail("sharing the port"))?;
        // Otherwise it would get what any other program of this host joined on another interface.
        socket.set_multicast_all_v4(false).map_err(fail("limiting it to its own group"))?;
    } else if let Interface::Name(name) = &line.interface {
        let bound = socket.bind_device(Some(name.as_bytes()));
        bound.map_err(fail("binding it to its interface"))?;
    }
    // Bound to the group's own address: other groups of this port do not come here.
    let bound = socket.bind(&SockAddr::from(address));
    bound.map_err(|error| binding(address, interfaces, error))?;
    let mut by_route = None;
    if address.ip().is_multicast() {
        let before = Memberships::of(line.group);
        join(&socket, line, chosen)?;
        if line.interface == Interface::Any {
            by_route = Memberships::of(line.group).joined_since(&before).map(str::to_owned);
        }
    }
    Ok(Opened { socket, buffer, by_route })
}

/// Asks for a buffer of so many bytes and returns what was granted. 0 leaves the system's default.
fn receive_buffer(socket: &Socket, wanted: usize) -> io::Result<usize> {
    if wanted > 0 {
        // The kernel doubles what is asked for, so half of its own limit is the most.
        let wanted = wanted.min(i32::MAX as usize / 2);
        // Beyond the system's limit, with CAP_NET_ADMIN; without it up to the limit.
        if options::set(socket, libc::SO_RCVBUFFORCE, wanted as libc::c_int).is_err() {
            socket.set_recv_buffer_size(wanted)?;
        }
    }
    // The kernel counts its own overhead, too, and says twice the number that is set.
    Ok(socket.recv_buffer_size()? / 2)
}

fn join(socket: &Socket, line: &UdpLine, chosen: &Chosen) -> Result<(), UdpError> {
    let joined = match line.source {
        Some(source) => {
            let by_name = matches!(line.interface, Interface::Name(_));
            if let (true, Some(name)) = (by_name && chosen.address.is_unspecified(), &chosen.name) {
                return Err(UdpError::Interface {
                    name: name.clone(),
                    reason: "it has no IPv4 address, which a source filter needs",
                    fix: format!("give it one: `ip address add ADDRESS/24 dev {name}`"),
                });
            }
            socket.join_ssm_v4(&source, &line.group, &chosen.address)
        }
        None if chosen.index > 0 => {
            let index = InterfaceIndexOrAddress::Index(chosen.index);
            socket.join_multicast_v4_n(&line.group, &index)
        }
        None => socket.join_multicast_v4(&line.group, &chosen.address),
    };
    joined.map_err(|error| joining(line.address(), error))
}

fn opening(address: SocketAddrV4, error: io::Error) -> UdpError {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE) => UdpError::Files { address },
        _ => UdpError::System { address, doing: "opening a socket", source: error },
    }
}

fn binding(address: SocketAddrV4, interfaces: &Interfaces, error: io::Error) -> UdpError {
    match error.raw_os_error() {
        Some(libc::EADDRINUSE) => UdpError::PortTaken { address, holder: holder::of(address) },
        Some(libc::EACCES) => UdpError::Permission { address },
        Some(libc::EADDRNOTAVAIL) => UdpError::NoInterface {
            wanted: address.ip().to_string(),
            exist: interfaces.to_string(),
        },
        _ => UdpError::System { address, doing: "binding the socket", source: error },
    }
}

fn joining(group: SocketAddrV4, error: io::Error) -> UdpError {
    match error.raw_os_error() {
        Some(libc::ENOBUFS) => UdpError::Memberships { group, limit: membership_limit() },
        Some(libc::ENODEV) => UdpError::NoRoute { group },
        _ => UdpError::System { address: group, doing: "joining the group", source: error },
    }
}

fn membership_limit() -> u64 {
    let limit = fs::read_to_string("/proc/sys/net/ipv4/igmp_max_memberships");
    limit.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_of_the_system_are_told_with_a_way_out() {
        let address = SocketAddrV4::new(Ipv4Addr::new(239, 1, 2, 3), 5_000);
        let none = Interfaces::list();
        let error = |code| io::Error::from_raw_os_error(code);
        for (told, hint) in [
            (opening(address, error(libc::EMFILE)), "ulimit -n"),
            (binding(address, &none, error(libc::EACCES)), "CAP_NET_BIND_SERVICE"),
            (binding(address, &none, error(libc::EADDRNOTAVAIL)), "127.0.0.1"),
            (binding(address, &none, error(libc::EADDRINUSE)), "SO_REUSEADDR"),
            (joining(address, error(libc::ENOBUFS)), "igmp_max_memberships="),
            (joining(address, error(libc::ENODEV)), "ip route add 239.1.2.3 dev"),
            (joining(address, error(libc::EPERM)), "joining the group"),
        ] {
            let told = told.to_string();
            assert!(told.contains(hint) && !told.contains('\n'), "{told}");
            assert!(told.contains("239.1.2.3"), "{told}");
        }
    }
}
