//! A process dies while it has sends in flight: what it held is sent at once, by the other process
//! on its database, or by itself once it is back.

use std::collections::HashSet;
use std::time::Instant;

use crate::harness::queue::{MAX_UNRECORDED, wait_for_in_flight, leased, wait_until_delivered};
use crate::harness::receiver::Repeat;
use crate::harness::{
    Account, Http, Load, Process, Receiver, TestDatabase, eventually, on_both_backends,
};

/// Events that two processes send side by side.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_never_send_the_same_and_one_sends_what_the_other_held() {
    let Some(database) = TestDatabase::postgres().await else {
        return;
    };
    let receiver = Receiver::start().await;
    let mut one = Process::start(&database).await;
    let two = Process::start(&database).await;
    let (account, key) = Account::ready(&one.http).await;
    account.set_webhook(&receiver.url).await;
    let mut accepted = both_send(&database, &receiver, &key, [&one, &two]).await;
    let load = Load::start("KILLED", &key, &[&one, &two]);
    let death = kill_in_flight(&database, &receiver, &mut one).await;
    let rescued = death.first_sent_again(&receiver).await;
    eprintln!(
        "one of two killed with {} leased: the first is sent by the other after {:?}",
        death.leased.len(),
        rescued - death.at,
    );
    load.at(&[&two]);
    accepted.extend(load.end().await);
    wait_until_delivered(&database, &receiver, &accepted).await;
    death.check_repeats(&receiver);
}

/// Both processes at work on one endpoint, none of them disturbed: everything is sent once.
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
    eventually("a good many are sent", || async {
        (receiver.invoices().len() >= MANY).then_some(())
    })
    .await;
    let accepted = load.end().await;
    wait_until_delivered(database, receiver, &accepted).await;
    let repeats = receiver.repeats();
    eprintln!(
        "both at work: {} sent, {} twice",
        accepted.len(),
        repeats.len()
    );
    assert!(repeats.is_empty(), "{repeats:?}");
    accepted
}

on_both_backends! {
    async fn a_process_that_is_back_sends_what_it_held(database: TestDatabase) {
        let receiver = Receiver::start().await;
        let mut process = Process::start(&database).await;
        let (account, key) = Account::ready(&process.http).await;
        account.set_webhook(&receiver.url).await;
        let load = Load::start("INV", &key, &[&process]);
        let death = kill_in_flight(&database, &receiver, &mut process).await;
        let process = Process::start(&database).await;
        let listening = Instant::now();
        let again = death.first_sent_again(&receiver).await;
        eprintln!(
            "the only process killed with {} leased: it listens after {:?}, the first is sent again after {:?}",
            death.leased.len(), listening - death.at, again - death.at,
        );
        load.at(&[&process]);
        let accepted = load.end().await;
        wait_until_delivered(&database, &receiver, &accepted).await;
        death.check_repeats(&receiver);
    }
}

/// The end of a process that had sends in flight.
struct Death {
    at: Instant,
    /// When all that it had sent had arrived.
    caught_up: Instant,
    /// What it had leased.
    leased: HashSet<String>,
}

/// Kills a process whose sends the receiver has not answered; it answers everybody else then.
async fn kill_in_flight(
    database: &TestDatabase,
    receiver: &Receiver,
    process: &mut Process,
) -> Death {
    let epoch = process.epoch(database).await;
    receiver.hold();
    wait_for_in_flight(database, receiver, process).await;
    let leased = leased(database, epoch).await;
    process.kill();
    let at = Instant::now();
    receiver.catch_up().await;
    let caught_up = Instant::now();
    receiver.release();
    Death {
        at,
        caught_up,
        leased,
    }
}

impl Death {
    /// When the first of what it had leased was sent by somebody else.
    async fn first_sent_again(&self, receiver: &Receiver) -> Instant {
        let sent = || async { receiver.first_after(self.at, &self.leased) };
        eventually("what it held is sent again", sent).await
    }

    /// What came twice was in flight when it died.
    fn check_repeats(&self, receiver: &Receiver) {
        let repeats = receiver.repeats();
        eprintln!("{} came twice", repeats.len());
        assert!(repeats.len() <= MAX_UNRECORDED, "{repeats:?}");
        let in_flight = |repeat: &Repeat| repeat.accepted_at <= self.caught_up;
        assert!(repeats.iter().all(in_flight), "{repeats:?}");
    }
}
