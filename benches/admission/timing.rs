//! Time to refuse each kind of wrong key. Differences could tell an attacker whether a prefix exists.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use actors::RouteRequirements;
use actors::clock::Clock;

use super::support::latency::Latencies;
use super::support::seed;
use super::support::server::BenchServer;
use super::wrong_keys;

const TRIES: u32 = 2_000;
const NEEDS: RouteRequirements = RouteRequirements {
    writes: false,
    cost: 1,
};

pub(crate) async fn run() {
    println!("\n== timing: refusal of wrong keys, each from a different address");
    let server = BenchServer::start(Clock::system()).await;
    let seeded = seed::creditors_at_full_cost(&server.url, 1).await.remove(0);
    let api = server.running.api();
    let kinds: [(&str, &dyn Fn() -> String); 3] = [
        ("wrong checksum", &wrong_keys::wrong_checksum),
        ("unknown prefix", &wrong_keys::unknown_prefix),
        ("wrong secret", &|| wrong_keys::wrong_secret(&seeded.prefix)),
    ];
    for (network, (kind, make)) in (10..).zip(kinds) {
        let mut latencies = Latencies::default();
        for n in 0..TRIES {
            // A new address for each attempt, because repeated failures would be throttled.
            let address = IpAddr::V4(Ipv4Addr::from_bits((network << 24) + n));
            let key = make();
            let asked = Instant::now();
            let refused = api.admit(&key, address, NEEDS).await.expect_err("refused");
            latencies.record(asked.elapsed());
            assert_eq!(refused.error, actors::ApiError::InvalidApiKey);
        }
        let (p50, p99) = (latencies.percentile_us(50.0), latencies.percentile_us(99.0));
        println!("  {kind:<15} p50 {p50:>6.0} us, p99 {p99:>6.0} us");
    }
    server.running.stop().await;
}
