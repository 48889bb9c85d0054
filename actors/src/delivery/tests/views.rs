//! The views of deliveries: list, filters, details and redelivery.

use std::sync::Arc;

use entities::ids::{AttemptId, CreditorId, DeliveryId};
use entities::queries::delivery::{
    Attempt, ClaimRequest, Completion, CompletionOutcome, Completions, claim,
};
use uuid::Uuid;

use super::super::delivery_log::{detail, list, redeliver};
use super::super::handle::Delivery;
use crate::cluster::Membership;
use crate::contract::{ApiError, DeliveryFilter, DeliveryView, OffsetPage};
use crate::creditor::IdempotentOperation;
use crate::infra::Clock;
use crate::test_support::database::{TestDatabase, modules as wire, settings, test_databases};

/// One delivery of each kind, oldest first: delivered, failed, exhausted, leased, pending.
async fn one_of_each(test_db: &TestDatabase, creditor: CreditorId) -> Vec<DeliveryId> {
    let endpoint = test_db.endpoint(creditor, "https://one.example").await;
    let mut ids = test_db.enqueue(creditor, endpoint, 4, 100).await;
    let transaction = test_db.db.begin().await.unwrap();
    let wants = [ClaimRequest {
        endpoint,
        max_rows: 8,
        scan_floor_ms: 0,
    }];
    let claimed = claim(&transaction, 1, &wants, 1_000).await.unwrap();
    let outcomes = [
        CompletionOutcome::Delivered,
        CompletionOutcome::Failed { due_ms: 9_000 },
        CompletionOutcome::Exhausted,
    ];
    let completions: Vec<_> = claimed
        .iter()
        .zip(outcomes)
        .map(|(row, outcome)| {
            let attempt = Attempt {
                id: AttemptId(Uuid::now_v7()),
                at_ms: 500,
                latency_ms: 12,
                response_status: Some(if outcome == CompletionOutcome::Delivered {
                    200
                } else {
                    500
                }),
                error: None,
                response_excerpt: Some("body".to_owned()),
            };
            Completion {
                fence: row.fence,
                outcome,
                attempt: Some(attempt),
            }
        })
        .collect();
    let completions = Completions::of(&test_db.db, &completions);
    completions.write(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    ids.extend(test_db.enqueue(creditor, endpoint, 1, 100).await);
    ids
}

fn delivery(test_db: &TestDatabase) -> Arc<Delivery> {
    let membership = Membership::good(1, 0);
    wire(
        test_db.db.clone(),
        Clock::manual(20_000),
        settings(&test_db.url),
        membership,
    )
    .delivery
}

fn only(status: &str) -> DeliveryFilter {
    DeliveryFilter {
        status: Some(status.to_owned()),
        event: None,
    }
}

#[tokio::test]
async fn list_shows_every_status_newest_first() {
    for test_db in test_databases().await {
        let (creditor, other, delivery) = (
            test_db.creditor().await,
            test_db.creditor().await,
            delivery(&test_db),
        );
        let ids = one_of_each(&test_db, creditor).await;
        let paging = OffsetPage {
            limit: 3,
            offset: 0,
        };
        let page = list(
            &delivery.env,
            Some(creditor),
            &DeliveryFilter::default(),
            paging,
        )
        .await
        .unwrap();
        let seen: Vec<_> = page
            .items
            .iter()
            .map(|row| (row.id, row.status.as_str(), row.attempts))
            .collect();
        assert_eq!(
            seen,
            [
                (ids[4].0, "pending", 0),
                (ids[3].0, "delivering", 0),
                (ids[2].0, "exhausted", 1)
            ]
        );
        assert_eq!(page.total, Some(5));
        let paging = OffsetPage {
            limit: 3,
            offset: 3,
        };
        let page = list(&delivery.env, None, &DeliveryFilter::default(), paging)
            .await
            .unwrap();
        let seen: Vec<_> = page
            .items
            .iter()
            .map(|row| (row.id, row.status.as_str()))
            .collect();
        assert_eq!(seen, [(ids[1].0, "failed"), (ids[0].0, "delivered")]);
        assert_eq!(
            page.items[0].next_attempt_at.as_deref(),
            Some("1970-01-01T00:00:09.000Z")
        );
        assert_eq!(
            page.items[1].delivered_at.as_deref(),
            Some("1970-01-01T00:00:00.500Z")
        );
        assert!(page.items[1].webhook_id.starts_with("msg_"));
        let page = list(
            &delivery.env,
            Some(other),
            &DeliveryFilter::default(),
            paging,
        )
        .await
        .unwrap();
        assert_eq!((page.items.len(), page.total), (0, Some(0)));
    }
}

#[tokio::test]
async fn filters_limit_the_total_and_reject_unknown_values() {
    for test_db in test_databases().await {
        let (creditor, delivery) = (test_db.creditor().await, delivery(&test_db));
        one_of_each(&test_db, creditor).await;
        let paging = OffsetPage {
            limit: 50,
            offset: 0,
        };
        for status in ["pending", "delivering", "delivered", "failed", "exhausted"] {
            let page = list(&delivery.env, Some(creditor), &only(status), paging)
                .await
                .unwrap();
            assert_eq!((page.items.len(), page.total), (1, Some(1)), "{status}");
            assert_eq!(page.items[0].status, status);
        }
        let event = |name: &str| DeliveryFilter {
            status: None,
            event: Some(name.to_owned()),
        };
        let page = list(
            &delivery.env,
            Some(creditor),
            &event("placement.created"),
            paging,
        )
        .await
        .unwrap();
        assert_eq!(page.total, Some(5));
        let page = list(&delivery.env, None, &event("payment.recorded"), paging)
            .await
            .unwrap();
        assert_eq!(page.total, Some(0));
        for filter in [only("unknown"), event("placement.unknown")] {
            let refused = list(&delivery.env, Some(creditor), &filter, paging)
                .await
                .unwrap_err();
            assert!(matches!(refused, ApiError::Validation(_)), "{refused:?}");
        }
    }
}

async fn redeliver_now(
    delivery: &Arc<Delivery>,
    creditor: CreditorId,
    id: DeliveryId,
) -> Result<DeliveryView, ApiError> {
    let once = IdempotentOperation::new(None, "again", &id);
    let queued = redeliver(delivery, creditor, "test", id, &once).await;
    queued.map(|queued| queued.value)
}

#[tokio::test]
async fn only_the_owner_can_read_and_redeliver_a_delivery() {
    for test_db in test_databases().await {
        let (creditor, other, delivery) = (
            test_db.creditor().await,
            test_db.creditor().await,
            delivery(&test_db),
        );
        let ids = one_of_each(&test_db, creditor).await;
        let shown = detail(&delivery.env, creditor, ids[0]).await.unwrap();
        assert_eq!(
            (shown.delivery.status.as_str(), shown.attempt_log.len()),
            ("delivered", 1)
        );
        assert_eq!(shown.attempt_log[0].at, "1970-01-01T00:00:00.488Z");
        let absent = ApiError::not_found("delivery");
        assert_eq!(
            detail(&delivery.env, other, ids[0]).await.unwrap_err(),
            absent
        );
        assert_eq!(
            redeliver_now(&delivery, other, ids[0]).await.unwrap_err(),
            absent
        );
        for id in [ids[0], ids[2]] {
            let queued = redeliver_now(&delivery, creditor, id).await.unwrap();
            assert_eq!(
                (queued.status.as_str(), queued.attempts),
                ("pending", 1),
                "redelivery keeps the attempts"
            );
            assert_eq!(
                queued.webhook_id,
                detail(&delivery.env, creditor, id)
                    .await
                    .unwrap()
                    .delivery
                    .webhook_id
            );
        }
        let queued = redeliver_now(&delivery, creditor, ids[1]).await.unwrap();
        assert_eq!(
            (queued.status.as_str(), queued.next_attempt_at.as_deref()),
            ("failed", Some("1970-01-01T00:00:20.000Z"))
        );
        assert_eq!(
            redeliver_now(&delivery, creditor, ids[3])
                .await
                .unwrap()
                .status,
            "delivering"
        );
    }
}
