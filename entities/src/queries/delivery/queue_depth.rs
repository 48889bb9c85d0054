//! How deep the queue is.

use sea_orm::{ConnectionTrait, DbErr};

use crate::database::statement;

/// Rows that are counted at most.
const MAX_COUNTED: i64 = 1_000_000;

/// Rows of the queue by state (a leased one is `delivering`), as far as a million of them.
pub async fn depth<C: ConnectionTrait>(connection: &C) -> Result<Vec<(String, i64)>, DbErr> {
    let rows = connection
        .query_all_raw(statement(
            connection,
            "SELECT state, count(*) AS many FROM ( \
                SELECT CASE WHEN owner IS NULL THEN state ELSE 'delivering' END AS state \
                FROM delivery LIMIT $1) queue \
             GROUP BY state",
            [MAX_COUNTED.into()],
        ))
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "state")?, row.try_get("", "many")?)))
        .collect()
}
