//! How fast a queue that is there already is worked off: shallow, very deep, and while somebody holds an old snapshot.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, IsolationLevel, TransactionTrait as _};

use super::backlog::{Backlog, enable};
use super::options::Options;
use super::setup::{Stage, connect, healthy};
use super::sink_client::Watched;
use super::{number, say};

const HOOKS: &str = "/hook/";
/// No queue is watched for longer.
const MAX_AT: Duration = Duration::from_secs(150);
/// Until connections are open and endpoints read.
const WARM_UP: u64 = 20_000;
/// Rows of a queue that is not deep. All endpoints together have 6,400 leases, and what is sent on these before
/// an outcome is written comes faster than any queue can go on: it must not count for much.
const FEW: u64 = 100_000;
/// Of a deep queue, so many are watched.
const WATCHED: u64 = 200_000;

/// The rate over all rows.
pub(crate) async fn run(options: &Options) {
    let (mut stage, rows) = set("drain", options, 200_000).await;
    let mut backlog = Backlog::begin();
    let drained = drain(&mut stage, &mut backlog, rows, rows).await;
    tell("delivered", &drained);
    stage.clear().await;
}

/// The rate while very many rows are due, against that of few.
pub(crate) async fn deep(options: &Options) {
    let (mut stage, rows) = set("drain-deep", options, 1_000_000).await;
    let mut backlog = Backlog::begin();
    drain(&mut stage, &mut backlog, WARM_UP, WARM_UP).await;
    let few = drain(&mut stage, &mut backlog, FEW, FEW).await;
    tell(&format!("with {FEW} rows due"), &few);
    let deep = drain(&mut stage, &mut backlog, rows, WATCHED.min(rows)).await;
    tell(&format!("with {rows} rows due"), &deep);
    say("ratio, must be 0.9 at least", deep.rate / few.rate, "");
    stage.clear().await;
}

/// The rate while another connection reads from an old snapshot, against that without, before and afterwards:
/// the machine may become slower or faster, and the tables grow.
pub(crate) async fn snapshot(options: &Options) {
    let (mut stage, rows) = set("drain-snapshot", options, WATCHED).await;
    let mut backlog = Backlog::begin();
    drain(&mut stage, &mut backlog, WARM_UP, WARM_UP).await;
    let before = drain(&mut stage, &mut backlog, rows, rows).await;
    tell("without a snapshot", &before);
    backlog.add(&stage, rows, HOOKS).await;
    let held = hold_snapshot(&stage).await;
    enable(&stage, HOOKS).await;
    let watched = stage.sink.watch(rows, MAX_AT).await;
    held.rollback().await.expect("it was held all along");
    tell("with a snapshot held", &watched);
    let after = drain(&mut stage, &mut backlog, rows, rows).await;
    tell("without a snapshot again", &after);
    let free = f64::midpoint(before.rate, after.rate);
    say("ratio, must be 0.9 at least", watched.rate / free, "");
    stage.clear().await;
}

async fn set(what: &str, options: &Options, rows: u64) -> (Stage, u64) {
    let (rows, endpoints) = (options.get("rows", rows), options.get("endpoints", 200));
    let stage = Stage::set(endpoints, false, healthy).await;
    stage.announce(&format!("{what}: {rows} due rows, {endpoints} endpoints"));
    (stage, rows)
}

/// Writes `rows` due deliveries, lets them go, and watches the first `watched` of them.
async fn drain(stage: &mut Stage, backlog: &mut Backlog, rows: u64, watched: u64) -> Watched {
    backlog.add(stage, rows, HOOKS).await;
    enable(stage, HOOKS).await;
    stage.sink.watch(watched, MAX_AT).await
}

/// A transaction that has read from the queue and stays open.
async fn hold_snapshot(stage: &Stage) -> DatabaseTransaction {
    let level = stage
        .is_postgres()
        .then_some(IsolationLevel::RepeatableRead);
    let reader = connect(&stage.server.url).await;
    let begun = reader.begin_with_config(level, None).await;
    let transaction = begun.expect("a transaction");
    let read = transaction.execute_unprepared("SELECT 1 FROM delivery LIMIT 1");
    read.await.expect("a snapshot");
    transaction
}

fn tell(name: &str, watched: &Watched) {
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
