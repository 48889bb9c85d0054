//! The database goes away in the middle of the work: every caller gets the truth.

use std::collections::HashMap;

use crate::harness::account::invoice;
use crate::harness::{Account, Http, TestDatabase, TestServer, eventually, postgres};

/// The server dies and recovers from its log, twice, while commits are under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_gets_the_truth_when_the_database_crashes_mid_batch() {
    let Some(dedicated) = postgres::dedicated().await else {
        return;
    };
    let database = TestDatabase::on(&dedicated);
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let mut told = HashMap::new();
    for round in 0..2 {
        let posts = posts(&key, round);
        dedicated.crash().await;
        for post in posts {
            let (number, code) = post.await.unwrap();
            told.insert(number, code);
        }
        eventually("a request works again", || async {
            let number = format!("INV-AFTER-{}", uuid::Uuid::now_v7().simple());
            (key.post("/v1/placements", invoice(&number)).await.status == 201).then_some(())
        })
        .await;
    }
    assert!(
        told.values().any(|code| code != "created"),
        "the crash came in between: {told:?}"
    );
    check(&database, &told).await;
    server.stop().await;
    dedicated.end().await;
}

/// Many at once; each answers with its number and what it was told.
fn posts(key: &Http, round: usize) -> Vec<tokio::task::JoinHandle<(String, String)>> {
    (0..200)
        .map(|n| {
            let (key, number) = (key.clone(), format!("INV-{round}-{n}"));
            tokio::spawn(async move {
                let answer = key.post("/v1/placements", invoice(&number)).await;
                let code = match answer.status {
                    201 => "created".to_owned(),
                    503 => answer.code().to_owned(),
                    status => panic!("{status} is not the truth: {}", answer.body),
                };
                (number, code)
            })
        })
        .collect()
}

/// Whoever was told yes has its row, whoever was told no has none, and whoever was told that
/// nobody knows was told the truth either way.
async fn check(database: &TestDatabase, told: &HashMap<String, String>) {
    let placed: Vec<String> = database
        .column("SELECT invoice_number FROM placement")
        .await;
    for (number, code) in told {
        let rows = placed.iter().filter(|placed| *placed == number).count();
        match (code.as_str(), rows) {
            ("created", 1) | ("outcome_unknown", 0 | 1) | ("overloaded", 0) => {}
            (code, rows) => panic!("{number} was told {code}, and there are {rows}"),
        }
    }
}

/// Every connection of the server is cut, again and again, while it commits: what a restart of the
/// database looks like from the other end of the wire.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_caller_gets_the_truth_when_connections_are_cut_mid_batch() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let server = TestServer::start(&database).await;
    let (_, key) = Account::ready(&server.http).await;
    let mut told = HashMap::new();
    for round in 0..5 {
        let posts = posts(&key, round);
        for _ in 0..5 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            let _ = database.execute(cut).await;
        }
        for post in posts {
            let (number, code) = post.await.unwrap();
            told.insert(number, code);
        }
    }
    check(&database, &told).await;
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
