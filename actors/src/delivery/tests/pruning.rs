//! Retention: what is deleted when, on both backends.

use entities::ids::PlacementId;
use entities::queries::delivery::{CompletionOutcome, attempts};
use entities::queries::retention::{Retention, erase_placement, prune};
use sea_orm::{ConnectionTrait as _, EntityTrait as _};
use uuid::Uuid;

use super::queue::{claim_now, complete_now, tried};
use crate::test_support::bench::{Bench, benches};

const DAY_MS: i64 = 24 * 3_600_000;
const KEEP: Retention = Retention {
    payloads_ms: 30 * DAY_MS,
    attempts_ms: 90 * DAY_MS,
};

fn now_ms() -> i64 {
    crate::infra::Clock::system().now_ms()
}

async fn payloads(bench: &Bench) -> Vec<String> {
    let rows = entities::message::Entity::find()
        .all(bench.db.reader())
        .await
        .unwrap();
    rows.into_iter().map(|row| row.payload).collect()
}

#[tokio::test]
async fn payloads_are_pruned_before_attempts_and_leased_rows_are_kept() {
    for bench in benches().await {
        let creditor = bench.creditor().await;
        let endpoint = bench.endpoint(creditor, "https://one.example").await;
        let rows = bench.enqueue(creditor, endpoint, 5, 100).await;
        let claimed = claim_now(&bench.db, 1, &[(endpoint, 2)], 1_000).await;
        complete_now(
            &bench.db,
            &[tried(
                claimed[0].fence,
                CompletionOutcome::Delivered,
                Some(200),
            )],
        )
        .await;
        let (delivered, leased) = (claimed[0].fence.delivery, claimed[1].fence.delivery);

        let early = prune(&bench.db, KEEP, now_ms() + 29 * DAY_MS, 2)
            .await
            .unwrap();
        assert_eq!(early.rows, 0, "nothing is old yet");

        // One call prunes at most two rows of each kind.
        let month = now_ms() + 31 * DAY_MS;
        assert!(prune(&bench.db, KEEP, month, 2).await.unwrap().more);
        assert_eq!(
            payloads(&bench)
                .await
                .iter()
                .filter(|text| text.is_empty())
                .count(),
            2
        );
        for _ in 0..3 {
            prune(&bench.db, KEEP, month, 2).await.unwrap();
        }
        assert!(!prune(&bench.db, KEEP, month, 2).await.unwrap().more);
        assert!(payloads(&bench).await.iter().all(String::is_empty));
        let left: Vec<_> = bench.queue().await.into_iter().map(|row| row.id).collect();
        assert_eq!(left, [leased], "of {rows:?}");
        assert_eq!(
            attempts(bench.db.reader(), creditor, delivered)
                .await
                .unwrap()
                .len(),
            1
        );

        let quarter = now_ms() + 91 * DAY_MS;
        prune(&bench.db, KEEP, quarter, 2).await.unwrap();
        assert!(
            attempts(bench.db.reader(), creditor, delivered)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            payloads(&bench).await.len(),
            5,
            "messages are kept longer than attempts"
        );
        for _ in 0..4 {
            prune(&bench.db, KEEP, quarter + 7 * DAY_MS, 2)
                .await
                .unwrap();
        }
        assert!(payloads(&bench).await.is_empty());
    }
}

#[tokio::test]
async fn erasing_a_placement_erases_only_its_payloads() {
    for bench in benches().await {
        let (owner, other) = (bench.creditor().await, bench.creditor().await);
        let placement = Uuid::now_v7();
        for creditor in [owner, other] {
            let endpoint = bench.endpoint(creditor, "https://one.example").await;
            bench.enqueue(creditor, endpoint, 3, 100).await;
        }
        let payload = format!("{{\"data\":{{\"placement_id\":\"{placement}\",\"sequence\":2}}}}");
        let sql = format!("UPDATE message SET payload = '{payload}' WHERE sequence = 2");
        bench.db.writer().execute_unprepared(&sql).await.unwrap();

        let none = erase_placement(&bench.db, owner, PlacementId(placement), 3..=9)
            .await
            .unwrap();
        assert_eq!((none.payloads, none.deliveries), (0, 0));
        let erased = erase_placement(&bench.db, owner, PlacementId(placement), 1..=9)
            .await
            .unwrap();
        assert_eq!((erased.payloads, erased.deliveries), (1, 1));
        assert_eq!(
            payloads(&bench)
                .await
                .iter()
                .filter(|text| text.is_empty())
                .count(),
            1
        );
        assert_eq!(bench.queue().await.len(), 5);
    }
}
