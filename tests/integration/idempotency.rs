//! Requests with an `Idempotency-Key`: replays, conflicts, and answers that a later change invalidates.

use serde_json::{Value, json};

use crate::harness::account::{invoice, place};
use crate::harness::{Account, Receiver, TestDatabase, TestServer, eventually, on_both_backends};

on_both_backends!(
    idempotency_key_replays_same_request_and_refuses_another,
    unrecall_invalidates_the_stored_recall_response,
    resume_invalidates_the_stored_pause_response,
    expired_idempotency_key_runs_again,
    webhook_requests_with_same_idempotency_key_run_once,
);

async fn idempotency_key_replays_same_request_and_refuses_another(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let posts = (0..20).map(|_| key.post_keyed("/v1/placements", invoice("INV-1"), "k-1"));
    let answers = futures::future::join_all(posts).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    assert!(answers.windows(2).all(|pair| pair[0].body == pair[1].body));
    let replayed = answers
        .iter()
        .filter(|answer| answer.header("Idempotent-Replayed") == Some("true"))
        .count();
    assert_eq!(replayed, 19);
    let other = key
        .post_keyed("/v1/placements", invoice("INV-2"), "k-1")
        .await;
    assert_eq!(
        (other.status, other.code()),
        (422, "idempotency_key_reused")
    );
    // An error is not stored, so the same key can be used again.
    let refused = key
        .post_keyed("/v1/placements", invoice("INV-1"), "k-2")
        .await;
    assert_eq!(refused.code(), "duplicate_invoice");
    let (_, other_creditor) = Account::ready(&server.http).await;
    let same_key = other_creditor
        .post_keyed("/v1/placements", invoice("INV-1"), "k-1")
        .await;
    assert_eq!(same_key.status, 201, "keys are per creditor");
    server.stop().await;
}

async fn unrecall_invalidates_the_stored_recall_response(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let id = place(&key, "INV-1").await;
    let recall = format!("/v1/placements/{id}/recall");
    key.post_keyed(&recall, Value::Null, "r-1")
        .await
        .expect(200);
    assert_eq!(
        key.post_keyed(&recall, Value::Null, "r-1")
            .await
            .header("Idempotent-Replayed"),
        Some("true")
    );
    assert_eq!(
        key.act(&format!("/v1/placements/{id}/unrecall"))
            .await
            .expect(200)["status"],
        json!("pending_enrichment")
    );
    let again = key.post_keyed(&recall, Value::Null, "r-1").await;
    assert_eq!(
        again.header("Idempotent-Replayed"),
        None,
        "the recall runs again"
    );
    assert_eq!(again.body["status"], json!("recalled"));
    server.stop().await;
}

async fn resume_invalidates_the_stored_pause_response(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let id = place(&key, "INV-1").await;
    let (pause, resume) = (
        format!("/v1/placements/{id}/pause"),
        format!("/v1/placements/{id}/resume"),
    );
    key.post_keyed(&pause, Value::Null, "p").await.expect(200);
    key.act(&resume).await.expect(200);
    let again = key.post_keyed(&pause, Value::Null, "p").await;
    assert_eq!(
        (again.header("Idempotent-Replayed"), &again.body["paused"]),
        (None, &json!(true))
    );
    assert_eq!(
        key.get(&format!("/v1/placements/{id}")).await.expect(200)["paused"],
        json!(true)
    );
    let before = key.get(&format!("/v1/placements/{id}")).await.expect(200)["updated_at"].clone();
    assert_eq!(
        key.act(&pause).await.expect(200)["updated_at"],
        before,
        "pausing what is paused changes nothing"
    );
    server.stop().await;
}

async fn expired_idempotency_key_runs_again(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let endpoint = json!({"url": "http://127.0.0.1:9/hook"});
    let requests = [
        (&key, "/v1/placements", invoice("INV-1"), invoice("INV-2")),
        (
            &session,
            "/v1/settings/webhook-endpoints",
            endpoint.clone(),
            endpoint,
        ),
    ];
    for (client, path, first, later) in requests {
        let made = client.post_keyed(path, first, path).await.expect(201);
        let a_day = "UPDATE idempotency_record SET created_ms = created_ms - 86400000";
        database.execute(a_day).await.unwrap();
        let again = client.post_keyed(path, later.clone(), path).await;
        assert_eq!(
            (again.status, again.header("Idempotent-Replayed")),
            (201, None)
        );
        assert_ne!(again.body["id"], made["id"], "{path}");
        let replayed = client.post_keyed(path, later, path).await;
        assert_eq!(replayed.header("Idempotent-Replayed"), Some("true"));
        assert_eq!(replayed.body["id"], again.body["id"], "{path}");
    }
    server.stop().await;
}

async fn webhook_requests_with_same_idempotency_key_run_once(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let body = json!({"url": receiver.url});
    let path = "/v1/settings/webhook-endpoints";
    let both =
        futures::future::join_all((0..2).map(|_| session.post_keyed(path, body.clone(), "once")))
            .await;
    assert_eq!(both[0].body["id"], both[1].body["id"]);
    let replays = both
        .iter()
        .filter(|answer| answer.header("Idempotent-Replayed").is_some())
        .count();
    assert_eq!((replays, both[0].status, both[1].status), (1, 201, 201));
    let reused = session
        .post_keyed(
            path,
            json!({"url": receiver.url, "order": "endpoint"}),
            "once",
        )
        .await;
    assert_eq!(
        (reused.status, reused.code()),
        (422, "idempotency_key_reused")
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM webhook_endpoint")
            .await,
        1
    );
    place(&key, "INV-1").await;
    let delivered = eventually("it arrives", || async {
        let list = key
            .get("/v1/settings/webhook-deliveries?status=delivered")
            .await
            .expect(200);
        list["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let again = format!("/v1/settings/webhook-deliveries/{delivered}/redeliver");
    for replayed in [None, Some("true")] {
        let answer = key.post_keyed(&again, json!(null), "again").await;
        assert_eq!(
            (answer.status, answer.header("Idempotent-Replayed")),
            (200, replayed)
        );
    }
    let range = json!({"since": "2026-01-01T00:00:00Z"});
    let path = "/v1/settings/webhook-deliveries/recover";
    let first = key.post_keyed(path, range.clone(), "recover").await;
    let second = key.post_keyed(path, range, "recover").await;
    assert_eq!(
        (first.status, second.status, &first.body["id"]),
        (202, 202, &second.body["id"])
    );
    assert_eq!(second.header("Idempotent-Replayed"), Some("true"));
    assert_eq!(
        database
            .number("SELECT count(*) FROM webhook_recovery")
            .await,
        1
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'webhook.redelivered'")
            .await,
        1
    );
    server.stop().await;
}
