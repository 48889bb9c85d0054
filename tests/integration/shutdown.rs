//! Graceful shutdown: accepted requests are finished, and the exit code is 0.

use crate::harness::account::invoice;
use crate::harness::{Account, Process, TestDatabase, on_both_backends};

on_both_backends!(sigterm_finishes_accepted_requests_and_exits_with_zero,);

async fn sigterm_finishes_accepted_requests_and_exits_with_zero(database: TestDatabase) {
    let process = Process::start(&database).await;
    let (_, key) = Account::ready(&process.http).await;
    let placing: Vec<_> = (0..50)
        .map(|n| {
            let key = key.clone();
            tokio::spawn(async move {
                key.try_post_keyed(
                    "/v1/placements",
                    invoice(&format!("INV-{n}")),
                    &format!("k-{n}"),
                )
                .await
            })
        })
        .collect();
    let code = tokio::task::spawn_blocking(move || process.terminate())
        .await
        .unwrap();
    assert_eq!(code, Some(0));
    let mut accepted = 0;
    for placed in placing {
        match placed.await.unwrap() {
            Some(answer) if answer.status == 201 => accepted += 1,
            Some(answer) => assert_eq!(answer.code(), "shutting_down"),
            None => {}
        }
    }
    assert_eq!(
        database.number("SELECT count(*) FROM placement").await,
        accepted
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM delivery WHERE owner IS NOT NULL")
            .await,
        0
    );
}
