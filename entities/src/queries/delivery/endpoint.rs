//! What the queue needs of an endpoint, and the end of one that wants no more.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::Transaction;
use crate::database::statement;
use crate::ids::{CreditorId, EndpointId};
use crate::webhook_endpoint::{self, EndpointState};

/// The endpoint with this id, for its own queue.
pub async fn endpoint<C: ConnectionTrait>(
    connection: &C,
    id: EndpointId,
) -> Result<Option<webhook_endpoint::Model>, DbErr> {
    webhook_endpoint::Entity::find_by_id(id)
        .one(connection)
        .await
}

/// The endpoints of a creditor, whatever their state.
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

/// Moves an endpoint that is sent to into `state`, for `reason`. Answers whether it was sent to; the
/// transaction holds its creditor's position.
pub async fn disable_endpoint(
    transaction: &Transaction,
    creditor: CreditorId,
    endpoint: EndpointId,
    state: EndpointState,
    reason: &str,
    now_ms: i64,
) -> Result<bool, DbErr> {
    let done = transaction
        .execute_raw(statement(
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
        ))
        .await?;
    Ok(done.rows_affected() > 0)
}
