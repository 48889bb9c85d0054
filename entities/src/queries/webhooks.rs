//! Webhook endpoints and their signing secrets.
//!
//! Conditions of partial indexes are literals. With a bound value, the planner could not use the index.

use sea_orm::{Condition, QueryOrder, entity::prelude::*};

use super::bulk;
use crate::ids::{CreditorId, EndpointId};
use crate::webhook_endpoint::{self, Column, Entity};
use crate::{Result, Transaction, webhook_secret};

/// Returns the endpoint that Settings → Webhook URL manages. Its URL is empty if it was removed.
pub async fn primary(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
) -> Result<Option<webhook_endpoint::Model>> {
    Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Expr::cust("is_primary"))
        .one(db)
        .await
}

/// Returns one endpoint of a creditor.
pub async fn by_id(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
    id: EndpointId,
) -> Result<Option<webhook_endpoint::Model>> {
    let found = Entity::find_by_id(id).filter(Column::CreditorId.eq(creditor));
    found.one(db).await
}

/// Returns the endpoints of a creditor that were not removed: the primary one first, then the others from old to new.
pub async fn of_creditor(
    db: &impl ConnectionTrait,
    creditor: CreditorId,
) -> Result<Vec<webhook_endpoint::Model>> {
    Entity::find()
        .filter(Column::CreditorId.eq(creditor))
        .filter(Expr::cust("url <> ''"))
        .order_by_desc(Column::IsPrimary)
        .order_by_asc(Column::Id)
        .all(db)
        .await
}

/// Returns the endpoints that new messages of these creditors are queued for, which are all that are not disabled.
pub async fn receiving(
    db: &impl ConnectionTrait,
    creditors: &[CreditorId],
) -> Result<Vec<webhook_endpoint::Model>> {
    let in_order = " AND state <> 'disabled' ORDER BY id";
    bulk::by_ids(db, Column::CreditorId, creditors, in_order).await
}

/// Shortens all secrets of an endpoint, so that they expire at `until_ms` at the latest.
pub async fn expire_secrets(db: &Transaction, endpoint: EndpointId, until_ms: i64) -> Result<()> {
    use webhook_secret::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::ExpiresMs, Expr::value(until_ms))
        .filter(signs_after(endpoint, until_ms))
        .exec(db)
        .await?;
    Ok(())
}

/// Returns the unexpired secrets of an endpoint, newest first.
pub async fn secrets(
    db: &impl ConnectionTrait,
    endpoint: EndpointId,
    now_ms: i64,
) -> Result<Vec<webhook_secret::Model>> {
    use webhook_secret::{Column, Entity};
    Entity::find()
        .filter(signs_after(endpoint, now_ms))
        .order_by_desc(Column::CreatedMs)
        .order_by_desc(Column::Id)
        .all(db)
        .await
}

/// Returns the newest secret of any endpoint.
pub async fn newest_secret(db: &impl ConnectionTrait) -> Result<Option<webhook_secret::Model>> {
    use webhook_secret::{Column, Entity};
    Entity::find().order_by_desc(Column::Id).one(db).await
}

/// Returns the condition for the secrets of an endpoint that expire after `at_ms` or never.
fn signs_after(endpoint: EndpointId, at_ms: i64) -> Condition {
    use webhook_secret::Column;
    let never_expires = Column::ExpiresMs.is_null();
    let unexpired = Condition::any()
        .add(never_expires)
        .add(Column::ExpiresMs.gt(at_ms));
    Condition::all()
        .add(Column::EndpointId.eq(endpoint))
        .add(unexpired)
}
