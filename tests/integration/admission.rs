//! Admission: verification of API keys, and both rate limits.

use serde_json::json;

use crate::harness::account::place;
use crate::harness::forged_keys::forged_key;
use crate::harness::{Account, TestDatabase, TestServer, on_both_backends};

on_both_backends!(
    malformed_unknown_and_wrong_keys_get_identical_responses,
    new_key_is_verified_by_bcrypt_once,
    both_limits_are_reported_and_enforced,
    key_revoked_by_support_is_refused_on_next_request,
    unissued_key_cannot_be_revoked,
    rotation_by_support_ends_or_retires_the_old_key,
    api_key_cannot_change_webhook_url_or_read_secret,
    placement_of_another_creditor_is_not_found,
);

async fn malformed_unknown_and_wrong_keys_get_identical_responses(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, _) = Account::ready(&server.http).await;
    let status = account
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    let real_prefix = status["api_key"]["prefix"].as_str().unwrap().to_owned();
    // Prefixes: unknown, of a key that was never revealed, and of a key in use.
    let unrevealed = Account::sign_up(&server.http).await;
    unrevealed.onboard().await;
    let status = unrevealed
        .applicant
        .get("/v1/creditors/me/status")
        .await
        .expect(200);
    let unrevealed_prefix = status["api_key"]["prefix"].as_str().unwrap();
    let mut mistyped = forged_key(None, 1);
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == '0' { '1' } else { '0' });
    let mut answers = Vec::new();
    for token in [
        "nonsense",
        "ca_abcdefgh_short",
        &mistyped,
        &forged_key(None, 2),
        &forged_key(Some(unrevealed_prefix), 3),
        &forged_key(Some(&real_prefix), 4),
    ] {
        let mut answer = server.http.bearer(token).get("/v1/placements").await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "invalid_api_key"),
            "{token}"
        );
        answer.body.as_object_mut().unwrap().remove("request_id");
        answer.headers.remove("x-request-id");
        answer.headers.remove("date");
        answers.push((answer.headers, answer.body));
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
    let missing = server.http.get("/v1/placements").await;
    assert_eq!((missing.status, missing.code()), (401, "missing_api_key"));
    server.stop().await;
}

async fn new_key_is_verified_by_bcrypt_once(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let requests = (0..200).map(|_| key.get("/v1/settings"));
    let answers = futures::future::join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(server.running.api().key_bcrypt_checks(), 1);
    server.stop().await;
}

async fn both_limits_are_reported_and_enforced(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let path = format!("/support/v1/creditors/{}", account.id);
    let limits = json!({"key_rps": 1, "key_burst": 5, "tenant_rps": 2, "tenant_burst": 9, "concurrency": 50});
    server
        .support()
        .patch(&path, json!({"limits": limits, "reason": "for the test"}))
        .await
        .expect(200);
    let first = key.get("/v1/settings").await;
    assert_eq!(
        first.header("RateLimit-Policy"),
        Some("\"key\";q=5;w=5, \"tenant\";q=9;w=5")
    );
    assert_eq!(
        first.header("RateLimit"),
        Some("\"key\";r=4;t=1, \"tenant\";r=8;t=1")
    );
    let rest = futures::future::join_all((0..30).map(|_| key.get("/v1/settings"))).await;
    let admitted = rest.iter().filter(|answer| answer.status == 200).count();
    assert!(
        (4..=6).contains(&admitted),
        "a burst of 5, and one more if a second has passed: {admitted}"
    );
    let refused = rest.iter().find(|answer| answer.status == 429).unwrap();
    assert_eq!(refused.code(), "rate_limited");
    let wait: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(refused.header("RateLimit").is_some());
    server.stop().await;
}

async fn key_revoked_by_support_is_refused_on_next_request(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    key.get("/v1/settings").await.expect(200);
    let path = format!("/support/v1/creditors/{}/api-key/revoke", account.id);
    assert_eq!(
        server
            .support()
            .post(&path, json!({"reason": "leaked"}))
            .await
            .status,
        204
    );
    let refused = key.get("/v1/settings").await;
    assert_eq!((refused.status, refused.code()), (401, "revoked_api_key"));
    let minted = account.applicant.act("/v1/creditors/me/api-key").await;
    assert_eq!(
        minted.code(),
        "already_revealed",
        "after a revocation, only support issues a key"
    );
    let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
    let fresh = server
        .support()
        .post(&path, json!({"reason": "owner identified"}))
        .await
        .expect(201);
    server
        .http
        .bearer(fresh["api_key"].as_str().unwrap())
        .get("/v1/settings")
        .await
        .expect(200);
    server.stop().await;
}

async fn unissued_key_cannot_be_revoked(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let path = format!("/support/v1/creditors/{}/api-key/revoke", account.id);
    let refused = server
        .support()
        .post(&path, json!({"reason": "by mistake"}))
        .await;
    assert_eq!((refused.status, refused.code()), (404, "not_found"));
    account.onboard().await;
    account.reveal().await.get("/v1/settings").await.expect(200);
    server.stop().await;
}

async fn rotation_by_support_ends_or_retires_the_old_key(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, first) = Account::ready(&server.http).await;
    let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
    let rotate = |overlap: u32| {
        let (support, http, path) = (server.support(), server.http.clone(), path.clone());
        async move {
            let body = json!({"reason": "compromised", "overlap_hours": overlap});
            http.bearer(
                support.post(&path, body).await.expect(201)["api_key"]
                    .as_str()
                    .unwrap(),
            )
        }
    };
    let second = rotate(24).await;
    let retiring = first.get("/v1/settings").await;
    assert!(
        retiring.header("Api-Key-Expires-At").is_some(),
        "a retiring key shows its expiry"
    );
    second.get("/v1/settings").await.expect(200);
    let body = json!({"reason": "again", "overlap_hours": 24});
    let refused = server.support().post(&path, body).await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "rotation_in_progress")
    );
    first.get("/v1/settings").await.expect(200);
    let third = rotate(0).await;
    assert_eq!(first.get("/v1/settings").await.code(), "revoked_api_key");
    assert_eq!(second.get("/v1/settings").await.code(), "revoked_api_key");
    third.get("/v1/settings").await.expect(200);
    assert_eq!(
        database
            .number("SELECT count(*) FROM api_key WHERE state = 'current'")
            .await,
        1
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'creditor.api_key_issued'")
            .await,
        3
    );
    server.stop().await;
}

async fn api_key_cannot_change_webhook_url_or_read_secret(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let url = json!({"webhook_url": "http://127.0.0.1:9/steal"});
    for refused in [
        key.patch("/v1/settings", url).await,
        key.get("/v1/settings/webhook-secret").await,
    ] {
        assert_eq!(
            (refused.status, refused.code()),
            (403, "dashboard_session_required")
        );
    }
    server.stop().await;
}

async fn placement_of_another_creditor_is_not_found(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, own) = Account::ready(&server.http).await;
    let (_, other) = Account::ready(&server.http).await;
    let id = place(&own, "INV-1").await;
    for path in ["", "/audit"] {
        let answer = other.get(&format!("/v1/placements/{id}{path}")).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
    let answer = other.act(&format!("/v1/placements/{id}/recall")).await;
    assert_eq!((answer.status, answer.code()), (404, "not_found"));
    assert_eq!(
        other.get("/v1/placements").await.expect(200)["total"],
        json!(0)
    );
    server.stop().await;
}
