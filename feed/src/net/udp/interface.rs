//! Interfaces of this host, and which one a line is received on.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use super::error::UdpError;

/// Which interface a group is joined on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interface {
    /// By name: `eth0`.
    Name(String),
    /// The one with this address.
    Address(Ipv4Addr),
    /// The one that the system's routes say.
    #[default]
    Any,
}

impl Interface {
    /// From what a configuration says: an address, a name, or nothing.
    pub fn parse(text: &str) -> Interface {
        match text.parse::<Ipv4Addr>() {
            _ if text.is_empty() || text == "any" => Interface::Any,
            Ok(Ipv4Addr::UNSPECIFIED) => Interface::Any,
            Ok(address) => Interface::Address(address),
            Err(_) => Interface::Name(text.to_owned()),
        }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interface::Name(name) => f.write_str(name),
            Interface::Address(address) => address.fmt(f),
            Interface::Any => f.write_str("any interface"),
        }
    }
}

/// An interface that there is.
#[derive(Clone, Debug, Default)]
struct Known {
    index: u32,
    addresses: Vec<Ipv4Addr>,
    flags: libc::c_int,
}

impl Known {
    fn has(&self, flag: libc::c_int) -> bool {
        self.flags & flag != 0
    }
}

/// The interfaces of this host at one time.
#[derive(Clone, Debug)]
pub(super) struct Interfaces(BTreeMap<String, Known>);

/// The interface of a line.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// Name; none where the system's routes decide.
    pub(super) name: Option<String>,
    /// Index; 0 where the system's routes decide.
    pub(super) index: u32,
    /// An address of it; unspecified where the system's routes decide.
    pub(super) address: Ipv4Addr,
    /// Whether packets on it can only come from this host.
    pub(super) is_loopback: bool,
}

impl fmt::Display for Interfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none that can be listed");
        }
        for (n, (name, known)) in self.0.iter().enumerate() {
            write!(f, "{}{name}", if n == 0 { "" } else { ", " })?;
            for (n, address) in known.addresses.iter().enumerate() {
                write!(f, "{}{address}", if n == 0 { " (" } else { " " })?;
            }
            if !known.addresses.is_empty() {
                f.write_str(")")?;
            }
        }
        Ok(())
    }
}

impl Interfaces {
    /// Asks the system.
    pub(super) fn list() -> Interfaces {
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        let mut first = std::ptr::null_mut::<libc::ifaddrs>();
        // SAFETY: the call fills the pointer with a list that is ours, or fails and leaves it.
        if unsafe { libc::getifaddrs(&raw mut first) } != 0 {
            return Interfaces(known);
        }
        let mut next = first;
        while !next.is_null() {
            // SAFETY: entries of the list stay valid and unchanged until it is freed below.
            let entry = unsafe { &*next };
            next = entry.ifa_next;
            if entry.ifa_name.is_null() {
                continue;
            }
            // SAFETY: the system gives NUL-terminated names, valid as long as the list.
            let c_name = unsafe { CStr::from_ptr(entry.ifa_name) };
            let one = known.entry(c_name.to_string_lossy().into_owned()).or_default();
            one.flags = entry.ifa_flags as libc::c_int;
            // SAFETY: a NUL-terminated name, as above.
            one.index = unsafe { libc::if_nametoindex(entry.ifa_name) };
            if entry.ifa_addr.is_null() {
                continue;
            }
            // SAFETY: an address that is there has at least its family.
            let family = i32::from(unsafe { (*entry.ifa_addr).sa_family });
            if family == libc::AF_INET {
                // SAFETY: an address of this family is a whole sockaddr_in; the list aligns it,
                // and reading it unaligned asks for less.
                let address =
                    unsafe { entry.ifa_addr.cast::<libc::sockaddr_in>().read_unaligned() };
                one.addresses.push(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)));
            }
        }
        // SAFETY: the list is ours and nothing of it is used any more.
        unsafe { libc::freeifaddrs(first) };
        Interfaces(known)
    }

    /// Whether this is an interface that only this host sends on.
    pub(super) fn is_loopback(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|known| known.has(libc::IFF_LOOPBACK))
    }

    /// The interface on which `address` is received.
    pub(super) fn choose(
        &self,
        wanted: &Interface,
        address: SocketAddrV4,
    ) -> Result<Chosen, UdpError> {
        let missing =
            || UdpError::NoInterface { wanted: wanted.to_string(), exist: self.to_string() };
        let (name, known) = match wanted {
            Interface::Any => return any(address),
            Interface::Name(name) => self.0.get_key_value(name).ok_or_else(missing)?,
            Interface::Address(address) => {
                let has = |(_, known): &(&String, &Known)| known.addresses.contains(address);
                self.0.iter().find(has).ok_or_else(missing)?
            }
        };
        let first = known.addresses.first().copied().unwrap_or(Ipv4Addr::UNSPECIFIED);
        if !known.has(libc::IFF_UP) {
            let fix = format!("bring it up: `ip link set {name} up`");
            return Err(UdpError::Interface { name: name.clone(), reason: "it is down", fix });
        }
        let is_loopback = known.has(libc::IFF_LOOPBACK);
        if address.ip().is_multicast() && !is_loopback && !known.has(libc::IFF_MULTICAST) {
            let fix = format!("turn it on: `ip link set {name} multicast on`");
            let reason = "multicast is off on it";
            return Err(UdpError::Interface { name: name.clone(), reason, fix });
        }
        let address = if let Interface::Address(address) = wanted { *address } else { first };
        Ok(Chosen { name: Some(name.clone()), index: known.index, address, is_loopback })
    }
}

/// The system's routes decide: by the address of this host, or when the group is joined.
fn any(address: SocketAddrV4) -> Result<Chosen, UdpError> {
    // Connecting a UDP socket sends nothing; it looks the route up.
    let routed = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect(address)
    };
    if address.ip().is_multicast() && routed().is_err() {
        return Err(UdpError::NoRoute { group: address });
    }
    let is_loopback = address.ip().is_loopback();
    Ok(Chosen { name: None, index: 0, address: Ipv4Addr::UNSPECIFIED, is_loopback })
}
