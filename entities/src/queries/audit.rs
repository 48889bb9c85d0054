//! The audit log: appended in bulk, read by keyset.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::audit_event;
use crate::ids::{CreditorId, PlacementId};

/// Which lines to read, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Whose.
    pub creditor: Option<CreditorId>,
    /// Of which placement.
    pub placement: Option<PlacementId>,
    /// Any of these actions; empty is all.
    pub actions: Vec<String>,
    /// By whom.
    pub actor: Option<String>,
    /// At or after (epoch ms).
    pub since_ms: Option<i64>,
    /// Before (epoch ms).
    pub until_ms: Option<i64>,
    /// Strictly older than this line.
    pub after: Option<(i64, Uuid)>,
    /// How many.
    pub limit: u64,
}

/// Appends lines.
///
/// # Errors
/// Whatever the database says.
pub async fn append<C: ConnectionTrait>(
    connection: &C,
    events: Vec<audit_event::Model>,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, audit_event::ActiveModel, _>(connection, events).await
}

/// Reads lines, newest first.
///
/// # Errors
/// Whatever the database says.
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
