//! The delivery actors against a real receiver: delivery, retries, and a panic in each kind of actor.

use std::collections::HashSet;
use std::time::Duration;

use entities::delivery::DeliveryState;
use entities::queries::delivery as queue;
use entities::webhook_endpoint::EndpointState;

use super::super::messages::DispatcherMsg;
use super::receiver::{Receiver, Reply};
use super::running_delivery::{start, start_with, until};
use crate::infra::Settings;
use crate::test_support::database::{settings, sqlite, test_databases};

#[tokio::test]
async fn deliveries_arrive_once_and_attempts_are_logged() {
    for test_db in test_databases().await {
        let receiver = Receiver::start(|_, _| Reply::with(200, "", "thanks")).await;
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, &receiver.url).await;
        let tree = start(&test_db).await;
        let ids = test_db
            .enqueue(creditor, endpoint, 100, tree.modules.env.clock.now_ms())
            .await;
        tree.wake(endpoint);
        until("an empty queue", async || test_db.queue().await.is_empty()).await;
        let seen: HashSet<_> = receiver
            .seen()
            .iter()
            .map(|request| request.headers["webhook-id"].clone())
            .collect();
        assert_eq!((seen.len(), receiver.seen().len()), (100, 100));
        let log = queue::attempts(test_db.db.reader(), creditor, ids[0])
            .await
            .unwrap();
        assert_eq!(
            (log.len(), log[0].response_excerpt.as_deref()),
            (1, Some("thanks"))
        );
        let actors = tree.status.view();
        assert_eq!(actors[1].children[0].name, endpoint.to_string());
        tree.drain().await;
    }
}

#[tokio::test]
async fn failures_are_retried_until_exhausted() {
    for test_db in test_databases().await {
        let flaky =
            Receiver::start(|number, _| Reply::status(if number < 2 { 500 } else { 200 })).await;
        let failing = Receiver::start(|_, _| Reply::status(500)).await;
        let creditor = test_db.creditor().await;
        let one = test_db.endpoint(creditor, &flaky.url).await;
        let two = test_db.endpoint(creditor, &failing.url).await;
        let tree = start(&test_db).await;
        let now_ms = tree.modules.env.clock.now_ms();
        let first = test_db.enqueue(creditor, one, 1, now_ms).await[0];
        let second = test_db.enqueue(creditor, two, 1, now_ms).await[0];
        tree.wake(one);
        tree.wake(two);
        until("a successful retry", async || {
            test_db.hot(first).await.is_none()
        })
        .await;
        until("the last attempt", async || {
            test_db
                .hot(second)
                .await
                .is_some_and(|row| row.state == DeliveryState::Exhausted)
        })
        .await;
        assert_eq!((flaky.seen().len(), failing.seen().len()), (3, 4));
        let log = queue::attempts(test_db.db.reader(), creditor, second)
            .await
            .unwrap();
        assert_eq!(
            log.iter().map(|row| row.attempt).collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
        let ids: HashSet<_> = failing
            .seen()
            .iter()
            .map(|request| request.headers["webhook-id"].clone())
            .collect();
        assert_eq!(ids.len(), 1, "the same id on every attempt");
    }
}

#[tokio::test]
async fn endpoint_that_returns_410_is_disabled() {
    for test_db in test_databases().await {
        let receiver = Receiver::start(|_, _| Reply::status(410)).await;
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, &receiver.url).await;
        let tree = start(&test_db).await;
        let id = test_db
            .enqueue(creditor, endpoint, 1, tree.modules.env.clock.now_ms())
            .await[0];
        tree.wake(endpoint);
        until("the cancellation", async || {
            test_db
                .hot(id)
                .await
                .is_some_and(|row| row.state == DeliveryState::Cancelled)
        })
        .await;
        assert_eq!(
            test_db.endpoint_state(endpoint).await,
            EndpointState::Disabled
        );
        test_db.enqueue(creditor, endpoint, 1, 0).await;
        tree.wake(endpoint);
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(receiver.seen().len(), 1);
    }
}

#[tokio::test]
async fn hung_endpoint_does_not_block_other_endpoints() {
    let test_db = sqlite().await;
    let hung = Receiver::start(|_, _| Reply::Hang(Vec::new())).await;
    let healthy = Receiver::start(|_, _| Reply::status(200)).await;
    let creditor = test_db.creditor().await;
    let one = test_db.endpoint(creditor, &hung.url).await;
    let two = test_db.endpoint(creditor, &healthy.url).await;
    let tree = start(&test_db).await;
    let now_ms = tree.modules.env.clock.now_ms();
    test_db.enqueue(creditor, one, 100, now_ms - 1_000).await;
    test_db.enqueue(creditor, two, 50, now_ms).await;
    tree.wake(one);
    tree.wake(two);
    until("all deliveries to the healthy endpoint", async || {
        healthy.seen().len() == 50
    })
    .await;
    assert!(hung.seen().len() <= 10, "{}", hung.seen().len());
    until("the open circuit", async || {
        // Count the sends before the leases. A lease seen afterwards may belong to a later claim, but
        // never to an earlier one.
        let sent = hung.seen().len();
        let leased = test_db
            .queue()
            .await
            .into_iter()
            .filter(|row| row.owner.is_some())
            .count();
        leased == 0 && sent >= 10
    })
    .await;
    let spent: i32 = test_db.queue().await.iter().map(|row| row.attempt).sum();
    assert!(
        (10..=20).contains(&spent),
        "an open circuit spends no attempts: {spent}"
    );
}

#[tokio::test]
async fn pause_releases_local_queue_and_keeps_eight_running_sends() {
    for test_db in test_databases().await {
        let hung = Receiver::start(|_, _| Reply::Hang(Vec::new())).await;
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, &hung.url).await;
        let long_timeout = Settings {
            delivery_timeout: Duration::from_secs(20),
            ..settings(&test_db.url)
        };
        let tree = start_with(&test_db, long_timeout).await;
        let now_ms = tree.modules.env.clock.now_ms();
        test_db.enqueue(creditor, endpoint, 100, now_ms).await;
        tree.wake(endpoint);
        let leased = async || {
            let rows = test_db.queue().await.into_iter();
            rows.filter(|row| row.owner.is_some()).count()
        };
        until("a full local queue", async || {
            leased().await == 32 && hung.seen().len() == 8
        })
        .await;
        test_db.set_state(endpoint, "paused").await;
        let changed = DispatcherMsg::EndpointChanged { endpoint };
        tree.modules.delivery.dispatcher.send(changed).unwrap();
        until("leases for the running sends only", async || {
            leased().await == 8
        })
        .await;
        assert_eq!(hung.seen().len(), 8);
    }
}

#[tokio::test]
async fn drain_finishes_running_sends_and_leaves_no_leases() {
    let test_db = sqlite().await;
    let receiver = Receiver::start(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        Reply::status(200)
    })
    .await;
    let creditor = test_db.creditor().await;
    let endpoint = test_db.endpoint(creditor, &receiver.url).await;
    let tree = start(&test_db).await;
    test_db
        .enqueue(creditor, endpoint, 200, tree.modules.env.clock.now_ms())
        .await;
    tree.wake(endpoint);
    until("some requests", async || receiver.seen().len() > 20).await;
    tree.drain().await;
    let rows = test_db.queue().await;
    assert!(
        rows.iter()
            .all(|row| row.owner.is_none() && row.attempt == 0)
    );
    assert_eq!(
        rows.len() + receiver.seen().len(),
        200,
        "every sent delivery is completed"
    );
}

#[cfg(feature = "fault-injection")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_delivery_is_lost_if_any_actor_panics() {
    for test_db in test_databases().await {
        let receiver = Receiver::start(|_, _| Reply::status(200)).await;
        let creditor = test_db.creditor().await;
        let endpoint = test_db.endpoint(creditor, &receiver.url).await;
        let tree = start(&test_db).await;
        let (delivery, cluster) = (&tree.modules.delivery, &tree.modules.cluster);
        let mut sent = 0;
        for round in 0..8 {
            sent += test_db
                .enqueue(creditor, endpoint, 100, tree.modules.env.clock.now_ms())
                .await
                .len();
            let _ = delivery.dispatcher.send(DispatcherMsg::Wake {
                in_order: false,
                endpoints: vec![endpoint],
            });
            tokio::time::sleep(Duration::from_millis(15)).await;
            let _ = match round % 4 {
                0 => delivery
                    .dispatcher
                    .send(DispatcherMsg::PanicEndpoint { endpoint }),
                1 => delivery.completer.inject_panic(),
                2 => delivery.dispatcher.inject_panic(),
                _ => cluster.node.inject_panic(),
            };
        }
        until("an empty queue", async || test_db.queue().await.is_empty()).await;
        let seen = receiver.seen();
        let distinct: HashSet<_> = seen
            .iter()
            .map(|request| request.headers["webhook-id"].clone())
            .collect();
        assert_eq!(distinct.len(), sent);
        assert!(
            seen.len() <= sent + 64,
            "duplicates are few: {}",
            seen.len() - sent
        );
    }
}
