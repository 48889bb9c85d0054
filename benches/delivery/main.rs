//! Benchmarks of webhook delivery: throughput, cost and latency from the API call to the arrival, and the effects of a
//! long queue and of slow receivers.
//!
//! `cargo bench --bench delivery --features bench -- <what>`, on SQLite or on the Postgres server of
//! `BENCH_DATABASE_URL`:
//!
//! ```text
//! throughput [seconds=60] [tenants=100] [connections=1024]
//! drain [rows=200000] [endpoints=200]
//! drain-deep [rows=1000000] [endpoints=200]
//! drain-snapshot [rows=200000] [endpoints=200]
//! latency [rate=100|500] [seconds=30]
//! slow-receivers [seconds=60] [rate=300] [rows=500000]
//! ```
//!
//! The server runs in this process. The receiver and the callers are separate processes on the same machine. All of
//! them and the database share its cores. See `docs/benchmarks.md`.

#![allow(clippy::expect_used, clippy::print_stdout)]

// Other benches use the rest of this module.
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;

/// The allocator of the server binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod backlog;
mod calls;
mod cpu_by_process;
mod drain;
mod latency;
mod options;
mod rows_per_call;
mod setup;
mod sink_client;
mod sink_counters;
mod sink_process;
mod slow_receiver;
mod throughput;
mod timing;

use options::Options;
use tokio::runtime::Builder;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let what = arguments.next().unwrap_or_default();
    if what == "child" {
        // One thread, so that child processes use little CPU time.
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(child(arguments.collect()));
        return;
    }
    let options = Options::read(arguments);
    let runtime = partner_api::threads::start().expect("a runtime");
    runtime.block_on(measure(&what, &options));
}

async fn measure(what: &str, options: &Options) {
    match what {
        "throughput" => throughput::run(options).await,
        "drain" => drain::run(options).await,
        "drain-deep" => drain::deep(options).await,
        "drain-snapshot" => drain::snapshot(options).await,
        "latency" => latency::run(options).await,
        "slow-receivers" => slow_receiver::run(options).await,
        other => println!(
            "no bench is called {other:?}: throughput, drain, drain-deep, drain-snapshot, latency or slow-receivers"
        ),
    }
}

async fn child(arguments: Vec<String>) {
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["sink", manner] => sink_process::run(*manner == "timing").await,
        ["calls", plan] => calls::run(plan).await,
        _ => println!("child processes are started by the bench itself"),
    }
}

/// Prints one result with its unit.
fn say(name: &str, value: f64, unit: &str) {
    let digits = match value.abs() {
        small if small < 10.0 => 3,
        middling if middling < 1_000.0 => 1,
        _ => 0,
    };
    println!("  {name}: {value:.digits$} {unit}");
}

/// Converts a count. All counts are small enough to be exact as `f64`.
#[allow(clippy::cast_precision_loss)]
fn number(count: u64) -> f64 {
    count as f64
}
