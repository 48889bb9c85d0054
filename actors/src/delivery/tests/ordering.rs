//! Ordering keys: which of the rows that share a key may be claimed, on both backends.

use entities::ids::{DeliveryId, EndpointId};
use entities::queries::delivery::{
    ClaimRequest, CompletionOutcome, OrderedClaim, claim_in_order, due_endpoints,
};
use sea_orm::ConnectionTrait as _;
use uuid::Uuid;

use super::queue::{claim_now, complete_now, tried};
use crate::test_support::database::{TestDatabase, test_databases};

const NOW_MS: i64 = 1_000;

async fn claim_ordered(
    test_db: &TestDatabase,
    endpoint: EndpointId,
    max_rows: u32,
    now_ms: i64,
) -> OrderedClaim {
    let transaction = test_db.db.begin().await.unwrap();
    let want = ClaimRequest {
        endpoint,
        max_rows,
        scan_floor_ms: 0,
    };
    let found = claim_in_order(&transaction, 1, want, now_ms).await.unwrap();
    transaction.commit().await.unwrap();
    found
}

fn ids(found: &OrderedClaim) -> Vec<DeliveryId> {
    found.claimed.iter().map(|row| row.fence.delivery).collect()
}

/// Sets the ordering key of the rows.
async fn set_order_key(test_db: &TestDatabase, rows: &[DeliveryId], key: Uuid) {
    for row in rows {
        let (key, id) = (test_db.literal(key), test_db.literal(row.0));
        let sql = format!("UPDATE delivery SET order_key = {key} WHERE id = {id}");
        test_db.db.writer().execute_unprepared(&sql).await.unwrap();
    }
}

async fn complete_all(test_db: &TestDatabase, found: &OrderedClaim, outcome: CompletionOutcome) {
    for row in &found.claimed {
        complete_now(&test_db.db, &[tried(row.fence, outcome, Some(500))]).await;
    }
}

#[tokio::test]
async fn only_the_first_row_of_an_ordering_key_is_claimed() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        for of_endpoint in [true, false] {
            let endpoint = test_db.endpoint(creditor, "https://one.example").await;
            let rows = test_db.enqueue(creditor, endpoint, 3, 100).await;
            let key = if of_endpoint {
                endpoint.0
            } else {
                Uuid::now_v7()
            };
            set_order_key(&test_db, &rows, key).await;

            assert!(
                claim_now(&test_db.db, 1, &[(endpoint, 8)], NOW_MS)
                    .await
                    .is_empty(),
                "the unordered claim skips rows with an ordering key"
            );
            let first = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
            assert_eq!(ids(&first), [rows[0]]);
            assert!(first.claimed[0].in_order && first.has_ordering_keys);
            let none = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
            assert!(
                none.claimed.is_empty() && none.has_ordering_keys,
                "a leased row blocks its key"
            );
            complete_all(
                &test_db,
                &first,
                CompletionOutcome::Failed { due_ms: 5_000 },
            )
            .await;
            assert!(
                claim_ordered(&test_db, endpoint, 8, NOW_MS)
                    .await
                    .claimed
                    .is_empty(),
                "a failed row blocks its key"
            );
            let again = claim_ordered(&test_db, endpoint, 8, 5_000).await;
            assert_eq!(ids(&again), [rows[0]]);
            complete_all(&test_db, &again, CompletionOutcome::Exhausted).await;
            let next = claim_ordered(&test_db, endpoint, 8, 5_000).await;
            assert_eq!(
                ids(&next),
                [rows[1]],
                "an exhausted row does not block its key"
            );
            complete_all(&test_db, &next, CompletionOutcome::Delivered).await;
            let last = claim_ordered(&test_db, endpoint, 8, 5_000).await;
            assert_eq!(ids(&last), [rows[2]]);
            complete_all(&test_db, &last, CompletionOutcome::Delivered).await;
            assert!(
                !claim_ordered(&test_db, endpoint, 8, 5_000)
                    .await
                    .has_ordering_keys
            );
        }
    }
}

#[tokio::test]
async fn ordering_keys_do_not_block_each_other() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let (one, two, three) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let rows = test_db.enqueue(creditor, endpoint, 6, 100).await;
        for (pair, key) in rows.chunks(2).zip([one, two, three]) {
            set_order_key(&test_db, pair, key).await;
        }
        let some = claim_ordered(&test_db, endpoint, 2, NOW_MS).await;
        assert_eq!(
            ids(&some),
            [rows[0], rows[2]],
            "as many rows as the credit permits"
        );
        assert!(some.more);
        let rest = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
        assert_eq!(ids(&rest), [rows[4]]);
        complete_all(&test_db, &some, CompletionOutcome::Delivered).await;
        assert_eq!(
            ids(&claim_ordered(&test_db, endpoint, 8, NOW_MS).await),
            [rows[1], rows[3]]
        );
    }
}

#[tokio::test]
async fn rows_behind_a_leased_row_hide_no_other_ordering_key() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let rows = test_db.enqueue(creditor, endpoint, 400, 100).await;
        set_order_key(&test_db, &rows, Uuid::now_v7()).await;
        let other = test_db.enqueue(creditor, endpoint, 1, 200).await;
        set_order_key(&test_db, &other, Uuid::now_v7()).await;
        let first = claim_ordered(&test_db, endpoint, 1, NOW_MS).await;
        assert_eq!(ids(&first), [rows[0]]);

        let found = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
        assert_eq!(ids(&found), other);
        assert!(!found.more, "nothing is left to claim");
        let none = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
        assert!(none.claimed.is_empty() && !none.more && none.has_ordering_keys);
        complete_all(&test_db, &first, CompletionOutcome::Delivered).await;
        let next = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
        assert_eq!(ids(&next), [rows[1]]);
    }
}

#[tokio::test]
async fn rows_behind_a_failed_row_are_postponed_with_it() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let rows = test_db.enqueue(creditor, endpoint, 400, 100).await;
        set_order_key(&test_db, &rows, Uuid::now_v7()).await;
        let other = test_db.enqueue(creditor, endpoint, 1, 200).await;
        set_order_key(&test_db, &other, Uuid::now_v7()).await;
        let first = claim_ordered(&test_db, endpoint, 1, NOW_MS).await;
        complete_all(
            &test_db,
            &first,
            CompletionOutcome::Failed { due_ms: 5_000 },
        )
        .await;

        // The first claim finds only blocked rows and postpones them.
        let blocked = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
        assert!(blocked.claimed.is_empty() && blocked.more);
        assert_eq!(
            ids(&claim_ordered(&test_db, endpoint, 8, NOW_MS).await),
            other
        );
        assert_eq!(test_db.hot(rows[399]).await.unwrap().due_ms, 5_000);
        assert_eq!(
            ids(&claim_ordered(&test_db, endpoint, 8, 5_000).await),
            [rows[0]]
        );
    }
}

#[tokio::test]
async fn waiting_reports_an_ordering_key_by_its_first_row() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let rows = test_db.enqueue(creditor, endpoint, 3, 100).await;
        set_order_key(&test_db, &rows, endpoint.0).await;
        let seen = due_endpoints(test_db.db.reader()).await.unwrap();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].in_order && seen[0].due_ms == 100);
        let first = claim_ordered(&test_db, endpoint, 8, NOW_MS).await;
        assert!(
            due_endpoints(test_db.db.reader()).await.unwrap().is_empty(),
            "the leased row blocks its key"
        );
        complete_all(
            &test_db,
            &first,
            CompletionOutcome::Failed { due_ms: 5_000 },
        )
        .await;
        assert_eq!(
            due_endpoints(test_db.db.reader()).await.unwrap()[0].due_ms,
            5_000
        );
        test_db.set_state(endpoint, "paused").await;
        assert!(due_endpoints(test_db.db.reader()).await.unwrap().is_empty());
    }
}
