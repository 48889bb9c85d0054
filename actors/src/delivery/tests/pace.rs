//! scratch bench
use super::bench::benches;
use super::receiver::{Receiver, Reply};
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pace() {
    for bench in benches().await {
        let receiver = Receiver::start(|_, _| Reply::status(200)).await;
        let mut endpoints = Vec::new();
        for _ in 0..100 {
            let c = bench.creditor().await;
            endpoints.push((c, bench.endpoint(c, &receiver.url).await));
        }
        for (c, e) in &endpoints {
            bench.enqueue(*c, *e, 200, 1_000).await;
        }
        let tree = super::tree::start(&bench).await;
        let t = Instant::now();
        for (_, e) in &endpoints {
            tree.wake(*e);
        }
        loop {
            let n = receiver.count();
            if n >= 20_000 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let el = t.elapsed();
        tree.drain().await;
        eprintln!(
            "PACE pg={} {} in {:?} = {:.0}/s, drained {:?}, left {}",
            bench.db.is_postgres(),
            receiver.count(),
            el,
            20_000.0 / el.as_secs_f64(),
            t.elapsed(),
            bench.queue().await.len()
        );
    }
}
