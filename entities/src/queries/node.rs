//! The processes that share the database: epochs, locks, heartbeats, and what they tell each other.
//!
//! An epoch is one boot of one process. It is dead once its `node` row is gone, and it never comes
//! back: a process that was declared dead boots again under a new one. A node's row is inserted
//! before anything is leased under its epoch and removed before or after its leases, so an owner
//! without a row is dead at every instant.

mod feed;
mod janitor;
mod notifier;

use sea_orm::{ConnectionTrait, DbErr};

use crate::Database;
use crate::database::statement;

pub use feed::{append_feed, feed_head, read_feed};
pub use janitor::{CleanupResult, clean};
pub use notifier::{Listener, Notification, notify};

/// Advisory locks of epochs are `EPOCH_LOCKS + epoch`; the migrations' lock lies below them.
const EPOCH_LOCKS: i64 = 7_306_421_000_000_000;

/// An epoch and the session that holds its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The epoch.
    pub epoch: i64,
    /// The database's id of the session; 0 on SQLite, where there is one process.
    pub session: i64,
}

/// What became of a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// The row was renewed over the session that holds the lock.
    Confirmed {
        /// So many processes share the database, this one included.
        nodes: u32,
    },
    /// The row is gone, or the session is another: this epoch is over.
    Lost,
}

/// Allocates an epoch, takes its lock and only then makes it known: an epoch that others can see
/// without its lock being held would be taken for dead.
///
/// # Errors
/// Whatever the database says, also when the connection was replaced half way: try again.
pub async fn join(database: &Database, name: &str, now_ms: i64) -> Result<Member, DbErr> {
    let node = database.node();
    let epoch = next_number(node, "node_epoch").await?;
    if !database.is_postgres() {
        let row = statement(
            node,
            "INSERT INTO node (epoch, name, started_ms, heartbeat_ms) VALUES ($1, $2, $3, $3)",
            [epoch.into(), name.into(), now_ms.into()],
        );
        node.execute_raw(row).await?;
        return Ok(Member { epoch, session: 0 });
    }
    let lock = statement(
        node,
        "SELECT pg_backend_pid()::bigint AS session WHERE pg_try_advisory_lock($1)",
        [(EPOCH_LOCKS + epoch).into()],
    );
    let locked = node.query_one_raw(lock).await?.ok_or_else(no_row)?;
    let session: i64 = locked.try_get("", "session")?;
    let row = statement(
        node,
        "INSERT INTO node (epoch, name, started_ms, heartbeat_ms) \
         SELECT $1, $2, t.ms, t.ms FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) t \
         WHERE pg_backend_pid() = $3",
        [epoch.into(), name.into(), session.into()],
    );
    if node.execute_raw(row).await?.rows_affected() == 0 {
        return Err(DbErr::Custom(
            "the node's connection was replaced while it joined".to_owned(),
        ));
    }
    Ok(Member { epoch, session })
}

/// Renews the heartbeat, by the database's clock and over the session that holds the lock.
///
/// # Errors
/// Whatever the database says: then it is unknown whether the epoch still stands.
pub async fn heartbeat(database: &Database, member: Member) -> Result<Heartbeat, DbErr> {
    let node = database.node();
    let renewed = if database.is_postgres() {
        statement(
            node,
            "UPDATE node SET heartbeat_ms = (extract(epoch FROM clock_timestamp()) * 1000)::bigint \
             WHERE epoch = $1 AND pg_backend_pid() = $2 RETURNING (SELECT count(*) FROM node) AS nodes",
            [member.epoch.into(), member.session.into()],
        )
    } else {
        // One process: nobody reads the time, so nothing is written.
        statement(
            node,
            "SELECT 1 AS nodes FROM node WHERE epoch = $1",
            [member.epoch.into()],
        )
    };
    let Some(row) = node.query_one_raw(renewed).await? else {
        return Ok(Heartbeat::Lost);
    };
    let nodes: i64 = row.try_get("", "nodes")?;
    let nodes = u32::try_from(nodes).unwrap_or(1).max(1);
    Ok(Heartbeat::Confirmed { nodes })
}

/// Ends a membership: its row goes, its lock is free.
///
/// # Errors
/// Whatever the database says; others will find out that it is dead.
pub async fn leave(database: &Database, member: Member) -> Result<(), DbErr> {
    let node = database.node();
    remove(database, member.epoch).await?;
    if database.is_postgres() {
        let unlock = statement(
            node,
            "SELECT pg_advisory_unlock($1)",
            [(EPOCH_LOCKS + member.epoch).into()],
        );
        node.query_one_raw(unlock).await?;
    }
    Ok(())
}

/// Epochs whose lock nobody holds: their process, or its connection, is gone. Taking the lock for
/// the length of the statement is the proof. One's own epoch is never among them.
pub async fn unlocked_epochs(database: &Database, own: i64) -> Result<Vec<i64>, DbErr> {
    if !database.is_postgres() {
        return Ok(Vec::new());
    }
    // On another session than the node's own, whose lock would not keep itself out.
    let writer = database.writer();
    epochs(
        writer,
        "SELECT epoch FROM node WHERE epoch <> $1 AND pg_try_advisory_xact_lock($2 + epoch)",
        [own.into(), EPOCH_LOCKS.into()],
    )
    .await
}

/// Epochs that have not renewed their heartbeat for `silent_ms` by the database's clock, whatever
/// their connection looks like.
pub async fn silent_epochs(
    database: &Database,
    own: i64,
    silent_ms: i64,
) -> Result<Vec<i64>, DbErr> {
    if !database.is_postgres() {
        return Ok(Vec::new());
    }
    epochs(
        database.writer(),
        "SELECT epoch FROM node WHERE epoch <> $1 \
         AND heartbeat_ms < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - $2",
        [own.into(), silent_ms.into()],
    )
    .await
}

/// Owners of leased rows that have no `node` row, at most one between two living epochs: call
/// again until there is none. One statement, so both tables are read at one instant; and it never
/// walks over the leases of a living epoch.
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

/// Owners of leased rows that are dead.
pub async fn owners_without_node(database: &Database) -> Result<Vec<i64>, DbErr> {
    epochs(database.writer(), OWNERS_WITHOUT_NODE, []).await
}

/// Frees every row that a dead epoch holds. Answers how many.
pub async fn release_leases_of(database: &Database, epoch: i64) -> Result<u64, DbErr> {
    let writer = database.writer();
    let release = statement(
        writer,
        "UPDATE delivery SET owner = NULL WHERE owner = $1",
        [epoch.into()],
    );
    Ok(writer.execute_raw(release).await?.rows_affected())
}

/// Removes the row of an epoch: from now on it is dead.
pub async fn remove(database: &Database, epoch: i64) -> Result<(), DbErr> {
    let writer = database.writer();
    let gone = statement(writer, "DELETE FROM node WHERE epoch = $1", [epoch.into()]);
    writer.execute_raw(gone).await.map(|_| ())
}

/// One process: whatever is leased, and every other epoch, is of a dead one. Answers how many
/// rows were freed.
pub async fn reset_single_process(database: &Database, own: i64) -> Result<u64, DbErr> {
    let writer = database.writer();
    writer
        .execute_raw(statement(
            writer,
            "DELETE FROM node WHERE epoch <> $1",
            [own.into()],
        ))
        .await?;
    let release = statement(
        writer,
        "UPDATE delivery SET owner = NULL WHERE owner IS NOT NULL AND owner <> $1",
        [own.into()],
    );
    Ok(writer.execute_raw(release).await?.rows_affected())
}

/// The next number of a counter. Inside a transaction its row stays locked until the end, so that
/// whoever has seen n will never see n-1 appear later.
async fn next_number<C: ConnectionTrait>(connection: &C, counter: &str) -> Result<i64, DbErr> {
    let next = statement(
        connection,
        "UPDATE cluster_counter SET value = value + 1 WHERE name = $1 RETURNING value",
        [counter.into()],
    );
    connection
        .query_one_raw(next)
        .await?
        .ok_or_else(no_row)?
        .try_get("", "value")
}

async fn epochs<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: impl IntoIterator<Item = sea_orm::Value>,
) -> Result<Vec<i64>, DbErr> {
    let rows = connection
        .query_all_raw(statement(connection, sql, values))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

fn no_row() -> DbErr {
    DbErr::RecordNotFound("a statement that always answers a row answered none".to_owned())
}
