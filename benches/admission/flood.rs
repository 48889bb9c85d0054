//! Latency of valid requests while another process sends 5,000 wrong keys per second.
//!
//! The wrong secrets are alternately for the prefix of the key in use and for the prefix of an unused key.

use std::time::Duration;

use actors::clock::Clock;

use super::load_process::{self, Load};
use super::support::memory::resident_mib;
use super::support::seed;
use super::support::server::BenchServer;

const SECONDS: u64 = 20;
const FLOOD: f64 = 5_000.0;
const VALID_LOAD: Load = Load::Open {
    connections: 16,
    rate: 200.0,
};

pub(crate) async fn run() {
    println!("\n== flood: {FLOOD}/s wrong keys for {SECONDS} s; valid load 200/s");
    let server = BenchServer::start(Clock::system()).await;
    let seeded = seed::creditors_at_full_cost(&server.url, 2).await;
    let path = format!("/v1/placements/{}", seeded[0].placement);
    let send_valid = || {
        load_process::start(
            VALID_LOAD,
            server.running.addr,
            SECONDS,
            &path,
            &seeded[0].key,
        )
    };
    send_valid().report().await;
    let baseline = send_valid().report().await;
    println!(
        "  baseline: p50 {:.0} us, p99 {:.0} us, memory {:.0} MiB",
        baseline.p50_us,
        baseline.p99_us,
        resident_mib()
    );
    let floods = [
        ("one address", Load::Flood { rate: FLOOD }),
        ("200 addresses", Load::WideFlood { rate: FLOOD }),
    ];
    for (from, flood) in floods {
        let (checks, memory) = (server.running.api().key_bcrypt_checks(), resident_mib());
        let flood = load_process::start(
            flood,
            server.running.addr,
            SECONDS + 1,
            &path,
            &format!("{},{}", seeded[0].key, seeded[1].key),
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        let during = send_valid().report().await;
        let flood = flood.report().await;
        let checks = server.running.api().key_bcrypt_checks() - checks;
        #[allow(clippy::cast_precision_loss)]
        let checks_per_second = checks as f64 / (SECONDS + 1) as f64;
        println!(
            "  from {from}: {:.0}/s answered {:?}; valid {:?} p50 {:.0} us, p99 {:.0} us ({:.2} of baseline); \
             bcrypt {checks_per_second:.1}/s; memory {memory:.0} -> {:.0} MiB",
            flood.rate,
            flood.statuses,
            during.statuses,
            during.p50_us,
            during.p99_us,
            during.p99_us / baseline.p99_us,
            resident_mib(),
        );
    }
    server.running.stop().await;
}
