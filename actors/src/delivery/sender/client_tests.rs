//! The sender against a receiver on loopback, and against addresses that it must not connect to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::sanitize::MAX_EXCERPT;
use super::*;
use crate::delivery::tests::receiver::{Receiver, Reply};
use crate::domain::retry::Outcome;
use crate::domain::safe_address::check_url;
use crate::domain::signature::{WebhookSecret, sign, verify};
use crate::test_support::database::{SECRET, settings};

fn sender(change: impl FnOnce(&mut Settings)) -> Sender {
    let mut settings = settings("sqlite::memory:");
    change(&mut settings);
    let hosts = HostLookup::new(&[]).unwrap();
    Sender::new(&settings, &Clock::system(), hosts, &Counter::default()).unwrap()
}

fn post(url: &str) -> Post {
    let secret = WebhookSecret::parse(SECRET).unwrap();
    let body = Bytes::from_static(b"{\"a\":1}");
    let (id, timestamp_s) = ("msg_1".to_owned(), 1_700_000_000);
    let signature = sign(&[secret], &id, timestamp_s, &body);
    Post {
        url: Url::parse(url).unwrap(),
        id,
        timestamp_s,
        signature,
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        headers: http::HeaderMap::new(),
        body,
    }
}

async fn answer(reply: Reply) -> (AttemptResponse, Receiver) {
    let receiver = Receiver::start(move |_, _| reply.clone()).await;
    let answer = sender(|_| {}).post(post(&receiver.url)).await.unwrap();
    (answer, receiver)
}

fn cause(answer: &AttemptResponse) -> FailureCause {
    match answer.outcome {
        Outcome::Failed { cause } => cause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sent_request_verifies_and_2xx_is_delivered() {
    let (answer, receiver) = answer(Reply::with(204, "", "")).await;
    assert_eq!(
        (answer.outcome, answer.status, answer.error),
        (Outcome::Delivered, Some(204), None)
    );
    let request = &receiver.seen()[0];
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    let header = |name: &str| request.headers[name].as_str();
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("user-agent"), "partner-api/0.0.0-test");
    let secret = WebhookSecret::parse(SECRET).unwrap();
    let timestamp = header("webhook-timestamp").parse().unwrap();
    let verified = verify(
        &[secret],
        header("webhook-id"),
        timestamp,
        &request.body,
        header("webhook-signature"),
        timestamp,
    );
    assert_eq!(verified, Ok(()));
}

#[tokio::test]
async fn statuses_outside_2xx_fail_and_redirects_are_not_followed() {
    let (answer, _receiver) = answer(Reply::with(500, "", "oh\u{0} n\u{7}o\n<b>")).await;
    assert_eq!(cause(&answer), FailureCause::Status(500));
    assert_eq!(answer.excerpt.as_deref(), Some("oh no <b>"));
    assert_eq!(answer.error.as_deref(), Some("HTTP 500"));

    let target = Receiver::start(|_, _| Reply::status(200)).await;
    let location = format!("location: {}\r\n", target.url);
    let redirecting = Receiver::start(move |_, _| Reply::with(307, &location, "")).await;
    let answer = sender(|_| {}).post(post(&redirecting.url)).await.unwrap();
    assert_eq!(cause(&answer), FailureCause::Status(307));
    assert!(target.seen().is_empty());
}

#[tokio::test]
async fn status_410_and_retry_after_set_the_outcome() {
    assert_eq!(answer(Reply::status(410)).await.0.outcome, Outcome::Gone);
    let (answer, _receiver) = answer(Reply::with(503, "retry-after: 7\r\n", "")).await;
    assert_eq!(
        answer.outcome,
        Outcome::RetryAfter {
            status: 503,
            after_ms: Some(7_000)
        }
    );
}

#[tokio::test]
async fn one_timeout_covers_headers_and_body() {
    for sent in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
    ] {
        let (answer, _receiver) = answer(Reply::Hang(sent.as_bytes().to_vec())).await;
        assert_eq!(cause(&answer), FailureCause::Timeout, "after {sent:?}");
        assert!(
            (450..5_000).contains(&answer.latency_ms),
            "{}",
            answer.latency_ms
        );
    }
}

#[tokio::test]
async fn endless_body_is_truncated_and_delivered() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.extend(std::iter::repeat_n(b'x', 10 * MAX_BODY_BYTES));
    let (answer, _receiver) = answer(Reply::Hang(endless)).await;
    assert_eq!(
        answer.outcome,
        Outcome::Delivered,
        "the sender does not wait for the end of the body"
    );
    assert_eq!(answer.excerpt.map(|text| text.len()), Some(MAX_EXCERPT));
}

#[tokio::test]
async fn connection_failures_have_distinct_causes() {
    let (closed, _receiver) = answer(Reply::Close).await;
    assert_eq!(cause(&closed), FailureCause::Connect, "{closed:?}");
    let (garbage, _receiver) = answer(Reply::Bytes(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec())).await;
    assert_eq!(cause(&garbage), FailureCause::Protocol);

    let answer = sender(|_| {})
        .post(post(&format!(
            "https://127.0.0.1:{}/",
            plain_text_server().await
        )))
        .await
        .unwrap();
    assert_eq!(cause(&answer), FailureCause::Tls, "{answer:?}");

    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let answer = sender(|_| {}).post(post(&url)).await.unwrap();
    assert_eq!(cause(&answer), FailureCause::Connect);
    assert!(answer.error.unwrap().starts_with("the connection failed: "));

    let answer = sender(|_| {})
        .post(post("http://no-such-host.invalid/"))
        .await
        .unwrap();
    assert_eq!(cause(&answer), FailureCause::Resolve, "{answer:?}");
}

/// Starts a server that sends plain text first and does not speak TLS. Returns its port.
async fn plain_text_server() -> u16 {
    use tokio::io::AsyncWriteExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        }
    });
    port
}

#[tokio::test]
async fn name_with_forbidden_address_is_not_connected_to() {
    let receiver = Receiver::start(|_, _| Reply::status(200)).await;
    let other_network =
        |settings: &mut Settings| settings.webhook_allow = vec!["192.0.2.0/24".parse().unwrap()];
    let sender = sender(other_network);
    let answer = sender
        .post(post(&format!("http://localhost:{}/", receiver.port)))
        .await
        .unwrap();
    assert_eq!(cause(&answer), FailureCause::UnsafeAddress);
    assert!(
        !answer.error.unwrap().contains("127."),
        "the error does not reveal the address"
    );
    assert!(receiver.seen().is_empty());
}

#[test]
fn sandbox_permits_loopback_and_production_refuses_it() {
    let mut settings = settings("sqlite::memory:");
    assert!(check_url("http://127.0.0.1:9000/x", &settings.address_policy()).is_ok());
    assert!(check_url("http://10.0.0.1/x", &settings.address_policy()).is_err());
    settings.mode = Mode::Production;
    assert!(check_url("https://127.0.0.1/x", &settings.address_policy()).is_err());
}

/// Serves connections in turn: each answers as many requests as its number says, and is closed after the next one
/// arrived. Returns the address and how many connections came.
async fn closing_receiver(answers: &'static [usize]) -> (String, Arc<AtomicUsize>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        for answers in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            for _ in 0..*answers {
                assert!(stream.read(&mut request).await.unwrap() > 0);
                let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(ok).await.unwrap();
            }
            let _ = stream.read(&mut request).await;
        }
    });
    (url, accepted)
}

#[tokio::test]
async fn request_on_a_reused_connection_that_closes_is_sent_again() {
    let (url, accepted) = closing_receiver(&[2, 1]).await;
    let sender = sender(|_| {});
    for _ in 0..3 {
        let answer = sender.post(post(&url)).await.unwrap();
        assert_eq!(answer.outcome, Outcome::Delivered, "{answer:?}");
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn request_on_a_new_connection_that_closes_is_not_sent_again() {
    let (url, accepted) = closing_receiver(&[0, 1]).await;
    let answer = sender(|_| {}).post(post(&url)).await.unwrap();
    assert_eq!(cause(&answer), FailureCause::Connect, "{answer:?}");
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn request_is_sent_again_at_most_once() {
    let (url, accepted) = closing_receiver(&[1, 0, 1]).await;
    let sender = sender(|_| {});
    sender.post(post(&url)).await.unwrap();
    let answer = sender.post(post(&url)).await.unwrap();
    assert_eq!(cause(&answer), FailureCause::Connect, "{answer:?}");
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
}
