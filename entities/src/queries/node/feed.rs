//! The control feed: notices from one node to the others, numbered so that no reader misses an entry.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::ids::CreditorId;
use crate::{Transaction, cluster_counter, control_feed};

/// Appends an entry and returns its number.
///
/// All other appends wait until the transaction ends, so this must be its last statement.
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

/// Returns the entries after number `after`, in order and at most `limit`.
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

/// Returns the number of the newest entry; 0 if there is none.
pub async fn feed_head<C: ConnectionTrait>(connection: &C) -> Result<i64, DbErr> {
    let counter = cluster_counter::Entity::find_by_id("control_feed")
        .one(connection)
        .await?;
    Ok(counter.map_or(0, |counter| counter.value))
}
