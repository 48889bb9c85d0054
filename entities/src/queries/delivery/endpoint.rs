//! Reads endpoints for the queue, and pauses or disables them.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::Transaction;
use crate::ids::{CreditorId, EndpointId};
use crate::sql;
use crate::webhook_endpoint::{self, EndpointState};

/// Returns the endpoint with this id. For the queue, which does not know the creditor.
pub async fn endpoint<C: ConnectionTrait>(
    connection: &C,
    id: EndpointId,
) -> Result<Option<webhook_endpoint::Model>, DbErr> {
    webhook_endpoint::Entity::find_by_id(id)
        .one(connection)
        .await
}

/// Returns the ids of all endpoints of a creditor, in any state.
pub async fn endpoint_ids<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Vec<EndpointId>, DbErr> {
    webhook_endpoint::Entity::find()
        .select_only()
        .column(webhook_endpoint::Column::Id)
        .filter(webhook_endpoint::Column::CreditorId.eq(creditor))
        .into_tuple()
        .all(connection)
        .await
}

/// Sets the state of an endpoint to `state` (paused or disabled), with `reason`. Returns whether it changed: a disabled
/// endpoint, and one that has this state already, stay as they are. The transaction must hold the creditor's position.
pub async fn disable_endpoint(
    transaction: &Transaction,
    creditor: CreditorId,
    endpoint: EndpointId,
    state: EndpointState,
    reason: &str,
    now_ms: i64,
) -> Result<bool, DbErr> {
    let rows = sql::execute(
        transaction,
        "UPDATE webhook_endpoint SET state = $5, state_reason = $3, updated_ms = $4 \
         WHERE id = $1 AND creditor_id = $2 AND state <> 'disabled' AND state <> $5",
        [
            endpoint.into(),
            creditor.into(),
            reason.into(),
            now_ms.into(),
            state.as_str().into(),
        ],
    )
    .await?;
    Ok(rows > 0)
}
