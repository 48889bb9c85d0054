//! `GET /v1/placements/{id}` against the same read without admission, in one run, by turns.

use actors::clock::Clock;

use super::child::{self, Load, Report};
use super::support::seed;
use super::support::server::BenchServer;

const ROUNDS: usize = 5;
const SECONDS: u64 = 4;

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
        let [bare, admitted] = child::start(Load::Turns, addr, SECONDS, &both, &seeded.key)
            .reports()
            .await;
        all_ok(&[&bare, &admitted]);
        println!(
            "  one connection, by turns: p50 without {:.0} us, with {:.0} us",
            bare.p50_us, admitted.p50_us
        );
        added.push(admitted.p50_us - bare.p50_us);
    }
    println!("  added p50, median of {ROUNDS}: {:.0} us", median(added));
    let mut ratios = Vec::new();
    let load = Load::Closed { connections: 16 };
    for _ in 0..ROUNDS {
        let bare = child::start(load, addr, SECONDS, &without, &seeded.key)
            .report()
            .await;
        let admitted = child::start(load, addr, SECONDS, &with, &seeded.key)
            .report()
            .await;
        all_ok(&[&bare, &admitted]);
        println!(
            "  16 connections: without {:.0}/s, with {:.0}/s",
            bare.rate, admitted.rate
        );
        ratios.push(admitted.rate / bare.rate);
    }
    println!(
        "  throughput ratio, median of {ROUNDS}: {:.3}",
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
