//! Metrics, traces from an API call to its delivery, and the erasure of webhook payloads.

use serde_json::json;

use crate::harness::account::{invoice, place};
use crate::harness::{Account, Receiver, TestDatabase, TestServer, eventually, on_both_backends};

/// The example of W3C Trace Context, section 3.2.
const CALLER_SPAN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The value of a metric in the text of `/metrics`. `name` includes the labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} in\n{text}"))
        .parse()
        .unwrap()
}

on_both_backends!(
    delivery_metrics_carry_no_identifying_labels,
    trace_continues_from_api_call_to_receiver,
    webhook_payloads_of_a_placement_can_be_erased,
);

async fn delivery_metrics_carry_no_identifying_labels(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    for n in 0..20 {
        place(&key, &format!("INV-{n}")).await;
    }
    eventually("they arrive", || async {
        (receiver.accepted().len() == 20).then_some(())
    })
    .await;
    let text = eventually("they are counted", || async {
        let text = server
            .http
            .get("/metrics")
            .await
            .expect(200)
            .as_str()
            .unwrap()
            .to_owned();
        (value(&text, "partner_api_delivery_lag_seconds_count") >= 20.0).then_some(text)
    })
    .await;
    assert!(
        value(
            &text,
            r#"partner_api_delivery_attempts_total{outcome="delivered"}"#
        ) >= 20.0
    );
    assert!(
        value(
            &text,
            r#"partner_api_delivery_leases_total{origin="preleased"}"#
        ) >= 1.0,
        "deliveries are pre-leased"
    );
    let opened = value(&text, "partner_api_delivery_connections_opened_total");
    assert!(
        (1.0..20.0).contains(&opened),
        "connections are reused: {opened}"
    );
    for state in ["pending", "delivering", "failed", "exhausted", "cancelled"] {
        value(
            &text,
            &format!("partner_api_delivery_queue_depth{{state=\"{state}\"}}"),
        );
    }
    for name in [
        &account.id,
        receiver
            .url
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap(),
    ] {
        assert!(!text.contains(name), "the metrics contain {name}");
    }
    server.stop().await;
}

async fn trace_continues_from_api_call_to_receiver(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    receiver.answer(500);
    key.post_with(
        "/v1/placements",
        invoice("INV-1"),
        ("traceparent", CALLER_SPAN),
    )
    .await
    .expect(201);
    let spans = |answered: u16| {
        let arrivals = receiver
            .arrivals()
            .into_iter()
            .filter(|arrival| arrival.answered == answered);
        arrivals
            .map(|arrival| arrival.headers["traceparent"].to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    eventually("a failed attempt", || async {
        (!spans(500).is_empty()).then_some(())
    })
    .await;
    receiver.answer(200);
    eventually("a delivery", || async {
        (!spans(200).is_empty()).then_some(())
    })
    .await;
    let all = [spans(500), spans(200)].concat();
    for span in &all {
        let same_trace = span.starts_with(&CALLER_SPAN[..36]);
        assert!(
            same_trace && span != CALLER_SPAN,
            "the trace id is kept, the span id is new: {span}"
        );
    }
    let different: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(different.len(), all.len(), "every attempt has its own span");
    // Without a `traceparent` header, the call starts a new trace.
    place(&key, "INV-2").await;
    let second = eventually("the second arrives", || async {
        receiver.accepted().get(1).cloned()
    })
    .await;
    assert_eq!(second.headers["traceparent"].len(), CALLER_SPAN.len());
    server.stop().await;
}

async fn webhook_payloads_of_a_placement_can_be_erased(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let receiver = Receiver::start();
    let (account, key) = Account::ready(&server.http).await;
    account.set_webhook(&receiver.url).await;
    let id = place(&key, "INV-1").await;
    place(&key, "INV-2").await;
    eventually("both arrive", || async {
        (receiver.accepted().len() == 2).then_some(())
    })
    .await;
    let path = format!("/support/v1/placements/{id}/erase-webhook-payloads");
    let refused = server.support().post(&path, json!({})).await;
    assert_eq!((refused.status, refused.code()), (422, "validation_failed"));
    let erased = server
        .support()
        .post(&path, json!({"reason": "the debtor asked for it"}))
        .await
        .expect(200);
    assert_eq!(
        (&erased["payloads"], &erased["deliveries"]),
        (&json!(1), &json!(0))
    );
    let listed = eventually("both are in the log", || async {
        let listed = key
            .get("/v1/settings/webhook-deliveries?status=delivered")
            .await
            .expect(200);
        (listed["total"] == json!(2)).then_some(listed)
    })
    .await;
    let mut answers = Vec::new();
    for delivery in listed["items"].as_array().unwrap() {
        let again = key
            .act(&format!(
                "/v1/settings/webhook-deliveries/{}/redeliver",
                delivery["id"].as_str().unwrap()
            ))
            .await;
        answers.push((
            again.status,
            again.body["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ));
    }
    answers.sort();
    assert_eq!(
        answers,
        [(200, String::new()), (409, "payload_erased".to_owned())]
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'webhook.payloads_erased'")
            .await,
        1
    );
    server.stop().await;
}
