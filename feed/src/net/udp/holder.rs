//! Who holds a UDP port, as far as the system lets us see.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Sockets of the network namespace that this thread is in.
const TABLE: &str = "/proc/thread-self/net/udp";

/// A line of that table.
struct Entry {
    address: SocketAddrV4,
    user: String,
    inode: String,
}

/// Reads a line such as
/// `  12: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000  0  0 4242 ...`.
fn entry(line: &str) -> Option<Entry> {
    let mut fields = line.split_ascii_whitespace();
    let (ip, port) = fields.nth(1)?.split_once(':')?;
    // The address is printed as the number that its bytes are on this machine.
    let ip = Ipv4Addr::from(u32::from_str_radix(ip, 16).ok()?.to_ne_bytes());
    let port = u16::from_str_radix(port, 16).ok()?;
    let user = fields.nth(5)?.to_owned();
    let inode = fields.nth(1)?.to_owned();
    Some(Entry { address: SocketAddrV4::new(ip, port), user, inode })
}

/// Who keeps `address` from being bound, in words.
pub(super) fn of(address: SocketAddrV4) -> String {
    let table = fs::read_to_string(TABLE).unwrap_or_default();
    let in_the_way = |entry: &Entry| {
        let ip = entry.address.ip();
        let meets = ip == address.ip() || ip.is_unspecified();
        entry.address.port() == address.port() && meets
    };
    let Some(entry) = table.lines().skip(1).filter_map(entry).find(in_the_way) else {
        return "another program".to_owned();
    };
    process_of(&entry.inode).unwrap_or_else(|| format!("a process of user {}", entry.user))
}

/// The process that has the socket with this inode open; only one's own, unless one is root.
fn process_of(inode: &str) -> Option<String> {
    let socket = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let has_it = |file: fs::DirEntry| {
            fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == socket.as_str())
        };
        if files.flatten().any(has_it) {
            let program = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("process {pid} ({})", program.trim()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_is_read() {
        let line = "  345: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000 \
                     1000        0 424242 2 0000000000000000 0";
        let entry = entry(line).expect("a line");
        assert_eq!(entry.address, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8_080));
        assert_eq!((entry.user.as_str(), entry.inode.as_str()), ("1000", "424242"));
    }

    #[test]
    fn the_holder_of_a_port_is_this_test() {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = socket.local_addr().expect("bound").port();
        let holder = of(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        let us = format!("process {} (", std::process::id());
        assert!(holder.starts_with(&us), "{holder}");
    }
}
