//! The depth of the queue.

use sea_orm::ConnectionTrait;

use crate::Result;
use crate::sql::{self, params};

/// Maximum number of rows that are counted.
const MAX_COUNTED: i64 = 1_000_000;

/// Returns the number of rows by state, where leased rows have the state `delivering`. Counts at most a million rows.
pub async fn depth(db: &impl ConnectionTrait) -> Result<Vec<(String, i64)>> {
    const DEPTH: &str = "SELECT state, count(*) AS many FROM ( \
            SELECT CASE WHEN owner IS NULL THEN state ELSE 'delivering' END AS state \
            FROM delivery LIMIT $1) queue \
        GROUP BY state";
    sql::values(db, DEPTH, params![MAX_COUNTED]).await
}
