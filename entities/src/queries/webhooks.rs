//! Webhook endpoints and their signing secrets.

use sea_orm::ActiveValue::NotSet;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait,
    IntoActiveModel as _, QueryFilter, QueryOrder,
};

use super::bulk;
use crate::Transaction;
use crate::ids::{CreditorId, EndpointId};
use crate::sql;
use crate::webhook_endpoint;
use crate::webhook_secret;

/// Returns the endpoint that Settings → Webhook URL manages. Its URL is empty if it was removed.
pub async fn primary<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Option<webhook_endpoint::Model>, DbErr> {
    webhook_endpoint::Entity::find()
        .filter(webhook_endpoint::Column::CreditorId.eq(creditor))
        .filter(webhook_endpoint::Column::IsPrimary.eq(true))
        .one(connection)
        .await
}

/// Returns one endpoint of a creditor.
pub async fn by_id<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
    id: EndpointId,
) -> Result<Option<webhook_endpoint::Model>, DbErr> {
    webhook_endpoint::Entity::find_by_id(id)
        .filter(webhook_endpoint::Column::CreditorId.eq(creditor))
        .one(connection)
        .await
}

/// Returns the endpoints of a creditor that were not removed: the primary one first, then the others from old to new.
pub async fn of_creditor<C: ConnectionTrait>(
    connection: &C,
    creditor: CreditorId,
) -> Result<Vec<webhook_endpoint::Model>, DbErr> {
    webhook_endpoint::Entity::find()
        .filter(webhook_endpoint::Column::CreditorId.eq(creditor))
        .filter(webhook_endpoint::Column::Url.ne(""))
        .order_by_desc(webhook_endpoint::Column::IsPrimary)
        .order_by_asc(webhook_endpoint::Column::Id)
        .all(connection)
        .await
}

/// Returns the endpoints that new messages of these creditors are queued for, which are all that are not disabled.
pub async fn receiving<C: ConnectionTrait>(
    connection: &C,
    creditors: &[CreditorId],
) -> Result<Vec<webhook_endpoint::Model>, DbErr> {
    let backend = connection.get_database_backend();
    let text = format!(
        "SELECT * FROM webhook_endpoint WHERE {} AND state <> 'disabled' ORDER BY id",
        bulk::is_one_of(backend, "creditor_id", 1)
    );
    let ids = bulk::ids(backend, creditors.iter().map(|id| id.0));
    sql::rows(connection, &text, [ids]).await
}

/// Inserts an endpoint.
pub async fn insert(
    transaction: &Transaction,
    model: webhook_endpoint::Model,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, webhook_endpoint::ActiveModel, _>(transaction, vec![model]).await
}

/// Writes an endpoint whose creditor's position the transaction has locked.
///
/// `last_failed_ms` is never written, and `failing_since_ms` is only cleared: `queries::delivery` maintains both
/// without that lock.
pub async fn save(transaction: &Transaction, model: webhook_endpoint::Model) -> Result<(), DbErr> {
    let forgets = model.failing_since_ms.is_none();
    let mut row = model.into_active_model().reset_all();
    row.last_failed_ms = NotSet;
    if !forgets {
        row.failing_since_ms = NotSet;
    }
    row.update(transaction).await.map(|_| ())
}

/// Adds a signing secret.
pub async fn add_secret(
    transaction: &Transaction,
    model: webhook_secret::Model,
) -> Result<(), DbErr> {
    super::bulk::insert::<_, webhook_secret::ActiveModel, _>(transaction, vec![model]).await
}

/// Shortens all secrets of an endpoint, so that they expire at `until_ms` at the latest.
pub async fn expire_secrets(
    transaction: &Transaction,
    endpoint: EndpointId,
    until_ms: i64,
) -> Result<(), DbErr> {
    use webhook_secret::Column;
    webhook_secret::Entity::update_many()
        .col_expr(Column::ExpiresMs, Expr::value(until_ms))
        .filter(Column::EndpointId.eq(endpoint))
        .filter(
            Condition::any()
                .add(Column::ExpiresMs.is_null())
                .add(Column::ExpiresMs.gt(until_ms)),
        )
        .exec(transaction)
        .await
        .map(|_| ())
}

/// Returns the unexpired secrets of an endpoint, newest first.
pub async fn secrets<C: ConnectionTrait>(
    connection: &C,
    endpoint: EndpointId,
    now_ms: i64,
) -> Result<Vec<webhook_secret::Model>, DbErr> {
    use webhook_secret::Column;
    webhook_secret::Entity::find()
        .filter(Column::EndpointId.eq(endpoint))
        .filter(
            Condition::any()
                .add(Column::ExpiresMs.is_null())
                .add(Column::ExpiresMs.gt(now_ms)),
        )
        .order_by_desc(Column::CreatedMs)
        .order_by_desc(Column::Id)
        .all(connection)
        .await
}
