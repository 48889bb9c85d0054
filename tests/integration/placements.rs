//! Placements: creation, validation, search and the change feed.

use serde_json::json;

use crate::harness::account::{invoice, place};
use crate::harness::change_feed::FeedReader;
use crate::harness::{Account, TestDatabase, TestServer, on_both_backends};

on_both_backends!(
    placement_is_created_listed_audited_and_recalled,
    invalid_body_is_refused_with_every_field_name,
    duplicate_invoice_is_refused,
    a_search_finds_names_in_any_script,
    refused_command_does_not_fail_its_batch,
    resuming_feed_reader_sees_every_change,
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
    database.expect_true_placement_counts().await;
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
    database.expect_true_placement_counts().await;
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
    database.expect_true_placement_counts().await;
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
    database.expect_true_placement_counts().await;
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
    database.expect_true_placement_counts().await;
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
    database.expect_true_placement_counts().await;
    server.stop().await;
}
