//! The methods that read the audit log: one placement for its creditor, everything for support.

use entities::audit_event;
use entities::ids::{AuditEventId, PlacementId};
use entities::queries::audit;

use super::{CreditorApi, PartnerApi, SupportApi};
use crate::contract::{
    ApiResult, AuditEventView, AuditFilter, AuditPage, Pagination, SupportAuditEvent,
    SupportAuditFilter, SupportAuditPage,
};
use crate::domain::cursor;
use crate::domain::date::rfc3339_ms;

impl CreditorApi {
    /// Returns a page of a placement's audit trail, newest first.
    ///
    /// # Errors
    /// [`crate::ApiError::NotFound`] if the placement does not exist or belongs to another creditor.
    pub async fn placement_audit(
        &self,
        id: PlacementId,
        filter: AuditFilter,
    ) -> ApiResult<AuditPage> {
        self.read_list(move |this| async move {
            let row = this.placement_row(id).await?;
            let query = audit::AuditQuery {
                creditor: Some(this.tenant.creditor()),
                placement: Some(row.id),
                actions: filter.event_types,
                actor: filter.actor,
                since_ms: filter.since_ms,
                until_ms: filter.until_ms,
                after: filter.after.map(|(at_ms, id)| (at_ms, AuditEventId(id))),
                limit: filter.limit,
            };
            let (rows, pagination) = this.audit_page(query).await?;
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
        })
        .await
    }
}

impl SupportApi {
    /// Returns a page of the audit log of all creditors, newest first.
    pub async fn audit(&self, filter: SupportAuditFilter) -> ApiResult<SupportAuditPage> {
        let query = audit::AuditQuery {
            creditor: filter.creditor_id,
            actions: filter.action.into_iter().collect(),
            since_ms: filter.since_ms,
            after: filter.after.map(|(at_ms, id)| (at_ms, AuditEventId(id))),
            limit: filter.limit,
            ..audit::AuditQuery::default()
        };
        let (rows, pagination) = self.audit_page(query).await?;
        let events = rows
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

impl PartnerApi {
    /// Reads a page. It reads one row more than `query.limit`, which shows whether older rows exist.
    async fn audit_page(
        &self,
        mut query: audit::AuditQuery,
    ) -> ApiResult<(Vec<audit_event::Model>, Pagination)> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        query.limit += 1;
        let found = audit::read(self.env().db.reader(), &query).await;
        let mut rows = found?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let pagination = Pagination {
            has_more,
            next_cursor: last.map(|row| cursor::encode(row.at_ms, row.id.0)),
        };
        Ok((rows, pagination))
    }
}
