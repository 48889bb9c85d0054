//! Connections: how many are open, and how long each may be silent.
//!
//! A connection without a request costs a file descriptor and nothing else, so there are many of them. When all slots
//! are taken, the one that has been without a request for the longest time is closed for a new one. So silent clients
//! cannot lock out others. Never inspects a request.

mod activity;
mod registry;
mod stream;
mod watched_body;

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

pub(crate) use activity::Activity;
pub(crate) use registry::{Registry, Slot};
pub(crate) use stream::TimedStream;
pub(crate) use watched_body::RunningRequest;

/// The most connections of one address, or of one IPv6 network of 64 bits.
const MAX_PER_ADDRESS: usize = 512;
/// The most connections in all.
const MAX_TOTAL: usize = 10_000;
/// File descriptors that are left for the database, for webhooks and for log files.
const RESERVED_DESCRIPTORS: u64 = 512;

/// How many connections may be open.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionLimits {
    total: usize,
    per_address: usize,
    /// Proxies, which connect for many clients. The limit of an address does not hold for them.
    exempt: Vec<IpNet>,
}

impl ConnectionLimits {
    /// The limits of this process. Raises the soft limit of its file descriptors to the hard limit.
    pub(crate) fn of_process(proxies: &[IpNet]) -> Self {
        let descriptors = raise_descriptor_limit();
        let spare = descriptors
            .saturating_sub(RESERVED_DESCRIPTORS)
            .max(descriptors / 2);
        let total = usize::try_from(spare).unwrap_or(MAX_TOTAL).min(MAX_TOTAL);
        Self {
            total,
            per_address: MAX_PER_ADDRESS.min(total),
            exempt: proxies.to_vec(),
        }
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.exempt.iter().any(|network| network.contains(&address))
    }
}

/// Returns the limit of file descriptors.
fn raise_descriptor_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        limit.current = before;
    }
    limit.current.unwrap_or(u64::MAX)
}

/// Whom a connection counts for: an IPv4 address, or an IPv6 network of 64 bits, which one client can own.
pub(crate) fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let source = |text: &str| source_of(text.parse().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }
}
