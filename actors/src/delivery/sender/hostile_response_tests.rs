//! Responses that would do harm if the sender trusted, followed or displayed them unchanged.

use super::super::misbehaving_server::{
    LONG_TIMEOUT, MisbehavingServer, READ_REQUEST, Step, attempt, cause, post, say, sender,
    settings_with,
};
use super::*;
use crate::domain::retry::{NextStep, Outcome, RETRY_AFTER_CAP_MS, next};
use crate::domain::retry_schedule::RetrySchedule;

/// Returns the stored excerpt of a 200 response with these headers and this body.
async fn excerpt_of(headers: &str, body: &[u8]) -> (Option<String>, MisbehavingServer) {
    let head = say(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n"));
    let server = MisbehavingServer::start(vec![READ_REQUEST, head, Step::Say(body.to_vec())]);
    let answer = attempt(&sender(LONG_TIMEOUT), post(&server.url()), "a body").await;
    assert_eq!(answer.outcome, Outcome::Delivered);
    (answer.excerpt, server)
}

#[tokio::test]
async fn stored_excerpt_has_only_printable_characters() {
    let cases: [(&[u8], Option<&str>); 8] = [
        (b"", None),
        (b" \0\x07\r\n\x7f", None),
        (
            b"no\0 \x1b[31mred\x1b[0m\x07 here",
            Some("no [31mred[0m here"),
        ),
        (b"a\r\nb\tc\x0bd", Some("a  b cd")),
        (b"\xff\xfe ok \xc3", Some("\u{fffd}\u{fffd} ok \u{fffd}")),
        ("C1 \u{9b}31m and \u{85}".as_bytes(), Some("C1 31m and")),
        (
            "pay \u{202e}000,1\u{202c} now\u{200b}\u{2028}\u{feff}".as_bytes(),
            Some("pay 000,1 now"),
        ),
        (
            "naïve <b>“日本”</b> 🦀".as_bytes(),
            Some("naïve <b>“日本”</b> 🦀"),
        ),
    ];
    for (body, shown) in cases {
        let (excerpt, _server) = excerpt_of("", body).await;
        assert_eq!(excerpt.as_deref(), shown, "{body:?}");
    }
}

/// The letter a, 1,000 times, compressed with gzip.
const BOMB: [u8; 29] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x4c, 0x1c, 5, 0xa3, 0x60, 0x14, 0x0c, 0x77, 0, 0, 3,
    0xda, 0x38, 0x9a, 0xe8, 3, 0, 0,
];

#[tokio::test]
async fn compression_is_neither_requested_nor_decoded() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let (excerpt, server) = excerpt_of(&format!("content-encoding: {coding}\r\n"), &BOMB).await;
        assert!(!excerpt.unwrap_or_default().contains("aa"), "{coding}");
        let request = String::from_utf8(server.seen().heard).unwrap();
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
        assert!(
            !request.to_lowercase().contains("accept-encoding"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let target = MisbehavingServer::start(vec![READ_REQUEST, say("HTTP/1.1 200 OK\r\n\r\n")]);
    let port = target.port;
    let targets = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("//127.0.0.1:{port}/"),
        "file:///etc/passwd".to_owned(),
        "https://example.com/".to_owned(),
        "/elsewhere".to_owned(),
        "\\\\127.0.0.1\\".to_owned(),
        String::new(),
    ];
    for status in [300, 301, 302, 303, 305, 307, 308] {
        for location in &targets {
            let moved = say(&format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            ));
            let redirecting = MisbehavingServer::start(vec![READ_REQUEST, moved]);
            let what = format!("{status} to {location}");
            let answer = attempt(&sender(LONG_TIMEOUT), post(&redirecting.url()), &what).await;
            assert_eq!(cause(&answer, &what), FailureCause::Status(status));
            assert_eq!(
                answer.error,
                Some(format!("HTTP {status}: redirects are not followed"))
            );
            assert_eq!(redirecting.seen().came, 1, "{what}: one connection");
        }
    }
    assert_eq!(target.seen().came, 0, "no connection to the target");
}

/// The wait is at least the schedule's delay and at most a day, whatever the receiver requests.
#[tokio::test]
async fn invalid_or_extreme_retry_after_keeps_wait_in_bounds() {
    let cases = [
        ("-5", Some(None)),
        ("soon", Some(None)),
        ("1.5", Some(None)),
        ("0x10", Some(None)),
        ("١٢", Some(None)),
        ("", Some(None)),
        ("0", Some(Some(0))),
        ("7", Some(Some(7_000))),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(Some(0))),
        ("99999999999999999999999", Some(Some(i64::MAX))),
        ("9223372036854775807", Some(Some(i64::MAX))),
        // Relative to the current time, so the exact wait is unknown.
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
    ];
    let schedule = RetrySchedule::parse("5s").unwrap();
    for status in [429, 503] {
        for (value, expected) in cases {
            let refused = say(&format!(
                "HTTP/1.1 {status} No\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n"
            ));
            let server = MisbehavingServer::start(vec![READ_REQUEST, refused]);
            let answer = attempt(&sender(LONG_TIMEOUT), post(&server.url()), value).await;
            let Outcome::RetryAfter {
                status: reported,
                after_ms,
            } = answer.outcome
            else {
                panic!("{value}: {answer:?}");
            };
            assert_eq!(
                (reported, answer.error),
                (status, Some(format!("HTTP {status}")))
            );
            assert_eq!(after_ms, expected.unwrap_or(after_ms), "{value}");
            let step = next(&schedule, &answer.outcome, 1, 0, i64::MAX, 0.0);
            let NextStep::RetryAt { due_ms } = step else {
                panic!("{value}: {step:?}");
            };
            assert_eq!(
                due_ms,
                after_ms.unwrap_or(0).clamp(5_000, RETRY_AFTER_CAP_MS),
                "{value}"
            );
        }
    }
}

/// Bytes after a response are not taken as the response to the next request.
#[tokio::test]
async fn surplus_response_is_not_used_for_next_request() {
    let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for head in [
        "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 304 No\r\ncontent-length: 38\r\n\r\n",
        "HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let both = say(&format!("{head}{smuggled}"));
        let server = MisbehavingServer::start(vec![READ_REQUEST, both, Step::Hold]);
        let sender = sender(LONG_TIMEOUT);
        for number in 1..=3 {
            let answer = attempt(&sender, post(&server.url()), head).await;
            assert!(matches!(
                cause(&answer, head),
                FailureCause::Status(304 | 500)
            ));
            assert_eq!(
                server.seen().came,
                number,
                "{head}: each request opens a connection"
            );
        }
    }
}

/// The resolver prevents a connection to a forbidden address. If one exists anyway, the sender keeps
/// none of its response.
#[tokio::test]
async fn response_from_forbidden_address_is_not_read() {
    let server = MisbehavingServer::start(vec![
        READ_REQUEST,
        say("HTTP/1.1 410 Gone\r\n\r\nthe secret"),
    ]);
    let mut settings = settings_with(LONG_TIMEOUT);
    settings.webhook_allow = vec!["192.0.2.0/24".parse().unwrap()];
    // This client lacks the resolver that would refuse the name.
    let sender = Sender::over(
        || client(&settings),
        &settings,
        &Clock::system(),
        &Counter::default(),
    )
    .unwrap();
    let webhook = post(&format!("http://localhost:{}/", server.port));
    let answer = attempt(&sender, webhook, "forbidden address").await;
    assert_eq!(server.seen().came, 1, "the connection was made");
    assert_eq!(
        cause(&answer, "forbidden address"),
        FailureCause::UnsafeAddress
    );
    assert_eq!((answer.status, answer.excerpt), (None, None));
    let expected = "the host name resolved to an address that is not public";
    assert_eq!(answer.error.as_deref(), Some(expected));
}
