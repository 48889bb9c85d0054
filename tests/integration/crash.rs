//! kill -9 between accept and delivery: every accepted event arrives after the restart.

use std::collections::HashSet;

use crate::harness::account::invoice;
use crate::harness::{Account, Process, Receiver, eventually, on_both_backends};

const KILLS: usize = 20;
const PER_LIFE: usize = 15;

on_both_backends! {
    async fn every_accepted_event_arrives_after_twenty_kills(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let mut process = Process::start(&database).await;
        let (account, key) = Account::ready(&process.http).await;
        account.set_webhook(&receiver.url).await;
        let mut accepted = HashSet::new();
        for life in 0..KILLS {
            let posts: Vec<_> = (0..PER_LIFE).map(|n| {
                let (key, number) = (key.at(&process.base), format!("INV-{life}-{n}"));
                tokio::spawn(async move {
                    let answer = key.try_post_keyed("/v1/placements", invoice(&number), &number).await?;
                    (answer.status == 201).then_some(number)
                })
            }).collect();
            // At another instant of the work each time: right after the n-th answer.
            for (done, post) in posts.into_iter().enumerate() {
                if done == life % PER_LIFE {
                    process.kill();
                }
                accepted.extend(post.await.unwrap());
            }
            process.kill_if_alive();
            process = Process::start(&database).await;
        }
        assert!(!accepted.is_empty());
        let arrived = eventually("every accepted event arrives", || async {
            let arrived: HashSet<String> = receiver.accepted().iter()
                .filter(|arrival| arrival.kind() == "placement.created")
                .map(|arrival| arrival.body["data"]["invoice_number"].as_str().unwrap().to_owned())
                .collect();
            accepted.is_subset(&arrived).then_some(arrived)
        }).await;
        assert!(arrived.len() >= accepted.len());
        // Whatever was committed was told, even where its caller never heard the answer.
        assert_eq!(database.number("SELECT count(*) FROM placement").await, i64::try_from(arrived.len()).unwrap());
    }
}
