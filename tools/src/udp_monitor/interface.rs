//! The address of an interface that is given by address or by name.

use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;

use super::MonitorError;

/// The address to join groups on.
///
/// # Errors
/// [`MonitorError::Interface`] with the interfaces that there are.
pub fn resolve(wanted: &str) -> Result<Ipv4Addr, MonitorError> {
    let there: Vec<(String, Ipv4Addr)> = match getifaddrs() {
        Ok(all) => all
            .filter_map(|one| {
                let address = one.address?.as_sockaddr_in()?.ip();
                Some((one.interface_name, address))
            })
            .collect(),
        Err(errno) => {
            return Err(MonitorError::Wait { what: "the interfaces", source: errno.into() });
        }
    };
    let address: Option<Ipv4Addr> = wanted.parse().ok();
    let found = there.iter().find(|(name, of)| name == wanted || Some(*of) == address);
    // Any address of 127.0.0.0/8 is the loopback interface.
    let loopback = address.filter(Ipv4Addr::is_loopback);
    found.map(|(_, of)| *of).or(loopback).ok_or_else(|| MonitorError::Interface {
        name: wanted.to_owned(),
        there: there.iter().map(|(name, of)| format!("{name} ({of})")).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_by_name_and_by_address() {
        assert_eq!(resolve("lo").ok(), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(resolve("127.0.0.1").ok(), Some(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn what_is_not_there_is_told_what_is() {
        for wanted in ["hot9", "192.0.2.77"] {
            let error = resolve(wanted).expect_err("not an interface").to_string();
            assert!(error.contains(wanted) && error.contains("lo (127.0.0.1)"), "{error}");
        }
    }
}
