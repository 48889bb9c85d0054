//! Tests of the signatures with published vectors and with independently computed values.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;

/// The example of the Standard Webhooks reference libraries.
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const STANDARD_TIME: i64 = 1_614_265_330;
const STANDARD_BODY: &[u8] = br#"{"test": 2432232314}"#;
const STANDARD_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

#[test]
fn standard_webhooks_vector() {
    let secrets = [secret(STANDARD_SECRET)];
    assert_eq!(
        sign(&secrets, STANDARD_ID, STANDARD_TIME, STANDARD_BODY),
        STANDARD_SIGNATURE
    );
}

#[test]
fn svix_vector() {
    let secrets = [secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let header = sign(
        &secrets,
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        1_649_367_553,
        body,
    );
    assert_eq!(header, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

#[test]
fn github_vector() {
    let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let (key, body) = (b"It's a Secret to Everybody", b"Hello, World!");
    assert_eq!(hmac_sha256_hex(key, body), hex);
}

#[test]
fn rfc_4231_case_6_key_longer_than_a_block() {
    let body = b"Test Using Larger Than Block-Size Key - Hash Key First";
    let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
    assert_eq!(hmac_sha256_hex(&[0xaa; 131], body), expected);
}

#[test]
fn either_secret_verifies_during_a_rotation() {
    let (old, new) = (
        secret(STANDARD_SECRET),
        secret("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    );
    let header = sign(
        &[new.clone(), old.clone()],
        STANDARD_ID,
        STANDARD_TIME,
        STANDARD_BODY,
    );
    assert_eq!(header.split(' ').count(), 2);
    assert!(header.ends_with(STANDARD_SIGNATURE));
    for receiver in [&old, &new] {
        let receiver = std::slice::from_ref(receiver);
        assert_eq!(
            verify(
                receiver,
                STANDARD_ID,
                STANDARD_TIME,
                STANDARD_BODY,
                &header,
                STANDARD_TIME
            ),
            Ok(())
        );
    }
}

#[test]
fn webhook_is_refused_with_its_cause() {
    let secrets = [secret(STANDARD_SECRET)];
    let check = |id: &str, at: i64, body: &[u8], header: &str, now| {
        verify(&secrets, id, at, body, header, now)
    };
    let signed = STANDARD_SIGNATURE;
    assert_eq!(
        check(
            STANDARD_ID,
            STANDARD_TIME,
            STANDARD_BODY,
            &format!("v1a,xx {signed}"),
            STANDARD_TIME + 300
        ),
        Ok(())
    );
    let late = check(
        STANDARD_ID,
        STANDARD_TIME,
        STANDARD_BODY,
        signed,
        STANDARD_TIME + 301,
    );
    assert_eq!(late, Err(SignatureError::OutsideTolerance));
    assert_eq!(
        check(
            "msg_other",
            STANDARD_TIME,
            STANDARD_BODY,
            signed,
            STANDARD_TIME
        ),
        Err(SignatureError::Mismatch)
    );
    assert_eq!(
        check(STANDARD_ID, STANDARD_TIME, b"{}", signed, STANDARD_TIME),
        Err(SignatureError::Mismatch)
    );
    for malformed in ["", "v2,abc", "v1,***"] {
        let refused = check(
            STANDARD_ID,
            STANDARD_TIME,
            STANDARD_BODY,
            malformed,
            STANDARD_TIME,
        );
        assert_eq!(refused, Err(SignatureError::Malformed), "{malformed}");
    }
}

#[test]
fn secret_is_24_to_64_bytes_and_never_printed() {
    for length in [24, 32, 64] {
        let text = format!("whsec_{}", STANDARD.encode(vec![7_u8; length]));
        let secret = secret(&text);
        assert_eq!(secret.expose().expose_secret(), text);
        assert!(!format!("{secret:?}").contains(&text[6..]));
    }
    for length in [0, 23, 65] {
        let text = format!("whsec_{}", STANDARD.encode(vec![7_u8; length]));
        assert_eq!(
            WebhookSecret::parse(&text).unwrap_err(),
            SecretFormatError::Length
        );
    }
    assert_eq!(
        WebhookSecret::parse("sk_abc").unwrap_err(),
        SecretFormatError::Marker
    );
    assert_eq!(
        WebhookSecret::parse("whsec_!").unwrap_err(),
        SecretFormatError::Base64
    );
}

#[test]
fn generated_secret_equals_the_given_entropy() {
    let generated = WebhookSecret::generate(&mut |buffer| buffer.fill(9));
    let expected = format!("whsec_{}", STANDARD.encode([9_u8; 32]));
    assert_eq!(generated.expose().expose_secret(), expected);
}

proptest! {
    #[test]
    fn signed_body_verifies_and_changed_body_does_not(
        id in "[a-z0-9-]{1,40}", at in 0..4_000_000_000_i64, body: Vec<u8>, flip: usize,
    ) {
        let secrets = [secret(STANDARD_SECRET)];
        let header = sign(&secrets, &id, at, &body);
        prop_assert_eq!(verify(&secrets, &id, at, &body, &header, at), Ok(()));
        let mut changed = body.clone();
        match changed.len() {
            0 => changed.push(0),
            length => changed[flip % length] ^= 1,
        }
        prop_assert_eq!(verify(&secrets, &id, at, &changed, &header, at), Err(SignatureError::Mismatch));
    }

    #[test]
    fn verifier_never_panics(header in ".*") {
        let _ = verify(&[], "", 0, b"", &header, 0);
    }
}
