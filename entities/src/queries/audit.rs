//! The audit log: bulk appends, and reads with keyset pagination. Never updates or deletes an entry.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::audit_event;
use crate::ids::{AuditEventId, CreditorId, PlacementId};

/// Filter and page of a read of the audit log.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Only entries of this creditor.
    pub creditor: Option<CreditorId>,
    /// Only entries of this placement.
    pub placement: Option<PlacementId>,
    /// Only entries with one of these actions; empty means all.
    pub actions: Vec<String>,
    /// Only entries of this actor.
    pub actor: Option<String>,
    /// Only entries at or after this time, epoch milliseconds.
    pub since_ms: Option<i64>,
    /// Only entries before this time, epoch milliseconds.
    pub until_ms: Option<i64>,
    /// Only entries strictly older than this one: its time and id.
    pub after: Option<(i64, AuditEventId)>,
    /// Maximum number of entries.
    pub limit: u64,
}

/// Appends entries.
pub async fn append<C: ConnectionTrait>(
    connection: &C,
    events: Vec<audit_event::Model>,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, audit_event::ActiveModel, _>(connection, events).await
}

/// Returns the matching entries, newest first.
pub async fn read<C: ConnectionTrait>(
    connection: &C,
    query: &AuditQuery,
) -> Result<Vec<audit_event::Model>, DbErr> {
    use audit_event::Column;
    let mut conditions = Condition::all()
        .add_option(query.creditor.map(|id| Column::CreditorId.eq(id)))
        .add_option(query.placement.map(|id| Column::PlacementId.eq(id)))
        .add_option(query.actor.as_deref().map(|actor| Column::Actor.eq(actor)))
        .add_option(query.since_ms.map(|since| Column::AtMs.gte(since)))
        .add_option(query.until_ms.map(|until| Column::AtMs.lt(until)));
    if !query.actions.is_empty() {
        conditions = conditions.add(Column::Action.is_in(query.actions.iter().map(String::as_str)));
    }
    if let Some((at_ms, id)) = query.after {
        conditions = conditions.add(
            Condition::any().add(Column::AtMs.lt(at_ms)).add(
                Condition::all()
                    .add(Column::AtMs.eq(at_ms))
                    .add(Column::Id.lt(id)),
            ),
        );
    }
    audit_event::Entity::find()
        .filter(conditions)
        .order_by_desc(Column::AtMs)
        .order_by_desc(Column::Id)
        .limit(query.limit)
        .all(connection)
        .await
}
