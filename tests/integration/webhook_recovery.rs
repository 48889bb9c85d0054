//! Replays of missing deliveries under their old ids, and endpoints that are disabled after failing for days.

use std::collections::HashSet;

use serde_json::{Value, json};
use test_support::receiver::Arrival;

use crate::harness::account::place;
use crate::harness::{
    Account, Http, Receiver, TestDatabase, TestServer, eventually, on_both_backends,
};

const RECOVER: &str = "/v1/settings/webhook-deliveries/recover";
/// A time before all events of these tests.
const BEGINNING: &str = "2020-01-01T00:00:00Z";

/// Starts a server with a single retry after 10 ms, so that failing deliveries are exhausted soon.
async fn start_with_one_retry(database: &TestDatabase) -> TestServer {
    let mut config = crate::harness::server::config(database);
    config.settings.retry_schedule = "10ms".parse().unwrap();
    TestServer::start_with(config).await
}

async fn total(key: &Http, status: &str) -> i64 {
    let list = key
        .get(&format!("/v1/settings/webhook-deliveries?status={status}"))
        .await
        .expect(200);
    list["total"].as_i64().unwrap()
}

async fn wait_until_done(key: &Http, started: &Value) -> Value {
    let path = format!(
        "/v1/settings/webhook-recoveries/{}",
        started["id"].as_str().unwrap()
    );
    eventually("the replay ends", || async {
        let shown = key.get(&path).await.expect(200);
        (shown["status"] == json!("done")).then_some(shown)
    })
    .await
}

fn ids<'a>(arrivals: impl Iterator<Item = &'a Arrival>) -> HashSet<&'a str> {
    arrivals.map(|arrival| arrival.id.as_str()).collect()
}

on_both_backends!(
    replay_resends_exhausted_deliveries_under_the_same_id,
    replay_sends_events_that_had_no_endpoint,
    replay_covers_only_the_requested_time_range,
    invalid_replay_request_is_refused_with_field_name,
    endpoint_failing_for_five_days_is_disabled,
    one_success_clears_failing_since,
    idle_days_do_not_count_as_failing,
);

async fn replay_resends_exhausted_deliveries_under_the_same_id(database: TestDatabase) {
    let server = start_with_one_retry(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    place(&key, "INV-ok").await;
    eventually("one arrives", || async {
        (receiver.accepted().len() == 1).then_some(())
    })
    .await;
    receiver.answer(500);
    for n in 0..5 {
        place(&key, &format!("INV-{n}")).await;
    }
    // The circuit may be open. Then the last deliveries wait for a probe.
    eventually("some are exhausted", || async {
        (total(&key, "exhausted").await >= 2).then_some(())
    })
    .await;
    let refused: Vec<_> = receiver
        .arrivals()
        .into_iter()
        .filter(|arrival| arrival.answered == 500)
        .collect();
    receiver.answer(200);
    // A replay takes only deliveries that are recorded as exhausted when it starts.
    eventually("nothing is in flight", || async {
        (total(&key, "delivering").await == 0).then_some(())
    })
    .await;
    let started = key
        .post(RECOVER, json!({"since": BEGINNING}))
        .await
        .expect(202);
    let done = wait_until_done(&key, &started).await;
    assert!(done["requeued"].as_i64().unwrap() >= 2, "{done}");
    let accepted = eventually("all six arrive", || async {
        let mut accepted = receiver.accepted();
        accepted.retain(|arrival| arrival.event_type() == "placement.created");
        (accepted.len() == 6).then_some(accepted)
    })
    .await;
    assert!(
        ids(refused.iter()).is_subset(&ids(accepted.iter())),
        "the same ids"
    );
    let first = receiver
        .arrivals()
        .iter()
        .filter(|arrival| arrival.body["data"]["invoice_number"] == json!("INV-ok"))
        .count();
    assert_eq!(first, 1, "a delivered event is not replayed");
    assert_eq!(total(&key, "exhausted").await, 0);
    server.stop().await;
}

async fn replay_sends_events_that_had_no_endpoint(database: TestDatabase) {
    let server = start_with_one_retry(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    for n in 0..3 {
        place(&key, &format!("INV-{n}")).await;
    }
    let receiver = Receiver::start();
    account.set_webhook(&receiver.url).await;
    let recovery = server
        .support()
        .post(
            "/support/v1/webhook-deliveries/recover",
            json!({"creditor_id": account.id, "since": BEGINNING}),
        )
        .await
        .expect(202);
    let done = wait_until_done(&key, &recovery).await;
    let events = done["events"].as_i64().unwrap();
    assert_eq!(
        (
            done["requeued"].as_i64().unwrap(),
            done["created"].as_i64().unwrap()
        ),
        (0, events),
        "{done}"
    );
    let accepted = eventually("they arrive", || async {
        let accepted = receiver.accepted();
        (accepted.len() as i64 == events).then_some(accepted)
    })
    .await;
    let placed = accepted
        .iter()
        .filter(|arrival| arrival.event_type() == "placement.created")
        .count();
    assert_eq!(placed, 3);
    // A second replay finds nothing to send.
    let again = key
        .post(RECOVER, json!({"since": BEGINNING}))
        .await
        .expect(202);
    let again = wait_until_done(&key, &again).await;
    assert_eq!(
        (&again["requeued"], &again["created"]),
        (&json!(0), &json!(0))
    );
    let shown = server
        .support()
        .get(&format!(
            "/support/v1/webhook-recoveries/{}",
            done["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(shown["creditor_id"], json!(account.id));
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'webhook.recovery_started'")
            .await,
        2
    );
    server.stop().await;
}

async fn replay_covers_only_the_requested_time_range(database: TestDatabase) {
    let server = start_with_one_retry(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let early = place(&key, "INV-early").await;
    let at = key
        .get(&format!("/v1/placements/{early}"))
        .await
        .expect(200)["updated_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let late = place(&key, "INV-late").await;
    let until = key.get(&format!("/v1/placements/{late}")).await.expect(200)["updated_at"]
        .as_str()
        .unwrap()
        .to_owned();
    let receiver = Receiver::start();
    account.set_webhook(&receiver.url).await;
    let started = key
        .post(RECOVER, json!({"since": at, "until": until}))
        .await
        .expect(202);
    let done = wait_until_done(&key, &started).await;
    let counts = (&done["events"], &done["created"]);
    assert_eq!(
        counts,
        (&json!(1), &json!(1)),
        "since is inclusive, until is exclusive: {done}"
    );
    let accepted = eventually("it arrives", || async {
        receiver.accepted().first().cloned()
    })
    .await;
    assert_eq!(accepted.body["data"]["invoice_number"], json!("INV-early"));
    server.stop().await;
}

async fn invalid_replay_request_is_refused_with_field_name(database: TestDatabase) {
    let server = start_with_one_retry(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    for (body, field) in [
        (json!({}), "since"),
        (json!({"since": "yesterday"}), "since"),
        (json!({"since": "2026-01-01T00:00:00"}), "since"),
        (json!({"since": BEGINNING, "until": BEGINNING}), "until"),
        (json!({"since": BEGINNING, "endpoint": 1}), "endpoint"),
    ] {
        let refused = key.post(RECOVER, body.clone()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (422, "validation_failed"),
            "{body}"
        );
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{field}: ")),
            "{}",
            refused.body
        );
    }
    let mine = key
        .post(RECOVER, json!({"since": BEGINNING}))
        .await
        .expect(202);
    let (_, stranger) = Account::ready(&server.http).await;
    let other = stranger
        .get(&format!(
            "/v1/settings/webhook-recoveries/{}",
            mine["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!((other.status, other.code()), (404, "not_found"));
    let unknown = server
        .support()
        .post(
            "/support/v1/webhook-deliveries/recover",
            json!({"creditor_id": "01890000-0000-7000-8000-000000000000", "since": BEGINNING}),
        )
        .await;
    assert_eq!((unknown.status, unknown.code()), (404, "not_found"));
    server.stop().await;
}

async fn endpoint_failing_for_five_days_is_disabled(database: TestDatabase) {
    let server = start_with_one_retry(&database).await;
    let (dead, other) = (Receiver::start(), Receiver::start());
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&dead.url).await;
    let session = account.session().await;
    session
        .post(
            "/v1/settings/webhook-endpoints",
            json!({"url": other.url, "events": ["webhook.endpoint_disabled"]}),
        )
        .await
        .expect(201);
    dead.answer(500);
    place(&key, "INV-1").await;
    let primary = async || {
        session
            .get("/v1/settings/webhook-endpoints")
            .await
            .expect(200)["items"][0]
            .clone()
    };
    let failing = eventually("the endpoint is failing", || async {
        let shown = primary().await;
        shown["failing_since"].is_string().then_some(shown)
    })
    .await;
    assert_eq!(failing["state"], json!("enabled"));
    database.execute("UPDATE webhook_endpoint SET failing_since_ms = failing_since_ms - 432000000 WHERE failing_since_ms IS NOT NULL").await.unwrap();
    // A process reports failing endpoints at most once a minute, so a new process is needed.
    server.stop().await;
    let server = start_with_one_retry(&database).await;
    let key = key.at(&server.running.base_url);
    place(&key, "INV-2").await;
    let event = eventually("the other endpoint receives the event", || async {
        other.accepted().first().cloned()
    })
    .await;
    assert_eq!(event.event_type(), "webhook.endpoint_disabled");
    assert!(
        event.body["data"]["reason"]
            .as_str()
            .unwrap()
            .contains("5 days")
    );
    let session = account.at(&server.http).session().await;
    let shown = session
        .get("/v1/settings/webhook-endpoints")
        .await
        .expect(200)["items"][0]
        .clone();
    assert_eq!(shown["state"], json!("disabled"));
    let list = key
        .get("/v1/settings/webhook-deliveries?status=exhausted")
        .await
        .expect(200);
    if let Some(id) = list["items"][0]["id"].as_str() {
        let refused = key
            .act(&format!("/v1/settings/webhook-deliveries/{id}/redeliver"))
            .await;
        assert_eq!((refused.status, refused.code()), (409, "endpoint_disabled"));
    }
    server.stop().await;
}

async fn one_success_clears_failing_since(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    receiver.answer(500);
    place(&key, "INV-1").await;
    let failing = "SELECT count(*) FROM webhook_endpoint WHERE failing_since_ms IS NOT NULL";
    eventually("the endpoint is failing", || async {
        (database.number(failing).await == 1).then_some(())
    })
    .await;
    receiver.answer(200);
    eventually("failing_since is cleared", || async {
        (database.number(failing).await == 0).then_some(())
    })
    .await;
    server.stop().await;
}

async fn idle_days_do_not_count_as_failing(database: TestDatabase) {
    let server = start_with_one_retry(&database).await;
    let dead = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&dead.url).await;
    dead.answer(500);
    place(&key, "INV-1").await;
    let failing = "SELECT count(*) FROM webhook_endpoint WHERE failing_since_ms IS NOT NULL";
    eventually("the endpoint is failing", || async {
        (database.number(failing).await == 1).then_some(())
    })
    .await;
    let six_days_ago = "UPDATE webhook_endpoint SET failing_since_ms = failing_since_ms - 518400000, last_failed_ms = last_failed_ms - 518400000";
    database.execute(six_days_ago).await.unwrap();
    // A process reports failing endpoints at most once a minute, so a new process is needed.
    server.stop().await;
    let server = start_with_one_retry(&database).await;
    place(&key.at(&server.running.base_url), "INV-2").await;
    let an_hour_ago = actors::clock::Clock::system().now_ms() - 3_600_000;
    let restarted = format!(
        "SELECT count(*) FROM webhook_endpoint WHERE failing_since_ms > {an_hour_ago} AND state = 'enabled'"
    );
    eventually("the failing period starts again", || async {
        (database.number(&restarted).await == 1).then_some(())
    })
    .await;
    server.stop().await;
}
