//! Giving rows back that were leased and not sent, and finding those that nobody holds.

use sea_orm::{ConnectionTrait, DbErr};

use super::{Completion, CompletionOutcome, Completions, Fence};
use crate::database::statement;
use crate::{Database, ids::DeliveryId};

/// Gives back the rows of leases that ended unsent, where the fence still matches. Answers how
/// many did.
///
/// # Errors
/// Whatever the database says; then nothing was written.
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

/// Leases that the database ascribes to `owner`, at most `limit` of them.
pub async fn leased_by<C: ConnectionTrait>(
    connection: &C,
    owner: i64,
    limit: u32,
) -> Result<Vec<Fence>, DbErr> {
    let rows = connection
        .query_all_raw(statement(
            connection,
            "SELECT id, claim_no FROM delivery WHERE owner = $1 LIMIT $2",
            [owner.into(), i64::from(limit).into()],
        ))
        .await?;
    rows.iter()
        .map(|row| {
            let delivery: DeliveryId = row.try_get("", "id")?;
            Ok(Fence {
                delivery,
                claim_no: row.try_get("", "claim_no")?,
                owner,
            })
        })
        .collect()
}
