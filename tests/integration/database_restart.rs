//! The database goes away in the middle of the work: every caller gets the truth.

use crate::harness::account::invoice;
use crate::harness::{Account, TestDatabase, TestServer, eventually};

/// Every connection of the server is cut, again and again, while it commits: what a restart of the
/// database looks like from the other end of the wire.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_gets_the_truth_when_connections_are_cut_mid_batch() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let (mut told_yes, mut told_no) = (Vec::new(), Vec::new());
    for round in 0..10 {
        let posts: Vec<_> = (0..40)
            .map(|n| {
                let (key, number) = (key.clone(), format!("INV-{round}-{n}"));
                tokio::spawn(
                    async move { (key.post("/v1/placements", invoice(&number)).await, number) },
                )
            })
            .collect();
        for _ in 0..5 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            let _ = database.execute(cut).await;
        }
        for post in posts {
            let (answer, number) = post.await.unwrap();
            match answer.status {
                201 => told_yes.push(number),
                503 => told_no.push((number, answer.code().to_owned())),
                401 | 500 => panic!("not the truth: {}", answer.body),
                _ => panic!("{}", answer.body),
            }
        }
    }
    for number in &told_yes {
        let rows = database
            .number(&format!(
                "SELECT count(*) FROM placement WHERE invoice_number = '{number}'"
            ))
            .await;
        assert_eq!(rows, 1, "{number} was told that it is placed");
    }
    for (number, code) in &told_no {
        let rows = database
            .number(&format!(
                "SELECT count(*) FROM placement WHERE invoice_number = '{number}'"
            ))
            .await;
        // Whoever was told that the outcome is unknown was told the truth either way.
        assert!(
            rows == 0 || code == "outcome_unknown",
            "{number} was told that nothing happened ({code})"
        );
    }
    // The house heals: requests work again without a restart.
    eventually("a request works again", || async {
        let answer = key
            .post(
                "/v1/placements",
                invoice(&format!("INV-AFTER-{}", uuid::Uuid::now_v7().simple())),
            )
            .await;
        (answer.status == 201).then_some(())
    })
    .await;
    server.stop().await;
}
