//! Creation of many placements in one request.

use serde_json::{Value, json};

use crate::harness::account::{invoice, place};
use crate::harness::{Account, TestDatabase, TestServer, on_both_backends};

on_both_backends!(
    batch_reports_each_entry_and_replays_as_a_whole,
    batch_accepts_at_most_a_thousand_entries,
);

async fn batch_reports_each_entry_and_replays_as_a_whole(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let held = place(&key, "INV-HELD").await;
    let mut consumer = invoice("INV-3");
    consumer["debtor"]["kind"] = json!("individual");
    let rows = json!({"placements": [
        invoice("INV-1"), invoice("INV-HELD"), {"invoice_number": 7}, consumer, invoice("INV-1"), invoice("INV-2"),
    ]});
    let first = key
        .post_keyed("/v1/placements/batch", rows.clone(), "batch-1")
        .await
        .expect(200);
    assert_eq!(
        (&first["created"], &first["refused"]),
        (&json!(2), &json!(4))
    );
    let results = first["results"].as_array().unwrap();
    let codes: Vec<_> = results
        .iter()
        .map(|row| row["error"]["code"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(
        codes,
        [
            "-",
            "duplicate_invoice",
            "validation_failed",
            "consumer_debt",
            "duplicate_invoice",
            "-"
        ]
    );
    assert_eq!(results[1]["error"]["placement_id"], json!(held));
    assert!(
        results[2]["error"]["errors"].as_array().unwrap().len() > 2,
        "every wrong field: {}",
        results[2]
    );
    assert!(
        results
            .iter()
            .enumerate()
            .all(|(index, row)| row["index"] == json!(index))
    );
    let again = key
        .post_keyed("/v1/placements/batch", rows, "batch-1")
        .await;
    assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
    assert_eq!(again.body, first);
    let other = json!({"placements": [invoice("INV-9")]});
    assert_eq!(
        key.post_keyed("/v1/placements/batch", other, "batch-1")
            .await
            .code(),
        "idempotency_key_reused"
    );
    assert_eq!(database.number("SELECT count(*) FROM placement").await, 3);
    assert_eq!(
        database
            .number("SELECT count(*) FROM message WHERE event_type = 'placement.created'")
            .await,
        3
    );
    database.expect_true_placement_counts().await;
    server.stop().await;
}

async fn batch_accepts_at_most_a_thousand_entries(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (account, key) = Account::ready(&server.http).await;
    let rows =
        |count: usize| -> Value { (0..count).map(|n| invoice(&format!("INV-{n}"))).collect() };
    for placements in [rows(0), rows(1_001), json!("all")] {
        let refused = key
            .post("/v1/placements/batch", json!({"placements": placements}))
            .await;
        assert_eq!((refused.status, refused.code()), (422, "validation_failed"));
    }
    let placed = key
        .post("/v1/placements/batch", json!({"placements": rows(1_000)}))
        .await
        .expect(200);
    assert_eq!(placed["created"], json!(1_000));
    assert_eq!(database.number("SELECT count(DISTINCT sequence) FROM message WHERE event_type = 'placement.created'").await, 1_000);
    // A batch costs twenty requests, or the whole bucket if the burst is smaller.
    let limits = json!({"key_rps": 1, "key_burst": 30, "tenant_rps": 1, "tenant_burst": 30, "concurrency": 10});
    let path = format!("/support/v1/creditors/{}", account.id);
    server
        .support()
        .patch(&path, json!({"limits": limits, "reason": "for the test"}))
        .await
        .expect(200);
    let one = json!({"placements": [invoice("INV-X")]});
    let statuses = [
        key.post("/v1/placements/batch", one.clone()).await.status,
        key.post("/v1/placements/batch", one.clone()).await.status,
    ];
    assert_eq!(statuses, [200, 429]);
    server
        .support()
        .patch(
            &path,
            json!({"limits": {"key_burst": 5}, "reason": "for the test"}),
        )
        .await
        .expect(200);
    let answer = key.post("/v1/placements/batch", one).await;
    let wait = || {
        answer
            .header("Retry-After")
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert!(answer.status == 200 || wait() <= 10, "the wait is bounded");
    database.expect_true_placement_counts().await;
    server.stop().await;
}
