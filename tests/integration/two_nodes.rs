//! A process is killed while it has sends in flight.
//!
//! Its leased deliveries must be sent soon: by the other process on the same database, or by the
//! same process after its restart.

use std::collections::HashSet;
use std::time::Instant;

use test_support::receiver::Repeat;

use crate::harness::queue::{MAX_UNRECORDED, leased, wait_for_in_flight, wait_until_delivered};
use crate::harness::{
    Account, Http, Load, Process, Receiver, TestDatabase, eventually, on_both_backends,
};

/// The number of events that two processes send before one is killed.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_send_once_and_survivor_takes_over() {
    let Some(database) = crate::harness::postgres::database().await else {
        return;
    };
    let receiver = Receiver::start();
    let mut one = Process::start(&database).await;
    let two = Process::start(&database).await;
    let (account, key) = Account::ready(&one.http).await;
    account.set_webhook(&receiver.url).await;
    let mut accepted = both_send(&database, &receiver, &key, [&one, &two]).await;
    let load = Load::start("KILLED", &key, &[&one, &two]);
    let kill = kill_in_flight(&database, &receiver, &mut one).await;
    let rescued = kill.first_sent_again(&receiver).await;
    eprintln!(
        "one of two killed with {} leased: the other sends the first after {:?}",
        kill.leased.len(),
        rescued - kill.at,
    );
    load.at(&[&two]);
    accepted.extend(load.end().await);
    wait_until_delivered(&database, &receiver, &accepted).await;
    kill.check_repeats(&receiver);
}

/// Two undisturbed processes deliver to one endpoint. Every event must be sent once.
async fn both_send(
    database: &TestDatabase,
    receiver: &Receiver,
    key: &Http,
    both: [&Process; 2],
) -> HashSet<String> {
    let load = Load::start("NORMAL", key, &both);
    receiver.hold();
    for process in both {
        wait_for_in_flight(database, receiver, process).await;
    }
    receiver.release();
    eventually("enough events are sent", || async {
        (receiver.invoices().len() >= MANY).then_some(())
    })
    .await;
    let accepted = load.end().await;
    wait_until_delivered(database, receiver, &accepted).await;
    let repeats = receiver.repeats();
    eprintln!(
        "both processes running: {} sent, {} repeated",
        accepted.len(),
        repeats.len()
    );
    assert!(repeats.is_empty(), "{repeats:?}");
    accepted
}

on_both_backends!(restarted_process_sends_what_it_had_leased,);

async fn restarted_process_sends_what_it_had_leased(database: TestDatabase) {
    let receiver = Receiver::start();
    let mut process = Process::start(&database).await;
    let (account, key) = Account::ready(&process.http).await;
    account.set_webhook(&receiver.url).await;
    let load = Load::start("INV", &key, &[&process]);
    let kill = kill_in_flight(&database, &receiver, &mut process).await;
    let process = Process::start(&database).await;
    let listening = Instant::now();
    let again = kill.first_sent_again(&receiver).await;
    eprintln!(
        "the only process killed with {} leased: it listens after {:?}, the first is sent again after {:?}",
        kill.leased.len(),
        listening - kill.at,
        again - kill.at,
    );
    load.at(&[&process]);
    let accepted = load.end().await;
    wait_until_delivered(&database, &receiver, &accepted).await;
    kill.check_repeats(&receiver);
}

/// A kill of a process that had sends in flight.
struct Kill {
    at: Instant,
    /// When everything that it had sent had arrived.
    caught_up: Instant,
    /// The deliveries that it had leased, by `webhook-id`.
    leased: HashSet<String>,
}

/// Kills a process while the receiver holds its responses back. The receiver then releases them.
async fn kill_in_flight(
    database: &TestDatabase,
    receiver: &Receiver,
    process: &mut Process,
) -> Kill {
    let epoch = process.epoch(database).await;
    receiver.hold();
    wait_for_in_flight(database, receiver, process).await;
    let leased = leased(database, epoch).await;
    process.kill();
    let at = Instant::now();
    receiver.catch_up().await;
    let caught_up = Instant::now();
    receiver.release();
    Kill {
        at,
        caught_up,
        leased,
    }
}

impl Kill {
    /// Waits until another process sends one of the leased deliveries. Returns its time of arrival.
    async fn first_sent_again(&self, receiver: &Receiver) -> Instant {
        let sent = || async { receiver.first_after(self.at, &self.leased) };
        eventually("a leased delivery is sent again", sent).await
    }

    /// Checks that every repeated webhook was in flight at the kill.
    fn check_repeats(&self, receiver: &Receiver) {
        let repeats = receiver.repeats();
        eprintln!("{} webhooks were repeated", repeats.len());
        assert!(repeats.len() <= MAX_UNRECORDED, "{repeats:?}");
        let in_flight = |repeat: &Repeat| repeat.accepted_at <= self.caught_up;
        assert!(repeats.iter().all(in_flight), "{repeats:?}");
    }
}
