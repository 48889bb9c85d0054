//! Webhooks end to end: signatures, retries, filters, test events, the delivery list, redelivery.

use serde_json::json;
use standardwebhooks::Webhook;

use crate::harness::account::place;
use crate::harness::{Account, Receiver, TestDatabase, TestServer, eventually, on_both_backends};

on_both_backends!(
    events_are_signed_and_tampering_fails_verification,
    failed_delivery_is_retried_under_the_same_id,
    event_filter_applies_to_all_but_test_events,
    test_event_bypasses_queue_circuit_and_pause,
    status_410_disables_the_endpoint,
    unsafe_webhook_url_is_refused,
    redelivery_sends_again_under_the_same_id,
);

async fn events_are_signed_and_tampering_fails_verification(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let account = Account::sign_up(&server.http).await;
    let secret = account.set_webhook(&receiver.url).await;
    account.onboard().await;
    let key = account.reveal().await;
    place(&key, "INV-1").await;
    let arrivals = eventually("three events arrive", || async {
        let arrivals = receiver.accepted();
        (arrivals.len() >= 3).then_some(arrivals)
    })
    .await;
    let types: Vec<&str> = arrivals
        .iter()
        .map(test_support::receiver::Arrival::event_type)
        .collect();
    for kind in [
        "account.status_changed",
        "api_key.issued",
        "placement.created",
    ] {
        assert!(types.contains(&kind), "{kind} in {types:?}");
    }
    let verifier = Webhook::new(&secret).unwrap();
    for arrival in &arrivals {
        verifier.verify(&arrival.raw, &arrival.headers).unwrap();
        let mut tampered = arrival.raw.to_vec();
        *tampered.last_mut().unwrap() ^= 1;
        assert!(verifier.verify(&tampered, &arrival.headers).is_err());
        assert!(
            arrival.headers["user-agent"]
                .to_str()
                .unwrap()
                .starts_with("partner-api/")
        );
    }
    let mut sequences: Vec<i64> = arrivals
        .iter()
        .map(test_support::receiver::Arrival::sequence)
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 2, 3]);
    server.stop().await;
}

async fn failed_delivery_is_retried_under_the_same_id(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    receiver.answer(500);
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    place(&key, "INV-1").await;
    eventually("a failed attempt", || async {
        let list = key
            .get("/v1/settings/webhook-deliveries?status=failed")
            .await
            .expect(200);
        let attempts = list["items"][0]["attempts"].as_i64().unwrap_or_default();
        (attempts >= 1).then_some(())
    })
    .await;
    receiver.answer(200);
    let accepted = eventually("it is delivered", || async {
        receiver.accepted().into_iter().next()
    })
    .await;
    assert!(
        receiver
            .arrivals()
            .iter()
            .all(|arrival| arrival.id == accepted.id),
        "one id for all attempts"
    );
    let row = eventually("the list shows it as delivered", || async {
        let list = key
            .get("/v1/settings/webhook-deliveries?status=delivered")
            .await
            .expect(200);
        list["items"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&row["webhook_id"], &row["event"]),
        (&json!(accepted.id), &json!("placement.created"))
    );
    let detail = key
        .get(&format!(
            "/v1/settings/webhook-deliveries/{}",
            row["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    let log = detail["attempt_log"].as_array().unwrap();
    assert_eq!(log.first().unwrap()["response_status"], json!(500));
    assert_eq!(log.last().unwrap()["response_status"], json!(200));
    assert_eq!(
        database.number("SELECT count(*) FROM delivery").await,
        0,
        "delivered rows leave the hot table"
    );
    server.stop().await;
}

async fn event_filter_applies_to_all_but_test_events(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    let session = account.session().await;
    session
        .patch(
            "/v1/settings",
            json!({"webhook_events": ["placement.status_changed"]}),
        )
        .await
        .expect(200);
    let id = place(&key, "INV-1").await;
    key.act(&format!("/v1/placements/{id}/recall"))
        .await
        .expect(200);
    let tested = key
        .act("/v1/settings/webhook-deliveries/test")
        .await
        .expect(200);
    assert_eq!(
        (&tested["status"], &tested["response_status"]),
        (&json!("delivered"), &json!(200))
    );
    assert!(
        receiver
            .accepted()
            .iter()
            .any(|arrival| arrival.event_type() == "webhook.test")
    );
    eventually("the status change arrives", || async {
        receiver
            .accepted()
            .iter()
            .any(|arrival| arrival.event_type() == "placement.status_changed")
            .then_some(())
    })
    .await;
    assert!(
        receiver
            .accepted()
            .iter()
            .all(|arrival| arrival.event_type() != "placement.created")
    );
    server.stop().await;
}

async fn test_event_bypasses_queue_circuit_and_pause(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    let session = account.session().await;
    let endpoint = session
        .get("/v1/settings/webhook-endpoints")
        .await
        .expect(200)["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/settings/webhook-endpoints/{endpoint}");
    session
        .patch(
            &path,
            json!({"order": "placement", "throttle_per_second": 20}),
        )
        .await
        .expect(200);
    receiver.answer(503);
    // The first delivery of each ordering key fails, until the circuit opens.
    for number in 0..3 {
        place(&key, &format!("INV-{number}")).await;
    }
    eventually("the circuit is open", || async {
        let metrics = server.http.get("/metrics").await.body;
        metrics
            .as_str()
            .unwrap()
            .contains("partner_api_delivery_circuits{state=\"open\"} 1")
            .then_some(())
    })
    .await;
    const TEST: &str = "/v1/settings/webhook-deliveries/test";
    let failed = key.act(TEST).await.expect(200);
    assert_eq!(
        (&failed["status"], &failed["response_status"]),
        (&json!("failed"), &json!(503))
    );
    assert!(
        failed["latency_ms"].is_i64() && failed["error"] == json!("HTTP 503"),
        "{failed}"
    );
    receiver.answer(200);
    let tested = key
        .post_keyed(TEST, json!(null), "test-1")
        .await
        .expect(200);
    assert_eq!(
        (
            &tested["status"],
            &tested["response_status"],
            &tested["error"]
        ),
        (&json!("delivered"), &json!(200), &json!(null))
    );
    let again = key.post_keyed(TEST, json!(null), "test-1").await;
    assert_eq!(
        (again.status, again.header("Idempotent-Replayed")),
        (200, Some("true"))
    );
    assert_eq!(again.body["delivery_id"], tested["delivery_id"]);
    session
        .patch(&path, json!({"paused": true}))
        .await
        .expect(200);
    let tested = session.act(&format!("{path}/test")).await.expect(200);
    assert_eq!(
        tested["status"],
        json!("delivered"),
        "a paused endpoint accepts a test event"
    );
    session
        .patch(
            "/v1/settings",
            json!({"webhook_url": "http://127.0.0.1:1/closed"}),
        )
        .await
        .expect(200);
    let refused = key.act(TEST).await.expect(200);
    assert!(
        refused["response_status"].is_null()
            && refused["error"].as_str().unwrap().contains("connection"),
        "{refused}"
    );
    let shown = key.get("/v1/settings").await.expect(200);
    let state = (&shown["webhook_state"], &shown["webhook_state_reason"]);
    assert_eq!(
        state,
        (&json!("paused"), &json!("paused by its owner")),
        "a new URL does not end a pause"
    );
    server.stop().await;
}

async fn status_410_disables_the_endpoint(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    receiver.answer(410);
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    place(&key, "INV-1").await;
    eventually("the endpoint is disabled", || async {
        let disabled = database
            .number("SELECT count(*) FROM webhook_endpoint WHERE state = 'disabled'")
            .await;
        (disabled == 1).then_some(())
    })
    .await;
    place(&key, "INV-2").await;
    let of_second = "SELECT count(*) FROM delivery d JOIN message m ON m.id = d.message_id WHERE m.payload LIKE '%INV-2%'";
    assert_eq!(
        database.number(of_second).await,
        0,
        "nothing more is queued"
    );
    assert_eq!(receiver.arrivals().len(), 1, "nothing more is sent");
    let shown = key.get("/v1/settings").await.expect(200);
    assert_eq!(
        (&shown["webhook_state"], &shown["webhook_state_reason"]),
        (&json!("disabled"), &json!("its server answered 410 Gone"))
    );
    let refused = key.act("/v1/settings/webhook-deliveries/test").await;
    assert_eq!((refused.status, refused.code()), (409, "endpoint_disabled"));
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'webhook.endpoint_disabled'")
            .await,
        1
    );
    server.stop().await;
}

async fn unsafe_webhook_url_is_refused(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, _) = Account::ready(&server.http).await;
    let session = account.session().await;
    for url in [
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "ftp://example.com/",
        "http://user:pw@127.0.0.1/",
        "nonsense",
        "http://[::ffff:10.0.0.1]/",
    ] {
        let refused = session
            .patch("/v1/settings", json!({"webhook_url": url}))
            .await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "unsafe_webhook_url"),
            "{url}"
        );
        assert!(
            !refused.body["detail"].as_str().unwrap().contains('['),
            "{}",
            refused.body
        );
    }
    server.stop().await;
}

async fn redelivery_sends_again_under_the_same_id(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    place(&key, "INV-1").await;
    let row = eventually("it is delivered", || async {
        let list = key
            .get("/v1/settings/webhook-deliveries?status=delivered")
            .await
            .expect(200);
        list["items"].get(0).cloned()
    })
    .await;
    let again = key
        .act(&format!(
            "/v1/settings/webhook-deliveries/{}/redeliver",
            row["id"].as_str().unwrap()
        ))
        .await;
    assert!(again.status < 300, "{}", again.body);
    eventually("it arrives twice under one id", || async {
        let arrivals = receiver.arrivals();
        (arrivals.len() == 2 && arrivals[0].id == arrivals[1].id).then_some(())
    })
    .await;
    server.stop().await;
}
