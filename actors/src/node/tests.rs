//! Epochs, rescue, feed and janitor, on both backends where both have them.

use std::sync::Arc;
use std::time::Duration;

use entities::ids::{CreditorId, EndpointId};
use entities::queries::delivery::{Want, claim, held_by};
use entities::queries::node::{self, Beat, FeedEntry, append_feed, clean, feed_head, read_feed};
use entities::{Database, Pools};
use sea_orm::ConnectionTrait as _;
use uuid::Uuid;

use super::rescue::rescue;
use super::{Standing, feed};
use crate::admission::RegistryMsg;
use crate::clock::Clock;
use crate::delivery::tests::bench::{
    Bench, benches, house as new_house, postgres, settings, sqlite,
};
use crate::house::House;
use crate::supervision::spawn_metered;

/// A process of its own on the bench's database.
struct Process {
    house: Arc<House>,
}

impl Process {
    async fn boot(bench: &Bench) -> Self {
        let db = Database::connect(&bench.url, Pools { write: 2, read: 1 })
            .await
            .unwrap();
        let clock = Clock::system();
        let standing = Standing::boot(&db, &clock, "test").await.unwrap();
        Self {
            house: new_house(db, clock, settings(&bench.url), standing),
        }
    }

    fn epoch(&self) -> i64 {
        self.house.standing.epoch()
    }

    async fn lease_all(&self, endpoint: EndpointId) -> usize {
        lease_all(&self.house.db, self.epoch(), endpoint).await
    }

    async fn rescue(&self) -> u64 {
        rescue(&self.house).await.unwrap()
    }

    async fn beat(&self) -> Beat {
        node::beat(&self.house.db, self.house.standing.member())
            .await
            .unwrap()
    }
}

async fn lease_all(db: &Database, owner: i64, endpoint: EndpointId) -> usize {
    let transaction = db.begin().await.unwrap();
    let wants = [Want {
        endpoint,
        credit: 100,
        floor_ms: 0,
    }];
    let claimed = claim(&transaction, owner, &wants, 1_000).await.unwrap();
    transaction.commit().await.unwrap();
    claimed.len()
}

async fn due_rows(bench: &Bench, count: usize) -> EndpointId {
    let creditor = bench.creditor().await;
    let endpoint = bench.endpoint(creditor, "https://one.example").await;
    bench.enqueue(creditor, endpoint, count, 100).await;
    endpoint
}

#[tokio::test]
async fn a_single_process_frees_every_lease_at_boot() {
    let bench = sqlite().await;
    let endpoint = due_rows(&bench, 3).await;
    let first = Process::boot(&bench).await;
    assert_eq!(first.lease_all(endpoint).await, 3);
    let second = Process::boot(&bench).await;
    assert!(second.epoch() > first.epoch());
    assert_eq!(second.lease_all(endpoint).await, 3);
    assert_eq!(second.beat().await, Beat::Confirmed);
    assert_eq!(first.beat().await, Beat::Lost);
}

#[tokio::test]
async fn a_living_process_is_left_alone_and_a_dead_one_rescued_at_once() {
    let Some(bench) = postgres().await else {
        return;
    };
    let endpoint = due_rows(&bench, 3).await;
    let (one, two) = (Process::boot(&bench).await, Process::boot(&bench).await);
    assert_eq!(two.lease_all(endpoint).await, 3);
    assert_eq!(one.rescue().await, 0);
    assert_eq!(
        (one.beat().await, two.beat().await),
        (Beat::Confirmed, Beat::Confirmed)
    );
    two.house.db.close().await;
    assert_eq!(one.rescue().await, 3);
    assert_eq!(one.rescue().await, 0);
    assert_eq!(one.lease_all(endpoint).await, 3);
    assert_eq!(one.rescue().await, 0, "never one's own");
}

#[tokio::test]
async fn a_silent_process_is_dead_only_to_one_that_was_never_silent_itself() {
    let Some(bench) = postgres().await else {
        return;
    };
    let endpoint = due_rows(&bench, 2).await;
    let (one, two) = (Process::boot(&bench).await, Process::boot(&bench).await);
    assert_eq!(two.lease_all(endpoint).await, 2);
    let sql = format!(
        "UPDATE node SET heartbeat_ms = heartbeat_ms - 20000 WHERE epoch = {}",
        two.epoch()
    );
    bench.db.writer().execute_unprepared(&sql).await.unwrap();
    assert_eq!(
        one.rescue().await,
        0,
        "its own heartbeat has not been watched for so long"
    );
    let now_ms = one.house.clock.now_ms();
    let watched = Standing::good(one.epoch(), now_ms - 20_000);
    (1..=20).for_each(|second| watched.confirm(now_ms - 20_000 + second * 1_000));
    let house = new_house(
        one.house.db.clone(),
        Clock::manual(now_ms),
        settings(&bench.url),
        watched,
    );
    assert_eq!(rescue(&house).await.unwrap(), 2);
    assert_eq!(two.beat().await, Beat::Lost);
    assert_eq!(
        two.lease_all(endpoint).await,
        2,
        "stalled, it comes back and leases on"
    );
    assert_eq!(one.rescue().await, 2, "which is rescued too");
    let old = two.epoch();
    two.house
        .standing
        .rejoin(&two.house.db, &two.house.clock)
        .await
        .unwrap();
    assert!(two.epoch() > old);
    assert_eq!((two.lease_all(endpoint).await, one.rescue().await), (2, 0));
}

#[tokio::test]
async fn owners_between_and_beyond_the_living_are_found() {
    let Some(bench) = postgres().await else {
        return;
    };
    let mut living = Vec::new();
    for _ in 0..3 {
        living.push(Process::boot(&bench).await);
    }
    let endpoint = due_rows(&bench, 5).await;
    let dead = [
        -5,
        living[0].epoch() - 1,
        living[2].epoch() + 1,
        living[2].epoch() + 7,
    ];
    let sql = format!("DELETE FROM node WHERE epoch = {}", living[1].epoch());
    bench.db.writer().execute_unprepared(&sql).await.unwrap();
    let owners = dead[1..]
        .iter()
        .copied()
        .chain([living[1].epoch(), living[0].epoch()]);
    for owner in owners {
        let transaction = bench.db.begin().await.unwrap();
        let wants = [Want {
            endpoint,
            credit: 1,
            floor_ms: 0,
        }];
        assert_eq!(
            claim(&transaction, owner, &wants, 1_000)
                .await
                .unwrap()
                .len(),
            1
        );
        transaction.commit().await.unwrap();
    }
    assert_eq!(living[2].rescue().await, 4);
    let left = held_by(bench.db.reader(), living[0].epoch(), 10)
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn a_process_that_loses_its_connection_joins_again() {
    let Some(bench) = postgres().await else {
        return;
    };
    let endpoint = due_rows(&bench, 2).await;
    let process = Process::boot(&bench).await;
    let old = process.epoch();
    assert_eq!(process.lease_all(endpoint).await, 2);
    let spec = super::node_spec(&process.house);
    let (ground, _) = ractor::Actor::spawn(None, Ground, ()).await.unwrap();
    spec.start(ground.get_cell()).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = 'partner-api node' AND datname = current_database()";
    bench.db.writer().execute_unprepared(sql).await.unwrap();
    // This terminated the connection of `bench` as well, which nobody uses.
    for _ in 0..500 {
        let free = held_by(bench.db.reader(), old, 10)
            .await
            .unwrap()
            .is_empty();
        if process.epoch() > old
            && free
            && process
                .house
                .standing
                .may_send(process.house.clock.now_ms())
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come back: {:?}", process.house.standing);
}

struct Ground;

impl ractor::Actor for Ground {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ractor::ActorRef<()>,
        (): (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }
}

async fn append(db: &Database, subject: &str, creditor: CreditorId, at_ms: i64) -> i64 {
    let transaction = db.begin().await.unwrap();
    let number = append_feed(&transaction, subject, creditor, at_ms)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    number
}

#[tokio::test]
async fn the_feed_has_no_gaps() {
    for bench in benches().await {
        let (db, creditor) = (&bench.db, CreditorId(Uuid::now_v7()));
        assert_eq!(feed_head(db.node()).await.unwrap(), 0);
        assert_eq!(append(db, "keys", creditor, 10).await, 1);
        let transaction = db.begin().await.unwrap();
        assert_eq!(
            append_feed(&transaction, "limits", creditor, 11)
                .await
                .unwrap(),
            2
        );
        transaction.rollback().await.unwrap();
        assert_eq!(append(db, "endpoints", creditor, 12).await, 2);
        assert_eq!(feed_head(db.node()).await.unwrap(), 2);
        let entry = |number, subject: &str| FeedEntry {
            number,
            subject: subject.to_owned(),
            creditor,
        };
        let all = [entry(1, "keys"), entry(2, "endpoints")];
        assert_eq!(read_feed(db.node(), 0, 10).await.unwrap(), all);
        assert_eq!(read_feed(db.node(), 0, 1).await.unwrap(), all[..1]);
        assert_eq!(read_feed(db.node(), 1, 10).await.unwrap(), all[1..]);
    }
}

/// Remembers whom it was told of.
struct Listener(Arc<std::sync::Mutex<Vec<CreditorId>>>);

impl ractor::Actor for Listener {
    type Msg = RegistryMsg;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ractor::ActorRef<RegistryMsg>,
        (): (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ractor::ActorRef<RegistryMsg>,
        message: RegistryMsg,
        (): &mut (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        if let RegistryMsg::Refresh { creditor } = message {
            self.0.lock().unwrap().push(creditor);
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_is_new_in_the_feed_is_told_once_and_makes_it_fresh() {
    let bench = sqlite().await;
    let db = &bench.db;
    let creditors: Vec<_> = (0..3).map(|_| CreditorId(Uuid::now_v7())).collect();
    append(db, "keys", creditors[0], 1).await;
    let clock = Clock::manual(50_000);
    let standing = Standing::boot(db, &clock, "test").await.unwrap();
    let house = new_house(db.clone(), clock, settings(&bench.url), standing);
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (ground, _) = ractor::Actor::spawn(None, Ground, ()).await.unwrap();
    let registry = &house.addresses.registry;
    spawn_metered(Listener(Arc::clone(&told)), (), registry, ground.get_cell())
        .await
        .unwrap();
    append(db, "keys", creditors[1], 2).await;
    append(db, "endpoints", creditors[1], 3).await;
    append(db, "limits", creditors[2], 4).await;
    house.clock.advance_ms(5_000);
    assert!(!house.standing.feed_is_fresh(house.clock.now_ms()));
    feed::follow(&house).await.unwrap();
    feed::follow(&house).await.unwrap();
    assert!(house.standing.feed_is_fresh(house.clock.now_ms()));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        *told.lock().unwrap(),
        creditors[1..],
        "what was there at boot is not told"
    );
}

#[tokio::test]
async fn the_janitor_removes_what_has_had_its_time_and_keeps_the_newest_number() {
    const HOUR_MS: i64 = 3_600_000;
    for bench in benches().await {
        let (db, creditor) = (&bench.db, bench.creditor().await);
        let now_ms = 100 * HOUR_MS;
        for age_ms in [2 * HOUR_MS, HOUR_MS + 1, HOUR_MS + 1] {
            append(db, "keys", creditor, now_ms - age_ms).await;
        }
        let (id, owner) = (|| bench.literal(Uuid::now_v7()), bench.literal(creditor.0));
        let empty = if db.is_postgres() { "''::bytea" } else { "x''" };
        let old = now_ms - 24 * HOUR_MS - 1;
        let mut rows = Vec::new();
        for (key, at_ms) in [("old", old), ("new", old + 2)] {
            rows.push(format!(
                "INSERT INTO idempotency_record (creditor_id, key, fingerprint, operation, outcome, created_ms) \
                 VALUES ({owner}, '{key}', {empty}, 'x', '', {at_ms})"
            ));
        }
        for at_ms in [now_ms - HOUR_MS - 1, now_ms - HOUR_MS + 1] {
            rows.push(format!(
                "INSERT INTO ledger_batch (id, committed_ms) VALUES ({}, {at_ms})",
                id()
            ));
        }
        for (hash, at_ms) in [("61", now_ms - 1), ("62", now_ms + 1)] {
            let hash = if db.is_postgres() {
                format!("'\\x{hash}'")
            } else {
                format!("x'{hash}'")
            };
            rows.push(format!(
                "INSERT INTO session (id, token_hash, kind, creditor_id, created_ms, expires_ms) \
                 VALUES ({}, {hash}, 'dashboard', {owner}, 0, {at_ms})",
                id()
            ));
        }
        for sql in rows {
            db.writer().execute_unprepared(&sql).await.unwrap();
        }
        let cleaned = clean(db, now_ms, 100).await.unwrap();
        assert_eq!(
            (cleaned.rows, cleaned.more),
            (5, false),
            "two feed entries and one of each other kind"
        );
        assert_eq!(clean(db, now_ms, 100).await.unwrap().rows, 0);
        assert_eq!(read_feed(db.node(), 0, 10).await.unwrap()[0].number, 3);
    }
}
