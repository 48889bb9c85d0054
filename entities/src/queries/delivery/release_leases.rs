//! Releases leased rows that were not sent, and lists the leases of an owner.

use sea_orm::{ConnectionTrait, DbErr};

use super::{Completion, CompletionOutcome, Completions, Fence};
use crate::Database;
use crate::sql;

/// Releases leased rows that were not sent, in its own transaction. Returns the number of rows whose fence still
/// matched.
pub async fn release(database: &Database, fences: &[Fence]) -> Result<usize, DbErr> {
    if fences.is_empty() {
        return Ok(0);
    }
    let completions: Vec<_> = fences
        .iter()
        .map(|fence| Completion {
            fence: *fence,
            outcome: CompletionOutcome::Released,
            attempt: None,
        })
        .collect();
    let completions = Completions::of(database, &completions);
    let transaction = database.begin().await?;
    let released = completions.write(&transaction).await?;
    transaction.commit().await?;
    Ok(released.len())
}

/// Returns the leases that the database records for `owner`, at most `limit`.
pub async fn leased_by<C: ConnectionTrait>(
    connection: &C,
    owner: i64,
    limit: u32,
) -> Result<Vec<Fence>, DbErr> {
    sql::rows(
        connection,
        "SELECT id, claim_no, owner FROM delivery WHERE owner = $1 LIMIT $2",
        [owner.into(), i64::from(limit).into()],
    )
    .await
}
