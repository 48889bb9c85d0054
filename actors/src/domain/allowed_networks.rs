//! The IP allowlist of an API key.
//!
//! Owns parsing and matching of networks. Never determines the client's address.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// The maximum number of networks in one allowlist.
pub const MAX_NETWORKS: usize = 100;

/// The networks that may use a key. An empty list allows every address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AllowedNetworks(Vec<IpNet>);

impl AllowedNetworks {
    /// Parses CIDR networks such as `203.0.113.0/24` or `2001:db8::/32`. A single address is a
    /// network of one address. The order is kept and duplicates are removed.
    ///
    /// # Errors
    /// The index and the reason of each bad entry. A list of more than [`MAX_NETWORKS`] entries
    /// adds one error at the index of the first excess entry.
    pub fn parse(entries: &[String]) -> Result<Self, Vec<(usize, String)>> {
        let mut networks = Vec::new();
        let mut refused = Vec::new();
        for (index, entry) in entries.iter().enumerate().take(MAX_NETWORKS) {
            match parse_network(entry.trim()) {
                Ok(network) if networks.contains(&network) => {}
                Ok(network) => networks.push(network),
                Err(reason) => refused.push((index, reason)),
            }
        }
        if entries.len() > MAX_NETWORKS {
            let reason = format!("at most {MAX_NETWORKS} networks can be allowed");
            refused.push((MAX_NETWORKS, reason));
        }
        if refused.is_empty() {
            Ok(Self(networks))
        } else {
            Err(refused)
        }
    }

    /// A list that allows no client. It contains only the unspecified address, which no client has.
    #[must_use]
    pub fn nowhere() -> Self {
        Self(vec![IpNet::from(IpAddr::V6(Ipv6Addr::UNSPECIFIED))])
    }

    /// Whether a client at this address may use the key. An IPv4-mapped IPv6 address counts as the
    /// IPv4 address.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty() || self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether the list is empty, so that every address may use the key.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// Each network in canonical CIDR notation.
    #[must_use]
    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse::<IpNet>().map_err(|_| {
            "must be a network such as 203.0.113.0/24 or 2001:db8::/32, or an address".to_owned()
        })?,
    };
    let network = unmapped(network);
    let whole = network.trunc();
    if whole == network {
        Ok(network)
    } else {
        // Not corrected silently: the entry may mean the network or the single address.
        Err(format!(
            "has bits set after its prefix: write {whole} for the network, or {} for the address",
            network.addr()
        ))
    }
}

/// Converts an IPv4-mapped network: `::ffff:203.0.113.0/120` becomes `203.0.113.0/24`.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else {
        return network;
    };
    let four = six.addr().to_ipv4_mapped();
    let prefix = six.prefix_len().checked_sub(96);
    four.zip(prefix)
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok())
        .map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(entries: &[&str]) -> Result<AllowedNetworks, Vec<(usize, String)>> {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        AllowedNetworks::parse(&entries)
    }

    #[test]
    fn networks_match_by_bits_not_by_text() {
        let networks = parsed(&["203.0.113.64/27", "2001:db8::/33", "192.0.2.7"]).unwrap();
        for (address, allowed) in [
            ("203.0.113.64", true),
            ("203.0.113.95", true),
            ("203.0.113.96", false),
            ("203.0.113.6", false),
            ("::ffff:203.0.113.70", true),
            ("2001:db8:7fff::1", true),
            ("2001:db8:8000::1", false),
            ("192.0.2.7", true),
            ("192.0.2.70", false),
        ] {
            assert_eq!(
                networks.allow(address.parse().unwrap()),
                allowed,
                "{address}"
            );
        }
    }

    #[test]
    fn empty_list_allows_every_address() {
        let networks = parsed(&[]).unwrap();
        assert!(networks.is_everywhere());
        assert!(networks.allow("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn bad_entries_are_reported_by_index() {
        let refused =
            parsed(&["10.0.0.0/8", "10.0.0.1/8", "example.com", "10.0.0.0/33"]).unwrap_err();
        let indices: Vec<usize> = refused.iter().map(|(index, _)| *index).collect();
        assert_eq!(indices, [1, 2, 3]);
        assert!(refused[0].1.contains("write 10.0.0.0/8"), "{refused:?}");
        let many: Vec<String> = (0..=MAX_NETWORKS).map(|n| format!("10.0.0.{n}")).collect();
        assert_eq!(
            AllowedNetworks::parse(&many).unwrap_err()[0].0,
            MAX_NETWORKS
        );
    }

    #[test]
    fn networks_are_canonical_and_deduplicated() {
        let networks = parsed(&["192.0.2.7", "::ffff:192.0.2.0/120", "192.0.2.7/32"]).unwrap();
        assert_eq!(networks.to_strings(), ["192.0.2.7/32", "192.0.2.0/24"]);
        let json = serde_json::to_string(&networks).unwrap();
        assert_eq!(json, r#"["192.0.2.7/32","192.0.2.0/24"]"#);
        assert_eq!(
            serde_json::from_str::<AllowedNetworks>(&json).unwrap(),
            networks
        );
    }
}
