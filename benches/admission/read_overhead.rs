//! Compares `GET /v1/placements/{id}` with the same read without admission, alternating in one run.

use actors::clock::Clock;

use super::load_process::{self, Load, Report};
use super::support::seed;
use super::support::server::BenchServer;

const ROUNDS: usize = 5;
const SECONDS: u64 = 4;
/// Many short measurements, because the speed of the machine changes over time.
const RATIOS: usize = 15;
const RATIO_SECONDS: u64 = 2;

pub(crate) async fn run() {
    println!("\n== read: GET /v1/placements/{{id}} with and without admission");
    let server = BenchServer::start(Clock::system()).await;
    let addr = server.running.addr;
    let seeded = seed::creditors(&server.url, 1).await.remove(0);
    let with = format!("/v1/placements/{}", seeded.placement);
    let without = format!("/bench/{}/placements/{}", seeded.creditor, seeded.placement);
    let both = format!("{without},{with}");
    let mut added = Vec::new();
    for _ in 0..ROUNDS {
        let [bare, admitted] = load_process::start(Load::Turns, addr, SECONDS, &both, &seeded.key)
            .reports()
            .await;
        all_ok(&[&bare, &admitted]);
        println!(
            "  one connection, alternating: p50 without {:.0} us, with {:.0} us",
            bare.p50_us, admitted.p50_us
        );
        added.push(admitted.p50_us - bare.p50_us);
    }
    println!("  added p50, median of {ROUNDS}: {:.0} us", median(added));
    let mut ratios = Vec::new();
    let load = Load::Closed { connections: 16 };
    let rate = async |path: &str| {
        let report = load_process::start(load, addr, RATIO_SECONDS, path, &seeded.key)
            .report()
            .await;
        all_ok(&[&report]);
        report.rate
    };
    for round in 0..RATIOS {
        // The order alternates, because the first measurement finds a colder machine.
        let (bare, admitted) = if round % 2 == 0 {
            let bare = rate(&without).await;
            (bare, rate(&with).await)
        } else {
            let admitted = rate(&with).await;
            (rate(&without).await, admitted)
        };
        println!("  16 connections: without {bare:.0}/s, with {admitted:.0}/s");
        ratios.push(admitted / bare);
    }
    println!(
        "  throughput ratio, median of {RATIOS}: {:.3}",
        median(ratios)
    );
    server.running.stop().await;
}

fn all_ok(reports: &[&Report]) {
    for report in reports {
        assert_eq!(
            report.statuses.keys().collect::<Vec<_>>(),
            ["200"],
            "every answer is a 200"
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
