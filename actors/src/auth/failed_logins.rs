//! Audit entries for failed sign-ins of creditors and of support.

use std::net::IpAddr;
use std::sync::Arc;

use entities::audit_event;
use entities::ids::{AuditEventId, CreditorId};
use entities::queries;
use serde_json::json;
use uuid::Uuid;

use crate::infra::{Env, trace};

/// Writes a failed login to the audit log. Runs in a separate task, so that the response time does
/// not show whether the account exists.
pub(super) fn audit_failed_login(
    env: &Arc<Env>,
    action: &str,
    creditor: Option<CreditorId>,
    address: IpAddr,
) {
    let entry = audit_event::Model {
        id: AuditEventId(Uuid::now_v7()),
        action: action.to_owned(),
        actor: "anonymous".to_owned(),
        creditor_id: creditor,
        placement_id: None,
        at_ms: env.clock.now_ms(),
        data: json!({"address": address}).to_string(),
        trace_id: trace::current().map(|trace| trace.trace_id()),
    };
    let env = Arc::clone(env);
    tokio::spawn(async move {
        if let Err(error) = queries::insert(env.db.writer(), entry).await {
            tracing::error!(%error, "a failed login could not be written to the audit log");
        }
    });
}
