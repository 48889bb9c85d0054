//! Placements: creation, idempotency, batches, the change feed, payments and support operations.

use serde_json::{Value, json};

use crate::harness::account::{invoice, place};
use crate::harness::change_feed::FeedReader;
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
    placement_is_created_listed_audited_and_recalled,
    invalid_body_is_refused_with_every_field_name,
    duplicate_invoice_is_refused,
    idempotency_key_replays_same_request_and_refuses_another,
    unrecall_invalidates_the_stored_recall_response,
    resume_invalidates_the_stored_pause_response,
    a_search_finds_names_in_any_script,
    a_dispute_ends_with_its_placement,
    payments_add_up_and_stop_outreach,
    support_moves_placements_and_dispute_stops_outreach,
    simulator_moves_placement_into_outreach,
    suspended_account_can_only_read_recall_and_record_payments,
    refused_command_does_not_fail_its_batch,
    resuming_feed_reader_sees_every_change,
    batch_reports_each_entry_and_replays_as_a_whole,
    batch_accepts_at_most_a_thousand_entries,
);

async fn placement_is_created_listed_audited_and_recalled(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let placed = key
        .post("/v1/placements", invoice("INV-1"))
        .await
        .expect(201);
    assert_eq!(
        (&placed["status"], &placed["invoice_amount"], &placed["id"]),
        (
            &json!("pending_enrichment"),
            &json!("7500.00"),
            &placed["placement_id"]
        )
    );
    let id = placed["id"].as_str().unwrap();
    assert_eq!(
        key.get(&format!("/v1/placements/{id}")).await.expect(200)["debtor"]["company_name"],
        json!("Late Payer Ltd")
    );
    assert_eq!(
        key.get("/v1/placements?q=late&status=pending_enrichment,ready")
            .await
            .expect(200)["total"],
        json!(1)
    );
    assert_eq!(
        key.get("/v1/placements?q=nobody").await.expect(200)["items"],
        json!([])
    );
    let recalled = key
        .act(&format!("/v1/placements/{id}/recall"))
        .await
        .expect(200);
    assert_eq!(
        (&recalled["status"], &recalled["outreach_allowed"]),
        (&json!("recalled"), &json!(false))
    );
    let again = key.act(&format!("/v1/placements/{id}/recall")).await;
    assert_eq!((again.status, again.code()), (409, "invalid_transition"));
    let audit = key
        .get(&format!("/v1/placements/{id}/audit?limit=1"))
        .await
        .expect(200);
    assert_eq!(
        audit["events"][0]["event_type"],
        json!("placement.recalled")
    );
    let cursor = audit["pagination"]["next_cursor"].as_str().unwrap();
    let rest = key
        .get(&format!(
            "/v1/placements/{id}/audit?limit=1&cursor={cursor}"
        ))
        .await
        .expect(200);
    assert_eq!(rest["events"][0]["event_type"], json!("placement.created"));
    assert_eq!(
        rest["pagination"],
        json!({"has_more": false, "next_cursor": null})
    );
    server.stop().await;
}

async fn invalid_body_is_refused_with_every_field_name(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let body = json!({"invoice_amount": 7500.0, "invoice_date": "yesterday", "ssn": "078-05-1120", "debtor": {"zip": 1}});
    let refused = key.post("/v1/placements", body).await;
    assert_eq!((refused.status, refused.code()), (422, "validation_failed"));
    let locs: Vec<String> = refused.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            error["loc"]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part.as_str().unwrap())
                .collect::<Vec<_>>()
                .join(".")
        })
        .collect();
    for field in [
        "body.invoice_amount",
        "body.invoice_number",
        "body.ssn",
        "body.debtor.company_name",
        "body.debtor.zip",
    ] {
        assert!(locs.iter().any(|loc| loc == field), "{field} in {locs:?}");
    }
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(
        !detail.contains('[') && !detail.contains("078-05"),
        "{detail}"
    );
    let mut consumer = invoice("INV-2");
    consumer["debtor"]["kind"] = json!("individual");
    let refused = key.post("/v1/placements", consumer).await;
    assert_eq!((refused.status, refused.code()), (422, "consumer_debt"));
    assert_eq!(database.number("SELECT count(*) FROM placement").await, 0);
    for (query, status) in [
        ("limit=101", 422),
        ("limit=0", 422),
        ("sort=colour", 422),
        ("after_id=x", 422),
        ("limit=100", 200),
    ] {
        assert_eq!(
            key.get(&format!("/v1/placements?{query}")).await.status,
            status,
            "{query}"
        );
    }
    server.stop().await;
}

async fn duplicate_invoice_is_refused(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let answers =
        futures::future::join_all((0..10).map(|_| key.post("/v1/placements", invoice("INV-1"))))
            .await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status != 201)
            .all(|answer| answer.code() == "duplicate_invoice")
    );
    server.stop().await;
}

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

async fn a_search_finds_names_in_any_script(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let mut body = invoice("INV-1");
    body["debtor"]["company_name"] = json!("MÜLLER & Söhne 100%_GmbH");
    key.post("/v1/placements", body).await.expect(201);
    for q in ["M%C3%9CLLER", "S%C3%B6hne", "gmbh", "100%25_", "inv-1"] {
        assert_eq!(
            key.get(&format!("/v1/placements?q={q}")).await.expect(200)["total"],
            json!(1),
            "{q}"
        );
    }
    assert_eq!(
        key.get("/v1/placements?q=100%25x").await.expect(200)["total"],
        json!(0)
    );
    server.stop().await;
}

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
    server.stop().await;
}

async fn refused_command_does_not_fail_its_batch(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    place(&key, "INV-TAKEN").await;
    // One of a hundred is refused. All of them run in few batches.
    let posts = (0..100).map(|n| {
        let number = if n == 50 {
            "INV-TAKEN".to_owned()
        } else {
            format!("INV-{n}")
        };
        let key = key.clone();
        async move { key.post("/v1/placements", invoice(&number)).await.status }
    });
    let statuses = futures::future::join_all(posts).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 99);
    assert_eq!(statuses[50], 409);
    assert_eq!(database.number("SELECT count(*) FROM placement").await, 100);
    let batches = database.number("SELECT count(*) FROM writer_batch").await;
    assert!(
        batches < 100,
        "they were committed together: {batches} batches"
    );
    server.stop().await;
}

async fn resuming_feed_reader_sees_every_change(database: TestDatabase) {
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let writer = {
        let key = key.clone();
        tokio::spawn(async move {
            let placing = (0..120).map(|n| {
                let key = key.clone();
                async move { place(&key, &format!("INV-{n}")).await }
            });
            futures::future::join_all(placing).await
        })
    };
    let mut reader = FeedReader::new(&key);
    while reader.seen.len() < 120 {
        reader.read_page().await;
    }
    assert_eq!(writer.await.unwrap().len(), 120);
    server.stop().await;
}

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
    server.stop().await;
}
