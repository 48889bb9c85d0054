//! Releases leased rows that were not sent, and lists the leases of an owner.

use sea_orm::ConnectionTrait;

use super::{Completion, CompletionOutcome, Completions, Fence};
use crate::sql::{self, params};
use crate::{Database, Result};

/// Releases leased rows that were not sent, in its own transaction. Returns the number of rows whose fence still
/// matched.
pub async fn release(database: &Database, fences: &[Fence]) -> Result<usize> {
    if fences.is_empty() {
        return Ok(0);
    }
    let completions = fences.iter().map(|fence| Completion {
        fence: *fence,
        outcome: CompletionOutcome::Released,
        attempt: None,
    });
    let completions = Completions::of(database, &completions.collect::<Vec<_>>());
    let transaction = database.begin().await?;
    let released = completions.write(&transaction).await?;
    transaction.commit().await?;
    Ok(released.len())
}

/// Returns the leases that the database records for `owner`, at most `limit`.
pub async fn leased_by(db: &impl ConnectionTrait, owner: i64, limit: u32) -> Result<Vec<Fence>> {
    const LEASED: &str = "SELECT id, claim_no, owner FROM delivery WHERE owner = $1 LIMIT $2";
    sql::rows(db, LEASED, params![owner, i64::from(limit)]).await
}
