//! On which interface the system has joined a group, where its routes decided.
//!
//! The address that a packet to the group would leave with does not tell: the system prefers one
//! of another interface to that of loopback. So the table of memberships is read before and after.

use std::fs;
use std::net::Ipv4Addr;

/// Memberships of the network namespace that this thread is in.
const TABLE: &str = "/proc/thread-self/net/igmp";

/// How often a group is joined on each interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memberships(Vec<(String, u64)>);

impl Memberships {
    /// Those of a group, now.
    pub(super) fn of(group: Ipv4Addr) -> Memberships {
        Memberships::parse(&fs::read_to_string(TABLE).unwrap_or_default(), group)
    }

    /// A line such as `2 eth0 : 3 V3` begins an interface; those of its groups are indented:
    /// `0203E1EF 1 0:00000000 0`, the group as the number that its bytes are on this machine, then
    /// how often it is joined.
    fn parse(table: &str, group: Ipv4Addr) -> Memberships {
        let group = u32::from_ne_bytes(group.octets());
        let mut found = Vec::new();
        let mut interface = "";
        for line in table.lines().skip(1) {
            let mut fields = line.split_ascii_whitespace();
            if !line.starts_with(char::is_whitespace) {
                interface = fields.nth(1).unwrap_or("").trim_end_matches(':');
                continue;
            }
            let address = fields.next().and_then(|text| u32::from_str_radix(text, 16).ok());
            let users = fields.next().and_then(|text| text.parse().ok());
            if let (true, Some(users)) = (address == Some(group), users) {
                found.push((interface.to_owned(), users));
            }
        }
        Memberships(found)
    }

    /// The interface on which there are more than there were.
    pub(super) fn joined_since(&self, before: &Memberships) -> Option<&str> {
        let was = |name: &str| before.0.iter().find(|one| one.0 == name).map_or(0, |one| one.1);
        self.0.iter().find(|(name, users)| *users > was(name)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     2      V3
\t\t\t\t070707EF     1 0:00000000\t\t0
\t\t\t\t010000E0     1 0:00000000\t\t0
2\thot0:     2      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
";

    #[test]
    fn the_interface_that_gained_one_is_found() {
        let group = Ipv4Addr::new(239, 7, 7, 7);
        let read = |table: &str| Memberships::parse(table, group);
        let before = read(BEFORE);
        assert_eq!(before, Memberships(vec![("lo".to_owned(), 1)]));
        assert_eq!(before.joined_since(&before), None);
        let again = read(&BEFORE.replace("EF     1", "EF     2"));
        assert_eq!(again.joined_since(&before), Some("lo"));
        let other = read(&format!("{BEFORE}\t\t\t\t070707EF     1 0:00000000\t\t0\n"));
        assert_eq!(other.joined_since(&before), Some("hot0"));
        assert_eq!(read("nonsense\nmore\n\tof it\n"), Memberships::default());
    }
}
