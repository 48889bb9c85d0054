//! Races between two processes on one Postgres database. SQLite allows only one process.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::harness::account::place;
use crate::harness::change_feed::FeedReader;
use crate::harness::{Account, Process, postgres};

const ROUNDS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn last_event_issues_one_key_across_two_processes() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (one, two) = (
        Process::start(&database).await,
        Process::start(&database).await,
    );
    for round in 0..ROUNDS {
        let account = Account::sign_up(&one.http).await;
        account.link_stripe().await;
        // The events of three providers go to both processes, in a different order each round.
        let facts = (0..6).map(|n| {
            let http = if (n + round) % 2 == 0 {
                &one.http
            } else {
                &two.http
            };
            account.send_fact(http, (n * 5 + round) % 6)
        });
        let statuses = futures::future::join_all(facts).await;
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
        let id = database.uuid(&account.id);
        let status = account
            .applicant
            .get("/v1/creditors/me/status")
            .await
            .expect(200);
        assert_eq!(
            status["api_key"]["issued"],
            json!(true),
            "round {round}: a key is issued; {id}"
        );
    }
    let rounds = i64::try_from(ROUNDS).unwrap();
    assert_eq!(
        database.number("SELECT count(*) FROM api_key").await,
        rounds,
        "one key per creditor"
    );
    assert_eq!(
        database
            .number("SELECT count(DISTINCT creditor_id) FROM api_key")
            .await,
        rounds
    );
    assert_eq!(
        database
            .number("SELECT count(*) FROM audit_event WHERE action = 'creditor.api_key_issued'")
            .await,
        rounds
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_recall_and_payment_settle_and_feed_is_complete() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let (one, two) = (
        Process::start(&database).await,
        Process::start(&database).await,
    );
    let (account, key) = Account::ready(&one.http).await;
    let (at_one, at_two) = (key.at(&one.base), key.at(&two.base));
    let mut reader = FeedReader::new(&at_two);
    let mut outcome = std::collections::HashMap::new();
    for round in 0..ROUNDS {
        let id = place(&at_one, &format!("INV-{round}")).await;
        let (recaller, payer) = if round % 2 == 0 {
            (&at_one, &at_two)
        } else {
            (&at_two, &at_one)
        };
        let (recall_path, pay_path) = (
            format!("/v1/placements/{id}/recall"),
            format!("/v1/placements/{id}/payment-received"),
        );
        let pay_key = format!("pay-{round}");
        let (recalled, paid) = tokio::join!(
            recaller.post_keyed(&recall_path, Value::Null, &id),
            payer.post_keyed(&pay_path, json!({"amount": "7500.00"}), &pay_key),
        );
        // A payment after a recall is recorded, but the placement stays recalled.
        match (recalled.status, paid.status) {
            (200, 201) => {
                assert_eq!(paid.body["status"], json!("recalled"));
                assert!(
                    paid.body["note"]
                        .as_str()
                        .unwrap()
                        .contains("stays recalled"),
                    "the response names the reason: {}",
                    paid.body
                );
            }
            (409, 201) => {
                assert_eq!(recalled.code(), "invalid_transition");
                assert!(
                    recalled.body["detail"].as_str().unwrap().contains("paid"),
                    "the response names the reason: {}",
                    recalled.body
                );
            }
            other => panic!("{other:?}: {} {}", recalled.body, paid.body),
        }
        let expected = if recalled.status == 200 {
            "recalled"
        } else {
            "paid"
        };
        outcome.insert(id, expected.to_owned());
        reader.read_page().await;
    }
    while reader.seen != outcome {
        reader.read_page().await;
    }
    database.expect_true_placement_counts().await;
    let id = database.uuid(&account.id);
    let sequences: Vec<i64> = database
        .column(&format!(
            "SELECT sequence FROM message WHERE creditor_id = {id} ORDER BY sequence"
        ))
        .await;
    let expected: Vec<i64> = (1..=i64::try_from(sequences.len()).unwrap()).collect();
    assert_eq!(sequences, expected, "no gap and no duplicate");
    let winners: HashSet<&String> = outcome.values().collect();
    assert!(!winners.is_empty());
}
