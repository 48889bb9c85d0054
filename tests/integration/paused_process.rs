//! SIGSTOP for longer than a lease lasts: the others take over, and the process that comes back
//! writes nothing to what is no longer its own.
//!
//! `PARTNER_API_STOP_ROUNDS` sets how often; each takes as long as a lease lasts.

use std::collections::HashSet;
use std::time::Duration;

use crate::harness::account::invoice;
use crate::harness::queue::{UNWRITTEN, in_flight, leased, settled, undelivered};
use crate::harness::receiver::Repeat;
use crate::harness::{Account, Http, Load, Process, Receiver, TestDatabase, eventually};

const ROUNDS: usize = 1;
/// A silent process counts as dead after 8 s without a heartbeat, the delivery timeout of the tests
/// and a margin of 5 s.
const LEASE: Duration = Duration::from_secs(8 + 2 + 5);
/// What a process says whose outcomes came too late.
const FENCED: &str = "outcomes of leases that had been rescued";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_is_replaced_and_writes_nothing_when_it_comes_back() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let receiver = Receiver::start().await;
    let one = Process::start_logged(&database).await;
    let two = Process::start_logged(&database).await;
    let (account, key) = Account::ready(&one.http).await;
    account.set_webhook(&receiver.url).await;
    let mut story = Story {
        database,
        receiver,
        key,
        accepted: HashSet::new(),
    };
    for round in 0..rounds() {
        let (zombie, other) = if round % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        story.round(&format!("INV-{round}"), zombie, other).await;
    }
}

/// What the rounds share.
struct Story {
    database: TestDatabase,
    receiver: Receiver,
    key: Http,
    accepted: HashSet<String>,
}

impl Story {
    async fn round(&mut self, name: &str, zombie: &Process, other: &Process) {
        let repeats_before = self.receiver.repeats().len();
        let load = Load::start(name, &self.key, &[zombie, other]);
        let stalled = stop_in_flight(&self.database, &self.receiver, zombie).await;
        self.accepted.extend(load.end().await);
        self.comes_back(name, zombie, other, &stalled).await;
        let repeats = self.receiver.repeats().split_off(repeats_before);
        eprintln!(
            "{name}: {} leased by the stopped process, {} sent again; {}",
            stalled.leased.len(),
            repeats.len(),
            zombie.logged(FENCED).unwrap_or_default(),
        );
        check_repeats(&repeats, &stalled);
    }

    /// It goes on while the other one sends what it had leased: its late outcomes are fenced off,
    /// it joins under another epoch, and works again.
    async fn comes_back(
        &mut self,
        name: &str,
        zombie: &Process,
        other: &Process,
        stalled: &Stalled,
    ) {
        let mut rescued = in_flight(&self.database, &self.receiver, other).await;
        rescued.retain(|id| stalled.leased.contains(id));
        assert!(!rescued.is_empty());
        let fenced_before = zombie.logged(FENCED);
        zombie.resume();
        eventually("its late outcomes are fenced off", || async {
            (zombie.logged(FENCED) != fenced_before).then_some(())
        })
        .await;
        eventually("it joins again", || async {
            (zombie.epoch(&self.database).await > stalled.epoch).then_some(())
        })
        .await;
        let undelivered = undelivered(&self.database).await;
        assert!(
            rescued.is_subset(&undelivered),
            "nobody but the zombie was told that they arrived: {rescued:?}, {undelivered:?}"
        );
        self.receiver.release();
        self.works_again(name, zombie).await;
        settled(&self.database, &self.receiver, &self.accepted).await;
        assert_eq!(late_attempts(&self.database).await, 0, "it wrote nothing");
        let touched = "SELECT count(*) FROM webhook_endpoint WHERE state <> 'enabled' OR failing_since_ms IS NOT NULL";
        assert_eq!(
            self.database.number(touched).await,
            0,
            "nor of the endpoint"
        );
    }

    async fn works_again(&mut self, name: &str, zombie: &Process) {
        let invoice_number = format!("{name}-AFTERWARDS");
        eventually("it works again", || async {
            let (key, body) = (self.key.at(&zombie.base), invoice(&invoice_number));
            let asked = key.try_post_keyed("/v1/placements", body, &invoice_number);
            let placed = asked.await.is_some_and(|answer| answer.status == 201);
            placed.then_some(())
        })
        .await;
        self.accepted.insert(invoice_number);
    }
}

/// Attempts on record that lasted as long as a lease: their process was stopped meanwhile.
async fn late_attempts(database: &TestDatabase) -> i64 {
    let lease_ms = LEASE.as_millis();
    let sql = format!("SELECT count(*) FROM delivery_attempt WHERE latency_ms >= {lease_ms}");
    database.number(&sql).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_that_is_alone_goes_on_where_it_was() {
    let (database, receiver) = (TestDatabase::sqlite(), Receiver::start().await);
    let process = Process::start(&database).await;
    let (account, key) = Account::ready(&process.http).await;
    account.set_webhook(&receiver.url).await;
    let mut accepted = HashSet::new();
    for round in 0..rounds() {
        let (late, repeated) = (late_attempts(&database).await, receiver.repeats().len());
        let load = Load::start(&format!("INV-{round}"), &key, &[&process]);
        let stalled = stop_in_flight(&database, &receiver, &process).await;
        // The time itself is what this is about: nobody is there to take over.
        tokio::time::sleep(LEASE).await;
        process.resume();
        receiver.release();
        accepted.extend(load.end().await);
        settled(&database, &receiver, &accepted).await;
        assert!(
            late_attempts(&database).await > late,
            "its own outcomes it does write down"
        );
        let repeats = receiver.repeats().split_off(repeated);
        eprintln!(
            "alone, round {round}: {} accepted so far, {} leased when it was stopped, {} of them came twice",
            accepted.len(),
            stalled.leased.len(),
            repeats.len(),
        );
        check_repeats(&repeats, &stalled);
    }
}

/// A process that was stopped.
struct Stalled {
    epoch: i64,
    /// What it had leased.
    leased: HashSet<String>,
}

/// Stops a process that has sends in flight. They are accepted, and it cannot hear that; when they
/// come again the answer is held back.
async fn stop_in_flight(
    database: &TestDatabase,
    receiver: &Receiver,
    process: &Process,
) -> Stalled {
    let epoch = process.epoch(database).await;
    receiver.hold();
    loop {
        in_flight(database, receiver, process).await;
        process.stop();
        let leased = leased(database, epoch).await;
        if !leased.is_disjoint(&receiver.unanswered()) {
            receiver.release_and_hold(leased.clone());
            return Stalled { epoch, leased };
        }
        // On a busy machine those that were in flight have run out of time just before.
        process.resume();
    }
}

/// What came twice was in flight when the process was stopped.
fn check_repeats(repeats: &[Repeat], stalled: &Stalled) {
    let ids: HashSet<_> = repeats.iter().map(|repeat| &repeat.id).collect();
    assert!(ids.len() <= UNWRITTEN, "{repeats:?}");
    let in_flight = |repeat: &Repeat| stalled.leased.contains(&repeat.id);
    assert!(repeats.iter().all(in_flight), "{repeats:?}");
}

fn rounds() -> usize {
    let wanted = std::env::var("PARTNER_API_STOP_ROUNDS").ok();
    wanted.map_or(ROUNDS, |wanted| wanted.parse().expect("a number"))
}
