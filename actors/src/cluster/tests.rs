//! Tests of epochs and rescue. Tests with several processes need Postgres.

mod control_feed;
mod wal;

use std::time::Duration;

use entities::ids::EndpointId;
use entities::queries::delivery::{ClaimRequest, claim, leased_by};
use entities::queries::node::{self, Heartbeat};
use entities::{Database, PoolSizes};
use sea_orm::ConnectionTrait as _;

use super::membership::Membership;
use super::rescue::rescue;
use crate::app::Modules;
use crate::infra::Clock;
use crate::test_support::database::{TestDatabase, modules as wire, postgres, settings, sqlite};

/// A simulated process on the test database.
struct Process {
    modules: Modules,
}

impl Process {
    async fn boot(test_db: &TestDatabase) -> Self {
        let db = Database::connect(&test_db.url, PoolSizes { write: 2, read: 1 })
            .await
            .unwrap();
        let clock = Clock::system();
        let membership = Membership::boot(&db, &clock, "test").await.unwrap();
        Self {
            modules: wire(db, clock, settings(&test_db.url), membership),
        }
    }

    fn epoch(&self) -> i64 {
        self.modules.cluster.membership.epoch()
    }

    async fn lease_all(&self, endpoint: EndpointId) -> usize {
        lease_all(&self.modules.env.db, self.epoch(), endpoint).await
    }

    async fn rescue(&self) -> u64 {
        rescue(&self.modules.cluster).await.unwrap()
    }

    async fn heartbeat(&self) -> Heartbeat {
        node::heartbeat(
            &self.modules.env.db,
            self.modules.cluster.membership.member(),
        )
        .await
        .unwrap()
    }
}

async fn lease_all(db: &Database, owner: i64, endpoint: EndpointId) -> usize {
    let transaction = db.begin().await.unwrap();
    let wants = [ClaimRequest {
        endpoint,
        max_rows: 100,
        scan_floor_ms: 0,
    }];
    let claimed = claim(&transaction, owner, &wants, 1_000).await.unwrap();
    transaction.commit().await.unwrap();
    claimed.len()
}

async fn due_rows(test_db: &TestDatabase, count: usize) -> EndpointId {
    let creditor = test_db.creditor().await;
    let endpoint = test_db.endpoint(creditor, "https://one.example").await;
    test_db.enqueue(creditor, endpoint, count, 100).await;
    endpoint
}

#[tokio::test]
async fn sqlite_process_releases_every_lease_at_boot() {
    let test_db = sqlite().await;
    let endpoint = due_rows(&test_db, 3).await;
    let first = Process::boot(&test_db).await;
    assert_eq!(first.lease_all(endpoint).await, 3);
    let second = Process::boot(&test_db).await;
    assert!(second.epoch() > first.epoch());
    assert_eq!(second.lease_all(endpoint).await, 3);
    assert!(matches!(
        second.heartbeat().await,
        Heartbeat::Confirmed { .. }
    ));
    assert_eq!(first.heartbeat().await, Heartbeat::Lost);
}

#[tokio::test]
async fn closed_process_is_rescued_but_running_one_is_not() {
    let Some(test_db) = postgres().await else {
        return;
    };
    let endpoint = due_rows(&test_db, 3).await;
    let (one, two) = (Process::boot(&test_db).await, Process::boot(&test_db).await);
    assert_eq!(two.lease_all(endpoint).await, 3);
    assert_eq!(one.rescue().await, 0);
    for process in [&one, &two] {
        let beat = process.heartbeat().await;
        assert!(matches!(
            beat,
            Heartbeat::Confirmed {
                nodes: 2,
                database_ms: Some(_)
            }
        ));
    }
    two.modules.env.db.close().await;
    let mut rescued = 0;
    while rescued == 0 {
        // The server needs a moment to release the session lock.
        rescued = one.rescue().await;
    }
    assert_eq!(rescued, 3);
    assert_eq!(one.rescue().await, 0);
    assert_eq!(one.lease_all(endpoint).await, 3);
    assert_eq!(
        one.rescue().await,
        0,
        "a process never rescues its own leases"
    );
}

#[tokio::test]
async fn silent_process_is_rescued_only_by_unbroken_one() {
    let Some(test_db) = postgres().await else {
        return;
    };
    let endpoint = due_rows(&test_db, 2).await;
    let (one, two) = (Process::boot(&test_db).await, Process::boot(&test_db).await);
    assert_eq!(two.lease_all(endpoint).await, 2);
    let sql = format!(
        "UPDATE node SET heartbeat_ms = heartbeat_ms - 20000 WHERE epoch = {}",
        two.epoch()
    );
    test_db.db.writer().execute_unprepared(&sql).await.unwrap();
    assert_eq!(
        one.rescue().await,
        0,
        "its own heartbeat has not been unbroken for long enough"
    );
    let now_ms = one.modules.env.clock.now_ms();
    let watched = Membership::good(one.epoch(), now_ms - 20_000);
    (1..=20).for_each(|second| watched.confirm(now_ms - 20_000 + second * 1_000));
    let modules = wire(
        one.modules.env.db.clone(),
        Clock::manual(now_ms),
        settings(&test_db.url),
        watched,
    );
    assert_eq!(rescue(&modules.cluster).await.unwrap(), 2);
    assert_eq!(two.heartbeat().await, Heartbeat::Lost);
    assert_eq!(
        two.lease_all(endpoint).await,
        2,
        "a stalled process continues to lease"
    );
    assert_eq!(one.rescue().await, 2, "its new leases are rescued too");
    let old = two.epoch();
    two.modules
        .cluster
        .membership
        .rejoin(&two.modules.env.db, &two.modules.env.clock)
        .await
        .unwrap();
    assert!(two.epoch() > old);
    assert_eq!((two.lease_all(endpoint).await, one.rescue().await), (2, 0));
}

#[tokio::test]
async fn process_that_has_left_stays_fenced_after_a_late_rejoin() {
    let test_db = sqlite().await;
    let process = Process::boot(&test_db).await;
    let (env, membership) = (&process.modules.env, &process.modules.cluster.membership);
    assert!(membership.may_send(env.clock.mono_ms()));
    membership.leave();
    membership.rejoin(&env.db, &env.clock).await.unwrap();
    assert!(!membership.may_send(env.clock.mono_ms()));
}

#[tokio::test]
async fn leases_of_epochs_without_a_node_row_are_released() {
    let Some(test_db) = postgres().await else {
        return;
    };
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(Process::boot(&test_db).await);
    }
    let endpoint = due_rows(&test_db, 5).await;
    let unknown = [
        -5,
        processes[0].epoch() - 1,
        processes[2].epoch() + 1,
        processes[2].epoch() + 7,
    ];
    let sql = format!("DELETE FROM node WHERE epoch = {}", processes[1].epoch());
    test_db.db.writer().execute_unprepared(&sql).await.unwrap();
    let owners = unknown[1..]
        .iter()
        .copied()
        .chain([processes[1].epoch(), processes[0].epoch()]);
    for owner in owners {
        let transaction = test_db.db.begin().await.unwrap();
        let wants = [ClaimRequest {
            endpoint,
            max_rows: 1,
            scan_floor_ms: 0,
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
    assert_eq!(processes[2].rescue().await, 4);
    let left = leased_by(test_db.db.reader(), processes[0].epoch(), 10)
        .await
        .unwrap();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn process_rejoins_after_its_connection_is_terminated() {
    let Some(test_db) = postgres().await else {
        return;
    };
    let endpoint = due_rows(&test_db, 2).await;
    let process = Process::boot(&test_db).await;
    let old = process.epoch();
    assert_eq!(process.lease_all(endpoint).await, 2);
    let spec = super::tree::node_spec(&process.modules.cluster, &tokio::runtime::Handle::current());
    let (parent, _) = ractor::Actor::spawn(None, TestRoot, ()).await.unwrap();
    spec.start(parent.get_cell()).await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE application_name = 'partner-api node' AND datname = current_database()";
    test_db.db.writer().execute_unprepared(sql).await.unwrap();
    // This also terminated the node connection of `test_db`, which is not used.
    for _ in 0..500 {
        let free = leased_by(test_db.db.reader(), old, 10)
            .await
            .unwrap()
            .is_empty();
        if process.epoch() > old
            && free
            && process
                .modules
                .cluster
                .membership
                .may_send(process.modules.env.clock.mono_ms())
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "the process did not rejoin: {:?}",
        process.modules.cluster.membership
    );
}

struct TestRoot;

impl ractor::Actor for TestRoot {
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
