//! Several endpoints of one creditor, each with its own filter, headers, throttle, pause and secrets.

use serde_json::{Value, json};
use standardwebhooks::Webhook;
use test_support::receiver::Arrival;

use crate::harness::account::place;
use crate::harness::{
    Account, Http, Receiver, TestDatabase, TestServer, eventually, on_both_backends,
};

const ENDPOINTS: &str = "/v1/settings/webhook-endpoints";

/// Adds an endpoint and returns its path.
async fn add(session: &Http, settings: Value) -> String {
    let made = session.post(ENDPOINTS, settings).await.expect(201);
    format!("{ENDPOINTS}/{}", made["id"].as_str().unwrap())
}

async fn arrived(receiver: &Receiver, event_type: &str) -> Arrival {
    eventually(event_type, || async {
        receiver
            .accepted()
            .into_iter()
            .find(|arrival| arrival.event_type() == event_type)
    })
    .await
}

on_both_backends!(
    each_endpoint_receives_only_its_events,
    paused_endpoint_receives_queued_events_when_resumed,
    throttle_delays_deliveries_without_dropping_any,
    both_secrets_verify_during_rotation,
    deleted_endpoint_keeps_its_delivery_log,
    endpoints_require_a_session_of_their_owner,
    invalid_endpoint_settings_are_refused_with_field_name,
    settings_create_change_and_remove_the_primary_endpoint,
);

async fn each_endpoint_receives_only_its_events(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (all, some) = (Receiver::start(), Receiver::start());
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&all.url).await;
    let session = account.session().await;
    let headers = json!({"Authorization": "Bearer gateway-token"});
    let path = add(&session, json!({"url": some.url, "description": " Warehouse ", "events": ["placement.paused"], "headers": headers})).await;
    let shown = session.get(&path).await.expect(200);
    assert_eq!(shown["description"], json!("Warehouse"));
    assert_eq!(shown["header_names"], json!(["authorization"]));
    assert!(
        !shown.to_string().contains("gateway-token"),
        "values are never shown"
    );
    let list = session.get(ENDPOINTS).await.expect(200);
    let primary: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["primary"].as_bool().unwrap())
        .collect();
    assert_eq!(primary, [true, false]);
    let id = place(&key, "INV-1").await;
    key.act(&format!("/v1/placements/{id}/pause"))
        .await
        .expect(200);
    let arrival = arrived(&some, "placement.paused").await;
    assert_eq!(arrival.headers["authorization"], "Bearer gateway-token");
    let secret = session.get(&format!("{path}/secret")).await.expect(200);
    Webhook::new(secret["secret"].as_str().unwrap())
        .unwrap()
        .verify(&arrival.raw, &arrival.headers)
        .unwrap();
    let same = arrived(&all, "placement.paused").await;
    assert_eq!(same.id, arrival.id, "one message, two endpoints");
    assert!(!same.headers.contains_key("authorization"));
    assert!(
        some.arrivals()
            .iter()
            .all(|arrival| arrival.event_type() == "placement.paused")
    );
    server.stop().await;
}

async fn paused_endpoint_receives_queued_events_when_resumed(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let path = add(&session, json!({"url": receiver.url, "paused": true})).await;
    assert_eq!(
        session.get(&path).await.expect(200)["state"],
        json!("paused")
    );
    place(&key, "INV-1").await;
    let waiting = key
        .get("/v1/settings/webhook-deliveries?status=pending")
        .await
        .expect(200);
    assert_eq!(waiting["total"], json!(1));
    assert_eq!(
        session
            .patch(&path, json!({"paused": false}))
            .await
            .expect(200)["state"],
        json!("enabled")
    );
    arrived(&receiver, "placement.created").await;
    server.stop().await;
}

async fn throttle_delays_deliveries_without_dropping_any(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    add(
        &session,
        json!({"url": receiver.url, "throttle_per_second": 20}),
    )
    .await;
    let began = std::time::Instant::now();
    for n in 0..12 {
        place(&key, &format!("INV-{n}")).await;
    }
    eventually("all twelve", || async {
        (receiver.accepted().len() == 12).then_some(())
    })
    .await;
    // Twelve deliveries have at least eleven pauses of 50 ms. There is no upper bound.
    assert!(began.elapsed() >= std::time::Duration::from_millis(550));
    assert_eq!(receiver.arrivals().len(), 12, "each event arrives once");
    server.stop().await;
}

async fn both_secrets_verify_during_rotation(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let old = account.set_webhook(&receiver.url).await;
    let session = account.session().await;
    let rotated = session
        .post(
            "/v1/settings/webhook-secret/rotate",
            json!({"overlap_hours": 24}),
        )
        .await
        .expect(201);
    let new = rotated["secret"].as_str().unwrap().to_owned();
    assert!(new != old && rotated["previous_expires_at"].is_string());
    assert_eq!(
        session.get("/v1/settings/webhook-secret").await.expect(200)["secret"],
        json!(new)
    );
    place(&key, "INV-1").await;
    let arrival = eventually("a webhook signed with both secrets arrives", || async {
        receiver.accepted().into_iter().find(|arrival| {
            arrival.headers["webhook-signature"]
                .to_str()
                .unwrap()
                .contains(' ')
        })
    })
    .await;
    for secret in [&old, &new] {
        Webhook::new(secret)
            .unwrap()
            .verify(&arrival.raw, &arrival.headers)
            .unwrap();
    }
    // At most five secrets sign. Without an overlap, all older secrets end immediately.
    for _ in 0..3 {
        session
            .post("/v1/settings/webhook-secret/rotate", json!({}))
            .await
            .expect(201);
    }
    let refused = session
        .post("/v1/settings/webhook-secret/rotate", json!({}))
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (409, "rotation_in_progress")
    );
    let last = session
        .post(
            "/v1/settings/webhook-secret/rotate",
            json!({"overlap_hours": 0}),
        )
        .await
        .expect(201);
    assert_eq!(last["previous_expires_at"], Value::Null);
    let before = receiver.accepted().len();
    place(&key, "INV-2").await;
    let arrival = eventually("a webhook signed with the last secret arrives", || async {
        receiver.accepted().get(before).cloned()
    })
    .await;
    Webhook::new(last["secret"].as_str().unwrap())
        .unwrap()
        .verify(&arrival.raw, &arrival.headers)
        .unwrap();
    assert!(
        Webhook::new(&new)
            .unwrap()
            .verify(&arrival.raw, &arrival.headers)
            .is_err()
    );
    assert_eq!(
        database
            .number(
                "SELECT count(*) FROM audit_event WHERE action = 'settings.webhook_secret_rotated'"
            )
            .await,
        5
    );
    server.stop().await;
}

async fn deleted_endpoint_keeps_its_delivery_log(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let path = add(&session, json!({"url": receiver.url})).await;
    place(&key, "INV-1").await;
    arrived(&receiver, "placement.created").await;
    assert_eq!(session.delete(&path).await.status, 204);
    for answer in [
        session.get(&path).await,
        session.patch(&path, json!({"paused": false})).await,
        session.get(&format!("{path}/secret")).await,
    ] {
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
    assert_eq!(session.get(ENDPOINTS).await.expect(200)["items"], json!([]));
    place(&key, "INV-2").await;
    let log = key.get("/v1/settings/webhook-deliveries").await.expect(200);
    assert_eq!(log["total"], json!(1));
    server.stop().await;
}

async fn endpoints_require_a_session_of_their_owner(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let path = add(&session, json!({"url": receiver.url})).await;
    for answer in [
        key.get(ENDPOINTS).await,
        key.get(&path).await,
        key.get(&format!("{path}/secret")).await,
        key.post(ENDPOINTS, json!({"url": receiver.url})).await,
        key.patch(&path, json!({"paused": true})).await,
        key.post(&format!("{path}/secret/rotate"), json!({})).await,
        key.delete(&path).await,
        key.post("/v1/settings/webhook-secret/rotate", json!({}))
            .await,
    ] {
        assert_eq!(
            (answer.status, answer.code()),
            (403, "dashboard_session_required")
        );
    }
    let (other_creditor, _) = Account::ready(&server.http).await;
    let other_creditor = other_creditor.session().await;
    for answer in [
        other_creditor.get(&path).await,
        other_creditor.patch(&path, json!({"paused": true})).await,
        other_creditor.delete(&path).await,
    ] {
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
    server.stop().await;
}

async fn invalid_endpoint_settings_are_refused_with_field_name(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, _) = Account::ready(&server.http).await;
    let session = account.session().await;
    let url = &receiver.url;
    for (settings, field) in [
        (json!({}), "url"),
        (json!({"url": null}), "url"),
        (
            json!({"url": url, "events": ["placement.nonsense"]}),
            "events",
        ),
        (json!({"url": url, "events": []}), "events"),
        (
            json!({"url": url, "throttle_per_second": 0}),
            "throttle_per_second",
        ),
        (
            json!({"url": url, "throttle_per_second": 1001}),
            "throttle_per_second",
        ),
        (
            json!({"url": url, "headers": {"Webhook-Id": "x"}}),
            "headers.Webhook-Id",
        ),
        (
            json!({"url": url, "headers": {"x": "a\r\nb: c"}}),
            "headers.x",
        ),
        (json!({"url": url, "headers": {"x": 1}}), "headers"),
        (json!({"url": url, "surprise": 1}), "surprise"),
    ] {
        let refused = session.post(ENDPOINTS, settings.clone()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "validation_failed"),
            "{settings}"
        );
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(&format!("{field}: ")),
            "{settings}: {detail}"
        );
    }
    let refused = session
        .post(ENDPOINTS, json!({"url": "http://169.254.169.254/"}))
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "unsafe_webhook_url")
    );
    for _ in 0..10 {
        add(&session, json!({"url": url})).await;
    }
    let refused = session.post(ENDPOINTS, json!({"url": url})).await;
    assert_eq!(
        (refused.status, refused.code()),
        (422, "validation_failed"),
        "ten endpoints are the maximum"
    );
    server.stop().await;
}

async fn settings_create_change_and_remove_the_primary_endpoint(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let account = Account::sign_up(&server.http).await;
    let session = account.session().await;
    let set = |body: Value| session.patch("/v1/settings", body);
    let none_yet = set(json!({"webhook_events": ["placement.created"]})).await;
    let detail = none_yet.expect(422)["detail"].clone();
    assert_eq!(detail, json!("webhook_events: set webhook_url first"));
    set(json!({"webhook_url": null})).await.expect(200);
    let first = "http://127.0.0.1:9/first";
    let events = json!(["placement.created"]);
    let shown = set(json!({"webhook_url": first, "webhook_events": events}))
        .await
        .expect(200);
    assert_eq!(
        (&shown["webhook_url"], &shown["webhook_events"]),
        (&json!(first), &events)
    );
    let id = database.endpoint_id().await;
    let path = format!("/v1/settings/webhook-endpoints/{id}");
    session
        .patch(&path, json!({"headers": {"x-token": "t"}}))
        .await
        .expect(200);
    let removed = set(json!({"webhook_url": null})).await.expect(200);
    assert_eq!(removed["webhook_url"], json!(null));
    assert_eq!(session.get(&path).await.status, 404);
    let second = "http://127.0.0.1:9/second";
    let shown = set(json!({"webhook_url": second})).await.expect(200);
    assert_eq!(shown["webhook_state"], json!("enabled"));
    let endpoint = session.get(&path).await.expect(200);
    assert_eq!(
        (
            &endpoint["url"],
            &endpoint["events"],
            &endpoint["header_names"]
        ),
        (&json!(second), &events, &json!([])),
        "the same endpoint, without the headers"
    );
    let audit = server.support().get("/support/v1/audit").await.expect(200);
    let changed = audit["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["action"] == json!("settings.webhook_changed"))
        .unwrap();
    assert_eq!(
        (&changed["data"]["url"], &changed["data"]["has_headers"]),
        (&json!(second), &json!(false))
    );
    server.stop().await;
}
