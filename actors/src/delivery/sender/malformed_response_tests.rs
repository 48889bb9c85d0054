//! Responses that are not valid HTTP, that exceed every limit, or that are unusual but valid.

use super::super::misbehaving_server::{LONG_TIMEOUT, MAX_TAKEN, OK, Step, at, cause, flood, say};
use super::*;
use crate::domain::retry::Outcome;

#[tokio::test]
async fn invalid_http_is_a_protocol_failure() {
    let headed = |headers: &str| format!("{OK}{headers}\r\nhello").into_bytes();
    let chunked = |body: &str| headed(&format!("transfer-encoding: chunked\r\n\r\n{body}"));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("garbage", (0_u8..=255).collect(), "invalid HTTP"),
        (
            "another protocol",
            b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
            "invalid HTTP version",
        ),
        (
            "HTTP/0.9",
            b"<html>hello</html>\r\n".to_vec(),
            "invalid HTTP version",
        ),
        (
            "HTTP/2 unasked",
            b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
            "invalid HTTP",
        ),
        (
            "HTTP/3",
            b"HTTP/3.0 200 OK\r\n\r\n".to_vec(),
            "invalid HTTP version",
        ),
        (
            "TLS on a plain port",
            b"\x15\x03\x03\0\x02\x02\x28".to_vec(),
            "invalid HTTP version",
        ),
        (
            "a request",
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            "invalid HTTP version",
        ),
        (
            "status 000",
            b"HTTP/1.1 000 Zero\r\n\r\n".to_vec(),
            "invalid HTTP status-code",
        ),
        (
            "status 99",
            b"HTTP/1.1 99 Few\r\n\r\n".to_vec(),
            "invalid HTTP status-code",
        ),
        (
            "status 2000",
            b"HTTP/1.1 2000 Many\r\n\r\n".to_vec(),
            "invalid HTTP status-code",
        ),
        (
            "status -20",
            b"HTTP/1.1 -20 Less\r\n\r\n".to_vec(),
            "invalid HTTP status-code",
        ),
        (
            "an escape in the reason",
            b"HTTP/1.1 200 \x1b[31mred\r\n\r\n".to_vec(),
            "invalid HTTP status-code",
        ),
        (
            "a negative length",
            headed("content-length: -1\r\n"),
            "invalid content-length",
        ),
        (
            "two lengths",
            headed("content-length: 5\r\ncontent-length: 6\r\n"),
            "invalid content-length",
        ),
        (
            "two lengths in one",
            headed("content-length: 5, 6\r\n"),
            "invalid content-length",
        ),
        (
            "a length in words",
            headed("content-length: five\r\n"),
            "invalid content-length",
        ),
        (
            "a length out of range",
            headed("content-length: 99999999999999999999999\r\n"),
            "invalid content-length",
        ),
        (
            "a header without a colon",
            headed("x\r\n"),
            "invalid HTTP header",
        ),
        (
            "a header without a name",
            headed(": y\r\n"),
            "invalid HTTP header",
        ),
        (
            "a NUL in a name",
            headed("x\0y: z\r\n"),
            "invalid HTTP header",
        ),
        (
            "a NUL in a value",
            headed("x: y\0z\r\n"),
            "invalid HTTP header",
        ),
        (
            "a folded header",
            headed("x: y\r\n z\r\n"),
            "invalid HTTP header",
        ),
        (
            "a space before the colon",
            headed("content-length : 5\r\n"),
            "invalid HTTP header",
        ),
        (
            "a chunk size in words",
            chunked("five\r\nhello\r\n0\r\n"),
            "chunk size",
        ),
        (
            "a negative chunk size",
            chunked("-5\r\nhello\r\n0\r\n"),
            "chunk size",
        ),
        (
            "a chunk size out of range",
            chunked("fffffffffffffffff\r\nhello\r\n"),
            "chunk size",
        ),
        (
            "a chunk longer than its size",
            chunked("2\r\nhello\r\n0\r\n"),
            "chunk",
        ),
    ];
    for (name, bytes, words) in cases {
        let (answer, _) = at(name, vec![Step::Say(bytes), Step::Hold], LONG_TIMEOUT).await;
        assert_protocol(name, &answer, words);
    }
}

#[tokio::test]
async fn oversized_heads_and_trailers_are_cut_off() {
    let headed = |start: &str| say(&format!("{OK}{start}"));
    let chunked = |start: &str| headed(&format!("transfer-encoding: chunked\r\n\r\n{start}"));
    let large = "message head is too large";
    let cases = [
        (
            "a header of 1 MB",
            vec![headed(&format!("x: {}\r\n\r\n", "y".repeat(1_024 * 1_024)))],
            large,
        ),
        (
            "10,000 headers",
            vec![headed(&format!("{}\r\n", "x: y\r\n".repeat(10_000)))],
            large,
        ),
        ("an endless header", vec![headed("x: "), flood("y")], large),
        ("an endless name", vec![say(OK), flood("x")], large),
        ("endless headers", vec![say(OK), flood("x: y\r\n")], large),
        (
            "an endless status line",
            vec![say("HTTP/1.1 200 "), flood("x")],
            large,
        ),
        ("endless empty lines", vec![flood("\r\n")], large),
        (
            "an endless chunk extension",
            vec![chunked("5;"), flood("x")],
            "chunk extension",
        ),
        (
            "endless trailers",
            vec![chunked("0\r\n"), flood("x: y\r\n")],
            "trailer",
        ),
        (
            "an endless trailer",
            vec![chunked("0\r\nx: "), flood("y")],
            "trailer",
        ),
    ];
    for (name, steps, words) in cases {
        let (answer, written) = at(name, [steps, vec![Step::Hold]].concat(), LONG_TIMEOUT).await;
        assert_protocol(name, &answer, words);
        assert!(written < MAX_TAKEN, "{name}: {written} bytes were taken");
    }
}

fn assert_protocol(name: &str, answer: &AttemptResponse, words: &str) {
    assert_eq!(
        cause(answer, name),
        FailureCause::Protocol,
        "{name}: {answer:?}"
    );
    let error = answer.error.as_deref().unwrap();
    let detail = error
        .strip_prefix("the answer was not valid HTTP: ")
        .expect(error);
    assert!(detail.contains(words), "{name}: {detail}");
}

#[tokio::test]
async fn unusual_responses_are_classified_by_status() {
    let status = |status| Outcome::Failed {
        cause: FailureCause::Status(status),
    };
    let cases = [
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx",
            status(101),
            None,
        ),
        (
            "HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nhi",
            status(999),
            Some("hi"),
        ),
        (
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\nhi",
            status(304),
            None,
        ),
        (
            "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nhi",
            Outcome::Delivered,
            None,
        ),
        ("HTTP/1.0 200 OK\r\n\r\nhi", Outcome::Delivered, Some("hi")),
        (
            "\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhi",
            Outcome::Delivered,
            Some("hi"),
        ),
        (
            "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 500 Late\r\n\r\nhi",
            status(500),
            Some("hi"),
        ),
        // Transfer-Encoding overrides Content-Length (RFC 9112, section 6.3).
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 99\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            Outcome::Delivered,
            Some("hi"),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi",
            Outcome::Delivered,
            Some("hi"),
        ),
    ];
    for (response, outcome, excerpt) in cases {
        let (answer, _) = at(response, vec![say(response)], LONG_TIMEOUT).await;
        assert_eq!(answer.outcome, outcome, "{response}");
        assert_eq!(answer.excerpt.as_deref(), excerpt, "{response}");
    }
}
