//! Legitimate requests while wrong keys come at 5,000 a second from another process. The wrong secrets are for the prefix of
//! the very key that is at work and, by turns, for one that nobody has used yet.

use std::time::Duration;

use actors::clock::Clock;

use super::load_process::{self, Load};
use super::support::memory::resident_mib;
use super::support::seed;
use super::support::server::BenchServer;

const SECONDS: u64 = 20;
const FLOOD: f64 = 5_000.0;
const LEGITIMATE: Load = Load::Open {
    connections: 16,
    rate: 200.0,
};

pub(crate) async fn run() {
    println!("\n== flood: {FLOOD}/s of wrong keys for {SECONDS} s; legitimate load 200/s");
    let server = BenchServer::start(Clock::system()).await;
    let seeded = seed::creditors_at_full_cost(&server.url, 2).await;
    let path = format!("/v1/placements/{}", seeded[0].placement);
    let legitimate = || {
        load_process::start(
            LEGITIMATE,
            server.running.addr,
            SECONDS,
            &path,
            &seeded[0].key,
        )
    };
    legitimate().report().await;
    let calm = legitimate().report().await;
    println!(
        "  calm: p50 {:.0} us, p99 {:.0} us, memory {:.0} MiB",
        calm.p50_us,
        calm.p99_us,
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
        let during = legitimate().report().await;
        let flood = flood.report().await;
        let checks = server.running.api().key_bcrypt_checks() - checks;
        #[allow(clippy::cast_precision_loss)]
        let checks_a_second = checks as f64 / (SECONDS + 1) as f64;
        println!(
            "  from {from}: {:.0}/s answered {:?}; legitimate {:?} p50 {:.0} us, p99 {:.0} us ({:.2} of calm); \
             bcrypt {checks_a_second:.1}/s; memory {memory:.0} -> {:.0} MiB",
            flood.rate,
            flood.statuses,
            during.statuses,
            during.p50_us,
            during.p99_us,
            during.p99_us / calm.p99_us,
            resident_mib(),
        );
    }
    server.running.stop().await;
}
