//! Completing leases and redelivering, on both backends.

use entities::delivery::DeliveryState;
use entities::queries::delivery::{
    Completion, CompletionOutcome, Fence, attempts, cancel_disabled, disable_endpoint, release,
    requeue,
};
use entities::webhook_endpoint::EndpointState;

use super::queue::{claim_now, complete_now, tried};
use crate::test_support::database::test_databases;

#[tokio::test]
async fn each_ending_sets_state_and_logs_its_attempt() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let ids = test_db.enqueue(creditor, endpoint, 5, 100).await;
        let claimed = claim_now(db, 1, &[(endpoint, 8)], 1_000).await;
        let done = complete_now(
            db,
            &[
                tried(claimed[0].fence, CompletionOutcome::Delivered, Some(204)),
                tried(
                    claimed[1].fence,
                    CompletionOutcome::Failed { due_ms: 9_000 },
                    Some(503),
                ),
                tried(claimed[2].fence, CompletionOutcome::Exhausted, None),
                tried(claimed[3].fence, CompletionOutcome::Cancelled, Some(410)),
                Completion {
                    fence: claimed[4].fence,
                    outcome: CompletionOutcome::Released,
                    attempt: None,
                },
            ],
        )
        .await;
        assert_eq!(done, 5);
        assert!(test_db.hot(ids[0]).await.is_none());
        let seen = |row: entities::delivery::Model| {
            (
                row.state,
                row.owner,
                row.claim_no,
                row.attempt,
                row.due_ms,
                row.response_status,
            )
        };
        let rows = [
            test_db.hot(ids[1]).await,
            test_db.hot(ids[2]).await,
            test_db.hot(ids[3]).await,
            test_db.hot(ids[4]).await,
        ];
        let rows: Vec<_> = rows.into_iter().flatten().map(seen).collect();
        assert_eq!(
            rows,
            [
                (DeliveryState::Failed, None, 1, 1, 9_000, Some(503)),
                (DeliveryState::Exhausted, None, 1, 1, 100, None),
                (DeliveryState::Cancelled, None, 1, 1, 100, Some(410)),
                (DeliveryState::Pending, None, 1, 0, 100, None),
            ]
        );
        let log = attempts(db.reader(), creditor, ids[2]).await.unwrap();
        assert_eq!((log.len(), log[0].attempt, log[0].latency_ms), (1, 1, 12));
        assert_eq!(log[0].error.as_deref(), Some("it's \"broken\" \\ ü"));
        assert_eq!(log[0].response_excerpt.as_deref(), Some("O'K \"quoted\""));
        assert_eq!(log[0].outcome.as_str(), "failed");
        let log = attempts(db.reader(), creditor, ids[0]).await.unwrap();
        assert_eq!(
            (log[0].outcome.as_str(), log[0].response_status),
            ("delivered", Some(204))
        );
        assert!(
            attempts(db.reader(), creditor, ids[4])
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn stale_fence_writes_nothing() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let ids = test_db.enqueue(creditor, endpoint, 1, 100).await;
        let old = claim_now(db, 1, &[(endpoint, 8)], 1_000).await[0].fence;
        assert_eq!(release(db, &[old]).await.unwrap(), 1);
        let new = claim_now(db, 2, &[(endpoint, 8)], 1_000).await[0].fence;
        assert_eq!((new.claim_no, new.owner), (2, 2));
        for stale in [old, Fence { owner: 1, ..new }, Fence { claim_no: 1, ..new }] {
            assert_eq!(
                complete_now(db, &[tried(stale, CompletionOutcome::Delivered, Some(200))]).await,
                0
            );
            assert_eq!(
                complete_now(db, &[tried(stale, CompletionOutcome::Exhausted, Some(500))]).await,
                0
            );
            assert_eq!(release(db, &[stale]).await.unwrap(), 0);
        }
        assert!(
            attempts(db.reader(), creditor, ids[0])
                .await
                .unwrap()
                .is_empty()
        );
        let row = test_db.hot(ids[0]).await.unwrap();
        assert_eq!((row.state, row.owner), (DeliveryState::Pending, Some(2)));
        let done = [tried(new, CompletionOutcome::Delivered, Some(200))];
        assert_eq!(complete_now(db, &done).await, 1);
        assert_eq!(
            complete_now(db, &done).await,
            0,
            "a repeated completion writes nothing"
        );
        assert_eq!(
            attempts(db.reader(), creditor, ids[0]).await.unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn owner_can_redeliver_a_delivery_in_every_state() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let ids = test_db.enqueue(creditor, endpoint, 3, 100).await;
        let claimed = claim_now(db, 1, &[(endpoint, 8)], 1_000).await;
        complete_now(
            db,
            &[
                tried(claimed[0].fence, CompletionOutcome::Delivered, Some(200)),
                tried(
                    claimed[1].fence,
                    CompletionOutcome::Failed { due_ms: 99_000 },
                    Some(500),
                ),
                tried(claimed[2].fence, CompletionOutcome::Exhausted, Some(500)),
            ],
        )
        .await;
        let other = test_db.creditor().await;
        let transaction = db.begin().await.unwrap();
        for id in &ids {
            assert_eq!(
                requeue(&transaction, other, *id, 2_000).await.unwrap(),
                None
            );
            assert_eq!(
                requeue(&transaction, creditor, *id, 2_000).await.unwrap(),
                Some(endpoint)
            );
        }
        transaction.commit().await.unwrap();
        let again = claim_now(db, 1, &[(endpoint, 8)], 2_000).await;
        let seen: Vec<_> = again
            .iter()
            .map(|row| (row.fence.delivery, row.attempt, row.message))
            .collect();
        let message = |index: usize| claimed[index].message;
        assert_eq!(
            seen,
            [
                (ids[0], 0, message(0)),
                (ids[1], 1, message(1)),
                (ids[2], 0, message(2))
            ]
        );
        assert!(
            again[0].fence.claim_no > 2_000,
            "no fence from before the redelivery matches"
        );
    }
}

#[tokio::test]
async fn rows_of_a_disabled_endpoint_are_cancelled_in_batches() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        test_db.enqueue(creditor, endpoint, 3, 100).await;
        assert_eq!(cancel_disabled(db.writer(), 10).await.rows, 0);
        let transaction = db.begin().await.unwrap();
        assert!(
            disable_endpoint(
                &transaction,
                creditor,
                endpoint,
                EndpointState::Disabled,
                "410",
                5
            )
            .await
            .unwrap()
        );
        assert!(
            !disable_endpoint(
                &transaction,
                creditor,
                endpoint,
                EndpointState::Disabled,
                "410",
                6
            )
            .await
            .unwrap()
        );
        transaction.commit().await.unwrap();
        let cancelled = cancel_disabled(db.writer(), 2).await;
        assert_eq!((cancelled.rows, cancelled.more), (2, true));
        let cancelled = cancel_disabled(db.writer(), 2).await;
        assert_eq!((cancelled.rows, cancelled.more), (1, false));
        assert!(
            test_db
                .queue()
                .await
                .iter()
                .all(|row| row.state == DeliveryState::Cancelled)
        );
    }
}
