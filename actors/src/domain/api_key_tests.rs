//! Tests of the API key format.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// A deterministic generator (SplitMix64), so that the tests are reproducible.
fn splitmix(mut state: u64) -> impl FnMut(&mut [u8]) {
    move |buffer| {
        for byte in buffer {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed ^ (mixed >> 31)).to_le_bytes()[0];
        }
    }
}

fn key(seed: u64) -> (KeyPrefix, KeySecret, String) {
    let mut entropy = splitmix(seed);
    let prefix = generate_prefix(&mut entropy);
    let secret = generate_secret(&prefix, &mut entropy);
    let text = full_key(&prefix, &secret).expose_secret().to_owned();
    (prefix, secret, text)
}

#[test]
fn checksum_is_crc32_in_base62() {
    // Computed independently with Python's zlib.crc32 over the preceding 44 characters.
    let prefix = KeyPrefix::parse("abcdEF12").unwrap();
    let random = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    let checksum = checksum_of(&prefix, random);
    assert_eq!(std::str::from_utf8(&checksum).unwrap(), "27We7K");
}

#[test]
fn characters_are_uniformly_distributed() {
    let mut text = String::new();
    push_base62(&mut text, 62_000, &mut splitmix(7));
    let mut counts: HashMap<char, u32> = HashMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
    }
    assert_eq!(counts.len(), 62);
    // The mean is 1,000 and the standard deviation 31. The test allows six deviations either way.
    assert!(
        counts.values().all(|count| (810..=1190).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn secret_is_never_printed() {
    let (prefix, secret, text) = key(1);
    let presented = PresentedKey::parse(&text).unwrap();
    for printed in [
        format!("{secret:?}"),
        format!("{presented:?}"),
        format!("{:?}", full_key(&prefix, &secret)),
    ] {
        assert!(!printed.contains(secret.expose()), "{printed}");
        assert!(
            !printed.contains(&secret.expose()[..RANDOM_LEN]),
            "{printed}"
        );
    }
    assert_eq!(mask(&prefix), format!("ca_{}…", prefix.as_str()));
}

#[test]
fn malformed_key_is_refused_with_its_cause() {
    let (_, _, text) = key(2);
    assert_eq!(PresentedKey::parse("").unwrap_err(), KeyFormatError::Marker);
    assert_eq!(
        PresentedKey::parse("sk_live_x").unwrap_err(),
        KeyFormatError::Marker
    );
    assert_eq!(
        PresentedKey::parse(&text[..49]).unwrap_err(),
        KeyFormatError::Length
    );
    assert_eq!(
        PresentedKey::parse(&format!("{text} ")).unwrap_err(),
        KeyFormatError::Length
    );
    assert_eq!(
        PresentedKey::parse(&text.replacen(&text[20..21], "-", 1)).unwrap_err(),
        KeyFormatError::Alphabet
    );
    let moved = format!("ca_{}_{}", &text[3..10], "A".repeat(39));
    assert_eq!(
        PresentedKey::parse(&moved).unwrap_err(),
        KeyFormatError::Alphabet
    );
    let multibyte = format!("ca_{}_{}", "é".repeat(4), "A".repeat(38));
    assert_eq!(
        PresentedKey::parse(&multibyte).unwrap_err(),
        KeyFormatError::Alphabet
    );
    assert_eq!(
        KeyPrefix::parse("short").unwrap_err(),
        KeyFormatError::Length
    );
    assert_eq!(
        KeyPrefix::parse("abc_EF12").unwrap_err(),
        KeyFormatError::Alphabet
    );
}

proptest! {
    #[test]
    fn generated_key_round_trips(seed: u64) {
        let (prefix, secret, text) = key(seed);
        prop_assert_eq!(text.len(), KEY_LEN);
        let presented = PresentedKey::parse(&text).unwrap();
        prop_assert_eq!(presented.prefix, prefix);
        prop_assert_eq!(presented.secret.expose(), secret.expose());
    }

    #[test]
    fn changed_character_is_always_detected(seed: u64, place in 0..KEY_LEN, other in 0..62_usize) {
        let (_, _, text) = key(seed);
        let mut changed = text.clone().into_bytes();
        changed[place] = ALPHABET[other];
        let changed = String::from_utf8(changed).unwrap();
        prop_assume!(changed != text);
        prop_assert!(PresentedKey::parse(&changed).is_err());
    }

    #[test]
    fn parse_never_panics(text in "(ca_)?.*") {
        let _ = PresentedKey::parse(&text);
    }
}

#[test]
fn documentation_contains_the_scanner_regex() {
    let documented = include_str!("../../../docs/keys.md");
    assert!(documented.lines().any(|line| line == SCANNER_REGEX));
}
