//! Which addresses rosters may be fetched from: public ones, and hosts of our own network that the operator named.
//!
//! Without it a customer's setting could make this machine read what only this machine reaches. A name is resolved
//! once and the connection goes to an address that was looked at, so that a second answer cannot lead elsewhere.

use super::FetchError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The hosts that may have a private address, as `rosters.private_hosts` names them.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard {
    pub private_hosts: Vec<String>,
}

/// Whether one address may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Allowed,
    Private,
}

fn decide_reach(address: IpAddr, host_is_named: bool) -> Reach {
    if host_is_named || is_public(address) { Reach::Allowed } else { Reach::Private }
}

impl Guard {
    /// The addresses of a host that may be connected to; at least one.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        let named = self.private_hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
        let all: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| FetchError::Later(format!("the name {host} is not resolved: {error}")))?
            .collect();
        let allowed = all.iter().copied().filter(|at| decide_reach(at.ip(), named) == Reach::Allowed);
        let allowed: Vec<SocketAddr> = allowed.collect();
        match (allowed.is_empty(), all.first()) {
            (false, _) => Ok(allowed),
            (true, Some(private)) => Err(FetchError::Wrong(format!(
                "{host} has the private address {}: set another host, or, if it is a host of your own network, name it \
                 in rosters.private_hosts",
                private.ip()
            ))),
            (true, None) => Err(FetchError::Later(format!("the name {host} has no address"))),
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = a == 0 || a >= 224 || (a, b, c) == (192, 0, 0) || (a == 198 && (b == 18 || b == 19));
    !(address.is_private() || address.is_loopback() || address.is_link_local() || shared || special)
}

/// Of IPv6 the global unicast range, without Teredo, which leads to an IPv4 address that does not stand in it plainly.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    first & 0xe000 == 0x2000 && (first, second) != (0x2001, 0)
}

/// The IPv4 address that an IPv6 address leads to: mapped, 6to4, or behind NAT64.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_and_named_hosts_are_reached() {
        let cases = [
            ("8.8.8.8", true),
            ("9.255.255.255", true),
            ("10.0.0.0", false),
            ("100.63.255.255", true),
            ("100.64.0.0", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("172.15.255.255", true),
            ("172.16.0.1", false),
            ("172.32.0.0", true),
            ("192.168.0.1", false),
            ("198.18.0.1", false),
            ("223.255.255.255", true),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("0.0.0.0", false),
            ("::", false),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("2001:4860:4860::8888", true),
            ("2001:0:1::1", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("2002:7f00:1::", false),
            ("64:ff9b::a00:1", false),
            ("64:ff9b::808:808", true),
        ];
        for (address, public) in cases {
            let address: IpAddr = address.parse().unwrap();
            let expected = if public { Reach::Allowed } else { Reach::Private };
            assert_eq!(decide_reach(address, false), expected, "{address}");
            assert_eq!(decide_reach(address, true), Reach::Allowed, "{address}");
        }
    }

    #[tokio::test]
    async fn a_private_host_is_refused_unless_it_is_named() {
        let error = Guard::default().addresses("127.0.0.1", 443).await.unwrap_err();
        assert!(
            matches!(&error, FetchError::Wrong(why) if why.contains("rosters.private_hosts")),
            "{error:?}"
        );
        let guard = Guard { private_hosts: vec!["127.0.0.1".to_owned()] };
        assert_eq!(guard.addresses("127.0.0.1", 443).await.unwrap().len(), 1);
    }
}
