//! What happens to a placement after its creation: payments, disputes, transitions and suspended accounts.

use serde_json::json;

use crate::harness::account::{invoice, place};
use crate::harness::{Account, TestDatabase, TestServer, on_both_backends};

/// Moves a placement into outreach, as support.
async fn in_outreach(server: &TestServer, id: &str) {
    for to in ["ready", "in_outreach"] {
        let body = json!([{"placement_id": id, "to": to, "reason": "test"}]);
        let moved = server
            .support()
            .post("/support/v1/placements/transitions", body)
            .await
            .expect(200);
        assert_eq!(moved["results"][0]["ok"], json!(true), "{moved}");
    }
}

on_both_backends!(
    a_dispute_ends_with_its_placement,
    payments_add_up_and_stop_outreach,
    support_moves_placements_and_dispute_stops_outreach,
    simulator_moves_placement_into_outreach,
    suspended_account_can_only_read_recall_and_record_payments,
);

async fn a_dispute_ends_with_its_placement(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let id = place(&key, "INV-1").await;
    in_outreach(&server, &id).await;
    let dispute = server
        .support()
        .post(
            &format!("/support/v1/placements/{id}/dispute"),
            json!({"reason": "wrong amount"}),
        )
        .await
        .expect(201);
    let pay = format!("/v1/placements/{id}/payment-received");
    assert_eq!(
        key.post_keyed(&pay, json!({"amount": "7500.00"}), "p")
            .await
            .expect(201)["status"],
        json!("paid")
    );
    let answer = format!(
        "/support/v1/disputes/{}/answer",
        dispute["id"].as_str().unwrap()
    );
    let late = server
        .support()
        .post(&answer, json!({"text": "too late"}))
        .await;
    assert_eq!((late.status, late.code()), (404, "not_found"));
    let audit = key
        .get(&format!(
            "/v1/placements/{id}/audit?event_type=dispute.resolved"
        ))
        .await
        .expect(200);
    assert_eq!(audit["events"].as_array().unwrap().len(), 1);
    database.expect_true_placement_counts().await;
    server.stop().await;
}

async fn payments_add_up_and_stop_outreach(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let id = place(&key, "INV-1").await;
    in_outreach(&server, &id).await;
    assert_eq!(
        key.get(&format!("/v1/placements/{id}")).await.expect(200)["outreach_allowed"],
        json!(true)
    );
    let path = format!("/v1/placements/{id}/payment-received");
    let missing = key.post(&path, json!({"amount": "1.00"})).await;
    assert_eq!(
        (missing.status, missing.code()),
        (422, "idempotency_key_required")
    );
    let part = key
        .post_keyed(&path, json!({"amount": "500.00"}), "p-1")
        .await
        .expect(201);
    assert_eq!(
        (&part["balance"], &part["status"]),
        (&json!("7000.00"), &json!("in_outreach"))
    );
    let over = key
        .post_keyed(&path, json!({"amount": "7000.01"}), "p-2")
        .await;
    assert_eq!((over.status, over.code()), (422, "overpayment"));
    let rest = key
        .post_keyed(&path, json!({"amount": "7000.00"}), "p-3")
        .await
        .expect(201);
    assert_eq!(
        (&rest["balance"], &rest["status"]),
        (&json!("0.00"), &json!("paid"))
    );
    let paid = key.get(&format!("/v1/placements/{id}")).await.expect(200);
    assert_eq!(
        (&paid["outreach_allowed"], &paid["outreach_blocked_reason"]),
        (&json!(false), &json!("paid"))
    );
    let late = key.act(&format!("/v1/placements/{id}/recall")).await;
    assert_eq!((late.status, late.code()), (409, "invalid_transition"));
    database.expect_true_placement_counts().await;
    server.stop().await;
}

async fn support_moves_placements_and_dispute_stops_outreach(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let id = place(&key, "INV-1").await;
    let skip = json!([{"placement_id": id, "to": "in_outreach", "reason": "too fast"}, {"placement_id": uuid::Uuid::now_v7(), "to": "ready"}]);
    let refused = server
        .support()
        .post("/support/v1/placements/transitions", skip)
        .await
        .expect(200);
    assert!(
        refused["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|result| result["ok"] == json!(false)),
        "{refused}"
    );
    in_outreach(&server, &id).await;
    let dispute = server
        .support()
        .post(
            &format!("/support/v1/placements/{id}/dispute"),
            json!({"reason": "never delivered"}),
        )
        .await
        .expect(201);
    let shown = key.get(&format!("/v1/placements/{id}")).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["outreach_allowed"]),
        (&json!("disputed"), &json!(false))
    );
    let path = format!(
        "/support/v1/disputes/{}/answer",
        dispute["id"].as_str().unwrap()
    );
    let answered = server
        .support()
        .post(&path, json!({"text": "proof of delivery attached"}))
        .await
        .expect(200);
    assert_eq!(answered["answer"], json!("proof of delivery attached"));
    database.expect_true_placement_counts().await;
    server.stop().await;
}

async fn simulator_moves_placement_into_outreach(database: TestDatabase) {
    let mut settings = crate::harness::server::config(&database);
    settings.settings.simulator = true;
    let server = TestServer::start_with(settings).await;
    let (_, key) = Account::ready(&server.http).await;
    let id = place(&key, "INV-1").await;
    let path = format!("/v1/placements/{id}");
    crate::harness::eventually("outreach begins", || async {
        let shown = key.get(&path).await.expect(200);
        (shown["status"] == json!("in_outreach")).then_some(())
    })
    .await;
    let audit = key
        .get(&format!("{path}/audit?actor=simulator"))
        .await
        .expect(200);
    assert_eq!(audit["events"].as_array().unwrap().len(), 2);
    database.expect_true_placement_counts().await;
    server.stop().await;
}

async fn suspended_account_can_only_read_recall_and_record_payments(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let (first, second) = (place(&key, "INV-1").await, place(&key, "INV-2").await);
    let path = format!("/support/v1/creditors/{}", account.id);
    server
        .support()
        .patch(
            &path,
            json!({"status": "suspended", "reason": "chargebacks"}),
        )
        .await
        .expect(200);
    let refused = key.post("/v1/placements", invoice("INV-3")).await;
    assert_eq!((refused.status, refused.code()), (403, "account_suspended"));
    key.act(&format!("/v1/placements/{first}/recall"))
        .await
        .expect(200);
    let refused = key.act(&format!("/v1/placements/{first}/unrecall")).await;
    assert_eq!((refused.status, refused.code()), (403, "account_suspended"));
    let paid = key
        .post_keyed(
            &format!("/v1/placements/{second}/payment-received"),
            json!({"amount": "7500"}),
            "p",
        )
        .await
        .expect(201);
    assert_eq!(paid["status"], json!("paid"));
    server
        .support()
        .patch(&path, json!({"status": "verified", "reason": "cleared"}))
        .await
        .expect(200);
    place(&key, "INV-3").await;
    database.expect_true_placement_counts().await;
    server.stop().await;
}
