//! The nodes that share the database: epochs, locks, heartbeats, and the control feed between them.
//!
//! An epoch is one run of one process. It ends when its `node` row is removed, and it is never reused: a process that
//! has lost its epoch joins again under a new one. A node inserts its row before it leases anything. An owner of leased
//! rows that has no `node` row is therefore no longer a member, at any time.

mod feed;
mod janitor;
mod notifier;

use sea_orm::{ConnectionTrait, DbErr};

use crate::sql::{self, params};
use crate::{Database, Result};

pub use feed::{append_feed, feed_head, read_feed};
pub use janitor::{CleanupResult, clean};
pub use notifier::{Listener, Notification, notify};

/// The advisory lock of an epoch is `EPOCH_LOCKS + epoch`. The lock of the migrations is a smaller number.
const EPOCH_LOCKS: i64 = 7_306_421_000_000_000;

/// An epoch and the session that holds its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Number of the epoch.
    pub epoch: i64,
    /// The database's id of the session; 0 on SQLite, which only one process uses.
    pub session: i64,
}

/// Result of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// The session that holds the lock renewed the row.
    Confirmed {
        /// Number of nodes that are not draining, including this one.
        nodes: u32,
        /// The time of the database when it renewed the row, epoch milliseconds. `None` on SQLite, which has no clock.
        database_ms: Option<i64>,
    },
    /// The row is gone, or another session answered. The epoch has ended.
    Lost,
}

/// Joins the cluster: allocates an epoch, takes its lock and inserts its row.
///
/// The row comes last, because other nodes remove an epoch whose lock is free.
///
/// # Errors
/// Also fails if the connection is replaced in between. Every failure can be retried.
pub async fn join(database: &Database, name: &str, now_ms: i64) -> Result<Member> {
    const INSERT: &str =
        "INSERT INTO node (epoch, name, started_ms, heartbeat_ms) VALUES ($1, $2, $3, $3)";
    const LOCK: &str = "SELECT pg_backend_pid()::bigint WHERE pg_try_advisory_lock($1)";
    const INSERT_AND_CHECK_SESSION: &str = "INSERT INTO node (epoch, name, started_ms, heartbeat_ms) \
        SELECT $1, $2, t.ms, t.ms FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) t \
        WHERE pg_backend_pid() = $3";
    let node = database.node();
    let epoch = next_number(node, "node_epoch").await?;
    if !database.is_postgres() {
        sql::execute(node, INSERT, params![epoch, name, now_ms]).await?;
        return Ok(Member { epoch, session: 0 });
    }
    let locked = sql::value(node, LOCK, params![EPOCH_LOCKS + epoch]).await?;
    let session: i64 = locked.ok_or_else(no_row)?;
    let values = params![epoch, name, session];
    if sql::execute(node, INSERT_AND_CHECK_SESSION, values).await? == 0 {
        let replaced = "the node's connection was replaced while it joined";
        return Err(DbErr::Custom(replaced.to_owned()));
    }
    Ok(Member { epoch, session })
}

/// Renews the heartbeat by the database's clock, on the session that holds the lock.
///
/// After an error it is unknown whether the epoch is still a member.
pub async fn heartbeat(database: &Database, member: Member) -> Result<Heartbeat> {
    const RENEW: &str = "UPDATE node \
        SET heartbeat_ms = (extract(epoch FROM clock_timestamp()) * 1000)::bigint \
        WHERE epoch = $1 AND pg_backend_pid() = $2 \
        RETURNING (SELECT count(*) FROM node WHERE NOT draining), heartbeat_ms";
    let node = database.node();
    let renewed: Option<(i64, Option<i64>)> = if database.is_postgres() {
        sql::value(node, RENEW, params![member.epoch, member.session]).await?
    } else {
        // On SQLite no other process reads the heartbeat, so nothing is written.
        let is_member = "SELECT 1, NULL FROM node WHERE epoch = $1";
        sql::value(node, is_member, params![member.epoch]).await?
    };
    let Some((nodes, database_ms)) = renewed else {
        return Ok(Heartbeat::Lost);
    };
    let nodes = u32::try_from(nodes).unwrap_or(1).max(1);
    Ok(Heartbeat::Confirmed { nodes, database_ms })
}

/// Returns the time of the database in epoch milliseconds; `None` on SQLite, which has no clock.
pub async fn database_ms(database: &Database) -> Result<Option<i64>> {
    const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
    if !database.is_postgres() {
        return Ok(None);
    }
    sql::value(database.node(), NOW, []).await
}

/// Marks the epoch as draining. It still sends, but the other nodes take over its share of the limits.
pub async fn mark_draining(database: &Database, member: Member) -> Result<()> {
    let mark = "UPDATE node SET draining = true WHERE epoch = $1";
    sql::execute(database.node(), mark, params![member.epoch]).await?;
    Ok(())
}

/// Leaves the cluster: removes the row of the epoch and releases its lock. After an error, other nodes remove the
/// epoch.
pub async fn leave(database: &Database, member: Member) -> Result<()> {
    remove(database, member.epoch).await?;
    if database.is_postgres() {
        let unlock = "SELECT pg_advisory_unlock($1)";
        sql::execute(database.node(), unlock, params![EPOCH_LOCKS + member.epoch]).await?;
    }
    Ok(())
}

/// Returns the epochs, other than `own`, whose lock is free. Their process or its connection is gone.
///
/// The statement proves this by taking the locks while it runs.
pub async fn unlocked_epochs(database: &Database, own: i64) -> Result<Vec<i64>> {
    const UNLOCKED: &str =
        "SELECT epoch FROM node WHERE epoch <> $1 AND pg_try_advisory_xact_lock($2 + epoch)";
    if !database.is_postgres() {
        return Ok(Vec::new());
    }
    // Not on the node's own session, which could take the locks that it holds again.
    sql::values(database.writer(), UNLOCKED, params![own, EPOCH_LOCKS]).await
}

/// Returns the epochs, other than `own`, that have not renewed their heartbeat for `silent_ms` by the database's clock,
/// even if they hold their lock.
pub async fn silent_epochs(database: &Database, own: i64, silent_ms: i64) -> Result<Vec<i64>> {
    const SILENT: &str = "SELECT epoch FROM node WHERE epoch <> $1 \
        AND heartbeat_ms < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $2";
    if !database.is_postgres() {
        return Ok(Vec::new());
    }
    sql::values(database.writer(), SILENT, params![own, silent_ms]).await
}

/// Finds at most one owner without a `node` row between two member epochs, so it must be repeated until it finds none.
///
/// One statement reads both tables from the same snapshot. It skips the leases of member epochs.
const OWNERS_WITHOUT_NODE: &str = "
SELECT gap.owner FROM (
    SELECT (SELECT d.owner FROM delivery d WHERE d.owner > living.low AND d.owner < living.high
            ORDER BY d.owner LIMIT 1) AS owner
    FROM (
        SELECT coalesce(lag(epoch) OVER (ORDER BY epoch), -1) AS low, epoch AS high FROM node
        UNION ALL
        SELECT coalesce(max(epoch), -1) AS low, 9223372036854775807 AS high FROM node
    ) living
) gap WHERE gap.owner IS NOT NULL";

/// Returns owners of leased rows that have no `node` row. Call it again until the result is empty.
pub async fn owners_without_node(database: &Database) -> Result<Vec<i64>> {
    sql::values(database.writer(), OWNERS_WITHOUT_NODE, []).await
}

/// Releases all rows that an ended epoch has leased. Returns the number of rows.
pub async fn release_leases_of(database: &Database, epoch: i64) -> Result<u64> {
    let release = "UPDATE delivery SET owner = NULL WHERE owner = $1";
    sql::execute(database.writer(), release, params![epoch]).await
}

/// Removes the row of an epoch, which ends its membership.
pub async fn remove(database: &Database, epoch: i64) -> Result<()> {
    let remove = "DELETE FROM node WHERE epoch = $1";
    sql::execute(database.writer(), remove, params![epoch]).await?;
    Ok(())
}

/// Removes all other epochs and releases their leases. Returns the number of released rows.
///
/// Only for SQLite, where every other epoch belongs to a process that has ended.
pub async fn reset_single_process(database: &Database, own: i64) -> Result<u64> {
    let remove = "DELETE FROM node WHERE epoch <> $1";
    sql::execute(database.writer(), remove, params![own]).await?;
    let release = "UPDATE delivery SET owner = NULL WHERE owner IS NOT NULL AND owner <> $1";
    sql::execute(database.writer(), release, params![own]).await
}

/// Allocates the next number of a counter. In a transaction, the row stays locked until the end, so a reader that sees
/// n never sees n-1 appear later.
async fn next_number(db: &impl ConnectionTrait, counter: &str) -> Result<i64> {
    let next = "UPDATE cluster_counter SET value = value + 1 WHERE name = $1 RETURNING value";
    let next = sql::value(db, next, params![counter]).await?;
    next.ok_or_else(no_row)
}

fn no_row() -> DbErr {
    DbErr::RecordNotFound("a statement that always returns a row returned none".to_owned())
}
