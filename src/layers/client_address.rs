//! Where a request comes from: the peer of its connection, or whom a trusted proxy says it speaks for.
//!
//! Owns `X-Forwarded-For`. What anyone but a configured proxy writes there is ignored, so nobody can choose an address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address, in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Establishes the address once for everybody behind this layer.
pub(crate) fn establish(trusted: &[IpNet], request: &mut Request) {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let address = client_behind(peer, request.headers(), trusted);
    request.extensions_mut().insert(ClientAddress(address));
}

/// Walks from the peer outwards as long as each speaker is a trusted proxy: each names the one before it. What cannot be read
/// ends the walk at the last address that could be.
fn client_behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    // Bytes, not text: what a client wrote must not spoil what its proxy appended.
    let lines: Vec<&[u8]> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let named = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    for name in named {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = std::str::from_utf8(name).ok().and_then(parse) else {
            break;
        };
        client = address;
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`.
fn parse(name: &str) -> Option<IpAddr> {
    let name = name.trim();
    let bare = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(name).parse::<IpAddr>().ok();
    let address = address.or_else(|| name.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted = [
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                FORWARDED_FOR,
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            );
        }
        client_behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(client("198.51.100.9", &["192.0.2.1"]), "198.51.100.9");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.7, 198.51.100.9"]),
            "198.51.100.9"
        );
    }

    #[test]
    fn a_chain_of_proxies_is_walked_outwards() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(
            client("10.0.0.1", &["192.0.2.1, 10.0.0.3", "10.0.0.2"]),
            "192.0.2.1"
        );
        assert_eq!(
            client("2001:db8::1", &["192.0.2.1:5555, [2001:db8::2]:443"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn mapped_addresses_are_their_own() {
        assert_eq!(
            client("::ffff:10.0.0.1", &["::ffff:192.0.2.1"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn garbage_ends_the_walk() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["\u{e9}, 192.0.2.1"]), "192.0.2.1");
    }
}
