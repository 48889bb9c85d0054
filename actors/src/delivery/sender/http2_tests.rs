//! HTTP/2: used if the receiver offers it, and tested against receivers that misbehave in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use h2::server::SendResponse;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::super::misbehaving_server::{
    LONG_TIMEOUT, MisbehavingServer, READ_REQUEST, SHORT_TIMEOUT, Step, attempt, cause, post, say,
};
use super::super::sanitize::MAX_EXCERPT;
use super::super::test_ca::{TestCa, https};
use super::*;
use crate::domain::retry::Outcome;

/// Counters of the receiver.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Body bytes.
    sent: AtomicUsize,
}

/// Starts a receiver that speaks only HTTP/2 and responds with a body that never ends.
async fn start_endless_receiver(acceptor: TlsAcceptor) -> (u16, Arc<Counts>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let counts = Arc::new(Counts::default());
    let all = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            all.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&all)));
        }
    });
    (port, counts)
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, counts: Arc<Counts>) {
    let stream = acceptor.accept(stream).await.unwrap();
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, respond))) = connection.accept().await {
        counts.requests.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(answer_endlessly(request, respond, Arc::clone(&counts)));
    }
}

async fn answer_endlessly(
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
    counts: Arc<Counts>,
) {
    assert_eq!(request.uri().path(), "/hook");
    assert_eq!(request.headers()["webhook-id"], "msg_1");
    let body = request.into_body().data().await.unwrap().unwrap();
    assert_eq!(body.as_ref(), b"{}");
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    loop {
        stream.reserve_capacity(1_024);
        let Some(Ok(capacity)) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else {
            return;
        };
        if stream
            .send_data(vec![b'x'; capacity].into(), false)
            .is_err()
        {
            return;
        }
        counts.sent.fetch_add(capacity, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn offered_http2_carries_all_requests_on_one_connection() {
    let ca = TestCa::new();
    let acceptor = ca.acceptor(|_| {}, &["h2", "http/1.1"]);
    let (port, counts) = start_endless_receiver(acceptor).await;
    let sender = ca.trusting_sender(LONG_TIMEOUT);
    for _ in 0..3 {
        let answer = attempt(&sender, post(&https(port)), "h2").await;
        assert_eq!(answer.outcome, Outcome::Delivered, "{answer:?}");
        assert_eq!(answer.excerpt, Some("x".repeat(MAX_EXCERPT)));
    }
    assert_eq!(counts.requests.load(Ordering::SeqCst), 3);
    assert_eq!(counts.connections.load(Ordering::SeqCst), 1);
    let max = 3 * 2 * usize::try_from(HTTP2_STREAM_WINDOW).unwrap();
    let sent = counts.sent.load(Ordering::SeqCst);
    assert!(sent <= max, "{sent} bytes were taken");
}

#[tokio::test]
async fn http1_is_used_if_http2_is_not_offered() {
    let ca = TestCa::new();
    for offered in [&["http/1.1"][..], &[]] {
        let acceptor = ca.acceptor(|_| {}, offered);
        let server = MisbehavingServer::start_tls(
            vec![READ_REQUEST, say("HTTP/1.1 204 OK\r\n\r\n")],
            acceptor,
        );
        let sender = ca.trusting_sender(LONG_TIMEOUT);
        let answer = attempt(&sender, post(&https(server.port)), "h1").await;
        assert_eq!(answer.outcome, Outcome::Delivered, "{answer:?}");
        assert!(server.seen().heard.starts_with(b"POST /hook HTTP/1.1\r\n"));
    }
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// `:status: 200`, by its index in HPACK's static table.
const STATUS_200: &[u8] = b"\x88";

/// One frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [high, middle, low, kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// Returns whether the bytes after the connection preface contain the head of a request.
fn has_request_head(received: &[u8]) -> bool {
    let mut rest = received.get(24..).unwrap_or_default();
    while let [high, middle, low, kind, ..] = *rest {
        if kind == HEADERS {
            return true;
        }
        let length = u32::from_be_bytes([0, high, middle, low]);
        let next = 9 + usize::try_from(length).unwrap();
        rest = rest.get(next..).unwrap_or_default();
    }
    false
}

/// Makes one attempt to a receiver that reads the request, sends SETTINGS and performs these steps.
async fn at(name: &str, steps: Vec<Step>, timeout: Duration) -> AttemptResponse {
    let ca = TestCa::new();
    let begin = vec![
        Step::Hear(has_request_head),
        Step::Say(frame(SETTINGS, 0, 0, &[])),
    ];
    let acceptor = ca.acceptor(|_| {}, &["h2"]);
    let server = MisbehavingServer::start_tls([begin, steps].concat(), acceptor);
    let sender = ca.trusting_sender(timeout);
    let answer = attempt(&sender, post(&https(server.port)), name).await;
    drop(sender);
    let seen = server.left_alone(name).await;
    assert_eq!(
        seen.came, 1,
        "{name}: one connection, so no request was repeated"
    );
    answer
}

#[tokio::test]
async fn http2_goaway_or_reset_is_a_connection_failure() {
    let cases = [
        (
            "goes away",
            frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\0"),
            "not a result of an error",
        ),
        (
            "goes away with an error",
            frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\x0b\x1b[31m"),
            "excessive load",
        ),
        (
            "resets the stream",
            frame(RST_STREAM, 0, 1, b"\0\0\0\x02"),
            "internal error",
        ),
        (
            "refuses the stream",
            frame(RST_STREAM, 0, 1, b"\0\0\0\x07"),
            "refused stream",
        ),
        (
            "asks for HTTP/1.1",
            frame(RST_STREAM, 0, 1, b"\0\0\0\x0d"),
            "requires HTTP/1.1",
        ),
    ];
    for (name, bytes, words) in cases {
        let answer = at(name, vec![Step::Say(bytes), Step::Hold], LONG_TIMEOUT).await;
        assert_failed(name, &answer, FailureCause::Connect, words);
    }
}

#[tokio::test]
async fn invalid_http2_frames_are_protocol_failures() {
    let size = "frame with invalid size";
    let protocol = "unspecific protocol error";
    let cases = [
        ("garbage", vec![0x55; 64 * 1_024], size),
        (
            "HTTP/1.1 after HTTP/2 was negotiated",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
            size,
        ),
        (
            "a frame longer than agreed",
            frame(DATA, 0, 1, &[0; 32 * 1_024]),
            size,
        ),
        (
            "headers that do not decode",
            frame(HEADERS, END_HEADERS, 1, &[0xff; 5]),
            protocol,
        ),
        ("no status", frame(HEADERS, END_HEADERS, 1, b""), protocol),
        ("a body without a head", frame(DATA, 0, 1, b"hi"), protocol),
        (
            "a push",
            frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02\x82\x84\x87"),
            protocol,
        ),
        (
            "settings out of range",
            frame(SETTINGS, 0, 0, b"\0\x05\0\0\0\x01"),
            protocol,
        ),
    ];
    for (name, bytes, words) in cases {
        let answer = at(name, vec![Step::Say(bytes), Step::Hold], LONG_TIMEOUT).await;
        assert_failed(name, &answer, FailureCause::Protocol, words);
    }
}

fn assert_failed(name: &str, answer: &AttemptResponse, expected: FailureCause, words: &str) {
    assert_eq!(cause(answer, name), expected, "{name}: {answer:?}");
    let error = answer.error.as_deref().unwrap();
    let detail = error.strip_prefix(&format!("{expected}: ")).expect(error);
    assert!(detail.contains(words), "{name}: {detail}");
}

/// Repeats the frame as fast as the client reads it.
fn flood_frame(frame: &[u8]) -> Step {
    Step::Flood(frame.repeat(400))
}

/// Uses two threads so that the server that floods and the client that reads run in parallel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_silence_and_empty_floods_time_out() {
    let head = Step::Say(frame(HEADERS, END_HEADERS, 1, STATUS_200));
    let cases = [
        ("silence", None, vec![Step::Hold]),
        ("a head alone", Some(200), vec![head, Step::Hold]),
        (
            "100s",
            None,
            vec![flood_frame(&frame(HEADERS, END_HEADERS, 1, b"\x08\x03100"))],
        ),
        (
            "pings",
            None,
            vec![flood_frame(&frame(PING, 0, 0, b"8 bytes."))],
        ),
        (
            "settings",
            None,
            vec![flood_frame(&frame(SETTINGS, 0, 0, b""))],
        ),
    ];
    for (name, status, steps) in cases {
        let answer = at(name, steps, SHORT_TIMEOUT).await;
        assert_eq!(
            cause(&answer, name),
            FailureCause::Timeout,
            "{name}: {answer:?}"
        );
        assert_eq!(answer.status, status, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_fragment_floods_are_cut_off() {
    let cases = [
        (
            "of a body",
            frame(HEADERS, END_HEADERS, 1, STATUS_200),
            frame(DATA, 0, 1, b""),
        ),
        (
            "of a head",
            frame(HEADERS, 0, 1, STATUS_200),
            frame(CONTINUATION, 0, 1, b"\0\x01a\x01b"),
        ),
        (
            "of a head, empty",
            frame(HEADERS, 0, 1, STATUS_200),
            frame(CONTINUATION, 0, 1, b""),
        ),
    ];
    for (name, begin, piece) in cases {
        let answer = at(
            name,
            vec![Step::Say(begin), flood_frame(&piece)],
            LONG_TIMEOUT,
        )
        .await;
        assert_failed(name, &answer, FailureCause::Protocol, "excessive load");
    }
}
