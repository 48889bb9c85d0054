//! The statements of the queue, on both backends.

use entities::Database;
use entities::delivery::DeliveryState;
use entities::ids::EndpointId;
use entities::queries::delivery::{
    Attempt, ClaimedDelivery, Completion, Ending, Fence, Want, cancel_disabled, claim, complete,
    disable, held_by, release, requeue, waiting,
};
use sea_orm::ConnectionTrait as _;
use uuid::Uuid;

use super::bench::{Bench, benches, postgres};
use entities::queries::delivery::attempts;

async fn claim_now(
    db: &Database,
    owner: i64,
    wants: &[(EndpointId, u32)],
    now_ms: i64,
) -> Vec<ClaimedDelivery> {
    let wants: Vec<_> = wants
        .iter()
        .map(|(endpoint, credit)| Want {
            endpoint: *endpoint,
            credit: *credit,
            floor_ms: 0,
        })
        .collect();
    let transaction = db.begin().await.unwrap();
    let claimed = claim(&transaction, owner, &wants, now_ms).await.unwrap();
    transaction.commit().await.unwrap();
    claimed
}

async fn complete_now(db: &Database, completions: &[Completion]) -> usize {
    let transaction = db.begin().await.unwrap();
    let done = complete(&transaction, completions).await.unwrap();
    transaction.commit().await.unwrap();
    done.len()
}

fn tried(fence: Fence, ending: Ending, status: Option<u16>) -> Completion {
    let attempt = Attempt {
        id: Uuid::now_v7(),
        at_ms: 500,
        latency_ms: 12,
        response_status: status,
        error: status.is_none().then(|| "it's \"broken\" \\ ü".to_owned()),
        response_excerpt: Some("O'K \"quoted\"".to_owned()),
    };
    Completion {
        fence,
        ending,
        attempt: Some(attempt),
    }
}

#[tokio::test]
async fn a_claim_takes_each_endpoints_credit_oldest_first() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let one = bench.endpoint(creditor, "https://one.example").await;
        let two = bench.endpoint(creditor, "https://two.example").await;
        let late = bench.enqueue(creditor, one, 2, 200).await;
        let early = bench.enqueue(creditor, one, 2, 100).await;
        let other = bench.enqueue(creditor, two, 1, 50).await;
        bench.enqueue(creditor, two, 1, 1_001).await;

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
        assert_eq!(again.len(), 1, "what is leased, or not due, is not taken");
        assert_eq!(
            again[0].fence,
            Fence {
                delivery: late[1],
                claim_no: 1,
                owner: 8
            }
        );
        assert_eq!(held_by(db.reader(), 7, 100).await.unwrap().len(), 4);
    }
}

#[tokio::test]
async fn a_claim_keeps_to_its_floor_and_to_enabled_endpoints() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        bench.enqueue(creditor, endpoint, 1, 100).await;
        let transaction = db.begin().await.unwrap();
        let wants = [Want {
            endpoint,
            credit: 8,
            floor_ms: 101,
        }];
        assert!(
            claim(&transaction, 1, &wants, 1_000)
                .await
                .unwrap()
                .is_empty()
        );
        transaction.rollback().await.unwrap();
        for state in ["paused", "disabled"] {
            bench.set_state(endpoint, state).await;
            assert!(claim_now(db, 1, &[(endpoint, 8)], 1_000).await.is_empty());
            assert!(waiting(db.reader()).await.unwrap().is_empty());
        }
        bench.set_state(endpoint, "enabled").await;
        assert_eq!(claim_now(db, 1, &[(endpoint, 8)], 1_000).await.len(), 1);
    }
}

#[tokio::test]
async fn a_row_waits_for_earlier_ones_of_its_order_key() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        let ids = bench.enqueue(creditor, endpoint, 3, 100).await;
        let key = bench.literal(Uuid::now_v7());
        let sql = format!("UPDATE delivery SET order_key = {key}");
        db.writer().execute_unprepared(&sql).await.unwrap();

        let head = claim_now(db, 1, &[(endpoint, 8)], 1_000).await;
        assert_eq!(
            head.iter()
                .map(|row| row.fence.delivery)
                .collect::<Vec<_>>(),
            [ids[0]]
        );
        assert!(
            claim_now(db, 1, &[(endpoint, 8)], 1_000).await.is_empty(),
            "leased ones count"
        );
        complete_now(
            db,
            &[tried(
                head[0].fence,
                Ending::Failed { due_ms: 5_000 },
                Some(500),
            )],
        )
        .await;
        assert!(
            claim_now(db, 1, &[(endpoint, 8)], 1_000).await.is_empty(),
            "failed ones too"
        );
        let head = claim_now(db, 1, &[(endpoint, 8)], 5_000).await;
        complete_now(db, &[tried(head[0].fence, Ending::Exhausted, Some(500))]).await;
        assert_eq!(
            claim_now(db, 1, &[(endpoint, 8)], 5_000).await[0]
                .fence
                .delivery,
            ids[1]
        );
    }
}

#[tokio::test]
async fn each_ending_does_what_it_says() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        let ids = bench.enqueue(creditor, endpoint, 5, 100).await;
        let claimed = claim_now(db, 1, &[(endpoint, 8)], 1_000).await;
        let done = complete_now(
            db,
            &[
                tried(claimed[0].fence, Ending::Delivered, Some(204)),
                tried(
                    claimed[1].fence,
                    Ending::Failed { due_ms: 9_000 },
                    Some(503),
                ),
                tried(claimed[2].fence, Ending::Exhausted, None),
                tried(claimed[3].fence, Ending::Cancelled, Some(410)),
                Completion {
                    fence: claimed[4].fence,
                    ending: Ending::Released,
                    attempt: None,
                },
            ],
        )
        .await;
        assert_eq!(done, 5);
        assert!(bench.hot(ids[0]).await.is_none());
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
            bench.hot(ids[1]).await,
            bench.hot(ids[2]).await,
            bench.hot(ids[3]).await,
            bench.hot(ids[4]).await,
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
async fn a_stale_fence_writes_nothing() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        let ids = bench.enqueue(creditor, endpoint, 1, 100).await;
        let old = claim_now(db, 1, &[(endpoint, 8)], 1_000).await[0].fence;
        assert_eq!(release(db, &[old]).await.unwrap(), 1);
        let new = claim_now(db, 2, &[(endpoint, 8)], 1_000).await[0].fence;
        assert_eq!((new.claim_no, new.owner), (2, 2));
        for stale in [old, Fence { owner: 1, ..new }, Fence { claim_no: 1, ..new }] {
            assert_eq!(
                complete_now(db, &[tried(stale, Ending::Delivered, Some(200))]).await,
                0
            );
            assert_eq!(
                complete_now(db, &[tried(stale, Ending::Exhausted, Some(500))]).await,
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
        let row = bench.hot(ids[0]).await.unwrap();
        assert_eq!((row.state, row.owner), (DeliveryState::Pending, Some(2)));
        let done = [tried(new, Ending::Delivered, Some(200))];
        assert_eq!(complete_now(db, &done).await, 1);
        assert_eq!(
            complete_now(db, &done).await,
            0,
            "written twice, it counts once"
        );
        assert_eq!(
            attempts(db.reader(), creditor, ids[0]).await.unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn waiting_names_each_endpoint_once_with_its_first_due_row() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        assert!(waiting(db.reader()).await.unwrap().is_empty());
        let mut endpoints = Vec::new();
        for n in 0..3_i64 {
            let endpoint = bench.endpoint(creditor, "https://one.example").await;
            bench.enqueue(creditor, endpoint, 2, 300 + n).await;
            bench.enqueue(creditor, endpoint, 1, 200 + n).await;
            endpoints.push((endpoint, 200 + n));
        }
        let mut seen: Vec<_> = waiting(db.reader())
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.endpoint, row.due_ms))
            .collect();
        seen.sort();
        assert_eq!(seen, endpoints);
        claim_now(db, 1, &[(endpoints[1].0, 8)], 1_000).await;
        assert_eq!(waiting(db.reader()).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn redelivery_takes_every_kind_of_row_and_only_ones_own() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        let ids = bench.enqueue(creditor, endpoint, 3, 100).await;
        let claimed = claim_now(db, 1, &[(endpoint, 8)], 1_000).await;
        complete_now(
            db,
            &[
                tried(claimed[0].fence, Ending::Delivered, Some(200)),
                tried(
                    claimed[1].fence,
                    Ending::Failed { due_ms: 99_000 },
                    Some(500),
                ),
                tried(claimed[2].fence, Ending::Exhausted, Some(500)),
            ],
        )
        .await;
        let stranger = bench.creditor().await;
        let transaction = db.begin().await.unwrap();
        for id in &ids {
            assert_eq!(
                requeue(&transaction, stranger, *id, 2_000).await.unwrap(),
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
            "no fence of its first life can match"
        );
    }
}

#[tokio::test]
async fn rows_of_a_disabled_endpoint_are_cancelled_in_batches() {
    for bench in benches().await {
        let (creditor, db) = (bench.creditor().await, &bench.db);
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        bench.enqueue(creditor, endpoint, 3, 100).await;
        assert_eq!(cancel_disabled(db.writer(), 10).await.unwrap(), 0);
        let transaction = db.begin().await.unwrap();
        assert!(
            disable(&transaction, creditor, endpoint, "410", 5)
                .await
                .unwrap()
        );
        assert!(
            !disable(&transaction, creditor, endpoint, "410", 6)
                .await
                .unwrap()
        );
        transaction.commit().await.unwrap();
        assert_eq!(cancel_disabled(db.writer(), 2).await.unwrap(), 2);
        assert_eq!(cancel_disabled(db.writer(), 2).await.unwrap(), 1);
        assert!(
            bench
                .queue()
                .await
                .iter()
                .all(|row| row.state == DeliveryState::Cancelled)
        );
    }
}

#[tokio::test]
async fn two_claims_at_once_share_the_rows() {
    let Some(bench) = postgres().await else {
        return;
    };
    let (creditor, db): (_, &Database) = (bench.creditor().await, &bench.db);
    let endpoint = bench.endpoint(creditor, "https://one.example").await;
    bench.enqueue(creditor, endpoint, 6, 100).await;
    let wants = [Want {
        endpoint,
        credit: 4,
        floor_ms: 0,
    }];
    let (first, second) = (db.begin().await.unwrap(), db.begin().await.unwrap());
    let one = claim(&first, 1, &wants, 1_000).await.unwrap();
    let two = claim(&second, 2, &wants, 1_000).await.unwrap();
    assert_eq!(
        (one.len(), two.len()),
        (4, 2),
        "the second skips what the first has locked"
    );
    first.commit().await.unwrap();
    second.commit().await.unwrap();
    let held: usize = held(&bench, 1).await + held(&bench, 2).await;
    assert_eq!(held, 6);
}

async fn held(bench: &Bench, owner: i64) -> usize {
    held_by(bench.db.reader(), owner, 100).await.unwrap().len()
}
