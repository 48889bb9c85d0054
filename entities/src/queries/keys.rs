//! API keys and their last uses.

use sea_orm::sea_query::OnConflict;
use sea_orm::{IntoActiveModel, QueryOrder, entity::prelude::*};

use crate::api_key::{self, Column, KeyScope, KeyState};
use crate::ids::{CreditorId, KeyId};
use crate::sql::{self, params};
use crate::{Result, Transaction, api_key_use};

/// Maximum number of uses that one statement writes.
const USES_PER_STATEMENT: usize = 500;

/// Returns all keys of a creditor, newest first.
pub async fn of_creditor(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
) -> Result<Vec<api_key::Model>> {
    api_key::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .order_by_desc(Column::CreatedMs)
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// Returns the creditor whose key has this prefix.
pub async fn creditor_of_prefix(
    db: &impl ConnectionTrait,
    prefix: &str,
) -> Result<Option<CreditorId>> {
    let key = api_key::Entity::find().filter(Column::Prefix.eq(prefix));
    Ok(key.one(db).await?.map(|key| key.creditor_id))
}

/// Returns the current `read_write` key of a creditor.
pub async fn current(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
) -> Result<Option<api_key::Model>> {
    api_key::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Column::Scope.eq(KeyScope::ReadWrite))
        .filter(Column::State.eq(KeyState::Current))
        .one(db)
        .await
}

/// Returns the last uses of these keys. A key without a row was never used.
pub async fn last_uses(
    db: &impl ConnectionTrait,
    keys: &[KeyId],
) -> Result<Vec<api_key_use::Model>> {
    let is_one = api_key_use::Column::KeyId.is_in(keys.iter().copied());
    api_key_use::Entity::find().filter(is_one).all(db).await
}

/// Records the last uses of keys. A later time that is already stored is kept.
///
/// The rows are written in the order of their ids, so that two nodes that write the same keys do not deadlock. After an
/// error, the uses that were written before stay written.
pub async fn upsert_key_uses(
    db: &impl ConnectionTrait,
    mut uses: Vec<api_key_use::Model>,
) -> Result<()> {
    use api_key_use::Column;
    uses.sort_by_key(|used| used.key_id);
    let is_later = Expr::cust("excluded.last_used_ms > api_key_use.last_used_ms");
    let keep_latest = OnConflict::column(Column::KeyId)
        .update_columns([Column::LastUsedMs, Column::Address])
        .action_and_where(is_later)
        .to_owned();
    for chunk in uses.chunks(USES_PER_STATEMENT) {
        let rows = chunk
            .iter()
            .cloned()
            .map(IntoActiveModel::into_active_model);
        api_key_use::Entity::insert_many(rows)
            .on_conflict(keep_latest.clone())
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Stores the hash of a current key's secret. Returns `false` if the key has a secret already or is not current.
pub async fn reveal(
    db: &Transaction,
    creditor: CreditorId,
    key: KeyId,
    secret_hash: &str,
    now_ms: i64,
) -> Result<bool> {
    const REVEAL: &str = "UPDATE api_key SET secret_hash = $1, revealed_ms = $2 \
        WHERE id = $3 AND creditor_id = $4 AND secret_hash IS NULL AND state = 'current'";
    let values = params![secret_hash, now_ms, key, creditor];
    Ok(sql::execute(db, REVEAL, values).await? == 1)
}
