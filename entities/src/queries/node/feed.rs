//! The control feed: what one node tells the others, numbered so that no entry is ever missed.

use sea_orm::{ConnectionTrait, DbErr};

use crate::Transaction;
use crate::database::statement;
use crate::ids::CreditorId;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedEntry {
    /// Numbers follow each other without a gap, in the order of their commits.
    pub number: i64,
    /// What changed: `keys`, `limits` or `endpoints`.
    pub subject: String,
    /// Whose.
    pub creditor: CreditorId,
}

/// Appends an entry and answers its number. Every other appender waits until the transaction
/// ends, so this comes last in it.
///
/// # Errors
/// Whatever the database says.
pub async fn append_feed(
    transaction: &Transaction,
    subject: &str,
    creditor: CreditorId,
    at_ms: i64,
) -> Result<i64, DbErr> {
    let number = super::next_number(transaction, "control_feed").await?;
    transaction
        .execute_raw(statement(
            transaction,
            "INSERT INTO control_feed (number, subject, creditor_id, at_ms) VALUES ($1, $2, $3, $4)",
            [number.into(), subject.into(), creditor.into(), at_ms.into()],
        ))
        .await?;
    Ok(number)
}

/// At most `limit` entries after number `after`, in order.
///
/// # Errors
/// Whatever the database says.
pub async fn read_feed<C: ConnectionTrait>(
    connection: &C,
    after: i64,
    limit: u32,
) -> Result<Vec<FeedEntry>, DbErr> {
    let rows = connection
        .query_all_raw(statement(
            connection,
            "SELECT number, subject, creditor_id FROM control_feed WHERE number > $1 ORDER BY number LIMIT $2",
            [after.into(), i64::from(limit).into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(FeedEntry {
                number: row.try_get("", "number")?,
                subject: row.try_get("", "subject")?,
                creditor: row.try_get("", "creditor_id")?,
            })
        })
        .collect()
}

/// The newest number there is, 0 before the first.
///
/// # Errors
/// Whatever the database says.
pub async fn feed_head<C: ConnectionTrait>(connection: &C) -> Result<i64, DbErr> {
    let head = statement(
        connection,
        "SELECT value FROM counter WHERE name = 'control_feed'",
        [],
    );
    let row = connection.query_one_raw(head).await?;
    row.map_or(Ok(0), |row| row.try_get("", "value"))
}
