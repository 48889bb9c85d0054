//! May we connect to this address? The rule against server-side request forgery.
//!
//! A URL is judged twice: its text when it is set ([`check_url`]), and every address that its name
//! resolves to at each delivery ([`vet`]). A name with one bad address is refused whole, because
//! which of them is dialled is not ours to choose. IPv4 follows IANA's special-purpose registry; of
//! IPv6 only `2000::/3` without its special blocks is public, which leaves out mapped, compatible,
//! NAT64, unique-local, link-local and multicast addresses by construction.
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>
//!
//! Owns that judgement. Never resolves a name, never connects; the sender must dial exactly the
//! address that was vetted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// The longest URL that is accepted, bytes.
pub const URL_MAX: usize = 2_048;
/// The ports that production connects to.
pub const PRODUCTION_PORTS: [u16; 2] = [443, 8443];

/// What outbound delivery may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Production: https only, ports 443 and 8443 only.
    pub production: bool,
    /// Networks that may be reached although they are not public.
    pub allow: Vec<IpNet>,
}

impl AddressPolicy {
    /// Whether an address may be connected to: public, or allowed by the operator. A mapped address
    /// (`::ffff:127.0.0.1`) is allowed where the IPv4 address in it is.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let allowed = |address: IpAddr| self.allow.iter().any(|network| network.contains(&address));
        is_public(address) || allowed(address) || allowed(address.to_canonical())
    }
}

/// Why a URL or its addresses were refused. The message says what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnsafeUrl {
    /// Longer than [`URL_MAX`].
    #[error("the URL is longer than 2048 characters")]
    TooLong,
    /// Not an absolute URL, or with spaces or control characters in it.
    #[error("this is not a valid URL: write it whole, such as https://example.com/webhooks")]
    Malformed,
    /// Another scheme than https.
    #[error("the URL must begin with https://")]
    NotHttps,
    /// Neither http nor https (sandbox).
    #[error("the URL must begin with https:// or http://")]
    NotHttp,
    /// A user name or password in the URL.
    #[error("the URL must not contain a user name or password")]
    Userinfo,
    /// A fragment is never sent.
    #[error("the URL must not contain a fragment: leave out the # and what follows")]
    Fragment,
    /// A port that is not connected to.
    #[error("port {0} is not allowed: use 443 or 8443")]
    Port(u16),
    /// An address that is not on the public internet.
    #[error("the address {0} is not public: use a host that is reachable from the internet")]
    NotPublic(IpAddr),
    /// The name resolved to nothing.
    #[error("the host name does not resolve to any address")]
    NoAddress,
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
            // Shared address space of carrier-grade NAT (RFC 6598), Alibaba's metadata in it.
            | [100, 64..=127, ..]
            // Link local, with the metadata services of most clouds.
            | [169, 254, ..]
            // Private.
            | [172, 16..=31, ..]
            | [192, 168, ..]
            // IETF protocol assignments (Oracle's metadata in them), and the first documentation
            // network.
            | [192, 0, 0 | 2, _]
            // The other two documentation networks; deprecated 6to4 relays.
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [192, 88, 99, _]
            // Benchmarking.
            | [198, 18 | 19, ..]
            // Azure's platform address, public by number only.
            | [168, 63, 129, 16]
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Global unicast. Outside it: unspecified, loopback, IPv4-compatible and -mapped (::/96,
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
            // 6to4 carries an IPv4 address that nobody judged; 6bone is long gone.
            | (0x2002 | 0x3ffe, _)
    );
    global_unicast && !special
}

/// Judges the text of a webhook URL. A host written as an address is judged here, in any of its
/// spellings, because the parser normalises them (`http://2130706433/` is `127.0.0.1`); a name is
/// judged by [`vet`] once it is resolved.
///
/// # Errors
/// [`UnsafeUrl`], by cause.
pub fn check_url(text: &str, policy: &AddressPolicy) -> Result<Url, UnsafeUrl> {
    if text.len() > URL_MAX {
        return Err(UnsafeUrl::TooLong);
    }
    // The parser would drop or trim these, and so check another text than the one that was written.
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
    // The parser reads any number of slashes as two, and so a path as a host.
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

/// Judges what a name resolved to: all of it, or nothing. Answers the address to dial, the first.
///
/// # Errors
/// [`UnsafeUrl::NoAddress`] for none, [`UnsafeUrl::NotPublic`] with the first one that may not be reached.
pub fn vet(addresses: &[IpAddr], policy: &AddressPolicy) -> Result<IpAddr, UnsafeUrl> {
    if let Some(address) = addresses.iter().find(|address| !policy.permits(**address)) {
        return Err(UnsafeUrl::NotPublic(*address));
    }
    addresses.first().copied().ok_or(UnsafeUrl::NoAddress)
}

#[cfg(test)]
#[path = "safe_address_tests.rs"]
mod tests;
