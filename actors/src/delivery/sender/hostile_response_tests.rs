//! Answers that would do harm if they were believed, followed or shown as they are.

use super::super::misbehaving_server::{
    HEAR, MisbehavingServer, PATIENT, Step, attempt, cause, post, say, sender, settings_with,
};
use super::*;
use crate::domain::retry::{NextStep, Outcome, RETRY_AFTER_CAP_MS, next};
use crate::domain::retry_schedule::RetrySchedule;

/// What is kept of an answer with this body.
async fn excerpt_of(headers: &str, body: &[u8]) -> (Option<String>, MisbehavingServer) {
    let head = say(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n"));
    let rogue = MisbehavingServer::start(vec![HEAR, head, Step::Say(body.to_vec())]);
    let answer = attempt(&sender(PATIENT), post(&rogue.url()), "a body").await;
    assert_eq!(answer.outcome, Outcome::Delivered);
    (answer.excerpt, rogue)
}

#[tokio::test]
async fn what_is_kept_of_a_body_can_be_shown() {
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
        let (excerpt, _rogue) = excerpt_of("", body).await;
        assert_eq!(excerpt.as_deref(), shown, "{body:?}");
    }
}

/// 1,000 times the letter a.
const BOMB: [u8; 29] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x4c, 0x1c, 5, 0xa3, 0x60, 0x14, 0x0c, 0x77, 0, 0, 3,
    0xda, 0x38, 0x9a, 0xe8, 3, 0, 0,
];

#[tokio::test]
async fn nothing_is_decompressed_and_nothing_compressed_is_asked_for() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let (excerpt, rogue) = excerpt_of(&format!("content-encoding: {coding}\r\n"), &BOMB).await;
        assert!(!excerpt.unwrap_or_default().contains("aa"), "{coding}");
        let heard = String::from_utf8(rogue.seen().heard).unwrap();
        assert!(heard.starts_with("POST /hook HTTP/1.1\r\n"), "{heard}");
        assert!(!heard.to_lowercase().contains("accept-encoding"), "{heard}");
    }
}

#[tokio::test]
async fn redirects_lead_nowhere() {
    let goal = MisbehavingServer::start(vec![HEAR, say("HTTP/1.1 200 OK\r\n\r\n")]);
    let port = goal.port;
    let places = [
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
        for place in &places {
            let moved = say(&format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n"
            ));
            let hop = MisbehavingServer::start(vec![HEAR, moved]);
            let what = format!("{status} to {place}");
            let answer = attempt(&sender(PATIENT), post(&hop.url()), &what).await;
            assert_eq!(cause(&answer, &what), FailureCause::Status(status));
            assert_eq!(
                answer.error,
                Some(format!("HTTP {status}: redirects are not followed"))
            );
            assert_eq!(hop.seen().came, 1, "{what}: asked once");
        }
    }
    assert_eq!(goal.seen().came, 0, "nobody went there");
}

/// Whatever a receiver asks for, the wait is at least ours and at most a day.
#[tokio::test]
async fn a_retry_after_without_sense_does_no_harm() {
    let asked = [
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
        // From now on, so that how long is not known to the millisecond.
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
    ];
    let schedule = RetrySchedule::parse("5s").unwrap();
    for status in [429, 503] {
        for (value, expected) in asked {
            let refused = say(&format!(
                "HTTP/1.1 {status} No\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n"
            ));
            let rogue = MisbehavingServer::start(vec![HEAR, refused]);
            let answer = attempt(&sender(PATIENT), post(&rogue.url()), value).await;
            let Outcome::RetryAfter {
                status: told,
                after_ms,
            } = answer.outcome
            else {
                panic!("{value}: {answer:?}");
            };
            assert_eq!(
                (told, answer.error),
                (status, Some(format!("HTTP {status}")))
            );
            assert_eq!(after_ms, expected.unwrap_or(after_ms), "{value}");
            let step = next(&schedule, &answer.outcome, 1, 0, 0.0);
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

/// What follows an answer is not taken for the answer to the next request.
#[tokio::test]
async fn an_answer_that_nobody_asked_for_is_not_believed() {
    let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for head in [
        "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 304 No\r\ncontent-length: 38\r\n\r\n",
        "HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let both = say(&format!("{head}{smuggled}"));
        let rogue = MisbehavingServer::start(vec![HEAR, both, Step::Hold]);
        let sender = sender(PATIENT);
        for number in 1..=3 {
            let answer = attempt(&sender, post(&rogue.url()), head).await;
            assert!(matches!(
                cause(&answer, head),
                FailureCause::Status(304 | 500)
            ));
            assert_eq!(rogue.seen().came, number, "{head}: a connection of its own");
        }
    }
}

/// A connection to where we may not go cannot be made. If one is there all the same, nothing of
/// what comes through it is kept.
#[tokio::test]
async fn an_answer_from_where_we_may_not_go_is_not_read() {
    let rogue = MisbehavingServer::start(vec![HEAR, say("HTTP/1.1 410 Gone\r\n\r\nthe secret")]);
    let mut settings = settings_with(PATIENT);
    settings.webhook_allow = vec!["192.0.2.0/24".parse().unwrap()];
    // Without the resolver that would have refused.
    let sender = Sender::over(client(&settings), &settings, &Clock::system()).unwrap();
    let webhook = post(&format!("http://localhost:{}/", rogue.port));
    let answer = attempt(&sender, webhook, "inside").await;
    assert_eq!(rogue.seen().came, 1, "it was there");
    assert_eq!(cause(&answer, "inside"), FailureCause::UnsafeAddress);
    assert_eq!((answer.status, answer.excerpt), (None, None));
    let said = "the host name resolved to an address that is not public";
    assert_eq!(answer.error.as_deref(), Some(said));
}
