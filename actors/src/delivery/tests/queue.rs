//! Claiming deliveries, on both backends.

use entities::Database;
use entities::ids::{AttemptId, EndpointId};
use entities::queries::delivery::{
    Attempt, ClaimRequest, ClaimedDelivery, Completion, CompletionOutcome, Completions, Fence,
    claim, due_endpoints, leased_by,
};
use uuid::Uuid;

use crate::test_support::database::{TestDatabase, postgres, test_databases};

pub(super) async fn claim_now(
    db: &Database,
    owner: i64,
    wants: &[(EndpointId, u32)],
    now_ms: i64,
) -> Vec<ClaimedDelivery> {
    let wants: Vec<_> = wants
        .iter()
        .map(|(endpoint, max_rows)| ClaimRequest {
            endpoint: *endpoint,
            max_rows: *max_rows,
            scan_floor_ms: 0,
        })
        .collect();
    let transaction = db.begin().await.unwrap();
    let claimed = claim(&transaction, owner, &wants, now_ms).await.unwrap();
    transaction.commit().await.unwrap();
    claimed
}

pub(super) async fn complete_now(db: &Database, completions: &[Completion]) -> usize {
    let transaction = db.begin().await.unwrap();
    let completions = Completions::of(db, completions);
    let done = completions.write(&transaction).await.unwrap();
    transaction.commit().await.unwrap();
    done.len()
}

pub(super) fn tried(fence: Fence, outcome: CompletionOutcome, status: Option<u16>) -> Completion {
    let attempt = Attempt {
        id: AttemptId(Uuid::now_v7()),
        at_ms: 500,
        latency_ms: 12,
        response_status: status,
        error: status.is_none().then(|| "it's \"broken\" \\ ü".to_owned()),
        response_excerpt: Some("O'K \"quoted\"".to_owned()),
    };
    Completion {
        fence,
        outcome,
        attempt: Some(attempt),
    }
}

#[tokio::test]
async fn claim_takes_up_to_the_credit_per_endpoint_oldest_first() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        let one = test_db.endpoint(creditor, "https://one.example").await;
        let two = test_db.endpoint(creditor, "https://two.example").await;
        let late = test_db.enqueue(creditor, one, 2, 200).await;
        let early = test_db.enqueue(creditor, one, 2, 100).await;
        let other = test_db.enqueue(creditor, two, 1, 50).await;
        test_db.enqueue(creditor, two, 1, 1_001).await;

        let claimed = claim_now(db, 7, &[(one, 3), (two, 8)], 1_000).await;
        let ids: Vec<_> = claimed.iter().map(|row| row.fence.delivery).collect();
        assert_eq!(ids, [other[0], early[0], early[1], late[0]]);
        let first = &claimed[0];
        assert_eq!(
            (first.fence.claim_no, first.fence.owner, first.attempt),
            (1, 7, 0)
        );
        assert_eq!(
            (first.creditor, first.endpoint, first.due_ms),
            (creditor, two, 50)
        );
        assert_eq!(first.payload, r#"{"sequence":5}"#);
        assert_eq!(first.event_type, "placement.created");

        let again = claim_now(db, 8, &[(one, 3), (two, 8)], 1_000).await;
        assert_eq!(
            again.len(),
            1,
            "leased rows and rows that are not due are not taken"
        );
        assert_eq!(
            again[0].fence,
            Fence {
                delivery: late[1],
                claim_no: 1,
                owner: 8
            }
        );
        assert_eq!(leased_by(db.reader(), 7, 100).await.unwrap().len(), 4);
    }
}

#[tokio::test]
async fn claim_respects_scan_floor_and_skips_paused_or_disabled_endpoints() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        test_db.enqueue(creditor, endpoint, 1, 100).await;
        let transaction = db.begin().await.unwrap();
        let wants = [ClaimRequest {
            endpoint,
            max_rows: 8,
            scan_floor_ms: 101,
        }];
        assert!(
            claim(&transaction, 1, &wants, 1_000)
                .await
                .unwrap()
                .is_empty()
        );
        transaction.rollback().await.unwrap();
        for state in ["paused", "disabled"] {
            test_db.set_state(endpoint, state).await;
            assert!(claim_now(db, 1, &[(endpoint, 8)], 1_000).await.is_empty());
            assert!(due_endpoints(db.reader()).await.unwrap().is_empty());
        }
        test_db.set_state(endpoint, "enabled").await;
        assert_eq!(claim_now(db, 1, &[(endpoint, 8)], 1_000).await.len(), 1);
    }
}

#[tokio::test]
async fn waiting_lists_each_endpoint_once_with_first_due_row() {
    for test_db in test_databases().await {
        let (creditor, db) = (test_db.creditor().await, &test_db.db);
        assert!(due_endpoints(db.reader()).await.unwrap().is_empty());
        let mut endpoints = Vec::new();
        for n in 0..3_i64 {
            let endpoint = test_db.endpoint(creditor, "https://one.example").await;
            test_db.enqueue(creditor, endpoint, 2, 300 + n).await;
            test_db.enqueue(creditor, endpoint, 1, 200 + n).await;
            endpoints.push((endpoint, 200 + n));
        }
        let mut seen: Vec<_> = due_endpoints(db.reader())
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.endpoint, row.due_ms))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, endpoints);
        claim_now(db, 1, &[(endpoints[1].0, 8)], 1_000).await;
        assert_eq!(due_endpoints(db.reader()).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn concurrent_claims_take_different_rows() {
    let Some(test_db) = postgres().await else {
        return;
    };
    let (creditor, db): (_, &Database) = (test_db.creditor().await, &test_db.db);
    let endpoint = test_db.endpoint(creditor, "https://one.example").await;
    test_db.enqueue(creditor, endpoint, 6, 100).await;
    let wants = [ClaimRequest {
        endpoint,
        max_rows: 4,
        scan_floor_ms: 0,
    }];
    let (first, second) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let one = claim(&first, 1, &wants, 1_000).await.unwrap();
    let two = claim(&second, 2, &wants, 1_000).await.unwrap();
    assert_eq!(
        (one.len(), two.len()),
        (4, 2),
        "the second claim skips rows that the first has locked"
    );
    first.commit().await.unwrap();
    second.commit().await.unwrap();
    let held: usize = held(&test_db, 1).await + held(&test_db, 2).await;
    assert_eq!(held, 6);
}

async fn held(test_db: &TestDatabase, owner: i64) -> usize {
    leased_by(test_db.db.reader(), owner, 100)
        .await
        .unwrap()
        .len()
}
