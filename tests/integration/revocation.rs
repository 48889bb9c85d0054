//! Revoked keys are refused: under load, on a second node, and without the control feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Account, Http, TestDatabase, TestServer, on_both_backends};

const ROUNDS: usize = 1_000;
const CALLERS: usize = 4;
/// How long a node may use cached state after the last message of the control feed.
const FRESH: Duration = Duration::from_secs(1);

/// Issues a new key as support and returns a client that uses it. All older keys end.
async fn mint(server: &TestServer, account: &Account) -> Http {
    let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
    let minted = server
        .support()
        .post(&path, json!({"reason": "next round"}))
        .await
        .expect(201);
    server.http.bearer(minted["api_key"].as_str().unwrap())
}

async fn revoke(server: &TestServer, account: &Account) {
    let path = format!("/support/v1/creditors/{}/api-key/revoke", account.id);
    let answer = server
        .support()
        .post(&path, json!({"reason": "leaked"}))
        .await;
    assert_eq!(answer.status, 204, "{}", answer.body);
}

/// Sends requests until one has begun after the revocation. That request must be refused.
async fn call_until_refused(key: Http, revoked: Arc<AtomicBool>, admitted: Arc<AtomicU64>) {
    loop {
        let began_after = revoked.load(Ordering::SeqCst);
        let answer = key.get("/v1/settings/webhook-events").await;
        match answer.status {
            200 => {
                admitted.fetch_add(1, Ordering::Relaxed);
                assert!(!began_after, "admitted after the 204");
            }
            401 => assert_eq!(answer.code(), "revoked_api_key"),
            other => panic!("{other}: {}", answer.body),
        }
        if began_after {
            return;
        }
    }
}

on_both_backends!(
    revoked_key_is_never_admitted_under_load,
    rotation_with_overlap_fails_no_request,
);

async fn revoked_key_is_never_admitted_under_load(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, _) = Account::ready(&server.http).await;
    let session = account.session().await;
    let admitted = Arc::new(AtomicU64::new(0));
    for round in 0..ROUNDS {
        let key = mint(&server, &account).await;
        let revoked = Arc::new(AtomicBool::new(false));
        // In every other round the key is unverified, so bcrypt runs during the revocation.
        if round % 2 == 0 {
            key.get("/v1/settings/webhook-events").await.expect(200);
        }
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                tokio::spawn(call_until_refused(
                    key.clone(),
                    Arc::clone(&revoked),
                    Arc::clone(&admitted),
                ))
            })
            .collect();
        match round % 4 {
            0 | 1 => revoke(&server, &account).await,
            _ => assert_eq!(session.act("/v1/settings/api-key/revoke").await.status, 204),
        }
        revoked.store(true, Ordering::SeqCst);
        for caller in callers {
            caller.await.unwrap();
        }
    }
    assert!(
        admitted.load(Ordering::Relaxed) > 0,
        "requests were admitted before the revocations"
    );
    server.stop().await;
}

async fn rotation_with_overlap_fails_no_request(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, first) = Account::ready(&server.http).await;
    let session = account.session().await;
    let second = Arc::new(tokio::sync::OnceCell::new());
    // 200 requests per second for three seconds.
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let mut answers = Vec::new();
    for number in 0..600 {
        ticks.tick().await;
        if number == 200 {
            let (session, http, second) =
                (session.clone(), server.http.clone(), Arc::clone(&second));
            tokio::spawn(async move {
                let minted = session
                    .post("/v1/settings/api-key/rotate", json!({}))
                    .await
                    .expect(201);
                second
                    .set(http.bearer(minted["api_key"].as_str().unwrap()))
                    .unwrap();
            });
        }
        // Half of the requests use the new key as soon as it exists, half keep the old key.
        let key = second
            .get()
            .filter(|_| number % 2 == 0)
            .unwrap_or(&first)
            .clone();
        answers.push(tokio::spawn(async move {
            key.get("/v1/settings/webhook-events").await.status
        }));
    }
    for answer in answers {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert!(second.get().is_some());
    server.stop().await;
}

/// Revokes keys on one node while another node gets requests. `cut` disconnects the control feed.
///
/// Returns the longest time after the 204 at which a request began that was still admitted.
async fn longest_after_a_revocation(cut: bool, rounds: usize) -> Option<Duration> {
    let database = crate::harness::postgres::database().await?;
    let (one, two) = (
        TestServer::start(&database).await,
        TestServer::start(&database).await,
    );
    let (account, _) = Account::ready(&one.http).await;
    let mut longest = Duration::ZERO;
    for _ in 0..rounds {
        two.running.api().cut_control_feed(false);
        let key = mint(&one, &account).await.at(&two.running.base_url);
        crate::harness::eventually("the other node knows the key", || async {
            (key.get("/v1/settings/webhook-events").await.status == 200).then_some(())
        })
        .await;
        two.running.api().cut_control_feed(cut);
        revoke(&one, &account).await;
        let revoked_at = Instant::now();
        loop {
            let after = revoked_at.elapsed();
            let answer = key.get("/v1/settings/webhook-events").await;
            match answer.status {
                200 => longest = longest.max(after),
                401 | 503 => {}
                other => panic!("{other}: {}", answer.body),
            }
            if after > FRESH + FRESH / 2 {
                break;
            }
        }
    }
    one.stop().await;
    two.stop().await;
    Some(longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_node_refuses_revoked_key_within_a_second() {
    if let Some(longest) = longest_after_a_revocation(false, 5).await {
        assert!(longest < FRESH, "{longest:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_without_control_feed_stops_using_cached_state() {
    if let Some(longest) = longest_after_a_revocation(true, 5).await {
        assert!(longest < FRESH, "{longest:?}");
    }
}
