//! Records since when an endpoint has been failing.

use sea_orm::entity::prelude::*;

use crate::ids::{CreditorId, EndpointId};
use crate::sql::{self, params};
use crate::webhook_endpoint::{Column, Entity};
use crate::{Result, Transaction};

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
pub async fn mark_healthy(db: &Transaction, endpoints: &[EndpointId]) -> Result<()> {
    if endpoints.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::FailingSinceMs, Expr::value(None::<i64>))
        .filter(Column::Id.is_in(endpoints.iter().copied()))
        .filter(Column::FailingSinceMs.is_not_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Records a failed delivery of an endpoint. Returns since when it has been failing, or `None` if it is disabled.
///
/// If the last failure is more than `quiet_ms` ago, the failing period starts now.
pub async fn mark_failing(
    db: &Transaction,
    endpoint: EndpointId,
    quiet_ms: i64,
    now_ms: i64,
) -> Result<Option<Failing>> {
    const MARK: &str = "
UPDATE webhook_endpoint SET last_failed_ms = $2,
    failing_since_ms = CASE WHEN last_failed_ms >= $3 THEN coalesce(failing_since_ms, $2) ELSE $2 END
WHERE id = $1 AND state <> 'disabled' RETURNING creditor_id, failing_since_ms";
    let values = params![endpoint, now_ms, now_ms - quiet_ms];
    let failing = sql::value(db, MARK, values).await?;
    Ok(failing.map(|(creditor, since_ms)| Failing {
        endpoint,
        creditor,
        since_ms,
    }))
}
