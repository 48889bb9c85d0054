//! Gates, provider accounts, provider events and agreements.

use sea_orm::{IntoActiveModel as _, QueryOrder, QuerySelect, TryInsertResult, entity::prelude::*};

use super::bulk;
use crate::ids::CreditorId;
use crate::provider_account::{self, Provider};
use crate::sql::{self, params};
use crate::{Result, Transaction, agreement_acceptance, gate, onboarding_event};

/// Returns the gates of a creditor.
pub async fn gates(db: &impl ConnectionTrait, creditor: CreditorId) -> Result<Vec<gate::Model>> {
    let of_creditor = gate::Column::CreditorId.eq(creditor);
    gate::Entity::find().filter(of_creditor).all(db).await
}

/// Returns the gates of several creditors.
pub async fn gates_of(
    db: &impl ConnectionTrait,
    creditors: &[CreditorId],
) -> Result<Vec<gate::Model>> {
    bulk::by_ids(db, gate::Column::CreditorId, creditors, "").await
}

/// Inserts or updates a gate. The transaction must hold the creditor's position.
pub async fn put_gate(db: &Transaction, row: gate::Model) -> Result<()> {
    bulk::upsert(db, vec![row], &[]).await
}

/// Locks a provider's account, inserts it if it is unknown, and returns the creditor that it is linked to.
///
/// Both an event for an unlinked account and the linking of the account take this lock first. The second of them sees
/// the changes of the first.
pub async fn lock_account(
    db: &Transaction,
    provider: Provider,
    external_id: &str,
) -> Result<Option<CreditorId>> {
    const LOCK: &str = "INSERT INTO provider_account (provider, external_id, creditor_id) VALUES ($1, $2, NULL) \
        ON CONFLICT (provider, external_id) DO UPDATE SET external_id = excluded.external_id RETURNING creditor_id";
    let linked = sql::value(db, LOCK, params![provider, external_id]).await?;
    Ok(linked.flatten())
}

/// Returns the creditor that a provider's account is linked to, without a lock.
pub async fn account_owner(
    db: &impl ConnectionTrait,
    provider: Provider,
    external_id: &str,
) -> Result<Option<CreditorId>> {
    const OWNER: &str =
        "SELECT creditor_id FROM provider_account WHERE provider = $1 AND external_id = $2";
    let owner = sql::value(db, OWNER, params![provider, external_id]).await?;
    Ok(owner.flatten())
}

/// Links a provider's account to a creditor. The transaction must have locked the account.
pub async fn link_account(
    db: &Transaction,
    provider: Provider,
    external_id: &str,
    creditor: CreditorId,
) -> Result<()> {
    const LINK: &str =
        "UPDATE provider_account SET creditor_id = $3 WHERE provider = $1 AND external_id = $2";
    sql::execute(db, LINK, params![provider, external_id, creditor]).await?;
    Ok(())
}

/// Unlinks all accounts of `provider` from the creditor.
pub async fn unlink_accounts(
    db: &Transaction,
    provider: Provider,
    creditor: CreditorId,
) -> Result<()> {
    const UNLINK: &str =
        "UPDATE provider_account SET creditor_id = NULL WHERE provider = $1 AND creditor_id = $2";
    sql::execute(db, UNLINK, params![provider, creditor]).await?;
    Ok(())
}

/// Returns the id of the account of `provider` that is linked to the creditor.
pub async fn linked_account(
    db: &impl ConnectionTrait,
    provider: Provider,
    creditor: CreditorId,
) -> Result<Option<String>> {
    use provider_account::Column;
    let account = provider_account::Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::CreditorId.eq(creditor));
    Ok(account.one(db).await?.map(|account| account.external_id))
}

/// Stores an event. Returns `false` if an event with its provider and event id is already stored.
pub async fn store_event(db: &Transaction, row: onboarding_event::Model) -> Result<bool> {
    use onboarding_event::Column;
    let stored = onboarding_event::Entity::insert(row.into_active_model())
        .on_conflict_do_nothing_on([Column::Provider, Column::EventId])
        .exec_without_returning(db)
        .await?;
    Ok(matches!(stored, TryInsertResult::Inserted(rows) if rows > 0))
}

/// Returns all events of a provider's account, oldest fact first.
pub async fn events_of_account(
    db: &Transaction,
    provider: Provider,
    external_id: &str,
) -> Result<Vec<onboarding_event::Model>> {
    use onboarding_event::Column;
    onboarding_event::Entity::find()
        .filter(Column::Provider.eq(provider))
        .filter(Column::ExternalId.eq(external_id))
        .order_by_asc(Column::OccurredMs)
        .all(db)
        .await
}

/// Deletes a gate, if `source` reported its newest fact.
pub async fn delete_gate(
    db: &Transaction,
    creditor: CreditorId,
    gate: &str,
    source: &str,
) -> Result<()> {
    use gate::Column;
    gate::Entity::delete_by_id((creditor, gate.to_owned()))
        .filter(Column::Source.eq(source))
        .exec(db)
        .await?;
    Ok(())
}

/// Returns the events of a creditor, newest first.
pub async fn events_of(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    limit: u64,
) -> Result<Vec<onboarding_event::Model>> {
    use onboarding_event::Column;
    onboarding_event::Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .order_by_desc(Column::ReceivedMs)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// Returns the creditor's newest acceptance.
pub async fn last_acceptance(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
) -> Result<Option<agreement_acceptance::Model>> {
    use agreement_acceptance::{Column, Entity};
    let accepted = Entity::find().filter(Column::CreditorId.eq(creditor));
    accepted.order_by_desc(Column::AcceptedMs).one(db).await
}

/// Returns creditors with an id greater than `after` that have a row for each of the three gates and never had a
/// `read_write` key, in order of their ids. The sweep evaluates their gates.
pub async fn issue_candidates(
    db: &impl ConnectionTrait,
    after: CreditorId,
    limit: u64,
) -> Result<Vec<CreditorId>> {
    const CANDIDATES: &str = "
SELECT c.id FROM creditor c
WHERE c.id > $1 AND c.suspended_at_ms IS NULL AND NOT c.support_only_mint
  AND (SELECT count(*) FROM gate g WHERE g.creditor_id = c.id) = 3
  AND NOT EXISTS (SELECT 1 FROM api_key k WHERE k.creditor_id = c.id AND k.scope = 'read_write')
ORDER BY c.id LIMIT $2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    sql::values(db, CANDIDATES, params![after, limit]).await
}
