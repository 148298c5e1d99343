//! The interface that datagrams leave by: from a name or an address to what the kernel takes.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

use super::error::SendError;

/// An interface as IP_MULTICAST_IF takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// What the user called it.
    text: String,
    /// Index; 0 where the address decides.
    index: libc::c_int,
    /// Address; unspecified where the index decides.
    address: Ipv4Addr,
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Interface {
    /// The interface of this name or address.
    pub(super) fn find(text: &str) -> Result<Interface, SendError> {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            // Only an interface of this host has an address that can be bound.
            if address.is_unspecified() || UdpSocket::bind((address, 0)).is_err() {
                return Err(missing(text));
            }
            return Ok(Interface { text: text.to_owned(), index: 0, address });
        }
        let name = CString::new(text).map_err(|_| missing(text))?;
        // SAFETY: the name is a NUL-terminated string that lives over the call.
        let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
        match libc::c_int::try_from(index) {
            Ok(index) if index > 0 => {
                let address = Ipv4Addr::UNSPECIFIED;
                Ok(Interface { text: text.to_owned(), index, address })
            }
            _ => Err(missing(text)),
        }
    }

    /// Makes multicast of a socket leave by this interface.
    pub(super) fn choose(&self, socket: &UdpSocket) -> io::Result<()> {
        let request = libc::ip_mreqn {
            imr_multiaddr: libc::in_addr { s_addr: 0 },
            imr_address: libc::in_addr { s_addr: u32::from(self.address).to_be() },
            imr_ifindex: self.index,
        };
        let length = size_of::<libc::ip_mreqn>() as libc::socklen_t;
        // SAFETY: the descriptor is open while `socket` lives; the pointer is to a whole ip_mreqn
        // of the length given, which the kernel only reads.
        let done = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::IPPROTO_IP,
                libc::IP_MULTICAST_IF,
                (&raw const request).cast(),
                length,
            )
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

fn missing(wanted: &str) -> SendError {
    let mut names: Vec<String> = std::fs::read_dir("/sys/class/net")
        .map(|list| list.flatten().filter_map(|e| e.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    names.sort();
    let have = if names.is_empty() { "none that can be listed".into() } else { names.join(", ") };
    SendError::NoInterface { wanted: wanted.to_owned(), have }
}
