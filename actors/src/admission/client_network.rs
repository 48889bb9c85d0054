//! The network that identifies a client to the throttles.
//!
//! Owns the mapping from addresses to networks. It never counts anything.

use std::net::{IpAddr, Ipv6Addr};

/// One IPv4 address or one IPv6 /64. A client with one IPv6 address usually controls its whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientNetwork(IpAddr);

impl ClientNetwork {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            four @ IpAddr::V4(_) => Self(four),
            IpAddr::V6(six) => Self(IpAddr::V6(Ipv6Addr::from_bits(
                six.to_bits() & !u128::from(u64::MAX),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_one_ipv6_64_are_one_network() {
        let of = |text: &str| ClientNetwork::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::7"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
