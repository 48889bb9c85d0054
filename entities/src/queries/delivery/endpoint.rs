//! Reads endpoints for the queue, and pauses or disables them.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, EndpointId};
use crate::sql::{self, params};
use crate::webhook_endpoint::{self, EndpointState};
use crate::{Result, Transaction};

/// Returns the endpoint with this id. For the queue, which does not know the creditor.
pub async fn endpoint(
    db: &impl ConnectionTrait,
    id: EndpointId,
) -> Result<Option<webhook_endpoint::Model>> {
    webhook_endpoint::Entity::find_by_id(id).one(db).await
}

/// Sets the state of an endpoint to `state` (paused or disabled), with `reason`. Returns whether it changed: a disabled
/// endpoint, and one that has this state already, stay as they are. The transaction must hold the creditor's position.
pub async fn disable_endpoint(
    db: &Transaction,
    creditor: CreditorId,
    endpoint: EndpointId,
    state: EndpointState,
    reason: &str,
    now_ms: i64,
) -> Result<bool> {
    const DISABLE: &str = "UPDATE webhook_endpoint SET state = $5, state_reason = $3, updated_ms = $4 \
        WHERE id = $1 AND creditor_id = $2 AND state <> 'disabled' AND state <> $5";
    let values = params![endpoint, creditor, reason, now_ms, state];
    Ok(sql::execute(db, DISABLE, values).await? > 0)
}
