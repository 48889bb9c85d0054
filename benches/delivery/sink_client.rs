//! Starts the process of the sink and queries its counters.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::sink_counters::SinkReport;
use super::support::client::Connection;

/// Poll interval.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A running sink. It ends on drop.
pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    connection: Connection,
    _process: Child,
}

impl Receiver {
    /// Starts a sink. With `timing`, it records the time of each arrival.
    pub(crate) async fn start(timing: bool) -> Self {
        let manner = if timing { "timing" } else { "counting" };
        let mut process = Command::new(std::env::current_exe().expect("the path of this program"))
            .args(["child", "sink", manner])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a second process");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line).await;
        read.expect("the first line");
        let addr = line.trim().parse().expect("an address");
        Self {
            addr,
            connection: Connection::open(addr, None).await.expect("connects"),
            _process: process,
        }
    }

    pub(crate) async fn report(&mut self) -> SinkReport {
        self.ask("/report").await
    }

    /// Call number and arrival time of the webhooks since the last query, in microseconds since the epoch.
    pub(crate) async fn arrivals(&mut self) -> Vec<(u64, i64)> {
        self.ask("/arrivals").await
    }

    async fn ask<T: serde::de::DeserializeOwned>(&mut self, path: &str) -> T {
        let status = self.connection.get(path, "").await;
        assert_eq!(status.expect("an answer"), 200);
        serde_json::from_slice(self.connection.body()).expect("a report")
    }

    /// Waits until `unique` webhooks have arrived, at most for `at_most`. Returns the last report.
    pub(crate) async fn wait_for(&mut self, unique: u64, at_most: Duration) -> SinkReport {
        let deadline = Instant::now() + at_most;
        loop {
            let report = self.report().await;
            if report.unique >= unique || Instant::now() > deadline {
                return report;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Measures the arrival of `rows` more webhooks, at most for `at_most`.
    pub(crate) async fn watch(&mut self, rows: u64, at_most: Duration) -> Watched {
        let deadline = Instant::now() + at_most;
        let before = self.report().await;
        let (early, late) = (before.unique + rows / 20, before.unique + rows - rows / 20);
        let mut first = self.wait_for(early, at_most).await;
        let left = deadline.saturating_duration_since(Instant::now());
        let last = self.wait_for(late, left).await;
        let left = deadline.saturating_duration_since(Instant::now());
        let end = self.wait_for(before.unique + rows, left).await;
        if last.unique <= first.unique {
            first = before; // too few arrivals: use the whole time
        }
        Watched {
            rate: rate(&first, &last),
            arrived: end.unique - before.unique,
            duplicates: end.duplicates - before.duplicates,
        }
    }
}

/// Arrivals per second between two reports.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn rate(from: &SinkReport, to: &SinkReport) -> f64 {
    let seconds = (to.at_us - from.at_us) as f64 / 1e6;
    (to.unique - from.unique) as f64 / seconds.max(1e-6)
}

/// The result of [`Receiver::watch`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    /// Arrivals per second, without the first and the last twentieth, which are not a steady state.
    pub(crate) rate: f64,
    pub(crate) arrived: u64,
    pub(crate) duplicates: u64,
}
