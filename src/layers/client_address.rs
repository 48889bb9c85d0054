//! The client address of a request: the peer of the connection, or the address that a trusted proxy reports.
//!
//! Owns `X-Forwarded-For`. Never uses an entry that no trusted proxy has written, so a client cannot choose its
//! address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client address, in the extensions of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// Determines the client address, and stores it in the extensions of the request.
pub(crate) fn establish(trusted: &[IpNet], request: &mut Request) -> ClientAddress {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let address = ClientAddress(client_behind(peer, request.headers(), trusted));
    request.extensions_mut().insert(address);
    address
}

/// Starts at the peer and follows `X-Forwarded-For` from right to left while the current address is a trusted proxy,
/// because each proxy appends the address that it received the request from. An entry that cannot be parsed ends the
/// search, and the last parsed address is the result.
fn client_behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    // Bytes, not text: invalid text from a client must not hide the entry that its proxy appended.
    let lines: Vec<&[u8]> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let entries = lines
        .iter()
        .rev()
        .flat_map(|line| line.rsplit(|byte| *byte == b','));
    for entry in entries {
        if !is_trusted(client) {
            break;
        }
        let Some(address) = std::str::from_utf8(entry).ok().and_then(parse) else {
            break;
        };
        client = address;
    }
    client
}

/// Parses `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:443`.
fn parse(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse::<IpAddr>().ok();
    let address = address.or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
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
    fn untrusted_peer_cannot_choose_its_address() {
        assert_eq!(client("198.51.100.9", &["192.0.2.1"]), "198.51.100.9");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.7, 198.51.100.9"]),
            "198.51.100.9"
        );
    }

    #[test]
    fn chain_of_trusted_proxies_is_followed() {
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
    fn mapped_addresses_are_unmapped() {
        assert_eq!(
            client("::ffff:10.0.0.1", &["::ffff:192.0.2.1"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn invalid_entry_ends_the_search() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["\u{e9}, 192.0.2.1"]), "192.0.2.1");
    }
}
