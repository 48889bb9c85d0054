//! The process of the callers. They send `POST /v1/placements`, each call under its own idempotency key.
//!
//! Calls are sent as fast as they are answered, or at a fixed rate.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::clock::Clock;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};

use super::support::client::Connection;
use super::support::cpu;
use super::support::latency::Latencies;

/// The instructions for a process of callers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LoadPlan {
    pub(crate) server: SocketAddr,
    /// API keys of the tenants. The callers use them in rotation.
    pub(crate) keys: Vec<String>,
    pub(crate) connections: u32,
    /// Calls per second, or `None` for as fast as they are answered.
    pub(crate) rate: Option<f64>,
    pub(crate) seconds: u64,
    /// Number of the first call. All calls of a bench have different numbers.
    pub(crate) first: u64,
}

/// The results of the calls.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CallReport {
    /// Number of responses by status. Status 0 is a lost connection.
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) elapsed_s: f64,
    pub(crate) answer_p50_us: f64,
    pub(crate) answer_p99_us: f64,
    /// How much later than due the calls were sent, p99.
    pub(crate) late_p99_us: f64,
    pub(crate) cpu_s: f64,
    /// For calls at a fixed rate: number, time sent and time answered, in microseconds since the epoch.
    pub(crate) timed: Vec<(u64, i64, i64)>,
}

impl CallReport {
    pub(crate) fn created(&self) -> u64 {
        self.statuses.get(&201).copied().unwrap_or(0)
    }
}

/// A running process of callers.
pub(crate) struct CallProcess(Child);

/// Starts callers in a separate process.
pub(crate) fn start(plan: &LoadPlan) -> CallProcess {
    let plan = serde_json::to_string(plan).expect("JSON");
    let child = Command::new(std::env::current_exe().expect("the path of this program"))
        .args(["child", "calls", &plan])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    CallProcess(child.expect("another process"))
}

impl CallProcess {
    /// Waits for the end of the process and returns its results.
    pub(crate) async fn report(self) -> CallReport {
        let output = self.0.wait_with_output().await.expect("the callers end");
        serde_json::from_slice(&output.stdout).expect("the callers' numbers")
    }
}

/// Runs the callers. This is the main function of the child process.
pub(crate) async fn run(plan: &str) {
    let plan: Arc<LoadPlan> = Arc::new(serde_json::from_str(plan).expect("plan"));
    let started = Instant::now();
    let tasks: Vec<_> = (0..plan.connections)
        .map(|number| tokio::spawn(Caller::new(&plan, number, started).call()))
        .collect();
    let mut all = Recorded::default();
    for task in tasks {
        all.merge(task.await.expect("a caller ends without a panic"));
    }
    let called = all.called(started.elapsed());
    println!("{}", serde_json::to_string(&called).expect("JSON"));
}

#[derive(Default)]
struct Recorded {
    statuses: BTreeMap<u16, u64>,
    answers: Latencies,
    late: Latencies,
    timed: Vec<(u64, i64, i64)>,
}

impl Recorded {
    fn merge(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.answers.merge(&other.answers);
        self.late.merge(&other.late);
        self.timed.extend(other.timed);
    }

    fn called(self, elapsed: Duration) -> CallReport {
        CallReport {
            statuses: self.statuses,
            elapsed_s: elapsed.as_secs_f64(),
            answer_p50_us: self.answers.percentile_us(50.0),
            answer_p99_us: self.answers.percentile_us(99.0),
            late_p99_us: self.late.percentile_us(99.0),
            cpu_s: cpu::own_s(),
            timed: self.timed,
        }
    }
}

/// The calls of one connection.
struct Caller {
    plan: Arc<LoadPlan>,
    clock: Clock,
    started: Instant,
    /// Time between two calls of this connection.
    interval: Option<Duration>,
    due: Instant,
    number: u64,
    recorded: Recorded,
}

impl Caller {
    fn new(plan: &Arc<LoadPlan>, connection: u32, started: Instant) -> Self {
        let interval = plan
            .rate
            .map(|rate| Duration::from_secs_f64(f64::from(plan.connections) / rate));
        let share = f64::from(connection) / f64::from(plan.connections);
        Self {
            plan: Arc::clone(plan),
            clock: Clock::system(),
            started,
            interval,
            due: started + interval.unwrap_or_default().mul_f64(share),
            number: plan.first + u64::from(connection),
            recorded: Recorded::default(),
        }
    }

    async fn call(mut self) -> Recorded {
        let end = self.started + Duration::from_secs(self.plan.seconds);
        let mut connection = self.connect().await;
        while self.next_is_before(end).await {
            let (path, json) = ("/v1/placements", placement(self.number));
            let idempotency = format!("bench-{}", self.number);
            let (asked, sent_us) = (Instant::now(), self.clock.mono_us());
            let answered = connection.post(path, self.key(), &idempotency, &json).await;
            self.record_call(answered.as_ref().copied().unwrap_or(0), asked, sent_us);
            if answered.is_err() {
                connection = self.connect().await;
            }
            self.number += u64::from(self.plan.connections);
        }
        self.recorded
    }

    async fn connect(&self) -> Connection {
        let opened = Connection::open(self.plan.server, None).await;
        opened.expect("connects")
    }

    /// Waits until the next call is due. Returns false if it is due after `end`.
    async fn next_is_before(&mut self, end: Instant) -> bool {
        let Some(interval) = self.interval else {
            return Instant::now() < end;
        };
        if self.due >= end {
            return false;
        }
        tokio::time::sleep_until(self.due.into()).await;
        self.recorded.late.record(self.due.elapsed());
        self.due += interval;
        true
    }

    fn key(&self) -> &str {
        let tenants = self.plan.keys.len() as u64;
        let tenant = usize::try_from(self.number % tenants).unwrap_or_default();
        &self.plan.keys[tenant]
    }

    fn record_call(&mut self, status: u16, asked: Instant, sent_us: i64) {
        *self.recorded.statuses.entry(status).or_default() += 1;
        self.recorded.answers.record(asked.elapsed());
        if self.interval.is_some() && status == 201 {
            let answered_us = self.clock.mono_us();
            self.recorded
                .timed
                .push((self.number, sent_us, answered_us));
        }
    }
}

/// The request body of a placement. Its webhook contains the invoice number.
fn placement(number: u64) -> String {
    format!(
        "{{\"invoice_amount\":\"7500.00\",\"invoice_number\":\"B-{number}\",\"invoice_date\":\"2026-01-01\",\
         \"due_date\":\"2026-02-01\",\"debtor\":{{\"company_name\":\"Late Payer Ltd\",\"primary_email\":\"ap@late.example\",\
         \"state\":\"NY\",\"external_debtor_ref\":\"D-{number}\"}}}}"
    )
}
