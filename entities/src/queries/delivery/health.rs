//! Since when an endpoint has failed everything.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::Transaction;
use crate::database::statement;
use crate::ids::{CreditorId, EndpointId};
use crate::webhook_endpoint::{self, Column};

/// An endpoint that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Which.
    pub endpoint: EndpointId,
    /// Whose.
    pub creditor: CreditorId,
    /// Since when nothing has succeeded.
    pub since_ms: i64,
}

/// These endpoints have delivered something.
pub async fn mark_healthy(
    transaction: &Transaction,
    endpoints: &[EndpointId],
) -> Result<(), DbErr> {
    if endpoints.is_empty() {
        return Ok(());
    }
    webhook_endpoint::Entity::update_many()
        .col_expr(Column::FailingSinceMs, Expr::value(Option::<i64>::None))
        .filter(Column::Id.is_in(endpoints.iter().copied()))
        .filter(Column::FailingSinceMs.is_not_null())
        .exec(transaction)
        .await
        .map(|_| ())
}

/// An endpoint has failed. Answers since when, unless it is switched off already; a failure more than `quiet_ms` after
/// the last one begins anew.
pub async fn mark_failing(
    transaction: &Transaction,
    endpoint: EndpointId,
    quiet_ms: i64,
    now_ms: i64,
) -> Result<Option<Failing>, DbErr> {
    let row = transaction
        .query_one_raw(statement(
            transaction,
            "UPDATE webhook_endpoint SET last_failed_ms = $2, \
                 failing_since_ms = CASE WHEN last_failed_ms >= $3 THEN coalesce(failing_since_ms, $2) ELSE $2 END \
             WHERE id = $1 AND state <> 'disabled' RETURNING creditor_id, failing_since_ms",
            [
                endpoint.into(),
                now_ms.into(),
                (now_ms - quiet_ms).into(),
            ],
        ))
        .await?;
    row.map(|row| {
        Ok(Failing {
            endpoint,
            creditor: row.try_get("", "creditor_id")?,
            since_ms: row.try_get("", "failing_since_ms")?,
        })
    })
    .transpose()
}
