//! Protection against server-side request forgery (SSRF): which addresses may be connected to.
//!
//! A URL is checked twice: its text when it is set ([`check_url`]), and every address of its host
//! name at each delivery ([`vet`]). One unsafe address refuses the whole name, because the owner of
//! the name controls the order of its addresses. IPv4 follows the IANA special-purpose registry. For
//! IPv6 only `2000::/3` without its special blocks is public. This excludes mapped, compatible,
//! NAT64, unique-local, link-local and multicast addresses.
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>
//!
//! Owns the check. Never resolves a name and never connects. The sender must connect to exactly the
//! address that [`vet`] returned.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// The maximum length of a URL, in bytes.
pub const URL_MAX: usize = 2_048;
/// The permitted ports in production.
pub const PRODUCTION_PORTS: [u16; 2] = [443, 8443];

/// Which addresses deliveries may connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether the production rules apply: only https, and only ports 443 and 8443.
    pub production: bool,
    /// Networks that are permitted although they are not public.
    pub allow: Vec<IpNet>,
}

impl AddressPolicy {
    /// Whether an address is public or allowed by the operator. A mapped address such as
    /// `::ffff:127.0.0.1` is allowed if its IPv4 address is. An address of a NAT64 network that the
    /// operator allows leads to the IPv4 address inside it, which must be permitted, too.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let allowed = |address: IpAddr| self.allow.iter().any(|network| network.contains(&address));
        if let Some(inner) = nat64_target(address) {
            let inner = IpAddr::V4(inner);
            return allowed(address) && (is_public(inner) || allowed(inner));
        }
        is_public(address) || allowed(address) || allowed(address.to_canonical())
    }
}

/// Why a URL or an address is refused. The message states what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeUrl {
    /// The URL is longer than [`URL_MAX`].
    #[error("the URL is longer than 2048 characters")]
    TooLong,
    /// The text is not an absolute URL, or it contains spaces, control characters or backslashes.
    #[error("this is not a valid URL: write the full URL, such as https://example.com/webhooks")]
    Malformed,
    /// The scheme is not https (production).
    #[error("the URL must begin with https://")]
    NotHttps,
    /// The scheme is neither http nor https (sandbox).
    #[error("the URL must begin with https:// or http://")]
    NotHttp,
    /// The URL contains a user name or password.
    #[error("the URL must not contain a user name or password")]
    Userinfo,
    /// The URL contains a fragment, which HTTP never sends.
    #[error("the URL must not contain a fragment: leave out the # and what follows")]
    Fragment,
    /// The port is not permitted.
    #[error("port {0} is not allowed: use 443 or 8443")]
    Port(u16),
    /// The address is not on the public internet.
    #[error("the address {0} is not public: use a host that is reachable from the internet")]
    NotPublic(IpAddr),
    /// The host name resolved to no address.
    #[error("the host name does not resolve to any address")]
    NoAddress,
}

/// The IPv4 address to which a NAT64 gateway translates an address: of the well-known prefix `64:ff9b::/96` (RFC 6052)
/// or of the local prefix `64:ff9b:1::/48` (RFC 8215), which every format of RFC 6052 can use; the last 32 bits are
/// taken for it.
fn nat64_target(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else {
        return None;
    };
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, _, _, _, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

/// Whether an address is on the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = matches!(
        address.octets(),
        // This network; private; loopback; multicast, reserved, broadcast.
        [0 | 10 | 127 | 224..=255, ..]
            // Shared address space of carrier-grade NAT (RFC 6598), with Alibaba's metadata service.
            | [100, 64..=127, ..]
            // Link local, with the metadata services of most clouds.
            | [169, 254, ..]
            // Private.
            | [172, 16..=31, ..]
            | [192, 168, ..]
            // IETF protocol assignments, with Oracle's metadata service; the first documentation
            // network.
            | [192, 0, 0 | 2, _]
            // The other two documentation networks; deprecated 6to4 relays.
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [192, 88, 99, _]
            // Benchmarking.
            | [198, 18 | 19, ..]
            // Azure's platform address, which is not reachable from the internet.
            | [168, 63, 129, 16]
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast. This excludes: unspecified, loopback, IPv4-compatible and -mapped (::/96,
    // ::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48), discard (100::/64), SRv6 (5f00::/16),
    // unique local (fc00::/7), link local (fe80::/10), site local (fec0::/10), multicast
    // (ff00::/8).
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    let special = matches!(
        (segments[0], segments[1]),
        // IETF protocol assignments (2001::/23): Teredo, benchmarking, ORCHID and the rest;
        // documentation (2001:db8::/32).
        (0x2001, 0..=0x01ff | 0x0db8)
            // Documentation (3fff::/20).
            | (0x3fff, 0..=0x0fff)
            // 6to4 embeds an IPv4 address that is not checked; 6bone is no longer in use.
            | (0x2002 | 0x3ffe, _)
    );
    global_unicast && !special
}

/// Checks the text of a webhook URL. A literal address is checked here in every notation, because
/// the parser normalises it (`http://2130706433/` is `127.0.0.1`). [`vet`] checks the addresses of a
/// host name after resolution.
///
/// # Errors
/// [`UnsafeUrl`] with the first rule that the URL violates.
pub fn check_url(text: &str, policy: &AddressPolicy) -> Result<Url, UnsafeUrl> {
    if text.len() > URL_MAX {
        return Err(UnsafeUrl::TooLong);
    }
    // The parser removes or replaces these characters, so the checked URL would differ from the text.
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace() || character == '\\')
    {
        return Err(UnsafeUrl::Malformed);
    }
    let url = Url::parse(text).map_err(|_| UnsafeUrl::Malformed)?;
    match (url.scheme(), policy.production) {
        ("https", _) | ("http", false) => {}
        (_, true) => return Err(UnsafeUrl::NotHttps),
        (_, false) => return Err(UnsafeUrl::NotHttp),
    }
    // The parser treats any number of slashes as two, so it would accept a path as a host.
    let after_scheme = text.get(url.scheme().len()..).unwrap_or_default();
    let host = after_scheme.strip_prefix("://").unwrap_or_default();
    if host.is_empty() || host.starts_with('/') {
        return Err(UnsafeUrl::Malformed);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UnsafeUrl::Userinfo);
    }
    if url.fragment().is_some() {
        return Err(UnsafeUrl::Fragment);
    }
    let port = url.port_or_known_default().ok_or(UnsafeUrl::Malformed)?;
    if port == 0 || (policy.production && !PRODUCTION_PORTS.contains(&port)) {
        return Err(UnsafeUrl::Port(port));
    }
    let literal = match url.host().ok_or(UnsafeUrl::Malformed)? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    };
    match literal {
        Some(address) if !policy.permits(address) => Err(UnsafeUrl::NotPublic(address)),
        _ => Ok(url),
    }
}

/// Checks all addresses of a host name and returns the first, which is the one to connect to.
///
/// # Errors
/// [`UnsafeUrl::NoAddress`] if there is none. [`UnsafeUrl::NotPublic`] with the first address that is
/// not permitted.
pub fn vet(addresses: &[IpAddr], policy: &AddressPolicy) -> Result<IpAddr, UnsafeUrl> {
    if let Some(address) = addresses.iter().find(|address| !policy.permits(**address)) {
        return Err(UnsafeUrl::NotPublic(*address));
    }
    addresses.first().copied().ok_or(UnsafeUrl::NoAddress)
}

#[cfg(test)]
#[path = "safe_address_tests.rs"]
mod tests;
