//! Receivers with invalid TLS, and receivers that misbehave over valid TLS.

use rcgen::{CertificateParams, date_time_ymd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::misbehaving_server::{
    LONG_TIMEOUT, MisbehavingServer, READ_REQUEST, SHORT_TIMEOUT, Step, attempt, cause, flood,
    post, say,
};
use super::super::sanitize::MAX_EXCERPT;
use super::super::test_ca::{TestCa, https, self_signed};
use super::*;
use crate::domain::retry::Outcome;

/// Reads the first handshake message to its end.
const READ_CLIENT_HELLO: Step = Step::Hear(|heard| match *heard {
    [_, _, _, high, low, ref rest @ ..] => rest.len() >= usize::from(high) * 256 + usize::from(low),
    _ => false,
});

#[tokio::test]
async fn invalid_certificate_is_a_tls_failure() {
    type Change = fn(&mut CertificateParams);
    let ca = TestCa::new();
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
        .map(|(words, change)| (words, ca.acceptor(change, &[])));
    let unauthenticated = [
        ("UnknownIssuer", self_signed()),
        // Signed by another authority with the same name.
        ("BadSignature", TestCa::new().acceptor(|_| {}, &[])),
    ];
    for (words, acceptor) in bad.chain(unauthenticated) {
        let server = MisbehavingServer::start_tls(vec![READ_REQUEST], acceptor);
        let sender = ca.trusting_sender(LONG_TIMEOUT);
        let answer = attempt(&sender, post(&https(server.port)), words).await;
        assert_eq!(cause(&answer, words), FailureCause::Tls, "{answer:?}");
        let error = answer.error.unwrap();
        let detail = error.strip_prefix("the TLS handshake failed: invalid peer certificate: ");
        assert!(detail.expect(&error).contains(words), "{words}: {error}");
        let seen = server.left_alone(words).await;
        assert_eq!(seen.heard, b"", "{words}: the sender sent no request");
    }
}

#[tokio::test]
async fn failed_handshake_reports_its_cause() {
    let bytes = |bytes: &[u8]| Step::Say(bytes.to_vec());
    let cases = [
        (
            "plain HTTP",
            vec![
                READ_CLIENT_HELLO,
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
            vec![
                READ_CLIENT_HELLO,
                bytes(b"\x15\x03\x03\0\x02\x02\x28"),
                Step::Hold,
            ],
            FailureCause::Tls,
        ),
        (
            "an endless record",
            vec![READ_CLIENT_HELLO, flood("\x16\x03\x03\x7f\x7f")],
            FailureCause::Tls,
        ),
        (
            "endless zero bytes",
            vec![READ_CLIENT_HELLO, flood("\0")],
            FailureCause::Tls,
        ),
        ("a close", vec![READ_CLIENT_HELLO], FailureCause::Tls),
        (
            "a reset",
            vec![READ_CLIENT_HELLO, Step::Reset],
            FailureCause::Connect,
        ),
        ("silence", vec![Step::Hold], FailureCause::Timeout),
        (
            "a dripping record",
            vec![
                READ_CLIENT_HELLO,
                bytes(b"\x16\x03\x03\x40\0"),
                Step::Drip(b"\x02"),
            ],
            FailureCause::Timeout,
        ),
    ];
    let ca = TestCa::new();
    for (name, steps, expected) in cases {
        let timeout = if expected == FailureCause::Timeout {
            SHORT_TIMEOUT
        } else {
            LONG_TIMEOUT
        };
        let server = MisbehavingServer::start(steps);
        let sender = ca.trusting_sender(timeout);
        let answer = attempt(&sender, post(&https(server.port)), name).await;
        assert_eq!(cause(&answer, name), expected, "{name}: {answer:?}");
        assert!(
            answer.error.unwrap().starts_with(&expected.to_string()),
            "{name}"
        );
        assert_eq!(
            server.left_alone(name).await.came,
            1,
            "{name}: one connection"
        );
    }
}

#[tokio::test]
async fn outcomes_over_tls_match_plain_http() {
    let failed = |cause| Outcome::Failed { cause };
    let cases = [
        (
            "a response",
            vec![
                READ_REQUEST,
                say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
            ],
            Outcome::Delivered,
            Some("hi".to_owned()),
        ),
        (
            "an endless body",
            vec![READ_REQUEST, say("HTTP/1.1 200 OK\r\n\r\n"), flood("x")],
            Outcome::Delivered,
            Some("x".repeat(MAX_EXCERPT)),
        ),
        (
            "silence",
            vec![READ_REQUEST, Step::Hold],
            failed(FailureCause::Timeout),
            None,
        ),
        (
            "a close",
            vec![READ_REQUEST],
            failed(FailureCause::Connect),
            None,
        ),
        (
            "garbage",
            vec![READ_REQUEST, say("\0garbage\0"), Step::Hold],
            failed(FailureCause::Protocol),
            None,
        ),
    ];
    let ca = TestCa::new();
    for (name, steps, outcome, excerpt) in cases {
        let silent = outcome == failed(FailureCause::Timeout);
        let sender = ca.trusting_sender(if silent { SHORT_TIMEOUT } else { LONG_TIMEOUT });
        let server = MisbehavingServer::start_tls(steps, ca.acceptor(|_| {}, &["http/1.1"]));
        let answer = attempt(&sender, post(&https(server.port)), name).await;
        assert_eq!(
            (answer.outcome, answer.excerpt),
            (outcome, excerpt),
            "{name}: {:?}",
            answer.error
        );
        server.left_alone(name).await;
    }
}

/// The failure comes after the handshake and is still a TLS failure.
#[tokio::test]
async fn undecryptable_record_is_a_tls_failure() {
    let ca = TestCa::new();
    let acceptor = ca.acceptor(|_| {}, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.read_u8().await.unwrap();
        let (tcp, _) = stream.get_mut();
        tcp.write_all(b"\x17\x03\x03\0\x20").await.unwrap();
        tcp.write_all(&[0x55; 32]).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let sender = ca.trusting_sender(LONG_TIMEOUT);
    let answer = attempt(&sender, post(&https(port)), "undecryptable record").await;
    assert_eq!(
        cause(&answer, "undecryptable record"),
        FailureCause::Tls,
        "{answer:?}"
    );
}
