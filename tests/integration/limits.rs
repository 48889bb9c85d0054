//! Limits under many callers at once, bcrypt under many requests, throttles under many guesses.

use actors::clock::Clock;
use actors::domain::api_key::{KeyPrefix, full_key, generate_prefix, generate_secret};
use futures::StreamExt as _;
use partner_api::startup;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::harness::server::config;
use crate::harness::{Account, Http, TestServer, on_both_backends};

/// A well-formed key that nobody has: of a prefix that nobody has, unless one is given.
fn made_up(prefix: Option<&str>, number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut entropy = move |bytes: &mut [u8]| {
        for byte in bytes {
            // xorshift64: any spread will do.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = state.to_be_bytes()[3];
        }
    };
    let prefix = match prefix {
        Some(prefix) => KeyPrefix::parse(prefix).unwrap(),
        None => generate_prefix(&mut entropy),
    };
    let secret = generate_secret(&prefix, &mut entropy);
    full_key(&prefix, &secret).expose_secret().to_owned()
}

/// `total` GETs with this key, `at_once` at a time; answers with their statuses.
async fn hammer(key: &Http, total: usize, at_once: usize) -> Vec<u16> {
    let requests =
        (0..total).map(|_| async { key.get("/v1/settings/webhook-events").await.status });
    futures::stream::iter(requests)
        .buffer_unordered(at_once)
        .collect()
        .await
}

on_both_backends! {
    async fn sixty_four_callers_are_admitted_exactly_what_both_quotas_allow(database: TestDatabase) {
        // Time stands still, so nothing refills.
        let running = startup::start_at(config(&database), Clock::manual(Clock::system().now_ms())).await.unwrap();
        let server = TestServer { http: Http::new(&running.base_url), running };
        let (account, full) = Account::ready(&server.http).await;
        let minted = account.session().await.act("/v1/settings/read-key/rotate").await.expect(201);
        let read = server.http.bearer(minted["api_key"].as_str().unwrap());
        let limits = json!({"key_rps": 10, "key_burst": 50, "tenant_rps": 10, "tenant_burst": 70, "concurrency": 1000});
        let path = format!("/support/v1/creditors/{}", account.id);
        server.support().patch(&path, json!({"limits": limits, "reason": "for the test"})).await.expect(200);
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
        let status = account.wizard.get("/v1/creditors/me/status").await.expect(200);
        let prefix = status["api_key"]["prefix"].as_str().unwrap().to_owned();
        let guess = async |token: String| server.http.bearer(&token).get("/v1/settings").await;
        // The same wrong key again and again, as a forgotten script sends it, is not guessing.
        let forgotten = made_up(Some(&prefix), 1);
        for _ in 0..100 {
            assert_eq!(guess(forgotten.clone()).await.code(), "invalid_api_key");
        }
        let mut codes = Vec::new();
        for number in 2..60 {
            let of_nobody = guess(made_up(None, number)).await.code().to_owned();
            let of_somebody = guess(made_up(Some(&prefix), number)).await.code().to_owned();
            codes.push((of_nobody, of_somebody));
        }
        assert_eq!(codes[0], ("invalid_api_key".to_owned(), "invalid_api_key".to_owned()));
        assert_eq!(codes[57], ("too_many_attempts".to_owned(), "too_many_attempts".to_owned()), "the same for both");
        let throttled = guess(made_up(None, 99)).await;
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
        let policy = |answer: &crate::harness::Answer| answer.header("RateLimit-Policy").unwrap().to_owned();
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
        let path = format!("/support/v1/creditors/{}", account.id);
        server.support().patch(&path, json!({"limits": limits, "reason": "for the test"})).await.expect(200);
        let left = |answer: &crate::harness::Answer| -> u32 {
            let state = answer.header("RateLimit").unwrap();
            state.split("r=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap()
        };
        let before = left(&key.get("/v1/settings").await);
        let after = left(&key.act("/v1/settings/webhook-deliveries/test").await);
        assert!((4..=5).contains(&(before - after)), "{before} {after}: five, less what a second refills");
        server.stop().await;
    }
}
