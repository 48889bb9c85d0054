//! Receivers whose TLS is bad, and receivers that misbehave behind good TLS.

use rcgen::{CertificateParams, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::misbehaving_server::{
    HEAR, MisbehavingServer, PATIENT, SHORT, Step, attempt, cause, flood, post, say,
};
use super::super::sanitize::MAX_EXCERPT;
use super::super::test_ca::{TestCa, https, self_signed};
use super::*;
use crate::domain::retry::Outcome;

/// Hears the first message of a handshake, whole.
const HEAR_HELLO: Step = Step::Hear(|heard| match *heard {
    [_, _, _, high, low, ref rest @ ..] => rest.len() >= usize::from(high) * 256 + usize::from(low),
    _ => false,
});

#[tokio::test]
async fn a_certificate_that_proves_nothing_is_told_as_such() {
    type Change = fn(&mut CertificateParams);
    let authority = TestCa::new();
    let changes: [(&str, Change); 4] = [
        ("expired", |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }),
        ("not valid yet", |params| {
            params.not_before = date_time_ymd(2999, 1, 1);
        }),
        ("not valid for name", |params| {
            *params = CertificateParams::new(vec!["other.example.com".to_owned()]).unwrap();
        }),
        ("not valid for name", |params| {
            params.subject_alt_names.clear();
        }),
    ];
    let bad = changes
        .into_iter()
        .map(|(words, change)| (words, authority.acceptor(change, &[])));
    let unproven = [
        ("UnknownIssuer", self_signed()),
        // By another authority of the same name.
        ("BadSignature", TestCa::new().acceptor(|_| {}, &[])),
    ];
    for (words, acceptor) in bad.chain(unproven) {
        let rogue = MisbehavingServer::start_tls(vec![HEAR], acceptor);
        let sender = authority.trusting_sender(PATIENT);
        let answer = attempt(&sender, post(&https(rogue.port)), words).await;
        assert_eq!(cause(&answer, words), FailureCause::Tls, "{answer:?}");
        let error = answer.error.unwrap();
        let said = error.strip_prefix("the TLS handshake failed: invalid peer certificate: ");
        assert!(said.expect(&error).contains(words), "{words}: {error}");
        let seen = rogue.left_alone(words).await;
        assert_eq!(seen.heard, b"", "{words}: nothing was sent to it");
    }
}

#[tokio::test]
async fn a_handshake_that_fails_is_told_as_such() {
    let bytes = |bytes: &[u8]| Step::Say(bytes.to_vec());
    let cases = [
        (
            "plain HTTP",
            vec![
                HEAR_HELLO,
                say("HTTP/1.1 400 Bad Request\r\n\r\n"),
                Step::Hold,
            ],
            FailureCause::Tls,
        ),
        (
            "another protocol",
            vec![say("220 mail.example.com ESMTP\r\n"), Step::Hold],
            FailureCause::Tls,
        ),
        (
            "an alert",
            vec![HEAR_HELLO, bytes(b"\x15\x03\x03\0\x02\x02\x28"), Step::Hold],
            FailureCause::Tls,
        ),
        (
            "an endless record",
            vec![HEAR_HELLO, flood("\x16\x03\x03\x7f\x7f")],
            FailureCause::Tls,
        ),
        (
            "endless nothings",
            vec![HEAR_HELLO, flood("\0")],
            FailureCause::Tls,
        ),
        ("a close", vec![HEAR_HELLO], FailureCause::Tls),
        (
            "a reset",
            vec![HEAR_HELLO, Step::Reset],
            FailureCause::Connect,
        ),
        ("silence", vec![Step::Hold], FailureCause::Timeout),
        (
            "a dripping record",
            vec![
                HEAR_HELLO,
                bytes(b"\x16\x03\x03\x40\0"),
                Step::Drip(b"\x02"),
            ],
            FailureCause::Timeout,
        ),
    ];
    let authority = TestCa::new();
    for (name, steps, expected) in cases {
        let timeout = if expected == FailureCause::Timeout {
            SHORT
        } else {
            PATIENT
        };
        let rogue = MisbehavingServer::start(steps);
        let sender = authority.trusting_sender(timeout);
        let answer = attempt(&sender, post(&https(rogue.port)), name).await;
        assert_eq!(cause(&answer, name), expected, "{name}: {answer:?}");
        assert!(
            answer.error.unwrap().starts_with(&expected.to_string()),
            "{name}"
        );
        assert_eq!(
            rogue.left_alone(name).await.came,
            1,
            "{name}: one connection"
        );
    }
}

#[tokio::test]
async fn behind_good_tls_the_same_is_told() {
    let failed = |cause| Outcome::Failed { cause };
    let cases = [
        (
            "an answer",
            vec![HEAR, say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")],
            Outcome::Delivered,
            Some("hi".to_owned()),
        ),
        (
            "an endless body",
            vec![HEAR, say("HTTP/1.1 200 OK\r\n\r\n"), flood("x")],
            Outcome::Delivered,
            Some("x".repeat(MAX_EXCERPT)),
        ),
        (
            "silence",
            vec![HEAR, Step::Hold],
            failed(FailureCause::Timeout),
            None,
        ),
        ("a close", vec![HEAR], failed(FailureCause::Connect), None),
        (
            "garbage",
            vec![HEAR, say("\0garbage\0"), Step::Hold],
            failed(FailureCause::Protocol),
            None,
        ),
    ];
    let authority = TestCa::new();
    for (name, steps, outcome, excerpt) in cases {
        let silent = outcome == failed(FailureCause::Timeout);
        let sender = authority.trusting_sender(if silent { SHORT } else { PATIENT });
        let rogue = MisbehavingServer::start_tls(steps, authority.acceptor(|_| {}, &["http/1.1"]));
        let answer = attempt(&sender, post(&https(rogue.port)), name).await;
        assert_eq!(
            (answer.outcome, answer.excerpt),
            (outcome, excerpt),
            "{name}: {:?}",
            answer.error
        );
        rogue.left_alone(name).await;
    }
}

/// The handshake is over by then, but it is TLS that fails.
#[tokio::test]
async fn a_record_that_does_not_decrypt_is_told_as_tls() {
    let authority = TestCa::new();
    let acceptor = authority.acceptor(|_| {}, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.read_u8().await.unwrap();
        let (below, _) = stream.get_mut();
        below.write_all(b"\x17\x03\x03\0\x20").await.unwrap();
        below.write_all(&[0x55; 32]).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let sender = authority.trusting_sender(PATIENT);
    let answer = attempt(&sender, post(&https(port)), "spoiled").await;
    assert_eq!(cause(&answer, "spoiled"), FailureCause::Tls, "{answer:?}");
}
