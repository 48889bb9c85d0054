//! Limits under many callers at once, bcrypt under many requests, throttles under many guesses.

use actors::clock::Clock;
use futures::StreamExt as _;
use partner_api::server;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::forged_keys::forged_key;
use crate::harness::server::config;
use crate::harness::{
    Account, Answer, Http, TestDatabase, TestServer, eventually, on_both_backends,
};

/// `total` GETs with this key, `at_once` at a time; answers with their statuses.
async fn hammer(key: &Http, total: usize, at_once: usize) -> Vec<u16> {
    let requests =
        (0..total).map(|_| async { key.get("/v1/settings/webhook-events").await.status });
    futures::stream::iter(requests)
        .buffer_unordered(at_once)
        .collect()
        .await
}

/// A server whose time stands still, so that no limit refills.
async fn frozen(database: &TestDatabase) -> (TestServer, Clock) {
    let clock = Clock::manual(Clock::system().now_ms());
    let running = server::start_at(config(database), clock.clone()).await;
    let running = running.unwrap();
    let http = Http::new(&running.base_url);
    (TestServer { running, http }, clock)
}

async fn set_limits(server: &TestServer, account: &Account, limits: serde_json::Value) {
    let path = format!("/support/v1/creditors/{}", account.id);
    let body = json!({"limits": limits, "reason": "for the test"});
    server.support().patch(&path, body).await.expect(200);
}

/// What is left of the key's limit, as the answer says.
fn left(answer: &Answer) -> u32 {
    let state = answer.header("RateLimit").unwrap();
    let left = state.split("r=").nth(1).unwrap().split(';').next();
    left.unwrap().parse().unwrap()
}

/// A request whose body never ends: it is let in, for it is told to go on, and stays in progress until this is dropped.
async fn unended(server: &TestServer, token: &str) -> TcpStream {
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

on_both_backends! {
    async fn sixty_four_callers_are_admitted_exactly_what_both_quotas_allow(database: TestDatabase) {
        let (server, _) = frozen(&database).await;
        let (account, full) = Account::ready(&server.http).await;
        let minted = account.session().await.act("/v1/settings/read-key/rotate").await.expect(201);
        let read = server.http.bearer(minted["api_key"].as_str().unwrap());
        let limits = json!({"key_rps": 10, "key_burst": 50, "tenant_rps": 10, "tenant_burst": 70, "concurrency": 1000});
        set_limits(&server, &account, limits).await;
        let (of_full, of_read) = futures::join!(hammer(&full, 200, 32), hammer(&read, 200, 32));
        let admitted = |statuses: &[u16]| statuses.iter().filter(|status| **status == 200).count();
        let (by_full, by_read) = (admitted(&of_full), admitted(&of_read));
        assert_eq!(by_full + by_read, 70, "the tenant's quota, whoever took it");
        assert!(by_full <= 50 && by_read <= 50, "{by_full} and {by_read}: each key's own");
        assert!(of_full.iter().chain(&of_read).all(|status| matches!(status, 200 | 429)));
        server.stop().await;
    }

    async fn ten_thousand_requests_with_a_fresh_key_are_one_bcrypt_check(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (_, key) = Account::ready(&server.http).await;
        let statuses = hammer(&key, 10_000, 64).await;
        assert!(statuses.iter().all(|status| *status == 200));
        assert_eq!(server.running.api().key_bcrypt_checks(), 1);
        server.stop().await;
    }

    async fn guesses_are_throttled_and_a_caller_in_business_never_notices(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        key.get("/v1/settings").await.expect(200);
        let status = account.applicant.get("/v1/creditors/me/status").await.expect(200);
        let prefix = status["api_key"]["prefix"].as_str().unwrap().to_owned();
        let guess = async |token: String| server.http.bearer(&token).get("/v1/settings").await;
        // The same wrong key again and again, as a forgotten script sends it, is not guessing.
        let forgotten = forged_key(Some(&prefix), 1);
        for _ in 0..100 {
            assert_eq!(guess(forgotten.clone()).await.code(), "invalid_api_key");
        }
        let mut codes = Vec::new();
        for number in 2..60 {
            let of_nobody = guess(forged_key(None, number)).await.code().to_owned();
            let of_somebody = guess(forged_key(Some(&prefix), number)).await.code().to_owned();
            codes.push((of_nobody, of_somebody));
        }
        assert_eq!(codes[0], ("invalid_api_key".to_owned(), "invalid_api_key".to_owned()));
        assert_eq!(codes[57], ("too_many_attempts".to_owned(), "too_many_attempts".to_owned()), "the same for both");
        let throttled = guess(forged_key(None, 99)).await;
        let wait: u64 = throttled.header("Retry-After").unwrap().parse().unwrap();
        assert!(throttled.status == 429 && (1..=60).contains(&wait));
        // Malformed ones cost nothing and are told so all the time.
        assert_eq!(guess("ca_nonsense".to_owned()).await.code(), "invalid_api_key");
        let statuses = hammer(&key, 50, 8).await;
        assert!(statuses.iter().all(|status| *status == 200));
        let checks = server.running.api().key_bcrypt_checks();
        assert!(checks <= 1 + 30, "each address has thirty guesses a minute: {checks}");
        server.stop().await;
    }

    async fn an_override_holds_at_once_and_over_a_restart(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        key.get("/v1/settings").await.expect(200);
        let path = format!("/support/v1/creditors/{}", account.id);
        let limits = json!({"key_burst": 7});
        server.support().patch(&path, json!({"limits": limits, "reason": "for the test"})).await.expect(200);
        let policy = |answer: &Answer| answer.header("RateLimit-Policy").unwrap().to_owned();
        assert!(policy(&key.get("/v1/settings").await).starts_with("\"key\";q=7;"));
        server.support().patch(&path, json!({"tier": "narrow", "reason": "for the test"})).await.expect(200);
        assert_eq!(policy(&key.get("/v1/settings").await), "\"key\";q=7;w=2, \"tenant\";q=10;w=2");
        server.stop().await;
        let server = TestServer::start(&database).await;
        let key = key.at(&server.running.base_url);
        assert_eq!(policy(&key.get("/v1/settings").await), "\"key\";q=7;w=2, \"tenant\";q=10;w=2");
        server.support().patch(&path, json!({"limits": null, "reason": "for the test"})).await.expect(200);
        assert_eq!(policy(&key.get("/v1/settings").await), "\"key\";q=10;w=2, \"tenant\";q=10;w=2");
        server.stop().await;
    }

    async fn a_costly_route_takes_more_than_one(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        let receiver = crate::harness::Receiver::start().await;
        account.set_webhook(&receiver.url).await;
        let limits = json!({"key_rps": 1, "key_burst": 100, "tenant_rps": 1, "tenant_burst": 100, "concurrency": 10});
        set_limits(&server, &account, limits).await;
        let before = left(&key.get("/v1/settings").await);
        let after = left(&key.act("/v1/settings/webhook-deliveries/test").await);
        assert!((4..=5).contains(&(before - after)), "{before} {after}: five, less what a second refills");
        server.stop().await;
    }

    async fn people_have_limits_of_their_own(database: TestDatabase) {
        let (server, clock) = frozen(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        let session = account.session().await;
        set_limits(&server, &account, json!({"key_rps": 1, "key_burst": 8, "tenant_rps": 1, "tenant_burst": 8, "concurrency": 50})).await;
        // What was spent before stays spent.
        clock.advance_ms(8_000);
        // A key that ran wild locks no owner out.
        assert!(hammer(&key, 20, 4).await.contains(&429));
        let first = session.get("/v1/settings").await;
        assert_eq!((first.status, left(&first)), (200, 7), "as much as a key has, and all of it left");
        // A script that signs in gets no more than one with a key.
        let admitted = hammer(&session, 40, 4).await.iter().filter(|status| **status == 200).count();
        assert_eq!(admitted, 7);
        let refused = account.applicant.get("/v1/creditors/me/status").await;
        assert_eq!((refused.status, refused.code(), left(&refused)), (429, "rate_limited", 0), "whichever token it brings");
        assert_eq!(refused.header("Retry-After"), Some("1"));
        clock.advance_ms(1_000);
        account.applicant.get("/v1/creditors/me/status").await.expect(200);
        clock.advance_ms(8_000);
        assert_eq!(left(&key.get("/v1/settings").await), 7, "nor does a person take from the key");
        // To mint a key costs as much as five requests.
        let rotated = session.act("/v1/settings/read-key/rotate").await;
        assert_eq!((rotated.status, left(&rotated)), (201, 3));
        server.stop().await;
    }

    async fn a_request_in_progress_holds_its_place(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let (account, key) = Account::ready(&server.http).await;
        let session = account.session().await;
        set_limits(&server, &account, json!({"concurrency": 2})).await;
        let token = key.token().unwrap().to_owned();
        let held = [unended(&server, &token).await, unended(&server, &token).await];
        let refused = key.get("/v1/settings").await;
        assert_eq!((refused.status, refused.code()), (429, "too_many_concurrent_requests"));
        assert_eq!(refused.header("Retry-After"), Some("1"));
        assert!(refused.header("RateLimit").is_some());
        session.get("/v1/settings").await.expect(200);
        let token = session.token().unwrap().to_owned();
        let more = [unended(&server, &token).await, unended(&server, &token).await];
        let refused = session.get("/v1/settings").await;
        assert_eq!((refused.status, refused.code()), (429, "too_many_concurrent_requests"), "nor do people");
        assert!(refused.header("RateLimit").is_some());
        drop((held, more));
        for caller in [&key, &session] {
            eventually("the places are free again", async || {
                (caller.get("/v1/settings").await.status == 200).then_some(())
            }).await;
        }
        server.stop().await;
    }

    async fn made_up_tokens_cost_a_few_look_ups_and_disturb_no_session(database: TestDatabase) {
        let server = TestServer::start(&database).await;
        let account = Account::sign_up(&server.http).await;
        let session = account.session().await;
        session.get("/v1/settings").await.expect(200);
        let guess = async |kind: &str, number: u32| server.http.bearer(&format!("{kind}_{number:064x}")).get("/v1/settings").await;
        let mut codes = Vec::new();
        for number in 0..40 {
            codes.push(guess("cs", number).await.code().to_owned());
        }
        assert_eq!(codes[..30], vec!["invalid_session"; 30]);
        assert_eq!(codes[30..], vec!["too_many_attempts"; 10]);
        let throttled = guess("ot", 99).await;
        let wait: u64 = throttled.header("Retry-After").unwrap().parse().unwrap();
        assert!(throttled.status == 429 && (1..=60).contains(&wait));
        assert_eq!(guess("cs", 0).await.code(), "invalid_session", "from memory");
        assert_eq!(server.http.bearer("cs_nonsense").get("/v1/settings").await.code(), "invalid_session");
        session.get("/v1/settings").await.expect(200);
        account.session().await.get("/v1/settings").await.expect(200);
        Account::sign_up(&server.http).await.applicant.get("/v1/creditors/me/status").await.expect(200);
        server.stop().await;
    }
}
