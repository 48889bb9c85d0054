//! Every route that changes something, through every fault of the database, at every point that it reaches.
//!
//! For each case: a 2xx has taken effect completely, a refusal has left nothing, `outcome_unknown` is one of both, and
//! afterwards the same request works without a restart. A new route that changes something must be added to
//! `fault_points/requests.rs`, or the test fails.
//!
//! By default a seeded part of the cases runs. `PARTNER_API_FAULT_POINTS=all` runs every case.

mod requests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actors::Timeouts;
use actors::faults::{Cause, Fault};

use self::requests::{Prepared, ROUTES, World};
use crate::harness::server::config;
use crate::harness::{Response, TestDatabase, TestServer, eventually, on_both_backends};

on_both_backends!(
    no_fault_at_any_point_loses_or_doubles_a_change,
    health_is_red_while_writes_are_refused,
);

/// What happens at a point.
const FAULTS: [Fault; 7] = [
    Fault::Refused(Cause::Exhausted),
    Fault::Refused(Cause::Unavailable),
    Fault::Refused(Cause::Permanent),
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::Hangs,
    Fault::AnswerHangs,
];
/// Without `PARTNER_API_FAULT_POINTS=all`, only one in this many cases runs.
const SAMPLE: usize = 29;

/// The tables that requests change. Those that background work changes are left out.
const TABLES: [&str; 17] = [
    "agreement_acceptance",
    "api_key",
    "audit_event",
    "creditor",
    "dispute",
    "gate",
    "idempotency_record",
    "message",
    "onboarding_event",
    "payment",
    "placement",
    "placement_history",
    "provider_account",
    "session",
    "webhook_endpoint",
    "webhook_recovery",
    "webhook_secret",
];

/// The number of rows of each table.
async fn rows(database: &TestDatabase) -> BTreeMap<&'static str, i64> {
    let counts = TABLES.map(|table| format!("SELECT count(*) FROM {table}"));
    let counts = database.column(&counts.join(" UNION ALL ")).await;
    TABLES.into_iter().zip(counts).collect()
}

/// How many rows each table has more than `before`. Tables without a difference are left out.
async fn added(
    database: &TestDatabase,
    before: &BTreeMap<&'static str, i64>,
) -> BTreeMap<&'static str, i64> {
    let mut added = rows(database).await;
    for (table, count) in &mut added {
        *count -= before[table];
    }
    added.retain(|_, count| *count != 0);
    added
}

/// A server that does not wait long for its database.
async fn impatient_server(database: &TestDatabase) -> TestServer {
    let mut config = config(database);
    config.settings.database_timeouts = Timeouts {
        acquire: Duration::from_millis(800),
        statement: Duration::from_millis(500),
        transaction: Duration::from_millis(700),
    };
    TestServer::start_with(config).await
}

async fn no_fault_at_any_point_loses_or_doubles_a_change(database: TestDatabase) {
    let all = std::env::var("PARTNER_API_FAULT_POINTS").is_ok_and(|value| value == "all");
    let server = impatient_server(&database).await;
    let world = World::new(&server).await;
    requests::every_changing_route_is_listed(&server).await;
    let (mut cases, mut skipped, mut unknown, mut refused) = (0, 0, 0, 0);
    for route in ROUTES {
        let reference = reference(&database, &server, &world, route).await;
        for point in 0..reference.points {
            for fault in FAULTS {
                skipped += 1;
                if !all && skipped % SAMPLE != 0 {
                    continue;
                }
                cases += 1;
                let case = format!("{route}, point {point}, {fault:?}");
                let prepared = prepare(&database, &world, route).await;
                let before = rows(&database).await;
                let reached = Arc::new(AtomicUsize::new(0));
                let count = Arc::clone(&reached);
                server.running.api().database_faults().inject(move |_| {
                    (count.fetch_add(1, Ordering::SeqCst) == point).then_some(fault)
                });
                let answer = prepared.send().await;
                server.running.api().database_faults().end();
                let added = added(&database, &before).await;
                match answer.status {
                    // Each line of a bulk change has a result of its own.
                    200..=299 if answer.body["results"][0]["ok"] == false => {
                        refused += 1;
                        assert!(added.is_empty(), "{case}: {} left {added:?}", answer.body);
                    }
                    200..=299 => assert_eq!(added, reference.added, "{case}: {}", answer.body),
                    503 if answer.code() == "outcome_unknown" => {
                        unknown += 1;
                        let is_known = added.is_empty() || added == reference.added;
                        assert!(is_known, "{case}: {added:?}");
                        if prepared.has_key() {
                            until_it_succeeds(&prepared, &case).await;
                            let added = self::added(&database, &before).await;
                            assert_eq!(added, reference.added, "{case}, sent again");
                        }
                    }
                    _ => {
                        refused += 1;
                        assert!(
                            is_refusal(&answer),
                            "{case}: {} {}",
                            answer.status,
                            answer.body
                        );
                        assert!(added.is_empty(), "{case}: {} left {added:?}", answer.status);
                    }
                }
                works_again(&world, route, &case).await;
            }
        }
    }
    database.expect_true_placement_counts().await;
    assert!(
        refused > 0 && unknown > 0,
        "{refused} refused, {unknown} unknown"
    );
    eprintln!(
        "{} routes, {cases} of {skipped} cases, {refused} refused, {unknown} with an unknown outcome, 0 violations",
        ROUTES.len()
    );
    server.stop().await;
}

fn is_refusal(answer: &Response) -> bool {
    match answer.status {
        503 => answer.code() == "overloaded" && answer.header("retry-after").is_some(),
        500 => answer.code() == "internal_error",
        _ => false,
    }
}

/// What the request does without a fault.
struct Reference {
    /// How many points it reaches.
    points: usize,
    added: BTreeMap<&'static str, i64>,
}

async fn reference(
    database: &TestDatabase,
    server: &TestServer,
    world: &World,
    route: &str,
) -> Reference {
    let mut last = None;
    // Background work also reaches points, so the smallest number counts.
    let mut points = usize::MAX;
    for _ in 0..3 {
        let prepared = prepare(database, world, route).await;
        let before = rows(database).await;
        let reached = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reached);
        server.running.api().database_faults().inject(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            None
        });
        let answer = prepared.send().await;
        server.running.api().database_faults().end();
        assert!(
            (200..300).contains(&answer.status),
            "{route}: {}",
            answer.body
        );
        let added = added(database, &before).await;
        assert!(!added.is_empty(), "{route} changes something");
        if let Some(last) = last.replace(added.clone()) {
            assert_eq!(last, added, "{route} always does the same");
        }
        points = points.min(reached.load(Ordering::SeqCst));
    }
    let added = last.unwrap_or_default();
    Reference { points, added }
}

async fn prepare(database: &TestDatabase, world: &World, route: &str) -> Prepared {
    if route.ends_with("/recover") {
        // A creditor may have only a few recoveries at once.
        let running = "SELECT count(*) FROM webhook_recovery WHERE state <> 'done'";
        eventually("the recoveries of the cases before end", || async {
            (database.number(running).await == 0).then_some(())
        })
        .await;
    }
    world.prepare(route).await
}

async fn until_it_succeeds(prepared: &Prepared, case: &str) {
    eventually(
        &format!("the same request succeeds after {case}"),
        || async {
            let answer = prepared.send().await;
            (200..300).contains(&answer.status).then_some(())
        },
    )
    .await;
}

async fn works_again(world: &World, route: &str, case: &str) {
    eventually(&format!("works again after {case}"), || async {
        let answer = world.prepare(route).await.send().await;
        (200..300).contains(&answer.status).then_some(())
    })
    .await;
}

async fn health_is_red_while_writes_are_refused(database: TestDatabase) {
    use actors::faults::Point;
    let server = impatient_server(&database).await;
    let world = World::new(&server).await;
    let place = "POST /v1/placements";
    for cause in [Cause::Exhausted, Cause::Unavailable, Cause::Lost] {
        server.running.api().database_faults().inject(move |point| {
            let ends = matches!(point, Point::Commit | Point::Write);
            ends.then_some(Fault::Refused(cause))
        });
        let prepared = world.prepare(place).await;
        let answer = prepared.send().await;
        assert_eq!(answer.status, 503, "{cause:?}: {}", answer.body);
        let deep = server.http.get("/health/deep").await;
        assert_eq!(deep.status, 503, "{cause:?}: {}", deep.body);
        assert_eq!(deep.body["database"], "refuses writes");
        server.http.get("/health").await.expect(200);
        world.key.get("/v1/placements").await.expect(200);
        server.running.api().database_faults().end();
        eventually("health is green without a request", || async {
            (server.http.get("/health/deep").await.status == 200).then_some(())
        })
        .await;
        works_again(&world, place, "the refusal").await;
    }
    server.stop().await;
}
