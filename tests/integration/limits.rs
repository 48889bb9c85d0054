//! Rate limits, concurrency limits, bcrypt checks and throttles under many concurrent requests.

use actors::clock::Clock;
use futures::StreamExt as _;
use partner_api::server;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::forged_keys::forged_key;
use crate::harness::server::config;
use crate::harness::{
    Account, Http, Response, TestDatabase, TestServer, eventually, on_both_backends,
};

/// Sends `total` GETs with this key, at most `concurrency` at a time. Returns their statuses.
async fn get_many(key: &Http, total: usize, concurrency: usize) -> Vec<u16> {
    let requests =
        (0..total).map(|_| async { key.get("/v1/settings/webhook-events").await.status });
    futures::stream::iter(requests)
        .buffer_unordered(concurrency)
        .collect()
        .await
}

/// Starts a server with a manual clock, so that no limit refills.
async fn start_with_manual_clock(database: &TestDatabase) -> (TestServer, Clock) {
    let clock = Clock::manual(Clock::system().now_ms());
    let running = server::start_at(config(database), clock.clone()).await;
    let running = running.unwrap();
    let http = Http::new(&running.base_url).unwrap();
    (TestServer { running, http }, clock)
}

async fn set_limits(server: &TestServer, account: &Account, limits: serde_json::Value) {
    let path = format!("/support/v1/creditors/{}", account.id);
    let body = json!({"limits": limits, "reason": "for the test"});
    server.support().patch(&path, body).await.expect(200);
}

/// The remaining requests, from the `RateLimit` header.
fn remaining(answer: &Response) -> u32 {
    let state = answer.header("RateLimit").unwrap();
    let remaining = state.split("r=").nth(1).unwrap().split(';').next();
    remaining.unwrap().parse().unwrap()
}

/// Starts a request whose body never ends. The server admits it (100 Continue).
///
/// It stays in progress until the returned stream is dropped.
async fn start_endless_request(server: &TestServer, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.running.addr).await.unwrap();
    let head = format!(
        "POST /v1/placements HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    stream
}

on_both_backends!(
    concurrent_callers_get_exactly_both_quotas,
    ten_thousand_requests_with_new_key_need_one_bcrypt_check,
    key_guesses_are_throttled_without_affecting_valid_keys,
    limit_override_applies_immediately_and_survives_restart,
    expensive_route_costs_several_requests,
    sessions_have_their_own_limits,
    request_in_progress_counts_as_concurrent,
    unknown_tokens_are_throttled_without_affecting_sessions,
);

async fn concurrent_callers_get_exactly_both_quotas(database: TestDatabase) {
    let (server, _) = start_with_manual_clock(&database).await;
    let (account, full) = Account::ready(&server.http).await;
    let minted = account
        .session()
        .await
        .act("/v1/settings/read-key/rotate")
        .await
        .expect(201);
    let read = server.http.bearer(minted["api_key"].as_str().unwrap());
    let limits = json!({"key_rps": 10, "key_burst": 50, "tenant_rps": 10, "tenant_burst": 70, "concurrency": 1000});
    set_limits(&server, &account, limits).await;
    let (of_full, of_read) = futures::join!(get_many(&full, 200, 32), get_many(&read, 200, 32));
    let admitted = |statuses: &[u16]| statuses.iter().filter(|status| **status == 200).count();
    let (by_full, by_read) = (admitted(&of_full), admitted(&of_read));
    assert_eq!(by_full + by_read, 70, "the tenant quota covers both keys");
    assert!(
        by_full <= 50 && by_read <= 50,
        "{by_full} and {by_read}: each key has its own quota"
    );
    assert!(
        of_full
            .iter()
            .chain(&of_read)
            .all(|status| matches!(status, 200 | 429))
    );
    server.stop().await;
}

async fn ten_thousand_requests_with_new_key_need_one_bcrypt_check(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let statuses = get_many(&key, 10_000, 64).await;
    assert!(statuses.iter().all(|status| *status == 200));
    assert_eq!(server.running.api().key_bcrypt_checks(), 1);
    server.stop().await;
}

async fn key_guesses_are_throttled_without_affecting_valid_keys(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    key.get("/v1/settings").await.expect(200);
    let status = account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    let prefix = status["api_key"]["prefix"].as_str().unwrap().to_owned();
    let guess = async |token: String| server.http.bearer(&token).get("/v1/settings").await;
    // Repeating the same wrong key, as an outdated script does, is not guessing.
    let outdated = forged_key(Some(&prefix), 1);
    for _ in 0..100 {
        assert_eq!(guess(outdated.clone()).await.code(), "invalid_api_key");
    }
    let mut codes = Vec::new();
    for number in 2..60 {
        let unknown_prefix = guess(forged_key(None, number)).await.code().to_owned();
        let known_prefix = guess(forged_key(Some(&prefix), number))
            .await
            .code()
            .to_owned();
        codes.push((unknown_prefix, known_prefix));
    }
    assert_eq!(
        codes[0],
        ("invalid_api_key".to_owned(), "invalid_api_key".to_owned())
    );
    let throttled = "too_many_attempts".to_owned();
    assert_eq!(
        codes[57],
        (throttled.clone(), throttled),
        "both kinds get the same response"
    );
    let throttled = guess(forged_key(None, 99)).await;
    let wait: u64 = throttled.header("Retry-After").unwrap().parse().unwrap();
    assert!(throttled.status == 429 && (1..=60).contains(&wait));
    // Malformed keys are never throttled.
    assert_eq!(
        guess("ca_nonsense".to_owned()).await.code(),
        "invalid_api_key"
    );
    let statuses = get_many(&key, 50, 8).await;
    assert!(statuses.iter().all(|status| *status == 200));
    let checks = server.running.api().key_bcrypt_checks();
    assert!(
        checks <= 1 + 30,
        "each address has thirty guesses per minute: {checks}"
    );
    server.stop().await;
}

async fn limit_override_applies_immediately_and_survives_restart(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    key.get("/v1/settings").await.expect(200);
    let path = format!("/support/v1/creditors/{}", account.id);
    let limits = json!({"key_burst": 7});
    server
        .support()
        .patch(&path, json!({"limits": limits, "reason": "for the test"}))
        .await
        .expect(200);
    let policy = |answer: &Response| answer.header("RateLimit-Policy").unwrap().to_owned();
    assert!(policy(&key.get("/v1/settings").await).starts_with("\"key\";q=7;"));
    server
        .support()
        .patch(&path, json!({"tier": "narrow", "reason": "for the test"}))
        .await
        .expect(200);
    assert_eq!(
        policy(&key.get("/v1/settings").await),
        "\"key\";q=7;w=2, \"tenant\";q=10;w=2"
    );
    server.stop().await;
    let server = TestServer::start(&database).await;
    let key = key.at(&server.running.base_url);
    assert_eq!(
        policy(&key.get("/v1/settings").await),
        "\"key\";q=7;w=2, \"tenant\";q=10;w=2"
    );
    server
        .support()
        .patch(&path, json!({"limits": null, "reason": "for the test"}))
        .await
        .expect(200);
    assert_eq!(
        policy(&key.get("/v1/settings").await),
        "\"key\";q=10;w=2, \"tenant\";q=10;w=2"
    );
    server.stop().await;
}

async fn expensive_route_costs_several_requests(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let receiver = crate::harness::Receiver::start();
    account.set_webhook(&receiver.url).await;
    let limits = json!({"key_rps": 1, "key_burst": 100, "tenant_rps": 1, "tenant_burst": 100, "concurrency": 10});
    set_limits(&server, &account, limits).await;
    let before = remaining(&key.get("/v1/settings").await);
    let after = remaining(&key.act("/v1/settings/webhook-deliveries/test").await);
    assert!(
        (4..=5).contains(&(before - after)),
        "{before} {after}: the cost is five, one may have been refilled"
    );
    server.stop().await;
}

async fn sessions_have_their_own_limits(database: TestDatabase) {
    let (server, clock) = start_with_manual_clock(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    set_limits(&server, &account, json!({"key_rps": 1, "key_burst": 8, "tenant_rps": 1, "tenant_burst": 8, "concurrency": 50})).await;
    // New limits do not refill a bucket.
    clock.advance_ms(8_000);
    // An exhausted key limit does not affect sessions.
    assert!(get_many(&key, 20, 4).await.contains(&429));
    let first = session.get("/v1/settings").await;
    assert_eq!(
        (first.status, remaining(&first)),
        (200, 7),
        "a session has a full bucket of the same size"
    );
    // A session is limited like a key.
    let admitted = get_many(&session, 40, 4)
        .await
        .iter()
        .filter(|status| **status == 200)
        .count();
    assert_eq!(admitted, 7);
    let refused = account.applicant.get("/v1/creditors/me/status").await;
    let shown = (refused.status, refused.code(), remaining(&refused));
    assert_eq!(
        shown,
        (429, "rate_limited", 0),
        "session and onboarding token share one bucket"
    );
    assert_eq!(refused.header("Retry-After"), Some("1"));
    clock.advance_ms(1_000);
    account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    clock.advance_ms(8_000);
    assert_eq!(
        remaining(&key.get("/v1/settings").await),
        7,
        "a session does not use the bucket of the key"
    );
    // Issuing a key costs as much as five requests.
    let rotated = session.act("/v1/settings/read-key/rotate").await;
    assert_eq!((rotated.status, remaining(&rotated)), (201, 3));
    server.stop().await;
}

async fn request_in_progress_counts_as_concurrent(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    set_limits(&server, &account, json!({"concurrency": 2})).await;
    let token = key.token().unwrap().to_owned();
    let held = [
        start_endless_request(&server, &token).await,
        start_endless_request(&server, &token).await,
    ];
    let refused = key.get("/v1/settings").await;
    assert_eq!(
        (refused.status, refused.code()),
        (429, "too_many_concurrent_requests")
    );
    assert_eq!(refused.header("Retry-After"), Some("1"));
    assert!(refused.header("RateLimit").is_some());
    session.get("/v1/settings").await.expect(200);
    let token = session.token().unwrap().to_owned();
    let more = [
        start_endless_request(&server, &token).await,
        start_endless_request(&server, &token).await,
    ];
    let refused = session.get("/v1/settings").await;
    assert_eq!(
        (refused.status, refused.code()),
        (429, "too_many_concurrent_requests"),
        "sessions are limited too"
    );
    assert!(refused.header("RateLimit").is_some());
    drop((held, more));
    for caller in [&key, &session] {
        eventually("the permits are free again", async || {
            (caller.get("/v1/settings").await.status == 200).then_some(())
        })
        .await;
    }
    server.stop().await;
}

async fn unknown_tokens_are_throttled_without_affecting_sessions(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let session = account.session().await;
    session.get("/v1/settings").await.expect(200);
    let guess = async |kind: &str, number: u32| {
        server
            .http
            .bearer(&format!("{kind}_{number:064x}"))
            .get("/v1/settings")
            .await
    };
    let mut codes = Vec::new();
    for number in 0..40 {
        codes.push(guess("cs", number).await.code().to_owned());
    }
    assert_eq!(codes[..30], vec!["invalid_session"; 30]);
    assert_eq!(codes[30..], vec!["too_many_attempts"; 10]);
    let throttled = guess("ot", 99).await;
    let wait: u64 = throttled.header("Retry-After").unwrap().parse().unwrap();
    assert!(throttled.status == 429 && (1..=60).contains(&wait));
    assert_eq!(
        guess("cs", 0).await.code(),
        "invalid_session",
        "a cached result is not throttled"
    );
    assert_eq!(
        server
            .http
            .bearer("cs_nonsense")
            .get("/v1/settings")
            .await
            .code(),
        "invalid_session"
    );
    session.get("/v1/settings").await.expect(200);
    account
        .session()
        .await
        .get("/v1/settings")
        .await
        .expect(200);
    Account::sign_up(&server.http)
        .await
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    server.stop().await;
}
