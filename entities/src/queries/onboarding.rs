//! Gates, provider accounts, provider events and agreements.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, TryInsertResult,
};

use super::bulk;
use crate::Transaction;
use crate::ids::CreditorId;
use crate::provider_account::{self, Provider};
use crate::sql;
use crate::{agreement_acceptance, gate, onboarding_event};

/// Returns the gates of a creditor.
pub async fn gates<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Vec<gate::Model>, DbErr> {
    gate::Entity::find()
        .filter(gate::Column::CreditorId.eq(creditor))
        .all(connection)
        .await
}

/// Returns the gates of several creditors.
pub async fn gates_of<C: ConnectionTrait>(
    connection: &C,
    creditors: &[CreditorId],
) -> Result<Vec<gate::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let text = format!(
        "SELECT * FROM gate WHERE {}",
        bulk::is_one_of(backend, "creditor_id", 1)
    );
    let ids = bulk::ids(backend, creditors.iter().map(|id| id.0));
    sql::rows(connection, &text, [ids]).await
}

/// Inserts or updates a gate. The transaction must hold the creditor's position.
pub async fn put_gate(transaction: &Transaction, model: gate::Model) -> Result<(), DbErr> {
    use gate::Column;
    gate::Entity::insert(model.into_active_model())
        .on_conflict(
            OnConflict::columns([Column::CreditorId, Column::Gate])
                .update_columns([
                    Column::FactAtMs,
                    Column::Seen,
                    Column::Source,
                    Column::ChangedMs,
                ])
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await
        .map(|_| ())
}

/// Locks a provider's account, inserts it if it is unknown, and returns the creditor that it is linked to.
///
/// Both an event for an unlinked account and the linking of the account take this lock first. The second of them sees
/// the changes of the first.
pub async fn lock_account(
    transaction: &Transaction,
    provider: Provider,
    external_id: &str,
) -> Result<Option<CreditorId>, DbErr> {
    let linked = sql::value(
        transaction,
        "INSERT INTO provider_account (provider, external_id, creditor_id) VALUES ($1, $2, NULL) \
         ON CONFLICT (provider, external_id) DO UPDATE SET external_id = excluded.external_id \
         RETURNING creditor_id",
        [provider.into(), external_id.into()],
    )
    .await?;
    Ok(linked.flatten())
}

/// Links a provider's account to a creditor. The transaction must have locked the account.
pub async fn link_account(
    transaction: &Transaction,
    provider: Provider,
    external_id: &str,
    creditor: CreditorId,
) -> Result<(), DbErr> {
    sql::execute(
        transaction,
        "UPDATE provider_account SET creditor_id = $3 WHERE provider = $1 AND external_id = $2",
        [provider.into(), external_id.into(), creditor.into()],
    )
    .await
    .map(|_| ())
}

/// Unlinks all accounts of `provider` from the creditor.
pub async fn unlink_accounts(
    transaction: &Transaction,
    provider: Provider,
    creditor: CreditorId,
) -> Result<(), DbErr> {
    sql::execute(
        transaction,
        "UPDATE provider_account SET creditor_id = NULL WHERE provider = $1 AND creditor_id = $2",
        [provider.into(), creditor.into()],
    )
    .await
    .map(|_| ())
}

/// Returns the id of the account of `provider` that is linked to the creditor.
pub async fn linked_account<C: ConnectionTrait>(
    connection: &C,
    provider: Provider,
    creditor: CreditorId,
) -> Result<Option<String>, DbErr> {
    use provider_account::Column;
    let account = provider_account::Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::CreditorId.eq(creditor))
        .one(connection)
        .await?;
    Ok(account.map(|account| account.external_id))
}

/// Stores an event. Returns `false` if an event with its provider and event id is already stored.
pub async fn store_event(
    transaction: &Transaction,
    model: onboarding_event::Model,
) -> Result<bool, DbErr> {
    use onboarding_event::Column;
    let stored = onboarding_event::Entity::insert(model.into_active_model())
        .on_conflict_do_nothing_on([Column::Provider, Column::EventId])
        .exec_without_returning(transaction)
        .await?;
    Ok(matches!(stored, TryInsertResult::Inserted(rows) if rows > 0))
}

/// Writes every column of a stored event.
pub async fn save_event(
    transaction: &Transaction,
    model: onboarding_event::Model,
) -> Result<(), DbErr> {
    super::save::<_, onboarding_event::ActiveModel, _>(transaction, model).await
}

/// Returns all events of a provider's account, oldest fact first.
pub async fn events_of_account(
    transaction: &Transaction,
    provider: Provider,
    external_id: &str,
) -> Result<Vec<onboarding_event::Model>, DbErr> {
    use onboarding_event::Column;
    onboarding_event::Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::ExternalId.eq(external_id))
        .order_by_asc(Column::OccurredMs)
        .all(transaction)
        .await
}

/// Deletes a gate, if `source` reported its newest fact.
pub async fn delete_gate(
    transaction: &Transaction,
    creditor: CreditorId,
    gate: &str,
    source: &str,
) -> Result<(), DbErr> {
    gate::Entity::delete_many()
        .filter(gate::Column::CreditorId.eq(creditor))
        .filter(gate::Column::Gate.eq(gate))
        .filter(gate::Column::Source.eq(source))
        .exec(transaction)
        .await
        .map(|_| ())
}

/// Returns the events of a creditor, newest first.
pub async fn events_of<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    limit: u64,
) -> Result<Vec<onboarding_event::Model>, DbErr> {
    use onboarding_event::Column;
    onboarding_event::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .order_by_desc(Column::ReceivedMs)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// Stores an acceptance of the agreement.
pub async fn accept_agreement(
    transaction: &Transaction,
    model: agreement_acceptance::Model,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, agreement_acceptance::ActiveModel, _>(transaction, vec![model]).await
}

/// Returns the creditor's newest acceptance.
pub async fn last_acceptance<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Option<agreement_acceptance::Model>, DbErr> {
    use agreement_acceptance::Column;
    agreement_acceptance::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .order_by_desc(Column::AcceptedMs)
        .one(connection)
        .await
}

/// Returns creditors with an id greater than `after` that have a row for each of the three gates and never had a
/// `read_write` key, in order of their ids. The sweep evaluates their gates.
pub async fn issue_candidates<C: ConnectionTrait>(
    connection: &C,
    after: CreditorId,
    limit: u64,
) -> Result<Vec<CreditorId>, DbErr> {
    const CANDIDATES: &str = "
SELECT c.id FROM creditor c
WHERE c.id > $1 AND c.suspended_at_ms IS NULL AND NOT c.support_only_mint
  AND (SELECT count(*) FROM gate g WHERE g.creditor_id = c.id) = 3
  AND NOT EXISTS (SELECT 1 FROM api_key k WHERE k.creditor_id = c.id AND k.scope = 'read_write')
ORDER BY c.id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    sql::values(connection, CANDIDATES, [after.into(), limit.into()]).await
}
