//! Reads of the audit log with keyset pagination. Never updates or deletes an entry.

use sea_orm::{Condition, entity::prelude::*};

use crate::ids::{AuditEventId, CreditorId, PlacementId};
use crate::{Result, audit_event};

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

/// Returns the matching entries, newest first.
pub async fn read(
    db: &impl ConnectionTrait,
    query: &AuditQuery,
) -> Result<Vec<audit_event::Model>> {
    use audit_event::Column;
    let actions = query.actions.iter().map(String::as_str);
    let conditions = Condition::all()
        .add_option(query.creditor.map(|id| Column::CreditorId.eq(id)))
        .add_option(query.placement.map(|id| Column::PlacementId.eq(id)))
        .add_option(query.actor.as_deref().map(|actor| Column::Actor.eq(actor)))
        .add_option(query.since_ms.map(|since| Column::AtMs.gte(since)))
        .add_option(query.until_ms.map(|until| Column::AtMs.lt(until)))
        .add_option((!query.actions.is_empty()).then(|| Column::Action.is_in(actions)));
    let matching = audit_event::Entity::find().filter(conditions);
    let mut page = matching.cursor_by((Column::AtMs, Column::Id));
    if let Some(last) = query.after {
        page.after(last);
    }
    page.desc().first(query.limit).all(db).await
}
