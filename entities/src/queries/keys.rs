//! API keys and their last uses.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use crate::api_key::{self, Column, KeyScope, KeyState};
use crate::ids::{CreditorId, KeyId};
use crate::sql;
use crate::{Transaction, api_key_use};

/// Maximum number of uses that one statement writes.
const USES_PER_STATEMENT: usize = 500;

/// Returns all keys of a creditor, newest first.
pub async fn of_creditor<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Vec<api_key::Model>, DbErr> {
    api_key::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .order_by_desc(Column::CreatedMs)
        .order_by_desc(Column::Id)
        .all(connection)
        .await
}

/// Returns the creditor whose key has this prefix.
pub async fn creditor_of_prefix<C: ConnectionTrait>(
    connection: &C,
    prefix: &str,
) -> Result<Option<CreditorId>, DbErr> {
    let key = api_key::Entity::find()
        .filter(Column::Prefix.eq(prefix))
        .one(connection)
        .await?;
    Ok(key.map(|key| key.creditor_id))
}

/// Returns the current `read_write` key of a creditor.
pub async fn current<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Option<api_key::Model>, DbErr> {
    api_key::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Column::Scope.eq(KeyScope::ReadWrite))
        .filter(Column::State.eq(KeyState::Current))
        .one(connection)
        .await
}

/// Returns the last uses of these keys. A key without a row was never used.
pub async fn last_uses<C: ConnectionTrait>(
    connection: &C,
    keys: &[KeyId],
) -> Result<Vec<api_key_use::Model>, DbErr> {
    api_key_use::Entity::find()
        .filter(api_key_use::Column::KeyId.is_in(keys.iter().copied()))
        .all(connection)
        .await
}

/// Records the last uses of keys. A later time that is already stored is kept.
///
/// The rows are written in the order of their ids, so that two nodes that write the same keys do not deadlock. After an
/// error, the uses that were written before stay written.
pub async fn upsert_key_uses<C: ConnectionTrait>(
    connection: &C,
    mut uses: Vec<api_key_use::Model>,
) -> Result<(), DbErr> {
    use api_key_use::Column;
    uses.sort_by_key(|used| used.key_id.0);
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
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

/// Inserts a key.
///
/// # Errors
/// A unique violation if the creditor has a current key of the scope, a retiring key or an automatic key already.
pub async fn insert(transaction: &Transaction, model: api_key::Model) -> Result<(), DbErr> {
    super::bulk::insert::<_, api_key::ActiveModel, _>(transaction, vec![model]).await
}

/// Writes every column of a key whose creditor's position the transaction has locked.
pub async fn save(transaction: &Transaction, model: api_key::Model) -> Result<(), DbErr> {
    super::save::<_, api_key::ActiveModel, _>(transaction, model).await
}

/// Stores the hash of a current key's secret. Returns `false` if the key has a secret already or is not current.
pub async fn reveal(
    transaction: &Transaction,
    creditor: CreditorId,
    key: KeyId,
    secret_hash: &str,
    now_ms: i64,
) -> Result<bool, DbErr> {
    let rows = sql::execute(
        transaction,
        "UPDATE api_key SET secret_hash = $1, revealed_ms = $2 \
         WHERE id = $3 AND creditor_id = $4 AND secret_hash IS NULL AND state = 'current'",
        [
            secret_hash.into(),
            now_ms.into(),
            key.into(),
            creditor.into(),
        ],
    )
    .await?;
    Ok(rows == 1)
}
