//! The methods that read the audit log: one placement for its creditor, everything for support.

use entities::ids::{AuditEventId, PlacementId};
use entities::queries::audit;

use super::partner_api::PartnerApi;
use crate::auth::{AuthenticatedTenant, SupportActor};
use crate::contract::{
    ApiResult, AuditEventView, AuditFilter, AuditPage, DbResultExt as _, Pagination,
    SupportAuditEvent, SupportAuditFilter, SupportAuditPage,
};
use crate::domain::cursor;
use crate::domain::date::rfc3339_ms;

impl PartnerApi {
    /// Returns a page of a placement's audit trail, newest first.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if the placement does not exist or belongs to another creditor.
    pub async fn placement_audit(
        &self,
        tenant: &AuthenticatedTenant,
        id: PlacementId,
        filter: AuditFilter,
    ) -> ApiResult<AuditPage> {
        let row = self.placement_row(tenant.creditor(), id).await?;
        let query = audit::AuditQuery {
            creditor: Some(tenant.creditor()),
            placement: Some(row.id),
            actions: filter.event_types,
            actor: filter.actor,
            since_ms: filter.since_ms,
            until_ms: filter.until_ms,
            after: filter.after.map(|(at_ms, id)| (at_ms, AuditEventId(id))),
            limit: filter.limit + 1,
        };
        let rows = audit::read(self.0.modules.env.db.reader(), &query)
            .await
            .map_db_error()?;
        let (rows, pagination) = page_of(rows, filter.limit);
        let events = rows
            .into_iter()
            .map(|row| AuditEventView {
                at: rfc3339_ms(row.at_ms),
                event_type: row.action,
                actor: row.actor,
                data: serde_json::from_str(&row.data).unwrap_or_default(),
                id: row.id.0,
            })
            .collect();
        Ok(AuditPage { events, pagination })
    }

    /// Returns a page of the audit log of all creditors, newest first.
    pub async fn support_audit(
        &self,
        _actor: &SupportActor,
        filter: SupportAuditFilter,
    ) -> ApiResult<SupportAuditPage> {
        let query = audit::AuditQuery {
            creditor: filter.creditor_id,
            actions: filter.action.into_iter().collect(),
            since_ms: filter.since_ms,
            after: filter.after.map(|(at_ms, id)| (at_ms, AuditEventId(id))),
            limit: filter.limit + 1,
            ..audit::AuditQuery::default()
        };
        let found = audit::read(self.0.modules.env.db.reader(), &query)
            .await
            .map_db_error()?;
        let (found, pagination) = page_of(found, filter.limit);
        let events = found
            .into_iter()
            .map(|row| SupportAuditEvent {
                id: row.id.0,
                action: row.action,
                actor: row.actor,
                creditor_id: row.creditor_id.map(|id| id.0),
                trace_id: row.trace_id,
                at: rfc3339_ms(row.at_ms),
                data: serde_json::from_str(&row.data).unwrap_or_default(),
            })
            .collect();
        Ok(SupportAuditPage { events, pagination })
    }
}

/// Splits `rows` into a page of at most `limit` and its pagination. The query reads one row more than `limit`, which
/// shows whether older rows exist.
fn page_of(
    mut rows: Vec<entities::audit_event::Model>,
    limit: u64,
) -> (Vec<entities::audit_event::Model>, Pagination) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows
        .last()
        .filter(|_| has_more)
        .map(|row| cursor::encode(row.at_ms, row.id.0));
    (
        rows,
        Pagination {
            has_more,
            next_cursor,
        },
    )
}
