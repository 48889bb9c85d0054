//! The database fails while requests run: every response must match what was stored.

use std::collections::HashMap;

use crate::harness::account::invoice;
use crate::harness::{Account, Http, TestDatabase, TestServer, eventually, postgres};

/// The database server crashes twice during commits and recovers from its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_match_stored_rows_after_database_crash() {
    let Some(dedicated) = postgres::dedicated().await else {
        return;
    };
    let database = dedicated.database();
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let mut outcomes = HashMap::new();
    for round in 0..2 {
        let posts = posts(&key, round);
        dedicated.crash().await;
        for post in posts {
            let (number, code) = post.await.unwrap();
            outcomes.insert(number, code);
        }
        eventually("a request works again", || async {
            let number = format!("INV-AFTER-{}", uuid::Uuid::now_v7().simple());
            (key.post("/v1/placements", invoice(&number)).await.status == 201).then_some(())
        })
        .await;
    }
    assert!(
        outcomes.values().any(|code| code != "created"),
        "the crash hit some requests: {outcomes:?}"
    );
    check(&database, &outcomes).await;
    server.stop().await;
    dedicated.end().await;
}

/// Sends 200 concurrent placements. Each task returns its invoice number and `created` or an error code.
fn posts(key: &Http, round: usize) -> Vec<tokio::task::JoinHandle<(String, String)>> {
    (0..200)
        .map(|n| {
            let (key, number) = (key.clone(), format!("INV-{round}-{n}"));
            tokio::spawn(async move {
                let answer = key.post("/v1/placements", invoice(&number)).await;
                let code = match answer.status {
                    201 => "created".to_owned(),
                    503 => answer.code().to_owned(),
                    status => panic!("unexpected status {status}: {}", answer.body),
                };
                (number, code)
            })
        })
        .collect()
}

/// Compares the responses with the stored rows.
///
/// `created` requires one row and `overloaded` requires none. `outcome_unknown` allows both.
async fn check(database: &TestDatabase, outcomes: &HashMap<String, String>) {
    let placed: Vec<String> = database
        .column("SELECT invoice_number FROM placement")
        .await;
    for (number, code) in outcomes {
        let rows = placed.iter().filter(|placed| *placed == number).count();
        match (code.as_str(), rows) {
            ("created", 1) | ("outcome_unknown", 0 | 1) | ("overloaded", 0) => {}
            (code, rows) => panic!("{number} got {code}, but has {rows} rows"),
        }
    }
}

/// All connections of the service are terminated repeatedly during commits. To the service, this
/// looks like a restart of the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_match_stored_rows_after_connection_loss() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let mut outcomes = HashMap::new();
    for round in 0..5 {
        let posts = posts(&key, round);
        for _ in 0..5 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            let _ = database.execute(cut).await;
        }
        for post in posts {
            let (number, code) = post.await.unwrap();
            outcomes.insert(number, code);
        }
    }
    check(&database, &outcomes).await;
    // The service recovers without a restart.
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
