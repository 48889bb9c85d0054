//! Benchmarks of admission: overhead, rate, floods of wrong keys, and memory.
//!
//! `cargo bench --bench admission --features bench -- read|admit [tenants]|flood|timing|memory`. Without an argument,
//! all of them run in sequence. Ratios are measured in one run. Load comes from a second process on the same machine,
//! so the load generator and the server share its cores.

#![allow(clippy::expect_used, clippy::print_stdout)]

// Other benches use the rest of this module.
#[allow(dead_code)]
#[path = "../support/mod.rs"]
mod support;

/// The allocator of the server binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod admit;
mod flood;
mod load_process;
mod memory;
mod read_overhead;
mod timing;
mod wrong_keys;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"));
    let what = arguments.next();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match what.as_deref() {
            Some("child") => load_process::run(arguments.collect()).await,
            Some("read") => read_overhead::run().await,
            Some("admit") => {
                let only = arguments.next().and_then(|count| count.parse().ok());
                admit::run(only).await;
            }
            Some("flood") => flood::run().await,
            Some("timing") => timing::run().await,
            Some("memory") => memory::run().await,
            Some(other) => {
                println!("no bench is called {other}: read, admit, flood, timing or memory");
            }
            None => {
                read_overhead::run().await;
                admit::run(None).await;
                flood::run().await;
                timing::run().await;
                memory::run().await;
            }
        }
    });
}
