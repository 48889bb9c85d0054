//! Receivers that misbehave. Every attempt ends within its timeout, reports its cause, reads a limited
//! part of the response and leaves no connection open.

use super::super::misbehaving_server::{
    LONG_TIMEOUT, MAX_TAKEN, MisbehavingServer, OK, READ_REQUEST, SHORT_TIMEOUT, Step, at, attempt,
    cause, flood, post, say, sender,
};
use super::super::sanitize::MAX_EXCERPT;
use super::*;
use crate::domain::retry::Outcome;

#[tokio::test]
async fn silent_and_dripping_responses_time_out() {
    let chunked = say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    let huge = say("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n");
    let cases = [
        ("no response", None, vec![Step::Hold]),
        (
            "half a status line",
            None,
            vec![say("HTTP/1.1 20"), Step::Hold],
        ),
        ("half a head", None, vec![say(OK), Step::Hold]),
        (
            "a 100 alone",
            None,
            vec![say("HTTP/1.1 100 Continue\r\n\r\n"), Step::Hold],
        ),
        (
            "a dripping status line",
            None,
            vec![say("HTTP/1.1 200 "), Step::Drip(b"x")],
        ),
        (
            "a dripping header",
            None,
            vec![say(OK), say("x: "), Step::Drip(b"x")],
        ),
        (
            "dripping headers",
            None,
            vec![say(OK), Step::Drip(b"x: y\r\n")],
        ),
        (
            "dripping 103s",
            None,
            vec![Step::Drip(b"HTTP/1.1 103 Early Hints\r\n\r\n")],
        ),
        (
            "a dripping body",
            Some("xxx"),
            vec![say(OK), say("\r\n"), Step::Drip(b"x")],
        ),
        (
            "dripping chunks",
            Some("xxx"),
            vec![chunked.clone(), Step::Drip(b"1\r\nx\r\n")],
        ),
        (
            "a dripping chunk size",
            Some(""),
            vec![chunked.clone(), Step::Drip(b"0")],
        ),
        (
            "a last chunk without an end",
            Some("x"),
            vec![chunked, say("1\r\nx\r\n0\r\n"), Step::Hold],
        ),
        (
            "10 GB announced, and nothing",
            Some(""),
            vec![huge.clone(), Step::Hold],
        ),
        (
            "10 GB announced, and a drip",
            Some("xxx"),
            vec![huge, Step::Drip(b"x")],
        ),
    ];
    for (name, excerpt, steps) in cases {
        let (answer, _) = at(name, steps, SHORT_TIMEOUT).await;
        assert_eq!(cause(&answer, name), FailureCause::Timeout);
        assert_eq!(
            answer.error.as_deref(),
            Some("no complete answer in time"),
            "{name}"
        );
        assert_eq!(
            answer.status,
            excerpt.map(|_| 200),
            "{name}: the status is set if the head arrived"
        );
        let actual = answer.excerpt.unwrap_or_default();
        assert!(
            actual.starts_with(excerpt.unwrap_or_default()),
            "{name}: {actual}"
        );
    }
}

#[tokio::test]
async fn receiver_that_never_reads_times_out() {
    let server = MisbehavingServer::start(vec![Step::Ignore]);
    for bytes in [2, 32 * 1_024 * 1_024] {
        let webhook = Post {
            body: vec![b'x'; bytes].into(),
            ..post(&server.url())
        };
        let answer = attempt(&sender(SHORT_TIMEOUT), webhook, "reads nothing").await;
        assert_eq!(cause(&answer, "reads nothing"), FailureCause::Timeout);
    }
}

/// These responses never end, so only the timeout ends the attempt. The client buffers none of them.
#[tokio::test]
async fn empty_floods_time_out() {
    let chunked = say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    let cases = [
        ("100", vec![flood("HTTP/1.1 100 Continue\r\n\r\n")]),
        (
            "103",
            vec![flood("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")],
        ),
        ("zeros of a chunk size", vec![chunked, flood("0")]),
    ];
    for (name, steps) in cases {
        let (answer, _) = at(name, steps, SHORT_TIMEOUT).await;
        assert_eq!(cause(&answer, name), FailureCause::Timeout);
    }
}

#[tokio::test]
async fn broken_connections_are_connection_failures() {
    let cases = [
        ("closed", None, vec![]),
        ("reset", None, vec![Step::Reset]),
        ("closed in the status line", None, vec![say("HTTP/1.1 2")]),
        ("closed in the head", None, vec![say(OK), say("x: y\r\n")]),
        (
            "closed after a 100",
            None,
            vec![say("HTTP/1.1 100 Continue\r\n\r\n")],
        ),
        (
            "closed in the body",
            Some("half"),
            vec![say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")],
        ),
        (
            "closed in a chunk",
            Some("ha"),
            vec![say(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nha",
            )],
        ),
        (
            "closed between chunks",
            Some("half"),
            vec![say(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            )],
        ),
    ];
    for (name, excerpt, steps) in cases {
        let (answer, _) = at(name, steps, LONG_TIMEOUT).await;
        assert_eq!(cause(&answer, name), FailureCause::Connect, "{answer:?}");
        assert!(
            answer.error.unwrap().starts_with("the connection failed: "),
            "{name}"
        );
        assert_eq!(answer.status, excerpt.map(|_| 200), "{name}");
        assert_eq!(answer.excerpt.as_deref(), excerpt, "{name}");
    }
}

/// Bytes written before a reset may be lost, so the test checks only the cause.
#[tokio::test]
async fn reset_or_close_at_any_point_is_a_connection_failure() {
    let cases = [
        ("closed before the request was read", vec![]),
        ("reset before the request was read", vec![Step::Reset]),
        (
            "reset in the head",
            vec![READ_REQUEST, say(OK), Step::Reset],
        ),
        (
            "reset in the body",
            vec![
                READ_REQUEST,
                say(OK),
                say("content-length: 10\r\n\r\nhalf"),
                Step::Reset,
            ],
        ),
    ];
    for (name, steps) in cases {
        let server = MisbehavingServer::start(steps);
        let answer = attempt(&sender(LONG_TIMEOUT), post(&server.url()), name).await;
        assert_eq!(cause(&answer, name), FailureCause::Connect, "{answer:?}");
    }
}

#[tokio::test]
async fn only_the_start_of_an_endless_body_is_read() {
    let endless = [
        ("until closed", say("HTTP/1.1 200 OK\r\n\r\n"), flood("x")),
        (
            "10 GB",
            say("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n"),
            flood("x"),
        ),
        (
            "chunks",
            say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
            flood("1\r\nx\r\n"),
        ),
        (
            "one chunk of 10 GB",
            say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2540be400\r\n"),
            flood("x"),
        ),
    ];
    for (name, head, body) in endless {
        let (answer, written) = at(name, vec![head, body], LONG_TIMEOUT).await;
        assert_eq!(answer.outcome, Outcome::Delivered, "{name}");
        assert_eq!(answer.excerpt, Some("x".repeat(MAX_EXCERPT)), "{name}");
        assert!(written < MAX_TAKEN, "{name}: {written} bytes were taken");
    }
}

/// Outside 2xx, the head decides the outcome. The rest of the body does not change it.
#[tokio::test]
async fn status_outside_2xx_counts_however_the_body_ends() {
    let later = Outcome::RetryAfter {
        status: 503,
        after_ms: Some(60_000),
    };
    let broken = Outcome::Failed {
        cause: FailureCause::Status(500),
    };
    for (head, expected) in [
        ("410 Gone\r\n", Outcome::Gone),
        ("503 Busy\r\nretry-after: 60\r\n", later),
        ("500 Oops\r\n", broken),
    ] {
        for end in [Step::Hold, Step::Drip(b"x"), Step::Reset] {
            let name = format!("{head:?}, {end:?}");
            let start = format!("HTTP/1.1 {head}content-length: 1000\r\n\r\nhalf");
            let (answer, _) = at(&name, vec![say(&start), end], SHORT_TIMEOUT).await;
            // A reset may discard the head.
            if answer.status.is_some() {
                assert_eq!(answer.outcome, expected, "{name}");
                assert_eq!(
                    answer.status.map(|status| status.to_string()).as_deref(),
                    head.get(..3),
                    "{name}"
                );
            } else {
                assert_eq!(cause(&answer, &name), FailureCause::Connect);
            }
        }
    }
}
