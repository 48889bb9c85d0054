//! Retention: what is deleted when, on both backends.

use entities::ids::PlacementId;
use entities::queries::delivery::{CompletionOutcome, attempts};
use entities::queries::retention::{Retention, erase_placement, prune};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use uuid::Uuid;

use super::queue::{claim_now, complete_now, tried};
use crate::test_support::database::{TestDatabase, test_databases};

const DAY_MS: i64 = 24 * 3_600_000;
const KEEP: Retention = Retention {
    payloads_ms: 30 * DAY_MS,
    attempts_ms: 90 * DAY_MS,
};

fn now_ms() -> i64 {
    crate::infra::Clock::system().now_ms()
}

async fn payloads(test_db: &TestDatabase) -> Vec<String> {
    let rows = entities::message::Entity::find()
        .all(test_db.db.reader())
        .await
        .unwrap();
    rows.into_iter().map(|row| row.payload).collect()
}

#[tokio::test]
async fn payloads_are_pruned_before_attempts_and_leased_rows_are_kept() {
    for test_db in test_databases().await {
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, "https://one.example").await;
        let rows = test_db.enqueue(creditor, endpoint, 5, 100).await;
        let claimed = claim_now(&test_db.db, 1, &[(endpoint, 2)], 1_000).await;
        complete_now(
            &test_db.db,
            &[tried(
                claimed[0].fence,
                CompletionOutcome::Delivered,
                Some(200),
            )],
        )
        .await;
        let (delivered, leased) = (claimed[0].fence.delivery, claimed[1].fence.delivery);

        let early = prune(&test_db.db, KEEP, now_ms() + 29 * DAY_MS, 2).await;
        assert_eq!(early.rows, 0, "nothing is old yet");

        // One call prunes at most two rows of each kind.
        let month = now_ms() + 31 * DAY_MS;
        assert!(prune(&test_db.db, KEEP, month, 2).await.more);
        assert_eq!(
            payloads(&test_db)
                .await
                .iter()
                .filter(|text| text.is_empty())
                .count(),
            2
        );
        for _ in 0..3 {
            prune(&test_db.db, KEEP, month, 2).await;
        }
        assert!(!prune(&test_db.db, KEEP, month, 2).await.more);
        assert!(payloads(&test_db).await.iter().all(String::is_empty));
        let left: Vec<_> = test_db
            .queue()
            .await
            .into_iter()
            .map(|row| row.id)
            .collect();
        assert_eq!(left, [leased], "of {rows:?}");
        assert_eq!(
            attempts(test_db.db.reader(), creditor, delivered)
                .await
                .unwrap()
                .len(),
            1
        );

        let quarter = now_ms() + 91 * DAY_MS;
        prune(&test_db.db, KEEP, quarter, 2).await;
        assert!(
            attempts(test_db.db.reader(), creditor, delivered)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            payloads(&test_db).await.len(),
            5,
            "messages are kept longer than attempts"
        );
        for _ in 0..4 {
            prune(&test_db.db, KEEP, quarter + 7 * DAY_MS, 2).await;
        }
        assert!(payloads(&test_db).await.is_empty());
    }
}

#[tokio::test]
async fn erasing_a_placement_erases_only_its_payloads() {
    for test_db in test_databases().await {
        let (owner, other) = (test_db.creditor().await, test_db.creditor().await);
        let placement = Uuid::now_v7();
        for creditor in [owner, other] {
            let endpoint = test_db.endpoint(creditor, "https://one.example").await;
            test_db.enqueue(creditor, endpoint, 3, 100).await;
        }
        let payload = format!("{{\"data\":{{\"placement_id\":\"{placement}\",\"sequence\":2}}}}");
        let sql = format!("UPDATE message SET payload = '{payload}' WHERE sequence = 2");
        test_db.db.writer().execute_unprepared(&sql).await.unwrap();

        let none = erase_placement(test_db.db.writer(), owner, PlacementId(placement), 3..=9)
            .await
            .unwrap();
        assert_eq!((none.payloads, none.deliveries), (0, 0));
        let erased = erase_placement(test_db.db.writer(), owner, PlacementId(placement), 1..=9)
            .await
            .unwrap();
        assert_eq!((erased.payloads, erased.deliveries), (1, 1));
        assert_eq!(
            payloads(&test_db)
                .await
                .iter()
                .filter(|text| text.is_empty())
                .count(),
            1
        );
        assert_eq!(test_db.queue().await.len(), 5);
    }
}
