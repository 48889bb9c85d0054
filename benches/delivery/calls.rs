//! The callers' process: `POST /v1/placements`, each call under its own idempotency key, as fast as they are answered or at a
//! rate that does not wait for answers.

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

/// What a callers' process is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orders {
    pub(crate) server: SocketAddr,
    /// Of the tenants, who call by turns.
    pub(crate) keys: Vec<String>,
    pub(crate) connections: u32,
    /// Calls a second; `None` is as fast as they are answered.
    pub(crate) rate: Option<f64>,
    pub(crate) seconds: u64,
    /// Number of the first call: no two calls of a bench may have the same.
    pub(crate) first: u64,
}

/// What came of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Called {
    /// 0 is a connection that was lost.
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) elapsed_s: f64,
    pub(crate) answer_p50_us: f64,
    pub(crate) answer_p99_us: f64,
    /// By how much calls were sent later than they were due.
    pub(crate) late_p99_us: f64,
    pub(crate) cpu_s: f64,
    /// Of calls at a rate: number, when it was sent, when it was answered, microseconds since the epoch.
    pub(crate) timed: Vec<(u64, i64, i64)>,
}

impl Called {
    pub(crate) fn created(&self) -> u64 {
        self.statuses.get(&201).copied().unwrap_or(0)
    }
}

/// Callers at work.
pub(crate) struct Calling(Child);

/// Starts callers in a process of their own.
pub(crate) fn start(orders: &Orders) -> Calling {
    let orders = serde_json::to_string(orders).expect("JSON");
    let child = Command::new(std::env::current_exe().expect("this very program"))
        .args(["child", "calls", &orders])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    Calling(child.expect("another process"))
}

impl Calling {
    /// Waits for the end.
    pub(crate) async fn report(self) -> Called {
        let output = self.0.wait_with_output().await.expect("the callers end");
        serde_json::from_slice(&output.stdout).expect("the callers' numbers")
    }
}

/// The callers' side.
pub(crate) async fn run(orders: &str) {
    let orders: Arc<Orders> = Arc::new(serde_json::from_str(orders).expect("orders"));
    let started = Instant::now();
    let tasks: Vec<_> = (0..orders.connections)
        .map(|number| tokio::spawn(Caller::new(&orders, number, started).call()))
        .collect();
    let mut all = Noted::default();
    for task in tasks {
        all.merge(task.await.expect("a caller ends well"));
    }
    let called = all.called(started.elapsed());
    println!("{}", serde_json::to_string(&called).expect("JSON"));
}

#[derive(Default)]
struct Noted {
    statuses: BTreeMap<u16, u64>,
    answers: Latencies,
    late: Latencies,
    timed: Vec<(u64, i64, i64)>,
}

impl Noted {
    fn merge(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.answers.merge(&other.answers);
        self.late.merge(&other.late);
        self.timed.extend(other.timed);
    }

    fn called(self, elapsed: Duration) -> Called {
        Called {
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

/// One connection's share of the calls.
struct Caller {
    orders: Arc<Orders>,
    clock: Clock,
    started: Instant,
    /// From one call of this connection to the next.
    beat: Option<Duration>,
    due: Instant,
    number: u64,
    noted: Noted,
}

impl Caller {
    fn new(orders: &Arc<Orders>, connection: u32, started: Instant) -> Self {
        let beat = orders
            .rate
            .map(|rate| Duration::from_secs_f64(f64::from(orders.connections) / rate));
        let share = f64::from(connection) / f64::from(orders.connections);
        Self {
            orders: Arc::clone(orders),
            clock: Clock::system(),
            started,
            beat,
            due: started + beat.unwrap_or_default().mul_f64(share),
            number: orders.first + u64::from(connection),
            noted: Noted::default(),
        }
    }

    async fn call(mut self) -> Noted {
        let end = self.started + Duration::from_secs(self.orders.seconds);
        let mut connection = self.connect().await;
        while self.next_is_before(end).await {
            let (path, json) = ("/v1/placements", placement(self.number));
            let idempotency = format!("bench-{}", self.number);
            let (asked, sent_us) = (Instant::now(), self.clock.now_us());
            let answered = connection.post(path, self.key(), &idempotency, &json).await;
            self.note(answered.as_ref().copied().unwrap_or(0), asked, sent_us);
            if answered.is_err() {
                connection = self.connect().await;
            }
            self.number += u64::from(self.orders.connections);
        }
        self.noted
    }

    async fn connect(&self) -> Connection {
        let opened = Connection::open(self.orders.server, None).await;
        opened.expect("connects")
    }

    /// Waits until the next call is due.
    async fn next_is_before(&mut self, end: Instant) -> bool {
        let Some(beat) = self.beat else {
            return Instant::now() < end;
        };
        if self.due >= end {
            return false;
        }
        tokio::time::sleep_until(self.due.into()).await;
        self.noted.late.record(self.due.elapsed());
        self.due += beat;
        true
    }

    fn key(&self) -> &str {
        let tenants = self.orders.keys.len() as u64;
        let tenant = usize::try_from(self.number % tenants).unwrap_or_default();
        &self.orders.keys[tenant]
    }

    fn note(&mut self, status: u16, asked: Instant, sent_us: i64) {
        *self.noted.statuses.entry(status).or_default() += 1;
        self.noted.answers.record(asked.elapsed());
        if self.beat.is_some() && status == 201 {
            let answered_us = self.clock.now_us();
            self.noted.timed.push((self.number, sent_us, answered_us));
        }
    }
}

/// What a partner sends; the webhook carries the invoice's number.
fn placement(number: u64) -> String {
    format!(
        "{{\"invoice_amount\":\"7500.00\",\"invoice_number\":\"B-{number}\",\"invoice_date\":\"2026-01-01\",\
         \"due_date\":\"2026-02-01\",\"debtor\":{{\"company_name\":\"Late Payer Ltd\",\"primary_email\":\"ap@late.example\",\
         \"state\":\"NY\",\"external_debtor_ref\":\"D-{number}\"}}}}"
    )
}
