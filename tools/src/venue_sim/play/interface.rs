//! The network interface that multicast leaves by: named, or given by its address.

use std::net::Ipv4Addr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

use super::error::PlayError;

/// An IPv4 address of an interface of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    name: String,
    address: Ipv4Addr,
    is_up: bool,
}

/// The address to send from, for an interface given by name or address.
///
/// # Errors
/// [`PlayError::Interface`], with the interfaces that there are.
pub fn resolve(given: &str) -> Result<Ipv4Addr, PlayError> {
    choose(given, &known())
}

fn known() -> Vec<Known> {
    let Ok(all) = getifaddrs() else { return Vec::new() };
    all.filter_map(|one| {
        let address = one.address?.as_sockaddr_in()?.ip();
        let is_up = one.flags.contains(InterfaceFlags::IFF_UP);
        Some(Known { name: one.interface_name, address, is_up })
    })
    .collect()
}

fn choose(given: &str, known: &[Known]) -> Result<Ipv4Addr, PlayError> {
    let fail = |what| {
        let list = known.iter().map(|one| {
            let down = if one.is_up { "" } else { " (down)" };
            format!("{} {}{down}", one.name, one.address)
        });
        let known = list.collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none with an IPv4 address".to_owned() } else { known };
        PlayError::Interface { given: given.to_owned(), what, known }
    };
    let wanted: Option<Ipv4Addr> = given.parse().ok();
    let found = known.iter().find(|one| match wanted {
        Some(address) => one.address == address,
        None => one.name == given,
    });
    match found {
        None if wanted.is_some() => Err(fail("no interface of this host has this address")),
        None => Err(fail("no interface of this name has an IPv4 address")),
        Some(one) if !one.is_up => Err(fail("the interface is down; bring it up first")),
        Some(one) => Ok(one.address),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{Known, choose, resolve};

    #[test]
    fn interfaces_are_found_by_name_and_address() {
        let of = |name: &str, last, is_up| Known {
            name: name.to_owned(),
            address: Ipv4Addr::new(10, 0, 0, last),
            is_up,
        };
        let known = [of("lo", 1, true), of("eth0", 2, true), of("eth1", 3, false)];
        assert_eq!(choose("eth0", &known).expect("by name"), known[1].address);
        assert_eq!(choose("10.0.0.1", &known).expect("by address"), known[0].address);
        for (given, why) in [
            ("eth7", "no interface of this name"),
            ("10.0.0.9", "no interface of this host has this address"),
            ("eth1", "is down"),
        ] {
            let error = choose(given, &known).expect_err(given).to_string();
            assert!(error.contains(why), "{error}");
            assert!(error.ends_with("lo 10.0.0.1, eth0 10.0.0.2, eth1 10.0.0.3 (down)"), "{error}");
        }
    }

    #[test]
    fn loopback_is_there() {
        assert_eq!(resolve("127.0.0.1").expect("loopback"), Ipv4Addr::LOCALHOST);
    }
}
