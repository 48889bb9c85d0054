//! Processes that are killed with SIGKILL at random times under load.
//!
//! Every accepted event must arrive. A webhook may arrive twice only if it was in flight or not yet
//! recorded at a kill.
//!
//! `PARTNER_API_CRASH_ROUNDS` sets the number of rounds. `PARTNER_API_CRASH_SEED` repeats the kill
//! times of an earlier run.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use test_support::receiver::Arrival;

use crate::harness::queue::{MAX_UNRECORDED, wait_until_delivered};
use crate::harness::{Account, Load, Process, Receiver, TestDatabase, on_both_backends};

const ROUNDS: u64 = 20;
/// The latest kill, counted from when a process listens. On Postgres it is later, because the
/// process opens its connections first.
const LIFE: Duration = Duration::from_millis(500);
const LIFE_ON_POSTGRES: Duration = Duration::from_millis(1_200);
/// The latest kill of a process that is still starting.
const BOOT: Duration = Duration::from_millis(300);

on_both_backends!(
    accepted_events_arrive_after_random_kills,
    first_arrivals_stay_in_order_after_random_kills,
);

async fn accepted_events_arrive_after_random_kills(database: TestDatabase) {
    let receiver = Receiver::start();
    crash_repeatedly(&database, &receiver, json!({"url": receiver.url})).await;
}

async fn first_arrivals_stay_in_order_after_random_kills(database: TestDatabase) {
    let receiver = Receiver::start();
    crash_repeatedly(
        &database,
        &receiver,
        json!({"url": receiver.url, "order": "endpoint"}),
    )
    .await;
    let (arrivals, mut seen) = (receiver.arrivals(), HashSet::new());
    let first = arrivals.iter().filter(|arrival| seen.insert(&arrival.id));
    let sequences: Vec<i64> = first.map(Arrival::sequence).collect();
    assert!(
        sequences.is_sorted_by(|earlier, later| earlier < later),
        "{sequences:?}"
    );
}

/// Runs one process after the other on one database, under continuous load.
async fn crash_repeatedly(database: &TestDatabase, receiver: &Receiver, endpoint: Value) {
    let rounds = number_from_env("PARTNER_API_CRASH_ROUNDS").unwrap_or(ROUNDS);
    let seed = number_from_env("PARTNER_API_CRASH_SEED").unwrap_or_else(rand::random);
    eprintln!("{rounds} rounds with PARTNER_API_CRASH_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut process = Process::start(database).await;
    let (account, key) = Account::ready(&process.http).await;
    let endpoints = "/v1/settings/webhook-endpoints";
    let session = account.session().await;
    session.post(endpoints, endpoint).await.expect(201);
    let load = Load::start("INV", &key, &[&process]);
    let life = if database.is_postgres() {
        LIFE_ON_POSTGRES
    } else {
        LIFE
    };
    let mut kills = Vec::new();
    for _ in 0..rounds {
        tokio::time::sleep(random.random_range(Duration::ZERO..life)).await;
        process.kill();
        kills.push(all_read(receiver).await);
        if random.random_ratio(1, 4) {
            Process::start_and_kill(database, random.random_range(Duration::ZERO..BOOT)).await;
            kills.push(all_read(receiver).await);
        }
        process = Process::start(database).await;
        load.at(&[&process]);
    }
    let accepted = load.end().await;
    wait_until_delivered(database, receiver, &accepted).await;
    database.expect_true_placement_counts().await;
    let repeats = repeats_by_kill(receiver, &kills);
    eprintln!(
        "{} kills in {rounds} rounds, {} events accepted and delivered, {} repeated; repeats by kill: {repeats:?}",
        kills.len(),
        accepted.len(),
        repeats.iter().sum::<usize>(),
    );
    assert!(
        repeats.iter().all(|count| *count <= MAX_UNRECORDED),
        "only deliveries in flight are repeated: {repeats:?}"
    );
}

/// Waits until everything that the killed process had sent has arrived. Returns the time then.
async fn all_read(receiver: &Receiver) -> Instant {
    receiver.catch_up().await;
    Instant::now()
}

/// The number of repeated deliveries by kill. A repeat counts for the first kill after its
/// acceptance.
fn repeats_by_kill(receiver: &Receiver, kills: &[Instant]) -> Vec<usize> {
    let life = |at: Instant| kills.partition_point(|kill| *kill <= at);
    let mut counts = vec![0; kills.len()];
    for repeat in receiver.repeats() {
        let (accepted, again) = (life(repeat.accepted_at), life(repeat.again_at));
        assert!(accepted < again, "sent twice by one process: {repeat:?}");
        counts[accepted] += 1;
    }
    counts
}

fn number_from_env(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}
