//! Tests of the signatures of incoming requests, with published vectors and with independently computed values.

use proptest::prelude::*;

use super::*;

/// Stripe's example event, signed with Python's hmac.
const STRIPE_SECRET: &str = "whsec_test_secret";
const STRIPE_TIME: i64 = 1_492_774_577;
const STRIPE_BODY: &[u8] = br#"{"id":"evt_1","type":"account.updated"}"#;
const STRIPE_V1: &str = "550dbe1e6938b756b9ed65715b076a56c6401b4684b5c80207338224daa8c111";

fn ended(
    begun: Result<BodySignature, SignatureError>,
    body: &[u8],
    now_s: i64,
) -> Result<(), SignatureError> {
    let mut signature = begun?;
    signature.update(body);
    signature.verify(now_s).map(|_| ())
}

fn verify_stripe(header: &str, body: &[u8], key: &str, now_s: i64) -> Result<(), SignatureError> {
    let begun = BodySignature::stripe(&[header], &[key.as_bytes()]);
    ended(begun, body, now_s)
}

fn verify_hex(header: &str, body: &[u8], key: &[u8]) -> Result<(), SignatureError> {
    ended(BodySignature::hex(&[header], &[key]), body, 0)
}

fn verify_docusign(headers: &[&str], body: &[u8], key: &[u8]) -> Result<(), SignatureError> {
    ended(BodySignature::base64(headers, &[key]), body, 0)
}

#[test]
fn github_vector_is_accepted_as_hex() {
    let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let (key, body) = (b"It's a Secret to Everybody", b"Hello, World!");
    assert_eq!(verify_hex(hex, body, key), Ok(()));
    assert_eq!(verify_hex(&format!("sha256={hex}"), body, key), Ok(()));
    assert_eq!(verify_hex(&hex.to_uppercase(), body, key), Ok(()));
    assert_eq!(
        verify_hex(hex, b"Hello, world!", key),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        verify_hex(&hex[..62], body, key),
        Err(SignatureError::Mismatch),
        "a prefix does not match"
    );
    assert_eq!(verify_hex(hex, body, b""), Err(SignatureError::EmptyKey));
    for malformed in ["", "sha256=", "sha1=00", "zz", &hex[..63]] {
        assert_eq!(
            verify_hex(malformed, body, key),
            Err(SignatureError::Malformed),
            "{malformed}"
        );
    }
}

#[test]
fn stripe_accepts_any_v1_and_ignores_other_schemes() {
    let zeros = "0".repeat(64);
    for header in [
        format!("t={STRIPE_TIME},v1={STRIPE_V1}"),
        format!("t={STRIPE_TIME},v1={zeros},v1={STRIPE_V1},v0={zeros}"),
        format!("v1={STRIPE_V1}, t={STRIPE_TIME}"),
    ] {
        for now_s in [STRIPE_TIME - 300, STRIPE_TIME, STRIPE_TIME + 300] {
            assert_eq!(
                verify_stripe(&header, STRIPE_BODY, STRIPE_SECRET, now_s),
                Ok(()),
                "{header}"
            );
        }
    }
}

#[test]
fn stripe_signature_is_refused_with_its_cause() {
    let check = |header: &str, now_s| verify_stripe(header, STRIPE_BODY, STRIPE_SECRET, now_s);
    let good = format!("t={STRIPE_TIME},v1={STRIPE_V1}");
    for now_s in [STRIPE_TIME - 301, STRIPE_TIME + 301, i64::MIN, i64::MAX] {
        assert_eq!(check(&good, now_s), Err(SignatureError::OutsideTolerance));
    }
    let other_time = format!("t={},v1={STRIPE_V1}", STRIPE_TIME + 1);
    assert_eq!(
        check(&other_time, STRIPE_TIME),
        Err(SignatureError::Mismatch)
    );
    let only_v0 = format!("t={STRIPE_TIME},v0={STRIPE_V1}");
    let two_times = format!("t={STRIPE_TIME},t={},v1={STRIPE_V1}", STRIPE_TIME + 1);
    let no_time = format!("v1={STRIPE_V1}");
    let bad_time = format!("t=now,v1={STRIPE_V1}");
    for malformed in [
        "",
        "t=1",
        "v1",
        only_v0.as_str(),
        &two_times,
        &no_time,
        &bad_time,
    ] {
        assert_eq!(
            check(malformed, STRIPE_TIME),
            Err(SignatureError::Malformed),
            "{malformed}"
        );
    }
    assert_eq!(
        verify_stripe(&good, STRIPE_BODY, "", STRIPE_TIME),
        Err(SignatureError::EmptyKey)
    );
    assert_eq!(
        verify_stripe(&good, STRIPE_BODY, "other", STRIPE_TIME),
        Err(SignatureError::Mismatch)
    );
}

#[test]
fn docusign_accepts_any_matching_header() {
    // The GitHub vector in base64, as DocuSign encodes it.
    let (key, body) = (b"It's a Secret to Everybody", b"Hello, World!");
    let good = "dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
    let zeros = STANDARD.encode([0_u8; 32]);
    assert_eq!(verify_docusign(&[good], body, key), Ok(()));
    assert_eq!(
        verify_docusign(&[&zeros, "not base64!", good], body, key),
        Ok(())
    );
    assert_eq!(
        verify_docusign(&[&zeros], body, key),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        verify_docusign(&["*"], body, key),
        Err(SignatureError::Malformed)
    );
    assert_eq!(
        verify_docusign(&[], body, key),
        Err(SignatureError::Malformed)
    );
    assert_eq!(
        verify_docusign(&[good], body, b""),
        Err(SignatureError::EmptyKey)
    );
}

#[test]
fn several_lines_are_one_list() {
    let zeros = "0".repeat(64);
    let lines = [
        format!("t={STRIPE_TIME},v1={zeros}"),
        format!("t={STRIPE_TIME},v1={STRIPE_V1}"),
    ];
    let lines = [lines[0].as_str(), lines[1].as_str()];
    let begun = BodySignature::stripe(&lines, &[STRIPE_SECRET.as_bytes()]);
    assert_eq!(ended(begun, STRIPE_BODY, STRIPE_TIME), Ok(()));
}

#[test]
fn number_of_the_matching_key_is_told() {
    let header = format!("t={STRIPE_TIME},v1={STRIPE_V1}");
    let keys: [&[u8]; 3] = [b"older", STRIPE_SECRET.as_bytes(), b"other"];
    let mut signature = BodySignature::stripe(&[&header], &keys).unwrap();
    for part in STRIPE_BODY.chunks(7) {
        signature.update(part);
    }
    assert_eq!(signature.verify(STRIPE_TIME), Ok(1));
    let empty: [&[u8]; 2] = [b"older", b""];
    let refused = BodySignature::stripe(&[&header], &empty).map(|_| ());
    assert_eq!(refused, Err(SignatureError::EmptyKey));
}

proptest! {
    #[test]
    fn verifiers_never_panic(header in ".*") {
        let _ = verify_stripe(&header, b"", "k", 0);
        let _ = verify_hex(&header, b"", b"k");
        let _ = verify_docusign(&[&header], b"", b"k");
    }
}
