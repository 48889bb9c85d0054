//! The rate at which an existing queue is delivered: a short one, a long one, and one while another connection holds an
//! old snapshot.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, IsolationLevel, TransactionTrait as _};

use super::backlog::{Backlog, enable};
use super::options::Options;
use super::setup::{Setup, connect, healthy};
use super::sink_client::Watched;
use super::{number, say};

const HOOKS: &str = "/hook/";
/// The longest measurement of a queue.
const MAX_DURATION: Duration = Duration::from_secs(150);
/// Deliveries that open connections and load endpoints before the measurement.
const WARM_UP: u64 = 20_000;
/// Rows of a short queue. All endpoints together have 6,400 leases. Sends on these leases before the first outcome is
/// recorded are faster than the steady state, so the queue must be much longer.
const FEW: u64 = 100_000;
/// Measured deliveries of a long queue.
const WATCHED: u64 = 200_000;

/// Measures the rate over all rows.
pub(crate) async fn run(options: &Options) {
    let (mut setup, rows) = start("drain", options, 200_000).await;
    let mut backlog = Backlog::begin();
    let drained = drain(&mut setup, &mut backlog, rows, rows).await;
    print_watched("delivered", &drained);
    setup.stop().await;
}

/// Compares the rate of a long queue with the rate of a short queue.
pub(crate) async fn deep(options: &Options) {
    let (mut setup, rows) = start("drain-deep", options, 1_000_000).await;
    let mut backlog = Backlog::begin();
    drain(&mut setup, &mut backlog, WARM_UP, WARM_UP).await;
    let few = drain(&mut setup, &mut backlog, FEW, FEW).await;
    print_watched(&format!("with {FEW} rows due"), &few);
    let deep = drain(&mut setup, &mut backlog, rows, WATCHED.min(rows)).await;
    print_watched(&format!("with {rows} rows due"), &deep);
    say("ratio, must be 0.9 at least", deep.rate / few.rate, "");
    setup.stop().await;
}

/// Compares the rate while another connection holds an old snapshot with the rate without one.
///
/// The rate without is measured before and after, because the speed of the machine changes and the tables grow.
pub(crate) async fn snapshot(options: &Options) {
    let (mut setup, rows) = start("drain-snapshot", options, WATCHED).await;
    let mut backlog = Backlog::begin();
    drain(&mut setup, &mut backlog, WARM_UP, WARM_UP).await;
    let before = drain(&mut setup, &mut backlog, rows, rows).await;
    print_watched("without a snapshot", &before);
    backlog.add(&setup, rows, HOOKS).await;
    let held = hold_snapshot(&setup).await;
    enable(&setup, HOOKS).await;
    let watched = setup.sink.watch(rows, MAX_DURATION).await;
    held.rollback().await.expect("the snapshot is still held");
    print_watched("with a snapshot held", &watched);
    let after = drain(&mut setup, &mut backlog, rows, rows).await;
    print_watched("without a snapshot again", &after);
    let free = f64::midpoint(before.rate, after.rate);
    say("ratio, must be 0.9 at least", watched.rate / free, "");
    setup.stop().await;
}

async fn start(what: &str, options: &Options, rows: u64) -> (Setup, u64) {
    let (rows, endpoints) = (options.get("rows", rows), options.get("endpoints", 200));
    let setup = Setup::start(endpoints, false, healthy).await;
    setup.announce(&format!("{what}: {rows} due rows, {endpoints} endpoints"));
    (setup, rows)
}

/// Writes `rows` due deliveries, enables their endpoints, and measures the first `watched` deliveries.
async fn drain(setup: &mut Setup, backlog: &mut Backlog, rows: u64, watched: u64) -> Watched {
    backlog.add(setup, rows, HOOKS).await;
    enable(setup, HOOKS).await;
    setup.sink.watch(watched, MAX_DURATION).await
}

/// Opens a transaction that has read from the queue.
async fn hold_snapshot(setup: &Setup) -> DatabaseTransaction {
    let level = setup
        .is_postgres()
        .then_some(IsolationLevel::RepeatableRead);
    let reader = connect(&setup.server.url).await;
    let begun = reader.begin_with_config(level, None).await;
    let transaction = begun.expect("a transaction");
    let read = transaction.execute_unprepared("SELECT 1 FROM delivery LIMIT 1");
    read.await.expect("a snapshot");
    transaction
}

fn print_watched(name: &str, watched: &Watched) {
    say(name, watched.rate, "/s");
    say(
        &format!("{name}: arrived"),
        number(watched.arrived),
        "webhooks",
    );
    say(
        &format!("{name}: duplicates"),
        number(watched.duplicates),
        "webhooks",
    );
}
