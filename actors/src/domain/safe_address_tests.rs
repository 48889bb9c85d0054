//! Tests of the address rule: both ends of every special range, and every notation of an address in
//! a URL.

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn production() -> AddressPolicy {
    AddressPolicy {
        production: true,
        allow: Vec::new(),
    }
}

fn loopback_sandbox() -> AddressPolicy {
    let allow = ["127.0.0.0/8", "::1/128"]
        .map(|network| network.parse().unwrap())
        .to_vec();
    AddressPolicy {
        production: false,
        allow,
    }
}

#[test]
fn special_ranges_are_refused_at_both_ends() {
    for range in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
        "::/128",
        "::1/128",
        "::/96",
        "::ffff:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "100:0:0:1::/64",
        "2001::/23",
        "2001::/32",
        "2001:2::/48",
        "2001:10::/28",
        "2001:20::/28",
        "2001:db8::/32",
        "2002::/16",
        "3ffe::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fd00:ec2::254/128",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ] {
        let network: IpNet = range.parse().unwrap();
        assert!(!is_public(network.network()), "{range}");
        assert!(!is_public(network.broadcast()), "{range}");
    }
}

#[test]
fn neighbours_of_special_ranges_are_public() {
    for text in [
        "1.0.0.0",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "168.63.129.15",
        "2001:200::",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "3fff:1000::",
        "2003::",
    ] {
        assert!(is_public(address(text)), "{text}");
    }
}

#[test]
fn allowed_network_permits_mapped_addresses() {
    let policy = loopback_sandbox();
    assert!(policy.permits(address("127.0.0.1")));
    assert!(policy.permits(address("::ffff:127.0.0.1")));
    assert!(!policy.permits(address("10.0.0.1")));
    assert!(!policy.permits(address("::ffff:10.0.0.1")));
}

#[test]
fn valid_url_is_accepted() {
    for text in [
        "https://example.com",
        "https://example.com:8443/a?b=c",
        "https://8.8.8.8/",
        "https://[2606:4700::1]/x",
    ] {
        assert!(check_url(text, &production()).is_ok(), "{text}");
    }
    let sandbox = loopback_sandbox();
    for text in [
        "http://127.0.0.1:9999/hook",
        "http://localhost:3000",
        "http://[::1]:80/",
        "https://example.com:9000",
    ] {
        assert!(check_url(text, &sandbox).is_ok(), "{text}");
    }
}

#[test]
fn invalid_url_is_refused_with_its_cause() {
    let refused = |text: &str| check_url(text, &production()).unwrap_err();
    assert_eq!(refused("http://example.com"), UnsafeUrl::NotHttps);
    assert_eq!(refused("ftp://example.com"), UnsafeUrl::NotHttps);
    assert_eq!(
        check_url("ftp://example.com", &loopback_sandbox()).unwrap_err(),
        UnsafeUrl::NotHttp
    );
    assert_eq!(refused("https://user@example.com"), UnsafeUrl::Userinfo);
    assert_eq!(refused("https://:pw@example.com"), UnsafeUrl::Userinfo);
    assert_eq!(refused("https://example.com/#x"), UnsafeUrl::Fragment);
    assert_eq!(refused("https://example.com/#"), UnsafeUrl::Fragment);
    assert_eq!(refused("https://example.com:22"), UnsafeUrl::Port(22));
    assert_eq!(refused("https://example.com:80"), UnsafeUrl::Port(80));
    assert_eq!(
        check_url("http://127.0.0.1:0", &loopback_sandbox()).unwrap_err(),
        UnsafeUrl::Port(0)
    );
    assert_eq!(
        refused(&format!("https://example.com/{}", "a".repeat(2_048))),
        UnsafeUrl::TooLong
    );
    for text in [
        "",
        "example.com",
        "/path",
        "https://",
        "https://exa mple.com",
        " https://example.com",
        "https://a\tb.com",
        "https:\\\\example.com",
        "https://example.com:99999",
        "https://[::1",
        "https://\u{0}",
    ] {
        assert_eq!(refused(text), UnsafeUrl::Malformed, "{text:?}");
    }
}

#[test]
fn literal_address_is_checked_in_every_notation() {
    let loopback = UnsafeUrl::NotPublic(address("127.0.0.1"));
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "127.1",
        "127.0.0.1.",
        "１２７.0.0.1",
    ] {
        assert_eq!(
            check_url(&format!("https://{host}/"), &production()).unwrap_err(),
            loopback,
            "{host}"
        );
    }
    for host in [
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1]",
        "169.254.169.254",
        "0",
        "[::]",
    ] {
        let refused = check_url(&format!("https://{host}/"), &production()).unwrap_err();
        assert!(matches!(refused, UnsafeUrl::NotPublic(_)), "{host}");
        assert!(!refused.to_string().contains(['[', ']']));
    }
}

#[test]
fn allowed_nat64_network_leads_only_to_permitted_addresses() {
    let policy = |allow: &[&str]| AddressPolicy {
        production: true,
        allow: allow
            .iter()
            .map(|network| network.parse().unwrap())
            .collect(),
    };
    let nat64 = policy(&["64:ff9b::/96", "64:ff9b:1::/48"]);
    let inner_too = policy(&["64:ff9b::/96", "10.0.0.0/8"]);
    for prefix in ["64:ff9b::", "64:ff9b:1::"] {
        assert!(
            nat64.permits(address(&format!("{prefix}8.8.8.8"))),
            "{prefix}"
        );
        for inner in ["127.0.0.1", "169.254.169.254", "10.1.2.3", "0.0.0.0"] {
            let wrapped = address(&format!("{prefix}{inner}"));
            assert!(!nat64.permits(wrapped), "{wrapped}");
            assert!(!policy(&[]).permits(wrapped), "{wrapped}");
        }
    }
    assert!(inner_too.permits(address("64:ff9b::10.1.2.3")));
    assert!(!inner_too.permits(address("64:ff9b::127.0.0.1")));
    assert!(!policy(&["10.0.0.0/8"]).permits(address("64:ff9b::10.1.2.3")));
}

#[test]
fn one_unsafe_address_refuses_the_name() {
    let (good, bad) = (address("8.8.8.8"), address("10.0.0.1"));
    assert_eq!(vet(&[good], &production()), Ok(good));
    assert_eq!(
        vet(&[address("1.1.1.1"), good], &production()),
        Ok(address("1.1.1.1"))
    );
    assert_eq!(
        vet(&[good, bad], &production()),
        Err(UnsafeUrl::NotPublic(bad))
    );
    assert_eq!(
        vet(&[bad, good], &production()),
        Err(UnsafeUrl::NotPublic(bad))
    );
    assert_eq!(vet(&[], &production()), Err(UnsafeUrl::NoAddress));
    let allow = vec!["10.0.0.0/8".parse().unwrap()];
    assert_eq!(
        vet(
            &[good, bad],
            &AddressPolicy {
                production: true,
                allow
            }
        ),
        Ok(good)
    );
}

proptest! {
    #[test]
    fn embedded_ipv4_address_is_never_public(v4: u32) {
        let v4 = u128::from(v4);
        let nat64 = 0x0064_ff9b_u128 << 96;
        for v6 in [v4, 0xffff_u128 << 32 | v4, nat64 | v4, nat64 | 1 << 80 | v4, 0x2002_u128 << 112 | v4 << 80] {
            prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::from_bits(v6))));
        }
    }

    #[test]
    fn check_url_never_panics(text in "(https?://)?.*") {
        let _ = check_url(&text, &production());
        let _ = check_url(&text, &loopback_sandbox());
    }
}
