//! Two kinds of load: as fast as it goes over so many connections, and at a rate that does not wait for answers.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::Connection;
use super::latency::Latencies;

/// What came back.
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

    /// Answers a second.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.elapsed.as_secs_f64()
    }
}

/// What to ask: path and bearer token of the nth request.
pub(crate) type Ask = Arc<dyn Fn(u64) -> (String, String) + Send + Sync>;

/// Where connections come from: the source address of the nth one.
pub(crate) type Source = fn(u32) -> Option<IpAddr>;

/// No particular address.
pub(crate) fn anywhere(_connection: u32) -> Option<IpAddr> {
    None
}

/// Asks over each connection again as soon as it is answered.
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
                    let asked = Instant::now();
                    let status = connection.get(&path, &bearer).await.expect("an answer");
                    outcome.record(status, asked.elapsed());
                    n += u64::from(connections);
                }
                outcome
            })
        })
        .collect();
    gather(tasks, started).await
}

/// Asks two questions by turns over one connection: whatever else the machine does, it does to both.
pub(crate) async fn by_turns(
    server: SocketAddr,
    lasting: Duration,
    asks: [(String, String); 2],
) -> [Outcome; 2] {
    let started = Instant::now();
    let mut outcomes = [Outcome::default(), Outcome::default()];
    let mut connection = Connection::open(server, None).await.expect("connects");
    while started.elapsed() < lasting {
        for (outcome, (path, bearer)) in outcomes.iter_mut().zip(&asks) {
            let asked = Instant::now();
            let status = connection.get(path, bearer).await.expect("an answer");
            outcome.record(status, asked.elapsed());
        }
    }
    for outcome in &mut outcomes {
        outcome.elapsed = started.elapsed();
    }
    outcomes
}

/// Asks `rate` times a second over `connections`, each at its own steady beat. Latency counts from when a request was due,
/// so an answer that holds up the next request is not forgotten.
pub(crate) async fn open_loop(
    server: SocketAddr,
    connections: u32,
    rate: f64,
    lasting: Duration,
    source: Source,
    ask: Ask,
) -> Outcome {
    let started = Instant::now();
    let beat = Duration::from_secs_f64(f64::from(connections) / rate);
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let ask = Arc::clone(&ask);
            tokio::spawn(async move {
                let mut outcome = Outcome::default();
                let mut connection = Connection::open(server, source(number))
                    .await
                    .expect("connects");
                let mut due = started + beat.mul_f64(f64::from(number) / f64::from(connections));
                let mut n = u64::from(number);
                while due < started + lasting {
                    tokio::time::sleep_until(due.into()).await;
                    let (path, bearer) = ask(n);
                    let status = connection.get(&path, &bearer).await.expect("an answer");
                    outcome.record(status, due.elapsed());
                    due += beat;
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
        all.merge(&task.await.expect("a connection's task ends well"));
    }
    all.elapsed = started.elapsed();
    all
}
