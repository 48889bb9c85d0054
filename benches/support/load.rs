//! Load generators: closed loop (as fast as requests are answered) and open loop (at a fixed rate).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::Connection;
use super::latency::Latencies;

/// The responses of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) latencies: Latencies,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) elapsed: Duration,
}

impl Outcome {
    fn record(&mut self, status: u16, latency: Duration) {
        self.latencies.record(latency);
        *self.statuses.entry(status).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.latencies.merge(&other.latencies);
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }

    /// Responses per second.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Path and bearer token of the nth request.
pub(crate) type Ask = Arc<dyn Fn(u64) -> (String, String) + Send + Sync>;

/// The source address of the nth connection.
pub(crate) type Source = fn(u32) -> Option<IpAddr>;

/// A [`Source`] that leaves the choice to the system.
pub(crate) fn anywhere(_connection: u32) -> Option<IpAddr> {
    None
}

/// Sends the next request on each connection as soon as the previous one is answered.
pub(crate) async fn closed_loop(
    server: SocketAddr,
    connections: u32,
    lasting: Duration,
    ask: Ask,
) -> Outcome {
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let ask = Arc::clone(&ask);
            tokio::spawn(async move {
                let mut outcome = Outcome::default();
                let mut connection = Connection::open(server, None).await.expect("connects");
                let mut n = u64::from(number);
                while started.elapsed() < lasting {
                    let (path, bearer) = ask(n);
                    let sent_at = Instant::now();
                    let status = connection.get(&path, &bearer).await.expect("an answer");
                    outcome.record(status, sent_at.elapsed());
                    n += u64::from(connections);
                }
                outcome
            })
        })
        .collect();
    gather(tasks, started).await
}

/// Alternates between two requests on one connection, so that other load on the machine affects both equally.
pub(crate) async fn alternating(
    server: SocketAddr,
    lasting: Duration,
    asks: [(String, String); 2],
) -> [Outcome; 2] {
    let started = Instant::now();
    let mut outcomes = [Outcome::default(), Outcome::default()];
    let mut connection = Connection::open(server, None).await.expect("connects");
    while started.elapsed() < lasting {
        for (outcome, (path, bearer)) in outcomes.iter_mut().zip(&asks) {
            let sent_at = Instant::now();
            let status = connection.get(path, bearer).await.expect("an answer");
            outcome.record(status, sent_at.elapsed());
        }
    }
    for outcome in &mut outcomes {
        outcome.elapsed = started.elapsed();
    }
    outcomes
}

/// Sends `rate` requests per second over `connections`, each with its own fixed interval.
///
/// Latency counts from when a request was due. So a slow response also counts for the requests that it delays.
pub(crate) async fn open_loop(
    server: SocketAddr,
    connections: u32,
    rate: f64,
    lasting: Duration,
    source: Source,
    ask: Ask,
) -> Outcome {
    let started = Instant::now();
    let interval = Duration::from_secs_f64(f64::from(connections) / rate);
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let ask = Arc::clone(&ask);
            tokio::spawn(async move {
                let mut outcome = Outcome::default();
                let mut connection = Connection::open(server, source(number))
                    .await
                    .expect("connects");
                let mut due =
                    started + interval.mul_f64(f64::from(number) / f64::from(connections));
                let mut n = u64::from(number);
                while due < started + lasting {
                    tokio::time::sleep_until(due.into()).await;
                    let (path, bearer) = ask(n);
                    let status = connection.get(&path, &bearer).await.expect("an answer");
                    outcome.record(status, due.elapsed());
                    due += interval;
                    n += u64::from(connections);
                }
                outcome
            })
        })
        .collect();
    gather(tasks, started).await
}

async fn gather(tasks: Vec<tokio::task::JoinHandle<Outcome>>, started: Instant) -> Outcome {
    let mut all = Outcome::default();
    for task in tasks {
        all.merge(
            &task
                .await
                .expect("the task of a connection ends without a panic"),
        );
    }
    all.elapsed = started.elapsed();
    all
}
