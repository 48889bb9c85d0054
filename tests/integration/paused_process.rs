//! Processes that are paused with SIGSTOP for longer than a lease lasts.
//!
//! Another process takes over. The resumed process must not write to leases that it has lost.
//!
//! `PARTNER_API_STOP_ROUNDS` sets the number of rounds. Each round takes as long as a lease.

use std::collections::HashSet;
use std::time::Duration;

use test_support::receiver::Repeat;

use crate::harness::account::invoice;
use crate::harness::queue::{
    MAX_UNRECORDED, leased, undelivered, wait_for_in_flight, wait_until_delivered,
};
use crate::harness::{Account, Http, Load, Process, Receiver, TestDatabase, eventually, postgres};

const ROUNDS: usize = 1;
/// How long a lease lasts: 8 s without a heartbeat, the delivery timeout of the tests (2 s) and a
/// margin of 5 s.
const LEASE: Duration = Duration::from_secs(8 + 2 + 5);
/// What a process logs when it drops outcomes of leases that it has lost.
const FENCED: &str = "outcomes were not written, because their leases were no longer valid";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumed_process_writes_nothing_to_rescued_leases() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let receiver = Receiver::start();
    let one = Process::start_logged(&database).await;
    let two = Process::start_logged(&database).await;
    let (account, key) = Account::ready(&one.http).await;
    account.set_webhook(&receiver.url).await;
    let mut scenario = Scenario {
        database,
        receiver,
        key,
        accepted: HashSet::new(),
    };
    for round in 0..rounds() {
        let (paused, other) = if round % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        scenario.round(&format!("INV-{round}"), paused, other).await;
    }
}

/// The state that all rounds share.
struct Scenario {
    database: TestDatabase,
    receiver: Receiver,
    key: Http,
    accepted: HashSet<String>,
}

impl Scenario {
    async fn round(&mut self, name: &str, paused: &Process, other: &Process) {
        let repeats_before = self.receiver.repeats().len();
        let load = Load::start(name, &self.key, &[paused, other]);
        let stalled = stop_in_flight(&self.database, &self.receiver, paused).await;
        self.accepted.extend(load.end().await);
        self.resume_and_check(name, paused, other, &stalled).await;
        let repeats = self.receiver.repeats().split_off(repeats_before);
        eprintln!(
            "{name}: {} leased by the paused process, {} sent again; {}",
            stalled.leased.len(),
            repeats.len(),
            paused.logged(FENCED).unwrap_or_default(),
        );
        check_repeats(&repeats, &stalled);
    }

    /// Resumes the process while the other one sends the deliveries that it had leased.
    ///
    /// The late outcomes must be dropped. The process must join under a new epoch and accept
    /// requests again.
    async fn resume_and_check(
        &mut self,
        name: &str,
        paused: &Process,
        other: &Process,
        stalled: &Paused,
    ) {
        let mut rescued = wait_for_in_flight(&self.database, &self.receiver, other).await;
        rescued.retain(|id| stalled.leased.contains(id));
        assert!(!rescued.is_empty());
        let fenced_before = paused.logged(FENCED);
        paused.resume();
        eventually("the late outcomes are dropped", || async {
            (paused.logged(FENCED) != fenced_before).then_some(())
        })
        .await;
        eventually("the process joins under a new epoch", || async {
            (paused.epoch(&self.database).await > stalled.epoch).then_some(())
        })
        .await;
        let undelivered = undelivered(&self.database).await;
        assert!(
            rescued.is_subset(&undelivered),
            "the paused process recorded nothing as delivered: {rescued:?}, {undelivered:?}"
        );
        self.receiver.release();
        self.wait_until_it_accepts_again(name, paused).await;
        wait_until_delivered(&self.database, &self.receiver, &self.accepted).await;
        assert_eq!(
            late_attempts(&self.database).await,
            0,
            "the paused process recorded no attempt"
        );
        let touched = "SELECT count(*) FROM webhook_endpoint WHERE state <> 'enabled' OR failing_since_ms IS NOT NULL";
        assert_eq!(
            self.database.number(touched).await,
            0,
            "the endpoint is unchanged"
        );
    }

    async fn wait_until_it_accepts_again(&mut self, name: &str, paused: &Process) {
        let invoice_number = format!("{name}-AFTERWARDS");
        eventually("the process accepts placements again", || async {
            let (key, body) = (self.key.at(&paused.base), invoice(&invoice_number));
            let asked = key.try_post_keyed("/v1/placements", body, &invoice_number);
            let placed = asked.await.is_some_and(|answer| answer.status == 201);
            placed.then_some(())
        })
        .await;
        self.accepted.insert(invoice_number);
    }
}

/// The number of recorded attempts that took at least as long as a lease. Their process was paused.
async fn late_attempts(database: &TestDatabase) -> i64 {
    let lease_ms = LEASE.as_millis();
    let sql = format!("SELECT count(*) FROM delivery_attempt WHERE latency_ms >= {lease_ms}");
    database.number(&sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resumed_single_process_completes_its_deliveries() {
    let (database, receiver) = (TestDatabase::sqlite(), Receiver::start());
    let process = Process::start(&database).await;
    let (account, key) = Account::ready(&process.http).await;
    account.set_webhook(&receiver.url).await;
    let mut accepted = HashSet::new();
    for round in 0..rounds() {
        let (late, repeated) = (late_attempts(&database).await, receiver.repeats().len());
        let load = Load::start(&format!("INV-{round}"), &key, &[&process]);
        let stalled = stop_in_flight(&database, &receiver, &process).await;
        // The test needs this much time to pass. No other process takes over.
        tokio::time::sleep(LEASE).await;
        process.resume();
        receiver.release();
        accepted.extend(load.end().await);
        wait_until_delivered(&database, &receiver, &accepted).await;
        assert!(
            late_attempts(&database).await > late,
            "the process records its own outcomes"
        );
        let repeats = receiver.repeats().split_off(repeated);
        eprintln!(
            "single process, round {round}: {} accepted so far, {} leased when paused, {} sent again",
            accepted.len(),
            stalled.leased.len(),
            repeats.len(),
        );
        check_repeats(&repeats, &stalled);
    }
}

/// A process that was paused.
struct Paused {
    epoch: i64,
    /// The deliveries that it had leased, by `webhook-id`.
    leased: HashSet<String>,
}

/// Pauses a process that has sends in flight.
///
/// The receiver accepts them, but the paused process does not read the responses. When another
/// process sends them again, the receiver holds its responses back.
async fn stop_in_flight(database: &TestDatabase, receiver: &Receiver, process: &Process) -> Paused {
    let epoch = process.epoch(database).await;
    receiver.hold();
    loop {
        wait_for_in_flight(database, receiver, process).await;
        process.stop();
        let leased = leased(database, epoch).await;
        if !leased.is_disjoint(&receiver.unanswered()) {
            receiver.release_and_hold(leased.clone());
            return Paused { epoch, leased };
        }
        // On a busy machine, the sends in flight may have timed out just before the pause.
        process.resume();
    }
}

/// Checks that every repeated webhook was leased when the process was paused.
fn check_repeats(repeats: &[Repeat], stalled: &Paused) {
    let ids: HashSet<_> = repeats.iter().map(|repeat| &repeat.id).collect();
    assert!(ids.len() <= MAX_UNRECORDED, "{repeats:?}");
    let in_flight = |repeat: &Repeat| stalled.leased.contains(&repeat.id);
    assert!(repeats.iter().all(in_flight), "{repeats:?}");
}

fn rounds() -> usize {
    let wanted = std::env::var("PARTNER_API_STOP_ROUNDS").ok();
    wanted.map_or(ROUNDS, |wanted| wanted.parse().expect("a number"))
}
