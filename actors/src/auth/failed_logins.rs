//! Failed sign-ins, of creditors and of support, in the audit log.

use std::net::IpAddr;
use std::sync::Arc;

use entities::audit_event;
use entities::ids::CreditorId;
use entities::queries::audit;
use serde_json::json;
use uuid::Uuid;

use crate::infra::Env;

/// A failed login goes to the audit log. Not awaited: it must not take longer for an account that
/// exists.
pub(super) fn note_failure(
    env: &Arc<Env>,
    action: &str,
    creditor: Option<CreditorId>,
    address: IpAddr,
) {
    let line = audit_event::Model {
        id: Uuid::now_v7(),
        action: action.to_owned(),
        actor: "anonymous".to_owned(),
        creditor_id: creditor,
        placement_id: None,
        at_ms: env.clock.now_ms(),
        data: json!({"address": address}).to_string(),
    };
    let env = Arc::clone(env);
    tokio::spawn(async move {
        if let Err(error) = audit::append(env.db.writer(), vec![line]).await {
            tracing::error!(%error, "a failed login could not be noted");
        }
    });
}
