//! Records since when an endpoint has been failing.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};

use crate::Transaction;
use crate::ids::{CreditorId, EndpointId};
use crate::sql;
use crate::webhook_endpoint::{self, Column};

/// A failing endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Owning creditor.
    pub creditor: CreditorId,
    /// Since when every delivery has failed, epoch milliseconds.
    pub since_ms: i64,
}

/// Records that these endpoints have accepted a delivery.
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

/// Records a failed delivery of an endpoint. Returns since when it has been failing, or `None` if it is disabled.
///
/// If the last failure is more than `quiet_ms` ago, the failing period starts now.
pub async fn mark_failing(
    transaction: &Transaction,
    endpoint: EndpointId,
    quiet_ms: i64,
    now_ms: i64,
) -> Result<Option<Failing>, DbErr> {
    const MARK: &str = "
UPDATE webhook_endpoint SET last_failed_ms = $2,
    failing_since_ms = CASE WHEN last_failed_ms >= $3 THEN coalesce(failing_since_ms, $2) ELSE $2 END
WHERE id = $1 AND state <> 'disabled' RETURNING creditor_id, failing_since_ms";
    let values = [endpoint.into(), now_ms.into(), (now_ms - quiet_ms).into()];
    let failing = sql::value(transaction, MARK, values).await?;
    Ok(failing.map(|(creditor, since_ms)| Failing {
        endpoint,
        creditor,
        since_ms,
    }))
}
