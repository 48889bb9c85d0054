//! Strict order: what arrives when, and what happens to a line whose first delivery is out of attempts.

use serde_json::{Value, json};

use crate::harness::account::place;
use crate::harness::receiver::Arrival;
use crate::harness::{
    Account, Http, Receiver, TestDatabase, TestServer, eventually, on_both_backends,
};

const ENDPOINTS: &str = "/v1/settings/webhook-endpoints";

struct Line {
    server: TestServer,
    receiver: Receiver,
    key: Http,
    session: Http,
    path: String,
}

/// A creditor with one endpoint that keeps an order.
async fn line(database: &TestDatabase, settings: Value, schedule: &str) -> Line {
    let mut config = crate::harness::server::config(database);
    config.settings.retry_schedule = schedule.parse().unwrap();
    let server = TestServer::start_with(config).await;
    let receiver = Receiver::start().await;
    let (account, key) = Account::ready(&server.http).await;
    let session = account.session().await;
    let mut body = json!({"url": receiver.url});
    body.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    let made = session.post(ENDPOINTS, body).await.expect(201);
    let path = format!("{ENDPOINTS}/{}", made["id"].as_str().unwrap());
    Line {
        server,
        receiver,
        key,
        session,
        path,
    }
}

impl Line {
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

on_both_backends! {
    async fn an_ordered_endpoint_gets_one_after_the_other(database: TestDatabase) {
        let line = line(&database, json!({"order": "endpoint"}), "100ms,100ms,100ms,100ms,100ms,1s,1s,1s").await;
        assert_eq!(line.session.get(&line.path).await.expect(200)["order"], json!("endpoint"));
        line.receiver.answer(503);
        for n in 0..10 {
            place(&line.key, &format!("INV-{n}")).await;
        }
        eventually("the first was tried twice", || async { (line.receiver.arrivals().len() >= 2).then_some(()) }).await;
        let tried: std::collections::HashSet<_> = line.receiver.arrivals().iter().map(|arrival| arrival.id.clone()).collect();
        assert_eq!(tried.len(), 1, "nothing overtakes the first");
        line.receiver.answer(200);
        let first = line.accepted(10).await;
        for n in 10..30 {
            place(&line.key, &format!("INV-{n}")).await;
        }
        let all = line.accepted(30).await;
        let arrived = sequences(&all);
        assert!(arrived.is_sorted() && first.len() >= 10, "{arrived:?}");
        line.server.stop().await;
    }

    async fn placements_do_not_wait_for_each_other(database: TestDatabase) {
        let line = line(&database, json!({"order": "placement"}), "200ms,200ms,200ms,1s,1s,1s").await;
        line.receiver.answer(503);
        let one = place(&line.key, "INV-1").await;
        eventually("it was tried", || async { (!line.receiver.arrivals().is_empty()).then_some(()) }).await;
        line.key.act(&format!("/v1/placements/{one}/pause")).await.expect(200);
        line.receiver.answer(200);
        let two = place(&line.key, "INV-2").await;
        line.key.act(&format!("/v1/placements/{two}/pause")).await.expect(200);
        let all = line.accepted(4).await;
        for invoice in ["INV-1", "INV-2"] {
            let kinds: Vec<_> = all.iter().filter(|arrival| number(arrival) == invoice).map(Arrival::kind).collect();
            assert_eq!(kinds, ["placement.created", "placement.paused"]);
        }
        line.server.stop().await;
    }

    async fn an_exhausted_first_pauses_the_endpoint_until_it_is_redelivered(database: TestDatabase) {
        let line = line(&database, json!({"order": "endpoint"}), "20ms").await;
        line.receiver.answer(500);
        place(&line.key, "INV-1").await;
        place(&line.key, "INV-2").await;
        let shown = eventually("the endpoint pauses", || async {
            let shown = line.session.get(&line.path).await.expect(200);
            (shown["state"] == json!("paused")).then_some(shown)
        }).await;
        assert!(shown["state_reason"].as_str().unwrap().contains("out of attempts"), "{shown}");
        line.receiver.answer(200);
        let list = eventually("it is exhausted", || async {
            let list = line.key.get("/v1/settings/webhook-deliveries?status=exhausted").await.expect(200);
            (list["total"] == json!(1)).then_some(list)
        }).await;
        let id = list["items"][0]["id"].as_str().unwrap();
        line.key.act(&format!("/v1/settings/webhook-deliveries/{id}/redeliver")).await.expect(200);
        assert!(line.receiver.accepted().is_empty(), "a paused endpoint waits");
        line.session.patch(&line.path, json!({"paused": false})).await.expect(200);
        let all = line.accepted(2).await;
        assert_eq!([number(&all[0]), number(&all[1])], ["INV-1", "INV-2"]);
        assert_eq!(database.number("SELECT count(*) FROM audit_event WHERE action = 'webhook.endpoint_paused'").await, 1);
        line.server.stop().await;
    }

    async fn an_exhausted_first_is_skipped_where_its_owner_said_so(database: TestDatabase) {
        let line = line(&database, json!({"order": "endpoint", "on_exhausted": "skip"}), "20ms").await;
        line.receiver.answer(500);
        place(&line.key, "INV-1").await;
        eventually("it is exhausted", || async {
            let list = line.key.get("/v1/settings/webhook-deliveries?status=exhausted").await.expect(200);
            (list["total"] == json!(1)).then_some(())
        }).await;
        line.receiver.answer(200);
        place(&line.key, "INV-2").await;
        let all = line.accepted(1).await;
        assert_eq!(number(&all[0]), "INV-2");
        assert_eq!(line.session.get(&line.path).await.expect(200)["state"], json!("enabled"));
        line.server.stop().await;
    }

    async fn an_unknown_order_is_refused_by_name(database: TestDatabase) {
        let line = line(&database, json!({}), "1s").await;
        for (settings, field) in [(json!({"order": "fifo"}), "order"), (json!({"on_exhausted": "drop"}), "on_exhausted"), (json!({"order": 1}), "order")] {
            let refused = line.session.patch(&line.path, settings).await;
            assert_eq!((refused.status, refused.code()), (422, "validation_failed"));
            assert!(refused.body["detail"].as_str().unwrap().starts_with(&format!("{field}: must be")), "{}", refused.body);
        }
        line.server.stop().await;
    }
}
