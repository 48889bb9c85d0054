//! Misbehaving receivers: each attempt ends, and the delivery log names the cause of its failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::account::place;
use crate::harness::server::config;
use crate::harness::{Account, Http, TestDatabase, TestServer, eventually, on_both_backends};

/// What a receiver does after it has sent its response text.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// Keeps the connection open.
    Hold,
    /// Resets the connection.
    Reset,
    /// Repeats the text with a pause of 50 ms.
    Drip(&'static str),
    /// Repeats the text without a pause.
    Flood(&'static str),
}

/// One receiver, and what the delivery log must show for an attempt at it.
struct Case {
    name: &'static str,
    scheme: &'static str,
    response: String,
    then: Then,
    status: Value,
    error: Option<&'static str>,
    excerpt: &'static str,
}

/// Starts a receiver. Returns its port and the number of connections that it has accepted.
async fn start_receiver(response: String, then: Then) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(answer(stream, response.clone(), then));
        }
    });
    (port, connections)
}

async fn answer(mut stream: TcpStream, response: String, then: Then) -> std::io::Result<()> {
    // A response before the request would be a different fault from the one under test.
    stream.peek(&mut [0]).await?;
    stream.write_all(response.as_bytes()).await?;
    match then {
        Then::Hold => while stream.read(&mut [0; 8_192]).await? > 0 {},
        Then::Reset => stream.set_zero_linger()?,
        Then::Drip(text) => loop {
            stream.write_all(text.as_bytes()).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        },
        Then::Flood(text) => {
            let many = text.repeat(1_000);
            loop {
                stream.write_all(many.as_bytes()).await?;
            }
        }
    }
    Ok(())
}

fn case(
    name: &'static str,
    response: &str,
    then: Then,
    status: Value,
    error: &'static str,
) -> Case {
    Case {
        name,
        scheme: "http",
        response: response.to_owned(),
        then,
        status,
        error: Some(error),
        excerpt: "",
    }
}

fn cases(local_port: u16) -> Vec<Case> {
    let late = "no complete answer in time";
    let moved = format!(
        "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{local_port}/\r\ncontent-length: 0\r\n\r\n"
    );
    let huge = format!(
        "HTTP/1.1 200 OK\r\nx: {}\r\n\r\n",
        "y".repeat(1_024 * 1_024)
    );
    let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
    let ok = "HTTP/1.1 200 OK\r\n\r\n";
    vec![
        case("silence", "", Then::Hold, Value::Null, late),
        case("endless 1xx", hints, Then::Flood(hints), Value::Null, late),
        case(
            "a reset",
            "",
            Then::Reset,
            Value::Null,
            "the connection failed: Connection reset by peer",
        ),
        case(
            "a huge header",
            &huge,
            Then::Hold,
            Value::Null,
            "the answer was not valid HTTP: message head is too large",
        ),
        case(
            "a redirect to a local server",
            &moved,
            Then::Hold,
            json!(307),
            "HTTP 307: redirects are not followed",
        ),
        Case {
            excerpt: "xx",
            ..case("a dripping body", ok, Then::Drip("x"), json!(200), late)
        },
        Case {
            scheme: "https",
            ..case(
                "no TLS",
                "HTTP/1.1 400 Bad Request\r\n\r\n",
                Then::Hold,
                Value::Null,
                "the TLS handshake failed: ",
            )
        },
        Case {
            error: None,
            excerpt: "[31mred[0m \u{fffd}",
            ..case(
                "an endless body",
                ok,
                Then::Flood("\0\x1b[31mred\x1b[0m \u{fffd}\u{202e}"),
                json!(200),
                "",
            )
        },
    ]
}

/// Adds an endpoint for each receiver. Returns the ids of the endpoints.
async fn subscribe(session: &Http, cases: &[Case]) -> Vec<Value> {
    let mut endpoints = Vec::new();
    for case in cases {
        let (port, _) = start_receiver(case.response.clone(), case.then).await;
        let url = format!("{}://127.0.0.1:{port}/hook", case.scheme);
        let settings = json!({"url": url, "events": ["placement.created"]});
        let made = session
            .post("/v1/settings/webhook-endpoints", settings)
            .await
            .expect(201);
        endpoints.push(made["id"].clone());
    }
    endpoints
}

/// Waits until each delivery has had one attempt. Returns their rows in the delivery list.
async fn wait_for_attempts(key: &Http, count: usize) -> Vec<Value> {
    eventually("every endpoint has an attempt", || async {
        let list = key
            .get("/v1/settings/webhook-deliveries?event=placement.created")
            .await
            .expect(200);
        let rows = list["items"].as_array().unwrap();
        let attempted = rows.iter().filter(|row| row["attempts"] == json!(1));
        (attempted.count() == count).then(|| rows.clone())
    })
    .await
}

/// Checks the log of the one attempt.
fn check(case: &Case, detail: &Value) {
    let name = case.name;
    let [attempt] = detail["attempt_log"].as_array().unwrap().as_slice() else {
        panic!("{name}: {detail}");
    };
    assert_eq!(attempt["response_status"], case.status, "{name}: {attempt}");
    assert!(attempt["latency_ms"].is_u64(), "{name}: {attempt}");
    assert!(attempt["at"].is_string(), "{name}: {attempt}");
    let error = attempt["error"].as_str();
    assert_eq!(error.is_some(), case.error.is_some(), "{name}: {attempt}");
    let message = error.unwrap_or_default();
    assert!(
        message.starts_with(case.error.unwrap_or_default()),
        "{name}: {message}"
    );
    let excerpt = attempt["response_excerpt"].as_str().unwrap_or_default();
    assert!(excerpt.starts_with(case.excerpt), "{name}: {excerpt:?}");
    assert_eq!(
        excerpt.is_empty(),
        case.excerpt.is_empty(),
        "{name}: {excerpt:?}"
    );
    let shown = [message, excerpt].concat();
    assert!(
        !shown
            .chars()
            .any(|character| character.is_control() || character == '\u{202e}'),
        "{name}: {shown:?}"
    );
}

on_both_backends!(delivery_log_names_the_cause_of_each_failure,);

async fn delivery_log_names_the_cause_of_each_failure(database: TestDatabase) {
    let mut config = config(&database);
    config.settings.delivery_timeout = Duration::from_millis(500);
    // No second attempt during the test.
    config.settings.retry_schedule = "1h".parse().unwrap();
    let server = TestServer::start_with(config).await;
    let (local_port, connections) = start_receiver(String::new(), Then::Hold).await;
    let (account, key) = Account::ready(&server.http).await;
    let cases = cases(local_port);
    let endpoints = subscribe(&account.session().await, &cases).await;
    place(&key, "INV-1").await;
    let rows = wait_for_attempts(&key, cases.len()).await;
    for (case, endpoint) in cases.iter().zip(&endpoints) {
        let row = rows
            .iter()
            .find(|row| row["endpoint_id"] == *endpoint)
            .expect(case.name);
        let state = if case.error.is_some() {
            "failed"
        } else {
            "delivered"
        };
        assert_eq!(row["status"], json!(state), "{}", case.name);
        let path = format!(
            "/v1/settings/webhook-deliveries/{}",
            row["id"].as_str().unwrap()
        );
        check(case, &key.get(&path).await.expect(200));
    }
    assert_eq!(
        connections.load(Ordering::SeqCst),
        0,
        "no redirect was followed"
    );
    server.stop().await;
}
