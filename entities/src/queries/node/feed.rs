//! The control feed: what one node tells the others, numbered so that no entry is ever missed.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::ids::CreditorId;
use crate::{Transaction, cluster_counter, control_feed};

/// Appends an entry and answers its number. Every other appender waits until the transaction
/// ends, so this comes last in it.
pub async fn append_feed(
    transaction: &Transaction,
    kind: &str,
    creditor: CreditorId,
    at_ms: i64,
) -> Result<i64, DbErr> {
    let number = super::next_number(transaction, "control_feed").await?;
    let entry = control_feed::Model {
        number,
        kind: kind.to_owned(),
        creditor_id: creditor,
        at_ms,
    };
    crate::queries::bulk::insert::<_, control_feed::ActiveModel, _>(transaction, vec![entry])
        .await?;
    Ok(number)
}

/// At most `limit` entries after number `after`, in order.
pub async fn read_feed<C: ConnectionTrait>(
    connection: &C,
    after: i64,
    limit: u64,
) -> Result<Vec<control_feed::Model>, DbErr> {
    control_feed::Entity::find()
        .filter(control_feed::Column::Number.gt(after))
        .order_by_asc(control_feed::Column::Number)
        .limit(limit)
        .all(connection)
        .await
}

/// The newest number there is, 0 before the first.
pub async fn feed_head<C: ConnectionTrait>(connection: &C) -> Result<i64, DbErr> {
    let counter = cluster_counter::Entity::find_by_id("control_feed")
        .one(connection)
        .await?;
    Ok(counter.map_or(0, |counter| counter.value))
}
