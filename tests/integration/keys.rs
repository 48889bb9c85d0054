//! API keys managed by the creditor: rotation, revocation, the read key, allowed networks, last use, expiry notices.

use actors::clock::Clock;
use partner_api::server;
use serde_json::{Value, json};

use crate::harness::account::invoice;
use crate::harness::server::config;
use crate::harness::{
    Account, Http, Response, TestDatabase, TestServer, eventually, on_both_backends,
};

const ROTATE: &str = "/v1/settings/api-key/rotate";
const REVOKE: &str = "/v1/settings/api-key/revoke";
const NETWORKS: &str = "/v1/settings/api-key/allowed-networks";
const READ_KEY: &str = "/v1/settings/read-key";

/// Rotates the key and returns a client that uses the new one.
async fn rotate(server: &TestServer, session: &Http, overlap_hours: u32) -> Http {
    let body = json!({"overlap_hours": overlap_hours});
    let minted = session.post(ROTATE, body).await.expect(201);
    server.http.bearer(minted["api_key"].as_str().unwrap())
}

fn refused(answer: &Response) -> (u16, &str) {
    (answer.status, answer.code())
}

/// Actor and data of the audit entries with this action, oldest first.
async fn audited(server: &TestServer, account: &Account, action: &str) -> Vec<(String, Value)> {
    let path = format!(
        "/support/v1/audit?creditor_id={}&action={action}",
        account.id
    );
    let log = server.support().get(&path).await.expect(200);
    let lines = log["events"].as_array().unwrap().iter().rev();
    lines
        .map(|line| {
            (
                line["actor"].as_str().unwrap().to_owned(),
                line["data"].clone(),
            )
        })
        .collect()
}

async fn events(database: &TestDatabase, kind: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM message WHERE event_type = '{kind}'");
    database.number(&sql).await
}

on_both_backends!(
    rotation_by_owner_retires_the_old_key,
    unused_key_can_be_rotated_during_an_overlap,
    invalid_rotations_are_refused,
    owner_can_rotate_after_revoking,
    only_support_issues_a_key_after_support_revoked,
    read_key_is_read_only_and_unique,
    key_is_refused_outside_its_allowed_networks,
    forwarded_address_from_untrusted_peer_is_ignored,
    last_use_of_a_key_is_shown,
    shutdown_writes_pending_key_uses,
    expiring_key_in_use_sends_one_event,
    retiring_key_shows_expiry_on_rejections_and_then_expires,
    refused_reveals_and_limit_changes_are_audited,
);

async fn rotation_by_owner_retires_the_old_key(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, first) = Account::ready(&server.http).await;
    let session = account.session().await;
    first.get("/v1/settings").await.expect(200);
    let minted = session.post(ROTATE, json!({})).await.expect(201);
    let second = server.http.bearer(minted["api_key"].as_str().unwrap());
    let until = minted["previous_expires_at"].as_str().unwrap().to_owned();
    let old = first.get("/v1/settings").await;
    assert_eq!(old.header("Api-Key-Expires-At"), Some(until.as_str()));
    let new = second.get("/v1/settings").await;
    assert_eq!((new.status, new.header("Api-Key-Expires-At")), (200, None));
    let shown = session.get("/v1/settings/api-key").await.expect(200);
    assert_eq!(shown["full_access"]["prefix"], minted["prefix"]);
    assert_eq!(
        shown["retiring"]["expires_at"],
        minted["previous_expires_at"]
    );
    // While both keys are in use, another rotation is refused.
    let answer = session.post(ROTATE, json!({"overlap_hours": 1})).await;
    assert_eq!(refused(&answer), (409, "rotation_in_progress"));
    let lines = audited(&server, &account, "creditor.api_key_issued").await;
    let (actor, data) = &lines[1];
    assert_eq!((lines.len(), actor.as_str()), (2, "session"));
    assert_eq!(data["prefix"], minted["prefix"]);
    assert!(
        data["previous_prefix"].is_string() && data["reason"].is_string(),
        "{data}"
    );
    assert_eq!(
        (
            events(&database, "api_key.issued").await,
            events(&database, "api_key.rotated").await
        ),
        (1, 1)
    );
    // Without an overlap, every older key ends.
    let third = rotate(&server, &session, 0).await;
    for ended in [&first, &second] {
        assert_eq!(
            refused(&ended.get("/v1/settings").await),
            (401, "revoked_api_key")
        );
    }
    third.get("/v1/settings").await.expect(200);
    server.stop().await;
}

async fn unused_key_can_be_rotated_during_an_overlap(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, first) = Account::ready(&server.http).await;
    let session = account.session().await;
    first.get("/v1/settings").await.expect(200);
    let first_rotation = session
        .post(ROTATE, json!({"overlap_hours": 24}))
        .await
        .expect(201);
    let second = session
        .post(ROTATE, json!({"overlap_hours": 168}))
        .await
        .expect(201);
    assert!(
        second.get("previous_expires_at").is_none(),
        "the unused key ended immediately: {second}"
    );
    let unused = server
        .http
        .bearer(first_rotation["api_key"].as_str().unwrap());
    assert_eq!(
        refused(&unused.get("/v1/settings").await),
        (401, "revoked_api_key")
    );
    let old = first.get("/v1/settings").await;
    let announced = first_rotation["previous_expires_at"].as_str();
    assert_eq!(
        old.header("Api-Key-Expires-At"),
        announced,
        "the announced expiry is unchanged"
    );
    server
        .http
        .bearer(second["api_key"].as_str().unwrap())
        .get("/v1/settings")
        .await
        .expect(200);
    server.stop().await;
}

async fn invalid_rotations_are_refused(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let early = Account::sign_up(&server.http).await;
    let answer = early.session().await.post(ROTATE, json!({})).await;
    assert_eq!(refused(&answer), (409, "gates_pending"));
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    for body in [
        json!({"overlap_hours": 169}),
        json!({"overlap_hours": -1}),
        json!({"overlap": 1}),
    ] {
        assert_eq!(
            refused(&session.post(ROTATE, body).await),
            (422, "validation_failed")
        );
    }
    for path in [ROTATE, REVOKE, "/v1/settings/read-key/rotate"] {
        assert_eq!(
            refused(&key.act(path).await),
            (403, "dashboard_session_required")
        );
    }
    assert_eq!(
        refused(&key.put(NETWORKS, json!({"cidrs": []})).await),
        (403, "dashboard_session_required")
    );
    key.get("/v1/settings").await.expect(200);
    server.stop().await;
}

async fn owner_can_rotate_after_revoking(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    key.get("/v1/settings").await.expect(200);
    assert_eq!(session.act(REVOKE).await.status, 204);
    assert_eq!(
        refused(&key.get("/v1/settings").await),
        (401, "revoked_api_key")
    );
    assert_eq!(refused(&session.act(REVOKE).await), (404, "not_found"));
    assert_eq!(events(&database, "api_key.revoked").await, 1);
    rotate(&server, &session, 24)
        .await
        .get("/v1/settings")
        .await
        .expect(200);
    server.stop().await;
}

async fn only_support_issues_a_key_after_support_revoked(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, _) = Account::ready(&server.http).await;
    let session = account.session().await;
    let path = format!("/support/v1/creditors/{}/api-key/revoke", account.id);
    assert_eq!(
        server
            .support()
            .post(&path, json!({"reason": "offboarded"}))
            .await
            .status,
        204
    );
    for path in [ROTATE, "/v1/settings/read-key/rotate"] {
        assert_eq!(refused(&session.act(path).await), (403, "support_required"));
    }
    let path = format!("/support/v1/creditors/{}/api-key/rotate", account.id);
    server
        .support()
        .post(&path, json!({"reason": "back again"}))
        .await
        .expect(201);
    rotate(&server, &session, 0)
        .await
        .get("/v1/settings")
        .await
        .expect(200);
    server.stop().await;
}

async fn read_key_is_read_only_and_unique(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, full) = Account::ready(&server.http).await;
    let session = account.session().await;
    let mint = async || {
        let minted = session
            .act("/v1/settings/read-key/rotate")
            .await
            .expect(201);
        server.http.bearer(minted["api_key"].as_str().unwrap())
    };
    let first = mint().await;
    first.get("/v1/placements").await.expect(200);
    let answer = first.post("/v1/placements", invoice("INV-1")).await;
    assert_eq!(refused(&answer), (403, "insufficient_scope"));
    assert!(answer.header("RateLimit").is_some());
    assert_eq!(
        refused(
            &first
                .patch("/v1/settings", json!({"posture_default": "escalate"}))
                .await
        ),
        (403, "insufficient_scope")
    );
    let second = mint().await;
    assert_eq!(
        refused(&first.get("/v1/placements").await),
        (401, "revoked_api_key")
    );
    second.get("/v1/placements").await.expect(200);
    // A rotation of the full key does not affect the read key.
    rotate(&server, &session, 0)
        .await
        .get("/v1/settings")
        .await
        .expect(200);
    second.get("/v1/placements").await.expect(200);
    assert_eq!(
        refused(&full.get("/v1/settings").await),
        (401, "revoked_api_key")
    );
    assert_eq!(session.delete(READ_KEY).await.status, 204);
    assert_eq!(
        refused(&second.get("/v1/placements").await),
        (401, "revoked_api_key")
    );
    assert_eq!(refused(&session.delete(READ_KEY).await), (404, "not_found"));
    server.stop().await;
}

async fn key_is_refused_outside_its_allowed_networks(database: TestDatabase) {
    let mut settings = config(&database);
    settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = TestServer::start_with(settings).await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let bad = session
        .put(
            NETWORKS,
            json!({"cidrs": ["10.0.0.0/8", "10.0.0.1/8", "everywhere"]}),
        )
        .await;
    assert_eq!(refused(&bad), (422, "validation_failed"));
    let places: Vec<_> = bad.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["loc"][2].clone())
        .collect();
    assert_eq!(places, [json!("1"), json!("2")]);
    let keys = session
        .put(NETWORKS, json!({"cidrs": ["203.0.113.0/24"]}))
        .await
        .expect(200);
    assert_eq!(
        keys["full_access"]["allowed_networks"],
        json!(["203.0.113.0/24"])
    );
    let from = async |key: &Http, client: &str| {
        key.get_with("/v1/settings", ("X-Forwarded-For", client))
            .await
    };
    assert_eq!(from(&key, "203.0.113.9").await.status, 200);
    let answer = from(&key, "198.51.100.7").await;
    assert_eq!(refused(&answer), (403, "address_not_allowed"));
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("198.51.100.7")
    );
    assert!(answer.header("RateLimit").is_some());
    // A rotation keeps the allowed networks.
    let next = rotate(&server, &session, 24).await;
    assert_eq!(
        refused(&from(&next, "198.51.100.7").await),
        (403, "address_not_allowed")
    );
    assert_eq!(from(&next, "203.0.113.9").await.status, 200);
    session
        .put(NETWORKS, json!({"cidrs": []}))
        .await
        .expect(200);
    assert_eq!(from(&next, "198.51.100.7").await.status, 200);
    let lines = audited(&server, &account, "creditor.api_key_networks_set").await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1].1["previous"], json!(["203.0.113.0/24"]));
    server.stop().await;
}

async fn forwarded_address_from_untrusted_peer_is_ignored(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    account
        .session()
        .await
        .put(NETWORKS, json!({"cidrs": ["203.0.113.0/24"]}))
        .await
        .expect(200);
    let answer = key
        .get_with("/v1/settings", ("X-Forwarded-For", "203.0.113.9"))
        .await;
    assert_eq!(
        refused(&answer),
        (403, "address_not_allowed"),
        "the peer is not a trusted proxy"
    );
    server.stop().await;
}

async fn last_use_of_a_key_is_shown(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    assert_eq!(
        session.get("/v1/settings").await.expect(200)["api_key_last_used_at"],
        Value::Null
    );
    key.get("/v1/settings").await.expect(200);
    let used = eventually("the last use is written", || async {
        let shown = session.get("/v1/settings/api-key").await.expect(200);
        shown["full_access"]["last_used_at"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    let settings = session.get("/v1/settings").await.expect(200);
    assert_eq!(settings["api_key_last_used_at"], json!(used));
    assert_eq!(settings["api_key_last_used_from"], json!("127.0.0.1"));
    assert_eq!(database.number("SELECT count(*) FROM api_key_use").await, 1);
    server.stop().await;
}

async fn shutdown_writes_pending_key_uses(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    key.get("/v1/settings").await.expect(200);
    server.stop().await;
    assert_eq!(database.number("SELECT count(*) FROM api_key_use").await, 1);
}

async fn expiring_key_in_use_sends_one_event(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, first) = Account::ready(&server.http).await;
    first.get("/v1/settings").await.expect(200);
    rotate(&server, &account.session().await, 24).await;
    first.get("/v1/settings").await.expect(200);
    // Simulates that 22 of the 24 hours have passed.
    let past = 22 * 3_600_000;
    let sql = format!(
        "UPDATE api_key SET retired_ms = retired_ms - {past}, expires_ms = expires_ms - {past} WHERE state = 'retiring'"
    );
    database.execute(&sql).await.unwrap();
    server.stop().await;
    let server = TestServer::start(&database).await;
    let first = first.at(&server.running.base_url);
    eventually("api_key.expiring is sent", || async {
        first.get("/v1/settings").await.expect(200);
        (events(&database, "api_key.expiring").await == 1).then_some(())
    })
    .await;
    for _ in 0..20 {
        first.get("/v1/settings").await.expect(200);
    }
    server.stop().await;
    assert_eq!(events(&database, "api_key.expiring").await, 1);
}

async fn retiring_key_shows_expiry_on_rejections_and_then_expires(database: TestDatabase) {
    let clock = Clock::manual(Clock::system().now_ms());
    let running = server::start_at(config(&database), clock.clone())
        .await
        .unwrap();
    let server = TestServer {
        http: Http::new(&running.base_url).unwrap(),
        running,
    };
    let (account, first) = Account::ready(&server.http).await;
    first.get("/v1/settings").await.expect(200);
    let session = account.session().await;
    let second = rotate(&server, &session, 1).await;
    let limits = json!({"key_burst": 1, "key_rps": 1});
    let path = format!("/support/v1/creditors/{}", account.id);
    server
        .support()
        .patch(&path, json!({"limits": limits, "reason": "for the test"}))
        .await
        .expect(200);
    first.get("/v1/settings").await;
    let throttled = first.get("/v1/settings").await;
    assert_eq!(refused(&throttled), (429, "rate_limited"));
    assert!(throttled.header("Api-Key-Expires-At").is_some());
    clock.advance_ms(3_600_000 + 1_000);
    assert_eq!(
        refused(&first.get("/v1/settings").await),
        (401, "expired_api_key")
    );
    second.get("/v1/settings").await.expect(200);
    server.stop().await;
}

async fn refused_reveals_and_limit_changes_are_audited(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    assert_eq!(
        account
            .applicant
            .act("/v1/creditors/me/api-key")
            .await
            .code(),
        "gates_pending"
    );
    account.onboard().await;
    account.reveal().await;
    assert_eq!(
        account
            .applicant
            .act("/v1/creditors/me/api-key")
            .await
            .code(),
        "already_revealed"
    );
    let lines = audited(&server, &account, "creditor.api_key_reveal_refused").await;
    let reasons: Vec<_> = lines
        .iter()
        .map(|(actor, data)| {
            (
                actor.as_str(),
                data["prefix"].is_string(),
                data["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons[0].0 == "onboarding" && !reasons[0].1 && reasons[0].2.contains("kyb_verified"),
        "{reasons:?}"
    );
    assert!(
        reasons[1].1 && reasons[1].2.contains("already shown"),
        "{reasons:?}"
    );
    let path = format!("/support/v1/creditors/{}", account.id);
    for limits in [json!({"key_burst": 7}), Value::Null] {
        server
            .support()
            .patch(&path, json!({"limits": limits, "reason": "for the test"}))
            .await
            .expect(200);
    }
    let lines = audited(&server, &account, "creditor.limits_set").await;
    assert_eq!(
        (&lines[0].1["from"], &lines[0].1["to"]["key_burst"]),
        (&Value::Null, &json!(7))
    );
    assert_eq!(
        (&lines[1].1["from"]["key_burst"], &lines[1].1["to"]),
        (&json!(7), &Value::Null)
    );
    // Gates apply only to the first key, so a later reveal does not report them.
    server
        .support()
        .post(
            &format!("{path}/api-key/revoke"),
            json!({"reason": "leaked"}),
        )
        .await;
    server
        .support()
        .post(
            &format!("{path}/gates/payouts_enabled"),
            json!({"passed": false, "reason": "for the test"}),
        )
        .await
        .expect(200);
    assert_eq!(
        account
            .applicant
            .act("/v1/creditors/me/api-key")
            .await
            .code(),
        "already_revealed"
    );
    server.stop().await;
}
