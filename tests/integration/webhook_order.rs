//! Ordered delivery: the order of arrivals, and ordering keys whose first delivery is exhausted.

use serde_json::{Value, json};
use test_support::receiver::Arrival;

use crate::harness::account::place;
use crate::harness::{
    Account, Http, Receiver, TestDatabase, TestServer, eventually, on_both_backends,
};

const ENDPOINTS: &str = "/v1/settings/webhook-endpoints";

struct Fixture {
    server: TestServer,
    receiver: Receiver,
    key: Http,
    session: Http,
    path: String,
}

/// Starts a server and a creditor whose only endpoint has `settings`.
async fn fixture(database: &TestDatabase, settings: Value, schedule: &str) -> Fixture {
    let mut config = crate::harness::server::config(database);
    config.settings.retry_schedule = schedule.parse().unwrap();
    let server = TestServer::start_with(config).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let mut body = json!({"url": receiver.url});
    body.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    let made = session.post(ENDPOINTS, body).await.expect(201);
    let path = format!("{ENDPOINTS}/{}", made["id"].as_str().unwrap());
    Fixture {
        server,
        receiver,
        key,
        session,
        path,
    }
}

impl Fixture {
    async fn accepted(&self, count: usize) -> Vec<Arrival> {
        eventually("they arrive", || async {
            let accepted = self.receiver.accepted();
            (accepted.len() >= count).then_some(accepted)
        })
        .await
    }
}

fn sequences(arrivals: &[Arrival]) -> Vec<i64> {
    arrivals.iter().map(Arrival::sequence).collect()
}

fn number(arrival: &Arrival) -> &str {
    arrival.body["data"]["invoice_number"].as_str().unwrap()
}

on_both_backends!(
    ordered_endpoint_receives_events_in_sequence,
    placement_order_blocks_only_the_same_placement,
    exhausted_head_pauses_ordered_endpoint_until_redelivery,
    exhausted_head_is_skipped_when_configured,
    unknown_order_is_refused_with_field_name,
);

async fn ordered_endpoint_receives_events_in_sequence(database: TestDatabase) {
    let fixture = fixture(
        &database,
        json!({"order": "endpoint"}),
        "100ms,100ms,100ms,100ms,100ms,1s,1s,1s",
    )
    .await;
    assert_eq!(
        fixture.session.get(&fixture.path).await.expect(200)["order"],
        json!("endpoint")
    );
    fixture.receiver.answer(503);
    for n in 0..10 {
        place(&fixture.key, &format!("INV-{n}")).await;
    }
    eventually("the first has two attempts", || async {
        (fixture.receiver.arrivals().len() >= 2).then_some(())
    })
    .await;
    let arrivals = fixture.receiver.arrivals();
    let attempted: std::collections::HashSet<_> =
        arrivals.iter().map(|arrival| &arrival.id).collect();
    assert_eq!(attempted.len(), 1, "later events wait for the first");
    fixture.receiver.answer(200);
    let first = fixture.accepted(10).await;
    for n in 10..30 {
        place(&fixture.key, &format!("INV-{n}")).await;
    }
    let all = fixture.accepted(30).await;
    let arrived = sequences(&all);
    assert!(arrived.is_sorted() && first.len() >= 10, "{arrived:?}");
    fixture.server.stop().await;
}

async fn placement_order_blocks_only_the_same_placement(database: TestDatabase) {
    let fixture = fixture(
        &database,
        json!({"order": "placement"}),
        "200ms,200ms,200ms,1s,1s,1s",
    )
    .await;
    fixture.receiver.answer(503);
    let one = place(&fixture.key, "INV-1").await;
    eventually("the first attempt was made", || async {
        (!fixture.receiver.arrivals().is_empty()).then_some(())
    })
    .await;
    fixture
        .key
        .act(&format!("/v1/placements/{one}/pause"))
        .await
        .expect(200);
    fixture.receiver.answer(200);
    let two = place(&fixture.key, "INV-2").await;
    fixture
        .key
        .act(&format!("/v1/placements/{two}/pause"))
        .await
        .expect(200);
    let all = fixture.accepted(4).await;
    for invoice in ["INV-1", "INV-2"] {
        let of_invoice = all.iter().filter(|arrival| number(arrival) == invoice);
        let types: Vec<_> = of_invoice.map(Arrival::event_type).collect();
        assert_eq!(types, ["placement.created", "placement.paused"]);
    }
    fixture.server.stop().await;
}

async fn exhausted_head_pauses_ordered_endpoint_until_redelivery(database: TestDatabase) {
    let fixture = fixture(&database, json!({"order": "endpoint"}), "20ms").await;
    fixture.receiver.answer(500);
    place(&fixture.key, "INV-1").await;
    place(&fixture.key, "INV-2").await;
    let shown = eventually("the endpoint pauses", || async {
        let shown = fixture.session.get(&fixture.path).await.expect(200);
        (shown["state"] == json!("paused")).then_some(shown)
    })
    .await;
    assert!(
        shown["state_reason"]
            .as_str()
            .unwrap()
            .contains("out of attempts"),
        "{shown}"
    );
    fixture.receiver.answer(200);
    let list = eventually("it is exhausted", || async {
        let list = fixture
            .key
            .get("/v1/settings/webhook-deliveries?status=exhausted")
            .await
            .expect(200);
        (list["total"] == json!(1)).then_some(list)
    })
    .await;
    let id = list["items"][0]["id"].as_str().unwrap();
    fixture
        .key
        .act(&format!("/v1/settings/webhook-deliveries/{id}/redeliver"))
        .await
        .expect(200);
    assert!(
        fixture.receiver.accepted().is_empty(),
        "a paused endpoint receives nothing"
    );
    fixture
        .session
        .patch(&fixture.path, json!({"paused": false}))
        .await
        .expect(200);
    let all = fixture.accepted(2).await;
    assert_eq!([number(&all[0]), number(&all[1])], ["INV-1", "INV-2"]);
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'webhook.endpoint_paused'")
            .await,
        1
    );
    fixture.server.stop().await;
}

async fn exhausted_head_is_skipped_when_configured(database: TestDatabase) {
    let fixture = fixture(
        &database,
        json!({"order": "endpoint", "on_exhausted": "skip"}),
        "20ms",
    )
    .await;
    fixture.receiver.answer(500);
    place(&fixture.key, "INV-1").await;
    eventually("it is exhausted", || async {
        let list = fixture
            .key
            .get("/v1/settings/webhook-deliveries?status=exhausted")
            .await
            .expect(200);
        (list["total"] == json!(1)).then_some(())
    })
    .await;
    fixture.receiver.answer(200);
    place(&fixture.key, "INV-2").await;
    let all = fixture.accepted(1).await;
    assert_eq!(number(&all[0]), "INV-2");
    assert_eq!(
        fixture.session.get(&fixture.path).await.expect(200)["state"],
        json!("enabled")
    );
    fixture.server.stop().await;
}

async fn unknown_order_is_refused_with_field_name(database: TestDatabase) {
    let fixture = fixture(&database, json!({}), "1s").await;
    for (settings, field) in [
        (json!({"order": "fifo"}), "order"),
        (json!({"on_exhausted": "drop"}), "on_exhausted"),
        (json!({"order": 1}), "order"),
    ] {
        let refused = fixture.session.patch(&fixture.path, settings).await;
        assert_eq!((refused.status, refused.code()), (422, "validation_failed"));
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{field}: must be")),
            "{}",
            refused.body
        );
    }
    fixture.server.stop().await;
}
